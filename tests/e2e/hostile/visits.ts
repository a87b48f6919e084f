/**
 * Pages that have done something to each thing of the browser's that the SDK uses: it throws, is frozen, is missing. One at a time, a page each, and all at
 * once: the page sees nothing of ours, and goes on. What the list holds is held to the source.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from '../driver/cases.js';
import { launch, type Browser } from '../driver/index.js';
import { sdkFiles } from '../driver/sdk.js';
import { html, script, site, type Site } from '../driver/server.js';
import { APIS, HOWS, NEEDED, page, spoil, USED } from './globals.js';
import { lost } from './lost.js';

/** A page's life, in calls that are the page's own: none of the globals that were spoilt is in them. */
const LIFE = `
  let client;
  try {
    client = Farol.init({ url: '/collect', app: { name: 'x' }, capture: { console: ['error'], forms: true, load: true, memory: true, resources: true, userTiming: true } });
    client.event('e', { a: 1 });
    client.log('l');
    client.measure('m', { v: 1 });
    client.captureError(new Error('caught'));
    client.withSpan('s', () => {});
    client.setUser({ id: 'u' });
    client.endSession();
    client.traceparent();
    client.flush();
    dispatchEvent(new Event('pagehide'));
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    document.body && document.body.click();
    client.setConsent('denied');
    client.shutdown();
  } catch (error) {
    seen.push('thrown ' + (error && error.stack));
  }`;

/** A life in which the second file has its work: its parts run when the browser is asked to, for the page's own timers may be spoilt. */
const LONG = `
  {
    const careful = (run) => () => {
      try {
        run();
      } catch (error) {
        seen.push('thrown ' + (error && error.stack));
      }
    };
    const image = document.createElement('img');
    const form = document.createElement('form');
    // Firefox sends a form for a script's event, too.
    form.onsubmit = (event) => event.preventDefault();
    let client;
    careful(() => {
      client = Farol.init({ url: '/collect', app: { name: 'x' }, capture: { console: ['error'], forms: true, load: true, memory: true, resources: true, userTiming: true } });
      client.event('e', { a: 1 });
    })();
    window.act = careful(() => {
      image.src = '/missing.png';
      document.body.append(image, form);
      form.click();
      form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
      console.error('told');
      client.captureError(new Error('caught'));
      client.flush();
    });
    window.end = careful(() => {
      dispatchEvent(new Event('pagehide'));
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      client.setConsent('denied');
      client.shutdown();
    });
  }`;

/** Behind the second file and the one that options ask for: they have run. None of the globals that were spoilt is in it. */
const RAN = Buffer.from('\n;window.ran = (window.ran || 0) + 1;');
/** The page that has done nothing. */
export const NOTHING = 'nothing is frozen';
/** How long they may take to come to an idle page, in ms. */
const PATIENCE = 10_000;
/** The row of the other table that the second file tells: where it need not come, that file need not either. */
const SECOND = 'event farol.failed_load';

let browser: Browser;
let own: Site;
const cases = new Map<string, string>();

/** Gives the file its browser and its pages. */
export function begin(): void {
  before(async () => {
    const files = sdkFiles();
    own = await site((method, path) => {
      const [name, query = ''] = path.split('?') as [string, string?];
      const file = files.get(name);
      if (file) return script(/-(more|extra)-/.test(name) ? Buffer.concat([file, RAN]) : file);
      if (method === 'POST') return { status: 202 };
      if (name === '/before.js') return script(page(cases.get(decodeURIComponent(query)) ?? ''));
      if (name === '/life.js') return script(LIFE);
      if (name === '/long.js') return script(LONG);
      return /^\/(long)?$/.test(name) ? html(`<script src="/before.js?${query}"></script><body><script src="/farol.js"></script><script src="${name === '/' ? '/life' : name}.js"></script></body>`) : undefined;
    });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    own?.close();
  });
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Whether the second file comes to a page: nothing that keeps it away is spoilt. */
function comes(key: string): boolean {
  // The collector's address is a path here: without a base it leads nowhere.
  if (key === 'document.baseURI is missing') return false;
  const at = key.indexOf(' ');
  const listed = lost(key.slice(0, at), key.slice(at + 1));
  return listed !== 'all' && !listed.includes(SECOND);
}

/** What each page saw of ours. In a long life the second file has its work: where it can come, it is waited for. */
export async function seen(names: string[], long = false): Promise<string[]> {
  const all: string[] = [];
  const one = await browser.newPage();
  for (const name of names) {
    await one.goto(`${own.url}/${long ? 'long' : ''}?${encodeURIComponent(name)}`);
    if (long) {
      if (comes(name)) {
        const until = Date.now() + PATIENCE;
        while ((await one.evaluate<number>('window.ran || 0').catch(() => 0)) < 2 && Date.now() < until) await pause(10);
        if (name === NOTHING) assert.equal(await one.evaluate('window.ran'), 2, 'the second file and its extra ran');
      }
      for (const step of ['act()', 'end()', '0']) {
        await pause(60);
        await one.evaluate(step).catch((error: Error) => all.push(`${name}: ${step} ${error}`));
      }
    }
    // Some tasks later, what was left to later tasks has happened too.
    const told = await one.evaluate<string[]>(`seen`).catch((error: Error) => [String(error)]);
    for (const line of told) all.push(`${name}: ${line}`);
  }
  await one.close();
  return all;
}

/** The cases of one thing done: to each that is used, and to all APIs at once. */
export function harmless(how: (typeof HOWS)[number]): void {
  test(`whatever of the browser's ${how}, the page sees nothing of ours`, async () => {
    const names = USED.filter(([owner, name]) => how === 'is frozen' || !NEEDED.has(`${owner}.${name}`)).map(([owner, name]) => {
      const key = `${owner}.${name} ${how}`;
      cases.set(key, spoil(owner, name, how));
      return key;
    });
    assert.deepEqual(await seen(names), []);
    assert.deepEqual(await seen(names, true), []);
  });

  test(`where all of the browser's APIs ${how === 'throws' ? 'throw' : how === 'is frozen' ? 'are frozen' : 'are missing'} at once, too`, async () => {
    const key = `all ${how}`;
    cases.set(key, APIS.map(([owner, name]) => spoil(owner, name, how)).join('\n'));
    assert.deepEqual(await seen([key]), []);
    assert.deepEqual(await seen([key], true), []);
  });
}
