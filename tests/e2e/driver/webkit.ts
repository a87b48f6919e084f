/**
 * WebKitGTK over WebDriver: WebKitWebDriver drives MiniBrowser on a screen of its own (Xvfb). A page can be looked at only where it
 * is the driver's current window, so that commands are said one after the other.
 */
import { writeFile } from 'node:fs/promises';
import { Builder, By, Capabilities, type WebDriver } from 'selenium-webdriver';
import { executable } from './executable.js';
import { Unsupported, type Browser, type LaunchOptions, type Page, type PageOptions, type WaitOptions } from './index.js';
import { key } from './keys.js';
import { start, STARTING } from './processes.js';
import { startProxy, type Proxy } from './proxy.js';
import { freePort } from './server.js';
import { call, type Source } from './source.js';
import { wait } from './wait.js';

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
  const proxy = await startProxy();
  const end = async (): Promise<void> => {
    proxy.close();
    await program.end();
    await screen.end();
  };
  try {
    const url = `http://127.0.0.1:${port}`;
    await wait(() => fetch(`${url}/status`).then((answer) => answer.ok, () => false), 'WebKitWebDriver', STARTING);
    const capabilities = new Capabilities({
      browserName: 'MiniBrowser',
      proxy: { proxyType: 'manual', httpProxy: `127.0.0.1:${proxy.port}`, noProxy: [] },
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
      newPage: (page) => newPage(driver, front, inTurn, proxy, page),
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

/** The body of a function that answers with what a console would: the value of the expression, or of the last of several statements. */
function answering(source: string): string {
  const last = source.lastIndexOf(';');
  for (const body of [`return (${source}\n)`, `${source.slice(0, last + 1)} return (${source.slice(last + 1)}\n)`]) {
    try {
      new Function(`async () => { ${body} }`);
      return body;
    } catch {
      // The next reading.
    }
  }
  return source;
}

/** An answer as JSON: the driver's own way asks the objects for their `toJSON`, which a page may have given them. */
const TELL = `function tell(value) {
  const quote = (text) => '"' + text.replace(/[^ !#-\\[\\]-~]/g, (c) => '\\\\u' + ('000' + c.charCodeAt(0).toString(16)).slice(-4)) + '"';
  if (typeof value == 'string') return quote(value);
  if (typeof value == 'boolean' || (typeof value == 'number' && isFinite(value))) return String(value);
  if (value == null || typeof value != 'object') return 'null';
  if (Array.isArray(value)) return '[' + value.map(tell).join() + ']';
  if (value instanceof Date) return quote(value.toISOString());
  return '{' + Object.keys(value).filter((key) => value[key] !== undefined && typeof value[key] != 'function').map((key) => quote(key) + ':' + tell(value[key])).join() + '}';
}`;

/** What a page has said and thrown is kept in it, and taken from it with each answer. */
const LISTEN = `{
  const said = [];
  Object.defineProperty(window, Symbol.for('test.said'), { value: said });
  for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
    const native = console[level];
    console[level] = function (...args) { try { said.push(['console', (level == 'warn' ? 'warning' : level) + ': ' + args.map((arg) => (typeof arg == 'object' || typeof arg == 'function' ? '(…)' : String(arg))).join(' ')]); } catch {} return native.apply(this, args); };
  }
  const heard = (event) => event.isTrusted && said.push(['error', String(event.reason ?? event.error ?? event.message)]);
  addEventListener('error', heard);
  addEventListener('unhandledrejection', heard);
}`;

async function newPage(driver: WebDriver, front: string, inTurn: <T>(run: () => Promise<T>) => Promise<T>, proxy: Proxy, options: PageOptions = {}): Promise<Page> {
  proxy.first = LISTEN + (options.initScript ?? '');
  const before = proxy.requests.length;
  const seen = { console: [] as string[], error: [] as string[] };
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
        const said = () => (window[Symbol.for('test.said')] || []).splice(0);
        const tell = ${TELL};
        (async () => { ${answering(call(run, args))} })().then((value) => done(tell({ value, said: said() })), (error) => done(tell({ error: String(error), said: said() })));`;
      const answer = JSON.parse(await driver.executeAsyncScript<string>(body)) as { value?: R; error?: string; said: ['console' | 'error', string][] };
      for (const [kind, text] of answer.said) seen[kind].push(text);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.value as R;
    });
  const waitFor = <R, A extends unknown[]>(run: Source<R, A>, { timeout, what, args }: WaitOptions<A> = {}): Promise<R> =>
    wait(() => evaluate(run, ...((args ?? []) as unknown as A)), what ?? String(run), timeout);
  const visibility = (state: string): Promise<unknown> => waitFor(`document.visibilityState === '${state}'`, { what: `the page to be ${state}` });
  return {
    goto: (url) => here(() => driver.get(url)),
    click: (selector, times = 1) => here(async () => {
      const element = await driver.findElement(By.css(selector));
      if (times === 1) return element.click();
      const actions = driver.actions().move({ origin: element });
      for (let n = 0; n < times; n++) actions.press().release();
      return actions.perform();
    }),
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
    requests: () => proxy.requests.slice(before),
    console: () => [...seen.console],
    errors: () => [...seen.error],
    screenshot: (path) => here(async () => writeFile(path, Buffer.from(await driver.takeScreenshot(), 'base64'))),
    close: () => here(() => driver.close()),
    cdp: () => Promise.reject(new Unsupported('webkitgtk', 'speak the DevTools protocol', 'it is Chromium’s')),
  };
}
