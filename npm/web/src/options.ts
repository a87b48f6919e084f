/** Options as typed become options as valid: what is of a wrong type is told by name, and its default stands. */
import { Diagnostic } from './abi.js';
import type { Options, Pattern } from './types.js';

/** A number for the core, which knows bounds and default: NaN where none was given, −∞ where it is none. */
export function number(value: unknown): number {
  return value === undefined ? NaN : typeof value == 'number' && value == value ? value : -Infinity;
}

const TYPES: Record<string, string> = {
  url: 'string', key: 'string', app: 'object', session: 'object', batch: 'object', limits: 'object', user: 'object',
  attributes: 'object', capture: 'object', view: 'string', beforeSend: 'function', onDiagnostic: 'function',
  transport: 'function', unsampledHeader: 'boolean', coreDelayMs: 'number',
};

const ENUMS: Record<string, unknown[]> = { protocol: ['farol', 'faro'], consent: ['granted', 'pending', 'denied'] };

const LISTS = ['propagateTo', 'ignoreErrors', 'denyUrls'];

/** A copy that holds only what is of its type. */
export function check(given: Options, tell: (code: number, detail: unknown) => void): Options {
  const options = Object.assign({}, given) as unknown as Record<string, unknown>;
  const drop = (name: string) => {
    delete options[name];
    tell(Diagnostic.BadOption, name);
  };
  for (const name in options) {
    const value = options[name];
    const type = TYPES[name];
    if (value == null) delete options[name];
    else if (type ? typeof value != type : ENUMS[name] && !ENUMS[name].includes(value)) drop(name);
  }
  for (const name of LISTS) {
    const list = options[name];
    if (list === undefined) continue;
    if (!Array.isArray(list)) drop(name);
    else {
      options[name] = list.filter((item) => typeof item == 'string' || item instanceof RegExp || tell(Diagnostic.BadOption, name));
    }
  }
  return options as unknown as Options;
}

/** Whether one of the patterns is contained in, or matches, the text. */
export function matches(patterns: Pattern[] | undefined, text: string): boolean {
  return !!patterns?.some((pattern) => (typeof pattern == 'string' ? text.includes(pattern) : text.search(pattern) >= 0));
}
