/** How long to wait before the next try. */

const BASE = 1000;
/** A collector that is away for long is asked some times an hour by each page. */
const MOST = 300000;
/** The longest wait that a collector can ask for. */
export const MOST_ASKED = 3600000;

/** Full jitter: anything up to the doubled bound, so that pages do not come back together. `failures` from 1. */
export function backoff(failures: number, random: number): number {
  return BASE / 4 + random * Math.min(MOST, BASE * 2 ** (failures - 1));
}

/** `Retry-After` in ms, given in seconds or as a date; 0: not given, or no sense in it. */
export function retryAfter(value: string | null | undefined, now: number): number {
  if (!value) return 0;
  const wait = +value >= 0 ? +value * 1000 : Date.parse(value) - now;
  return wait > 0 ? Math.min(wait, MOST_ASKED) : 0;
}
