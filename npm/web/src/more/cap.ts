/** Tells each distinct thing once and counts its repeats: a flood becomes a few items, and what they count is all of it. */
import type { Sdk } from '../sdk.js';
import { onEnd } from './tell.js';

export interface Cap<T> {
  /** Tells it where its key is new and there is room; else counts it. */
  see_(key: string, thing: T): void;
  /** Tells what was only counted. */
  settle_(): void;
}

/** `tell` gets a thing and how many it stands for; nothing in its place stands for those beyond `most`. */
export function createCap<T>(most: number, tell: (thing: T | undefined, count: number) => void): Cap<T> {
  const known = new Map<string, { thing_: T; more_: number }>();
  let beyond = 0;
  return {
    see_(key, thing) {
      const before = known.get(key);
      if (before) before.more_++;
      else if (known.size < most) {
        known.set(key, { thing_: thing, more_: 0 });
        tell(thing, 1);
      } else beyond++;
    },
    settle_() {
      for (const entry of known.values()) {
        const { more_: more } = entry;
        entry.more_ = 0;
        if (more) tell(entry.thing_, more);
      }
      const rest = beyond;
      beyond = 0;
      if (rest) tell(undefined, rest);
    },
  };
}

/** The same, settled whenever the page is hidden, and at the client's end. */
export function capped<T>(sdk: Sdk, most: number, tell: (thing: T | undefined, count: number) => void): Cap<T>['see_'] {
  const { see_: see, settle_: settle } = createCap(most, tell);
  onEnd(sdk, settle);
  return see;
}
