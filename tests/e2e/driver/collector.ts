/** The real collector on a free port with a data folder of its own, and what it wrote there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flatten, type Item } from './otlp.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Collector {
  url: string;
  /** Everything that came to the OTLP files so far. */
  items(): Item[];
  /** Waits until `done` holds of what came; fails with what is there when it does not within `ms` (default 20 s). */
  until(done: (items: Item[]) => boolean, what: string, ms?: number): Promise<Item[]>;
  stop(): Promise<void>;
}

export interface CollectorOptions {
  env?: Record<string, string>;
  args?: string[];
}

/** The program under test: FAROL_COLLECTOR, else the workspace's release build. */
export function collectorProgram(): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(root, 'target');
  const program = process.env['FAROL_COLLECTOR'] ?? join(target, 'release/farol-collector');
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build --release -p farol-collector`);
  return program;
}

export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const data = await mkdtemp(join(tmpdir(), 'farol-data-'));
  const child = spawn(collectorProgram(), ['--listen', '127.0.0.1:0', '--data-dir', data, ...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const url = await ready(child);
  const folder = join(data, 'otlp');

  const items = (): Item[] =>
    ['logs', 'traces'].flatMap((signal) => {
      const file = join(folder, `${signal}.jsonl`);
      if (!existsSync(file)) return [];
      // The last line may be in the making.
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      return lines.flatMap((line) => flatten(JSON.parse(line)));
    });

  return {
    url,
    items,
    async until(done, what, ms = 20_000) {
      const giveUp = AbortSignal.timeout(ms);
      for (;;) {
        const now = items();
        if (done(now)) return now;
        try {
          const changes = watch(existsSync(folder) ? folder : data, { signal: AbortSignal.any([giveUp, AbortSignal.timeout(250)]) });
          for await (const _ of changes) break;
        } catch {
          // A quarter of a second without a change, or the end: look again, once more after the end.
        }
        if (giveUp.aborted) {
          const last = items();
          if (done(last)) return last;
          throw new Error(`${what} did not come within ${ms} ms; what came:\n${last.map((item) => `  ${item.signal} ${item.name} ${item.body}`).join('\n')}`);
        }
      }
    },
    async stop() {
      process.off('exit', kill);
      const gone = new Promise((done) => child.once('exit', done));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await gone;
      }
      await rm(data, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let out = '';
    let err = '';
    child.stderr!.on('data', (chunk) => (err += chunk));
    child.stdout!.on('data', (chunk) => {
      out += chunk;
      const url = /ready on (http:\/\/\S+)/.exec(out)?.[1];
      if (url) done(url.replace(/[,;]$/, ''));
    });
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`the collector ended with ${code} before it was ready:\n${out}${err}`)));
  });
}
