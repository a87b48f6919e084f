/**
 * `cargo xtask bench collector`: payloads per CPU-second of the collector beside a handler that only reads and answers, in one run.
 *
 * The receiver is pinned to one core, generator and sink to the others (where `taskset` is there and the machine has two cores or more).
 * The collector admits by an app's key, knows visitors by a trusted proxy's header and places them by a database, scrubs, deduplicates, converts, and sends on as gzip'd
 * OTLP/HTTP to a sink; once for each kind of queue, and once more with the first kind and a second destination that is dead throughout. Then the highest rate in an open loop, and latency at half of it.
 * Options: --json, --rounds N (default 5), --seconds S (default 10), --full (rates held for 60 s), --throughput, --latency or --connections for
 * one part alone, --queues LIST (default disk,memory). Each figure that has a bar is judged, and one that is missed makes the exit code 1.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wait } from '../e2e/driver/wait.js';
import { connections } from './connections.js';
import { latency, met, type Latency } from './latency.js';
import { freePort } from '../e2e/driver/server.js';
import { cpu, generate, memory, OTHERS, pins, program, RECEIVER, settings, start, syncs, type Server, usual } from './server.js';
import { said, spread, type Judged, type Spread } from './stats.js';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' }, full: { type: 'boolean' }, rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '10' },
    latency: { type: 'boolean' }, throughput: { type: 'boolean' }, connections: { type: 'boolean' }, queues: { type: 'string', default: 'disk,memory' },
  },
});
/** Without any, all parts. */
const all = !options.throughput && !options.latency && !options.connections;
const parts = { throughput: all || options.throughput, latency: all || options.latency, connections: all || options.connections };

interface Figures {
  payloads: number;
  items: number;
  megabytes: number;
  p99: number;
  memory: number;
  refused: number;
  busy: number;
}

/** Waits until the destination has all that was accepted: what the collector put off is paid for, too. */
async function delivered(server: Server): Promise<void> {
  const pending = /^farol_destination_items_pending\{.*destination="sink".*\} (\d+)$/gm;
  const all = async (): Promise<boolean> => {
    const counts = [...(await (await fetch(`${server.url}/metrics`)).text()).matchAll(pending)];
    return counts.length > 0 && counts.every(([, count]) => count === '0');
  };
  await wait(all, 'the destination to have everything', 60_000);
}

async function load(server: Server, sink: Server | undefined, path: string, seconds: string): Promise<Figures> {
  const before = cpu(server.pid);
  const sinkBefore = sink ? cpu(sink.pid) : 0;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, memory(server.pid))), 100);
  const report = await generate(`${server.url}${path}`, Number(seconds));
  if (sink) await delivered(server);
  clearInterval(watch);
  const used = cpu(server.pid) - before;
  return {
    payloads: report.accepted / used,
    items: report.items / used,
    megabytes: report.bytes / 1e6 / used,
    p99: report.p99_ms,
    memory: most,
    refused: report.refused,
    busy: 100 * (report.busy + (sink ? (cpu(sink.pid) - sinkBefore) / report.seconds : 0)),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'farol-bench-'));
const queues = options.queues!.split(',');
/** With the first kind of queue, and a second destination that nobody listens for. */
const DEAD = 'dead';
const runs: Record<string, Figures[]> = Object.fromEntries([...queues, DEAD, 'handler'].map((who) => [who, []]));
/** Over this share of their core, generator and sink are what was measured: such a round says nothing, and is left out. */
const MOST_BUSY = 85;
let voids = 0;
let disk: Spread | undefined;
try {
  if (parts.throughput || parts.latency) disk = syncs(folder);
  for (let round = 0; parts.throughput && round < Number(options.rounds); round++) {
    for (const who of [...queues, DEAD]) {
      const queue = who === DEAD ? queues[0]! : who;
      const sink = await start(OTHERS, [program('farol-load'), 'sink']);
      const name = join(folder, `${who}-${round}`);
      const dead = `\n[[destinations]]\nname = "dead"\ntype = "otlp_http"\nendpoint = "http://127.0.0.1:${await freePort()}"`;
      const more = usual(queue);
      writeFileSync(`${name}.toml`, settings(name, sink.url, { ...more, destination: more.destination + (who === DEAD ? dead : '') }));
      const collector = await start(RECEIVER, [program('farol-collector'), '--config', `${name}.toml`]);
      const run = await load(collector, sink, '/collect/k1', options.seconds!);
      if (run.busy > MOST_BUSY) voids++;
      else runs[who]!.push(run);
      await collector.stop();
      await sink.stop();
    }
    const handler = await start(RECEIVER, [program('farol-load'), 'handler']);
    runs['handler']!.push(await load(handler, undefined, '/collect', options.seconds!));
    await handler.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const FIGURES = ['payloads', 'items', 'megabytes', 'p99', 'memory', 'refused', 'busy'] as const;
const UNITS = { payloads: '/CPU s', items: '/CPU s', megabytes: 'MB/CPU s', p99: 'ms', memory: 'MiB', refused: '', busy: '% generator and sink' };
const of = (who: string, name: (typeof FIGURES)[number]): Spread => spread(runs[who]!.map((run) => run[name]));
/** Those of which a round counts. */
const told = [...queues, DEAD].filter((who) => runs[who]!.length > 0);
const results = !parts.throughput ? [] : FIGURES.map((name) => {
  const handler = of('handler', name);
  // Nothing has no share of nothing.
  const collector = told.map((who) => ({ queue: who, ...of(who, name), ratio: handler.median ? of(who, name).median / handler.median : null }));
  return { name, unit: UNITS[name], collector, handler };
});

const judged: Judged[] = [];
const judge = (figure: string, is: number, bar: number, unit: string, met: boolean | undefined): void => void judged.push({ figure, is, bar, unit, met });
const BARS = { payloads: 20_000, share: 0.24, memory: 64, beside: { payloads: 0.9, memory: 1.1 }, half: { disk: 20, memory: 5 }, receipt: 100 };
if (parts.throughput && told.includes('disk')) {
  const [payloads, most] = [of('disk', 'payloads').median, of('disk', 'memory').max];
  const share = payloads / of('handler', 'payloads').median;
  // A handler that its generator holds back is faster than it shows: its share is at most this.
  const bounded = of('handler', 'busy').median > MOST_BUSY;
  judge('payloads, disk queue', payloads, BARS.payloads, '/CPU s', payloads >= BARS.payloads);
  judge("of the handler's", share, BARS.share, '', share < BARS.share ? false : bounded ? undefined : true);
  judge('anonymous memory', most, BARS.memory, 'MiB', most <= BARS.memory);
  judge('requests refused', of('disk', 'refused').max, 0, '', of('disk', 'refused').max === 0);
}
if (parts.throughput && told.includes(queues[0]!) && told.includes(DEAD)) {
  const beside = (name: 'payloads' | 'memory'): number => of(DEAD, name).median / of(queues[0]!, name).median;
  judge('payloads beside a dead destination, of those without', beside('payloads'), BARS.beside.payloads, '', beside('payloads') >= BARS.beside.payloads);
  judge('memory beside a dead destination, of that without', beside('memory'), BARS.beside.memory, '', beside('memory') <= BARS.beside.memory);
}

/** The whole minute belongs to the full run. */
const held = options.full ? 60 : Number(options.seconds);
const latencies: Latency[] = [];
for (const queue of parts.latency ? queues : []) {
  const one = await latency(queue, held, (line) => console.error(line));
  latencies.push(one);
  const half = BARS.half[queue === 'memory' ? 'memory' : 'disk'];
  judge(`${queue} queue, p99 at half of the maximum`, one.half.p99, half, 'ms', met(one, half, options.full ?? false));
  judge(`${queue} queue, p95 from arrival to receipt`, one.receipt.p95, BARS.receipt, 'ms', one.receipt.p95 < BARS.receipt);
}

const many = parts.connections ? await connections(10_000, 2_000) : null;
if (many) judge(`errors of ${many.idle} idle and ${many.busy} busy connections`, many.errors, 0, '', many.errors === 0);

if (options.json) {
  console.log(JSON.stringify({ rounds: Number(options.rounds), seconds: Number(options.seconds), pinned: pins, void: voids, syncs: disk, results, judged, latencies, connections: many }, null, 2));
} else {
  const show = (s: Spread): string => `${s.median.toFixed(1)} (${s.min.toFixed(1)} – ${s.max.toFixed(1)})`;
  if (parts.throughput) console.log(`The collector beside a handler that only reads and answers; ${options.rounds} rounds of ${options.seconds} s${pins ? ', pinned' : ''}; median (min – max)`);
  for (const row of results) {
    const collector = row.collector.map((it) => `${it.queue === DEAD ? 'beside a dead destination' : `${it.queue} queue`} ${show(it)}${it.ratio === null ? '' : `, ratio ${it.ratio.toFixed(2)}`}`);
    console.log(`${row.name.padEnd(10)} ${collector.join('   ')}   handler ${show(row.handler)} ${row.unit}`);
  }
  if (voids) console.log(`left out, as generator and sink were over ${MOST_BUSY} % busy: ${voids} of ${(queues.length + 1) * Number(options.rounds)} rounds`);
  if (disk) console.log(`the disk's own sync of a page: ${show(disk)} ms`);
  for (const one of latencies) {
    const bound = one.bound === 'load' ? ' (a lower bound: generator and sink could do no more)' : '';
    console.log(`${one.queue} queue: ${one.maximum.toFixed(0)} requests/s held for ${held} s without a refusal, p99 below 100 ms${bound}`);
    console.log(`  at half of it: p50 ${one.half.p50.toFixed(1)} ms, p95 ${one.half.p95.toFixed(1)} ms, p99 ${one.half.p99.toFixed(1)} ms`);
    console.log(`  arrival to receipt: p50 ${one.receipt.p50.toFixed(1)} ms, p95 ${one.receipt.p95.toFixed(1)} ms`);
  }
  if (many) console.log(`${many.idle} idle and ${many.busy} busy connections: ${many.errors} errors; ${many.idleKiB.toFixed(1)} KiB an idle one, ${many.busyKiB.toFixed(1)} KiB a busy one${Object.entries(many.failed).map(([why, n]) => `; ${why}: ${n}`).join("")}`);
  for (const one of judged) console.log(said(one));
}
process.exitCode = judged.some(({ met }) => met === false) ? 1 : 0;
