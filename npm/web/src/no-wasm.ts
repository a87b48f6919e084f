/** The core without Wasm, for pages whose Content-Security-Policy forbids it: `init({ core: () => import('@farol/web/no-wasm') })`. */
import { instantiate as ours } from '../gen/core-js.js';
import type { CoreModule } from './types.js';

/** The core itself, as `init` wants it: `core: { instantiate }`, or this module. */
export const instantiate: CoreModule['instantiate'] = ours;
