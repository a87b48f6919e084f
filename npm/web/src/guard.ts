/** The wall between the page and us: what is ours and throws is told, and stays here; and the clock on the ways through it. */

/** Tells the developer something, by the codes of abi.ts; 0: something of ours threw. `items`: how many it is about (default: one). */
export type Tell = (code: number, detail?: unknown, items?: number) => void;

/** Gives a function back as one that never throws. */
export type Guard = <F extends (this: any, ...args: any[]) => any>(fn: F) => F;

/** What zone.js has of what we use. */
interface Zone {
  run<T>(fn: (...args: any[]) => T, self: unknown, args: ArrayLike<unknown>): T;
}

/** One in so many calls is timed: the clock itself costs as much as some of them. */
const TIMED = 16;

/** What a function throws goes to `tell`; `spend` gets the main thread's time, in ms. What is called within another is the other's time. */
export function createGuard(tell: Tell, spend: (ms: number) => void): Guard {
  let calls = 0;
  let inside = 0;
  return (fn) => function (this: unknown) {
    let start = NaN;
    let result;
    try {
      if (!inside++ && !(++calls % TIMED)) start = performance.now();
      // Under zone.js (Angular) what is begun is begun outside of the page's zone: there each timer and request of ours would keep the app from being stable, and each event have it look for changes.
      const root = (globalThis as unknown as { Zone?: { root?: Zone } }).Zone?.root;
      result = root?.run ? root.run(fn, this, arguments) : fn.apply(this, arguments as unknown as Parameters<typeof fn>);
      if (start >= 0) spend(TIMED * (performance.now() - start));
    } catch (error) {
      tell(0, error);
    }
    inside--;
    return result;
  } as typeof fn;
}
