/** Puts into words whatever was thrown. Anything of the page's may be a getter or a proxy that throws. */

/** Type, message and stack. */
export type Described = [type: string, message: string, stack: string];

/** Properties of an object that are shown; causes and children of one error that are kept. */
const MOST = 8;

/** A list with a member of this number is not looked into. */
const LONG = 99;

/** What `read` gives; nothing where it throws. */
export function safe<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {}
}

/** An idle callback comes after so many ms even if the page is never idle. */
const IDLE_TIMEOUT = 1000;

/**
 * Runs it when the page is idle; soon, where the browser does not say when that is. Once: what a page has put in its place may run it and not say
 * that it will. What is given back runs it now, in place of that.
 */
export function idly(run: (_: unknown) => void, later: typeof setTimeout): () => void {
  let done: unknown;
  const once = () => done || run((done = 1));
  safe(() => requestIdleCallback(once, { timeout: IDLE_TIMEOUT })) || later(once);
  return once;
}

const get = (value: unknown, key: string): unknown => safe(() => (value as Record<string, unknown>)[key]);

/** A text as it is, of anything else what it says of itself. */
export const text = (value: unknown): string => (typeof value == 'string' ? value : safe(() => String(value ?? '')) || '');

/** The names of its members; none where it will not say. */
export const keys = (value: unknown): string[] => safe(() => Object.keys(value || {})) || [];

/** A copy of what is an object, its getters run; nothing of those that throw, and nothing of a prototype's. */
export function own<T extends object>(value: T | null | undefined, to = { __proto__: null } as unknown as T): T {
  for (const key of keys(value)) safe(() => (to[key as keyof T] = value![key as keyof T]));
  return to;
}

/** The promise that goes to the page in the place of its own, whose methods come along; its state, which promises that are not the browser's keep in members, is its own. */
export function bring<T>(from: unknown, to: T): T {
  for (const key of keys(from)) safe(() => typeof (from as any)[key] == 'function' && !(key in (to as any)) && ((to as any)[key] = (from as any)[key]));
  return to;
}

/** `members` without the stack: it costs most, and is empty then. */
export function describe(thrown: unknown, members = 'name message stack type'): Described {
  // The type says that it was no error; the message is what was thrown.
  if (!thrown || typeof thrown != 'object') return [typeof thrown, safe(() => String(thrown)) || '', ''];
  const [name, message, stack, kind] = members.split(' ').map((key) => text(get(thrown, key)));
  return [
    name || text(get(get(thrown, 'constructor'), 'name')),
    // What is in its members may be anybody's; their names say what it is. An event's own keys say little, its type does.
    // Of a long list nothing is shown: the names of its members alone take seconds.
    message || stack ? message : kind + '{' + keys(safe(() => LONG in thrown) || thrown).slice(0, MOST) + '}',
    stack,
  ];
}

/** The cause, its cause, and the children of an `AggregateError`. */
export function causes(thrown: unknown): Described[] {
  const found: Described[] = [];
  const seen: unknown[] = [thrown];
  // `seen` grows while it is walked.
  for (const error of seen) {
    const children = get(error, 'errors');
    for (const child of [get(error, 'cause'), ...(safe(() => Array.isArray(children) && children.slice(0, MOST)) || [])]) {
      if (child == null || seen.includes(child) || found.length >= MOST) continue;
      seen.push(child);
      found.push(describe(child));
    }
  }
  return found;
}
