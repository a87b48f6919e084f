/** What runs in the page: a function, or an expression as a string. */
export type Source<R, A extends unknown[] = unknown[]> = string | ((...args: A) => R | Promise<R>);

/** A function as an expression that any page can run, with its arguments written in. */
export function call(run: Source<unknown, any[]>, args: readonly unknown[]): string {
  if (typeof run === 'string') return run;
  // The TypeScript loader names inner functions through a helper of its own, which the page does not have.
  return `((__name) => (${run.toString()})(${args.map(literal).join(', ')}))((f) => f)`;
}

function literal(value: unknown): string {
  return value === undefined ? 'undefined' : JSON.stringify(value).replace(/\u2028|\u2029/g, (c) => (c === '\u2028' ? '\\u2028' : '\\u2029'));
}
