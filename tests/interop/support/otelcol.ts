/** A real OpenTelemetry Collector: each receiver writes what came to a file of its own. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wait } from '../../e2e/driver/wait.js';
import { flatten, type Item } from '../../e2e/driver/otlp.js';
import { folder, freePort } from '../../long/setting.js';
import { server, type Server } from './server.js';

export interface OtelCol extends Server {
  /** Waits until a receiver has taken so many items; all that it took, copies too. */
  came(receiver: string, count: number): Promise<Item[]>;
  /** What it has written until now. */
  items(receiver: string): Item[];
  /** Ends it in order: what it acknowledged is in its files then. */
  stop(): Promise<void>;
}

/** `receivers` by name: their settings, as YAML in one line, and the signals that they take. */
export async function otelcol(receivers: Record<string, { yaml: string; signals: ('logs' | 'traces')[] }>): Promise<OtelCol> {
  const place = await folder();
  const ready = await freePort();
  const file = (name: string): string => join(place, `${name.replaceAll('/', '-')}.json`);
  const names = Object.keys(receivers);
  const pipelines = names.flatMap((name) =>
    receivers[name]!.signals.map((signal) => `    ${signal}/${name.replaceAll('/', '-')}: { receivers: [${name}], exporters: [file/${name.replaceAll('/', '-')}] }`),
  );
  const config = join(place, 'otelcol.yaml');
  writeFileSync(
    config,
    `receivers:
  otlp/ready: { protocols: { http: { endpoint: 127.0.0.1:${ready} } } }
${names.map((name) => `  ${name}: ${receivers[name]!.yaml}`).join('\n')}
exporters:
  file/ready: { path: ${file('ready')} }
${names.map((name) => `  file/${name.replaceAll('/', '-')}: { path: ${file(name)}, append: true, flush_interval: 100ms }`).join('\n')}
service:
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines:
    logs/ready: { receivers: [otlp/ready], exporters: [file/ready] }
${pipelines.join('\n')}
`,
  );
  const items = (receiver: string): Item[] => {
    const text = existsSync(file(receiver)) ? readFileSync(file(receiver), 'utf8') : '';
    return text.split('\n').slice(0, -1).flatMap((line) => flatten(JSON.parse(line)));
  };
  const program = server('otelcol', [`--config=file:${config}`], `tcp://127.0.0.1:${ready}`, place);
  return {
    ...program,
    items,
    stop: () => program.end('SIGTERM'),
    async came(receiver, count) {
      await wait(async () => items(receiver).length >= count, `${count} items at ${receiver}`, 60_000);
      return items(receiver);
    },
  };
}
