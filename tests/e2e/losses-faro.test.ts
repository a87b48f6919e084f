/**
 * What Faro's SDK delivers where Farol's delivers all: pages of either are put through the same, one after the other, and what came of each is told beside what it had captured
 * (docs/sdk.md has the table). Of Farol all has to come, each once; of Faro nothing is asked.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { readFile } from 'node:fs/promises';
import { test } from './driver/cases.js';
import { html, script } from './driver/server.js';
import { names, say, stage } from './losses/stage.js';
import { second, still, type Fate } from './losses/way.js';

/** In ms: how long a collector is away, and how long the last item may take. */
const [AWAY, PATIENCE] = [10_000, 60_000];
const PAGES = 8;

const faro = await readFile(new URL('../../node_modules/@grafana/faro-web-sdk/dist/bundle/faro-web-sdk.iife.js', import.meta.url));
const told: string[] = [];

const on = stage((between, path, query) => {
  const starts: Record<string, string> = {
    '/farol': `<script src="/farol.js"></script><script>
      const client = Farol.init({ url: '${between.url}', app: { name: 'shop' } });
      window.say = (text) => client.log(text);</script>`,
    '/faro': `<script src="/faro.js"></script><script>
      const client = GrafanaFaroWebSdk.initializeFaro({ url: '${between.url}/collect', app: { name: 'shop' } });
      window.say = (text) => client.api.pushLog([text]);</script>`,
  };
  if (path === '/faro.js') return script(faro);
  const start = starts[path];
  return start ? html(query ? `${start}<script>say('${query}'); location.href = '/bare';</script>` : start) : undefined;
});
after(() => console.log(['| what happens | captured | of Farol came | of Faro came |', '|---|--:|--:|--:|', ...told].join('\n')));

/** Puts pages of both through it: `act` opens them by their path, says `count` things, and has the way as it was in the end. */
function beside(name: string, count: number, act: (path: string, prefix: string) => Promise<void>): void {
  test(`of ${name} all comes, and what comes of Faro's is told beside`, async () => {
    const came: number[] = [];
    for (const kind of ['farol', 'faro']) {
      const prefix = `${kind}-${told.length}-`;
      on.between.fate = () => 'passes';
      await act(`/${kind}`, prefix);
      on.between.fate = () => 'passes';
      // What is behind it has come: Faro's has no other end to wait for.
      const last = await on.open(`/${kind}`);
      await say(last, `${prefix}end-`, 1);
      let items = await on.collector.until((items) => names(items, prefix).includes(`${prefix}end-0`) && (kind === 'faro' || names(items, prefix).length > count), `${kind}, ${name}`, PATIENCE);
      if (kind === 'farol') items = await still(last, on.between, on.collector, prefix);
      const all = names(items, prefix).filter((name) => !name.includes('end'));
      if (kind === 'farol') assert.deepEqual([new Set(all).size, all.length], [count, count], 'all, each once');
      came.push(new Set(all).size);
      await last.close();
    }
    told.push(`| ${name} | ${count} | ${came[0]} | ${came[1]} |`);
  });
}

/** The way is bad for so long from now on. */
const bad = (fate: Fate, ms: number): number => {
  const until = Date.now() + ms;
  on.between.fate = () => (Date.now() < until ? fate : 'passes');
  return until;
};

for (const [fate, name] of [['is refused', 'what was said while the collector answers 503 for ten seconds'], ['is cut off', 'what was said while the collector is not there for ten seconds']] as const) {
  beside(name, 10, async (path, prefix) => {
    const page = await on.open(path);
    const until = bad(fate, AWAY);
    await say(page, prefix, 10);
    await page.evaluate(`new Promise((done) => setTimeout(done, ${Math.max(0, until - Date.now())}))`);
    await page.close();
  });
}

beside('requests of which one is refused, one cut off, one loses its answer, and so on', 12, async (path, prefix) => {
  const page = await on.open(path);
  const fates: Fate[] = ['is refused', 'is cut off', 'loses its answer'];
  let met = 0;
  on.between.fate = () => (met < 6 ? fates[met++ % 3]! : 'passes');
  await page.evaluate(`(async () => {
    for (let n = 0; n < 12; n++) {
      say('${prefix}' + n);
      await new Promise((done) => setTimeout(done, 400));
    }
  })()`);
  await page.close();
});

beside('eight logs of 100 KB at once', 8, async (path, prefix) => {
  const page = await on.open(path);
  await say(page, prefix, 8, 100_000);
  await page.evaluate(`new Promise((done) => setTimeout(done, 2000))`);
  await page.close();
});

beside(`${PAGES} pages that are left at once`, PAGES, async (path, prefix) => {
  const page = await on.browser.newPage();
  for (let n = 0; n < PAGES; n++) {
    await page.goto(`${on.own.url}${path}?${prefix}${n}`, { until: 'commit' }).catch(() => undefined);
    await page.waitFor("location.pathname === '/bare'");
  }
  await page.close();
});

beside(`${PAGES} pages that are closed with 200 logs waiting`, 200 * PAGES, async (path, prefix) => {
  for (let n = 0; n < PAGES; n++) {
    const page = await on.open(path);
    await say(page, `${prefix}${n}-`, 200);
    await page.close();
  }
});

beside('a tab that is closed while the collector is not there, and whose visitor comes back', 10, async (path, prefix) => {
  const page = await on.open(path);
  if (path === '/farol') await second(page);
  on.between.fate = () => 'is cut off';
  await say(page, prefix, 10);
  await page.evaluate(`new Promise((done) => setTimeout(done, 2000))`);
  await page.close();
});
