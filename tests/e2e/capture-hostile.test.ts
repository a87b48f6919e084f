/** Pages that break what the second and third file stand on: what can be had is had, and the page does not notice. No collector. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { html, script, site, type Site } from './driver/server.js';
import { sdkFiles } from './driver/sdk.js';

const files = sdkFiles();
const path = (start: string): string => [...files.keys()].find((path) => path.startsWith(start))!;

/** `made` in the page: a client whose features are there, with what it told and sent; `failing`: an image that does not come. */
const MADE = `
  window.made = async (options = {}) => {
    const told = [], sent = [];
    const client = Farol.init({
      url: '/',
      transport: (request) => { sent.push(JSON.parse(new TextDecoder().decode(request.body))); return 202; },
      onDiagnostic: (code, detail) => told.push(code + ' ' + detail),
      ...options,
    });
    // The SDK asked first.
    await new Promise((done) => (window.requestIdleCallback || setTimeout)(done));
    for (const file of ['${path('/farol-more-')}', '${path('/farol-extra-')}']) {
      await import(file);
      await new Promise((done) => setTimeout(done));
    }
    const names = () => sent.flatMap(({ events = [], logs = [] }) => [...events.map(({ name }) => name), ...logs.map(({ message }) => message)]);
    return { client, told, names };
  };
  window.failing = () => new Promise((done) => {
    const image = document.body.appendChild(new Image());
    image.onerror = done;
    image.src = '/missing-' + Math.random();
  });`;

const ALL = "{ capture: { console: ['error'], forms: true, resources: true, load: true, userTiming: true, memory: true, elementText: ['*'] } }";

let browser: Browser;
let own: Site;

before(async () => {
  own = await site((_, path) => {
    const file = files.get(path);
    if (file) return script(file);
    if (path === '/') return html('<button id="button">button</button><script src="/farol.js"></script><script src="/made.js"></script>');
    if (path === '/made.js') return script(MADE);
    return { status: 404 };
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  own?.close();
});

async function run<R>(body: string, act: (page: Page) => Promise<void> = async () => {}, noise = /404/): Promise<R> {
  const page = await browser.newPage();
  try {
    await page.goto(own.url);
    await page.evaluate(`(async () => { window.result = (async () => { ${body} })(); })()`);
    await act(page);
    const result = await page.evaluate<R>('result');
    assert.deepEqual([page.console().filter((line) => !noise.test(line)), page.errors()], [[], []]);
    return result;
  } finally {
    await page.close();
  }
}

/** Things of the page's that are used, and what a page may have done to them. */
const BROKEN: Record<string, string> = {
  'no PerformanceObserver': 'delete window.PerformanceObserver',
  'a PerformanceObserver that throws': "PerformanceObserver.prototype.observe = () => { throw new Error('no'); }",
  'no supportedEntryTypes': "Object.defineProperty(PerformanceObserver, 'supportedEntryTypes', { get() { throw new Error('no'); } })",
  'no ReportingObserver': 'delete window.ReportingObserver',
  'no MutationObserver': 'delete window.MutationObserver',
  'a MutationObserver that throws': "window.MutationObserver = class { constructor() { throw new Error('no'); } }",
  'fonts that throw': "Object.defineProperty(document, 'fonts', { get() { throw new Error('no'); } })",
  'entries that throw': "performance.getEntriesByName = performance.getEntriesByType = () => { throw new Error('no'); }",
  'no selection': 'delete window.getSelection; window.getSelection = null',
  'matches that throws': "Element.prototype.matches = Element.prototype.querySelector = () => { throw new Error('no'); }",
  'a frozen console': 'Object.freeze(console)',
  'a console without error': 'delete console.error',
  'listeners that throw when added to fonts': "FontFaceSet.prototype.addEventListener = () => { throw new Error('no'); }",
};

for (const [what, breaks] of Object.entries(BROKEN)) {
  test(`a page with ${what} notices nothing, and the rest is captured`, async () => {
    const [names, told] = await run<[string[], string[]]>(`
      ${breaks};
      const { client, told, names } = await made(${ALL});
      await failing();
      await new Promise((done) => button.addEventListener('click', () => setTimeout(done)));
      client.event('end');
      await client.flush();
      return [names(), told];`, async (page) => {
      await page.waitFor("document.querySelector('img')");
      await page.click('#button');
    });
    assert.ok(names.includes('end'), String(names));
    // The listener for these stands before anything else is looked at.
    assert.ok(names.includes('farol.failed_load'), String(names));
    assert.ok(told.every((line) => line.startsWith('internal')), String(told));
  });
}

test('after the end everything is as it was, and nothing is captured any more', async () => {
  const result = await run<unknown>(`
    const original = console.error;
    const one = await made(${ALL});
    const wrapped = console.error;
    const two = await made(${ALL});
    const shared = console.error === wrapped;
    await one.client.shutdown();
    const still = console.error === wrapped;
    await two.client.shutdown();
    await failing();
    button.click();
    performance.mark('late');
    await two.client.flush();
    return [wrapped !== original, shared, still, console.error === original, one.names().includes('farol.failed_load'), two.names().includes('farol.failed_load')];`);
  assert.deepEqual(result, [true, true, true, true, false, false]);
});

test('a client that ends before its second file comes starts nothing of it', async () => {
  assert.deepEqual(await run(`
    const original = console.error;
    const client = Farol.init({ url: '/', transport: () => 202, capture: { console: ['error'] } });
    await client.shutdown();
    await made();
    return console.error === original;`), true);
});

test('after a no nothing is captured, and after the yes that follows it is', async () => {
  const [no, yes] = await run<string[][]>(`
    const { client, names } = await made({ consent: 'denied' });
    await failing();
    await client.flush();
    const no = [...names()];
    client.setConsent('granted');
    await made();
    await failing();
    await client.flush();
    return [no, names()];`);
  assert.deepEqual(no, []);
  assert.ok(yes!.includes('farol.failed_load'));
});

test('features that the page brings are used in the place of the files, and one that throws leaves the others alone', async () => {
  const [names, told, files] = await run<[string[], string[], number]>(`
    const { loads } = await import('${path('/farol-more-')}');
    const before = performance.getEntriesByType('resource').length;
    const { client, names, told } = await (async () => {
      const told = [], sent = [];
      const client = Farol.init({ url: '/', features: [() => { throw new Error('mine'); }, 5, loads], transport: ({ body }) => { sent.push(JSON.parse(new TextDecoder().decode(body))); return 202; }, onDiagnostic: (code, detail) => told.push(code) });
      return { client, told, names: () => sent.flatMap(({ events = [] }) => events.map(({ name }) => name)) };
    })();
    await failing();
    await client.flush();
    return [names(), told, performance.getEntriesByType('resource').filter(({ name }) => name.includes('farol-more')).length];`);
  assert.ok(names.includes('farol.failed_load'));
  assert.deepEqual(told, ['internal', 'internal']);
  assert.equal(files, 1);
});

test('a hundred thousand lines of the console and as many marks do not hold the page up, and all are counted', async () => {
  const [lines, marks] = await run<[number, number]>(`
    const { client } = await made();
    await client.shutdown();
    console.error = () => {};
    const counted = { lines: 0, marks: 0 };
    const busy = await made({ capture: { console: ['error'], userTiming: true }, beforeSend(item) {
      const { 'farol.count': count = 1, 'browser.console.method': method } = item.context || item.attributes || {};
      if (method) counted.lines += count;
      if (item.name === 'farol.user_timing') counted.marks += count;
      return item;
    } });
    for (let i = 0; i < 100_000; i++) console.error('line', i);
    for (let i = 0; i < 10_000; i++) performance.mark('mark ' + i);
    await new Promise((done) => setTimeout(done));
    dispatchEvent(new Event('pagehide'));
    await busy.client.flush();
    return [counted.lines, counted.marks];`);
  assert.deepEqual([lines, marks], [100_000, 10_000]);
});
