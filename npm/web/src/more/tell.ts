/** How a feature tells what it saw: an event of the generic kind, at the time at which it happened. */
import { Op } from '../abi.js';
import { keys, safe } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';

/** What a browser's clock tells is a multiple of 5 µs; as a difference of floats it has ten more digits, which say nothing. */
export const micros = (ms: number): number => Math.round(ms * 1e3) / 1e3;

/** `at` in ms on the `performance.now()` clock; `trace` is the span that it belongs to. */
export function tell(sdk: Sdk, name: string, attributes: Attributes, at = NaN, [trace, span] = ['', '']): void {
  for (const key of keys(attributes)) {
    const value = attributes[key];
    if (typeof value == 'number') safe(() => (attributes[key] = micros(value)));
  }
  sdk.put_(Op.Event, (w) => w.s(name).s('').a(attributes).s(trace).s(span).n(at));
}

/** What `callback` tells is told because the page is hidden, which is no reason to begin a session. */
function parting(sdk: Sdk, callback: () => void): void {
  const { put_: put } = sdk;
  sdk.put_ = (op, write, at) => put(op | Op.Parting, write, at);
  try {
    callback();
  } finally {
    sdk.put_ = put;
  }
}

/** Calls back when the page is hidden, left or frozen, before the first file seals what there is: in Chromium twice where a visible page is left. */
export function onHidden(sdk: Sdk, callback: (type: string) => void): void {
  sdk.hides_.add(sdk.guard_(({ type }) => parting(sdk, () => callback(type))));
}

/** The same, and when the client ends: for what is not told as it happens. */
export function onEnd(sdk: Sdk, callback: () => void): void {
  onHidden(sdk, () => callback());
  sdk.stops_.push(() => parting(sdk, callback));
}

/** Where the page is left alone, not hidden. */
export function onLeft(sdk: Sdk, callback: () => void): void {
  onHidden(sdk, (type) => type == 'pagehide' && callback());
}
