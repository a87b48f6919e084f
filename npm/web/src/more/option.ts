/** A member of `capture`, as it is to be: what is of another kind is told by name, and counts as not given. */
import { Diagnostic } from '../abi.js';
import { kind } from '../options.js';
import type { Sdk } from '../sdk.js';
import type { Capture } from '../types.js';

/** `kinds` by the words of `kind`. */
export function option<K extends keyof Capture>(sdk: Sdk, name: K, kinds: string): Capture[K] | undefined {
  const value = sdk.options_.capture?.[name];
  if (value == null || kinds.split(' ').includes(kind(value))) return value;
  sdk.tell_(Diagnostic.BadOption, 'capture.' + name);
}
