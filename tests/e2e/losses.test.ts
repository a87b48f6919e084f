/**
 * What a page captured against what came, item by item, for the ways in which telemetry is lost: each log has a name of its own, and each client
 * numbers its items. Where the page lived or came back all have to come, each once; where it never came back, 99 in 100 of the sessions whole.
 *
 * LOSS_SESSIONS says how many of those; FAROL_FULL plays 1,000.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import { test } from './driver/cases.js';
import { startCollector, type Collector } from './driver/collector.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { gaps, type Item } from './driver/otlp.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site, type Site } from './driver/server.js';
import { stored, way, type Way } from './losses/way.js';

const SESSIONS = Number(process.env['LOSS_SESSIONS'] ?? (process.env['FAROL_FULL'] ? 1000 : 8));
/** Of a hundred sessions that never came back, whole. */
const WHOLE = 99;
/** How long the last item may take: a page that was refused for ten seconds waits up to half a minute more. */
const PATIENCE = 60_000;

let browser: Browser;
let collector: Collector;
let between: Way;
let own: Site;

before(async () => {
  const files = sdkFiles();
  collector = await startCollector();
  between = await way(collector.url);
  own = await site((_, path) => {
    const file = files.get(path);
    if (file) return script(file);
    const [name, query = ''] = path.split('?');
    const start = `<script src="/farol.js"></script><script>
      const capture = { vitals: false, navigation: false, frames: false };
      window.client = Farol.init({ url: '${between.url}', app: { name: 'shop' }, capture });</script>`;
    switch (name) {
      case '/': return html(start);
      // It has gone before anything but the script itself ran.
      case '/leaves': return html(`${start}<script>client.log('${query}'); location.href = '/bare';</script>`);
      case '/bare': return html('');
      default: return undefined;
    }
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  own?.close();
  between?.close();
  await collector?.stop();
});

beforeEach(() => {
  between.fate = () => 'passes';
});

const names = (items: Item[], prefix: string): string[] => items.map(({ body }) => String(body).split(' ')[0]!).filter((name) => name.startsWith(prefix)).sort();
const expected = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`).sort();

/** All of `prefix0`, `prefix1`, … come, each once. */
async function all(prefix: string, count: number): Promise<void> {
  const wanted = expected(prefix, count);
  const items = await collector.until((items) => names(items, prefix).length >= count, `${count} times ${prefix}`, PATIENCE);
  assert.deepEqual(names(items, prefix), wanted, 'each once');
  assert.deepEqual(gaps(items), []);
}

async function open(path = '/'): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(own.url + path);
  return page;
}

/** `count` logs at once, of so many more bytes each. */
const log = (page: Page, prefix: string, count: number, bytes = 0): Promise<unknown> =>
  page.evaluate(`{ const filler = ' '.repeat(${+(bytes > 0)}) + 'x'.repeat(${bytes}); for (let n = 0; n < ${count}; n++) client.log('${prefix}' + n + filler); }`);

test('a collector that is away for ten seconds gets all of it', async () => {
  const page = await open();
  const back = Date.now() + 10_000;
  between.fate = () => (Date.now() < back ? 'is refused' : 'passes');
  await log(page, 'away-', 10);
  await page.evaluate('void client.flush()');
  await all('away-', 10);
  await page.close();
});

test('a tab that was closed without a network is delivered when its visitor comes back the next day', async () => {
  const one = await open();
  between.fate = () => 'is cut off';
  await log(one, 'day-', 10);
  await one.evaluate('void client.flush()');
  await stored(one, true, between.url);
  await one.close();
  between.fate = () => 'passes';
  const bare = await open('/bare');
  // A day passes: for what is stored it is all one whether the clock goes on or its times go back.
  const aged = await bare.evaluate(async (day: number) => {
    const open = indexedDB.open('farol:1:shop');
    await new Promise((done) => (open.onsuccess = done));
    const store = open.result.transaction('batches', 'readwrite').objectStore('batches');
    const read = <T>(request: IDBRequest<T>): Promise<T> => new Promise((done) => (request.onsuccess = () => done(request.result)));
    const [keys, rows] = [(await read(store.getAllKeys())) as [number, number, number, string][], await read(store.getAll())];
    for (const [n, [error, at, bytes, id]] of keys.entries()) {
      store.delete([error, at, bytes, id]);
      store.put({ ...rows[n], page: rows[n].page - day, until: rows[n].until - day, wait: 0 }, [error, at - day, bytes, id]);
    }
    await new Promise((done) => (store.transaction.oncomplete = done));
    open.result.close();
    return keys.length;
  }, 24 * 3_600_000);
  assert.ok(aged > 0);
  const two = await open();
  await all('day-', 10);
  await stored(two, false, between.url);
  for (const page of [bare, two]) await page.close();
});

test('a tab that is hidden and then frozen has sent what it had', async () => {
  const page = await open();
  await log(page, 'frozen-', 20);
  await page.hide();
  await (await page.cdp()).send('Page.setWebLifecycleState', { state: 'frozen' });
  await all('frozen-', 20);
  await page.close();
});

test('twenty logs of 100 KB at once come', async () => {
  const page = await open();
  await log(page, 'large-', 20, 100_000);
  await all('large-', 20);
  await page.close();
});

test('of many pages that are left at once, what they had said comes', async () => {
  const page = await browser.newPage();
  for (let n = 0; n < SESSIONS; n++) {
    await page.goto(`${own.url}/leaves?left-${n}`, { until: 'commit' }).catch(() => undefined);
    await page.waitFor("location.pathname === '/bare'");
  }
  await whole('left-', 1);
  await page.close();
});

test('of many pages that are closed with 200 items waiting, all come', async () => {
  for (let n = 0; n < SESSIONS; n++) {
    const page = await open();
    await log(page, `closed-${n}-`, 200);
    await page.close();
  }
  await whole('closed-', 200);
});

/** Of the sessions that never came back almost all have to be whole; nothing comes twice. */
async function whole(prefix: string, each: number): Promise<void> {
  const wanted = Math.ceil((SESSIONS * WHOLE) / 100) * each;
  const items = await collector.until((items) => names(items, prefix).length >= wanted, `${wanted} of ${SESSIONS * each} times ${prefix}`, PATIENCE);
  const came = names(items, prefix);
  assert.equal(new Set(came).size, came.length, 'none twice');
}
