/** What both entries begin with: a client, whatever it was given. */
import { createClient } from './client.js';
import type { Bring } from './features.js';
import { idle } from './idle.js';
import { safe } from './observe/describe.js';
import type { Client, Options } from './types.js';

export function start(options: Options, bring: Bring): Client {
  try {
    return createClient(options, bring);
  } catch (error) {
    safe(() => options.onDiagnostic!('unsupported', error));
    return idle();
  }
}
