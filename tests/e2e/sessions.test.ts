/** Whose session it is: of a tab, of a visitor with several tabs, of a copy of a tab, and of a frame that may not store anything. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { startCollector, type Collector } from './driver/collector.js';
import { launch, type Browser, type Page } from './driver/index.js';
import type { Item } from './driver/otlp.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site, type Site } from './driver/server.js';
import { undriven } from './driver/undriven.js';

/** What is not to be stored is not kept for the way back. */
const KEPT = { 'cache-control': 'no-cache' };

let browser: Browser;
let collector: Collector;
let own: Site;
let count = 0;
/** When a page that is rendered ahead was. */
let ahead = 0;

before(async () => {
  collector = await startCollector();
  const files = sdkFiles();
  own = await site((_, path) => {
    const [name, query = ''] = path.split('?') as [string, string?];
    const file = files.get(name);
    if (file) return { ...script(file), headers: { ...script(file).headers, 'access-control-allow-origin': '*' } };
    switch (name) {
      case '/': return html(`<script src="/farol.js"></script><script src="/start.js?${query}"></script><a id="other" href="/?${query}" target="_blank" rel="opener">other</a>`, KEPT);
      case '/ahead': return html(`<script type="speculationrules">{ "prerender": [{ "urls": ["/?${query}&next"], "eagerness": "immediate" }] }</script>
        <script src="/farol.js"></script><script src="/start.js?${query}"></script><script>
          setInterval(() => fetch('/ready').then(({ ok }) => ok && (location.href = '/?${query}&next')), 100);</script>`, KEPT);
      // The page that is rendered ahead has all of its files, and has had the time to run them.
      case '/ready': return { status: ahead && Date.now() > ahead + 1000 ? 200 : 404 };
      case '/ahead.js': ahead = Date.now(); return script('');
      case '/framed': return html(`<iframe sandbox="allow-scripts" src="/?${query}"></iframe>`);
      case '/start.js': {
        const given = new URLSearchParams(query);
        const app = given.get('app');
        return script(`window.told = []; window.farol = Farol.init({ url: '${collector.url}', app: { name: '${app}' }, session: { storage: '${given.get('storage') ?? 'tab'}' }, consent: '${given.get('consent') ?? 'granted'}',
          onDiagnostic: (code, detail) => told.push(code + ' ' + detail) });
          if (document.prerendering) farol.event('ahead'), document.head.append(Object.assign(document.createElement('script'), { src: '/ahead.js' }));`);
      }
      default: return undefined;
    }
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  own?.close();
  await collector?.stop();
});

const address = (app: string, storage: string): string => `${own.url}/?app=${app}&storage=${storage}`;
const fresh = (): string => `session-${++count}`;
const id = (page: Page): Promise<string> => page.evaluate<string>('farol.sessionId()');
const said = (page: Page, name: string): Promise<unknown> => page.evaluate((name) => ((window as any).farol.event(name), (window as any).farol.flush()), name);

/** Items of the app by their session, once all these events are there. */
async function sessions(app: string, ...names: string[]): Promise<{ all: Item[]; of: (name: string) => unknown }> {
  const mine = (items: Item[]): Item[] => items.filter((item) => item.resource['service.name'] === app);
  const all = mine(await collector.until((items) => names.every((name) => mine(items).some((item) => item.name === name)), names.join(', ')));
  return { all, of: (name) => all.find((item) => item.name === name)?.attributes['session.id'] };
}

/** A tab that finds nothing in the storage at its start, as one that starts at the same moment does. */
const AT_ONCE = `{
  const { getItem } = Storage.prototype;
  let first = true;
  Storage.prototype.getItem = function (key) {
    if (first && /^farol:1:[^:]*$/.test(key)) return first = false, null;
    return getItem.call(this, key);
  };
}`;

test('tabs of one visitor have one session, whichever came first, and it outlives them', async () => {
  const app = fresh();
  const one = await browser.newPage();
  await one.goto(address(app, 'visitor'));
  const two = await browser.newPage();
  await two.goto(address(app, 'visitor'));
  const session = await id(one);
  assert.equal(await id(two), session);
  await said(one, 'one');
  await said(two, 'two');
  await one.close();
  await two.close();
  const three = await browser.newPage();
  await three.goto(address(app, 'visitor'));
  assert.equal(await id(three), session);
  await said(three, 'three');
  assert.deepEqual(await three.evaluate('[told, Object.keys(sessionStorage).filter((key) => !/here|left|config/.test(key))]'), [[], []]);
  await three.close();
  const { all, of } = await sessions(app, 'one', 'two', 'three');
  assert.deepEqual(['one', 'two', 'three'].map(of), [session, session, session]);
  assert.equal(all.filter(({ name }) => name === 'session.start').length, 1);
});

test('tabs that start at the same moment come to one session before anything leaves them', async () => {
  const app = fresh();
  const pages = await Promise.all([1, 2, 3].map(() => browser.newPage({ initScript: AT_ONCE })));
  await Promise.all(pages.map((page) => page.goto(address(app, 'visitor'))));
  for (const [n, page] of pages.entries()) await page.evaluate((n) => (window as any).farol.event('tab ' + n), n);
  const all = (): Promise<string[]> => Promise.all(pages.map(id));
  for (const page of pages) await page.waitFor(`localStorage.getItem('farol:1:${app}')?.endsWith(farol.sessionId())`, { what: 'one session' });
  const ids = await all();
  assert.equal(new Set(ids).size, 1, ids.join());
  for (const page of pages) await page.evaluate('farol.flush()');
  const { of } = await sessions(app, 'tab 0', 'tab 1', 'tab 2');
  assert.deepEqual(['tab 0', 'tab 1', 'tab 2'].map(of), [ids[0], ids[0], ids[0]]);
  for (const page of pages) {
    assert.deepEqual(await page.evaluate('told'), []);
    await page.close();
  }
});

test('a session that is ended in one tab is over in all, and who comes back to a tab is in the next one', async () => {
  const app = fresh();
  const [one, two] = [await browser.newPage(), await browser.newPage()];
  for (const page of [one, two]) await page.goto(address(app, 'visitor'));
  const before = await id(two);
  await one.evaluate('farol.endSession()');
  await two.waitFor(`farol.sessionId() !== '${before}'`, { what: 'the next session' });
  assert.equal(await id(two), await id(one));
  await said(two, 'after');
  const { of } = await sessions(app, 'after');
  assert.equal(of('after'), await id(one));
  await one.close();
  await two.close();
});

test('a page whose session its visitor shares is kept for the way back', async () => {
  for (const storage of ['visitor', 'tab']) {
    const page = await browser.newPage();
    await page.goto(address(fresh(), storage));
    await page.evaluate(`addEventListener('pageshow', ({ persisted }) => { window.back = persisted; })`);
    const session = await id(page);
    await page.goto(`${own.url}/framed?app=${fresh()}`);
    await page.back();
    assert.equal(await page.waitFor('window.back'), true, storage);
    assert.equal(await id(page), session);
    await page.close();
  }
});

test('a tab that was opened by another, with a copy of its storage, has a session of its own', async () => {
  const app = fresh();
  const page = await browser.newPage();
  await page.goto(address(app, 'tab'));
  await page.waitFor(`sessionStorage['farol:1:${app}:here']`);
  const session = await id(page);
  await page.evaluate(`other.onclick = (event) => { event.preventDefault(); window.other = open(other.href); }`);
  await page.click('#other');
  await page.waitFor(`window.other.farol && other.farol.sessionId() !== farol.sessionId()`, { what: 'a session of its own' });
  assert.equal(await id(page), session);
  const copy = await page.evaluate<string>(`other.farol.event('copy'), other.farol.flush().then(() => other.farol.sessionId())`);
  await said(page, 'original');
  const { all, of } = await sessions(app, 'copy', 'original');
  assert.deepEqual([of('copy'), of('original')], [copy, session]);
  assert.equal(all.filter(({ attributes, name }) => attributes['session.id'] === session && name === 'session_resume').length, 0, 'nothing of it is told of the other tab');
  await page.evaluate('other.close()');
  await page.close();
});

test('a tab that was not copied goes on with its session: another page, a reload, the way back', async () => {
  const app = fresh();
  const page = await browser.newPage();
  await page.goto(address(app, 'tab'));
  await page.waitFor(`sessionStorage['farol:1:${app}:here']`);
  const session = await id(page);
  const same = async (): Promise<void> => {
    await page.waitFor(`sessionStorage['farol:1:${app}:here'] == performance.timeOrigin`);
    assert.equal(await id(page), session);
  };
  await page.goto(address(app, 'tab') + '&next');
  await same();
  await page.reload();
  await same();
  await page.back();
  await same();
  // A frame of the same origin is in the same tab.
  await page.evaluate(`new Promise((done) => { const frame = document.createElement('iframe'); frame.src = location.href; frame.onload = done; document.body.append(frame); })`);
  await page.waitFor(`frames[0].performance.getEntriesByType('resource').some(({ name }) => /farol-more/.test(name))`);
  assert.equal(await page.evaluate('frames[0].farol.sessionId()'), session);
  await same();
  await page.close();
});

test('a page that was rendered ahead of its visit goes on with the session of its tab', async () => {
  const app = fresh();
  const stop = undriven(`${own.url}/ahead?app=${app}`);
  try {
    const { all, of } = await sessions(app, 'session.start', 'ahead');
    assert.equal(of('ahead'), of('session.start'));
    assert.deepEqual(all.filter(({ name }) => name === 'session_extend'), []);
  } finally {
    await stop();
  }
});

test('who agrees on each page anew stays in the session of all tabs', async () => {
  const app = fresh();
  const [one, two] = [await browser.newPage(), await browser.newPage()];
  await one.goto(address(app, 'visitor'));
  await one.waitFor(`localStorage.getItem('farol:1:${app}')`);
  const session = await id(one);
  await two.goto(address(app, 'visitor') + '&consent=pending');
  assert.notEqual(await id(two), session);
  await two.evaluate(`farol.event('asked'), farol.setConsent('granted')`);
  await two.waitFor(`farol.sessionId() === '${session}'`);
  assert.equal(await two.evaluate<string>(`localStorage.getItem('farol:1:${app}').slice(32)`), session);
  assert.equal(await id(one), session);
  await said(two, 'two');
  await said(one, 'one');
  const { of } = await sessions(app, 'asked', 'one', 'two');
  assert.deepEqual(['one', 'two'].map(of), [session, session]);
  await one.close();
  await two.close();
});

test('who agrees on each page anew stays in the session of the tab, and a copy of it has its own', async () => {
  const app = fresh();
  const page = await browser.newPage();
  const ids: string[] = [];
  for (const n of [1, 2, 3]) {
    await page.goto(address(app, 'tab') + '&consent=pending&page=' + n);
    await page.waitFor(`performance.getEntriesByType('resource').some(({ name }) => /farol-more/.test(name))`);
    await page.evaluate(`farol.event('asked ${n}'), farol.setConsent('granted')`);
    await page.waitFor(`sessionStorage['farol:1:${app}:here'] == performance.timeOrigin`, { what: 'the second file' });
    await said(page, `agreed ${n}`);
    ids.push(await id(page));
  }
  assert.deepEqual(ids, [ids[0], ids[0], ids[0]]);
  await page.evaluate(`other.onclick = (event) => { event.preventDefault(); window.other = open(other.href); }`);
  await page.click('#other');
  await page.waitFor(`window.other.farol && other.performance.getEntriesByType('resource').some(({ name }) => /farol-more/.test(name))`);
  await page.evaluate(`other.farol.event('asked a copy'), other.farol.setConsent('granted')`);
  await page.waitFor(`other.sessionStorage['farol:1:${app}:here'] == other.performance.timeOrigin`, { what: 'the copy’s second file' });
  const copy = await page.evaluate<string>('other.farol.flush().then(() => other.farol.sessionId())');
  assert.notEqual(copy, ids[0]);
  assert.equal(await id(page), ids[0]);
  const asked = ['asked 1', 'asked 2', 'asked 3'];
  const { all, of } = await sessions(app, ...asked, 'agreed 3', 'asked a copy');
  assert.deepEqual([...asked, 'agreed 3'].map(of), [ids[0], ids[0], ids[0], ids[0]]);
  assert.equal(of('asked a copy'), copy);
  assert.equal(all.filter(({ name }) => name === 'session.start').length, 1);
  assert.deepEqual(all.filter(({ name }) => name === 'session_extend').map(({ attributes }) => attributes['session.id']), [copy]);
  await page.evaluate('other.close()');
  await page.close();
});

test('a no that is known at the start leaves nothing of an earlier visit', async () => {
  const app = fresh();
  const page = await browser.newPage();
  for (const [storage, at] of [['visitor', 'localStorage'], ['tab', 'sessionStorage']]) {
    await page.goto(address(app, storage!));
    await page.waitFor(`${at}.getItem('farol:1:${app}')`);
    await page.goto(address(app, storage!) + '&consent=denied');
    await page.evaluate('farol.flush()');
    assert.deepEqual(await page.evaluate(`Object.keys(${at}).filter((key) => key.startsWith('farol:1:${app}'))`), []);
  }
  await page.close();
});

test('a storage that nobody knows is told, and the tab’s is taken', async () => {
  const page = await browser.newPage();
  await page.goto(address(fresh(), 'Visitor'));
  await page.waitFor('told.length');
  assert.deepEqual(await page.evaluate('told'), ['bad-option session.storage']);
  await page.close();
});

test('a frame that may store nothing tells what it sees from memory', async () => {
  const app = fresh();
  const page = await browser.newPage();
  for (const storage of ['tab', 'visitor']) {
    await page.goto(`${own.url}/framed?app=${app}&storage=${storage}`);
    await collector.until((items) => items.filter((item) => item.resource['service.name'] === app && item.name === 'session.start').length === (storage === 'tab' ? 1 : 2), 'the frame', 20_000);
  }
  assert.deepEqual([page.console(), page.errors()], [[], []]);
  await page.close();
});
