/** A front end in Rust with the SDK in its own Wasm: what it does, what it says and what goes wrong in it arrives. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { has } from './driver/features.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { startCollector, type Collector } from './driver/collector.js';
import { gaps, type Item } from './driver/otlp.js';
import { html, site, type Site } from './driver/server.js';

/** Where `cargo xtask e2e` puts it. */
const built = new URL('../../target/yew/app/', import.meta.url);
const TYPES: Record<string, string> = { '.js': 'text/javascript; charset=utf-8', '.wasm': 'application/wasm' };

let browser: Browser;
let collector: Collector;
let pages: Site;
let page: Page;

before(async () => {
  collector = await startCollector();
  const START = `<script type="module">
    import init from '/farol-yew.js';
    document.documentElement.dataset.collector = ${JSON.stringify(collector.url)};
    init();
  </script>`;
  assert.ok(existsSync(built), 'the app is not built: `cargo xtask e2e rust-app` builds it');
  const files = new Map(
    readdirSync(built, { recursive: true, encoding: 'utf8' })
      .filter((name) => extname(name) in TYPES)
      .map((name) => [`/${name}`, { headers: { 'content-type': TYPES[extname(name)]! }, body: readFileSync(new URL(name, built)) }]),
  );
  pages = await site((_, path) => {
    if (path.startsWith('/api/')) return { status: path.startsWith('/api/order') ? 503 : 200, body: '{}' };
    return files.get(path) ?? (path === '/' ? html(START) : undefined);
  });
  browser = await launch();
  page = await browser.newPage();
  await page.goto(`${pages.url}/`);
  await page.waitFor('document.querySelector("#rye")'); 
});
after(async () => {
  await browser?.close();
  pages?.close();
  await collector?.stop();
});

const named = (name: string) => (item: Item): boolean => item.name === name;
const request = (path: string) => (item: Item): boolean => item.signal === 'span' && String(item.attributes['url.full']).includes(path);
const isPanic = (item: Item): boolean => item.attributes['exception.type'] === 'panic';

test('an event, a log, spans with their requests, an error of JavaScript and a vital arrive', async () => {
  await page.click('#rye');
  await page.click('#baguette');
  await page.waitFor('document.querySelector("#count").textContent === "2"');
  await page.click('#order');
  // The second request is made after an await, and answered with 503.
  const items = await collector.until(
    (items) => items.some(request('/api/order')) && items.some(named('order')) && items.some((item) => String(item.attributes['exception.message']).includes('said 503')),
    'the order, its requests and what became of it',
  );
  const added = items.filter(named('added'));
  assert.deepEqual(added.map((item) => [item.attributes['bread'], item.attributes['price']]), [['Rye', 4.5], ['Baguette', 2.5]]);
  assert.equal(added[0]!.resource['service.name'], 'bakery');
  assert.equal(added[0]!.attributes['farol.view.name'], 'breads');

  const order = items.find(named('order'))!;
  assert.match(order.traceId, /^[0-9a-f]{32}$/);
  for (const path of ['/api/stock', '/api/order']) {
    const fetched = items.find(request(path))!;
    assert.deepEqual([fetched.traceId, fetched.parentSpanId], [order.traceId, order.spanId], path);
    const { headers } = pages.seen.find((seen) => seen.path.startsWith(path))!;
    assert.equal(headers.traceparent, `00-${fetched.traceId}-${fetched.spanId}-01`, path);
  }
  const failed = items.find((item) => String(item.attributes['exception.message']).includes('said 503'))!;
  // Given as `js_sys::Error`.
  assert.deepEqual([failed.traceId, failed.attributes['total'], failed.attributes['exception.type']], [order.traceId, 7, 'Error']);

  // `tracing` made this span and this log, each below what ran there.
  const total = items.find((item) => item.signal === 'span' && item.name === 'total')!;
  assert.match(total.traceId, /^[0-9a-f]{32}$/);
  const log = items.find((item) => item.signal === 'log' && item.body === 'priced')!;
  assert.deepEqual([log.traceId, log.spanId, log.attributes['total']], [total.traceId, total.spanId, 7]);

  await page.hide();
  await collector.until((items) => items.some((item) => item.name === 'browser.web_vital' && item.attributes['browser.web_vital.name'] === (has('largest-contentful-paint') ? 'lcp' : 'fcp')), 'a vital');
  await page.show();
});

test('before_send in Rust leaves an item out, and the next one comes', async () => {
  await page.click('#hide');
  await page.click('#spelt');
  const items = await collector.until((items) => items.some((item) => item.attributes['bread'] === 'Spelt'), 'the event after it');
  assert.deepEqual(items.filter(named('hidden')), []);
});

test('a panic is one error, with its message, its place and the stack of its Wasm; the console still has it', async () => {
  await page.click('#lose');
  const items = await collector.until((items) => items.some(isPanic), 'the panic');
  const panic = items.find(isPanic)!;
  assert.equal(panic.attributes['exception.message'], 'the oven is cold');
  assert.equal(panic.attributes['code.file.path'], 'src/main.rs');
  assert.ok(Number(panic.attributes['code.line.number']) > 0);
  assert.equal(panic.attributes['farol.exception.handled'], false);
  assert.match(String(panic.attributes['exception.stacktrace']), /farol_yew.*farol-yew_bg\.wasm/);
  assert.ok(page.console().some((line) => line.includes('the oven is cold')), page.console().join('\n'));
  // The trap that ends it reached the page, and is not told as another error.
  assert.ok(page.errors().some((error) => /unreachable/.test(error)), page.errors().join('\n'));
  await page.evaluate('new Promise((done) => setTimeout(done))');
  await page.close();
  const after = await collector.until((items) => gaps(items).length === 0, 'all items');
  assert.deepEqual(after.filter((item) => item.attributes['exception.type'] === 'RuntimeError'), []);
});
