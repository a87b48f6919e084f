/** How a core comes to be: Wasm that is inlined and compiled here and now, or what the page brings where Wasm is forbidden. */
import { createCore } from '../gen/glue.js';
import { packed, unpacker } from '../gen/core-wasm.js';
import type { CoreExports, CoreHost } from './core.js';
import type { CoreModule, Options } from './types.js';

/** Where the packed core goes in the unpacker's memory, and what comes of it: its second page, its third and fourth. */
const PACKED = 65536;
const CORE = 131072;

/** The core's bytes: `sdk-wasm/unpack` says why and how. The work is the browser's own code's and Wasm's, which needs no warming up. */
function bytes(): Uint8Array<ArrayBuffer> {
  const module = new WebAssembly.Module(new Uint8Array(unpacker));
  const { memory, unpack } = new WebAssembly.Instance(module).exports as { memory: WebAssembly.Memory; unpack(from: number, to: number): number };
  new TextEncoder().encodeInto(packed, new Uint8Array(memory.buffer, PACKED));
  return new Uint8Array(memory.buffer, CORE, unpack(PACKED, CORE));
}

/** Gives `done` a core, at once where Wasm can be compiled at once, or nothing where there is no way. Throws nothing. */
export function load(host: CoreHost, given: Options['core'], done: (core?: CoreExports) => void): void {
  const none = () => done();
  const from = (module: CoreModule) => done(createCore(module.instantiate as (imports: WebAssembly.Imports) => CoreExports)(host) as CoreExports);
  try {
    if (typeof given == 'object') return from(given);
    let wasm: BufferSource;
    let exports;
    try {
      wasm = bytes();
      exports = createCore((imports) => new WebAssembly.Instance(new WebAssembly.Module(wasm), imports).exports as unknown as CoreExports)(host);
    } catch (error) {
      // Before version 114 Chrome compiles no more than 4 KB on the main thread at once.
      if (error instanceof RangeError) {
        exports = createCore((imports) => WebAssembly.instantiate(wasm!, imports).then(({ instance }) => instance.exports as unknown as CoreExports))(host);
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
