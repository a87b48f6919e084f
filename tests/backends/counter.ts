/** A page with one button, behind the shop's own program that hands /api on: pressing it places an order. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from '../e2e/driver/index.js';
import { built, start } from '../e2e/driver/processes.js';
import { sdkFiles } from '../e2e/driver/sdk.js';

export interface Placed {
  number: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
}

export interface Counter {
  url: string;
  order(browser: Browser): Promise<Placed>;
  stop(): Promise<void>;
}

export async function startCounter(folder: string, collector: string, api: string): Promise<Counter> {
  for (const [path, bytes] of sdkFiles()) await writeFile(join(folder, path), bytes);
  await writeFile(
    join(folder, 'page.js'),
    `const client = Farol.init({ url: ${JSON.stringify(collector)}, app: { name: 'counter' } });
     document.getElementById('buy').addEventListener('click', async () => {
       const answer = await fetch('/api/checkout', { method: 'POST', body: '{"lines":[{"id":"mug","quantity":2}]}' });
       window.placed = await answer.json();
       client.flush();
     });`,
  );
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>counter</title><link rel="icon" href="data:,"></head><body><button id="buy">Buy</button><script src="/farol.js"></script><script src="/page.js"></script></body></html>',
  );
  const shop = start(built('farol-shop', 'FAROL_SHOP'), ['--listen', '127.0.0.1:0', '--static', folder, '--collector', collector, '--api', api, '--quiet']);
  const [, url] = await shop.line(/ready on (http:\/\/[^\s,]+)/);
  return {
    url: url!,
    async order(browser) {
      const page = await browser.newPage();
      await page.goto(`${url}/`);
      // User actions are of the second file.
      await page.waitFor("performance.getEntriesByType('resource').some(({ name, responseEnd }) => responseEnd && name.includes('/farol-more-'))");
      await page.evaluate('new Promise((done) => setTimeout(() => setTimeout(done)))');
      await page.click('#buy');
      await page.waitFor('window.placed');
      return page.evaluate<Placed>('placed');
    },
    stop: async () => void (await shop.end()),
  };
}
