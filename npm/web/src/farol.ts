/**
 * @farol/web/farol.js: the types of what the script tag brings. `/// <reference types="@farol/web/farol.js" />`, or that name among the `types` of
 * tsconfig.json, makes the global known.
 */
import type { Client, Options } from './types.js';

/** The global `Farol`. It has the client's methods once the page's first client runs; before that the snippet's, which keep calls, or such as do nothing. */
export interface Farol extends Client {
  /** Starts a client, as `init` of `@farol/web` does. */
  init(options: Options): Client;
  /** Calls that wait: `Farol.q.push(['event', 'newsletter_opened'])`. */
  q: [method: keyof Client, ...args: unknown[]][];
  /** Set before the file comes: the `onDiagnostic` of a client that a tag's `data-url` starts. */
  onDiagnostic?: Options['onDiagnostic'];
}

declare global {
  var Farol: Farol;
}
