/** What happens before the SDK's file is there, and what the visitor's browser asks for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from './driver/cases.js';
import { collector, files, named, on } from './capture/stage.js';
import type { Item } from './driver/otlp.js';
import { html, script } from './driver/server.js';

const snippet = readFileSync(new URL('../../npm/web/dist/farol-snippet.js', import.meta.url), 'utf8');

/** Before the file: an error, a rejection, an image that does not come, and a call. */
const EARLY = `
  window.began = performance.now();
  Farol.event('early', { from: 'head' });
  setTimeout(() => { throw new TypeError('early error') });
  Promise.reject(new RangeError('early rejection'));
  document.documentElement.append(Object.assign(new Image(), { src: '/missing.png' }));`;

for (const how of ['async', 'defer', 'type="module"']) {
  test(`with ${how} what came before the file is told with its times, under a policy with a nonce`, async () => {
    let release!: () => void;
    const held = new Promise<void>((done) => (release = done));
    const policy = `script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'`;
    const app = `early-${how.replace(/\W/g, '')}`;
    const body = `<script nonce="abc">${snippet}</script><script nonce="abc">${EARLY}</script>
      <script nonce="abc" ${how} src="/late/farol.js" data-url="${collector.url}" data-app="${app}" data-base="/"></script>`;
    await on({
      opened: 'commit',
      route: (path) => {
        if (path === '/late/farol.js') return { ...script(files.get('/farol.js')!), after: held };
        return path === '/' ? html(body, { 'content-security-policy': policy }) : undefined;
      },
    }, async ({ page }) => {
      await page.waitFor(`window.Farol && Farol.e && Farol.e.length > 2`, { what: 'three events that wait' });
      const gone = await page.evaluate<number>(`new Promise((done) => setTimeout(() => done(performance.timeOrigin + performance.now()), 300))`);
      release();
      await page.waitFor(`Farol.flush && Farol.flush().then(() => true)`);
      const mine = (items: Item[]): Item[] => items.filter(({ resource }) => resource['service.name'] === app);
      const all = (items: Item[]): boolean => ['early', 'farol.failed_load'].every((name) => items.some(named(name))) && items.filter(named('exception')).length > 1;
      const items = mine(await collector.until((items) => all(mine(items)), 'what was early'));
      for (const name of ['early', 'farol.failed_load']) {
        const all = items.filter(named(name));
        assert.equal(all.length, 1, name);
        assert.ok(all[0]!.time < gone - 250, `${name}: ${gone - all[0]!.time} ms before`);
      }
      const errors = items.filter(named('exception'));
      assert.deepEqual(errors.map(({ body }) => body).sort(), ['RangeError: early rejection', 'TypeError: early error']);
      for (const { time } of errors) assert.ok(time < gone - 250, `${gone - time} ms before`);
    }, false);
  });
}

test('a view that was named before the file holds for what came after it', async () => {
  let release!: () => void;
  const held = new Promise<void>((done) => (release = done));
  const app = 'early-view';
  // Clocks are coarse: the error comes when theirs shows that it is later than the call.
  const body = `<script>${snippet}</script><script>
      Farol.setView('v'); Farol.event('named');
      (function fail() {
        if (performance.now() > Farol.q[1].t + 5) throw new TypeError('in a view');
        setTimeout(fail);
      })();
    </script>
    <script async src="/late/farol.js" data-url="${collector.url}" data-app="${app}" data-base="/" data-view="first"></script>`;
  await on({
    opened: 'commit',
    route: (path) => {
      if (path === '/late/farol.js') return { ...script(files.get('/farol.js')!), after: held };
      return path === '/' ? html(body) : undefined;
    },
  }, async ({ page }) => {
    await page.waitFor(`window.Farol && Farol.e && Farol.e.length > 0`, { what: 'an error that waits' });
    await page.evaluate(`Farol.event('later')`);
    release();
    await page.waitFor(`Farol.flush && Farol.flush().then(() => true)`);
    const mine = (items: Item[]): Item[] => items.filter(({ resource }) => resource['service.name'] === app);
    const all = (items: Item[]): boolean => ['exception', 'later'].every((name) => items.some(named(name)));
    const items = mine(await collector.until((items) => all(mine(items)), 'what was early'));
    const view = (name: string): unknown => items.find(named(name))?.attributes['farol.view.name'];
    assert.deepEqual(['named', 'exception', 'later'].map(view), ['v', 'v', 'v']);
  }, false);
});

test('calls between the file and `init` wait as those before it', async () => {
  const app = 'early-between';
  const body = `<script>${snippet}</script><script>Farol.event('first')</script><script src="/farol.js"></script><script>Farol.event('second'); Farol.log('third');</script>`;
  await on({ route: (path) => (path === '/' ? html(body) : undefined) }, async ({ page }) => {
    await page.evaluate(`Farol.init({ url: ${JSON.stringify(collector.url)}, app: { name: '${app}' } }), Farol.event('fourth'), Farol.flush()`);
    const mine = (items: Item[]): Item[] => items.filter(({ resource }) => resource['service.name'] === app);
    const items = mine(await collector.until((items) => mine(items).some(named('fourth')), 'the last event'));
    for (const name of ['first', 'second', 'fourth']) assert.equal(items.filter(named(name)).length, 1, name);
    assert.equal(items.filter(({ body }) => body === 'third').length, 1);
    assert.deepEqual(page.errors(), []);
  }, false);
});

const GPC = `Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true, configurable: true });`;
const who = `user: { id: 'u1', email: 'joe@shop.example' }`;

test('with Global Privacy Control on nobody is named and no id outlives the page', async () => {
  await on({ initScript: GPC, options: `{ ${who} }` }, async ({ page, own, until }) => {
    const first = await page.evaluate<string>(`farol.setUser({ id: 'u2' }), farol.event('seen'), farol.sessionId()`);
    await page.evaluate('farol.flush()');
    const items = await until((items) => items.some(named('seen')), 'the event');
    for (const { attributes } of items) assert.deepEqual(Object.keys(attributes).filter((name) => /^(farol\.)?user\./.test(name)), []);
    assert.deepEqual(await page.evaluate('Object.keys(sessionStorage).filter((key) => !key.endsWith(":left"))'), []);
    await page.goto(own.url);
    assert.notEqual(await page.evaluate('farol.sessionId()'), first);
  });
});

test('it can be ignored, and it can be a no that only an answer overrules', async () => {
  await on({ initScript: GPC, options: `{ ${who}, privacyControl: 'ignore' }` }, async ({ page, until }) => {
    await page.evaluate(`farol.event('seen'), farol.flush()`);
    const items = await until((items) => items.some(named('seen')), 'the event');
    assert.equal(items.find(named('seen'))!.attributes['user.id'], 'u1');
  });
  await on({ initScript: GPC, options: `{ privacyControl: 'off' }` }, async ({ page, until, items }) => {
    await page.evaluate(`farol.event('unseen'), farol.flush()`);
    assert.deepEqual(page.requests().filter(({ url }) => url.startsWith(collector.url)), []);
    await page.evaluate(`farol.setConsent('granted'), farol.event('agreed'), farol.flush()`);
    await until((items) => items.some(named('agreed')), 'the event');
    assert.ok(!items().some(named('unseen')));
  }, false);
});
