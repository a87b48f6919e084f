/**
 * One visitor's session, the same on each page: what its clicks cost, what it sends (headers and preflights counted, packed and not), the memory that is in use after
 * busy minutes, and long tasks.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Browser, CDPSession, Page } from 'playwright-core';
import type { Pages } from './pages.js';
import { mainThread } from './trace.js';

/** Clicks whose cost is measured; each has an effect, and is over before the next. */
const CLICKS = 30;
const BETWEEN = 400;
/** In ms: what a busy page does again and again in `memory`. */
const BUSY = 100;

/** As the bars want it: with a quarter of this processor's speed. */
export const SLOWER = 4;

export async function slowed(page: Page): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  return cdp;
}

export interface Wire {
  url: string;
  /** Bytes that came since it was asked last. */
  bytes(): number;
  /** From now on a body that comes packed counts with the bytes that it had before. */
  unpacks(does: boolean): void;
  close(): void;
}

/** A collector on another origin than the page's that counts all that comes to it: what browsers ask beforehand, too. */
export async function wire(): Promise<Wire> {
  const sockets = new Set<{ bytesRead: number }>();
  let told = 0;
  let unpacks = false;
  /** What packing has saved. */
  let saved = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      if (unpacks && body[0] === 0x1f && body[1] === 0x8b) saved += gunzipSync(body).length - body.length;
      response.writeHead(request.method == 'OPTIONS' ? 204 : 202, {
        'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type, content-encoding, idempotency-key, x-api-key, x-faro-session-id', 'access-control-max-age': '600',
      }).end();
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes() {
      const all = [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
      const since = all + saved - told;
      told = all + saved;
      return since;
    },
    unpacks: (does) => void (unpacks = does),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A page of that kind that has begun, and knows what memory of Wasm's lives. */
async function open(browser: Browser, pages: Pages, kind: string, url: string, options: { gzip?: boolean; slow?: boolean }): Promise<{ page: Page; cdp: CDPSession }> {
  const { gzip = true, slow = false } = options;
  const page = await browser.newPage();
  await page.addInitScript((gzip) => {
    const seen = window as any;
    if (!gzip) delete seen.CompressionStream;
    seen.memories = [];
    seen.long = [];
    const { Instance } = WebAssembly;
    // @ts-expect-error It stands in the place of the browser's own.
    WebAssembly.Instance = function (module: WebAssembly.Module, imports: WebAssembly.Imports) {
      const instance = new Instance(module, imports);
      if (instance.exports['memory']) seen.memories.push(new WeakRef(instance.exports['memory']));
      return instance;
    };
    new PerformanceObserver((list) => seen.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  }, gzip);
  await page.goto(`${pages.url}/page`, { waitUntil: 'load' });
  const cdp = await (slow ? slowed(page) : page.context().newCDPSession(page));
  await page.evaluate(async ({ source, url, gzip }) => {
    const button = document.body.appendChild(document.createElement('button'));
    const count = document.body.appendChild(document.createElement('p'));
    button.textContent = 'buy';
    button.dataset['faroUserActionName'] = 'buy';
    button.addEventListener('click', () => (count.textContent = `${Number(count.textContent) + 1}`));
    const script = document.createElement('script');
    script.textContent = await (await fetch(source)).text();
    document.head.append(script);
    const seen = window as any;
    seen.client = seen.bench.start(url, gzip);
  }, { source: `/${kind}.js`, url, gzip });
  return { page, cdp };
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function clicks(page: Page, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await page.mouse.click(20, 90);
    await pause(BETWEEN);
  }
}

/** CPU time of the main thread, in µs a click; the page's own included. */
export async function click(browser: Browser, pages: Pages, kind: string, url: string): Promise<number> {
  const { page, cdp } = await open(browser, pages, kind, url, { slow: true });
  await pause(2000);
  await clicks(page, 3);
  const spent = await mainThread(cdp, (name) => page.evaluate((name) => void performance.mark(name), name), async () => {
    await clicks(page, CLICKS);
    await page.evaluate(() => void (window as any).bench.end((window as any).client));
    await pause(1000);
  });
  await page.close();
  return (spent * 1000) / CLICKS;
}

/** What the session sends, in bytes, and its tasks of more than 50 ms with a processor of a quarter of this one's speed. */
export async function session(browser: Browser, pages: Pages, kind: string, collector: Wire, gzip: boolean): Promise<{ bytes: number; long: number }> {
  collector.bytes();
  // What the SDK packs by itself as the page goes it packs without the browser's help as well.
  collector.unpacks(!gzip);
  const { page } = await open(browser, pages, kind, collector.url, { gzip, slow: true });
  await pause(1500);
  await clicks(page, 5);
  await page.evaluate(async () => {
    const { bench, client } = window as any;
    for (let n = 0; n < 20; n++) bench.event(client, 'add-to-cart', { product: `lamp-${n}`, price: '19.90', position: 'list' });
    for (let n = 0; n < 10; n++) await (await fetch(`/api?item=${n}`)).text();
    for (let n = 0; n < 3; n++) {
      setTimeout(() => { throw new Error(`broken ${n}`); });
      await new Promise((done) => setTimeout(done, 50));
    }
    history.pushState({}, '', '/second');
    for (let n = 0; n < 10; n++) bench.event(client, 'viewed', { product: `lamp-${n}` });
    await new Promise((done) => setTimeout(done, 1000));
    bench.end(client);
    await new Promise((done) => setTimeout(done, 7000));
  });
  const long = await page.evaluate(() => (window as any).long.length as number);
  await page.goto('about:blank');
  await pause(1500);
  await page.close();
  return { bytes: collector.bytes(), long };
}

/** Memory in use, in bytes (JavaScript's heap, array buffers and Wasm's memory), in the middle and at the end of so many busy minutes. */
export async function memory(browser: Browser, pages: Pages, kind: string, url: string, minutes: number): Promise<{ middle: number; end: number }> {
  const { page, cdp } = await open(browser, pages, kind, url, {});
  await page.evaluate((every) => {
    const { bench, client } = window as any;
    let n = 0;
    setInterval(() => {
      bench.event(client, 'add-to-cart', { product: `lamp-${n++}`, price: '19.90' });
      if (n % 5 == 0) void fetch(`/api?item=${n % 50}`).then((answer) => answer.text());
      if (n % 50 == 0) setTimeout(() => { throw new Error(`broken ${n % 500}`); });
    }, every);
  }, BUSY);
  const used = async (): Promise<number> => {
    // What is let go of only now and then is not in use.
    for (let times = 0; times < 3; times++) {
      await cdp.send('HeapProfiler.collectGarbage');
      await pause(200);
    }
    const heap = (await cdp.send('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize?: number };
    const wasm = await page.evaluate(() => (window as any).memories.reduce((sum: number, memory: WeakRef<WebAssembly.Memory>) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0) as number);
    return heap.usedSize + wasm;
  };
  const half = async (): Promise<number> => {
    for (let left = minutes * 30; left > 0; left -= 5) {
      await clicks(page, 1);
      await pause(Math.min(left, 5) * 1000 - BETWEEN);
    }
    return used();
  };
  const middle = await half();
  const end = await half();
  await page.close();
  return { middle, end };
}
