/** @farol/web: real user monitoring that you host yourself. Importing it does nothing; `init` starts it. */
import { createClient } from './client.js';
import type { Client, Options } from './types.js';

export type * from './types.js';

/**
 * Starts a client. It never throws: what it cannot do it tells `onDiagnostic`. Where there is no page (on a server) the client
 * does nothing.
 */
export function init(options: Options): Client {
  try {
    return createClient(options || {});
  } catch {
    // Options whose getters throw: as if there were none.
    return createClient({} as Options);
  }
}
