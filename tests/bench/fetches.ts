/**
 * What a wrapped fetch costs more than the browser's own, in one page: the two take turns, request by request, so that a busy moment of the
 * machine hits both. Of whole pages, one with and one without an SDK, the difference is smaller than what two pages differ by.
 */
import type { CDPSession, Page } from 'playwright-core';
import { record } from './trace.js';

/** Pairs of a block: they are over before anything that an SDK puts off (Faro's spans: 300 ms) is due, so that it falls behind them, with a quarter of the speed too. */
const PAIRS = 50;
const BLOCKS = 8;

/** The mean, in µs. The page has the browser's own `fetch` in `native`. */
export async function fetches(cdp: CDPSession, page: Page): Promise<number> {
  let sum = 0;
  // The first block warms up.
  for (let block = 0; block <= BLOCKS; block++) {
    const { marks, tasks } = await record(cdp, () => page.evaluate(async (pairs) => {
      const { bench, client, native } = window as any;
      const channel = new MessageChannel();
      for (let i = 0; i < pairs; i++) {
        for (const way of i & 1 ? ['native', 'wrapped'] : ['wrapped', 'native']) {
          // Each begins with a task of its own.
          await new Promise((done) => {
            channel.port1.onmessage = done;
            channel.port2.postMessage(0);
          });
          performance.mark(`bench-${way}`);
          await (await (way == 'native' ? native : fetch)(`/api?i=${i}`)).text();
        }
      }
      await new Promise((done) => setTimeout(done));
      performance.mark('bench-behind');
      bench.end(client);
      await new Promise((done) => setTimeout(done, 1000));
      performance.mark('bench-to');
    }, PAIRS));
    if (!block) continue;
    const time = { 'bench-native': 0, 'bench-wrapped': 0, 'bench-behind': 0, 'bench-to': 0 };
    let at: keyof typeof time | undefined;
    for (const task of tasks) {
      // A task with a mark in it is the first of what the mark names.
      while (marks.length && marks[0]!.ts < task.ts + task.dur!) at = marks.shift()!.name as keyof typeof time;
      if (at) time[at] += task.tdur ?? task.dur!;
    }
    sum += time['bench-wrapped'] - time['bench-native'] + time['bench-behind'];
  }
  return sum / BLOCKS / PAIRS;
}
