/** How a core comes to be: Wasm that is inlined and compiled here and now, or what the page brings where Wasm is forbidden. */
import { createCore } from '../gen/glue.js';
import { key, wasm } from '../gen/core-wasm.js';
import type { CoreExports, CoreHost } from './core.js';
import type { CoreModule, Options } from './types.js';

/** Gives `done` a core, at once where Wasm can be compiled at once, or nothing where there is no way. Throws nothing. */
export function load(host: CoreHost, given: Options['core'], done: (core?: CoreExports) => void): void {
  const none = () => done();
  const from = (module: CoreModule) => done(createCore(module.instantiate as (imports: WebAssembly.Imports) => CoreExports)(host) as CoreExports);
  try {
    if (typeof given == 'object') return from(given);
    const bytes = new Uint8Array(wasm.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = wasm.charCodeAt(i) ^ key;
    let exports;
    try {
      exports = createCore((imports) => new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as unknown as CoreExports)(host);
    } catch (error) {
      // Before version 114 Chrome compiles no more than 4 KB on the main thread at once.
      if (error instanceof RangeError) {
        exports = createCore((imports) => WebAssembly.instantiate(bytes, imports).then(({ instance }) => instance.exports as unknown as CoreExports))(host);
        (exports as PromiseLike<CoreExports>).then(done, none);
      } else if (typeof given == 'function') given().then(from).then(undefined, none);
      else none();
      return;
    }
    done(exports as CoreExports);
  } catch {
    none();
  }
}
