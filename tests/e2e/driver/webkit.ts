/**
 * WebKitGTK over WebDriver: WebKitWebDriver drives MiniBrowser on a screen of its own (Xvfb). A page can be looked at only where it
 * is the driver's current window, so that commands are said one after the other.
 */
import { createServer, type AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { Builder, By, Capabilities, type WebDriver } from 'selenium-webdriver';
import { executable } from './executable.js';
import { Unsupported, type Browser, type LaunchOptions, type Page, type PageOptions, type WaitOptions } from './index.js';
import { key } from './keys.js';
import { start } from './processes.js';
import { call, type Source } from './source.js';
import { wait } from './wait.js';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export async function launchWebKit(options: LaunchOptions): Promise<Browser> {
  const { width, height } = options.window ?? { width: 1280, height: 800 };
  // -displayfd: the server chooses a free display and says which.
  const screen = start('Xvfb', ['-displayfd', '1', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp']);
  const [, display] = await screen.line(/^(\d+)$/m);
  const port = await freePort();
  const program = start('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    env: {
      ...process.env,
      DISPLAY: `:${display}`,
      // As root there is no sandbox; without an accessibility bus it waits for one.
      ...(process.getuid?.() === 0 ? { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' } : {}),
      NO_AT_BRIDGE: '1',
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    },
  });
  const end = async (): Promise<void> => {
    await program.end();
    await screen.end();
  };
  try {
    const url = `http://127.0.0.1:${port}`;
    await wait(() => fetch(`${url}/status`).then((answer) => answer.ok, () => false), 'WebKitWebDriver');
    const capabilities = new Capabilities({
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary: executable('webkitgtk'), args: ['--automation', ...(options.args ?? [])] },
    });
    const driver = await new Builder().disableEnvironmentOverrides().usingServer(url).withCapabilities(capabilities).build();
    const version = (await driver.getCapabilities()).getBrowserVersion();
    const front = await driver.getWindowHandle();
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
      const next = last.then(run, run);
      last = next.catch(() => undefined);
      return next;
    };
    return {
      engine: 'webkitgtk',
      version: `WebKitGTK ${version}`,
      newPage: (page) => newPage(driver, front, inTurn, page),
      async close() {
        await driver.quit().catch(() => undefined);
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function newPage(driver: WebDriver, front: string, inTurn: <T>(run: () => Promise<T>) => Promise<T>, options: PageOptions = {}): Promise<Page> {
  if (options.initScript) throw new Unsupported('webkitgtk', 'run a script before the page', 'WebDriver has no command for it');
  const handle = await inTurn(async () => {
    // The current window may be one that was closed.
    await driver.switchTo().window(front);
    await driver.switchTo().newWindow('window');
    return driver.getWindowHandle();
  });
  const here = <T>(run: () => Promise<T>): Promise<T> =>
    inTurn(async () => {
      await driver.switchTo().window(handle);
      return run();
    });
  // The driver's own way of running scripts is a function body in the page's world; a CSP without `eval` forbids text, so the
  // expression stands in the body itself.
  const evaluate = <R, A extends unknown[]>(run: Source<R, A>, ...args: A): Promise<R> =>
    here(async () => {
      const body = `const done = arguments[arguments.length - 1];
        (async () => (${call(run, args)}))().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const answer = (await driver.executeAsyncScript(body)) as { value?: R; error?: string };
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.value as R;
    });
  const waitFor = <R, A extends unknown[]>(run: Source<R, A>, { timeout, what, args }: WaitOptions<A> = {}): Promise<R> =>
    wait(() => evaluate(run, ...((args ?? []) as unknown as A)), what ?? String(run), timeout);
  const visibility = (state: string): Promise<unknown> => waitFor(`document.visibilityState === '${state}'`, { what: `the page to be ${state}` });
  const none = (what: string): never => {
    throw new Unsupported('webkitgtk', what, 'WebDriver does not tell; ask the server that the test runs');
  };

  return {
    goto: (url) => here(() => driver.get(url)),
    click: (selector) => here(() => driver.findElement(By.css(selector)).click()),
    press: (name) => here(() => driver.actions().sendKeys(key(name)).perform()),
    type: (selector, text) => here(() => driver.findElement(By.css(selector)).sendKeys(text)),
    evaluate,
    waitFor,
    back: () => here(() => driver.navigate().back()),
    forward: () => here(() => driver.navigate().forward()),
    reload: () => here(() => driver.navigate().refresh()),
    // Tabs of MiniBrowser cannot be brought to the front by the driver; its windows can be put away.
    async hide() {
      await here(() => driver.manage().window().minimize());
      await visibility('hidden');
    },
    async show() {
      await here(() => driver.manage().window().setRect({ x: 0, y: 0 }));
      await visibility('visible');
    },
    throttle: () => Promise.reject(new Unsupported('webkitgtk', 'throttle a page', 'WebDriver has no command for it')),
    requests: () => none('list requests'),
    console: () => none('list console messages'),
    errors: () => none('list errors'),
    screenshot: (path) => here(async () => writeFile(path, Buffer.from(await driver.takeScreenshot(), 'base64'))),
    close: () => here(() => driver.close()),
    cdp: () => Promise.reject(new Unsupported('webkitgtk', 'speak the DevTools protocol', 'it is Chromium’s')),
  };
}
