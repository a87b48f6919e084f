/** The wall between the page and us: what is ours and throws is told, and stays here. */

/** Tells the developer something, by the codes of abi.ts; 0: something of ours threw. */
export type Tell = (code: number, detail?: unknown) => void;

/** `fn`, so that it never throws; what it throws goes to `tell`. */
export function guard<F extends (this: any, ...args: any[]) => any>(fn: F, tell: Tell): F {
  return function (this: unknown) {
    try {
      return fn.apply(this, arguments as unknown as Parameters<F>);
    } catch (error) {
      tell(0, error);
    }
  } as unknown as F;
}
