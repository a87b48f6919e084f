/** A click on a link leaves the page: what is told then has no later, as the page that follows knows nothing of Farol. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { startCollector, type Collector } from './driver/collector.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { gaps, type Item } from './driver/otlp.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site, type Site } from './driver/server.js';

/** Visits of each test: what was lost was lost of one visit in eight. */
const VISITS = 12;

let browser: Browser;
let collector: Collector;
let own: Site;
let other: Site;

const files = sdkFiles();
const late = [...files.keys()].filter((path) => /^\/farol-(more|extra)-/.test(path));

/** Notes each request of ours once the page is being left, where the next page of the origin finds it. */
const NOTES = `{
  let left = false;
  addEventListener('pagehide', () => (left = true), true);
  addEventListener('visibilitychange', () => (left ||= document.visibilityState == 'hidden'), true);
  const native = window.fetch;
  window.fetch = function (url, init) {
    if (left && /collect/.test(url)) localStorage.sent = (localStorage.sent || '') + (init.keepalive ? 'k' : 'x');
    return native.apply(this, arguments);
  };
}`;

before(async () => {
  collector = await startCollector();
  other = await site(() => html('elsewhere'));
  own = await site((_, path) => {
    const file = files.get(path);
    if (file) return script(file);
    const [name, query] = path.split('?');
    if (name === '/next') return html('next');
    if (name !== '/') return undefined;
    return html(`<h1>page</h1><a id="same" href="/next">here</a> <a id="other" href="${other.url}/">there</a><script>${NOTES}</script><script src="/farol.js"></script>
      <script>window.farol = Farol.init({ url: '${collector.url}', app: { name: '${query}' }, outbox: false, capture: { forms: true, memory: true } });
        ${query!.startsWith('own') ? "addEventListener('pagehide', () => { for (let n = 0; n < 4; n++) farol.event('own ' + n); });" : ''}</script>`);
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const one of [own, other]) one?.close();
  await collector?.stop();
});

/** Visits by a click on that link; the answer is what was sent on leaving, by visit: `k` with keepalive, `x` without. */
async function visits(page: Page, app: string, link: string): Promise<string[]> {
  const sent: string[] = [];
  for (let visit = 0; visit < VISITS; visit++) {
    await page.goto(`${own.url}/?${app}`);
    await page.evaluate(`delete localStorage.sent`);
    for (const path of late) {
      await page.waitFor(`performance.getEntriesByType('resource').some(({ name, responseEnd }) => responseEnd && name.endsWith(${JSON.stringify(path)}))`);
      await page.evaluate(`import(${JSON.stringify(path)}).then(() => new Promise((done) => setTimeout(() => setTimeout(done))))`);
    }
    await page.click('#' + link);
    await page.waitFor(`location.href ${link === 'same' ? '==' : '!='} '${own.url}/next' && !location.search && document.readyState == 'complete'`);
    if (link !== 'same') await page.goto(`${own.url}/next`);
    sent.push(await page.evaluate<string>(`localStorage.sent || ''`));
  }
  return sent;
}

/** Of each visit all items came once, its last ones too. */
async function whole(app: string, wanted: string[]): Promise<Item[]> {
  const mine = (items: Item[]): Item[] => items.filter((item) => item.resource['service.name'] === app);
  const what = ({ name, attributes }: Item): string => String(attributes['farol.measurement.type'] ?? name);
  const items = mine(await collector.until(
    (items) => wanted.every((name) => mine(items).filter((item) => what(item).startsWith(name)).length >= VISITS), `${wanted} of ${VISITS} visits`, 15_000,
  ));
  assert.deepEqual(gaps(items), []);
  return items;
}

for (const link of ['same', 'other']) {
  test(`a click on a link to ${link === 'same' ? 'the same' : 'another'} origin is told whole, in a request that outlives the page`, async () => {
    const page = await browser.newPage();
    const sent = await visits(page, link, link);
    const items = await whole(link, ['browser.user_action.click', 'farol.sdk']);
    // What was under way goes once more, what the events that follow on the first one add by one of its own; where there is no keepalive, beacons go.
    for (const one of sent) assert.match(one, browser.engine === 'chromium' ? /^k{1,3}$/ : /^k{0,3}$/);
    const memory = items.filter(({ attributes }) => attributes['farol.measurement.type'] === 'farol.memory');
    assert.equal(memory.length, browser.engine === 'chromium' ? VISITS : 0, 'once a visit, though two events say that it ends');
    await page.close();
  });
}

test('what the page itself records when it is left comes, too', async () => {
  const page = await browser.newPage();
  const sent = await visits(page, 'own', 'same');
  await whole('own', ['browser.user_action.click', 'own 0', 'own 3']);
  for (const one of sent) assert.doesNotMatch(one, /x/);
  await page.close();
});
