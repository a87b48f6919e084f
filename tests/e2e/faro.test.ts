/** The Faro SDK, live and cross-origin, with Farol's collector as its receiver. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { build } from 'esbuild';
import { test } from './driver/cases.js';
import { has } from './driver/features.js';
import { launch, type Browser } from './driver/index.js';
import { startCollector, type Collector } from './driver/collector.js';
import type { Item } from './driver/otlp.js';
import { html, script, site, type Site } from './driver/server.js';

let browser: Browser;
let collector: Collector;
let pages: Site;

before(async () => {
  const { outputFiles } = await build({ entryPoints: [new URL('faro/page.ts', import.meta.url).pathname], bundle: true, minify: true, format: 'iife', write: false });
  collector = await startCollector({ env: { FAROL_SCRUB__PROFILE: 'passthrough' } });
  browser = await launch();
  pages = await site((_, path) => {
    if (path === '/faro.js') return script(Buffer.from(outputFiles[0]!.contents));
    if (path === '/api/ok') return { body: '{}' };
    return html('<h1>Faro</h1><script src="/faro.js"></script>');
  });
});
after(async () => {
  await browser?.close();
  pages?.close();
  await collector?.stop();
});

test('what the Faro SDK sends by itself and on request arrives as OTLP', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.evaluate(`playFaro(${JSON.stringify(collector.url)})`);
  await page.click('h1');
  await page.waitFor("performance.getEntriesByName('first-contentful-paint').length");
  await page.hide();

  const named = (name: string) => (item: Item): boolean => item.signal === 'log' && item.name === name;
  const rows: Record<string, (item: Item) => boolean> = {
    'session start': named('session.start'),
    'an event': (item) => named('from-faro')(item) && item.attributes['a'] === 'b',
    'a log': (item) => item.body === 'a log from Faro' && item.severity === 13,
    'an exception': (item) => named('exception')(item) && item.attributes['exception.message'] === 'an error from Faro' && String(item.attributes['exception.stacktrace']).includes('faro.js'),
    'a measurement': (item) => item.signal === 'log' && JSON.stringify(item.attributes).includes('42.5'),
    'a request span': (item) => item.signal === 'span' && String(item.attributes['url.full']).endsWith('/api/ok'),
    ttfb: (item) => named('browser.web_vital')(item) && item.attributes['browser.web_vital.name'] === 'ttfb',
    fcp: (item) => named('browser.web_vital')(item) && item.attributes['browser.web_vital.name'] === 'fcp',
    ...(has('layout-shift') && { cls: (item: Item) => named('browser.web_vital')(item) && item.attributes['browser.web_vital.name'] === 'cls' }),
    'navigation timing': named('browser.navigation_timing'),
  };
  const absent = (items: Item[]): string[] => Object.keys(rows).filter((row) => !items.some(rows[row]!));
  const items = await collector.until((items) => absent(items).length === 0, 'everything', 15_000).catch(() => collector.items());
  assert.deepEqual(absent(items), []);
  const event = items.find(rows['an event']!)!;
  assert.equal(event.resource['service.name'], 'faro-page');
  assert.equal(event.resource['service.version'], '3.2.1');
  assert.equal(event.resource['deployment.environment.name'], 'test');
  assert.equal(event.attributes['user.id'], 'u-7');
  assert.equal(event.attributes['session.id'], items.find(rows['session start']!)!.attributes['session.id']);
  assert.deepEqual(page.errors(), []);
});
