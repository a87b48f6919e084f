/** A real OpenTelemetry Collector: every item is there once, by OTLP over gRPC and over HTTP as it was sent, and by the Forward protocol. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Item, Value } from '../e2e/driver/otlp.js';
import { freePort } from '../long/setting.js';
import { farol, nameOf } from './support/farol.js';
import { ALL_FAULTS, IMPATIENT, survive, WIRE_FAULTS } from './support/faults.js';
import { otelcol, type OtelCol } from './support/otelcol.js';
import { grpcProxy } from './support/proxy-grpc.js';
import { httpProxy } from './support/proxy-http.js';
import { forward, tcpProxy } from './support/proxy-tcp.js';
import { found } from './support/server.js';
import { sendAll } from './support/session.js';
import { logs as logsOf } from './support/traffic.js';

/** MiB of a request that its OTLP receivers take. */
const LARGEST = 1;

let peer: OtelCol;
const ports = { grpc: 0, http: 0, fluent: 0 };

before(async () => {
  for (const name of ['grpc', 'http', 'fluent'] as const) ports[name] = await freePort();
  peer = await otelcol({
    'otlp/grpc': { yaml: `{ protocols: { grpc: { endpoint: 127.0.0.1:${ports.grpc}, max_recv_msg_size_mib: ${LARGEST} } } }`, signals: ['logs', 'traces'] },
    'otlp/http': { yaml: `{ protocols: { http: { endpoint: 127.0.0.1:${ports.http}, max_request_body_size: ${LARGEST << 20} } } }`, signals: ['logs', 'traces'] },
    fluentforward: { yaml: `{ endpoint: 127.0.0.1:${ports.fluent} }`, signals: ['logs'] },
  });
  await peer.start();
});
after(() => peer.end());

const version = (): string => `OpenTelemetry Collector ${found('otelcol').version}`;
const attributes = (items: Iterable<Item>): number => [...items].reduce((sum, item) => sum + Object.keys(item.attributes).length + Object.keys(item.resource).length, 0);

for (const [kind, receiver, port] of [
  ['otlp_grpc', 'otlp/grpc', () => ports.grpc],
  ['otlp_http', 'otlp/http', () => ports.http],
] as const) {
  for (const compression of ['gzip', 'zstd', 'none']) {
    test(`every item is there once and as it was, by ${kind} with ${compression}`, async () => {
      const one = await farol(`[[destinations]]\nname = "otelcol"\ntype = "${kind}"\nendpoint = "http://127.0.0.1:${port()}"\ncompression = "${compression}"\nsignals = ["logs", "traces"]\n`);
      await one.start();
      const { logs, spans } = await sendAll(one.url);
      const items = await one.until(logs + spans);
      await one.drained('otelcol');
      const before = seen.get(receiver) ?? 0;
      const came = (await peer.came(receiver, before + items.size)).slice(before);
      seen.set(receiver, before + came.length);
      assert.deepEqual(came.map(nameOf).sort(), [...items.keys()].sort());
      for (const item of came) assert.deepEqual(item, items.get(nameOf(item)));
      assert.deepEqual(one.deadLetters('otelcol'), []);
      console.log(`${version()}, ${kind}, ${compression}: ${came.length} items and ${attributes(came)} attributes compared`);
      await one.end();
    });
  }
}

/** What the tests before found at a receiver. */
const seen = new Map<string, number>();

/** The receiver has texts where a record of Forward has a time or nothing that a log's attribute can be. */
const nameIn = ({ attributes }: Item): string => String(attributes['log.record.uid'] ?? `${attributes['trace_id']} ${attributes['span_id']}`);

for (const compression of ['none', 'gzip']) {
  test(`every item is an event once, by the Forward protocol with ${compression}`, async () => {
    const one = await farol(`[[destinations]]\nname = "fluent"\ntype = "fluent_forward"\nendpoint = "tcp://127.0.0.1:${ports.fluent}"\ncompression = "${compression}"\n`);
    await one.start();
    const { logs, spans } = await sendAll(one.url);
    const items = await one.until(logs + spans);
    await one.drained('fluent');
    const before = seen.get('fluent') ?? 0;
    const came = (await peer.came('fluentforward', before + items.size)).slice(before);
    seen.set('fluent', before + came.length);
    assert.deepEqual(came.map(nameIn).sort(), [...items.keys()].sort());
    let compared = 0;
    for (const event of came) {
      const item = items.get(nameIn(event))!;
      const all: [string, Value][] = [...Object.entries(item.attributes), ...Object.entries(item.resource)];
      for (const [name, value] of all) {
        const there = event.attributes[name] ?? event.attributes[`attributes.${name}`];
        if (value === null) continue;
        assert.deepEqual(there, value, name);
        compared += 1;
      }
      assert.ok(Math.abs(event.time - item.time) < 0.002, `${event.time} ${item.time}`);
    }
    console.log(`${version()}, Forward, ${compression}: ${came.length} events and ${compared} values compared`);
    await one.end();
  });
}

for (const [kind, receiver, port, make] of [
  ['otlp_grpc', 'otlp/grpc', () => ports.grpc, grpcProxy],
  ['otlp_http', 'otlp/http', () => ports.http, httpProxy],
] as const) {
  test(`faults: all is there, and the item that is larger than the receiver takes is a dead letter, by ${kind}`, async () => {
    const proxy = await make(port());
    await survive({
      what: `${version()}, ${kind}`,
      destination: 'otelcol',
      settings: {
        before: 'limits = { body = "4MiB", string = "4MiB" }\n',
        toml: `[[destinations]]\nname = "otelcol"\ntype = "${kind}"\nendpoint = "http://127.0.0.1:${proxy.port}"\nsignals = ["logs", "traces"]\n${IMPATIENT}`,
      },
      proxy,
      faults: ALL_FAULTS,
      stop: () => peer.stop(),
      start: () => peer.start(),
      came: async () => peer.items(receiver).slice(seen.get(receiver) ?? 0).map(nameOf),
      culprit: {
        body: logsOf(['before', 'x'.repeat((LARGEST << 20) + 1), 'after']),
        is: (item) => String(item.body).length > LARGEST << 20,
        code: /^(http 4(00|13)|grpc resource_exhausted)$/,
        detail: /larger|large/,
      },
      // OTLP has no way to know a copy; its uid and its span's id tell it from its original.
      once: false,
    });
  });
}

test('faults: all is there by the Forward protocol, which has no way to refuse', async () => {
  const proxy = await tcpProxy(ports.fluent, forward);
  await survive({
    what: `${version()}, Forward`,
    destination: 'fluent',
    settings: { toml: `[[destinations]]\nname = "fluent"\ntype = "fluent_forward"\nendpoint = "tcp://127.0.0.1:${proxy.port}"\n${IMPATIENT}` },
    proxy,
    faults: WIRE_FAULTS,
    stop: () => peer.stop(),
    start: () => peer.start(),
    came: async () => peer.items('fluentforward').slice(seen.get('fluent') ?? 0).map(nameIn),
    once: false,
  });
});
