/** @farol/web: the public API. */
import { Op, Signal } from './abi.js';
import { createPort } from './core.js';
import { inlined } from './load.js';
import type { Attrs } from './writer.js';

export interface Client { event(name: string, attributes?: Attrs): void; flush(): void }

export function init(options: { url: string }): Client {
  const port = createPort({
    onSignal(signal, bytes) {
      if (signal == Signal.Batch) fetch(options.url + '/collect', { method: 'POST', body: bytes as BufferSource, headers: { 'content-type': 'text/plain' } });
    },
    onDeadline() {}, onFull() {}, onLost() {},
  });
  port.open(inlined);
  return {
    event(name, attributes) { port.put(Op.Event, performance.now(), (w) => w.s(name).s('browser').a(attributes)); },
    flush() { port.put(Op.Flush, performance.now(), (w) => w.b(0)); },
  };
}
