/** What the cases of losses play on: a collector, the way to it, a site with the pages, and a browser. */
import { after, before, beforeEach } from 'node:test';
import { startCollector, type Collector } from '../driver/collector.js';
import { launch, type Browser, type Page } from '../driver/index.js';
import type { Item } from '../driver/otlp.js';
import { sdkFiles } from '../driver/sdk.js';
import { html, script, site, type Reply, type Site } from '../driver/server.js';
import { way, type Way } from './way.js';

export interface Stage {
  browser: Browser;
  collector: Collector;
  between: Way;
  own: Site;
  /** Whether the second file comes. */
  more: boolean;
  /** A new page at that path. */
  open(path?: string): Promise<Page>;
}

/**
 * Stands from before the first case of the file until behind the last, and each case finds a way that passes. The SDK's files and an empty page at `/bare` are there; `pages`
 * has the others, which give a text to the client under test by `say`.
 */
export function stage(pages: (between: Way, path: string, query: string) => Reply | undefined): Stage {
  const made = {
    async open(path = '/') {
      const page = await made.browser.newPage();
      await page.goto(made.own.url + path);
      return page;
    },
  } as Stage;
  before(async () => {
    const files = sdkFiles();
    made.collector = await startCollector();
    made.between = await way(made.collector.url);
    made.own = await site((_, whole) => {
      const [path, query = ''] = whole.split('?') as [string, string?];
      if (!made.more && path.startsWith('/farol-more-')) return { cut: true };
      const file = files.get(path);
      if (file) return script(file);
      return path === '/bare' ? html('') : pages(made.between, path, query);
    });
    made.browser = await launch();
  });
  after(async () => {
    await made.browser?.close();
    made.own?.close();
    made.between?.close();
    await made.collector?.stop();
  });
  beforeEach(() => {
    made.between.fate = () => 'passes';
    made.more = true;
  });
  return made;
}

/** `count` texts at once, `prefix0`, `prefix1`, …, of so many more bytes each. */
export const say = (page: Page, prefix: string, count: number, bytes = 0): Promise<unknown> =>
  page.evaluate(`{ const filler = ' '.repeat(${+(bytes > 0)}) + 'x'.repeat(${bytes}); for (let n = 0; n < ${count}; n++) say('${prefix}' + n + filler); }`);

/** What came of those. */
export const names = (items: Item[], prefix: string): string[] => items.map(({ body }) => String(body).split(' ')[0]!).filter((name) => name.startsWith(prefix)).sort();
