/**
 * `cargo xtask bench collector`: payloads per CPU-second of the collector beside a handler that only reads and answers, in one run.
 *
 * The receiver is pinned to one core, generator and sink to the others (where `taskset` is there and the machine has two cores or more).
 * The collector admits by an app's key, knows visitors by a trusted proxy's header, scrubs, deduplicates, converts, and sends on as gzip'd OTLP/HTTP to a
 * sink; once for each kind of queue. Then the highest rate in an open loop, and latency at half of it.
 * Options: --json, --rounds N (default 5), --seconds S (default 10), --full (rates held for 60 s), --throughput, --latency or --connections for
 * one part alone, --queues LIST (default disk,memory).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wait } from '../e2e/driver/wait.js';
import { connections } from './connections.js';
import { latency, type Latency } from './latency.js';
import { cpu, generate, memory, OTHERS, pins, program, RECEIVER, settings, start, type Server } from './server.js';
import { spread, type Spread } from './stats.js';

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
  const pending = /^farol_destination_items_pending\{.*\} (\d+)$/gm;
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
const runs: Record<string, Figures[]> = Object.fromEntries([...queues, 'handler'].map((who) => [who, []]));
try {
  for (let round = 0; parts.throughput && round < Number(options.rounds); round++) {
    for (const queue of queues) {
      const sink = await start(OTHERS, [program('farol-load'), 'sink']);
      const name = join(folder, `${queue}-${round}`);
      writeFileSync(`${name}.toml`, settings(name, sink.url, {
        top: 'trusted_proxies = ["127.0.0.1"]', tables: `[queue]\ntype = "${queue}"\n`, destination: 'compression = "gzip"',
      }));
      const collector = await start(RECEIVER, [program('farol-collector'), '--config', `${name}.toml`]);
      runs[queue]!.push(await load(collector, sink, '/collect/k1', options.seconds!));
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

/** Over this share of their core, generator and sink are what was measured: such a round says nothing, and says so. */
const MOST_BUSY = 85;
const FIGURES = ['payloads', 'items', 'megabytes', 'p99', 'memory', 'refused', 'busy'] as const;
const UNITS = { payloads: '/CPU s', items: '/CPU s', megabytes: 'MB/CPU s', p99: 'ms', memory: 'MiB', refused: '', busy: '% generator and sink' };
const of = (who: string, name: (typeof FIGURES)[number]): Spread => spread(runs[who]!.map((run) => run[name]));
const results = !parts.throughput ? [] : FIGURES.map((name) => {
  const handler = of('handler', name);
  // Nothing has no share of nothing.
  const collector = queues.map((queue) => ({ queue, ...of(queue, name), ratio: handler.median ? of(queue, name).median / handler.median : null }));
  return { name, unit: UNITS[name], collector, handler };
});
const isVoid = queues.flatMap((queue) => runs[queue]!).filter((run) => run.busy > MOST_BUSY).length;

/** The whole minute belongs to the full run. */
const held = options.full ? 60 : Number(options.seconds);
const latencies: Latency[] = [];
for (const queue of parts.latency ? queues : []) {
  latencies.push(await latency(queue, held, (line) => console.error(line)));
}

const many = parts.connections ? await connections(10_000, 2_000) : null;

if (options.json) {
  console.log(JSON.stringify({ rounds: Number(options.rounds), seconds: Number(options.seconds), pinned: pins, void: isVoid, results, latencies, connections: many }, null, 2));
} else {
  const show = (s: Spread): string => `${s.median.toFixed(1)} (${s.min.toFixed(1)} – ${s.max.toFixed(1)})`;
  if (parts.throughput) console.log(`The collector beside a handler that only reads and answers; ${options.rounds} rounds of ${options.seconds} s${pins ? ', pinned' : ''}; median (min – max)`);
  for (const row of results) {
    const collector = row.collector.map((it) => `${it.queue} queue ${show(it)}${it.ratio === null ? '' : `, ratio ${it.ratio.toFixed(2)}`}`);
    console.log(`${row.name.padEnd(10)} ${collector.join('   ')}   handler ${show(row.handler)} ${row.unit}`);
  }
  if (isVoid) console.log(`VOID: generator and sink were over ${MOST_BUSY} % busy in ${isVoid} of ${queues.length * Number(options.rounds)} rounds`);
  for (const one of latencies) {
    const bar = one.queue === 'memory' ? 5 : 20;
    const verdict = one.half.p99 <= bar ? 'met' : 'missed';
    const bound = one.bound === 'load' ? ' (a lower bound: generator and sink could do no more)' : '';
    console.log(`${one.queue} queue: ${one.maximum.toFixed(0)} requests/s held for ${held} s without a refusal, p99 below 100 ms${bound}`);
    console.log(`  at half of it: p50 ${one.half.p50.toFixed(1)} ms, p95 ${one.half.p95.toFixed(1)} ms, p99 ${one.half.p99.toFixed(1)} ms (bar ${bar}: ${verdict})`);
    console.log(`  arrival to receipt: p50 ${one.receipt.p50.toFixed(1)} ms, p95 ${one.receipt.p95.toFixed(1)} ms (bar 100: ${one.receipt.p95 < 100 ? 'met' : 'missed'})`);
  }
  if (many) console.log(`${many.idle} idle and ${many.busy} busy connections: ${many.errors} errors; ${many.idleKiB.toFixed(1)} KiB an idle one, ${many.busyKiB.toFixed(1)} KiB a busy one${Object.entries(many.failed).map(([why, n]) => `; ${why}: ${n}`).join("")}`);
}
process.exitCode = many?.errors ? 1 : 0;
