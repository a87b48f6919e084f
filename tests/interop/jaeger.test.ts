/** A real Jaeger: every span is in the trace that is asked for by its id, once, with all that was on it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import type { Item, Value } from '../e2e/driver/otlp.js';
import { folder, freePort } from '../long/setting.js';
import { farol, type Farol } from './support/farol.js';
import { ALL_FAULTS, IMPATIENT, survive } from './support/faults.js';
import { grpcProxy } from './support/proxy-grpc.js';
import { httpProxy } from './support/proxy-http.js';
import { found, server, type Server } from './support/server.js';
import { sendAll } from './support/session.js';
import { APP, visit } from './support/visits.js';

/** MiB of a request that its receiver takes. */
const LARGEST = 1;

let jaeger: Server;
const ports = { query: 0, api: 0, grpc: 0, http: 0 };

before(async () => {
  const place = await folder();
  for (const name of ['query', 'api', 'grpc', 'http'] as const) ports[name] = await freePort();
  const config = join(place, 'jaeger.yaml');
  writeFileSync(
    config,
    `extensions:
  jaeger_storage: { backends: { all: { badger: { ephemeral: false, consistency: true, directories: { keys: ${place}/keys, values: ${place}/values } } } } }
  jaeger_query: { storage: { traces: all }, http: { endpoint: 127.0.0.1:${ports.query} }, grpc: { endpoint: 127.0.0.1:${ports.api} } }
receivers:
  otlp: { protocols: { grpc: { endpoint: 127.0.0.1:${ports.grpc}, max_recv_msg_size_mib: ${LARGEST} }, http: { endpoint: 127.0.0.1:${ports.http}, max_request_body_size: ${LARGEST << 20} } } }
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

/** The names of all spans of an app, by its search. */
async function names(service: string): Promise<string[]> {
  const range = `start=${(Date.now() - 3_600_000) * 1_000}&end=${(Date.now() + 60_000) * 1_000}`;
  const answer = await fetch(`http://127.0.0.1:${ports.query}/api/traces?service=${service}&${range}&limit=100000`);
  assert.equal(answer.status, 200, await answer.clone().text());
  const { data } = (await answer.json()) as { data: { spans: Span[] }[] };
  return data.flatMap(({ spans }) => spans.map((it) => `${it.traceID} ${it.spanID}`));
}

const spanOf = (bytes: number): unknown => {
  const { traces, meta } = visit();
  const [span] = traces.resourceSpans[0].scopeSpans[0].spans;
  span.attributes.push({ key: 'cargo', value: { stringValue: 'x'.repeat(bytes) } });
  return { meta, traces };
};

for (const [kind, port, make] of [
  ['otlp_grpc', 'grpc', grpcProxy],
  ['otlp_http', 'http', httpProxy],
] as const) {
  test(`every span is in its trace once, by ${kind}`, async () => {
    const one = await farol(`[[destinations]]\nname = "jaeger"\ntype = "${kind}"\nendpoint = "http://127.0.0.1:${ports[port]}"\nsignals = ["traces"]\n`);
    await one.start();
    const compared = await all(one, await sendAll(one.url));
    assert.deepEqual(one.deadLetters('jaeger'), []);
    console.log(`Jaeger ${found('jaeger').version}, ${kind}: ${compared.spans} spans and ${compared.attributes} attributes compared`);
    await one.end();
  });

  test(`faults: every span is there once, and the one that is larger than the receiver takes is a dead letter, by ${kind}`, async () => {
    const proxy = await make(ports[port]);
    const earlier = new Set(await names(APP));
    await survive({
      what: `Jaeger ${found('jaeger').version}, ${kind}`,
      destination: 'jaeger',
      settings: {
        before: 'limits = { body = "4MiB", string = "4MiB" }\n',
        toml: `[[destinations]]\nname = "jaeger"\ntype = "${kind}"\nendpoint = "http://127.0.0.1:${proxy.port}"\nsignals = ["traces"]\n${IMPATIENT}`,
      },
      proxy,
      faults: ALL_FAULTS,
      stop: () => jaeger.end(),
      start: () => jaeger.start(),
      came: async () => (await names(APP)).filter((it) => !earlier.has(it)),
      takes: (item) => item.signal === 'span',
      culprit: {
        body: spanOf((LARGEST << 20) + 1),
        is: (item) => item.signal === 'span' && 'cargo' in item.attributes,
        code: /^(http 4(00|13)|grpc resource_exhausted)$/,
        detail: /larger|large/,
      },
      once: true,
    });
  });
}
