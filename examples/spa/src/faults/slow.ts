// The main thread, kept busy.
import type { FaultGroup } from './fault';

/** Works without a pause, as a bad click handler does. */
export function windTheClockwork(ms: number): number {
  const end = performance.now() + ms;
  let turns = 0;
  while (performance.now() < end) turns += 1;
  return turns;
}

export const slow: FaultGroup = {
  title: 'Slow',
  lede: 'Clicks that the page does not answer at once. The worst one becomes the INP.',
  faults: [
    {
      id: 'slow-click',
      button: 'Wind the clockwork',
      what: 'The handler holds the main thread for 400 ms; the next paint waits.',
      run() {
        windTheClockwork(400);
        return 'wound; that felt slow';
      },
    },
    {
      id: 'slow-paint',
      button: 'Hang 4,000 lamps',
      what: 'A short handler, then a long layout: the delay is in the presentation.',
      run() {
        const rope = document.createElement('div');
        rope.className = 'rope';
        rope.innerHTML = '<i>lamp <b>lit</b></i> '.repeat(4_000);
        document.querySelector('#view')?.append(rope);
        // Asking for a size makes the browser lay all of it out now.
        const height = rope.offsetHeight;
        setTimeout(() => rope.remove(), 600);
        return `hung, ${height} px of them, and taken down again`;
      },
    },
  ],
};
