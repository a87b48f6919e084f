/** The core without Wasm, for pages whose Content-Security-Policy forbids it: `init({ core: () => import('@farol/web/no-wasm') })`. */
import { instantiate as ours } from '../gen/core-js.js';
import type { CoreModule } from './types.js';

export const instantiate: CoreModule['instantiate'] = ours;
