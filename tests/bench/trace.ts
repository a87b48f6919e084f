/** Main-thread time of the page's renderer, read from a Chromium trace. */
import type { CDPSession } from 'playwright-core';

interface TraceEvent {
  name: string;
  cat: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string; data?: { message?: string } };
}

/** Runs `work` between two marks on the page and returns the CPU time (ms) of the tasks of the marking thread in between. */
export async function mainThread(cdp: CDPSession, mark: (name: string) => Promise<void>, work: () => Promise<void>): Promise<number> {
  const events: TraceEvent[] = [];
  const collect = (chunk: { value: unknown[] }): void => void events.push(...(chunk.value as TraceEvent[]));
  cdp.on('Tracing.dataCollected', collect);
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'blink.user_timing', 'disabled-by-default-devtools.timeline'] },
  });
  await mark('bench-from');
  await work();
  await mark('bench-to');
  const complete = new Promise<void>((done) => cdp.once('Tracing.tracingComplete', () => done()));
  await cdp.send('Tracing.end');
  await complete;
  cdp.off('Tracing.dataCollected', collect);

  const from = events.find((event) => event.name === 'bench-from');
  const to = events.find((event) => event.name === 'bench-to');
  if (!from || !to) throw new Error('the trace holds no marks');
  const tasks = events.filter(
    (event) =>
      event.ph === 'X' && event.name === 'ThreadControllerImpl::RunTask' && event.pid === from.pid && event.tid === from.tid && event.ts >= from.ts && event.ts < to.ts,
  );
  if (!tasks.length) throw new Error('the trace holds no tasks');
  return tasks.reduce((sum, task) => sum + (task.tdur ?? task.dur ?? 0), 0) / 1000;
}
