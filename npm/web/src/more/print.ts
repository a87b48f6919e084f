/** Puts the arguments of a console call into words: bounded, without running getters, and whatever they are. */
import { describe, safe } from '../observe/describe.js';

/** Characters of a whole call. A log is a line or a few. */
const LONGEST = 4000;

/** Members of one object that are shown, and how deep. */
const MEMBERS = 10;
const DEEP = 2;

const isNode = (value: object): boolean => !!safe(() => value instanceof Node);

function show(value: unknown, deep: number, seen: object[]): string {
  switch (typeof value) {
    case 'string': return deep < DEEP ? '"' + value.slice(0, 200) + '"' : value.slice(0, LONGEST);
    case 'function': return 'function ' + (safe(() => value.name) ?? '');
    case 'bigint': return value + 'n';
    case 'object': break;
    default: return safe(() => String(value)) ?? '';
  }
  if (!value) return 'null';
  if (seen.includes(value)) return '(cycle)';
  // A node's content may be anybody's.
  if (isNode(value)) return '<' + (safe(() => (value as Element).localName || (value as Node).nodeName) ?? 'node') + '>';
  if (safe(() => value instanceof Error)) {
    const [type, message] = describe(value);
    return type + ': ' + message;
  }
  const list = safe(() => Array.isArray(value) || ArrayBuffer.isView(value));
  if (!deep) return list ? '[…]' : '{…}';
  const inside = [...seen, value];
  // The names of a buffer's members are texts, each made anew: of ten million that takes seconds.
  const long = list && safe(() => (value as unknown[]).length)! > MEMBERS;
  const keys = long ? Object.keys([...Array(MEMBERS + 1)]) : safe(() => Object.keys(value)) ?? [];
  const parts = keys.slice(0, MEMBERS).map((key) => {
    const own = safe(() => Object.getOwnPropertyDescriptor(value, key));
    // A getter is code of the page's: it may be slow, throw, or log.
    const shown = own && 'value' in own ? show(own.value, deep - 1, inside) : '(…)';
    return list ? shown : key.slice(0, 100) + ': ' + shown;
  });
  if (keys.length > MEMBERS) parts.push('…');
  return list ? '[' + parts.join(', ') + ']' : '{' + parts.join(', ') + '}';
}

/** One text of all arguments. `%s` and its like take the next one, `%c` (a style) drops it. */
export function print(args: ArrayLike<unknown>): string {
  const rest = Array.prototype.slice.call(args, 0, MEMBERS) as unknown[];
  const one = (value: unknown) => safe(() => show(value, DEEP, [])) ?? '(…)';
  let text = '';
  const [first] = rest;
  if (typeof first == 'string' && first.length < LONGEST && /%[sdifoOc]/.test(first)) {
    rest.shift();
    text = first.replace(/%([sdifoOc%])/g, (whole, what) => (what == '%' ? '%' : !rest.length ? whole : what == 'c' ? (rest.shift(), '') : one(rest.shift())));
  }
  for (const value of rest) {
    if (text.length > LONGEST) break;
    text += (text && ' ') + one(value);
  }
  return text.slice(0, LONGEST);
}
