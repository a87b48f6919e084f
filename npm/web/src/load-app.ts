/** In place of `load.ts` where the app is Wasm of its own: the core is part of it, and needs no loading. */
import type { CoreExports, CoreHost } from './core.js';
import type { Options } from './types.js';

/** What `rust-app.ts` gives as the option `core`. */
export interface AppCore {
  instantiate(host: CoreHost): CoreExports;
}

/** Gives `done` the app's core; nothing where the app has stopped. */
export function load(host: CoreHost, given: Options['core'], done: (core?: CoreExports) => void): void {
  let core: CoreExports | undefined;
  try {
    core = (given as unknown as AppCore).instantiate(host);
  } catch {}
  done(core);
}
