/** Farol through Kafka to the OpenTelemetry Collector: what its kafka receiver reads is what was sent, item by item. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { farol, nameOf } from './support/farol.js';
import { kafka, type Kafka } from './support/kafka.js';
import { otelcol, type OtelCol } from './support/otelcol.js';
import { allEnded, found } from './support/server.js';
import { sendAll } from './support/session.js';

let cluster: Kafka;
let peer: OtelCol;

before(async () => {
  cluster = await kafka();
  await cluster.start();
  peer = await otelcol({
    kafka: {
      yaml: `{ brokers: ["${cluster.address}"], initial_offset: earliest, logs: { topics: [otlp_logs], encoding: otlp_proto }, traces: { topics: [otlp_spans], encoding: otlp_proto } }`,
      signals: ['logs', 'traces'],
    },
  });
});
after(() => allEnded(peer?.end(), cluster?.end()));

test('every item is there once and as it was', async () => {
  const one = await farol(`[[destinations]]\nname = "kafka"\ntype = "kafka"\nbrokers = ["${cluster.address}"]\nsignals = ["logs", "traces"]\n`);
  await one.start();
  const { logs, spans } = await sendAll(one.url);
  const items = await one.until(logs + spans);
  await one.drained('kafka');
  // The topics are there by now.
  await peer.start();
  const came = await peer.came('kafka', items.size);
  assert.deepEqual(came.map(nameOf).sort(), [...items.keys()].sort());
  for (const item of came) assert.deepEqual(item, items.get(nameOf(item)));
  const compared = came.reduce((sum, item) => sum + Object.keys(item.attributes).length + Object.keys(item.resource).length, 0);
  console.log(`Kafka ${found('kafka').version} and OpenTelemetry Collector ${found('otelcol').version}: ${came.length} items and ${compared} attributes compared`);
  await one.end();
});
