/**
 * One user action: from a click, a key or a submit on, for as long as something follows from it. Pure: time comes in, a verdict goes out.
 * Nothing here looks at the page.
 */

/** Silence after which what followed is over. Frameworks render within a few frames; a person calls that "at once" up to some 100 ms. */
export const QUIET = 200;

/** A timer that is so late (ms) was kept waiting by a long task, as browsers have it. So much later what that asked for has come, and the browser has told of it. */
export const BUSY = 50;

/** A click that nothing followed for so long is dead: people click again after about a second. */
export const DEAD = 1000;

/** The longest action; a page that never rests has no end of it. */
export const LONGEST = 10_000;

/** Events of one gesture come within this: the click that Enter makes, the submit that the click makes. */
export const GESTURE = 100;

export type What = 'click' | 'keydown' | 'submit';

export interface Action {
  what_: What;
  start_: number;
  /** The latest that followed. */
  last_: number;
  /** Requests under way. */
  open_: number;
  requests_: number;
  failed_: number;
  errors_: number;
  frames_: number;
}

export const begin = (what: What, now: number): Action =>
  ({ what_: what, start_: now, last_: NaN, open_: 0, requests_: 0, failed_: 0, errors_: 0, frames_: 0 });

/** Whether an event is of the gesture that began this action. */
export const joins = (action: Action | undefined, now: number): action is Action => !!action && now - action.start_ < GESTURE;

/** When to look at it again; at or before `now`: it is over. */
export function deadline(action: Action): number {
  const { start_: start, last_: last, open_: open } = action;
  const most = start + LONGEST;
  if (open) return most;
  return last == last ? Math.min(last + QUIET, most) : start + DEAD;
}

/** Clicks of one burst within this time and distance (CSS pixels) are about one thing. */
export const BURST = 1000;
export const NEAR = 30;

/** So many clicks within `BURST` are no double click. */
export const RAGE = 3;

export interface Burst {
  thing_: unknown;
  x_: number;
  y_: number;
  /** Times of the clicks; from the first on once it is a rage. */
  times_: number[];
  rage_?: boolean;
}

/** Adds a click to the burst, or begins the next one. */
export function click(burst: Burst | undefined, thing: unknown, x: number, y: number, now: number): Burst {
  if (!burst || burst.thing_ != thing || Math.abs(burst.x_ - x) > NEAR || Math.abs(burst.y_ - y) > NEAR || now - burst.times_[burst.times_.length - 1]! > BURST) {
    return { thing_: thing, x_: x, y_: y, times_: [now] };
  }
  burst.times_.push(now);
  // Slow and steady clicks, one after the other had its effect, are work.
  if (!burst.rage_) while (now - burst.times_[0]! > BURST) burst.times_.shift();
  burst.rage_ ||= burst.times_.length >= RAGE;
  return burst;
}
