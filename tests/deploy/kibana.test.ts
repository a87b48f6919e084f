/** Kibana's saved objects: the file is what the generator makes, refers to what is in it, and names fields that documents have, in a form that the aggregation can work with.
 * `deploy/kibana/fields.json` is held to the index template by a test of the collector. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objects, written } from '../../deploy/kibana/all.js';
import type { Saved } from '../../deploy/kibana/objects.js';
import { list, text } from './files.js';

const FIELDS = JSON.parse(text('deploy/kibana/fields.json')) as Record<string, string>;
const NAMES = text('protocol/src/names.rs');

interface Agg {
  type: string;
  params: { field?: string };
}

const source = (it: Saved): { query: { query: string; language: string }; indexRefName?: string } =>
  JSON.parse((it.attributes.kibanaSavedObjectMeta as { searchSourceJSON: string }).searchSourceJSON) as ReturnType<typeof source>;
const withQuery = objects.filter((it) => it.type !== 'index-pattern');

test('the file is what the generator makes', () => {
  assert.equal(text('deploy/kibana/farol.ndjson'), written(), 'run: node --import tsx deploy/kibana/build.ts');
});

test('ids are unique, and what is referred to stands in the file', () => {
  const ids = objects.map((it) => `${it.type}:${it.id}`);
  assert.equal(new Set(ids).size, ids.length);
  for (const it of objects) for (const to of it.references) assert.ok(ids.includes(`${to.type}:${to.id}`), `${it.id}: ${to.type} ${to.id}`);
  for (const it of withQuery.filter(({ type }) => type !== 'dashboard')) assert.ok(it.references.some((to) => to.name === source(it).indexRefName), it.id);
});

test('every field of a query and a column is one that documents have', () => {
  for (const it of withQuery) {
    const { query } = source(it).query;
    const named = [...query.matchAll(/([\w.@]+) *:/gu)].map((match) => match[1]!);
    for (const field of [...named, ...((it.attributes.columns as string[] | undefined) ?? [])]) assert.ok(field in FIELDS, `${it.id}: ${field}`);
    for (const match of query.matchAll(/event\.action: "([^"]+)"/gu)) assert.ok(NAMES.includes(`"${match[1]}"`), `${it.id}: ${match[1]}`);
  }
});

test('every aggregation is over a field whose form it works with', () => {
  const works: Record<string, string[]> = { terms: ['keyword'], cardinality: ['keyword'], sum: ['double'], percentiles: ['double'], date_histogram: ['date_nanos'] };
  let counted = 0;
  for (const it of objects.filter(({ type }) => type === 'visualization')) {
    const { aggs } = JSON.parse(it.attributes.visState as string) as { aggs: Agg[] };
    assert.equal(aggs[0]!.type === 'count' || aggs[0]!.type in { cardinality: 0, sum: 0, percentiles: 0 }, true, it.id);
    for (const agg of aggs.filter(({ type }) => type !== 'count')) {
      counted += 1;
      assert.ok(works[agg.type]!.includes(FIELDS[agg.params.field!]!), `${it.id}: ${agg.type} of ${agg.params.field}`);
    }
  }
  assert.ok(counted > 20, String(counted));
});

test('terms are ordered by a metric that is there, by one value of it', () => {
  for (const it of objects.filter(({ type }) => type === 'visualization')) {
    const { aggs } = JSON.parse(it.attributes.visState as string) as { aggs: { id: string; type: string; schema: string; params: { orderBy?: string; percents?: number[] } }[] };
    const values = aggs.filter(({ schema }) => schema === 'metric').flatMap(({ id, params }) => params.percents?.map((percent) => `${id}.${percent}`) ?? [id]);
    for (const { type, params } of aggs) if (type === 'terms') assert.ok(values.includes(params.orderBy!), `${it.id}: ${params.orderBy}`);
  }
});

test('whoever imports again gets what is new', () => {
  const commands = list('docs', '.md').concat(list('docs/destinations', '.md')).flatMap((page) => text(page).split('\n').filter((line) => line.includes('/api/saved_objects/_import')));
  assert.ok(commands.length > 1);
  // Kibana has each object that is there already for a conflict, unless it is told.
  for (const command of commands) assert.match(command, /'\S+\/_import\?overwrite=true'/u);
});

test('the document names every view and picture, which no Kibana has shown', () => {
  const page = text('docs/dashboards.md');
  for (const it of objects.filter(({ type }) => type !== 'index-pattern')) assert.ok(page.includes(`- ${String(it.attributes.title)}\n`), it.id);
});

test('panels of a dashboard lie within its columns, cover none of each other, and show what is there', () => {
  for (const it of objects.filter(({ type }) => type === 'dashboard')) {
    const panels = JSON.parse(it.attributes.panelsJSON as string) as { panelRefName: string; panelIndex: string; gridData: { x: number; y: number; w: number; h: number } }[];
    const taken = new Set<string>();
    for (const { panelRefName, panelIndex, gridData } of panels) {
      assert.ok(it.references.some((to) => to.name === `${panelIndex}:${panelRefName}`), `${it.id}: ${panelRefName}`);
      assert.ok(gridData.x + gridData.w <= 48, it.id);
      for (let x = gridData.x; x < gridData.x + gridData.w; x += 1) {
        for (let y = gridData.y; y < gridData.y + gridData.h; y += 1) {
          assert.ok(!taken.has(`${x},${y}`), `${it.id}: ${panelRefName}`);
          taken.add(`${x},${y}`);
        }
      }
    }
    assert.equal(source(it).query.query, 'not farol.k6.browser: true', 'tests are no visitors');
  }
});
