/**
 * Pages that have done something to each thing of the browser's that the SDK uses: it throws, is frozen, is missing. One at a time, a page each, and all at
 * once: the page sees nothing of ours, and goes on. What the list holds is held to the source.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { launch, type Browser } from './driver/index.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site, type Site } from './driver/server.js';

/** What the SDK calls or reads of the page's globals, as owner and name. */
const USED: [owner: string, name: string][] = [
  ['window', 'fetch'], ['window', 'XMLHttpRequest'], ['window', 'Request'], ['window', 'Headers'], ['window', 'Blob'], ['window', 'URL'], ['window', 'AbortSignal'],
  ['window', 'AbortController'], ['window', 'CompressionStream'], ['window', 'Response'], ['window', 'TextEncoder'], ['window', 'TextDecoder'], ['window', 'WebAssembly'],
  ['window', 'PerformanceObserver'], ['window', 'PerformanceEventTiming'], ['window', 'MutationObserver'], ['window', 'ReportingObserver'], ['window', 'indexedDB'],
  ['window', 'sessionStorage'], ['window', 'localStorage'], ['window', 'crypto'], ['window', 'navigation'], ['window', 'requestIdleCallback'], ['window', 'cancelIdleCallback'],
  ['window', 'requestAnimationFrame'], ['window', 'queueMicrotask'], ['window', 'setTimeout'], ['window', 'clearTimeout'], ['window', 'getSelection'], ['window', 'fetchLater'],
  ['window', 'Proxy'], ['window', 'WeakMap'], ['window', 'Map'], ['window', 'Set'], ['window', 'Promise'], ['window', 'JSON'], ['window', 'Symbol'], ['window', 'RegExp'],
  ['window', 'DataView'], ['window', 'Uint8Array'], ['JSON', 'parse'], ['JSON', 'stringify'], ['performance', 'getEntriesByType'], ['performance', 'getEntriesByName'], ['performance', 'now'],
  ['performance', 'timeOrigin'], ['performance', 'interactionCount'], ['performance', 'memory'], ['navigator', 'sendBeacon'], ['navigator', 'userAgent'], ['navigator', 'userAgentData'],
  ['navigator', 'language'], ['navigator', 'globalPrivacyControl'], ['document', 'visibilityState'], ['document', 'baseURI'], ['document', 'fonts'], ['document', 'readyState'], ['document', 'prerendering'],
  ['document', 'wasDiscarded'], ['document', 'querySelector'], ['history', 'pushState'], ['history', 'replaceState'], ['crypto', 'getRandomValues'], ['Date', 'now'], ['Math', 'random'],
  ['Math', 'imul'], ['Object', 'keys'], ['Object', 'entries'], ['Object', 'assign'], ['Object', 'defineProperty'], ['Object', 'fromEntries'], ['Object', 'getPrototypeOf'], ['Array', 'isArray'], ['Array', 'from'],
  ['XMLHttpRequest.prototype', 'open'], ['XMLHttpRequest.prototype', 'send'], ['XMLHttpRequest.prototype', 'setRequestHeader'], ['EventTarget.prototype', 'addEventListener'],
  ['EventTarget.prototype', 'removeEventListener'], ['Event.prototype', 'composedPath'], ['Element.prototype', 'closest'], ['Element.prototype', 'getAttribute'], ['Node.prototype', 'parentNode'],
  ['Storage.prototype', 'getItem'], ['Storage.prototype', 'setItem'], ['Storage.prototype', 'removeItem'], ['IDBFactory.prototype', 'open'], ['IDBDatabase.prototype', 'transaction'],
  ['PerformanceObserver.prototype', 'observe'], ['PerformanceObserver.prototype', 'takeRecords'], ['Function.prototype', 'apply'], ['Function.prototype', 'bind'], ['Array.prototype', 'push'],
  ['Array.prototype', 'filter'], ['Array.prototype', 'map'], ['Array.prototype', 'slice'], ['Array.prototype', 'splice'], ['String.prototype', 'slice'], ['String.prototype', 'split'],
  ['Promise.prototype', 'then'], ['Promise.prototype', 'finally'], ['TextDecoder.prototype', 'decode'], ['TextEncoder.prototype', 'encodeInto'], ['Uint8Array.prototype', 'set'],
];

/**
 * What the SDK cannot be without: where one of these throws or is missing, the file does not come to its end, or a promise of ours is rejected. docs/sdk.md
 * names them. None may come.
 */
const NEEDED = new Set(['String.prototype.split', 'Promise.prototype.then']);

const HOWS = ['throws', 'is frozen', 'is missing'] as const;

const spoil = (owner: string, name: string, how: (typeof HOWS)[number]): string => {
  const value = how === 'throws'
    ? `const boom = () => { throw new Error('hostile'); };
       const was = Object.getOwnPropertyDescriptor(at, '${name}') || Object.getOwnPropertyDescriptor(Object.getPrototypeOf(at), '${name}');
       define(at, '${name}', was && was.get && typeof was.get.call(self_) != 'function' ? { get: boom, configurable: true } : { value: boom, configurable: true, writable: true });`
    : how === 'is frozen'
      ? `define(at, '${name}', { value: self_['${name}'], configurable: false, writable: false }); try { Object.freeze(self_['${name}']); } catch {}`
      : `define(at, '${name}', { value: undefined, configurable: true, writable: true });`;
  return `try { const at = ${owner}, self_ = at; ${value} } catch {}`;
};

/** What stands in the page before the SDK: what the test needs afterwards is kept aside. */
const page = (spoils: string): string => `
  window.seen = [];
  {
    const { log } = console;
    addEventListener('error', (event) => seen.push('error ' + event.message));
    addEventListener('unhandledrejection', (event) => seen.push('rejection ' + event.reason));
  }
  { const define = Object.defineProperty; ${spoils} }`;

/** A page's life, in calls that are the page's own: none of the globals that were spoilt is in them. */
const LIFE = `
  let client;
  try {
    client = Farol.init({ url: '/collect', app: { name: 'x' }, capture: { console: ['error'], forms: true, load: true, memory: true, resources: true, userTiming: true } });
    client.event('e', { a: 1 });
    client.log('l');
    client.measure('m', { v: 1 });
    client.captureError(new Error('caught'));
    client.withSpan('s', () => {});
    client.setUser({ id: 'u' });
    client.endSession();
    client.traceparent();
    client.flush();
    dispatchEvent(new Event('pagehide'));
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    document.body && document.body.click();
    client.setConsent('denied');
    client.shutdown();
  } catch (error) {
    seen.push('thrown ' + (error && error.stack));
  }`;

/** A life in which the second file has its work: its parts run when the browser is asked to, for the page's own timers may be spoilt. */
const LONG = `
  {
    const careful = (run) => () => {
      try {
        run();
      } catch (error) {
        seen.push('thrown ' + (error && error.stack));
      }
    };
    const image = document.createElement('img');
    const form = document.createElement('form');
    let client;
    careful(() => {
      client = Farol.init({ url: '/collect', app: { name: 'x' }, capture: { console: ['error'], forms: true, load: true, memory: true, resources: true, userTiming: true } });
      client.event('e', { a: 1 });
    })();
    window.act = careful(() => {
      image.src = '/missing.png';
      document.body.append(image, form);
      form.click();
      form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
      console.error('told');
      client.captureError(new Error('caught'));
      client.flush();
    });
    window.end = careful(() => {
      dispatchEvent(new Event('pagehide'));
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      client.setConsent('denied');
      client.shutdown();
    });
  }`;

let browser: Browser;
let own: Site;
const cases = new Map<string, string>();

before(async () => {
  const files = sdkFiles();
  own = await site((method, path) => {
    const [name, query = ''] = path.split('?') as [string, string?];
    const file = files.get(name);
    if (file) return script(file);
    if (method === 'POST') return { status: 202 };
    if (name === '/before.js') return script(page(cases.get(decodeURIComponent(query)) ?? ''));
    if (name === '/life.js') return script(LIFE);
    if (name === '/long.js') return script(LONG);
    return /^\/(long)?$/.test(name) ? html(`<script src="/before.js?${query}"></script><body><script src="/farol.js"></script><script src="${name === '/' ? '/life' : name}.js"></script></body>`) : undefined;
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  own?.close();
});

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** What each page saw of ours. */
async function seen(names: string[], long = false): Promise<string[]> {
  const all: string[] = [];
  const one = await browser.newPage();
  for (const name of names) {
    await one.goto(`${own.url}/${long ? 'long' : ''}?${encodeURIComponent(name)}`);
    if (long) {
      // Enough for the second file where it comes; where it does not there is nothing of it to see.
      for (const step of ['act()', 'end()', '0']) {
        await pause(60);
        await one.evaluate(step).catch((error: Error) => all.push(`${name}: ${step} ${error}`));
      }
    }
    // Some tasks later, what was left to later tasks has happened too.
    const told = await one.evaluate<string[]>(`seen`).catch((error: Error) => [String(error)]);
    for (const line of told) all.push(`${name}: ${line}`);
  }
  await one.close();
  return all;
}

for (const how of HOWS) {
  test(`whatever of the browser's ${how}, the page sees nothing of ours`, async () => {
    const names = USED.filter(([owner, name]) => how === 'is frozen' || !NEEDED.has(`${owner}.${name}`)).map(([owner, name]) => {
      const key = `${owner}.${name} ${how}`;
      cases.set(key, spoil(owner, name, how));
      return key;
    });
    assert.deepEqual(await seen(names), []);
    assert.deepEqual(await seen(names, true), []);
  });

  test(`where all of the browser's APIs ${how === 'throws' ? 'throw' : how === 'is frozen' ? 'are frozen' : 'are missing'} at once, too`, async () => {
    const apis = USED.filter(([owner, name]) => how === 'is frozen' || !NEEDED.has(`${owner}.${name}`)).filter(([owner]) => !/^(Object|Array|Function|String|Promise|Math|JSON|Uint8Array|EventTarget)/.test(owner));
    const key = `all ${how}`;
    cases.set(key, apis.filter(([, name]) => !/^(Map|Set|WeakMap|Promise|JSON|Symbol|RegExp|DataView|Uint8Array|Proxy)$/.test(name)).map(([owner, name]) => spoil(owner, name, how)).join('\n'));
    assert.deepEqual(await seen([key]), []);
    assert.deepEqual(await seen([key], true), []);
  });
}

test('each global function and class that the source names is in the list', () => {
  const root = new URL('../../npm/web/src/', import.meta.url);
  const sources = (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts') && !/types|testing|worker|no-wasm|snippet|rust-app|load-app/.test(name));
  const known = new Set(USED.flatMap(([owner, name]) => [name, owner.split('.')[0]!]));
  /** The language's own, which a page that spoils it has no use of either. */
  for (const name of 'Error RangeError Object Array Math Date Number String Function Event Element Node HTMLScriptElement'.split(' ')) known.add(name);
  const missing = new Set<string>();
  for (const name of sources) {
    const text = readFileSync(new URL(name, root), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*|import type.*|^export (type|interface)[^\n]*/gm, '');
    for (const [, found] of text.matchAll(/\bnew ([A-Z]\w+)\(/g)) if (!known.has(found!)) missing.add(`${found} in ${name}`);
  }
  for (const alias of ['Native', 'Compress']) for (const one of missing) if (one.startsWith(alias)) missing.delete(one);
  assert.deepEqual([...missing], []);
});
