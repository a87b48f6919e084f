/** docs/benchmarks.md: the tables that `cargo xtask bench sdk --write` renews. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { judged, replaced } from '../bench/document.js';
import { settings } from '../bench/server.js';
import { said } from '../bench/stats.js';
import { text } from './files.js';

test('the page has the tables that the benchmark writes, and nothing else of it changes', () => {
  const page = text('docs/benchmarks.md');
  for (const name of ['sdk page', 'sdk session']) {
    const [open, close] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const [before, rest] = page.split(open) as [string, string];
    const [old, after] = rest.split(close) as [string, string];
    assert.match(old, /^\| figure \| Farol \|/mu);
    assert.equal(replaced(page, name, ['new']), `${before}${open}new\n${close}${after}`);
  }
  assert.throws(() => replaced(page, 'none such', []), /no table "none such"/u);
});

/** The first number of a cell, its thousands apart. */
const first = (cell: string): number => Number(/^-?[\d,.]+/u.exec(cell)?.[0].replaceAll(',', ''));

test('each bar of those tables has a verdict that agrees with its figures, or none where it was not judged', () => {
  const tables = text('docs/benchmarks.md').split(/<!-- \/?sdk \w+ -->\n/u);
  const rows = [tables[1]!, tables[3]!].flatMap((table) => [...table.matchAll(/^\|(.*)\|$/gmu)].map(([, row]) => row!.split('|').map((cell) => cell.trim())).slice(2));
  assert.ok(rows.length >= 8, `${rows.length}`);
  for (const [figure, farol, , ratio, bar] of rows as [string, string, string, string, string][]) {
    if (bar === '') continue;
    const [, most, said] = /^(1\/\d+|[\d,]+): (met|missed|not judged)$/u.exec(bar) ?? assert.fail(`${figure}: ${bar}`);
    if (said === 'not judged') continue;
    const [is, bound] = most!.startsWith('1/') ? [-first(ratio.slice(2)), -first(most!.slice(2))] : [first(farol), first(most!)];
    // What rounds to its bar may be on either side of it.
    if (is !== bound || bound === 0) assert.equal(said, is <= bound ? 'met' : 'missed', figure);
  }
  assert.deepEqual([judged('1/5', true), judged('1/5', false), judged('0', undefined)], ['1/5: met', '1/5: missed', '0: not judged']);
});

test('a collector that is measured has a database of places, and what is said of a figure is what was judged', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'farol-bench-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [, database] = /\[geo\]\ndatabase = "(.+)"/u.exec(settings(join(folder, 'data'), 'http://127.0.0.1:1')) ?? assert.fail('no database');
  const bytes = readFileSync(database!);
  assert.ok(bytes.includes('\xab\xcd\xefMaxMind.com', 0, 'latin1') && bytes.includes('iso_code'));
  const figure = { figure: 'memory', is: 70.4, bar: 64, unit: 'MiB' };
  assert.deepEqual([true, false, undefined].map((met) => said({ ...figure, met })), ['met', 'MISSED', 'not judged'].map((it) => `memory: 70 MiB, bar 64: ${it}`));
});
