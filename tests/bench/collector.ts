/**
 * `cargo xtask bench collector`: payloads per CPU-second of the collector beside a handler that only reads and answers, in one run.
 *
 * The receiver is pinned to one core, generator and sink to the others (where `taskset` is there and the machine has two cores or more).
 * The collector converts what it takes and sends it on as gzip'd OTLP/HTTP to a sink. Options: --json, --rounds N (default 5), --seconds S (default 10).
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spread, type Spread } from './stats.js';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean' }, rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '10' } },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const target = process.env['FAROL_TARGET'] ?? process.env['CARGO_TARGET_DIR'] ?? join(root, 'target');
const program = (name: string): string => {
  const path = join(target, 'release', name);
  if (!existsSync(path)) throw new Error(`${path} is missing: cargo build --release -p ${name}`);
  return path;
};

const cores = availableParallelism();
const pins = cores > 1 && existsSync('/usr/bin/taskset');
const pinned = (core: string, words: string[]): string[] => (pins ? ['taskset', '-c', core, ...words] : words);
const OTHERS = cores > 2 ? `1-${cores - 1}` : '1';

interface Server {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

async function start(core: string, words: string[]): Promise<Server> {
  const [command, ...rest] = pinned(core, words);
  const child: ChildProcess = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => void child.kill('SIGKILL'));
  const url = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk;
      const found = /ready on (http:\/\/[^\s,]+)/.exec(text)?.[1];
      if (found) done(found);
    });
    child.once('exit', (code) => fail(new Error(`${words[0]} ended with ${code}`)));
  });
  return {
    url,
    pid: child.pid!,
    async stop() {
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds (user and system) of a process so far. */
function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The most memory a process held, anonymous pages alone where the kernel tells, in MiB. */
function memory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? /VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

interface Report {
  accepted: number;
  refused: number;
  items: number;
  bytes: number;
  p99_ms: number;
}

interface Figures {
  payloads: number;
  items: number;
  megabytes: number;
  p99: number;
  memory: number;
  refused: number;
}

async function load(server: Server, path: string, seconds: string): Promise<Figures> {
  const before = cpu(server.pid);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, memory(server.pid))), 100);
  const [command, ...rest] = pinned(OTHERS, [
    program('farol-load'), 'run', '--url', `${server.url}${path}`, '--seconds', seconds, '--bodies', join(root, 'tests/fixtures/faro-2.12.1'),
  ]);
  const out = await new Promise<string>((done, fail) => {
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk));
    child.once('exit', (code) => (code ? fail(new Error(`the generator ended with ${code}`)) : done(text)));
  });
  clearInterval(watch);
  const used = cpu(server.pid) - before;
  const report = JSON.parse(out) as Report;
  return {
    payloads: report.accepted / used,
    items: report.items / used,
    megabytes: report.bytes / 1e6 / used,
    p99: report.p99_ms,
    memory: most,
    refused: report.refused,
  };
}

const folder = mkdtempSync(join(tmpdir(), 'farol-bench-'));
const runs: Record<'collector' | 'handler', Figures[]> = { collector: [], handler: [] };
try {
  for (let round = 0; round < Number(options.rounds); round++) {
    const sink = await start(OTHERS, [program('farol-load'), 'sink']);
    const config = join(folder, `farol-${round}.toml`);
    writeFileSync(config, `version = 1\n\n[[destinations]]\nname = "sink"\ntype = "otlp_http"\nendpoint = "${sink.url}"\ncompression = "gzip"\n`);
    const collector = await start('0', [program('farol-collector'), '--config', config, '--listen', '127.0.0.1:0', '--data-dir', join(folder, `data-${round}`)]);
    runs.collector.push(await load(collector, '/collect', options.seconds!));
    await collector.stop();
    await sink.stop();
    const handler = await start('0', [program('farol-load'), 'handler']);
    runs.handler.push(await load(handler, '/collect', options.seconds!));
    await handler.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const FIGURES = ['payloads', 'items', 'megabytes', 'p99', 'memory', 'refused'] as const;
const UNITS = { payloads: '/CPU s', items: '/CPU s', megabytes: 'MB/CPU s', p99: 'ms', memory: 'MiB', refused: '' };
const results = FIGURES.map((name) => {
  const of = (who: 'collector' | 'handler'): Spread => spread(runs[who].map((run) => run[name]));
  return { name, unit: UNITS[name], collector: of('collector'), handler: of('handler'), // Nothing has no share of nothing.
    ratio: of('handler').median ? of('collector').median / of('handler').median : null };
});
if (options.json) {
  console.log(JSON.stringify({ rounds: Number(options.rounds), seconds: Number(options.seconds), pinned: pins, results }, null, 2));
} else {
  console.log(`The collector beside a handler that only reads and answers; ${options.rounds} rounds of ${options.seconds} s${pins ? ', pinned' : ''}; median (min – max)`);
  const show = (s: Spread): string => `${s.median.toFixed(1)} (${s.min.toFixed(1)} – ${s.max.toFixed(1)})`;
  for (const row of results) console.log(`${row.name.padEnd(10)} collector ${show(row.collector)} ${row.unit}   handler ${show(row.handler)}   ${row.ratio === null ? '' : `ratio ${row.ratio.toFixed(2)}`}`);
}
