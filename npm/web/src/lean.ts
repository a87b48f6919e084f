/** @farol/web/lean: the same without the second file: a bundler keeps what is in the list of `features`, and no more. */
import { start } from './init.js';
import type { Client, Feature, Options } from './types.js';

export type * from './types.js';

/** Starts a client as `init` of `@farol/web` does, with the features that it is given: of the others no file is loaded, and none is in the bundle. */
export function init(options: Options & { features: readonly Feature[] }): Client {
  return start(options, (done) => done());
}
