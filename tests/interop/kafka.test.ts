/** A real Kafka: every item is there once, by session and by its name; records go through it to another collector and come out as they went in. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import type { Item, Value } from '../e2e/driver/otlp.js';
import { farol, type Farol } from './support/farol.js';
import { IMPATIENT, survive, WIRE_FAULTS } from './support/faults.js';
import { kafka, USER, type Kafka, type Message } from './support/kafka.js';
import { found } from './support/server.js';
import { sendAll } from './support/session.js';
import { logs, send } from './support/traffic.js';

let cluster: Kafka;

before(async () => {
  cluster = await kafka();
  await cluster.start();
});
after(() => cluster.end());

const destination = (topic: string, more: string): string =>
  `[[destinations]]\nname = "kafka"\ntype = "kafka"\nbrokers = ["${cluster.address}"]\ntopic = "${topic}"\n${more}\n`;

const source = (topic: string): string => `[[sources]]\nname = "kafka"\ntype = "kafka"\nbrokers = ["${cluster.address}"]\ntopic = "${topic}"\ngroup = "${topic}"\n`;

/* eslint-disable-next-line -- the shape of a document, read by the fields that are compared */
type Document = Record<string, any>;

const document = (message: Message): Document => JSON.parse(message.value.toString('utf8')) as Document;
const nameIn = (it: Document): string => it['log.record.uid'] ?? `${it['trace_id']} ${it['span_id']}`;

/** Waits until the topics hold so many messages. */
async function messages(topics: string[], count: number): Promise<Message[]> {
  let came: Message[] = [];
  const all = async (): Promise<boolean> => {
    came = (await Promise.all(topics.map((topic) => cluster.read(topic).catch(() => [])))).flat();
    return came.length >= count;
  };
  await wait(all, `${count} messages in ${topics.join(', ')}`, 120_000);
  return came;
}

/** Every attribute of an item is in its document. Returns how many there were. */
function compare(item: Item, found: Document): number {
  const all: [string, Value][] = [...Object.entries(item.attributes), ...Object.entries(item.resource)];
  for (const [name, value] of all) {
    const there = found[name] ?? found[`attributes.${name}`];
    // Bytes, which are base64 in a document and nothing in the list of items.
    if (value === null && typeof there === 'string') continue;
    assert.deepEqual(there, value, name);
  }
  return all.length;
}

/** All that one collector has sent is at the other as it was, and nothing else. */
function assertSame(came: Map<string, Item>, sent: Map<string, Item>): number {
  assert.deepEqual([...came.keys()].sort(), [...sent.keys()].sort());
  for (const [name, item] of sent) assert.deepEqual(came.get(name), item);
  return [...sent.values()].reduce((sum, item) => sum + Object.keys(item.attributes).length, 0);
}

/** How often a collector wrote each item. */
const written = async (one: Farol): Promise<number> => one.metric('farol_destination_items_total');

test('every item is a document once, keyed by its session', async () => {
  const one = await farol(destination('items', 'encoding = "json"'));
  await one.start();
  const { logs: count, spans } = await sendAll(one.url);
  const items = await one.until(count + spans);
  const came = await messages(['items'], items.size);
  await one.drained('kafka');
  assert.deepEqual(came.map(document).map(nameIn).sort(), [...items.keys()].sort());
  let compared = 0;
  const partitions = new Map<string | null, Set<number>>();
  for (const message of came) {
    const found = document(message);
    const item = items.get(nameIn(found))!;
    compared += compare(item, found);
    assert.equal(message.key ?? '', item.attributes['session.id'] ?? item.traceId);
    if (item.signal === 'log') assert.equal(message.headers['log.record.uid'], nameIn(found));
    if (message.key !== null) partitions.set(message.key, (partitions.get(message.key) ?? new Set()).add(message.partition));
  }
  assert.ok([...partitions.values()].every((it) => it.size === 1));
  assert.deepEqual(one.deadLetters('kafka'), []);
  console.log(`Kafka ${found('kafka').version}: ${came.length} messages and ${compared} attributes compared`);
  await one.end();
});

test('records go through Kafka to another collector and are there as they were, once, though it is killed', async () => {
  const ingest = await farol(destination('records', 'encoding = "farol"\ncompression = "zstd"'));
  const out = await farol(source('records'));
  await ingest.start();
  await out.start();
  const first = await send(ingest.url);
  await out.until(first.logs + first.spans);
  await out.end('SIGKILL');
  await send(ingest.url, Array.from({ length: 200 }, (_, n) => logs([`while nobody read ${n}`])));
  await out.start();
  await wait(async () => out.items().size > first.logs + first.spans, 'the first of the second', 60_000);
  await out.end('SIGKILL');
  await out.start();
  const sent = await ingest.until(first.logs + first.spans + 200);
  const came = await out.until(sent.size);
  await ingest.drained('kafka');
  await out.drained('sent');
  const compared = assertSame(came, sent);
  console.log(`Kafka ${found('kafka').version}, from Farol to Farol: ${came.size} items and ${compared} attributes compared`);
  assert.equal(await ingest.metric('farol_items_total'), sent.size);
  await out.end();
  await ingest.end();
});

test('two collectors of a group share what comes', async () => {
  const ingest = await farol(destination('shared', 'encoding = "farol"'));
  const [a, b] = [await farol(source('shared')), await farol(source('shared'))];
  await ingest.start();
  // The topic is there before the group is, so that its partitions are divided once.
  await send(ingest.url, [logs(['first'])]);
  await ingest.drained('kafka');
  await a.start();
  await b.start();
  const session = (n: number): unknown => ({ meta: { app: { name: 'interop' }, session: { id: `s${n}` } }, logs: [{ message: `m${n}`, level: 'info', timestamp: new Date().toISOString() }] });
  const all = Array.from({ length: 300 }, (_, n) => session(n));
  await send(ingest.url, all);
  // What was on its way when a partition moved may have come to both.
  const both = (): Set<string> => new Set([...a.items().keys(), ...b.items().keys()]);
  await wait(async () => both().size >= 301, 'all at one of the two', 120_000);
  const sent = await ingest.until(301);
  const came = both();
  assert.deepEqual([...came].sort(), [...sent.keys()].sort());
  await Promise.all([a.end(), b.end()]);
  await ingest.end();
});

test('an item that is too large for the broker goes to the dead letters with its reason, and the others arrive', async () => {
  const one = await farol(destination('large', 'encoding = "json"\nbatch = { max_wait = "2s" }'));
  await one.start();
  await send(one.url, [logs(['before', randomBytes(90_000).toString('base64'), 'after'])]);
  const came = await messages(['large'], 2);
  await one.drained('kafka');
  assert.deepEqual(came.map((it) => document(it)['body']).sort(), ['after', 'before']);
  const letters = one.deadLetters('kafka');
  assert.equal(letters.length, 1, JSON.stringify(letters).slice(0, 500));
  assert.equal(letters[0]!.code, 'kafka message_too_large');
  await one.end();
});

test('faults: all is there, and the message that the broker refuses is a dead letter', async () => {
  const { proxy } = cluster;
  await survive({
    what: `Kafka ${found('kafka').version}`,
    destination: 'kafka',
    settings: { toml: `[[destinations]]\nname = "kafka"\ntype = "kafka"\nbrokers = ["127.0.0.1:${proxy.port}"]\ntopic = "faults"\nencoding = "json"\n${IMPATIENT}` },
    proxy,
    faults: WIRE_FAULTS,
    stop: () => cluster.end(),
    start: () => cluster.start(),
    came: async () => (await cluster.read('faults')).map((it) => nameIn(document(it))),
    culprit: {
      body: logs(['before', randomBytes(90_000).toString('base64'), 'after']),
      is: (item) => String(item.body).length > 90_000,
      code: /^kafka message_too_large$/,
      detail: /./,
    },
    // The broker knows a copy of the producer that it knows; one that had to begin anew may write a message again, under the same uid.
    once: false,
  });
});

test('TLS and a user, by SCRAM', async () => {
  const auth = `auth = { basic = { username = "${USER.name}", password = "${USER.password}" } }\ntls = { ca_file = "${cluster.ca}" }\n`;
  const secure = (toml: string): string => toml.replace(cluster.address, `tls://${cluster.secure}`);
  const ingest = await farol(secure(destination('secure', 'encoding = "farol"')) + auth);
  const out = await farol(secure(source('secure')) + auth);
  await ingest.start();
  await out.start();
  const { logs: count, spans } = await send(ingest.url);
  const sent = await ingest.until(count + spans);
  assertSame(await out.until(sent.size), sent);
  await out.end();
  await ingest.end();
});
