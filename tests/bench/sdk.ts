/**
 * `cargo xtask bench sdk`: what Farol costs a page, beside Faro with tracing and the page without an SDK, in the same browser.
 *
 * Each figure is the median over processes (a new browser each), with its spread; peers take turns within a round so that
 * a busy moment of the machine hits all. Options: --json, --rounds N (default 10), --part page (start, event, fetch) or session (clicks, bytes, memory, long
 * tasks; at most 3 rounds), --long (10 busy minutes in the place of 1), --write (the tables of docs/benchmarks.md).
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { executable } from '../e2e/driver/executable.js';
import { sdkFiles } from '../e2e/driver/sdk.js';
import { fetches } from './fetches.js';
import { share, shown, write, type Row } from './document.js';
import { click, memory, session, wire } from './session.js';
import { mainThread } from './trace.js';
import { serve, type Pages } from './pages.js';
import { spread, type Spread } from './stats.js';

const KINDS = ['blank', 'farol', 'faro'] as const;
type Kind = (typeof KINDS)[number];

/** What one process measured, in ms for `start` (evaluation to the first event taken) and µs for one event and one fetch. */
interface Measured {
  start: number;
  event: number;
  fetch: number;
  bytes: number;
}

const EVENTS = 1000;
const BURST = 50;

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, rounds: { type: 'string', default: '10' }, part: { type: 'string' }, long: { type: 'boolean' }, write: { type: 'boolean' } } });
const rounds = Number(options.rounds);

async function scripts(): Promise<Map<string, string>> {
  const here = (name: string): string => new URL(name, import.meta.url).pathname;
  const all = new Map<string, string>();
  for (const kind of KINDS) {
    const { outputFiles } = await build({
      entryPoints: [here(`${kind}.ts`)],
      bundle: true,
      minify: true,
      format: 'iife',
      write: false,
      legalComments: 'none',
      target: 'chrome120',
    });
    const sdk = kind === 'farol' ? await readFile(here('../../npm/web/dist/farol.js'), 'utf8') : '';
    all.set(`/${kind}.js`, sdk + outputFiles[0]!.text);
  }
  for (const [path, bytes] of sdkFiles()) if (path.startsWith('/farol-')) all.set(path, bytes.toString());
  return all;
}

const browse = async (): Promise<Browser> => chromium.launch({
  executablePath: await executable('chromium'),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

async function measure(kind: Kind, pages: Pages): Promise<Measured> {
  const browser = await browse();
  try {
    const page = await browser.newPage();
    await page.goto(`${pages.url}/page`, { waitUntil: 'load' });
    const start = await page.evaluate(
      async ({ source, url }) => {
        const text = await (await fetch(source)).text();
        const script = document.createElement('script');
        script.textContent = text;
        (window as any).native = window.fetch.bind(window);
        const from = performance.now();
        document.head.append(script);
        const bench = (window as any).bench;
        const client = bench.start(url);
        bench.event(client, 'first', { a: 'b' });
        const took = performance.now() - from;
        (window as any).client = client;
        return took;
      },
      { source: `/${kind}.js`, url: pages.url },
    );
    // The vitals, the session and the first batches leave before the next figure is taken.
    await page.evaluate(() => new Promise((done) => { (window as any).bench.end((window as any).client); setTimeout(done, 2000); }));

    const cdp = await page.context().newCDPSession(page);
    const mark = (name: string): Promise<void> => page.evaluate((name) => void performance.mark(name), name);
    pages.reset();
    const events = await mainThread(cdp, mark, () =>
      page.evaluate(
        async ({ count, burst }) => {
          const { bench, client } = window as any;
          for (let i = 0; i < count; i += burst) {
            for (let k = i; k < i + burst; k++) bench.event(client, 'add-to-cart', { product: `lamp-${k}`, price: '19.90', position: 'list' });
            await new Promise((done) => setTimeout(done, 20));
          }
          bench.end(client);
          await new Promise((done) => setTimeout(done, 1500));
        },
        { count: EVENTS, burst: BURST },
      ),
    );
    const bytes = pages.received().bytes;
    return { start, event: (events * 1000) / EVENTS, fetch: await fetches(cdp, page), bytes };
  } finally {
    await browser.close();
  }
}

const pages = await serve(await scripts());
const measured: Record<Kind, Measured[]> = { blank: [], farol: [], faro: [] };
for (let round = 0; round < (options.part == 'session' ? 0 : rounds); round++) {
  for (const kind of KINDS) {
    if (!options.json) process.stderr.write(`round ${round + 1} of ${rounds}: ${kind}   \r`);
    measured[kind].push(await measure(kind, pages));
  }
}

/** A session's figures, each with what is taken off: the page without an SDK. */
const SESSION = ['click', 'packed', 'plain', 'memory', 'growth', 'long'] as const;
const lived: Record<Kind, Record<(typeof SESSION)[number], number>[]> = { blank: [], farol: [], faro: [] };
const collector = await wire();
for (let round = 0; round < (options.part == 'page' ? 0 : Math.min(rounds, 3)); round++) {
  for (const kind of KINDS) {
    if (!options.json) process.stderr.write(`session ${round + 1}: ${kind}   \r`);
    const browser = await browse();
    const packed = await session(browser, pages, kind, collector, true);
    const plain = await session(browser, pages, kind, collector, false);
    const { middle, end } = await memory(browser, pages, kind, collector.url, options.long ? 10 : 1);
    lived[kind].push({ click: await click(browser, pages, kind, collector.url), packed: packed.bytes, plain: plain.bytes, memory: end, growth: end - middle, long: packed.long + plain.long });
    await browser.close();
  }
}
collector.close();
pages.close();

const FIGURES = options.part == 'session' ? [] : (['start', 'event', 'fetch', 'bytes'] as const);
const over = (kind: Kind, figure: keyof Measured): Spread => {
  // What the page costs without an SDK is taken off as a median: a pair of single runs would add their noise. A fetch's is taken off in its own page.
  const base = figure === 'bytes' || figure === 'fetch' ? 0 : spread(measured.blank.map((run) => run[figure])).median;
  return spread(measured[kind].map((run) => run[figure] - base));
};
const units = { start: 'ms', event: 'µs', fetch: 'µs', bytes: 'bytes' };
const BARS: Partial<Record<keyof Measured, number>> = { start: 1 / 5, event: 1 / 8, fetch: 1 / 15 };
const results = FIGURES.map((figure) => {
  const farol = over('farol', figure);
  const faro = over('faro', figure);
  return { name: figure, unit: units[figure], farol, faro, blank: spread(measured.blank.map((run) => run[figure])), ratio: farol.median / faro.median, bar: BARS[figure] };
});

const LESS = { click: true, packed: false, plain: false, memory: true, growth: true, long: true };
const SHARES: Partial<Record<(typeof SESSION)[number], number>> = { click: 1 / 4, packed: 1 / 3, plain: 1 / 3 };
/** Bars that need no peer, in the figure's own unit. What grows by less from the middle to the end than what a page without an SDK differs by is flat. */
const MOST: Partial<Record<(typeof SESSION)[number], number>> = { memory: 2 << 20, growth: 128 << 10, long: 0 };
const ofSession = (kind: Kind, figure: (typeof SESSION)[number]): Spread => {
  const base = LESS[figure] ? spread(lived.blank.map((run) => run[figure])).median : 0;
  return spread(lived[kind].map((run) => run[figure] - base));
};
const sessions = (options.part == 'page' ? [] : SESSION).map((figure) => {
  const [farol, faro] = [ofSession('farol', figure), ofSession('faro', figure)];
  const ratio = farol.median / faro.median;
  const share = SHARES[figure];
  const met = share ? ratio <= share : farol.median <= MOST[figure]!;
  return { name: figure, unit: figure == 'click' ? 'µs' : figure == 'long' ? 'tasks' : 'bytes', farol, faro, blank: spread(lived.blank.map((run) => run[figure])), ratio, bar: share ?? MOST[figure], met };
});

const require = createRequire(import.meta.url);
const versions = {
  faro: (require('@grafana/faro-web-sdk/package.json') as { version: string }).version,
  node: process.version,
  chromium: await browse().then(async (browser) => [browser.version(), await browser.close()][0]),
  rounds,
};
if (options.json) {
  console.log(JSON.stringify({ versions, results: [...results, ...sessions] }, null, 2));
} else {
  console.log(`Farol beside Faro ${versions.faro} with tracing; ${rounds} processes each; median (min – max), less the page without an SDK`);
  const show = (s: Spread, unit: string): string => `${s.median.toFixed(2)} ${unit} (${s.min.toFixed(2)} – ${s.max.toFixed(2)})`;
  for (const row of results) {
    const bar = row.bar ? `, bar 1/${Math.round(1 / row.bar)}: ${row.ratio <= row.bar ? 'met' : 'MISSED'}` : '';
    console.log(`${row.name.padEnd(6)} Farol ${show(row.farol, row.unit)}   Faro ${show(row.faro, row.unit)}   ratio 1/${(1 / row.ratio).toFixed(1)}${bar}`);
  }
  for (const { name, unit, farol, faro, ratio, bar, met } of sessions) {
    const wanted = SHARES[name] ? `1/${Math.round(1 / bar!)}` : `${bar} ${unit}`;
    console.log(`${name.padEnd(6)} Farol ${show(farol, unit)}   Faro ${show(faro, unit)}   ratio 1/${(1 / ratio).toFixed(1)}, bar ${wanted}: ${met ? 'met' : 'MISSED'}`);
  }
}
if (options.write) {
  const names: Record<string, string> = {
    start: 'start, from evaluation to the first event taken, ms',
    event: 'an event, main-thread time, µs',
    fetch: 'a fetch, main-thread time, µs',
    bytes: "bytes of 1,000 events with the start's items",
    click: 'a click, main-thread time, µs',
    packed: 'bytes of the session, both packed',
    plain: 'bytes of the session, neither packed',
    memory: `memory after ${options.long ? 'ten busy minutes' : 'a busy minute'} (JavaScript's and Wasm's), bytes`,
    growth: 'its growth in the second half, bytes',
    long: 'tasks of more than 50 ms, a quarter of the speed, in two sessions',
  };
  const under = (runs: number): string =>
    `${runs} ${runs == 1 ? 'process' : 'processes'} each, Chromium ${versions.chromium}, Node ${versions.node.slice(1)}, Faro ${versions.faro}; median (smallest – largest).`;
  const row = (name: string, farol: Spread, faro: Spread, ratio: number, bar: string): Row => ({ figure: names[name]!, farol: shown(farol), peer: shown(faro), ratio: share(ratio), bar });
  const verdict = (met: boolean): string => (met ? 'met' : 'missed');
  const page = results.map(({ name, farol, faro, ratio, bar }) => row(name, farol, faro, ratio, bar ? `1/${Math.round(1 / bar)}: ${verdict(ratio <= bar)}` : ''));
  const visit = sessions.map(({ name, farol, faro, ratio, bar, met }) => row(name, farol, faro, ratio, `${SHARES[name] ? `1/${Math.round(1 / bar!)}` : bar!.toLocaleString('en-US')}: ${verdict(met)}`));
  if (page.length) write('sdk page', under(rounds), 'Faro with tracing', page);
  if (visit.length) write('sdk session', under(Math.min(rounds, 3)), 'Faro with tracing', visit);
}
if (results.some((row) => row.bar && row.ratio > row.bar) || sessions.some(({ met }) => !met)) process.exitCode = 1;
