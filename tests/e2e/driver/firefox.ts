/** Firefox over WebDriver BiDi, which it speaks by itself: no driver program stands between. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bidi } from './bidi.js';
import { executable } from './executable.js';
import { Unsupported, type Browser, type LaunchOptions, type Page, type PageOptions, type Request, type WaitOptions } from './index.js';
import { key } from './keys.js';
import { removeAtExit, start } from './processes.js';
import { call, type Source } from './source.js';
import { wait } from './wait.js';

/** Quiet on a closed network; the rest is as a user has it. */
const PREFERENCES: Record<string, string | number | boolean> = {
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.newtabpage.enabled': false,
  'browser.startup.page': 0,
  'browser.topsites.contile.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.server': '',
  // Addresses of this machine are what the tests are about.
  'network.lna.enabled': false,
};

const EVENTS = ['network.beforeRequestSent', 'network.responseCompleted', 'log.entryAdded', 'browsingContext.domContentLoaded', 'browsingContext.load'];

export async function launchFirefox(options: LaunchOptions): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'farol-firefox-'));
  removeAtExit(profile);
  const preferences = { ...PREFERENCES, 'browser.sessionhistory.max_total_viewers': options.bfcache === false ? 0 : -1 };
  writeFileSync(join(profile, 'user.js'), Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
  const { width, height } = options.window ?? { width: 1280, height: 800 };
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', `--width=${width}`, `--height=${height}`, ...(options.args ?? []), 'about:blank'];
  const program = start(executable('firefox'), args);
  try {
    const [, address] = await program.line(/WebDriver BiDi listening on (ws:\S+)/);
    const bidi = await Bidi.connect(`${address}/session`);
    const session = await bidi.send('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
    await bidi.send('session.subscribe', { events: EVENTS });
    const { contexts } = await bidi.send('browsingContext.getTree');
    // The tab that goes before another to hide it.
    const front: string = contexts[0].context;
    return {
      engine: 'firefox',
      version: `Firefox ${session.capabilities.browserVersion}`,
      newPage: (page) => newPage(bidi, front, page),
      async close() {
        await bidi.send('browser.close').catch(() => undefined);
        bidi.close();
        await program.end();
        await rm(profile, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    await program.end('SIGKILL');
    throw error;
  }
}

async function newPage(bidi: Bidi, front: string, options: PageOptions = {}): Promise<Page> {
  const { context } = (await bidi.send('browsingContext.create', { type: 'tab' })) as { context: string };
  if (options.initScript) await bidi.send('script.addPreloadScript', { functionDeclaration: `() => {${options.initScript}\n}`, contexts: [context] });
  const seen = watch(bidi, context);

  // The browser itself serialises the answer: a page may have patched its JSON.
  const evaluate = async <R, A extends unknown[]>(run: Source<R, A>, ...args: A): Promise<R> => {
    const { type, result, exceptionDetails } = await bidi.send('script.evaluate', {
      expression: call(run, args),
      target: { context },
      awaitPromise: true,
      resultOwnership: 'none',
      serializationOptions: { maxObjectDepth: 20, maxDomDepth: 0 },
    });
    if (type === 'exception') throw new Error(exceptionDetails.text);
    return local(result) as R;
  };
  const waitFor = <R, A extends unknown[]>(run: Source<R, A>, { timeout, what, args }: WaitOptions<A> = {}): Promise<R> =>
    wait(() => evaluate(run, ...((args ?? []) as unknown as A)), what ?? String(run), timeout);
  const visibility = (state: string): Promise<unknown> => waitFor(`document.visibilityState === '${state}'`, { what: `the page to be ${state}` });
  const keys = (names: string[]): Promise<unknown> =>
    bidi.send('input.performActions', {
      context,
      actions: [{ type: 'key', id: 'keyboard', actions: names.flatMap((name) => [{ type: 'keyDown', value: key(name) }, { type: 'keyUp', value: key(name) }]) }],
    });
  const click = async (selector: string, times = 1): Promise<void> => {
    const { nodes } = await wait(
      async () => {
        const found = await bidi.send('browsingContext.locateNodes', { context, locator: { type: 'css', value: selector }, maxNodeCount: 1 });
        return found.nodes.length ? found : undefined;
      },
      `an element ${selector}`,
      10_000,
    );
    const element = { sharedId: nodes[0].sharedId as string };
    await bidi.send('script.callFunction', {
      functionDeclaration: "(element) => element.scrollIntoView({ block: 'center', behavior: 'instant' })",
      arguments: [element],
      target: { context },
      awaitPromise: false,
    });
    await bidi.send('input.performActions', {
      context,
      actions: [
        {
          type: 'pointer',
          id: 'mouse',
          actions: [
            { type: 'pointerMove', x: 0, y: 0, origin: { type: 'element', element } },
            ...Array.from({ length: times }, () => [{ type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }]).flat(),
          ],
        },
      ],
    });
  };
  const travel = async (delta: number): Promise<void> => {
    await bidi.send('browsingContext.traverseHistory', { context, delta });
  };

  return {
    goto: async (url, { until = 'load' } = {}) =>
      void (await bidi.send('browsingContext.navigate', { context, url, wait: until === 'load' ? 'complete' : 'none' })),
    click,
    press: async (name) => void (await keys([name])),
    async type(selector, text) {
      await click(selector);
      await keys([...text]);
    },
    evaluate,
    waitFor,
    back: () => travel(-1),
    forward: () => travel(1),
    reload: async () => void (await bidi.send('browsingContext.reload', { context, wait: 'complete' })),
    async hide() {
      await bidi.send('browsingContext.activate', { context: front });
      await visibility('hidden');
    },
    async show() {
      await bidi.send('browsingContext.activate', { context });
      await visibility('visible');
    },
    throttle: () => Promise.reject(new Unsupported('firefox', 'throttle a page', 'WebDriver BiDi has no command for it')),
    requests: () => [...seen.requests],
    console: () => [...seen.console],
    errors: () => [...seen.errors],
    async screenshot(path) {
      const { data } = await bidi.send('browsingContext.captureScreenshot', { context });
      await writeFile(path, Buffer.from(data, 'base64'));
    },
    close: async () => void (await bidi.send('browsingContext.close', { context, promptUnload: false })),
    cdp: () => Promise.reject(new Unsupported('firefox', 'speak the DevTools protocol', 'it is Chromium’s')),
  };
}

/** A value as BiDi writes it, as JSON would have it. */
function local(remote: any): unknown {
  switch (remote?.type) {
    case 'string':
    case 'boolean':
      return remote.value;
    case 'number':
      return typeof remote.value === 'number' ? remote.value : remote.value === '-0' ? 0 : null;
    case 'null':
      return null;
    case 'array':
      return (remote.value ?? []).map((item: unknown) => local(item) ?? null);
    case 'object':
      return Object.fromEntries((remote.value ?? []).map(([name, value]: [string, unknown]) => [name, local(value)]).filter(([, value]: [string, unknown]) => value !== undefined));
    case 'date':
      return remote.value;
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return {};
  }
}

function watch(bidi: Bidi, context: string): { requests: Request[]; console: string[]; errors: string[] } {
  const seen = { requests: [] as Request[], console: [] as string[], errors: [] as string[] };
  const of = new Map<string, Request>();
  bidi.on('network.beforeRequestSent', ({ context: where, request, initiator }) => {
    // A redirect keeps its id; preflights are the browser's own business.
    if (where !== context || of.has(request.request) || initiator?.type === 'preflight') return;
    const headers = Object.fromEntries(request.headers.map((header: any) => [String(header.name).toLowerCase(), header.value?.value ?? '']));
    const one: Request = { method: request.method, url: request.url, headers, body: '', type: request.initiatorType ?? request.destination ?? '', status: 0 };
    of.set(request.request, one);
    seen.requests.push(one);
  });
  bidi.on('network.responseCompleted', ({ request, response }) => {
    const one = of.get(request.request);
    if (one) one.status = response.status;
  });
  bidi.on('log.entryAdded', (entry) => {
    if (entry.source?.context !== context) return;
    if (entry.type === 'javascript') seen.errors.push(entry.text);
    else seen.console.push(`${entry.method ?? entry.level}: ${entry.text}`);
  });
  return seen;
}
