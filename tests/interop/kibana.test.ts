/** Kibana's saved objects without a Kibana: what each view, picture and dashboard would ask is asked of a real OpenSearch that holds a driven browser's visit and poor ones, set
 * up as Elasticsearch is. No request fails, each has data, and every column has values. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { objects } from '../../deploy/kibana/all.js';
import type { Saved } from '../../deploy/kibana/objects.js';
import { wait } from '../e2e/driver/wait.js';
import { farol, type Farol } from './support/farol.js';
import { opensearch, setUp } from './support/opensearch.js';
import { allEnded, type Server } from './support/server.js';
import { sendVisit } from './support/session.js';
import { DECLARED, KEY, ORIGIN, post, visit } from './support/visits.js';

const VISITS = 5;

let cluster: Server;
let collector: Farol;
let url: string;

before(async () => {
  ({ cluster, url } = await opensearch());
  await cluster.start();
  const toml = `${DECLARED}
[[destinations]]
name = "elastic"
type = "elasticsearch"
endpoint = "${url}"
`;
  assert.match(await setUp(toml), /index template farol: made/u);
  collector = await farol(toml);
  await collector.start();
  const { logs, spans } = await sendVisit(collector.url, { key: KEY, origin: ORIGIN });
  for (let n = 0; n < VISITS; n += 1) {
    const told = { ...visit(), logs: [{ message: 'stock answered late', level: 'warn', timestamp: new Date().toISOString() }] };
    assert.equal(await post(collector.url, JSON.stringify(told)), 202);
  }
  await collector.until(logs + spans + VISITS * 14);
  await collector.drained('elastic');
  // What was taken can be searched from here on.
  const refreshed = await fetch(`${url}/logs-farol-*,traces-farol-*/_refresh`, { method: 'POST' });
  assert.equal(refreshed.status, 200, await refreshed.text());
});
after(() => allEnded(collector?.end('SIGKILL'), cluster?.end()));

/* eslint-disable-next-line -- OpenSearch's answers, read by the fields that are wanted */
type Json = any;

async function asked(index: string, body: Json): Promise<Json> {
  const answer = await fetch(`${url}/${index}/_search`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const said = await answer.text();
  assert.equal(answer.status, 200, `${JSON.stringify(body)}\n${said}`);
  return JSON.parse(said);
}

const source = (it: Saved): string => (JSON.parse((it.attributes.kibanaSavedObjectMeta as { searchSourceJSON: string }).searchSourceJSON) as { query: { query: string } }).query.query;
const index = (it: Saved): string => String(objects.find(({ id }) => id === it.references[0]!.id)!.attributes.title);

/** Of Kibana's language our queries use what Lucene's has too, in other letters. */
function lucene(...queries: string[]): Json {
  const all = queries.filter((it) => it !== '').map((it) => `(${it.replaceAll(/\band\b/gu, 'AND').replaceAll(/\bnot\b/gu, 'NOT').replaceAll(/: /gu, ':')})`);
  return { query_string: { query: all.length === 0 ? '*' : all.join(' AND ').replace(/^\(NOT/u, '(* AND NOT') } };
}

interface Agg {
  id: string;
  type: string;
  schema: string;
  params: { field?: string; size?: number; orderBy?: string; order?: string; percents?: number[]; json?: string };
}

/** By which of the metrics terms are ordered, as Kibana finds it: an aggregation of several values is named with the one that is meant. */
function order(metrics: Agg[], { orderBy = '', order: way = 'desc' }: Agg['params']): Json {
  const of = metrics.find((it) => (it.params.percents ?? [undefined]).some((percent) => orderBy === (percent === undefined ? it.id : `${it.id}.${percent}`)));
  return of?.type === 'count' ? { _count: way } : { [orderBy]: way };
}

/** Pictures as requests: buckets within each other in their order, the metrics in the innermost. */
function request(aggs: Agg[]): Json {
  const metrics = aggs.filter(({ schema }) => schema === 'metric');
  const innermost: Json = Object.fromEntries(metrics.filter(({ type }) => type !== 'count').map(({ id, type, params }) => [id, { [type]: { field: params.field, ...(params.percents ? { percents: params.percents } : {}), ...JSON.parse(params.json ?? '{}') } }]));
  return aggs.filter(({ schema }) => schema !== 'metric').reduceRight<Json>((inner, it) => {
    // What terms are ordered by has to stand beside what is within them.
    const beside = it.type === 'terms' ? innermost : {};
    const own = it.type === 'terms' ? { terms: { field: it.params.field, size: it.params.size, order: order(metrics, it.params) } } : { date_histogram: { field: it.params.field, fixed_interval: '1h', min_doc_count: 1 } };
    return { [it.id]: { ...own, aggs: { ...beside, ...inner } } };
  }, innermost);
}

for (const it of objects.filter(({ type }) => type === 'search')) {
  test(`the view "${it.attributes.title}" finds documents, and values in every column`, async () => {
    const columns = it.attributes.columns as string[];
    const found = await asked(index(it), { size: 1000, query: lucene(source(it)), sort: [{ '@timestamp': 'desc' }], fields: columns });
    assert.ok(found.hits.hits.length > 0);
    const filled = new Set(found.hits.hits.flatMap((hit: Json) => Object.keys(hit.fields ?? {})));
    assert.deepEqual(columns.filter((column) => !filled.has(column)), []);
  });
}

for (const board of objects.filter(({ type }) => type === 'dashboard')) {
  for (const { id } of board.references) {
    const it = objects.find((of) => of.id === id && of.type === 'visualization');
    if (it === undefined) continue;
    test(`"${it.attributes.title}" on "${board.attributes.title}" has data`, async () => {
      const { aggs } = JSON.parse(it.attributes.visState as string) as { aggs: Agg[] };
      const body = request(aggs);
      const found = await asked(index(it), { size: 0, track_total_hits: true, query: lucene(source(board), source(it)), ...(Object.keys(body).length > 0 ? { aggs: body } : {}) });
      assert.ok(found.hits.total.value > 0, JSON.stringify(found.hits));
      const buckets = aggs.find(({ schema }) => schema !== 'metric');
      if (buckets !== undefined) assert.ok(found.aggregations[buckets.id].buckets.length > 0, JSON.stringify(found.aggregations));
    });
  }
}

test('what a load test sends is left out by the query above each dashboard', async () => {
  const marked = { ...visit(), logs: [] };
  marked.meta.k6 = { isK6Browser: true, testRunId: 'run' };
  const all = async (): Promise<number> => (await asked('logs-farol-*', { size: 0, track_total_hits: true, query: lucene('farol.k6.browser: true') })).hits.total.value as number;
  assert.equal(await all(), 0);
  const board = objects.find(({ type }) => type === 'dashboard')!;
  const visitors = async (): Promise<number> => (await asked('logs-farol-*', { size: 0, track_total_hits: true, query: lucene(source(board)) })).hits.total.value as number;
  const before = await visitors();
  assert.ok(before > 0);
  assert.equal(await post(collector.url, JSON.stringify(marked)), 202);
  await wait(async () => (await all()) > 10, 'the marked ones to be searched', 60_000);
  assert.equal(await visitors(), before);
});

test('an exception that was sent once and came thirty times counts thirty', async () => {
  const exceptions = async (): Promise<number> => {
    const it = objects.find(({ attributes }) => attributes.title === 'Exceptions')!;
    const { aggs } = JSON.parse(it.attributes.visState as string) as { aggs: Agg[] };
    return (await asked('logs-farol-*', { size: 0, query: lucene(source(it)), aggs: request(aggs) })).aggregations?.[aggs[0]!.id]?.value as number;
  };
  const before = await exceptions();
  const repeated = visit();
  repeated.exceptions[0].count = 30;
  assert.equal(await post(collector.url, JSON.stringify(repeated)), 202);
  await wait(async () => (await exceptions()) > before, 'the repeated one to be searched', 60_000);
  assert.equal(await exceptions(), before + 30);
});
