/**
 * What a page captured against what came, item by item, for the ways in which telemetry is lost: each log has a name of its own, and each client
 * numbers its items. Where the page lived or came back all have to come, each once; where it never came back, 99 in 100 of the sessions whole. Nothing comes
 * twice, however late.
 *
 * LOSS_SESSIONS says how many of those; FAROL_FULL plays 1,000, and keeps the collector away for ten minutes in the place of ten seconds.
 */
import assert from 'node:assert/strict';
import { test } from './driver/cases.js';
import { gaps, type Item } from './driver/otlp.js';
import { html } from './driver/server.js';
import { names, say, stage } from './losses/stage.js';
import { aged, second, still, stored } from './losses/way.js';

const SESSIONS = Number(process.env['LOSS_SESSIONS'] ?? (process.env['FAROL_FULL'] ? 1000 : 8));
/** Of a hundred sessions that never came back, whole. */
const WHOLE = 99;
/** How long the last item may take: a page that was refused for ten seconds waits up to half a minute more. */
const PATIENCE = 60_000;
/** How long a collector is away that is not there at all, in ms; and how long a page may wait for its next try after that. */
const [AWAY, AGAIN] = process.env['FAROL_FULL'] ? [600_000, 360_000] : [10_000, PATIENCE];

const on = stage((between, path, query) => {
  const start = `<script src="/farol.js"></script><script>
    const capture = { vitals: false, navigation: false, frames: false };
    window.told = [];
    window.client = Farol.init({ url: '${between.url}', app: { name: 'shop' }, capture, onDiagnostic: (code) => told.push(code) });
    window.say = (text) => client.log(text);</script>`;
  switch (path) {
    case '/': return html(start);
    // It has gone before anything but the script itself ran.
    case '/leaves': return html(`${start}<script>say('${query}'); location.href = '/bare';</script>`);
    default: return undefined;
  }
});

const expected = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`).sort();

/** What came once nothing of that prefix is left anywhere. */
async function last(prefix: string): Promise<Item[]> {
  const page = await on.open();
  const items = await still(page, on.between, on.collector, prefix);
  await page.close();
  return items;
}

/** The same of pages that are gone: their visitor comes back a day later, and what they could not know to have come is sent again. */
async function back(prefix: string): Promise<Item[]> {
  const bare = await on.open('/bare');
  await aged(bare);
  await bare.close();
  return last(prefix);
}

/** All of `prefix0`, `prefix1`, … come, each once. */
async function all(prefix: string, count: number, patience = PATIENCE, end = last): Promise<void> {
  const wanted = expected(prefix, count);
  await on.collector.until((items) => names(items, prefix).length >= count, `${count} times ${prefix}`, patience);
  const items = await end(prefix);
  assert.deepEqual(names(items, prefix), wanted, 'each once');
  assert.deepEqual(gaps(items), []);
}

test('a collector that is away for ten seconds gets all of it', async () => {
  const page = await on.open();
  const back = Date.now() + 10_000;
  on.between.fate = () => (Date.now() < back ? 'is refused' : 'passes');
  await say(page, 'away-', 10);
  await page.evaluate('void client.flush()');
  await all('away-', 10);
  await page.close();
});

test('a collector that is not there at all gets all of it once it is', async () => {
  const page = await on.open();
  const back = Date.now() + AWAY;
  on.between.fate = () => (Date.now() < back ? 'is cut off' : 'passes');
  await say(page, 'gone-', 10);
  await page.evaluate('void client.flush()');
  await all('gone-', 10, AWAY + AGAIN);
  await page.close();
});

test('what a page captured without a network comes once it has one again', async () => {
  const page = await on.open();
  await second(page);
  await page.throttle({ offline: true });
  await page.waitFor('!navigator.onLine', { what: 'the browser to notice' });
  await say(page, 'offline-', 10);
  await page.evaluate('client.flush()');
  const sent = on.between.count;
  await say(page, 'offline-1', 10);
  await stored(page, true, on.between.url);
  assert.equal(on.between.count, sent);
  await page.throttle({ offline: false });
  await all('offline-', 20);
  await page.close();
});

test('where the network is gone before the second file came, all comes once there is one again, and what follows is stored', async () => {
  on.more = false;
  const page = await on.open();
  await page.waitFor(`told.includes('features-lost')`, { what: 'a word about it' });
  await page.throttle({ offline: true });
  await page.waitFor('!navigator.onLine', { what: 'the browser to notice' });
  await say(page, 'without-', 10);
  await page.evaluate('client.flush()');
  on.more = true;
  await page.throttle({ offline: false });
  await second(page);
  await all('without-', 10);
  on.between.fate = () => 'is cut off';
  await say(page, 'with-', 10);
  await page.evaluate('void client.flush()');
  await stored(page, true, on.between.url);
  on.between.fate = () => 'passes';
  await all('with-', 10);
  await page.close();
});

test('a renderer that is killed leaves all that it captured a second before', async () => {
  const one = await on.open();
  await second(one);
  on.between.fate = () => 'is cut off';
  await say(one, 'killed-', 20);
  await one.evaluate('new Promise((done) => setTimeout(done, 1000))');
  void (await one.cdp()).send('Page.crash').catch(() => undefined);
  on.between.fate = () => 'passes';
  const two = await on.open();
  await all('killed-', 20);
  await two.close();
});

test('a tab that was closed without a network is delivered when its visitor comes back the next day', async () => {
  const one = await on.open();
  await second(one);
  on.between.fate = () => 'is cut off';
  await say(one, 'day-', 10);
  await one.evaluate('void client.flush()');
  await stored(one, true, on.between.url);
  await one.close();
  on.between.fate = () => 'passes';
  const bare = await on.open('/bare');
  assert.ok((await aged(bare)) > 0);
  const two = await on.open();
  await all('day-', 10);
  for (const page of [bare, two]) await page.close();
});

test('a tab that is hidden and then frozen has sent what it had', async () => {
  const page = await on.open();
  await say(page, 'frozen-', 20);
  await page.hide();
  await (await page.cdp()).send('Page.setWebLifecycleState', { state: 'frozen' });
  await all('frozen-', 20, PATIENCE, async (prefix) => (await page.close(), back(prefix)));
});

test('twenty logs of 100 KB at once come', async () => {
  const page = await on.open();
  await say(page, 'large-', 20, 100_000);
  await all('large-', 20);
  await page.close();
});

test('of many pages that are left at once, what they had said comes', async () => {
  const page = await on.browser.newPage();
  for (let n = 0; n < SESSIONS; n++) {
    await page.goto(`${on.own.url}/leaves?left-${n}-0`, { until: 'commit' }).catch(() => undefined);
    await page.waitFor("location.pathname === '/bare'");
  }
  await whole('left-', 1);
  await page.close();
});

test('of many pages that are closed with 200 items waiting, all come', async () => {
  for (let n = 0; n < SESSIONS; n++) {
    const page = await on.open();
    await say(page, `closed-${n}-`, 200);
    await page.close();
  }
  await whole('closed-', 200);
});

test('of many pages that are closed with 60 KB waiting, all come', async () => {
  for (let n = 0; n < SESSIONS; n++) {
    const page = await on.open();
    await say(page, `full-${n}-`, 55, 1000);
    await page.close();
  }
  await whole('full-', 55);
});

test('of a page that is closed with more than a browser lets go, the errors come', async () => {
  const page = await on.open();
  await say(page, 'behind-', 200, 1000);
  await page.evaluate(`for (let n = 0; n < 5; n++) client.captureError(new Error('first-' + n))`);
  await page.close();
  await on.collector.until((items) => expected('first-', 5).every((name) => items.some(({ attributes }) => attributes['exception.message'] === name)), 'the errors', PATIENCE);
});

/** Of the sessions that never came back almost all have to be whole, each with all that it said; nothing comes twice. */
async function whole(prefix: string, each: number): Promise<void> {
  const wanted = Math.ceil((SESSIONS * WHOLE) / 100);
  const sessions = Array.from({ length: SESSIONS }, (_, n) => expected(`${prefix}${n}-`, each));
  const complete = (items: Item[]): number => {
    const came = new Set(names(items, prefix));
    return sessions.filter((said) => said.every((name) => came.has(name))).length;
  };
  await on.collector.until((items) => complete(items) >= wanted, `${wanted} of ${SESSIONS} sessions with ${each} times ${prefix}`, PATIENCE);
  const came = names(await back(prefix), prefix);
  assert.equal(new Set(came).size, came.length, 'none twice');
}
