/** The real collector on a free port with a data folder of its own, and what it wrote there. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flatten, type Item } from './otlp.js';
import { removeAtExit, start } from './processes.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Collector {
  url: string;
  /** Its data folder, gone after `stop`. */
  data: string;
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
  removeAtExit(data);
  const program = start(collectorProgram(), ['--listen', '127.0.0.1:0', '--data-dir', data, ...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    cwd: data,
  });
  const [, url] = await program.line(/ready on (http:\/\/[^\s,;]+)/);
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
    url: url!,
    data,
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
      await program.end();
      await rm(data, { recursive: true, force: true });
    },
  };
}
