/** The real collector on a free port with a data folder of its own, and what it wrote there. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delivered, deliveredUntil } from './delivered.js';
import type { Item } from './otlp.js';
import { built, removeAtExit, start } from './processes.js';

export interface Collector {
  url: string;
  /** Its data folder, gone after `stop`. */
  data: string;
  /** Everything that came to the OTLP files so far. */
  items(): Item[];
  /** How many it has taken that a destination of its does not have yet. */
  pending(): Promise<number>;
  /** Waits until `done` holds of what came; fails with what is there when it does not within `ms` (default 60 s). */
  until(done: (items: Item[]) => boolean, what: string, ms?: number): Promise<Item[]>;
  stop(): Promise<void>;
}

export interface CollectorOptions {
  env?: Record<string, string>;
  args?: string[];
}

/** The program under test: FAROL_COLLECTOR, else the workspace's release build. */
export const collectorProgram = (): string => built('farol-collector', 'FAROL_COLLECTOR');

export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const data = await mkdtemp(join(tmpdir(), 'farol-data-'));
  removeAtExit(data);
  const program = start(collectorProgram(), ['--listen', '127.0.0.1:0', '--data-dir', data, ...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    cwd: data,
  });
  const [, url] = await program.line(/ready on (http:\/\/[^\s,;]+)/);
  return {
    url: url!,
    data,
    items: () => delivered(data),
    async pending() {
      const text = await (await fetch(`${url}/metrics`)).text();
      const counts = [...text.matchAll(/^farol_destination_items_pending\{.*\} (\d+)$/gm)];
      if (counts.length === 0) throw new Error(`it does not say what is pending: ${text}`);
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    },
    async until(done, what, ms = 60_000) {
      const came = await deliveredUntil(data, done, ms);
      if (came.done) return came.items;
      const list = came.items.map((item) => `  ${item.signal} ${item.name} ${item.body}`).join('\n');
      throw new Error(`${what} did not come within ${ms} ms; what came:\n${list}\nwhat the collector said:\n${program.output()}`);
    },
    async stop() {
      await program.end();
      await rm(data, { recursive: true, force: true });
    },
  };
}
