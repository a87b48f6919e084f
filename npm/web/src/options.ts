/** Options as typed become options as valid: what is of a wrong type is told by name, and its default stands. */
import { Diagnostic } from './abi.js';
import { own, safe, text } from './observe/describe.js';
import type { Options, Pattern } from './types.js';

/** A number for the core, which knows bounds and default: NaN where none was given, −∞ where it is none. */
export function number(value: unknown): number {
  return value === undefined ? NaN : typeof value == 'number' && value == value ? value : -Infinity;
}

/**
 * Names by what `kind` says of a value, objects before what is in them. The numbers are the core's to check, the address is `client.ts`', and of `capture` this is what
 * the first file does.
 */
const KINDS: Record<string, string> = {
  string: 'key view base',
  object: 'app session batch limits user attributes capture sampling baggage scrub',
  function: 'beforeSend onDiagnostic transport scrub.page',
  list: 'propagateTo ignoreErrors denyUrls features routes',
  number: 'sampleRate coreDelayMs',
  boolean: 'extensionErrors outbox remoteConfig selfReport unsampledHeader sampling.ring capture.errors capture.vitals capture.fetch capture.xhr capture.navigation',
};

export const kind = (value: unknown) => (Array.isArray(value) ? 'list' : typeof value);

/** A copy that holds only what is of its kind. */
export function check(given: Options, tell: (code: number, detail: unknown) => void): Options {
  // Without a prototype: what others add to that of all objects is no option. Getters are run here and nowhere else, but for `onDiagnostic`,
  // which is told of this already: that is read whenever there is something to tell.
  const options = own(given) as unknown as Record<string, unknown>;
  const drop = (name: string, key = name, at = options) => {
    delete at[key];
    tell(Diagnostic.BadOption, name);
  };
  for (const wanted of Object.keys(KINDS)) {
    for (const name of KINDS[wanted].split(' ')) {
      const [key, inner] = name.split('.');
      const at = (inner ? options[key] || {} : options) as typeof options;
      const value = at[inner || key];
      if (value == null) delete at[inner || key];
      else if (!safe(() => kind(value) == wanted && (wanted != 'list' || (/^(fea|rou)t/.test(name) ? (value as unknown[]).slice() : (value as unknown[]).every((item) => typeof item == 'string' || item instanceof RegExp))))) drop(name, inner, at);
      else if (wanted == 'object') options[name] = own(value);
    }
  }
  if (!/^(farol|faro|)$/.test(text(options.protocol))) drop('protocol');
  if (!/^(ignore|anonymous|off|)$/.test(text(options.privacyControl))) drop('privacyControl');
  return options as unknown as Options;
}

/** Whether one of the patterns is contained in, or matches, the text. */
export function matches(patterns: readonly Pattern[] | undefined, text: string): boolean | undefined {
  return patterns?.some((pattern) => (typeof pattern == 'string' ? text.includes(pattern) : text.search(pattern) >= 0));
}
