/** @farol/web: real user monitoring that you host yourself. Importing it does nothing; `init` starts it. */
import { start } from './init.js';
import type { Client, Options } from './types.js';

export type * from './types.js';

/**
 * Starts a client. It never throws: what it cannot do it tells `onDiagnostic`. Where there is no page (on a server) the client
 * does nothing.
 */
export function init(options: Options): Client {
  // A bundler makes a file of its own of it.
  return start(options, (done) => import('./more.js').then(({ features }) => done(features), () => done()));
}
