/** The least that has to hold in every engine: one of each kind of item, what the hidden page had left, what a later page delivers, the session, and what docs/browsers.md says of the engine. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { engine, test } from './driver/cases.js';
import { startCollector } from './driver/collector.js';
import { isDocumented, PROBES, readFeatures } from './driver/features.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { gaps, type Item } from './driver/otlp.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site } from './driver/server.js';
import { play, stage, WITHOUT } from './items/stage.js';
import { looped, missing, TABLE } from './items/table.js';
import { stored, way } from './losses/way.js';

let browser: Browser;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('one of each kind comes once from a page that is then hidden', async () => {
  const on = await stage(browser, { what: 'a plain page' });
  try {
    await play(on);
    const items = await on.collector.until((items) => missing(items, 1, WITHOUT).length === 0, 'everything').catch(() => on.collector.items());
    assert.deepEqual(missing(items, 1, WITHOUT), []);
    assert.deepEqual(TABLE.filter(({ what, is }) => WITHOUT.includes(what) && items.some(is)).map(({ what }) => what), [], 'what the engine cannot tell is not made up');
    assert.deepEqual(gaps(items), []);
    assert.equal(looped(items), 5);
    assert.deepEqual(on.page.console().filter((line) => /farol/i.test(line)), []);
  } finally {
    await on.end();
  }
});

test('what a page could not deliver the next page of its tab delivers, in the same session, once', async () => {
  const collector = await startCollector();
  const between = await way(collector.url);
  const files = sdkFiles();
  const own = await site((_, path) => {
    const file = files.get(path);
    if (file) return script(file);
    if (path === '/start.js') return script(`window.client = Farol.init({ url: '${between.url}', app: { name: 'smoke' } });`);
    return html('<script src="/farol.js"></script><script src="/start.js"></script>');
  });
  const said = (page: Page, name: string): Promise<string> => page.evaluate<string, [string]>((name) => ((window as any).client.event(name), (window as any).client.flush().then(() => (window as any).client.sessionId())), name);
  const page = await browser.newPage();
  try {
    await page.goto(own.url);
    between.fate = () => 'is cut off';
    const session = await said(page, 'left');
    // It is stored: the mark for the next page comes before that, the batch with it.
    await stored(page, true, between.url, { app: 'smoke' });
    between.fate = () => 'passes';
    await page.goto(`${own.url}/next`);
    assert.equal(await said(page, 'here'), session);
    const items = await collector.until((items) => ['left', 'here'].every((name) => items.some((item) => item.name === name)), 'both events', 60_000);
    const of = (name: string): Item[] => items.filter((item) => item.name === name);
    assert.deepEqual(['left', 'here'].map((name) => of(name).map(({ attributes }) => attributes['session.id'])), [[session], [session]]);
    assert.deepEqual(gaps(items), []);
    const other = await browser.newPage();
    await other.goto(own.url);
    assert.notEqual(await other.evaluate('client.sessionId()'), session, 'another tab has its own');
    await other.close();
  } finally {
    await page.close();
    own.close();
    between.close();
    await collector.stop();
  }
});

test('what docs/browsers.md says of the engine is so', async (t) => {
  const own = await site(() => html('<h1>features</h1>'));
  const page = await browser.newPage();
  try {
    await page.goto(own.url);
    const types = await page.evaluate<string[]>('[...PerformanceObserver.supportedEntryTypes]');
    const apis = await page.evaluate<Record<string, boolean>>(`({ ${Object.entries(PROBES).map(([name, probe]) => `'${name}': Boolean(${probe})`).join()} })`);
    const rows = readFeatures();
    const said = (entry: boolean): string[] => rows.filter((row) => row.entry === entry && row.has[engine()]).map(({ name }) => name).sort();
    const found = { types: [...types].sort(), apis: Object.keys(apis).filter((name) => apis[name]).sort() };
    const told = { types: said(true), apis: said(false) };
    if (isDocumented(browser.version)) assert.deepEqual(found, told, browser.version);
    else {
      // The page is true of the versions that it names; another's differences fail nobody's suite, and are told to who brings the page up to it.
      for (const of of ['types', 'apis'] as const) {
        const [more, less] = [found[of].filter((name) => !told[of].includes(name)), told[of].filter((name) => !found[of].includes(name))];
        t.diagnostic(`${browser.version} is not the version of docs/browsers.md; its ${of} have more: ${more.join(', ') || 'none'}; less: ${less.join(', ') || 'none'}`);
      }
    }
    assert.deepEqual(Object.keys(apis).sort(), rows.filter(({ entry }) => !entry).map(({ name }) => name).sort());
  } finally {
    await page.close();
    own.close();
  }
});
