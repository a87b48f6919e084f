/** A real Jaeger: every span is in the trace that is asked for by its id, once, with all that was on it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import type { Item, Value } from '../e2e/driver/otlp.js';
import { folder, freePort } from '../long/setting.js';
import { farol, type Farol } from './support/farol.js';
import { found, server, type Server } from './support/server.js';
import { send } from './support/traffic.js';

let jaeger: Server;
const ports = { query: 0, api: 0, grpc: 0, http: 0 };

before(async () => {
  const place = await folder();
  for (const name of ['query', 'api', 'grpc', 'http'] as const) ports[name] = await freePort();
  const config = join(place, 'jaeger.yaml');
  writeFileSync(
    config,
    `extensions:
  jaeger_storage: { backends: { all: { memory: { max_traces: 10000 } } } }
  jaeger_query: { storage: { traces: all }, http: { endpoint: 127.0.0.1:${ports.query} }, grpc: { endpoint: 127.0.0.1:${ports.api} } }
receivers:
  otlp: { protocols: { grpc: { endpoint: 127.0.0.1:${ports.grpc} }, http: { endpoint: 127.0.0.1:${ports.http} } } }
exporters:
  jaeger_storage_exporter: { trace_storage: all }
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines:
    traces: { receivers: [otlp], exporters: [jaeger_storage_exporter] }
`,
  );
  jaeger = server('jaeger', [`--config=${config}`], `http://127.0.0.1:${ports.query}/api/services`, place);
  await jaeger.start();
});
after(() => jaeger.end());

interface Tag {
  key: string;
  value: string | number | boolean;
}

interface Span {
  spanID: string;
  traceID: string;
  operationName: string;
  /** Microseconds. */
  startTime: number;
  references: { refType: string; spanID: string }[];
  tags: Tag[];
  process: Tag[];
}

/** The spans of a trace. */
async function trace(id: string): Promise<Span[]> {
  const answer = await fetch(`http://127.0.0.1:${ports.query}/api/traces/${id}`);
  if (answer.status === 404) return [];
  assert.equal(answer.status, 200, await answer.clone().text());
  type Body = { data: { spans: (Omit<Span, 'process'> & { processID: string })[]; processes: Record<string, { serviceName: string; tags: Tag[] }> }[] };
  const { data } = (await answer.json()) as Body;
  return data.flatMap(({ spans, processes }) =>
    spans.map((it) => {
      const { serviceName, tags } = processes[it.processID]!;
      return { ...it, process: [...tags, { key: 'service.name', value: serviceName }] };
    }),
  );
}

/** Jaeger keeps these of a span to itself: its query API leaves them out. */
const LEFT_OUT = ['telemetry.distro.name', 'telemetry.distro.version'];

/** What has parts is JSON there. Says whether there was something to compare. */
function compare(value: Value, tags: Tag[], name: string): boolean {
  const there = tags.find((it) => it.key === name)?.value;
  if (value === null || (there === undefined && LEFT_OUT.includes(name))) return false;
  if (typeof value === 'object') assert.deepEqual(JSON.parse(String(there)), value, name);
  else assert.equal(there, value, name);
  return true;
}

async function all(one: Farol, count: { logs: number; spans: number }): Promise<{ spans: number; attributes: number }> {
  const items = [...(await one.until(count.logs + count.spans)).values()].filter((it) => it.signal === 'span');
  await one.drained('jaeger');
  const traces = new Map<string, Item[]>();
  for (const item of items) traces.set(item.traceId, [...(traces.get(item.traceId) ?? []), item]);
  let attributes = 0;
  for (const [id, own] of traces) {
    await wait(async () => (await trace(id)).length >= own.length, `trace ${id}`, 60_000);
    const came = await trace(id);
    assert.deepEqual(came.map((it) => it.spanID).sort(), own.map((it) => it.spanId).sort());
    for (const item of own) {
      const span = came.find((it) => it.spanID === item.spanId)!;
      assert.equal(span.operationName, item.name);
      assert.ok(Math.abs(span.startTime / 1000 - item.time) < 0.002);
      const parent = span.references.find((it) => it.refType === 'CHILD_OF')?.spanID ?? '';
      assert.equal(parent, item.parentSpanId);
      for (const [name, value] of Object.entries(item.attributes)) attributes += Number(compare(value, span.tags, name));
      for (const [name, value] of Object.entries(item.resource)) attributes += Number(compare(value, span.process, name));
    }
  }
  return { spans: items.length, attributes };
}

for (const [kind, port] of [
  ['otlp_grpc', 'grpc'],
  ['otlp_http', 'http'],
] as const) {
  test(`every span is in its trace once, by ${kind}; what comes while Jaeger is away is there once it is back`, async () => {
    const one = await farol(
      `[[destinations]]\nname = "jaeger"\ntype = "${kind}"\nendpoint = "http://127.0.0.1:${ports[port]}"\nsignals = ["traces"]\nretry = { initial = "200ms", max = "1s" }\n`,
    );
    await one.start();
    // It keeps traces in memory: what the run before brought goes with it.
    await jaeger.end();
    const count = await send(one.url);
    await jaeger.start();
    const compared = await all(one, count);
    assert.deepEqual(one.deadLetters('jaeger'), []);
    console.log(`Jaeger ${found('jaeger').version}, ${kind}: ${compared.spans} spans and ${compared.attributes} attributes compared`);
    await one.end();
  });
}
