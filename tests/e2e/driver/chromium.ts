/**
 * Chromium over the DevTools protocol, through playwright-core. The browser is started here and connected to without Playwright's
 * defaults: those make every page say that it is visible and focused, and switch the back/forward cache off.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type CDPSession, type Page as PlaywrightPage } from 'playwright-core';
import { executable } from './executable.js';
import type { Browser, LaunchOptions, Page, PageOptions, Request } from './index.js';

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

/** What tests that know they run in Chromium may ask for beyond the interface. */
export interface ChromiumPage extends Page {
  cdp(): Promise<CDPSession>;
}

export async function launchChromium(options: LaunchOptions): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'farol-chromium-'));
  const args = [...ARGS, ...(options.bfcache === false ? ['--disable-back-forward-cache'] : []), ...(options.args ?? [])];
  const child = spawn(executable('chromium'), [...args, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const browser = await chromium.connectOverCDP(await endpoint(child), { noDefaults: true });
  const context = browser.contexts()[0]!;
  // The tab that goes before another to hide it.
  const front = context.pages()[0] ?? (await context.newPage());

  return {
    engine: 'chromium',
    async newPage(pageOptions: PageOptions = {}) {
      const page = await context.newPage();
      if (pageOptions.initScript) await page.addInitScript({ content: pageOptions.initScript });
      return wrap(context, page, front);
    },
    async close() {
      const gone = new Promise((done) => child.once('exit', done));
      const cdp = await browser.newBrowserCDPSession();
      await cdp.send('Browser.close').catch(() => kill());
      await gone;
      process.off('exit', kill);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function endpoint(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let text = '';
    child.stderr!.on('data', (chunk) => {
      text += chunk;
      const address = /ws:\/\/\S+/.exec(text)?.[0];
      if (address) done(address);
    });
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`chromium ended with ${code} before it could be driven:\n${text}`)));
  });
}

function wrap(context: BrowserContext, page: PlaywrightPage, front: PlaywrightPage): ChromiumPage {
  const requests: Request[] = [];
  const lines: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) =>
    requests.push({ method: request.method(), url: request.url(), headers: request.headers(), body: request.postData() ?? '' }),
  );
  page.on('console', (message) => lines.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => errors.push(String(error)));

  return {
    goto: async (url) => void (await page.goto(url, { waitUntil: 'load' })),
    click: (selector) => page.click(selector),
    press: (key) => page.keyboard.press(key),
    evaluate: (expression) => page.evaluate(expression) as Promise<never>,
    waitFor: async (expression) => void (await page.waitForFunction(expression)),
    back: async () => void (await page.goBack({ waitUntil: 'commit' })),
    forward: async () => void (await page.goForward({ waitUntil: 'commit' })),
    reload: async () => void (await page.reload({ waitUntil: 'load' })),
    async hide() {
      await front.bringToFront();
      await page.waitForFunction("document.visibilityState === 'hidden'", undefined, { polling: 20 });
    },
    async show() {
      await page.bringToFront();
      await page.waitForFunction("document.visibilityState === 'visible'", undefined, { polling: 20 });
    },
    requests: () => requests,
    console: () => lines,
    errors: () => errors,
    screenshot: async (path) => void (await page.screenshot({ path })),
    cdp: () => context.newCDPSession(page),
    close: () => page.close({ runBeforeUnload: false }),
  };
}
