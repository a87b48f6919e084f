/**
 * Each vital beside Google's web-vitals in the same page of a real Chromium: the same values and the same explanations.
 * Both are told of the same entries, so all numbers made from entries are equal to the last bit.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { test } from './driver/cases.js';
import { startCollector, type Collector } from './driver/collector.js';
import { has } from './driver/features.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { script, site, type Reply, type Site } from './driver/server.js';
import { sdkFiles } from './driver/sdk.js';
import { undriven } from './driver/undriven.js';
import type { Vital } from './vitals/google.js';
import { last, RESTORED, same, type Both } from './vitals/same.js';

const folder = fileURLToPath(new URL('vitals/', import.meta.url));
let browser: Browser;
let collector: Collector;
let pages: Site;
/** Each page has a folder of its own, by which its vitals are found again. */
let visit = 0;
/** Lets go of the answers that a page waits for (`late.*`). */
let release: () => void;
let released: Promise<void>;
/** Gets what a page reports of itself (`result`). */
let reported: (json: string) => void;

before(async () => {
  collector = await startCollector();
  browser = await launch();
  const bundle = await build({ entryPoints: [`${folder}google.ts`], bundle: true, write: false, format: 'iife', logLevel: 'warning' });
  const scripts = new Map([['google.js', Buffer.from(bundle.outputFiles[0]!.contents)], ...[...sdkFiles()].map(([path, bytes]) => [path.slice(1), bytes] as const)]);
  pages = await site((_, address): Reply => {
    const [path, query] = address.split('?');
    const name = path!.split('/').pop()!;
    const source = scripts.get(name);
    if (source) return script(source);
    if (name === 'late.bmp') return { headers: { 'content-type': 'image/bmp' }, body: noise(480, 320), after: released };
    if (name === 'late.css') return { headers: { 'content-type': 'text/css' }, body: 'h1 { color: #123 }', after: released };
    if (name === 'result') reported(decodeURIComponent(query!));
    if (name === 'release') release();
    if (!name.endsWith('.html')) return {};
    const text = readFileSync(`${folder}pages/${name}`, 'utf8').replace('COLLECTOR', collector.url);
    // Firefox keeps no page for the way back that may not be stored.
    return { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' }, body: text };
  });
});
after(async () => {
  await browser?.close();
  await collector?.stop();
  pages?.close();
});

/** An image that looks like a photograph to the rule which keeps placeholders from being the largest paint. */
function noise(width: number, height: number): Buffer {
  const pixels = Buffer.alloc(width * height * 3).map((_, i) => (i * 7919) % 251);
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54 + pixels.length, 2);
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  return Buffer.concat([header, pixels]);
}

/** The address of a page that nobody has visited yet. */
function fresh(name: string): string {
  released = new Promise((done) => (release = done));
  return `${pages.url}/${++visit}/${name}`;
}

async function open(name: string, { hidden = false } = {}): Promise<Page> {
  const address = fresh(name);
  const page = await browser.newPage();
  if (hidden) await page.hide();
  if (name) await page.goto(address);
  return page;
}

/**
 * Waits until what happened so far was painted, told to all observers, and dealt with by both measurements when the page was
 * idle, for which each asks up to twice. With their time-out: Chromium may call a page that was hidden and shown again idle only then.
 */
const settle = (page: Page): Promise<unknown> =>
  page.evaluate(`new Promise((done) => {
    const steps = [...'ffttiiii'].map((step) => ({ f: requestAnimationFrame, t: (next) => setTimeout(next, 50), i: (next) => (window.requestIdleCallback || setTimeout)(next, window.requestIdleCallback && { timeout: 1000 }) })[step]);
    const next = () => (steps.length ? steps.shift()(next) : done());
    next();
  })`);

const painted = (page: Page): Promise<void> => page.waitFor('window.google?.some((vital) => vital.name == "fcp")');

/** What both have reported of the page so far, once all of it has come to the collector. */
async function measured(page: Page, wanted = (_: Vital): boolean => true): Promise<Both> {
  const google = await page.evaluate<Vital[]>('google');
  assert.deepEqual(page.errors(), []);
  assert.deepEqual(page.console(), []);
  return { google, ours: await collected(google.length, wanted) };
}

/** Of these vitals those that the engine has the entries for. */
const of = (names: string): string =>
  names.split(' ').filter((name) => has(({ cls: 'layout-shift', lcp: 'largest-contentful-paint', inp: 'PerformanceEventTiming.interactionId' })[name] ?? 'paint')).join(' ');

const PREFIX = /^(browser|farol)\.web_vital\./;

/** The vitals of this visit that came out of the collector, in the order in which they were made. */
async function collected(count: number, wanted = (_: Vital): boolean => true): Promise<Vital[]> {
  const vitals = (): Vital[] => {
    const items = collector.items().filter(({ name, attributes }) =>
      name === 'browser.web_vital' && String(attributes['browser.document.url.full']).startsWith(`${pages.url}/${visit}/`));
    items.sort((a, b) => a.time - b.time || a.sequence - b.sequence);
    return items.map(({ attributes }) => Object.fromEntries(
      Object.entries(attributes).filter(([key]) => PREFIX.test(key)).map(([key, value]) => [key.replace(PREFIX, ''), value as string | number]))).filter(wanted);
  };
  await collector.until(() => vitals().length >= count, `${count} vitals of ${pages.url}/${visit}/`).catch(() => {});
  return vitals();
}

test('text is the largest paint, and nothing that moved is reported as 0', async () => {
  const page = await open('text.html');
  await painted(page);
  await page.hide();
  const both = await measured(page);
  assert.equal(same(both), of('cls fcp lcp ttfb'));
  if (has('largest-contentful-paint')) assert.equal(last(both.ours, 'lcp')['element'], 'html>body>h1.a.b');
  if (has('layout-shift')) assert.equal(last(both.ours, 'cls')['value'], 0);
  await page.close();
});

test('a late image is the largest paint, and its request explains it', async () => {
  const page = await open('late-image.html');
  await page.waitFor('document.images[0].complete');
  await settle(page);
  await page.hide();
  const both = await measured(page);
  same(both);
  const lcp = last(both.ours, 'lcp');
  assert.match(String(lcp['resource_url']), /late\.bmp$/);
  assert.equal(lcp['resource_initiator_type'], 'img');
  assert.ok(Number(lcp['resource_load_duration']) > 0);
  await page.close();
});

test('an input before the late image ends the measurement with the text', async () => {
  const page = await open('');
  const loaded = page.goto(`${pages.url}/${visit}/input-first.html`);
  await painted(page);
  await settle(page);
  await page.click('#early');
  await settle(page);
  release();
  await loaded;
  await settle(page);
  await page.hide();
  const both = await measured(page);
  same(both);
  assert.equal(last(both.ours, 'lcp')['element'], '#early');
  await page.close();
});

test('a largest element that is gone is named by the id that its entry kept', async () => {
  const page = await open('removed.html');
  await painted(page);
  await settle(page);
  await page.hide();
  const both = await measured(page);
  same(both);
  assert.equal(last(both.ours, 'lcp')['element'], '#gone');
  await page.close();
});

test('shifts add up within bursts, and those after an input do not count', async () => {
  const page = await open('shifts.html');
  await painted(page);
  await page.click('#b');
  await page.waitFor('window.done');
  await settle(page);
  await page.hide();
  const both = await measured(page);
  same(both);
  const cls = last(both.ours, 'cls');
  assert.ok(Number(cls['value']) > Number(cls['largest_shift_value']));
  assert.ok(cls['largest_shift_target']);
  await page.close();
});

test('slow handlers of pointer and keyboard are explained, each time the page is hidden', async () => {
  const page = await open('slow.html');
  await painted(page);
  await page.click('.go');
  await settle(page);
  await page.hide();
  await page.show();
  await page.evaluate('void (window.ms = 400)');
  await page.click('.field');
  // Else the key's handler would keep the click from being painted.
  await settle(page);
  await page.press('ArrowLeft');
  await settle(page);
  await page.hide();
  await page.show();
  await page.evaluate('void (window.ms = 600)');
  await page.click('.go');
  await settle(page);
  await page.hide();
  const both = await measured(page);
  same(both);
  const inp = both.ours.filter((vital) => vital['name'] === 'inp');
  assert.deepEqual(inp.map((vital) => vital['interaction_type']), ['pointer', 'keyboard', 'pointer']);
  assert.equal(inp[0]!['interaction_target'], 'html>body>div.bar>button.go.x');
  if (!has('long-animation-frame')) return page.close();
  assert.ok(Number(inp[0]!['total_script_duration']) > 0);
  assert.ok(inp[0]!['longest_script_subpart']);
  await page.close();
});

test('a page that is hidden right after an interaction reports what observers still hold', async () => {
  const page = await open('slow.html');
  await painted(page);
  await page.click('.go');
  // A report at the first hiding cannot explain what the browser has not yet said, and there is no second one of the same value.
  await page.waitFor(`performance.getEntriesByType('long-animation-frame').some(({ scripts }) => scripts.some(({ invokerType }) => invokerType === 'event-listener'))`, { what: 'the long frame' });
  await page.hide();
  await page.show();
  await page.hide();
  same(await measured(page));
  await page.close();
});

test('events that are no interactions count for the frame that they delay', async () => {
  const page = await open('slow.html');
  await painted(page);
  await page.click('.hover');
  await settle(page);
  await page.click('#vanish');
  await settle(page);
  await page.hide();
  const both = await measured(page);
  same(both);
  assert.ok(last(both.ours, 'inp'));
  await page.close();
});

test('fifty interactions excuse the longest, and the value falls', async () => {
  const page = await open('slow.html');
  await painted(page);
  for (const ms of [120, 240]) {
    await page.evaluate(`void (window.ms = ${ms})`);
    await page.click('.go');
    await settle(page);
  }
  await page.hide();
  await page.show();
  for (let i = 0; i < 52; i++) await page.click('#quick');
  await settle(page);
  await page.hide();
  const both = await measured(page);
  same(both);
  assert.ok(Number(last(both.ours, 'inp')['delta']) < 0, JSON.stringify(both.ours));
  await page.close();
});

test('a page hidden while it loads reports no paint, until it comes back from the cache', async () => {
  const page = await open('');
  const loaded = page.goto(`${pages.url}/${visit}/blocked.html`);
  await page.waitFor('window.google');
  await page.hide();
  release();
  await loaded;
  await page.show();
  await page.waitFor('performance.getEntriesByName("first-contentful-paint")[0]');
  await settle(page);
  await page.hide();
  assert.equal(same(await measured(page)), of('ttfb'));
  await page.show();
  await page.goto(`${pages.url}/${visit}/second.html`);
  await page.back();
  await painted(page);
  await settle(page);
  await page.hide();
  const both = await measured(page);
  assert.equal(same(both), of('cls fcp lcp ttfb'));
  assert.equal(last(both.ours, 'fcp')['navigation_type'], RESTORED);
  await page.close();
});

test('a page opened in the background reports no paint', async () => {
  const page = await open('text.html', { hidden: true });
  await page.show();
  await page.waitFor('performance.getEntriesByName("first-contentful-paint")[0]');
  await settle(page);
  await page.hide();
  assert.equal(same(await measured(page)), of('ttfb'));
  await page.close();
});

test('back and forward from the cache is measured anew each time', async () => {
  const page = await open('slow.html');
  await painted(page);
  await page.click('.go');
  await settle(page);
  for (let times = 1; times <= 2; times++) {
    await page.goto(`${pages.url}/${visit}/second.html`);
    await page.back();
    await page.waitFor(`window.google?.filter((vital) => vital.name == 'lcp' && vital.navigation_type == '${RESTORED}').length == ${times}`);
    await settle(page);
    // Too short for an entry: only counted, the second time.
    await page.click(times === 1 ? '.go' : '#quick');
    await settle(page);
  }
  await page.hide();
  const both = await measured(page);
  assert.equal(same(both), of('cls fcp inp lcp ttfb'));
  assert.equal(last(both.ours, 'inp')['navigation_type'], RESTORED);
  await page.close();
});

test('a navigation within the document has vitals of its own, and they say of which page they are', async () => {
  const page = await open('soft.html');
  await painted(page);
  await settle(page);
  for (const number of [1, 2]) {
    await page.click('#next');
    await page.waitFor(`window.google?.filter(({ name, navigation_type }) => name == 'fcp' && navigation_type == 'soft-navigation').length == ${number}`);
    await settle(page);
    await page.click('#slow');
    await page.waitFor(`window.moved == ${number}`);
    await settle(page);
  }
  await page.hide();
  const both = await measured(page);
  assert.equal(same(both), of('cls fcp inp lcp ttfb'));
  const soft = both.ours.filter((vital) => vital['navigation_type'] === 'soft-navigation');
  for (const name of ['cls', 'fcp', 'inp', 'lcp', 'ttfb']) assert.equal(soft.filter((vital) => vital['name'] === name).length, 2, name);
  assert.deepEqual(soft.filter(({ name }) => name === 'lcp').map(({ element }) => element), ['#text-1', '#text-2']);
  const addresses = collector.items().filter(({ attributes }) => attributes['browser.web_vital.navigation_type'] === 'soft-navigation' && String(attributes['browser.document.url.full']).startsWith(`${pages.url}/${visit}/`))
    .map(({ attributes }) => `${attributes['browser.web_vital.name']} ${String(attributes['browser.document.url.full']).split('/').pop()}`);
  assert.deepEqual(addresses.sort(), ['cls', 'fcp', 'inp', 'lcp', 'ttfb'].flatMap((name) => [`${name} page-1`, `${name} page-2`]));
  await page.close();
});

test('a reload says so', async () => {
  const page = await open('text.html');
  await page.reload();
  await painted(page);
  await page.hide();
  // The page before it has its own.
  const both = await measured(page, (vital) => vital['navigation_type'] === 'reload');
  assert.equal(same(both), of('cls fcp lcp ttfb'));
  await page.close();
});

test('a prerendered page counts from its activation', async () => {
  const result = new Promise<string>((done) => (reported = done));
  const stop = undriven(fresh('prerender.html'));
  const google: Vital[] = JSON.parse(await result);
  const ours = await collected(google.length);
  await stop();
  assert.equal(same({ google, ours }), of('cls fcp lcp ttfb'));
  for (const vital of ours) assert.equal(vital['navigation_type'], 'prerender');
});
