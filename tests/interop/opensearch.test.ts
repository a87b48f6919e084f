/** A real OpenSearch: every item is there once, by the names of the Elastic Common Schema, after `setup elasticsearch`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import type { Item, Value } from '../e2e/driver/otlp.js';
import { farol, nameOf } from './support/farol.js';
import { ALL_FAULTS, IMPATIENT, survive } from './support/faults.js';
import { httpProxy } from './support/proxy-http.js';
import { opensearch, setUp } from './support/opensearch.js';
import { found, type Server } from './support/server.js';
import { sendAll } from './support/session.js';
import { logs, send } from './support/traffic.js';

let cluster: Server;
let url: string;
let port: number;

before(async () => {
  ({ cluster, port, url } = await opensearch());
  await cluster.start();
});
after(() => cluster?.end());

const destination = (namespace: string, more = '', to = url): string =>
  `[[destinations]]\nname = "elastic"\ntype = "elasticsearch"\nendpoint = "${to}"\nnamespace = "${namespace}"\n${more}`;

/* eslint-disable-next-line -- the shape of a document, read by the fields that are compared */
type Document = Record<string, any>;

async function documents(namespace: string, count: number): Promise<Document[]> {
  let came: Document[] = [];
  const all = async (): Promise<boolean> => {
    const answer = await fetch(`${url}/logs-farol-${namespace},traces-farol-${namespace}/_search?size=10000&ignore_unavailable=true`);
    const body = (await answer.json()) as { hits?: { hits: { _source: Document }[] } };
    came = (body.hits?.hits ?? []).map((it) => it._source);
    return came.length >= count;
  };
  await wait(all, `${count} documents`, 60_000);
  return came;
}

const nameIn = (document: Document): string => document['event.id'] ?? `${document['trace.id']} ${document['span.id']}`;

/** Every value of an item is somewhere in its document: in a field, a label, or beside the index. */
function compare(item: Item, document: Document): number {
  const { labels = {}, unindexed = {}, ...fields } = document;
  const values = [fields, labels, unindexed].flatMap((it) => Object.values(it)).map((it) => JSON.stringify(it));
  const told = [...Object.entries(item.resource), ...Object.entries(item.attributes)];
  for (const [name, value] of told) {
    if (value !== null) assert.ok(values.includes(JSON.stringify(value as Value)), `${name} of ${nameOf(item)}`);
  }
  assert.equal(document['trace.id'] ?? '', item.traceId);
  assert.equal(document['service.name'], item.resource['service.name']);
  if (item.signal === 'log') assert.equal(document['event.action'] ?? '', item.name);
  else assert.equal(document['span.name'], item.name);
  return told.length;
}

test('setup makes the template once, and every item is a document once', async () => {
  const toml = destination('once');
  assert.match(await setUp(toml), /index template farol: made/);
  assert.match(await setUp(toml), /index template farol: as it should be/);
  const one = await farol(toml);
  try {
    await one.start();
    const { logs: count, spans } = await sendAll(one.url);
    const items = await one.until(count + spans);
    const came = await documents('once', items.size);
    await one.drained('elastic');
    assert.deepEqual(came.map(nameIn).sort(), [...items.keys()].sort());
    const compared = came.map((it) => compare(items.get(nameIn(it))!, it)).reduce((a, b) => a + b);
    assert.deepEqual(one.deadLetters('elastic'), []);
    console.log(`OpenSearch ${found('opensearch').version}: ${came.length} documents and ${compared} attributes compared`);
    const ask = { size: 0, aggs: { vitals: { terms: { field: 'browser.web_vital.name' }, aggs: { worst: { max: { field: 'browser.web_vital.value' } } } } } };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/logs-farol-once/_search`, { method: 'POST', headers, body: JSON.stringify(ask) });
    const { aggregations } = (await answer.json()) as { aggregations: { vitals: { buckets: { key: string; worst: { value: number } }[] } } };
    const lcp = [...items.values()].filter((it) => it.attributes['browser.web_vital.name'] === 'lcp');
    const worst = Math.max(...lcp.map((it) => it.attributes['browser.web_vital.value'] as number));
    assert.equal(aggregations.vitals.buckets.find((it) => it.key === 'lcp')?.worst.value, worst);
  } finally {
    await one.end();
  }
});

test('no page makes a document that the index refuses', async () => {
  const odd = { a: 'x', 'a.b': 'y', 'a.b.c': 'z', 'service.name': 'odd', '@timestamp': 'soon', long: 'l'.repeat(60_000), '': 'n', '.': 'dot', 'x.': 'end', 'server.port': 'none' };
  const body = { ...logs(['m'.repeat(50_000)]), events: [{ name: 'e'.repeat(3_000), attributes: odd }] };
  const one = await farol(destination('odd'));
  try {
    await one.start();
    await send(one.url, [body]);
    const items = await one.until(2);
    const came = await documents('odd', 2);
    await one.drained('elastic');
    assert.deepEqual(one.deadLetters('elastic'), []);
    came.forEach((it) => compare(items.get(nameIn(it))!, it));
  } finally {
    await one.end();
  }
});

test('one document that is refused goes to the dead letters with its reason, and the others arrive', async () => {
  const mapping = { index_patterns: ['logs-farol-refused'], data_stream: {}, priority: 900, template: { mappings: { properties: { message: { type: 'ip' } } } } };
  const headers = { 'content-type': 'application/json' };
  const made = await fetch(`${url}/_index_template/refusing`, { method: 'PUT', headers, body: JSON.stringify(mapping) });
  assert.equal(made.status, 200);
  const one = await farol(destination('refused', 'batch = { max_wait = "2s" }\n'));
  try {
    await one.start();
    await send(one.url, [logs(['10.0.0.1', 'no address', '10.0.0.2'])]);
    const came = await documents('refused', 2);
    await one.drained('elastic');
    assert.deepEqual(came.map((it) => it['message']).sort(), ['10.0.0.1', '10.0.0.2']);
    const letters = one.deadLetters('elastic');
    assert.equal(letters.length, 1, JSON.stringify(letters));
    assert.equal(letters[0]!.code, 'bulk 400');
    assert.match(letters[0]!.detail ?? '', /message.*ip/s);
  } finally {
    await one.end();
  }
});

/** The names of all documents, page by page: a search gives ten thousand at most. */
async function names(namespace: string): Promise<string[]> {
  const headers = { 'content-type': 'application/json' };
  const fields = ['event.id', 'trace.id', 'span.id'];
  const all: string[] = [];
  let answer = await fetch(`${url}/logs-farol-${namespace},traces-farol-${namespace}/_search?scroll=1m&size=5000&_source=${fields}&ignore_unavailable=true`);
  for (;;) {
    const body = (await answer.json()) as { _scroll_id: string; hits?: { hits: { _source: Document }[] } };
    const hits = body.hits?.hits ?? [];
    if (hits.length === 0) return all;
    all.push(...hits.map((it) => nameIn(it._source)));
    answer = await fetch(`${url}/_search/scroll`, { method: 'POST', headers, body: JSON.stringify({ scroll: '1m', scroll_id: body._scroll_id }) });
  }
}

test('faults: all is there once, and the document that the index refuses is a dead letter', async () => {
  const mapping = { index_patterns: ['logs-farol-faults'], data_stream: {}, priority: 900, template: { mappings: { properties: { labels: { properties: { berth: { type: 'long' } } } } } } };
  const made = await fetch(`${url}/_index_template/faults`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(mapping) });
  assert.equal(made.status, 200, await made.text());
  const proxy = await httpProxy(port);
  const moored = (berth: string): unknown => ({ name: 'moored', timestamp: new Date().toISOString(), attributes: { berth } });
  await survive({
    what: `OpenSearch ${found('opensearch').version}`,
    destination: 'elastic',
    settings: { toml: destination('faults', IMPATIENT, `http://127.0.0.1:${proxy.port}`) },
    proxy,
    faults: ALL_FAULTS,
    stop: () => cluster.end(),
    start: () => cluster.start(),
    came: () => names('faults'),
    culprit: {
      body: { meta: { app: { name: 'interop' } }, events: [moored('7'), moored('the quay'), moored('8')] },
      is: (item) => item.attributes['berth'] === 'the quay',
      code: /^bulk 400$/,
      detail: /berth.*long/s,
    },
    once: true,
  });
});
