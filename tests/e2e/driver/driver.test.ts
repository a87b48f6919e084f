import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, type Browser } from './index.js';
import { html, site, type Site } from './server.js';

let browser: Browser;
let pages: Site;

before(async () => {
  pages = await site((_, path) => (path === '/' ? html('<button id="b" onclick="window.trusted = event.isTrusted">b</button>') : html('second')));
  browser = await launch({ engine: 'chromium', bfcache: true });
});
after(async () => {
  await browser?.close();
  pages?.close();
});

test('a click is trusted', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.click('#b');
  assert.equal(await page.evaluate('window.trusted'), true);
  await page.close();
});

test('a page can really be hidden and shown again', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.evaluate("window.seen = []; addEventListener('visibilitychange', (e) => seen.push([document.visibilityState, e.isTrusted]))");
  await page.hide();
  await page.show();
  assert.deepEqual(await page.evaluate('seen'), [['hidden', true], ['visible', true]]);
  await page.close();
});

test('back comes from the back/forward cache', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.evaluate("window.kept = 1; addEventListener('pageshow', (e) => (window.persisted = e.persisted))");
  await page.goto(`${pages.url}/second`);
  await page.back();
  await page.waitFor('window.persisted === true');
  assert.equal(await page.evaluate('window.kept'), 1);
  await page.close();
});
