/** What both entries begin with: a client, whatever it was given. */
import { createClient } from './client.js';
import type { Bring } from './features.js';
import type { Client, Options } from './types.js';

export function start(options: Options, bring: Bring): Client {
  try {
    return createClient(options || {}, bring);
  } catch {
    // Options whose getters throw: as if there were none.
    return createClient({} as Options, bring);
  }
}
