/** What the long runs stand in: collectors with their settings in a file, a sink that knows what came, a client that gives up nothing. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collectorProgram } from '../e2e/driver/collector.js';
import { built, endAllNow, removeAtExit, start, type Started } from '../e2e/driver/processes.js';
import { freePort } from '../e2e/driver/server.js';
import { wait } from '../e2e/driver/wait.js';

export { freePort };

const root = fileURLToPath(new URL('../..', import.meta.url));

// A run that failed would wait for them for ever.
after(endAllNow);

/** `cargo xtask test --full`: the counts and times that the issues name; else small ones. */
export const full = process.env['FAROL_FULL'] !== undefined;

export const load = (): string => built('farol-load', 'FAROL_LOAD');

export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'farol-long-'));
  removeAtExit(path);
  return path;
}

export interface Collector {
  url: string;
  /** Its data folder. */
  data: string;
  /** Starts it, after it was ended too; returns when it is ready. */
  start(): Promise<void>;
  end(signal?: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Sum of a metric over its labels, or over those series that have these. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  /** Anonymous memory in MiB, and open file handles. */
  uses(): { memory: number; files: number };
  output(): string;
}

/** A collector with a data folder and a port of its own, that survives its process. */
export async function collector(toml: string): Promise<Collector> {
  const data = await folder();
  const port = await freePort();
  const config = join(data, 'farol.toml');
  writeFileSync(config, `version = 1\nlisten = "127.0.0.1:${port}"\ndata_dir = "${join(data, 'data')}"\n${toml}`);
  const url = `http://127.0.0.1:${port}`;
  let program: Started | undefined;
  const there = (): Started => {
    if (program === undefined) throw new Error('the collector was not started');
    return program;
  };
  return {
    url,
    data: join(data, 'data'),
    async start() {
      program = start(collectorProgram(), ['--config', config], { cwd: data });
      await program.line(/ready on (http:\/\/[^\s,;]+)/);
    },
    async end(signal = 'SIGTERM') {
      // One that never started is at its end.
      await program?.end(signal);
    },
    signal(signal) {
      there().child.kill(signal);
    },
    async metric(name, labels = {}) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const lines = text.split('\n').filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && wanted.every((it) => line.includes(it)));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    uses() {
      const status = readFileSync(`/proc/${there().child.pid}/status`, 'utf8');
      const memory = Number(/RssAnon:\s+(\d+)/.exec(status)![1]) / 1024;
      return { memory, files: readdirSync(`/proc/${there().child.pid}/fd`).length };
    },
    output: () => program?.output() ?? '',
  };
}

export interface Came {
  /** Log records, and how many different ones. */
  records: number;
  distinct: number;
  nameless: number;
  /** Different spans. */
  spans: number;
}

export interface Sink {
  url: string;
  came(): Promise<Came>;
  end(): Promise<void>;
}

export async function sink(): Promise<Sink> {
  const program = start(load(), ['sink', '--uids']);
  const [, url] = await program.line(/ready on (http:\/\/\S+)/);
  return {
    url: url!,
    came: async () => (await (await fetch(`${url}/uids`)).json()) as Came,
    end: async () => void (await program.end('SIGINT')),
  };
}

export interface Delivered {
  batches: number;
  records: number;
  spans: number;
  given_up: number;
  retried: number;
  slowest_ms: number;
  seconds: number;
}

/** Waits for each item that was acknowledged; a message where one is missing. */
export async function arrives(where: Sink, sent: Delivered, patience: number): Promise<Came> {
  const all = (came: Came): boolean => came.distinct >= sent.records && came.spans >= sent.spans;
  await wait(async () => all(await where.came()), 'every acknowledged item', patience).catch(() => undefined);
  const came = await where.came();
  assert.ok(sent.spans > 0);
  assert.deepEqual([came.distinct, came.spans], [sent.records, sent.spans], `${JSON.stringify(sent)} ${JSON.stringify(came)}`);
  return came;
}

/** Sends so many batches a second for so long, each until it is acknowledged. */
export function deliver(url: string, rate: number, seconds: number, patience = 60): Promise<Delivered> {
  const bodies = join(root, 'tests/fixtures/faro-2.12.1');
  const words = ['deliver', '--url', `${url}/collect`, '--rate', `${rate}`, '--seconds', `${seconds}`, '--patience', `${patience}`, '--bodies', bodies];
  const program = start(load(), words);
  return program.line(/^\{.*\}$/m, (seconds + patience + 30) * 1000).then(([line]) => JSON.parse(line!) as Delivered);
}
