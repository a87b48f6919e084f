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

/** Runs `work` and returns the marks that it left in the trace (`bench-…`), and the tasks of the thread that left them, in order. */
export async function record(cdp: CDPSession, work: () => Promise<void>): Promise<{ marks: TraceEvent[]; tasks: TraceEvent[] }> {
  const events: TraceEvent[] = [];
  const collect = (chunk: { value: unknown[] }): void => void events.push(...(chunk.value as TraceEvent[]));
  cdp.on('Tracing.dataCollected', collect);
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'blink.user_timing', 'disabled-by-default-devtools.timeline'] },
  });
  await work();
  const complete = new Promise<void>((done) => cdp.once('Tracing.tracingComplete', () => done()));
  await cdp.send('Tracing.end');
  await complete;
  cdp.off('Tracing.dataCollected', collect);

  const sorted = (list: TraceEvent[]): TraceEvent[] => list.sort((a, b) => a.ts - b.ts);
  const marks = sorted(events.filter((event) => event.name.startsWith('bench-')));
  if (marks.length < 2) throw new Error('the trace holds no marks');
  const { pid, tid } = marks[0]!;
  const tasks = sorted(events.filter((event) => event.ph == 'X' && event.name === 'ThreadControllerImpl::RunTask' && event.pid === pid && event.tid === tid));
  if (!tasks.length) throw new Error('the trace holds no tasks');
  return { marks, tasks };
}

/** Runs `work` between two marks on the page and returns the CPU time (ms) of the tasks of the marking thread in between. */
export async function mainThread(cdp: CDPSession, mark: (name: string) => Promise<void>, work: () => Promise<void>): Promise<number> {
  const { marks, tasks } = await record(cdp, async () => {
    await mark('bench-from');
    await work();
    await mark('bench-to');
  });
  const [from, to] = [marks[0]!.ts, marks[marks.length - 1]!.ts];
  const between = tasks.filter((task) => task.ts >= from && task.ts < to);
  return between.reduce((sum, task) => sum + (task.tdur ?? task.dur ?? 0), 0) / 1000;
}
