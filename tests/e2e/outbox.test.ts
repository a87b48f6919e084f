/** What a page captured comes, each item once, whatever happens between it and the collector: now, or by a later page of its origin. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach } from 'node:test';
import { test } from './driver/cases.js';
import { startCollector, type Collector } from './driver/collector.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { gaps, type Item } from './driver/otlp.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site, type Site } from './driver/server.js';
import { second, still, stored as storedFor, way, type Fate, type Way } from './losses/way.js';

let browser: Browser;
let collector: Collector;
let between: Way;
let own: Site;
/** The second file does not come. */
let cut = false;

before(async () => {
  const files = sdkFiles();
  own = await site((_, path) => {
    if (cut && path.startsWith('/farol-more-')) return { cut };
    const file = files.get(path.split('?')[0]!);
    if (file) return script(file);
    switch (path.split('?')[0]) {
      case '/': return html('<script src="/farol.js"></script><script src="/start.js"></script>');
      case '/start.js': return script(`
        window.told = [];
        const capture = { vitals: false, navigation: false, frames: false };
        window.client = Farol.init({ url: '${between.url}', app: { name: 'shop' }, capture, onDiagnostic: (code) => told.push(code) });`);
      default: return undefined;
    }
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  own?.close();
});

beforeEach(async () => {
  cut = false;
  collector = await startCollector();
  between = await way(collector.url);
});
afterEach(async () => {
  between.close();
  await collector.stop();
});

const logs = (items: Item[]): string[] => items.filter(({ body }) => String(body).startsWith('log')).map(({ body }) => String(body)).sort();
const log = (page: Page, ...names: string[]): Promise<unknown> =>
  page.evaluate((names) => Promise.all(names.map((name) => ((window as any).client.log(name), (window as any).client.flush()))), names);
const stored = (page: Page, some: boolean): Promise<unknown> => storedFor(page, some, between.url);

async function comes(...names: string[]): Promise<void> {
  await collector.until((items) => names.every((name) => logs(items).includes(name)), names.join(', '), 60_000);
  const page = await browser.newPage();
  await page.goto(own.url);
  const items = await still(page, between, collector, 'log ');
  await page.close();
  assert.deepEqual(logs(items), [...names].sort(), 'each once');
  assert.deepEqual(gaps(items), []);
}

test('what a page could not deliver, the next page of its tab delivers', async () => {
  const page = await browser.newPage();
  await page.goto(own.url);
  between.fate = () => 'is cut off';
  await log(page, 'log 1', 'log 2');
  await stored(page, true);
  between.fate = () => 'passes';
  await page.goto(own.url);
  await comes('log 1', 'log 2');
  await page.close();
});

test('a tab that was closed is delivered by another', async () => {
  const one = await browser.newPage();
  await one.goto(own.url);
  between.fate = () => 'is cut off';
  await log(one, 'log closed');
  await stored(one, true);
  await one.close();
  between.fate = () => 'passes';
  const two = await browser.newPage();
  await two.goto(own.url);
  await comes('log closed');
  await two.close();
});

test('what a beacon took while the collector was away comes with the next page', async () => {
  // As in Firefox before 133.
  const page = await browser.newPage({ initScript: 'delete Request.prototype.keepalive' });
  await page.goto(own.url);
  await second(page);
  await log(page, 'log before');
  await stored(page, false);
  between.fate = () => 'is cut off';
  const sent = between.count;
  // The page is looked at by nobody, and lives: what it does about its outbox it does.
  await page.evaluate(`client.log('log last'); Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' }); dispatchEvent(new Event('visibilitychange'))`);
  await soon(() => between.count > sent, 'the beacon');
  await stored(page, true);
  between.fate = () => 'passes';
  await page.goto(own.url);
  await comes('log before', 'log last');
  await page.close();
});

test('a batch whose answer was lost is not counted twice', async () => {
  const page = await browser.newPage();
  await page.goto(own.url);
  between.fate = (n) => (n < 2 ? 'loses its answer' : 'passes');
  await log(page, 'log once');
  await page.waitFor(`performance.getEntriesByType('resource').filter(({ name }) => /try=3/.test(name)).length`, { what: 'the third try', timeout: 30_000 });
  await page.close();
  await comes('log once');
});

test('of requests that are refused, cut off, or lose their answer, all arrive', async () => {
  const page = await browser.newPage();
  await page.goto(own.url);
  const fates: Fate[] = ['is refused', 'is cut off', 'loses its answer'];
  between.fate = (n) => (n < 6 ? fates[n % 3]! : 'passes');
  const names = Array.from({ length: 12 }, (_, n) => `log ${n}`);
  await log(page, ...names);
  await comes(...names);
  assert.deepEqual(await page.evaluate('told'), []);
  await page.close();
});

test('of a page that dies at once the next delivers what was captured a moment before, though it was in no batch yet', async () => {
  const one = await browser.newPage();
  await one.goto(own.url);
  await second(one);
  await log(one, 'log before');
  await stored(one, false);
  const sent = between.count;
  await one.evaluate(`client.log('log killed')`);
  await stored(one, true);
  const cdp = await one.cdp();
  void cdp.send('Page.crash').catch(() => undefined);
  assert.equal(between.count, sent, 'the page did not send it');
  const two = await browser.newPage();
  await two.goto(own.url);
  await comes('log before', 'log killed');
  await two.close();
});

test('a visitor who says no leaves nothing behind', async () => {
  const page = await browser.newPage();
  await page.goto(own.url);
  between.fate = () => 'is cut off';
  await log(page, 'log secret');
  await stored(page, true);
  await page.evaluate(`client.setConsent('denied')`);
  await page.waitFor(`indexedDB.databases().then((all) => !all.some(({ name }) => name.startsWith('farol')))`, { what: 'the database to be gone' });
  between.fate = () => 'passes';
  await page.goto(own.url);
  await log(page, 'log later');
  await comes('log later');
  await page.close();
});

test('a second file that did not come is asked for again once there is a network, and what came before it is stored then', async () => {
  cut = true;
  const page = await browser.newPage();
  await page.goto(own.url);
  await page.waitFor('told.length', { what: 'a word about it' });
  between.fate = () => 'is cut off';
  await log(page, 'log without');
  await page.evaluate(`dispatchEvent(new Event('online'))`);
  await soon(() => own.seen.filter(({ path }) => path.startsWith('/farol-more-')).length > 1, 'the second file to be asked for again');
  cut = false;
  await page.waitFor(`dispatchEvent(new Event('online')), performance.getEntriesByType('resource').some(({ name, responseStart }) => responseStart && name.includes('/farol-more-'))`);
  await stored(page, true);
  await page.close();
  between.fate = () => 'passes';
  const other = await browser.newPage();
  await other.goto(own.url);
  await comes('log without');
  await other.close();
});

test('a collector that does not want the page is asked once, and the page is told once', async () => {
  const page = await browser.newPage();
  await page.goto(own.url);
  between.fate = () => 'is not wanted';
  await log(page, 'log 1');
  const asked = between.count;
  await log(page, 'log 2', 'log 3');
  assert.equal(between.count, asked);
  assert.deepEqual(await page.evaluate('told'), ['batch-refused']);
  await page.close();
});

test('where there is no database the page goes on without one, and says so', async () => {
  const page = await browser.newPage({ initScript: `Object.defineProperty(window, 'indexedDB', { get() { throw new Error('no'); } });` });
  await page.goto(own.url);
  await log(page, 'log plain');
  await comes('log plain');
  await page.waitFor(`told.length`, { what: 'a word about it' });
  assert.deepEqual(await page.evaluate('told'), ['outbox-off']);
  assert.deepEqual(page.errors(), []);
  await page.close();
});

test('a page that is hidden has half of what may outlive it for itself, and what is more of ours comes all the same', async () => {
  const page = await browser.newPage();
  await page.goto(own.url);
  await second(page);
  await log(page, 'log before');
  const names = Array.from({ length: 30 }, (_, n) => `log ${n} ${'x'.repeat(2000)}`);
  const took = await page.evaluate((names) => {
    const { client } = window as any;
    for (const name of names) client.log(name);
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    return navigator.sendBeacon('/own', 'b'.repeat(30_000));
  }, names);
  assert.equal(took, true);
  await comes('log before', ...names);
  await page.close();
});

/** A collector that takes nothing but what the browser sends by itself, which has no time of sending. */
async function later(run: (page: Page, came: () => { id: string; own: boolean }[], leave: () => Promise<void>) => Promise<void>, init = ''): Promise<void> {
  const files = sdkFiles();
  const taker = await site((method, path) => {
    const file = files.get(path.split('?')[0]!);
    if (file) return script(file);
    if (method === 'POST') return { status: /sent=/.test(path) ? 503 : 202 };
    if (path === '/start.js') return script(`${init}; window.client = Farol.init({ url: '/', capture: { vitals: false, navigation: false, frames: false } });`);
    return path === '/away' ? html('away') : html('<script src="/farol.js"></script><script src="/start.js"></script>');
  });
  const page = await browser.newPage();
  try {
    await page.goto(taker.url);
    // What leaves things with the browser is in the second file, which comes when the page is idle.
    await second(page);
    const posts = () => taker.seen.filter(({ method }) => method === 'POST');
    await run(page, () => posts().map(({ path }) => ({ id: /id=(\w+)/.exec(path)![1]!, own: /sent=/.test(path) })), () => page.goto(`${taker.url}/away`));
  } finally {
    await page.close();
    taker.close();
  }
}

const soon = async (holds: () => boolean, what: string): Promise<void> => {
  for (let n = 0; !holds(); n++) {
    assert.ok(n < 200, what);
    await new Promise((done) => setTimeout(done, 50));
  }
};

test('what waits for its next try is sent by the browser where the page dies', () =>
  later(async (page, came) => {
    await page.evaluate(`client.log('log left'), client.flush()`);
    await soon(() => came().some(({ own }) => own), 'the first try');
    // Its failure is dealt with in the same task as what waits for it here.
    await page.evaluate('client.flush()');
    const cdp = await page.cdp();
    void cdp.send('Page.crash').catch(() => undefined);
    await soon(() => came().some(({ own }) => !own), 'the browser');
    const ids = came();
    assert.deepEqual(ids.filter(({ own }) => !own).map(({ id }) => id), [ids[0]!.id], 'once, and under its id');
  }));

test('what nothing else takes when a page is left is left with the browser', () =>
  // Neither a request that outlives the page, because others of the page have used up what these may carry, nor a beacon.
  later(async (page, came, leave) => {
    await page.evaluate(`client.flush()`);
    await soon(() => came().length > 0, 'the first try');
    const before = new Set(came().map(({ id }) => id));
    await page.evaluate(`window[Symbol.for('farol.patch/1')].bytes = 65536, client.log('log at last')`);
    await leave();
    await soon(() => came().some(({ id, own }) => !own && !before.has(id)), 'the browser');
  }, 'navigator.sendBeacon = () => false'));
