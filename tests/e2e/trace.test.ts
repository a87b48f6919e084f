/** One trace from a click handler over its request to the backend, which continues it with OpenTelemetry. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { launch, type Browser } from './driver/index.js';
import { startCollector, type Collector } from './driver/collector.js';
import type { Item } from './driver/otlp.js';
import { sdkFiles } from './driver/sdk.js';
import { startShop, type Shop } from './driver/shop.js';

let folder: string;
let browser: Browser;
let collector: Collector;
let shop: Shop;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farol-trace-'));
  collector = await startCollector();
  for (const [path, bytes] of sdkFiles()) await writeFile(join(folder, path), bytes);
  await writeFile(
    join(folder, 'page.js'),
    `const client = Farol.init({ url: ${JSON.stringify(collector.url)}, app: { name: 'trace' } });
     document.getElementById('buy').addEventListener('click', () => {
       client.withSpan('buy', () => fetch('/api/trace').then((r) => r.json()).then((ids) => { window.backend = ids; client.flush(); }));
     });`,
  );
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>trace</title><link rel="icon" href="data:,"></head><body><button id="buy">Buy</button><script src="/farol.js"></script><script src="/page.js"></script></body></html>',
  );
  shop = await startShop(folder, collector.url);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
  await collector?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('a click, its request and the backend are one trace', async () => {
  const page = await browser.newPage();
  await page.goto(`${shop.url}/`);
  // User actions are of the second file.
  await page.waitFor("performance.getEntriesByType('resource').some(({ name, responseEnd }) => responseEnd && name.includes('/farol-more-'))");
  await page.evaluate('new Promise((done) => setTimeout(() => setTimeout(done)))');
  await page.click('#buy');
  await page.waitFor('window.backend');
  const backend = await page.evaluate<{ traceId: string; spanId: string; parentSpanId: string }>('backend');
  const request = (items: ReturnType<Collector['items']>) => items.find((item) => item.signal === 'span' && String(item.attributes['url.full']).endsWith('/api/trace'));
  const items = await collector.until((items) => Boolean(request(items)) && ['click button', 'buy'].every((name) => items.some((item) => item.signal === 'span' && item.name === name)), 'all spans');
  const [click, bought] = ['click button', 'buy'].map((name) => items.find((item) => item.signal === 'span' && item.name === name)!) as [Item, Item];
  const fetched = request(items)!;
  assert.equal(click.parentSpanId, '');
  assert.deepEqual([bought.traceId, bought.parentSpanId], [click.traceId, click.spanId]);
  assert.equal(fetched.traceId, click.traceId);
  assert.equal(fetched.parentSpanId, bought.spanId);
  assert.equal(backend.traceId, click.traceId);
  assert.equal(backend.parentSpanId, fetched.spanId);
  assert.notEqual(backend.spanId, fetched.spanId);
  assert.ok(fetched.time >= click.time && fetched.end >= fetched.time, 'times are in order');
});
