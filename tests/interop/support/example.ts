/** The example system for the boards that show it: a backend with its stores, and the exporters that are at hand. Each is a target for Prometheus, or sends by itself. */
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { backends, startBackend, type Backend } from '../../backends/backend.js';
import { start, type Started } from '../../e2e/driver/processes.js';
import { freePort } from '../../long/setting.js';
import { found } from './server.js';

export interface Example {
  /** Boards that have something to show. */
  boards: string[];
  /** Scrape jobs, a line of YAML each. */
  jobs: string;
  backend: Backend;
  /** A visit's worth of requests: goods, an order, a failure, a slow one; all within a page's trace. */
  use(traceparent: string): Promise<void>;
  stop(): Promise<void>;
}

const atHand = (name: string): boolean =>
  isAbsolute(name) || (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Nothing where no backend is set up. */
export async function example(metrics: string, logs: string, traces: string): Promise<Example | undefined> {
  const name = backends[0];
  if (name === undefined || process.env['FAROL_XTASK'] === undefined) return undefined;
  // The address of each signal goes before the one for all.
  process.env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] = `${metrics}/api/v1/otlp/v1/metrics`;
  process.env['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'] = `${logs}/otlp/v1/logs`;
  process.env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] = `${traces}/v1/traces`;
  const backend = await startBackend(name, metrics);
  const [postgres, redis] = backend.stores;
  const exporters: Started[] = [];
  const boards = ['farol-shop-api'];
  let jobs = '';
  const add = async (program: string, job: string, args: (address: string) => string[], env: Record<string, string> = {}): Promise<boolean> => {
    if (!atHand(program)) return false;
    const address = `127.0.0.1:${await freePort()}`;
    exporters.push(start(program, args(address), { env: { ...process.env, ...env } }));
    jobs += `  - { job_name: ${job}, static_configs: [{ targets: ["${address}"] }] }\n`;
    return true;
  };
  if (await add('prometheus-node-exporter', 'node', (address) => [`--web.listen-address=${address}`])) boards.push('farol-shop-processes');
  if (await add(found('postgres-exporter').program, 'postgres', (address) => [`--web.listen-address=${address}`, '--collector.stat_statements'], { DATA_SOURCE_NAME: `${postgres}?sslmode=disable` })) boards.push('farol-shop-postgres');
  if (await add('prometheus-redis-exporter', 'redis', (address) => [`-web.listen-address=${address}`, `-redis.addr=${redis}`])) boards.push('farol-shop-redis');
  const order = { method: 'POST', body: '{"lines":[{"id":"mug","quantity":1}]}' };
  return {
    boards,
    jobs,
    backend,
    async use(traceparent) {
      for (const [path, options] of [['products', {}], ['products/mug', {}], ['checkout', order], ['fail', {}], ['slow?ms=20', {}], ['nowhere', {}]] as const) {
        await (await fetch(`${backend.url}/api/${path}`, { ...options, headers: { traceparent } })).arrayBuffer();
      }
    },
    async stop() {
      await Promise.all(exporters.map((it) => it.end()));
      await backend.stop();
    },
  };
}
