/** A page on which everything of `page.ts` happens, and its collector: for the hard pages of items.test.ts and for the smoke test. */
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { startCollector, type Collector } from '../driver/collector.js';
import { has } from '../driver/features.js';
import type { Browser, Page } from '../driver/index.js';
import { sdkFiles } from '../driver/sdk.js';
import { html, script, site, type Reply, type Site } from '../driver/server.js';

/** The slow handler; and the page knows when the browser has told of the interaction, which is some frames after the click. */
const WIRE = `
  document.getElementById('slow').addEventListener('click', () => window.slow());
  new PerformanceObserver((list) => { if (list.getEntries().some((entry) => entry.interactionId)) window.interacted = true; })
    .observe({ type: 'event', durationThreshold: 40, buffered: true });`;

export interface Variant {
  what: string;
  headers?: Record<string, string>;
  /** Source that runs before anything of the page. */
  initScript?: string;
  /** Source that the page runs after the SDK has started. */
  after?: string;
  clients?: number;
  options?: object;
}


/** The SDK's files and what the page plays. */
const files: Promise<Map<string, Buffer>> = build({
  entryPoints: [new URL('page.ts', import.meta.url).pathname],
  bundle: true,
  format: 'iife',
  write: false,
  external: ['@farol/web'],
}).then(({ outputFiles }) => new Map([...sdkFiles(), ['/items.js', Buffer.from(outputFiles[0]!.contents)]]));

/** The rows of the table that this engine makes no entries for. */
export const WITHOUT: string[] = [
  ...(has('layout-shift') ? [] : ['vital cls']),
  ...(has('largest-contentful-paint') ? [] : ['vital lcp']),
  ...(has('PerformanceEventTiming.interactionId') ? [] : ['vital inp']),
];

export interface Stage {
  page: Page;
  own: Site;
  other: Site;
  collector: Collector;
  end(): Promise<void>;
}

export async function stage(browser: Browser, variant: Variant): Promise<Stage> {
  const all = await files;
  const collector = await startCollector({ env: { FAROL_SCRUB__PROFILE: 'passthrough' } });
  const other = await site((method) => ({
    status: method === 'OPTIONS' ? 204 : 200,
    headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' },
  }));
  const own = await site((_, path): Reply | undefined => {
    const name = path.split('?')[0]!;
    const file = all.get(name);
    if (file) return script(file);
    if (name === '/settings.js') {
      return script(`window.settings = ${JSON.stringify({ url: collector.url, other: other.url, clients: variant.clients ?? 1, options: variant.options ?? {} })}`);
    }
    if (name === '/after.js') return script(variant.after ?? '');
    if (name === '/api/fail') return { status: 500 };
    if (name.startsWith('/api/')) return { headers: { 'content-type': 'application/json' }, body: '{"ok":true}' };
    if (name === '/' || name === '/second') {
      const body = `<h1>All the things</h1><button id="slow">slow</button>
        <script src="/settings.js"></script><script src="/farol.js"></script><script src="/items.js"></script><script src="/after.js"></script>
        <script src="/wire.js"></script>`;
      return html(body, variant.headers);
    }
    if (name === '/wire.js') return script(WIRE);
    return undefined;
  });
  const page = await browser.newPage(variant.initScript ? { initScript: variant.initScript } : {});
  return {
    page,
    own,
    other,
    collector,
    async end() {
      await page.close();
      own.close();
      other.close();
      await collector.stop();
    },
  };
}

export async function play({ page, own }: Stage): Promise<void> {
  await page.goto(own.url);
  await page.waitFor("performance.getEntriesByName('first-contentful-paint').length");
  await page.click('#slow');
  assert.equal(await page.evaluate('play()'), 'played');
  if (!WITHOUT.includes('vital inp')) await page.waitFor('window.interacted');
  // What the browser told of it is measured when the page is idle, as web-vitals does; on a busy machine it may be hidden before.
  await page.evaluate('new Promise((done) => { const idle = window.requestIdleCallback || setTimeout; idle(() => idle(done)); })');
  await page.hide();
}
