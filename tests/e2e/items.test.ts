/** The same things happen on pages that make life hard in different ways; the same things must arrive. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { launch, type Browser } from './driver/index.js';
import { gaps, type Item } from './driver/otlp.js';
import type { Site } from './driver/server.js';
import { play, stage, WITHOUT, type Variant } from './items/stage.js';
import { looped, missing } from './items/table.js';

let browser: Browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const VARIANTS: Variant[] = [
  { what: 'a plain page' },
  {
    what: 'a page without sessionStorage',
    initScript: "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } })",
  },
  {
    what: 'a strict CSP that allows Wasm',
    headers: { 'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src *; img-src data:" },
  },
  {
    what: 'a strict CSP without Wasm, by the fallback core',
    headers: { 'content-security-policy': "default-src 'none'; script-src 'self'; connect-src *; img-src data:" },
  },
  {
    what: 'fetch, Promise and JSON patched before us',
    initScript: `
      const fetch0 = window.fetch; window.fetch = function (...args) { window.patched = (window.patched || 0) + 1; return fetch0.apply(this, args); };
      const Promise0 = window.Promise; window.Promise = class extends Promise0 { constructor(run) { super(run); } };
      JSON.stringify = () => '"patched"'; JSON.parse = () => ({ patched: true });
      Array.prototype.toJSON = () => 'patched'; Object.prototype.toJSON = () => 'patched';`,
  },
  {
    what: 'fetch, Promise and JSON patched after us',
    after: `
      const fetch1 = window.fetch; window.fetch = function (...args) { return fetch1.apply(this, args); };
      const Promise1 = window.Promise; window.Promise = class extends Promise1 { constructor(run) { super(run); } };
      JSON.stringify = () => '"patched"'; JSON.parse = () => ({ patched: true });
      Array.prototype.toJSON = () => 'patched'; Object.prototype.toJSON = () => 'patched';`,
  },
  { what: 'two clients on one page', clients: 2 },
  { what: 'a page whose core comes 500 ms late', options: { coreDelayMs: 500 } },
];

for (const variant of VARIANTS) {
  test(`everything arrives once from ${variant.what}`, async () => {
    const on = await stage(browser, variant);
    try {
      await play(on);
      const clients = variant.clients ?? 1;
      const complete = (items: Item[]): boolean => missing(items, clients, WITHOUT).length === 0;
      const items = await on.collector.until(complete, 'everything', 15_000).catch(() => on.collector.items());
      assert.deepEqual(missing(items, clients, WITHOUT), []);
      assert.deepEqual(gaps(items), []);
      assert.equal(looped(items), 5 * clients, 'a loop of one error is counted, and the count delivered');
      assert.deepEqual(on.page.console().filter((line) => /farol/i.test(line)), [], 'no noise of ours in the console');
      assert.ok(!JSON.stringify(items).includes('sig=secret'), 'a signature in a URL is scrubbed');
    } finally {
      await on.end();
    }
  });
}

test('traceparent goes to the same origin and to those listed, and nowhere else', async () => {
  const on = await stage(browser, { what: 'headers' });
  try {
    await play(on);
    const items = await on.collector.until((items) => missing(items, 1, WITHOUT).length === 0, 'everything');
    const header = (seen: Site['seen'], path: string): string | undefined =>
      seen.find((request) => request.path.startsWith(path) && request.method !== 'OPTIONS')?.headers['traceparent'] as string | undefined;
    const span = (path: string): Item => items.find((item) => item.signal === 'span' && String(item.attributes['url.full']).includes(path))!;
    for (const [seen, path] of [[on.own.seen, '/api/ok'], [on.own.seen, '/api/xhr'], [on.own.seen, '/api/in-span'], [on.other.seen, '/listed']] as const) {
      assert.equal(header(seen, path), `00-${span(path).traceId}-${span(path).spanId}-01`);
    }
    assert.equal(header(on.other.seen, '/unlisted'), undefined);
    const parent = items.find((item) => item.name === 'checkout')!;
    assert.equal(span('/api/in-span').parentSpanId, parent.spanId);
    assert.equal(span('/api/in-span').traceId, parent.traceId);
    // A header of the page's own stays, and its request is below the span that it names.
    const own = `${await on.page.evaluate(`(async () => {
      const span = clients[0].startSpan('by hand');
      const header = { traceparent: span.traceparent() };
      await new Promise((done) => setTimeout(done));
      await fetch('/api/by-hand?plain', { headers: header });
      await fetch(new Request('/api/by-hand?request', { headers: header }));
      await new Promise((done) => {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', '/api/by-hand?xhr');
        // One that takes no header of ours changes nothing for those that come after it.
        const other = new XMLHttpRequest();
        other.setRequestHeader = () => { throw new Error('no'); };
        other.open('GET', '/api/shut');
        other.send();
        xhr.setRequestHeader('traceparent', header.traceparent);
        xhr.onloadend = done;
        xhr.send();
      });
      span.end();
      await clients[0].flush();
      return header.traceparent;
    })()`)}`;
    for (const path of ['/api/by-hand?plain', '/api/by-hand?request', '/api/by-hand?xhr']) {
      await on.collector.until((items) => items.some((item) => String(item.attributes['url.full']).includes(path)), path);
      const told = on.collector.items().find((item) => String(item.attributes['url.full']).includes(path))!;
      assert.equal(header(on.own.seen, path), own);
      assert.deepEqual(['00', told.traceId, told.parentSpanId, '01'].join('-'), own, path);
    }
  } finally {
    await on.end();
  }
});

test('a session that is sampled out sends no telemetry and no header', async () => {
  const on = await stage(browser, { what: 'sampled out', options: { sampleRate: 0 } });
  try {
    await play(on);
    assert.deepEqual(on.page.requests().filter((request) => request.url.startsWith(on.collector.url)), []);
    assert.deepEqual(on.own.seen.filter((request) => 'traceparent' in request.headers), []);
    assert.deepEqual(on.collector.items(), []);
  } finally {
    await on.end();
  }
});
