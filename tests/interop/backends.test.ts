/** An order in a driven browser is one tree in a real Jaeger, for each example backend: the click's span, its request's, the backend's with their statements, and the worker's. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { backends, startBackend } from '../backends/backend.js';
import { startCounter } from '../backends/counter.js';
import { drawn, missing, type Span } from '../backends/tree.js';
import { startCollector, type Collector } from '../e2e/driver/collector.js';
import { launch, type Browser } from '../e2e/driver/index.js';
import { wait } from '../e2e/driver/wait.js';
import { folder, freePort } from '../long/setting.js';
import { found, server, type Server } from './support/server.js';

let jaeger: Server;
let collector: Collector;
let browser: Browser;
let query: string;

before(async () => {
  const place = await folder();
  const [http, grpc, otlp] = [await freePort(), await freePort(), await freePort()];
  query = `http://127.0.0.1:${http}`;
  const config = join(place, 'jaeger.yaml');
  writeFileSync(config, `service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines: { traces: { receivers: [otlp], exporters: [jaeger_storage_exporter] } }
  telemetry: { metrics: { level: none } }
extensions:
  jaeger_storage: { backends: { kept: { memory: { max_traces: 1000 } } } }
  jaeger_query:
    storage: { traces: kept }
    http: { endpoint: "127.0.0.1:${http}" }
    grpc: { endpoint: "127.0.0.1:${grpc}" }
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${otlp}" } } } }
exporters: { jaeger_storage_exporter: { trace_storage: kept } }
`);
  jaeger = server('jaeger', ['--config', config], `${query}/api/services`, place);
  await jaeger.start();
  collector = await startCollector({
    env: {
      FAROL_DESTINATIONS__jaeger__TYPE: 'otlp_http',
      FAROL_DESTINATIONS__jaeger__ENDPOINT: `http://127.0.0.1:${otlp}`,
      FAROL_DESTINATIONS__jaeger__SIGNALS: 'traces',
    },
  });
  browser = await launch({ engine: 'chromium' });
});
after(async () => {
  await browser?.close();
  await collector?.stop();
  await jaeger?.end();
});

/** What Jaeger's API says of a trace. */
interface Found {
  spans: { spanID: string; operationName: string; processID: string; references: { refType: string; spanID: string }[]; tags: { key: string; value: unknown }[] }[];
  processes: Record<string, { serviceName: string }>;
}

async function asked(traceId: string): Promise<Span[]> {
  const answer = await fetch(`${query}/api/traces/${traceId}`);
  if (answer.status === 404) return [];
  assert.equal(answer.status, 200, await answer.clone().text());
  const { data } = (await answer.json()) as { data: Found[] };
  return data.flatMap(({ spans, processes }) =>
    spans.map((span) => ({
      name: span.operationName,
      service: processes[span.processID]?.serviceName ?? '',
      traceId,
      spanId: span.spanID,
      parentSpanId: span.references.find((it) => it.refType === 'CHILD_OF')?.spanID ?? '',
      attributes: Object.fromEntries(span.tags.map(({ key, value }) => [key, value])),
    })),
  );
}

for (const name of backends) {
  test(`${name}: an order is one tree in Jaeger ${found('jaeger').version}`, async () => {
    const backend = await startBackend(name, collector.url);
    try {
      const shop = await startCounter(await folder(), collector.url, backend.url);
      const { traceId } = await shop.order(browser);
      let spans: Span[] = [];
      const whole = async (): Promise<boolean> => {
        spans = await asked(traceId);
        return missing(spans, traceId, name).length === 0;
      };
      await wait(whole, 'the whole trace', 60_000).catch(() => undefined);
      assert.deepEqual(missing(spans, traceId, name), [], `${drawn(spans)}\n${jaeger.output().slice(-2000)}`);
      assert.equal(new Set(spans.map((span) => span.spanId)).size, spans.length, 'no span twice');
      await shop.stop();
    } finally {
      await backend.stop();
    }
  });
}
