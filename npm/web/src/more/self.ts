/** The SDK on itself: what it lost and why, how often it sent and how much, what it cost the page. Once a minute at most, when the page is hidden or the client ends. */
import { Op } from '../abi.js';
import { Measurement } from './names.js';
import type { Sdk } from '../sdk.js';
import { micros, onEnd } from './tell.js';

/** In ms: a page that is hidden and shown all the time has no more to say. */
const EVERY = 60_000;

/** What has grown since it was told, and by how much. */
export function grown(now: Record<string, number>, told: Record<string, number>): [name: string, by: number][] {
  return Object.keys(now).map((name): [string, number] => [name, now[name]! - (told[name] || 0)]).filter(([, by]) => by > 0);
}

export function observeSelf(sdk: Sdk): void {
  if (sdk.options_.selfReport === false) return;
  let last = -EVERY;
  let told: Record<string, number> = {};
  onEnd(sdk, () => {
    const values = grown(sdk.tally_, told);
    if (!values.length || !sdk.live_() || performance.now() - last < EVERY) return;
    last = performance.now();
    told = { ...sdk.tally_ };
    sdk.put_(Op.Measurement | Op.Nowhere, (w) => {
      w.s(Measurement.Self).u(values.length);
      for (const [name, by] of values) w.s(name).n(micros(by));
      // Of no span: nobody asked for it.
      w.a(undefined).s('').s('').n(NaN);
    });
  });
}
