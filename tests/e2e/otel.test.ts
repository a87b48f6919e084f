/** OpenTelemetry's web SDK, live and cross-origin, with Farol's collector as its receiver: JSON and protobuf. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { build } from 'esbuild';
import { test } from './driver/cases.js';
import { launch, type Browser } from './driver/index.js';
import { startCollector, type Collector } from './driver/collector.js';
import type { Item } from './driver/otlp.js';
import { html, script, site, type Site } from './driver/server.js';

let browser: Browser;
let collector: Collector;
let pages: Site;

before(async () => {
  const { outputFiles } = await build({ entryPoints: [new URL('otel/page.ts', import.meta.url).pathname], bundle: true, minify: true, format: 'iife', write: false });
  collector = await startCollector();
  browser = await launch();
  pages = await site((_, path) => {
    if (path === '/otel.js') return script(Buffer.from(outputFiles[0]!.contents));
    return html('<h1>OpenTelemetry</h1><script src="/otel.js"></script>');
  });
});
after(async () => {
  await browser?.close();
  pages?.close();
  await collector?.stop();
});

test('what the OpenTelemetry SDK sends leaves as it came, without what may not be stored', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.evaluate(`playOtel(${JSON.stringify(collector.url)})`);

  const isSpan = (item: Item): boolean => item.signal === 'span' && item.name === 'GET';
  const isLog = (item: Item): boolean => item.body === 'a log from OpenTelemetry';
  const isEvent = (item: Item): boolean => item.signal === 'log' && item.name === 'basket.filled';
  const items = await collector.until(
    // One span by each exporter.
    (items) => items.filter(isSpan).length === 2 && items.some(isLog) && items.some(isEvent),
    'two spans, a log and an event',
    15_000,
  );
  const spans = items.filter(isSpan);
  for (const span of spans) {
    assert.equal(span.resource['service.name'], 'otel-page');
    assert.equal(span.resource['service.version'], '3.2.1');
    assert.equal(span.scope, 'page');
    assert.equal(span.status, 2);
    assert.equal(span.attributes['http.response.status_code'], 503);
    assert.deepEqual(span.attributes['a.list'], ['x', 'y']);
    assert.ok(!String(span.attributes['url.full']).includes('secret'), String(span.attributes['url.full']));
    assert.match(span.traceId, /^[0-9a-f]{32}$/);
  }
  assert.deepEqual([spans[0]!.traceId, spans[0]!.spanId, spans[0]!.time, spans[0]!.end], [spans[1]!.traceId, spans[1]!.spanId, spans[1]!.time, spans[1]!.end]);
  const log = items.find(isLog)!;
  assert.deepEqual([log.severity, log.attributes['c'], log.attributes['n']], [13, 'd', 7]);
  const event = items.find(isEvent)!;
  assert.deepEqual([event.body, event.attributes['session.id']], [{ lines: 3 }, 's-7']);
  assert.deepEqual(page.errors(), []);
});

test('what an older exporter leaves with the browser by a beacon arrives', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'left by a beacon' } }] }] }] });
  await page.evaluate(`navigator.sendBeacon(${JSON.stringify(`${collector.url}/v1/logs`)}, new Blob([${JSON.stringify(body)}], { type: 'application/json' }))`);
  await collector.until((items) => items.some((item) => item.body === 'left by a beacon'), 'the log of the beacon', 15_000);
  assert.deepEqual(page.errors(), []);
});
