/** The same things happen on pages that make life hard in different ways; the same things must arrive. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { launch, type Browser, type Page } from './driver/index.js';
import { startCollector, type Collector } from './driver/collector.js';
import { gaps, type Item } from './driver/otlp.js';
import { html, script, site, type Reply, type Site } from './driver/server.js';
import { sdkFiles } from './driver/sdk.js';
import { looped, missing } from './items/table.js';

/** The slow handler; and the page knows when the browser has told of the interaction, which is some frames after the click. */
const WIRE = `
  document.getElementById('slow').addEventListener('click', () => window.slow());
  new PerformanceObserver((list) => { if (list.getEntries().some((entry) => entry.interactionId)) window.interacted = true; })
    .observe({ type: 'event', durationThreshold: 40, buffered: true });`;

interface Variant {
  what: string;
  headers?: Record<string, string>;
  /** Source that runs before anything of the page. */
  initScript?: string;
  /** Source that the page runs after the SDK has started. */
  after?: string;
  clients?: number;
  options?: object;
  /** Rows that cannot come here, each with its reason. */
  without?: Record<string, string>;
}

let browser: Browser;
let files: Map<string, Buffer>;

before(async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL('items/page.ts', import.meta.url).pathname],
    bundle: true,
    format: 'iife',
    write: false,
    external: ['@farol/web'],
  });
  files = new Map([
    ...sdkFiles(),
    ['/items.js', Buffer.from(outputFiles[0]!.contents)],
  ]);
  browser = await launch({ engine: 'chromium' });
});
after(() => browser?.close());

interface Stage {
  page: Page;
  own: Site;
  other: Site;
  collector: Collector;
  end(): Promise<void>;
}

async function stage(variant: Variant): Promise<Stage> {
  const collector = await startCollector({ env: { FAROL_SCRUB__PROFILE: 'passthrough' } });
  const other = await site((method) => ({
    status: method === 'OPTIONS' ? 204 : 200,
    headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' },
  }));
  const own = await site((_, path): Reply | undefined => {
    const name = path.split('?')[0]!;
    const file = files.get(name);
    if (file) return script(file);
    if (name === '/settings.js') {
      return script(`window.settings = ${JSON.stringify({ url: collector.url, other: other.url, clients: variant.clients ?? 1, options: variant.options ?? {} })}`);
    }
    if (name === '/after.js') return script(variant.after ?? '');
    if (name === '/api/fail') return { status: 500 };
    if (name.startsWith('/api/')) return { headers: { 'content-type': 'application/json' }, body: '{"ok":true}' };
    if (name === '/' || name === '/second') {
      const body = `<h1>All the things</h1><button id="slow">slow</button>
        <script src="/settings.js"></script><script src="/farol.js"></script><script src="/items.js"></script><script src="/after.js"></script>
        <script src="/wire.js"></script>`;
      return html(body, variant.headers);
    }
    if (name === '/wire.js') return script(WIRE);
    return undefined;
  });
  const page = await browser.newPage(variant.initScript ? { initScript: variant.initScript } : {});
  return {
    page,
    own,
    other,
    collector,
    async end() {
      await page.close();
      own.close();
      other.close();
      await collector.stop();
    },
  };
}

async function play({ page, own }: Stage): Promise<void> {
  await page.goto(own.url);
  await page.waitFor("performance.getEntriesByName('first-contentful-paint').length");
  await page.click('#slow');
  assert.equal(await page.evaluate('play()'), 'played');
  await page.waitFor('window.interacted');
  // What the browser told of it is measured when the page is idle, as web-vitals does; on a busy machine it may be hidden before.
  await page.evaluate('new Promise((done) => requestIdleCallback(() => requestIdleCallback(done)))');
  await page.hide();
}

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
    const on = await stage(variant);
    try {
      await play(on);
      const clients = variant.clients ?? 1;
      const complete = (items: Item[]): boolean => missing(items, clients, Object.keys(variant.without ?? {})).length === 0;
      const items = await on.collector.until(complete, 'everything', 15_000).catch(() => on.collector.items());
      assert.deepEqual(missing(items, clients, Object.keys(variant.without ?? {})), []);
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
  const on = await stage({ what: 'headers' });
  try {
    await play(on);
    const items = await on.collector.until((items) => missing(items, 1).length === 0, 'everything');
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
  } finally {
    await on.end();
  }
});

test('a session that is sampled out sends no telemetry and no header', async () => {
  const on = await stage({ what: 'sampled out', options: { sampleRate: 0 } });
  try {
    await play(on);
    assert.deepEqual(on.page.requests().filter((request) => request.url.startsWith(on.collector.url)), []);
    assert.deepEqual(on.own.seen.filter((request) => 'traceparent' in request.headers), []);
    assert.deepEqual(on.collector.items(), []);
  } finally {
    await on.end();
  }
});
