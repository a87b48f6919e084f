/**
 * `cargo xtask bench sdk`: what Farol costs a page, beside Faro with tracing and the page without an SDK, in the same browser.
 *
 * Start, event, fetch, click and long tasks with a quarter of the processor's speed. Each figure is the median over processes (a new browser each), with its spread; peers take turns within a round so that
 * a busy moment of the machine hits all. Options: --json, --rounds N (default 10), --part page (start, event, fetch) or session (clicks, bytes, memory, long
 * tasks; at most 3 rounds), --long (10 busy minutes in the place of 1), --write (the tables of docs/benchmarks.md). A bar is judged where its own conditions
 * held: 10 processes, 10 minutes.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { executable } from '../e2e/driver/executable.js';
import { sdkFiles } from '../e2e/driver/sdk.js';
import { fetches } from './fetches.js';
import { judged, share, shown, write, type Row } from './document.js';
import { click, memory, session, slowed, SLOWER, wire } from './session.js';
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

/** The processes and the minutes that the bars speak of. */
const PROCESSES = 10;
const MINUTES = 10;
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
    const cdp = await slowed(page);
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
    const { middle, end } = await memory(browser, pages, kind, collector.url, options.long ? MINUTES : 1);
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

interface Result {
  name: string;
  unit: string;
  farol: Spread;
  faro: Spread;
  blank: Spread;
  ratio: number;
  /** The most, of Faro's where it is a `share`. */
  bar?: number | undefined;
  share: boolean;
  /** Nothing where there is no bar, or where its conditions did not hold. */
  met?: boolean | undefined;
}

const results: Result[] = FIGURES.map((name) => {
  const [farol, faro, bar] = [over('farol', name), over('faro', name), BARS[name]];
  const ratio = farol.median / faro.median;
  const met = bar && rounds >= PROCESSES ? ratio <= bar : undefined;
  return { name, unit: units[name], farol, faro, blank: spread(measured.blank.map((run) => run[name])), ratio, bar, share: true, met };
});

const LESS = { click: true, packed: false, plain: false, memory: true, growth: true, long: true };
const SHARES: Partial<Record<(typeof SESSION)[number], number>> = { click: 1 / 4, packed: 1 / 3, plain: 1 / 3 };
/** Bars that need no peer, in the figure's own unit. What grows by less from the middle to the end than what a page without an SDK differs by is flat. */
const MOST: Partial<Record<(typeof SESSION)[number], number>> = { memory: 2 << 20, growth: 128 << 10, long: 0 };
const ofSession = (kind: Kind, figure: (typeof SESSION)[number]): Spread => {
  const base = LESS[figure] ? spread(lived.blank.map((run) => run[figure])).median : 0;
  return spread(lived[kind].map((run) => run[figure] - base));
};
for (const name of options.part == 'page' ? [] : SESSION) {
  const [farol, faro] = [ofSession('farol', name), ofSession('faro', name)];
  const [ratio, bar, share] = [farol.median / faro.median, SHARES[name] ?? MOST[name]!, name in SHARES];
  const told = options.long || (name != 'memory' && name != 'growth');
  const met = told ? (share ? ratio : farol.median) <= bar : undefined;
  results.push({ name, unit: name == 'click' ? 'µs' : name == 'long' ? 'tasks' : 'bytes', farol, faro, blank: spread(lived.blank.map((run) => run[name])), ratio, bar, share, met });
}
/** The bar with its verdict. */
const cell = ({ bar, share, met }: Result): string => (bar === undefined ? '' : judged(share ? `1/${Math.round(1 / bar)}` : bar.toLocaleString('en-US'), met));

const require = createRequire(import.meta.url);
const versions = {
  faro: (require('@grafana/faro-web-sdk/package.json') as { version: string }).version,
  node: process.version,
  chromium: await browse().then(async (browser) => [browser.version(), await browser.close()][0]),
  rounds,
};
if (options.json) {
  console.log(JSON.stringify({ versions, results }, null, 2));
} else {
  console.log(`Farol beside Faro ${versions.faro} with tracing; ${rounds} processes each; median (min – max), less the page without an SDK`);
  const show = (s: Spread, unit: string): string => `${s.median.toFixed(2)} ${unit} (${s.min.toFixed(2)} – ${s.max.toFixed(2)})`;
  for (const row of results) {
    const bar = row.bar === undefined ? '' : `, bar ${cell(row)}`;
    console.log(`${row.name.padEnd(6)} Farol ${show(row.farol, row.unit)}   Faro ${show(row.faro, row.unit)}   ratio 1/${(1 / row.ratio).toFixed(1)}${bar}`);
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
    long: 'tasks of more than 50 ms in two sessions',
  };
  const under = (runs: number): string =>
    `${runs} ${runs == 1 ? 'process' : 'processes'} each, 1/${SLOWER} of the processor's speed (but for memory), Chromium ${versions.chromium}, Node ${versions.node.slice(1)}, Faro ${versions.faro}; median (smallest – largest).`;
  const rows = (wanted: readonly string[]): Row[] =>
    results.filter(({ name }) => wanted.includes(name)).map((row) => ({ figure: names[row.name]!, farol: shown(row.farol), peer: shown(row.faro), ratio: share(row.ratio), bar: cell(row) }));
  const [page, visit] = [rows(FIGURES), rows(SESSION)];
  if (page.length) write('sdk page', under(rounds), 'Faro with tracing', page);
  if (visit.length) write('sdk session', under(Math.min(rounds, 3)), 'Faro with tracing', visit);
}
if (results.some(({ met }) => met === false)) process.exitCode = 1;
