/** How a core comes to be: Wasm that is inlined and compiled here and now, or what a caller brings instead. */
import { createCore } from '../gen/glue.js';
import { wasm } from '../gen/core-wasm.js';
import type { CoreExports, CoreHost, CreateCore } from './core.js';

/** Instantiates the inlined core. Throws where Wasm is forbidden or missing. */
export const inlined: CreateCore = (host: CoreHost): CoreExports => {
  const bytes = new Uint8Array(wasm.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = wasm.charCodeAt(i);
  return createCore((imports) =>
    new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as unknown as CoreExports,
  )(host);
};
