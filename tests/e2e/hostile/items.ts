/**
 * What still arrives from pages that have done something to each thing of the browser's that the SDK uses: all of a table, less the rows that are listed with a
 * reason for that thing (lost.ts). One at a time, and all APIs at once. FAROL_LEARN prints what is missing, in the place of a test. A file for each that was done
 * (`hostile-items-*.test.ts`): they are a hundred lives each, and a file has a bound.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from '../driver/cases.js';
import { launch, type Browser } from '../driver/index.js';
import { sdkFiles } from '../driver/sdk.js';
import { html, script, site, type Site } from '../driver/server.js';
import { APIS, HOWS, NEEDED, page, spoil, USED } from './globals.js';
import { lost } from './lost.js';
import { sink, type Sink } from './sink.js';

const TTFB = 'measurement web-vitals ttfb';

/** What comes of `LIFE` in a page that has spoilt nothing. */
const TABLE = [
  'event session', 'event bought', 'log a log', 'measurement steps n', 'exception caught', 'exception uncaught', 'exception rejected', 'span work', 'request /api/fetch', 'request /api/xhr',
  'event view_changed', 'event browser.navigation', 'event farol.failed_load', TTFB,
];

/** Each by itself: what the page cannot do either is no reason for the rest not to be done. */
const LIFE = (url: string): string => `
  {
    const careful = (run) => { try { return run(); } catch {} };
    const client = window.client = careful(() => Farol.init({ url: '${url}', app: { name: 'hostile' } }));
    for (const run of [
      () => client.event('bought', { n: 1 }),
      () => client.log('a log'),
      () => client.measure('steps', { n: 3 }),
      () => client.captureError(new Error('caught')),
      () => client.withSpan('work', () => {}),
      () => dispatchEvent(new ErrorEvent('error', { error: new Error('uncaught'), message: 'uncaught' })),
      () => dispatchEvent(new PromiseRejectionEvent('unhandledrejection', { promise: new Promise(() => {}), reason: new Error('rejected') })),
      () => fetch('/api/fetch').then(() => {}, () => {}),
      () => { const request = new XMLHttpRequest(); request.open('GET', '/api/xhr'); request.send(); },
      () => client.setView('second'),
      () => history.pushState({}, '', '/second'),
      () => { const image = document.createElement('img'); image.src = '/lost.png'; document.body.append(image); },
    ]) careful(run);
    window.send = () => careful(() => void client.flush());
  }`;

/** How long a row may take, in ms. What is listed is not waited for. */
const PATIENCE = 10_000;
const LEARN = !!process.env['FAROL_LEARN'];

let browser: Browser;
let own: Site;
let collector: Sink;
const cases = new Map<string, string>();

/** Gives the file its browser, its pages and its collector. */
export function begin(): void {
  before(async () => {
    collector = await sink();
    const files = sdkFiles();
    own = await site((_, path) => {
      const [name, query = ''] = path.split('?') as [string, string?];
      const file = files.get(name);
      if (file) return script(file);
      if (name === '/before.js') return script(page(cases.get(decodeURIComponent(query)) ?? ''));
      if (name === '/life.js') return script(LIFE(`${collector.url}/collect?case=${query}`));
      if (name.startsWith('/api/')) return { body: 'ok' };
      return name === '/' ? html(`<script src="/before.js?${query}"></script><body><script src="/farol.js"></script><script src="/life.js?${query}"></script>`) : undefined;
    });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    own?.close();
    collector?.close();
  });
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Rows that did not come and are not listed, by case. */
export async function missing(names: [name: string, how: (typeof HOWS)[number]][]): Promise<string[]> {
  const found: string[] = [];
  const one = await browser.newPage();
  for (const [name, how] of names) {
    const key = `${name} ${how}`;
    const listed = LEARN ? [] : lost(name, how);
    const wanted = TABLE.filter((row) => listed !== 'all' && !listed.includes(row));
    const left = (): string[] => wanted.filter((row) => !collector.of(key).has(row));
    await one.goto(`${own.url}/?${encodeURIComponent(key)}`);
    const until = Date.now() + (LEARN ? 1200 : PATIENCE);
    while (left().length && Date.now() < until) {
      await one.evaluate('send(); 0').catch(() => undefined);
      await pause(30);
    }
    // Firefox has an answer begin at its time origin or some ms before it now and then; what has no such time is no TTFB.
    if (left().join() === TTFB && await one.evaluate("performance.getEntriesByType('navigation')[0].responseStart <= 0").catch(() => false)) continue;
    if (left().length) found.push(`${key}: ${left().length === TABLE.length ? 'all' : left().join(', ')}`);
  }
  await one.close();
  return found;
}

/** The case of one thing done: to each that is used, and to all APIs at once. */
export function arrives(how: (typeof HOWS)[number]): void {
  test(`whatever of the browser's ${how}, what is not listed arrives`, async () => {
    const names = USED.map(([owner, name]) => `${owner}.${name}`).filter((name) => how === 'is frozen' || !NEEDED.has(name));
    for (const [owner, name] of USED) cases.set(`${owner}.${name} ${how}`, spoil(owner, name, how));
    cases.set(`all ${how}`, APIS.map(([owner, name]) => spoil(owner, name, how)).join('\n'));
    const found = await missing([...names, 'all'].map((name) => [name, how]));
    if (LEARN) console.log(found.join('\n'));
    else assert.deepEqual(found, []);
  });
}
