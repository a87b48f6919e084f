/** docs/slo.md: its figures stand in the documents that it takes them from, its queries name what exists, and what it calls met is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slo } from '../../deploy/grafana/boards/slo.js';
import { rules, text } from './files.js';
import { Names } from './names.js';

const page = text('docs/slo.md');
const SOURCES = ['docs/benchmarks.md', 'docs/reliability.md'].map(text).join('\n');
/** 20 KB as the page has it. */
const BUNDLE = 20 * 1024;

test('every figure of the objectives stands where it was measured', () => {
  const figures = [...page.matchAll(/`(\d[^`]* [^`]*|all came[^`]*)`/gu)].map((match) => match[1]!);
  assert.ok(figures.length >= 7, figures.join('; '));
  for (const figure of figures) assert.ok(SOURCES.includes(figure), figure);
});

test('no figure is said to lack that benchmarks.md has, and none is of other conditions than it was measured in', () => {
  const benchmarks = text('docs/benchmarks.md');
  if (benchmarks.includes('payloads a second held for 60 s')) assert.doesNotMatch(page, /no figure in benchmarks\.md/u);
  if (/places each visitor by a database/u.test(benchmarks)) assert.doesNotMatch(page, /measured without a database of places/u);
  const ranges = [...page.matchAll(/(\d[\d.]*) to (\d[\d.]*) MiB/gu)];
  assert.ok(ranges.length > 0);
  for (const [range, ...ends] of ranges) for (const end of ends) assert.match(SOURCES, new RegExp(`(?<![\\d.])${end.replace('.', '\\.')}(?![\\d.]*\\d)`, 'u'), range);
});

test('who is to load a collector with k6 is told what it takes of one address', () => {
  const number = (path: string, form: RegExp): number => Number(form.exec(text(path))![1]);
  const rate = number('deploy/k6/ingest.js', /FAROL_RATE \|\| (\d+)/u);
  const allowed = number('docs/collector.md', /^\| `limits\.address_rate\.requests` \| number \| (\d+) \|/mu);
  assert.ok(rate > allowed, `${rate} a second are within ${allowed}`);
  const behind = page.split('k6 run deploy/k6/ingest.js\n')[1]!;
  assert.match(behind.trimStart().split('\n\n')[0]!, /`limits\.address_rate = \{ requests = 0, bytes = 0 \}`/u);
});

test('the script-tag file is said to be met or missed as its size has it', () => {
  const brotli = Number(/^\| farol\.js \|.*\| (\d+) \|$/mu.exec(text('docs/size.md'))?.[1]);
  assert.ok(brotli > 0);
  const row = /^\| \[script-tag file.*\| (\w+) \|$/mu.exec(page)?.[1];
  assert.equal(row, brotli < BUNDLE ? 'met' : 'missed');
});

test('every query of the objectives names what exists', () => {
  const names = new Names();
  const queries = [...page.matchAll(/```promql\n([^`]+)```/gu)].map((match) => match[1]!);
  assert.ok(queries.length >= 7);
  for (const query of queries) assert.deepEqual(names.findings(query), [], query);
});

test('the board counts the same items as lost, and as due, as the rules do', () => {
  /** Which items a text asks for, without the collectors that the board lets choose. */
  const items = (it: string): Set<string> => new Set([...it.matchAll(/farol_destination_items_total\{(?:job="farol-collector", instance=~"\$instance", )?([^}]*)\}/gu)].map((match) => match[1]!));
  const expressions = rules().filter((rule) => /^destination:farol_items_(?:lost|finished):/u.test(rule.record ?? '')).map((rule) => rule.expr);
  const ofRules = items(expressions.join('\n'));
  assert.equal(ofRules.size, 2);
  assert.deepEqual(items(JSON.stringify(slo).replaceAll('\\"', '"')), ofRules);
});

test('links within the page lead somewhere', () => {
  const anchors = [...page.matchAll(/^## (.+)$/gmu)].map((match) => `#${match[1]!.toLowerCase().replaceAll(/[^\p{L}\p{N} -]/gu, '').replaceAll(' ', '-')}`);
  for (const match of page.matchAll(/\]\((#[^)]+)\)/gu)) assert.ok(anchors.includes(match[1]!), match[1]);
});
