/** Many connections at once: idle ones beside busy ones, none in error, and what one costs in memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, memory, OTHERS, output, program, RECEIVER, settings, start, type Server } from './server.js';

export interface Connections {
  idle: number;
  busy: number;
  /** Idle connections that were not answered, before or after they idled, and busy requests that were refused. */
  errors: number;
  /** Why, of the idle ones. */
  failed: Record<string, number>;
  /** Anonymous memory: of a connection that idles after a request, and of one that is busy, in KiB. */
  idleKiB: number;
  busyKiB: number;
}

/** The rate of all busy connections together: each sends every other second. */
const RATE = 1_000;

export async function connections(idle: number, busy: number): Promise<Connections> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-connections-'));
  const servers: Server[] = [];
  try {
    const sink = await start(OTHERS, [program('farol-load'), 'sink']);
    servers.unshift(sink);
    const config = join(folder, 'farol.toml');
    // A busy machine takes longer than a minute for all of this.
    const limits = `[limits]
idle_timeout = "10m"
connections_per_address = ${idle + busy}
connections = ${idle + busy + 100}
`;
    writeFileSync(config, settings(join(folder, 'data'), sink.url, { top: 'admin_listen = "127.0.0.1:0"', tables: limits }));
    const collector = await start(RECEIVER, [program('farol-collector'), '--config', config]);
    servers.unshift(collector);
    // What it keeps warm under load is no connection's.
    await generate(`${collector.url}/collect/k1`, 3, { rate: RATE });
    const open = async (): Promise<number> => {
      const text = await (await fetch(`${collector.admin}/metrics`)).text();
      return Number(/^farol_connections_open (\d+)/m.exec(text)![1]);
    };
    const before = memory(collector.pid);
    const held = output(OTHERS, [program('farol-load'), 'hold', '--url', collector.url, '--count', `${idle}`, '--seconds', '25']);
    for (const until = Date.now() + 20_000; (await open()) < idle && Date.now() < until; ) await sleep(100);
    await sleep(1_000);
    const resting = memory(collector.pid);
    let most = resting;
    const watch = setInterval(() => (most = Math.max(most, memory(collector.pid))), 100);
    const report = await generate(`${collector.url}/collect/k1`, 10, { rate: RATE, connections: busy });
    clearInterval(watch);
    const told = JSON.parse(await held) as { answered: number; answered_again: number; failed: Record<string, number> };
    return {
      idle,
      busy,
      // One that was not answered at first is not asked again, and is one error.
      errors: idle - told.answered_again + report.refused,
      failed: told.failed,
      idleKiB: ((resting - before) * 1024) / idle,
      busyKiB: ((most - resting) * 1024) / busy,
    };
  } finally {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
