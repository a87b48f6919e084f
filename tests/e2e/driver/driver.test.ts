import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from './cases.js';
import { launch, type Browser } from './index.js';
import { html, script, site, type Site } from './server.js';

/** Firefox keeps no page that said `no-store`. */
const KEPT = { 'cache-control': 'no-cache' };
const CSP = { 'content-security-policy': "default-src 'none'; script-src 'self'" };

let browser: Browser;
let pages: Site;

before(async () => {
  pages = await site((_, path) => {
    if (path === '/') return html('<button id="b" onclick="window.trusted = event.isTrusted">b</button><input id="i">', KEPT);
    if (path === '/strict') return html('<script src="/strict.js"></script>', CSP);
    if (path === '/strict.js') return script("console.warn('strict'); setTimeout(() => { throw new TypeError('on purpose') }); fetch('/not-there').catch(() => 0)");
    return html('second');
  });
  browser = await launch({ bfcache: true });
});
after(async () => {
  await browser?.close();
  pages?.close();
});

test('a click is trusted, and keys arrive', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.click('#b');
  assert.equal(await page.evaluate('window.trusted'), true);
  await page.type('#i', 'farol');
  await page.press('Backspace');
  assert.equal(await page.evaluate("document.querySelector('#i').value"), 'faro');
  await page.close();
});

test('a page can really be hidden and shown again', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.evaluate("void (window.seen = [], addEventListener('visibilitychange', (e) => seen.push([document.visibilityState, e.isTrusted])))");
  await page.hide();
  await page.show();
  assert.deepEqual(await page.evaluate('seen'), [
    ['hidden', true],
    ['visible', true],
  ]);
  await page.close();
});

test('back comes from the back/forward cache', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.evaluate("void (window.kept = 1, addEventListener('pageshow', (e) => (window.persisted = e.persisted)))");
  await page.goto(`${pages.url}/second`);
  await page.back();
  await page.waitFor('window.persisted === true');
  assert.equal(await page.evaluate('window.kept'), 1);
  await page.close();
});

test('functions run with their arguments, and their failures are told', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  const sum = await page.evaluate(async (numbers: number[], more: { by: number }) => {
    const times = (one: number): number => one * more.by;
    return { sum: numbers.map(times).reduce((a, b) => a + b), of: numbers };
  }, [1, 2.5], { by: 2 });
  assert.deepEqual(sum, { sum: 7, of: [1, 2.5] });
  await assert.rejects(page.evaluate('Promise.reject(new Error("from the page"))'), /from the page/);
  await assert.rejects(page.waitFor('false', { timeout: 60, what: 'what never comes' }), /what never comes/);
  await page.close();
});

test('a page under a CSP without eval is seen all the same', async () => {
  const page = await browser.newPage();
  await page.goto(`${pages.url}/strict`);
  assert.equal(await page.evaluate((a: string) => a + document.title, 'a '), 'a test');
  await page.close();
});

test('the console, errors and requests of a page are seen', async () => {
  const page = await browser.newPage();
  await page.goto(`${pages.url}/strict`);
  await page.waitFor(() => true);
  const until = Date.now() + 5_000;
  while ((page.errors().length === 0 || page.requests().length < 2) && Date.now() < until) await page.evaluate('new Promise((done) => setTimeout(done, 20))');
  assert.ok(page.console().includes('warning: strict') || page.console().includes('warn: strict'), page.console().join('\n'));
  assert.match(page.errors().join('\n'), /on purpose/);
  assert.deepEqual(
    page.requests().slice(0, 2).map((request) => [request.method, new URL(request.url).pathname, request.status]),
    [
      ['GET', '/strict', 200],
      ['GET', '/strict.js', 200],
    ],
  );
  await page.close();
});

test('a script can run before those of the page', async () => {
  const page = await browser.newPage({ initScript: 'window.early = document.querySelector("#b") === null' });
  await page.goto(pages.url);
  assert.equal(await page.evaluate('window.early'), true);
  await page.close();
});
