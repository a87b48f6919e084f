/** The way between page and collector, which a test makes as bad as it wants, and what waits in the page's database meanwhile. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Collector } from '../driver/collector.js';
import type { Page } from '../driver/index.js';
import type { Item } from '../driver/otlp.js';
import { wait } from '../driver/wait.js';

/** What becomes of a request on its way. */
export type Fate = 'passes' | 'is refused' | 'is cut off' | 'loses its answer' | 'is not wanted';

/** The way between page and collector. */
export interface Way {
  url: string;
  /** Decides over each request by its number. */
  fate: (n: number) => Fate;
  /** How many batches came this far, tries again included. */
  count: number;
  /** How many of them are under way. */
  busy: number;
  close(): void;
}

const CORS = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' };

export async function way(to: string): Promise<Way> {
  const made = { fate: () => 'passes', count: 0, busy: 0 } as unknown as Way;
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer, answered: boolean): void => {
    const on = request(to + incoming.url, { method: incoming.method, headers: { ...incoming.headers, host: new URL(to).host } }, (answer) => {
      if (!answered) return void answer.resume().on('end', () => outgoing.destroy());
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    on.on('error', () => outgoing.destroy());
    on.end(body);
  };
  const server: Server = createServer((incoming, outgoing) => {
    const fate = incoming.method === 'POST' ? made.fate(made.count++) : 'passes';
    made.busy++;
    outgoing.once('close', () => made.busy--);
    if (fate === 'is cut off') return void incoming.once('data', () => incoming.destroy());
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      if (fate === 'is refused') outgoing.writeHead(503, CORS).end();
      else if (fate === 'is not wanted') outgoing.writeHead(403, CORS).end();
      else pass(incoming, outgoing, Buffer.concat(parts), fate === 'passes');
    });
    incoming.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  made.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return made;
}

/** Waits until the app's database holds batches of this page for the collector at that address, or none of any: a page that was closed before may have left one that had come. `text`: those count that hold it. */
export const stored = (page: Page, some: boolean, url: string, { app = 'shop', text = '' } = {}): Promise<unknown> =>
  page.waitFor(async (some: boolean, url: string, database: string, text: string) => {
    // Opening one that is not there would make it.
    if (!(await indexedDB.databases()).some(({ name }) => name === database)) return !some;
    const count = await new Promise<number>((done) => {
      const opened = indexedDB.open(database);
      opened.onsuccess = () => {
        const all = opened.result.transaction('batches').objectStore('batches').getAll();
        // Those for the collectors of other tests are none of this one's.
        const ours = (row: any): boolean => row.url.startsWith(url) && new TextDecoder().decode(row.body).includes(text) && (!some || row.page === performance.timeOrigin);
        all.onsuccess = () => (opened.result.close(), done(all.result.filter(ours).length));
      };
    });
    return some === count > 0;
  }, { args: [some, url, `farol:1:${app}`, text], what: some ? 'something in the outbox' : 'an empty outbox', timeout: 60_000 });

/** Waits until the second file of a page runs: from then on it has an outbox. It comes once the page was idle. */
export async function second(page: Page): Promise<void> {
  // One that did not come has an end, and no beginning.
  const there = "performance.getEntriesByType('resource').find(({ name, responseStart, responseEnd }) => responseStart && responseEnd && name.includes('/farol-more-'))";
  await page.waitFor(`Boolean(${there})`, { what: 'the second file' });
  // The SDK asked first, and what it starts is started by the task behind this.
  await page.evaluate(`import(${there}.name).then(() => 0)`);
  await page.evaluate('new Promise((done) => setTimeout(done))');
}

/** A day passes for what an app's outbox holds: it is all one whether the clock goes on or its times go back. How many batches it holds; `page` is of its origin. */
export const aged = (page: Page): Promise<number> =>
  page.evaluate(async (day: number) => {
    // Opening one that is not there would make it.
    if (!(await indexedDB.databases()).some(({ name }) => name === 'farol:1:shop')) return 0;
    const open = indexedDB.open('farol:1:shop');
    await new Promise((done) => (open.onsuccess = done));
    const store = open.result.transaction('batches', 'readwrite').objectStore('batches');
    const read = <T>(request: IDBRequest<T>): Promise<T> => new Promise((done) => (request.onsuccess = () => done(request.result)));
    const [keys, rows] = [(await read(store.getAllKeys())) as [number, number, number, string][], await read(store.getAll())];
    for (const [n, [error, at, bytes, id]] of keys.entries()) {
      store.delete([error, at, bytes, id]);
      store.put({ ...rows[n], page: rows[n].page - day, until: rows[n].until - day, wait: 0 }, [error, at - day, bytes, id]);
    }
    await new Promise((done) => (store.transaction.oncomplete = done));
    open.result.close();
    return keys.length;
  }, 24 * 3_600_000);

/**
 * What came, once nothing of these names is left that could come again: no outbox holds one, which this page looks after, nothing is on the way, and the collector has written what
 * it took. A copy comes behind the first; who looks for one at once finds none.
 */
export async function still(page: Page, between: Way, collector: Collector, name: string): Promise<Item[]> {
  await second(page);
  await stored(page, false, between.url, { text: name });
  await wait(async () => between.busy === 0, 'an empty way');
  await wait(async () => (await collector.pending()) === 0, 'the collector to have written everything');
  return collector.items();
}
