/** A page with the SDK, whose second file is there, and what came of it at the collector. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before } from 'node:test';
import { startCollector, type Collector } from '../driver/collector.js';
import { launch, type Browser, type Page } from '../driver/index.js';
import { gaps, type Item } from '../driver/otlp.js';
import { sdkFiles } from '../driver/sdk.js';
import { html, script, site, type Reply, type Site } from '../driver/server.js';

let browser: Browser;
export let collector: Collector;
export const files = sdkFiles();
export const more = [...files.keys()].find((path) => path.startsWith('/farol-more-'))!;

before(async () => {
  collector = await startCollector({ env: { FAROL_SCRUB__PROFILE: 'passthrough' } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await collector?.stop();
});

const extra = [...files.keys()].find((path) => path.startsWith('/farol-extra-'))!;

/** Options that bring the third file. */
const EXTRA = /console|forms|load:|memory|resources|traceResponse|userTiming/;

let count = 0;

export interface Stage {
  app: string;
  page: Page;
  own: Site;
  /** The items of this page's app; waits until `done` holds of them. */
  until(done: (items: Item[]) => boolean, what: string): Promise<Item[]>;
  items(): Item[];
  told(): Promise<string[]>;
}

export interface Given {
  body?: string;
  options?: string;
  headers?: Record<string, string>;
  attributes?: string;
  route?: (path: string, headers: IncomingHttpHeaders) => Reply | undefined;
  initScript?: string;
  /** How far the page is to be before the test goes on. Default: loaded. */
  opened?: 'commit' | 'load';
}

/** Opens a page with the SDK and this body, and closes it again. Waits for the second file, unless it is kept from the page. */
export async function on(given: Given, run: (stage: Stage) => Promise<void>, ready = true): Promise<void> {
  const app = `capture-${++count}`;
  const own = await site((_, path, headers): Reply | undefined => {
    const name = path.split('?')[0]!;
    const special = given.route?.(path, headers);
    if (special) return special;
    const file = files.get(name);
    if (file) return script(file);
    if (name === '/start.js') {
      return script(`window.told = []; window.farol = Farol.init({ url: ${JSON.stringify(collector.url)}, app: { name: '${app}' },
        onDiagnostic: (code, detail) => told.push(code + ' ' + detail), ...${given.options ?? '{}'} });`);
    }
    if (name !== '/') return undefined;
    return html(`<script src="/farol.js" ${given.attributes ?? ''}></script><script src="/start.js" ${given.attributes ?? ''}></script>${given.body ?? ''}`, given.headers);
  });
  const page = await browser.newPage(given.initScript ? { initScript: given.initScript } : {});
  const mine = (items: Item[]): Item[] => items.filter((item) => item.resource['service.name'] === app);
  try {
    await page.goto(own.url, { until: given.opened ?? 'load' });
    const wanted = !ready ? [] : EXTRA.test(given.options ?? '') ? [more, extra] : [more];
    for (const path of wanted) await page.waitFor(`performance.getEntriesByType('resource').some(({ name, responseEnd }) => responseEnd && name.endsWith(${JSON.stringify(path)}))`);
    // The SDK asked first. Under a policy of its own the page could not, and one that still loads may not get it.
    if (!given.headers && !given.opened) for (const path of wanted) await page.evaluate(`import(${JSON.stringify(path)}).then(() => 0)`);
    // It is run by then, and what it starts is started in the task that is on its way.
    if (ready) await page.evaluate('new Promise((done) => setTimeout(() => setTimeout(done)))');
    await run({
      app, page, own,
      until: async (done, what) => mine(await collector.until((items) => done(mine(items)), what)),
      items: () => mine(collector.items()),
      told: () => page.evaluate<string[]>('told'),
    });
    assert.deepEqual(gaps(mine(collector.items())), []);
  } finally {
    await page.close();
    own.close();
  }
}

export const named = (name: string) => (item: Item): boolean => item.name === name;
