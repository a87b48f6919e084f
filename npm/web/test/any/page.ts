/** A page that is made up: what of a browser the client needs to run in Node, with nothing behind it. */
import { setMaxListeners } from 'node:events';
import type { Stage } from './lives.js';

const root = globalThis as unknown as Record<string, unknown>;

/** Makes this process one page. Its errors and rejections are Node's. */
export function madeUp(): Omit<Stage, 'init'> {
  const own = new EventTarget();
  const seen: string[] = [];
  process.on('unhandledRejection', (reason) => {
    let text = 'something';
    try {
      text = String((reason as Error)?.stack ?? reason);
    } catch {}
    seen.push(`rejected, and nobody handled it: ${text}`);
  });
  const storage = () => {
    const kept = new Map<string, string>();
    return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text), removeItem: (key: string) => void kept.delete(key) };
  };
  class XMLHttpRequest extends EventTarget {
    open(): void {}
    setRequestHeader(): void {}
    send(): void {}
  }
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { userAgent: 'Node', language: 'en', sendBeacon: () => true } });
  Object.assign(root, {
    window: globalThis, self: globalThis, parent: globalThis, XMLHttpRequest, innerWidth: 800, innerHeight: 600,
    location: { href: 'https://shop.example/cart', origin: 'https://shop.example', hostname: 'shop.example' },
    history: { pushState() {}, replaceState() {} },
    document: Object.assign(new EventTarget(), { visibilityState: 'visible', readyState: 'complete', baseURI: 'https://shop.example/cart', querySelector: () => null, currentScript: null }),
    sessionStorage: storage(), localStorage: storage(),
  });
  // A core that comes in a month keeps nobody waiting.
  const native = setTimeout;
  root['setTimeout'] = (...args: Parameters<typeof setTimeout>) => native(...args).unref();
  // Each life adds some of its own.
  setMaxListeners(0, own, root['document'] as EventTarget);
  for (const target of [own, root['document'] as EventTarget]) {
    for (const name of ['addEventListener', 'removeEventListener'] as const) {
      const native = target[name].bind(target);
      // Node removes nothing by a flag, and what is left would hold each life's core: some GB of addresses, until there are none.
      target[name] = (type: string, listener: EventListener | null, options?: boolean | AddEventListenerOptions) =>
        native(type, listener, typeof options == 'boolean' ? { capture: options } : options);
    }
  }
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent'] as const) root[name] = own[name].bind(own);
  return {
    url: 'https://c.example',
    dispatch(type, told) {
      const event = new Event(type);
      Object.assign(event, { error: told, reason: told, key: told, message: 'told' });
      own.dispatchEvent(event);
    },
    async surfaced() {
      // Rejections are told when the microtasks are through.
      await new Promise((done) => setImmediate(done));
      return seen.splice(0);
    },
  };
}
