/** Programs of a collector's benchmark: where they are, what core they run on, what they use. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { places } from './mmdb.js';
import { spread, type Spread } from './stats.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const target = process.env['FAROL_TARGET'] ?? process.env['CARGO_TARGET_DIR'] ?? join(root, 'target');
export const BODIES = join(root, 'tests/fixtures/faro-2.12.1');

export function program(name: string): string {
  const path = join(target, 'release', name);
  if (!existsSync(path)) throw new Error(`${path} is missing: cargo build --release -p ${name}`);
  return path;
}

const cores = availableParallelism();
/** Whether receiver and load have cores of their own. */
export const pins = cores > 1 && existsSync('/usr/bin/taskset');
/** The receiver's core, and those of the generator and the sink. */
export const RECEIVER = '0';
export const OTHERS = cores > 2 ? `1-${cores - 1}` : '1';
const pinned = (core: string, words: string[]): string[] => (pins ? ['taskset', '-c', core, ...words] : words);

/**
 * Settings of a collector for one app, `shop` with key `k1`, that sends on to a sink: by OTLP/HTTP, kept in `data`, with a database of places beside it. `top` stands
 * among the settings, `tables` behind them, `destination` in the sink's.
 */
export function settings(data: string, sink: string, more: { top?: string; tables?: string; destination?: string } = {}): string {
  const database = `${data}.mmdb`;
  writeFileSync(database, places());
  return `version = 1
listen = "127.0.0.1:0"
data_dir = "${data}"
${more.top ?? ''}
${more.tables ?? ''}
[geo]
database = "${database}"

[[apps]]
name = "shop"
keys = ["k1"]
origins = ["http://shop.example"]

[[destinations]]
name = "sink"
type = "otlp_http"
endpoint = "${sink}"
${more.destination ?? ''}
`;
}

/** What a collector whose speed is measured has beside that: visitors by a proxy's header, that kind of queue, and gzip to the sink. */
export const usual = (queue: string): { top: string; tables: string; destination: string } => ({
  top: 'trusted_proxies = ["127.0.0.1"]', tables: `[queue]\ntype = "${queue}"\n`, destination: 'compression = "gzip"',
});

export interface Server {
  url: string;
  /** The address of operators, where it has its own. */
  admin?: string;
  pid: number;
  stop(): Promise<void>;
}

export async function start(core: string, words: string[]): Promise<Server> {
  const [command, ...rest] = pinned(core, words);
  const child: ChildProcess = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const line = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk;
      const found = /ready on http.*\n/.exec(text)?.[0];
      if (found) done(found);
    });
    child.once('exit', (code) => fail(new Error(`${words[0]} ended with ${code}`)));
  });
  const admin = /admin: (http:\/\/[^\s,)]+)/.exec(line)?.[1];
  return {
    url: /ready on (http:\/\/[^\s,]+)/.exec(line)![1]!,
    ...(admin ? { admin } : {}),
    pid: child.pid!,
    async stop() {
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await gone;
      process.off('exit', end);
    },
  };
}

/** Runs a program to its end, on that core or on any, and returns what it printed. */
export function output(core: string | undefined, words: string[]): Promise<string> {
  const [command, ...rest] = core === undefined ? words : pinned(core, words);
  return new Promise((done, fail) => {
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk));
    child.once('exit', (code) => (code ? fail(new Error(`${words.join(' ')} ended with ${code}`)) : done(text)));
  });
}

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds (user and system) of a process so far. */
export function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** What a process holds now, in MiB: anonymous pages alone, or all that is resident. */
export function memory(pid: number, what: 'RssAnon' | 'VmRSS' | 'VmHWM' = 'RssAnon'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const found = new RegExp(`${what}:\\s+(\\d+)`).exec(status) ?? /VmRSS:\s+(\d+)/.exec(status);
  return Number(found![1]) / 1024;
}

/** What this disk takes to make a page of a growing file durable, in ms: below that no answer that waits for it can come. */
export function syncs(folder: string, times = 200): Spread {
  const path = join(folder, 'synced');
  const file = openSync(path, 'w');
  const page = Buffer.alloc(4096, 1);
  const took = Array.from({ length: times }, () => {
    const from = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - from;
  });
  closeSync(file);
  rmSync(path);
  return spread(took);
}

export interface Report {
  accepted: number;
  refused: number;
  items: number;
  bytes: number;
  seconds: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  /** Processor time of the generator over time. */
  busy: number;
}

/** Sends bodies for a while: in a closed loop, or so many a second. */
export async function generate(url: string, seconds: number, options: { rate?: number; connections?: number } = {}): Promise<Report> {
  const { rate, connections } = options;
  const words = ['run', '--url', url, '--seconds', `${seconds}`, '--bodies', BODIES];
  if (rate) words.push('--rate', `${rate}`);
  if (connections) words.push('--connections', `${connections}`);
  return JSON.parse(await output(OTHERS, [program('farol-load'), ...words])) as Report;
}
