/** The dashboards: their files are what the generator makes, they name what exists, lead somewhere, and Prometheus' and Loki's own parsers take every query. Grafana's schema is held by the type checker (`@grafana/schema`). */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { Dashboard, Panel } from '@grafana/schema';
import { boards, written } from '../../deploy/grafana/all.js';
import { list, rules, text } from './files.js';
import { findings as logql } from './logql.js';
import { Names } from './names.js';
import { tool } from './tools.js';

const names = new Names();

interface Asked {
  board: string;
  panel: string;
  source: string;
  expr: string;
}

const panels = (board: Dashboard): Panel[] => (board.panels ?? []).filter((it): it is Panel => it.type !== 'row');
const variables = (board: Dashboard): string[] => (board.templating?.list ?? []).map((it) => it.name);

const asked: Asked[] = boards.flatMap((board) =>
  panels(board).flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({
      board: board.uid ?? '',
      panel: panel.title ?? '',
      source: (target.datasource as { type: string }).type,
      expr: String(target.expr ?? target.query),
    })),
  ),
);
const of = (source: string): Asked[] => asked.filter((it) => it.source === source);

/** As Grafana fills it in: everything chosen, a day's range. */
const filled = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '5m').replaceAll('$__auto', '5m').replaceAll('$__range', '1d').replaceAll('$window', '1h').replaceAll(/\$\w+/gu, '.*');

test('the files are what the generator makes', () => {
  assert.deepEqual(list('deploy/grafana/dashboards', '.json').map((path) => basename(path, '.json')), boards.map((board) => board.uid).sort());
  for (const board of boards) {
    assert.equal(text(`deploy/grafana/dashboards/${board.uid}.json`), written(board), 'run: node --import tsx deploy/grafana/build.ts');
  }
});

test('panels have ids of their own, lie within the grid and cover none of each other', () => {
  for (const board of boards) {
    const all = board.panels ?? [];
    assert.equal(new Set(all.map((panel) => panel.id)).size, all.length, board.uid);
    const taken = new Map<string, string>();
    for (const panel of all) {
      const { x, y, w, h } = panel.gridPos!;
      assert.ok(panel.title && x >= 0 && x + w <= 24 && h > 0, `${board.uid}: ${panel.title}`);
      for (let row = y; row < y + h; row += 1) {
        for (let column = x; column < x + w; column += 1) {
          const place = `${column},${row}`;
          assert.equal(taken.get(place), undefined, `${board.uid}: ${panel.title} lies on ${taken.get(place)}`);
          taken.set(place, panel.title!);
        }
      }
    }
  }
});

test('every metric, label, attribute and variable that a panel names exists', () => {
  assert.ok(of('prometheus').length > 100 && of('loki').length > 10 && of('tempo').length > 4);
  for (const { board, panel, expr } of of('prometheus')) assert.deepEqual(names.findings(expr), [], `${board}: ${panel}`);
  for (const { board, panel, expr } of of('loki')) assert.deepEqual(logql(expr), [], `${board}: ${panel}`);
  for (const board of boards) {
    const known = [...variables(board), '__rate_interval', '__range', '__auto', '__all', '__data', '__value', '__url_time_range'];
    for (const match of JSON.stringify(board).matchAll(/\$(?:\{(\w+)|(\w+))/gu)) {
      assert.ok(known.includes(match[1] ?? match[2]!), `${board.uid}: ${match[0]}`);
    }
    for (const choice of board.templating?.list ?? []) {
      const expression = /^label_values\((.+), (\w+)\)$/u.exec(typeof choice.query === 'object' ? String(choice.query.query) : '');
      if (expression !== null) assert.deepEqual(names.findings(`count by (${expression[2]}) (${expression[1]})`), [], `${board.uid}: ${choice.name}`);
    }
    for (const annotation of board.annotations?.list ?? []) {
      assert.deepEqual(names.findings((annotation.target as unknown as { expr: string }).expr), [], `${board.uid}: ${annotation.name}`);
    }
  }
});

test('a quantile is asked of buckets that keep their bound, or of a native histogram', () => {
  for (const { board, panel, expr } of of('prometheus')) {
    for (const match of expr.matchAll(/histogram_quantile\([\d.]+, sum(?: by \(([^)]*)\))? \(rate\((\w+)\{/gu)) {
      const grouped = (match[1] ?? '').split(', ').includes('le');
      assert.equal(grouped, match[2]!.endsWith('_bucket'), `${board}: ${panel}: ${match[0]}`);
    }
  }
});

test('links of boards, rows and alerts lead to boards that are there, with variables that they have', () => {
  const byUid = new Map(boards.map((board) => [board.uid, board]));
  const links = [
    ...boards.flatMap((board) => [...JSON.stringify(board).matchAll(/"url": ?"(\/d\/[^"]+)"/gu)].map((match) => match[1]!)),
    ...rules().flatMap((rule) => (rule.annotations?.dashboard === undefined ? [] : [rule.annotations.dashboard])),
  ];
  assert.ok(links.length > 40);
  for (const link of links) {
    const target = byUid.get(/^\/d\/([\w-]+)/u.exec(link)?.[1] ?? '');
    assert.ok(target, link);
    for (const match of link.matchAll(/var-(\w+)=/gu)) assert.ok(variables(target).includes(match[1]!), link);
  }
  for (const board of boards) assert.ok(board.links?.some((link) => link.type === 'dashboards' && link.keepTime && link.includeVars), board.uid);
});

test('data sources are chosen above the board, never written into it', () => {
  for (const board of boards) {
    for (const match of JSON.stringify(board).matchAll(/"uid":"([^"]+)"/gu)) assert.ok(/^(?:\$(?:metrics|logs|traces)|farol-[a-z-]+)$/u.test(match[1]!), `${board.uid}: ${match[1]}`);
  }
});

/** Queries as rules of a file, which the tools of Prometheus and Loki know how to judge. */
const asRules = (expressions: string[]): string =>
  JSON.stringify({ groups: [{ name: 'panels', rules: expressions.map((expr, at) => ({ record: `panel:query:${at}`, expr })) }] });

const judged = (expressions: string[], judge: (path: string) => { ok: boolean; said: string } | undefined): void => {
  const folder = mkdtempSync(join(tmpdir(), 'farol-panels-'));
  try {
    const path = join(folder, 'panels.yml');
    writeFileSync(path, asRules(expressions));
    const done = judge(path);
    if (done) assert.ok(done.ok, done.said);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test("Prometheus' parser takes the query of every panel and annotation", (t) => {
  const annotations = boards.flatMap((board) => (board.annotations?.list ?? []).map((it) => (it.target as unknown as { expr: string }).expr));
  judged([...of('prometheus').map((it) => it.expr), ...annotations].map(filled), (path) => tool(t, 'promtool', 'check', 'rules', '--lint=none', path));
});

test("Loki's parser takes the query of every panel", (t) => {
  // A query for lines is made one for their number, since a rule wants a figure.
  const figures = of('loki').map(({ expr }) => (expr.startsWith('{') ? `count_over_time(${expr} [5m])` : expr));
  judged(figures.map(filled), (path) => tool(t, 'lokitool', 'rules', 'lint', '--dry-run', path));
});

test('the document names every board, and every panel whose query was run by another Tempo than the stack has', () => {
  const page = text('docs/dashboards.md');
  for (const board of boards) assert.ok(page.includes(`\`${board.uid}\``), board.uid);
  for (const { board, panel } of of('tempo')) assert.ok(page.includes(`${board}: ${panel}`), `${board}: ${panel}`);
});
