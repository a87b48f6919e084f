/** The dashboards: their files are what the generator makes, they name what exists, lead somewhere, and Prometheus' and Loki's own parsers take every query. Grafana's schema is held by the type checker (`@grafana/schema`). */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { Dashboard, Panel } from '@grafana/schema';
import { boards, written } from '../../deploy/grafana/all.js';
import { releases } from '../../deploy/grafana/board.js';
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

test("requests and spans are those of pages, whatever a backend's own client says of its own", () => {
  const [metric, client] = [/http_client_request_duration_seconds\w*\{([^}]*)\}/gu, /kind ?= ?client/u];
  const asking = of('prometheus').filter(({ expr }) => expr.includes('http_client_request_duration_seconds'));
  assert.ok(asking.length > 10);
  for (const { board, panel, expr } of asking) for (const match of expr.matchAll(metric)) assert.match(match[1]!, /http_request_method=""/u, `${board}: ${panel}`);
  for (const rule of rules()) for (const match of rule.expr.matchAll(metric)) if (!match[1]!.includes('farol_http_status_class=')) assert.match(match[1]!, /http_request_method=""/u, rule.record);
  for (const { board, panel, expr } of of('tempo')) if (client.test(expr)) assert.match(expr, /resource\.telemetry\.sdk\.language=~"webjs\|dart"/u, `${board}: ${panel}`);
  for (const board of boards) {
    // All of the backends, and not all there is.
    for (const it of board.templating?.list ?? []) if (it.name === 'service') assert.equal(it.allValue, undefined, board.uid);
  }
});

test('who counts the requests of pages says that they are those of sampled sessions', () => {
  const counting = boards.flatMap(panels).filter((it) => (it.targets ?? []).some((target) => /^(?:topk\(\d+, )?histogram_count\(sum[^]*?http_client_request/u.test(String(target.expr))));
  assert.equal(counting.length, 4);
  for (const { title, description } of counting) assert.match(description ?? '', /sampled/u, title);
});

test('a chart of durations leads to single traces, by one of its queries', () => {
  // What docs/destinations/prometheus.md promises: of these an exemplar is sent.
  const traced = /histogram_quantile\([\d.]+, sum(?: by \([^)]*\))? \(rate\((?:farol_web_vital_(?!\w+_by_)|http_client_request_duration_seconds)/u;
  let found = 0;
  for (const board of boards) {
    for (const panel of panels(board).filter((it) => it.type === 'timeseries')) {
      const targets = (panel.targets ?? []).filter((it) => traced.test(String(it.expr)));
      if (targets.length === 0) continue;
      found += 1;
      assert.equal(targets.filter((it) => it.exemplar === true).length, 1, `${board.uid}: ${panel.title}`);
    }
  }
  assert.ok(found >= 9, String(found));
});

test('what is taken out of lines over the whole range is grouped where it is taken', () => {
  for (const { board, panel, expr } of of('loki')) {
    // Else each line is a series of its own, by its uid, before anything is summed.
    for (const match of expr.matchAll(/\b(?:max|min|avg|quantile)_over_time\((?:[^[]|\[\$__(?!range))*\[\$__range\]\)( by \()?/gu)) assert.ok(match[1], `${board}: ${panel}`);
  }
});

test('what is chosen above a board is asked for by one of its panels', () => {
  for (const board of boards) {
    const queries = JSON.stringify(panels(board).flatMap((panel) => panel.targets ?? []));
    for (const it of board.templating?.list ?? []) if (it.type !== 'datasource') assert.match(queries, new RegExp(`\\$${it.name}\\b`, 'u'), `${board.uid}: ${it.name}`);
  }
});

test('what waited offline is left out of lines as of metrics, but for the one session that is looked at whole', () => {
  for (const { board, panel, expr } of of('loki')) {
    if (expr.includes('service_name=~"$app"') && panel !== 'From its start to its end') assert.equal(expr.split('{service').length, expr.split('farol_batch_deferred!="true"').length, `${board}: ${panel}`);
  }
});

test('one session stands from its start on', () => {
  const { options, targets } = boards.flatMap(panels).find((it) => it.title === 'From its start to its end')!;
  assert.equal(options?.sortOrder, 'Ascending');
  // Else the start is what is cut off where there are more lines than Loki gives at once.
  assert.equal(targets?.[0]?.direction, 'forward');
});

test('visits are few: no chart of them looks back a minute', () => {
  for (const { board, panel, expr } of of('prometheus')) assert.doesNotMatch(expr, /farol_(?:page_views|sessions|exceptions)\w*\{[^}]*\}\[\$__rate_interval\]/u, `${board}: ${panel}`);
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

test('a link to another board keeps what is chosen here and can be chosen there', () => {
  const of = new Map(boards.map((board) => [board.uid, variables(board)]));
  for (const board of boards) {
    for (const [, link, uid] of JSON.stringify(board).matchAll(/"url": ?"(\/d\/([\w-]+)\?[^"]+)"/gu)) {
      const kept = [...link!.matchAll(/\$\{(\w+):queryparam\}|var-(\w+)=/gu)].map((match) => match[1] ?? match[2]!);
      assert.deepEqual(variables(board).filter((it) => of.get(uid!)!.includes(it) && !kept.includes(it)), [], `${board.uid}: ${link}`);
    }
  }
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

test('a release is marked when it is first seen, and not again after a gap', (t) => {
  const series = (version: string): string => `farol_web_vital_lcp_by_release_milliseconds_count{job="shop", service_version="${version}"}`;
  const at = (eval_time: string, ...versions: string[]): object => ({
    expr: filled(releases), eval_time, exp_samples: versions.map((it) => ({ labels: `{job="shop", service_version="${it}"}`, value: 1 })),
  });
  const folder = mkdtempSync(join(tmpdir(), 'farol-releases-'));
  try {
    const path = join(folder, 'releases.test.yml');
    writeFileSync(path, JSON.stringify({
      tests: [{
        interval: '1m',
        // Twenty minutes without a sample, then two days.
        input_series: [
          { series: series('1'), values: '1x120 _x20 1x100 _x2880 1x60' },
          { series: series('2'), values: '_x200 1x41 _x2880 1x60' },
        ],
        promql_expr_test: [at('5m', '1'), at('1h'), at('145m'), at('205m', '2'), at('230m'), at('3130m'), at('3150m')],
      }],
    }));
    const done = tool(t, 'promtool', 'test', 'rules', path);
    if (done) assert.ok(done.ok, done.said);
  } finally {
    rmSync(folder, { recursive: true });
  }
  // Grafana takes the words from the annotation itself, not from its query.
  for (const board of boards) {
    for (const it of board.annotations?.list ?? []) assert.match(JSON.stringify({ ...it, target: {} }), /"titleFormat":"\{\{job\}\} \{\{service_version\}\}"/u, board.uid);
  }
});

test('figures of the collectors are those of several, and of none', (t) => {
  const asking = (panel: string): string => filled(of('prometheus').find((it) => it.board === 'farol-collector' && it.panel === panel)!.expr);
  const at = (eval_time: string, panel: string, ...values: [labels: string, value: number][]): object => ({
    expr: `${panel.startsWith('What') ? 'max by (instance) ' : ''}(${asking(panel)})`, eval_time, exp_samples: values.map(([labels, value]) => ({ labels, value })),
  });
  const series = (name: string, more: string, ...values: [string, string]): object[] =>
    values.map((value, n) => ({ series: `${name}{job="farol-collector", instance="${'ab'[n]}"${more}}`, values: value }));
  const folder = mkdtempSync(join(tmpdir(), 'farol-collectors-'));
  try {
    const path = join(folder, 'collectors.test.yml');
    writeFileSync(path, JSON.stringify({
      tests: [{
        interval: '1m',
        input_series: [
          ...series('up', '', '1x10 0x30', '1x10 0x30'),
          ...series('farol_destination_failing', ', destination="loki"', '1x10', '1x10'),
          ...series('farol_destination_failing', ', destination="otel"', '0x10', '0x10'),
          ...series('farol_queue_lag_bytes', ', reader="loki"', '100x10', '0x10'),
        ],
        promql_expr_test: [
          at('5m', 'Collectors', ['{}', 2]), at('30m', 'Collectors', ['{}', 0]),
          at('5m', 'Destinations failing', ['{}', 1]), at('30m', 'Destinations failing'),
          at('5m', 'What readers have not delivered', ['{instance="a"}', 100], ['{instance="b"}', 0]),
        ],
      }],
    }));
    const done = tool(t, 'promtool', 'test', 'rules', path);
    if (done) assert.ok(done.ok, done.said);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A table of several queries, whose rows are joined by their labels. */
const joined = boards.flatMap((board) => panels(board).filter((it) => it.type === 'table' && (it.targets ?? []).length > 1).map((it) => ({ board: board.uid, panel: it.title ?? '', asked: it.targets!.map((target) => String(target.expr)) })));

test('a table of the first few has columns for these alone', () => {
  assert.equal(joined.length, 3);
  for (const { board, panel, asked: [first, ...others] } of joined) {
    const by = new Set(/\bby \(([^)]+)\)/u.exec(first!)![1]!.split(', '));
    for (const other of others) {
      const end = /\)\nand on \(([\w, ]+)\) (topk\([^]*)$/u.exec(other);
      assert.deepEqual([end?.[2], new Set(end?.[1]!.split(', '))], [first, by], `${board}: ${panel}`);
    }
  }
});

test('of forty routes each column has the same thirty', (t) => {
  const { asked } = joined.find((it) => it.board === 'farol-api')!;
  const route = (n: number): string => `{job="shop", deployment_environment_name="", farol_delivery="live", url_template="/${n}", farol_http_status_class="5xx"`;
  const folder = mkdtempSync(join(tmpdir(), 'farol-routes-'));
  try {
    const path = join(folder, 'routes.test.yml');
    writeFileSync(path, JSON.stringify({
      tests: [{
        interval: '1m',
        // The more often the later it stands; its requests take half a second and fail.
        input_series: Array.from({ length: 40 }, (_, n) => [
          ...['1', '+Inf'].map((le) => ({ series: `http_client_request_duration_seconds_bucket${route(n)}, le="${le}"}`, values: `0+${n + 1}x60` })),
          { series: `http_client_request_duration_seconds_count${route(n)}}`, values: `0+${n + 1}x60` },
        ]).flat(),
        promql_expr_test: asked.map((expr) => ({
          expr: `count by (url_template) (${filled(expr)})`, eval_time: '60m',
          exp_samples: Array.from({ length: 30 }, (_, n) => ({ labels: `{url_template="/${n + 10}"}`, value: 1 })),
        })),
      }],
    }));
    const done = tool(t, 'promtool', 'test', 'rules', path);
    if (done) assert.ok(done.ok, done.said);
  } finally {
    rmSync(folder, { recursive: true });
  }
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
