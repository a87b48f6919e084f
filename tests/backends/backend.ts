/** An example backend with its stores and its worker, as `cargo xtask backend` starts it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../e2e/driver/processes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A Java virtual machine on a busy machine, and PostgreSQL's first start. */
const PATIENCE = 120_000;

/** Those that are at hand, as xtask names them. */
export const backends = (process.env['FAROL_BACKENDS'] ?? 'node').split(',').filter((name) => name !== '');

export interface Backend {
  url: string;
  /** Addresses of its PostgreSQL and its Redis. */
  stores: [string, string];
  stop(): Promise<void>;
}

export async function startBackend(name: string, otlp?: string): Promise<Backend> {
  const program = process.env['FAROL_XTASK'] ?? join(root, 'target/debug/xtask');
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build -p xtask`);
  const running = start(program, ['backend', name, ...(otlp === undefined ? [] : ['--otlp', otlp])], { cwd: root });
  const [, url] = await running.line(/✓ backend {2}\(\w+ is on (http:[^)]+)\)/u, PATIENCE);
  const [, postgres, redis] = await running.line(/✓ stores {2}\((\S+) (redis:[^)]+)\)/u, PATIENCE);
  return { url: url!, stores: [postgres!, redis!], stop: async () => void (await running.end()) };
}
