/**
 * Chromium over the DevTools protocol, through playwright-core. The browser is started here and connected to without Playwright's
 * defaults: those make every page say that it is visible and focused, and switch the back/forward cache off.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page as NativePage, type Request as NativeRequest } from 'playwright-core';
import { executable } from './executable.js';
import type { Browser, LaunchOptions, Page, PageOptions, Request, WaitOptions } from './index.js';
import { removeAtExit, start, STARTING } from './processes.js';
import { call, type Source } from './source.js';
import { wait } from './wait.js';

/** Quiet on a closed network, and able to run as root in a container. */
const ARGS = [
  '--headless=new',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--remote-debugging-port=0',
];

/** Asking a browser to close takes it less than this; then its processes are ended. */
const CLOSING = 5_000;

export async function launchChromium(options: LaunchOptions): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'farol-chromium-'));
  removeAtExit(profile);
  const { width, height } = options.window ?? { width: 1280, height: 800 };
  const own = [`--user-data-dir=${profile}`, `--window-size=${width},${height}`, ...(options.bfcache === false ? ['--disable-back-forward-cache'] : [])];
  const program = start(executable('chromium'), [...ARGS, ...own, ...(options.args ?? []), 'about:blank']);
  try {
    const [, address] = await program.line(/DevTools listening on (ws:\S+)/);
    const browser = await chromium.connectOverCDP(address!, { noDefaults: true, timeout: STARTING });
    const context = browser.contexts()[0]!;
    // The tab that goes before another to hide it.
    const front = context.pages()[0] ?? (await context.newPage());
    return {
      engine: 'chromium',
      version: `Chromium ${browser.version()}`,
      newPage: (page) => newPage(context, front, page),
      async close() {
        const cdp = await browser.newBrowserCDPSession().catch(() => undefined);
        const gone = new Promise((done) => program.child.once('close', done));
        await cdp?.send('Browser.close').catch(() => undefined);
        await Promise.race([gone, new Promise((done) => setTimeout(done, CLOSING).unref())]);
        await program.end();
        await rm(profile, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    await program.end('SIGKILL');
    throw error;
  }
}

async function newPage(context: BrowserContext, front: NativePage, options: PageOptions = {}): Promise<Page> {
  const page = await context.newPage();
  if (options.initScript) await page.addInitScript({ content: options.initScript });
  const session = await context.newCDPSession(page);
  const seen = watch(page);

  // Not Playwright's evaluate: that one uses `eval` in the page, which a CSP forbids.
  const evaluate = async <R, A extends unknown[]>(run: Source<R, A>, ...args: A): Promise<R> => {
    const answer = await session.send('Runtime.evaluate', { expression: call(run, args), awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? answer.exceptionDetails.text);
    return answer.result.value as R;
  };
  const waitFor = <R, A extends unknown[]>(run: Source<R, A>, { timeout, what, args }: WaitOptions<A> = {}): Promise<R> =>
    wait(() => evaluate(run, ...((args ?? []) as unknown as A)), what ?? String(run), timeout);
  const visibility = (state: 'hidden' | 'visible'): Promise<unknown> =>
    waitFor(`document.visibilityState === '${state}'`, { what: `the page to be ${state}` });

  return {
    goto: async (url, { until = 'load' } = {}) => void (await page.goto(url, { waitUntil: until, timeout: STARTING })),
    click: (selector, times = 1) => page.click(selector, { timeout: 10_000, clickCount: times }),
    press: (key) => page.keyboard.press(key),
    type: (selector, text) => page.locator(selector).pressSequentially(text, { timeout: 10_000 }),
    evaluate,
    waitFor,
    // A page out of the cache fires no load event: the commit is all that can be waited for.
    back: async () => void (await page.goBack({ waitUntil: 'commit' })),
    forward: async () => void (await page.goForward({ waitUntil: 'commit' })),
    reload: async () => void (await page.reload({ waitUntil: 'load' })),
    async hide() {
      await front.bringToFront();
      await visibility('hidden');
    },
    async show() {
      await page.bringToFront();
      await visibility('visible');
    },
    async throttle({ cpu = 1, latency = 0, throughput, offline = false }) {
      const bytes = throughput ? throughput * 1024 : -1;
      await session.send('Emulation.setCPUThrottlingRate', { rate: cpu });
      await session.send('Network.enable');
      await session.send('Network.emulateNetworkConditions', { offline, latency, downloadThroughput: bytes, uploadThroughput: bytes });
    },
    requests: () => [...seen.requests],
    console: () => [...seen.console],
    errors: () => [...seen.errors],
    screenshot: async (path) => void (await page.screenshot({ path })),
    close: () => page.close({ runBeforeUnload: false }),
    cdp: async () => session,
  };
}

function watch(page: NativePage): { requests: Request[]; console: string[]; errors: string[] } {
  const seen = { requests: [] as Request[], console: [] as string[], errors: [] as string[] };
  const of = new Map<NativeRequest, Request>();
  page.on('request', (native) => {
    const request: Request = {
      method: native.method(),
      url: native.url(),
      headers: native.headers(),
      body: native.postData() ?? '',
      type: native.resourceType(),
      status: 0,
    };
    of.set(native, request);
    seen.requests.push(request);
    // What the network adds (origin, cookies) is known a little later.
    native.allHeaders().then(
      (headers) => (request.headers = headers),
      () => undefined,
    );
  });
  page.on('response', (response) => {
    const request = of.get(response.request());
    if (request) request.status = response.status();
  });
  page.on('console', (message) => seen.console.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  return seen;
}
