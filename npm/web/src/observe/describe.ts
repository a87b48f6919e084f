/** Puts into words whatever was thrown. Anything of the page's may be a getter or a proxy that throws. */

export interface Described {
  type_: string;
  message_: string;
  stack_: string;
}

/** Properties of an object that are shown, and the length of the whole. */
const MOST_KEYS = 8;
const MOST_TEXT = 200;
/** Causes and children of one error that are kept. */
const MOST_CAUSES = 8;

/** What `read` gives; nothing where it throws. */
export function safe<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {}
}

const text = (read: () => unknown): string => safe(() => String(read() ?? '')) || '';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value == 'object' && value !== null;

/** Shown without `JSON`, which pages replace, and one level deep. */
function show(value: Record<string, unknown>): string {
  const keys = safe(() => Object.keys(value)) || [];
  const parts = keys.slice(0, MOST_KEYS).map((key) => {
    const part = safe(() => value[key]);
    return key + ': ' + (isObject(part) ? '{…}' : typeof part == 'string' ? '"' + part + '"' : text(() => part));
  });
  return ('{' + parts + (keys.length > MOST_KEYS ? ',…}' : '}')).slice(0, MOST_TEXT);
}

export function describe(thrown: unknown): Described {
  // The type says that it was no error; the message is what was thrown.
  if (!isObject(thrown)) return { type_: typeof thrown, message_: thrown == null ? '' + thrown : text(() => thrown), stack_: '' };
  const name = text(() => thrown.name) || text(() => (thrown.constructor as Function).name) || 'Object';
  const message = text(() => thrown.message);
  const stack = text(() => thrown.stack);
  if (stack || message || safe(() => thrown instanceof Error)) return { type_: name, message_: message, stack_: stack };
  // An event as a reason says little by its own keys.
  const kind = text(() => thrown.type);
  return { type_: name, message_: (kind ? kind + ' ' : '') + show(thrown), stack_: '' };
}

/** The cause, its cause, and the children of an `AggregateError`. */
export function causes(thrown: unknown): Described[] {
  const found: Described[] = [];
  const seen: unknown[] = [thrown];
  const visit = (error: unknown): void => {
    if (!isObject(error)) return;
    const children = safe(() => error.errors);
    const next = [safe(() => error.cause), ...(Array.isArray(children) ? safe(() => children.slice(0, MOST_CAUSES)) || [] : [])];
    for (const child of next) {
      if (child == null || seen.includes(child) || found.length >= MOST_CAUSES) continue;
      seen.push(child);
      found.push(describe(child));
      visit(child);
    }
  };
  visit(thrown);
  return found;
}
