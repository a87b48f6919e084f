/** The alert rules: they name what exists, each can be acted on, each was seen to fire, and Prometheus' own tools accept them. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { list, root, rules, rulesOf, text, yaml } from './files.js';
import { findings as logql } from './logql.js';
import { Names } from './names.js';
import { used } from './promql.js';
import { tool } from './tools.js';

const LOKI = 'deploy/loki/rules.yml';
const RUNBOOKS = 'https://github.com/farol-rum/farol/blob/main/docs/runbooks/';
const names = new Names();
const alerts = rules().filter((rule) => rule.alert !== undefined);
const alertNames = [...new Set(alerts.map((rule) => rule.alert!))];

test('every metric and label in the rules exists', () => {
  assert.ok(names.size > 100, `only ${names.size} names were read`);
  for (const rule of rules()) assert.deepEqual(names.findings(rule.expr), [], rule.alert ?? rule.record);
});

test('a name that was changed somewhere is found', () => {
  assert.deepEqual(names.findings('sum by (job) (rate(farol_page_views_total{farol_delivery!="deferred"}[5m]))'), []);
  for (const [expression, finding] of [
    ['rate(farol_views_total[5m])', 'there is no metric farol_views_total'],
    ['farol_sessions_total{country="de"}', 'farol_sessions_total has no label country'],
    ['sum by (destination) (farol_queue_bytes)', 'nothing in it has the label destination'],
    ['farol_items_total{outcome="lost"}', 'farol_items_total: outcome is never lost'],
    ['farol_items_total{reason=~"lag|late"}', 'farol_items_total: reason is never late'],
    ['farol_sessions_total{farol_delivery="offline"}', 'farol_sessions_total: farol_delivery is never offline'],
    ['app:nothing:rate1h > 1', 'there is no metric app:nothing:rate1h'],
  ] as const) {
    assert.deepEqual(names.findings(expression), [finding]);
  }
});

test('metrics, matchers and groupings are told from functions, durations and texts', () => {
  assert.deepEqual(used('a / on (x) group_left (y) sum by (z) (rate(b{c!~"d|e",f="}"}[5m] offset 1w)) > bool 1e3 # g'), {
    metrics: [
      { name: 'a', matchers: [] },
      { name: 'b', matchers: [{ label: 'c', op: '!~', value: 'd|e' }, { label: 'f', op: '=', value: '}' }] },
    ],
    groupings: ['x', 'y', 'z'],
  });
});

test('every alert says how grave it is, what happens, where to look and what to do', () => {
  for (const rule of [...alerts, ...rulesOf(LOKI)]) {
    const name = rule.alert ?? '';
    const { summary, description, runbook_url: runbook, dashboard } = rule.annotations ?? {};
    assert.match(rule.labels?.severity ?? '', /^(?:critical|warning|info|none)$/u, name);
    assert.ok((summary ?? '').length > 10 && (description ?? '').length > 30, name);
    assert.equal(runbook, `${RUNBOOKS}${name}.md`);
    assert.match(dashboard ?? '', /^\/d\/farol-[a-z-]+(?:\?var-\w+=\{\{ \$labels\.\w+ \| urlquery \}\})?$/u, name);
  }
});

test('every alert has its runbook, and every runbook its alert', () => {
  const pages = list('docs/runbooks', '.md');
  assert.deepEqual(pages.map((page) => basename(page, '.md')), [...alertNames].sort());
  for (const page of pages) {
    const headings = text(page).split('\n').filter((line) => line.startsWith('#'));
    assert.ok(headings[0]?.startsWith(`# ${basename(page, '.md')}: `), page);
    assert.deepEqual(headings.slice(1), ['## What it means', '## How to look', '## What to do'], page);
  }
});

test('the runbook of a reader that is behind names the one that is no destination', () => {
  const reader = /READER: &str = "(\w+)"/u.exec(text('collector/src/aggregate.rs'))![1]!;
  assert.match(text('docs/runbooks/FarolQueueBehind.md'), new RegExp(`destination, or \`${reader}\``, 'u'));
});

test('commands of runbooks that ask a cluster say which', () => {
  const commands = list('docs/runbooks', '.md').flatMap((page) => text(page).match(/kafka-[a-z-]+ [^`\n]*/gu) ?? []);
  assert.ok(commands.length > 0);
  for (const command of commands) assert.match(command, / --bootstrap-server \S+:\d+/u);
});

test('the document lists every alert with its severities', () => {
  const rows = text('docs/alerting.md').split('\n').filter((line) => line.startsWith('| ['));
  for (const { alert, labels } of alerts) {
    const row = rows.find((line) => line.includes(`](runbooks/${alert}.md)`));
    assert.ok(row?.split('|')[2]?.includes(labels?.severity ?? '?'), `${alert}: ${labels?.severity}`);
  }
});

test('whatever of the collector fails has its alert', () => {
  const failing = [...text('collector/src/telemetry.rs').matchAll(/= "(farol_\w+_failing)"/gu)].map((match) => match[1]!);
  assert.ok(failing.length > 1, failing.join());
  for (const name of failing) assert.ok(alerts.some((rule) => rule.expr === `${name} == 1`), name);
});

test('every alert fires in a unit test', () => {
  const tests = list('deploy/prometheus/tests', '.test.yml').map(text).join('\n');
  for (const name of alertNames) assert.match(tests, new RegExp(`alertname="${name}"[^\\n]*value: 1`, 'u'), name);
});

test("Loki's alerts are some of Prometheus', and name labels and attributes that exist", () => {
  for (const rule of rulesOf(LOKI)) {
    assert.ok(alertNames.includes(rule.alert ?? ''), rule.alert);
    assert.deepEqual(logql(rule.expr), [], rule.alert);
    assert.equal(rule.labels?.job, '{{ $labels.service_name }}', `${rule.alert}: Alertmanager tells apps apart by their job`);
  }
  assert.deepEqual(logql('{kind="event"} | event_name="farol.frustrated"'), ['there is no event farol.frustrated']);
  assert.deepEqual(logql('sum by (servise_name) (count_over_time({kind="event"} | farol_web_vital_elemen="a" | unwrap farol_duration [1h]))'), [
    'one farol_duration that is no number fails it: | __error__="" behind it',
    'there is no attribute farol_web_vital_elemen', 'there is no attribute farol_duration', 'there is no attribute servise_name',
  ]);
});

test('no limit in deploy/ ends a collector before its memory is told of', () => {
  const bytes = (it: string | undefined): number => Number(/\d+/u.exec(it ?? '')?.[0]) * (/[mM]i?$/u.test(it ?? '') ? 2 ** 20 : Number.NaN);
  const bound = 2 ** 20 * Number(/> (\d+) \* 1024 \* 1024 /u.exec(alerts.find((rule) => rule.alert === 'FarolCollectorMemory')!.expr)?.[1]);
  const unit = text('deploy/systemd/farol-collector.service');
  const compose = yaml('deploy/compose/compose.yml') as { services: Record<string, { mem_limit?: string }> };
  const values = yaml('deploy/helm/farol/values.yaml') as { resources: { limits: { memory: string } } };
  for (const limit of [
    /^MemoryHigh=(.*)$/mu.exec(unit)?.[1], /^MemoryMax=(.*)$/mu.exec(unit)?.[1], compose.services['farol-collector']?.mem_limit, values.resources.limits.memory,
  ]) assert.ok(bytes(limit) > bound, `${limit}, and ${bound}`);
});

test('promtool accepts every rule', (t) => {
  const done = tool(t, 'promtool', 'check', 'rules', ...list('deploy/prometheus/rules', '.yml').map((path) => join(root, path)));
  if (done) assert.ok(done.ok, done.said);
});

test('promtool: faults fire, quiet sites do not', (t) => {
  const done = tool(t, 'promtool', 'test', 'rules', ...list('deploy/prometheus/tests', '.test.yml').map((path) => join(root, path)));
  if (done) assert.ok(done.ok, done.said);
});

test('promtool accepts the configuration of Prometheus', (t) => {
  const done = tool(t, 'promtool', 'check', 'config', join(root, 'deploy/prometheus/prometheus.yml'));
  if (done) assert.ok(done.ok, done.said);
});

test('lokitool accepts the rules for Loki', (t) => {
  const done = tool(t, 'lokitool', 'rules', 'lint', '--dry-run', join(root, LOKI));
  if (done) assert.ok(done.ok, done.said);
});

test('amtool accepts the configuration of Alertmanager', (t) => {
  const done = tool(t, 'amtool', 'check-config', join(root, 'deploy/alertmanager/alertmanager.yml'));
  if (done) assert.ok(done.ok, done.said);
});

test('each severity reaches its receiver, and the watchdog its own', (t) => {
  for (const [labels, receiver] of [
    [['alertname=FarolNoData', 'severity=critical'], 'pager'],
    [['alertname=FarolLcpSlow', 'severity=warning'], 'chat'],
    [['alertname=FarolDeadLetters', 'severity=info'], 'mail'],
    [['alertname=FarolWatchdog', 'severity=none'], 'dead-mans-switch'],
  ] as const) {
    const done = tool(t, 'amtool', 'config', 'routes', 'test', `--config.file=${join(root, 'deploy/alertmanager/alertmanager.yml')}`, ...labels);
    if (!done) return;
    assert.equal(done.said.trim(), receiver);
  }
});

test('a message names what fires, and what ended as ended', (t) => {
  const alert = (status: string, name: string): object => ({ status, labels: {}, annotations: { summary: `${name} is down`, description: `about ${name}`, dashboard: '/d/x', runbook_url: 'https://runbook.example' } });
  const folder = mkdtempSync(join(tmpdir(), 'farol-told-'));
  try {
    const path = join(folder, 'data.json');
    for (const [status, first, second, expected] of [
      ['firing', 'resolved', 'firing', /^b is down\|b is down\nabout b\nLook: [^\n]+\nDo: [^\n]+\nOver: a is down\n$/u],
      ['firing', 'firing', 'firing', /^a is down \(and 1 more\)\|a is down\nabout a\n[^]*\nb is down\nabout b\n/u],
      ['resolved', 'resolved', 'resolved', /^Over: a is down \(and 1 more\)\|Over: a is down\nOver: b is down\n$/u],
    ] as const) {
      writeFileSync(path, JSON.stringify({ receiver: 'chat', status, alerts: [alert(first, 'a'), alert(second, 'b')] }));
      const templates = join(root, 'deploy/alertmanager/templates/*.tmpl');
      const done = tool(t, 'amtool', 'template', 'render', `--template.glob=${templates}`, `--template.data=${path}`, '--template.text={{ template "farol.title" . }}|{{ template "farol.text" . }}');
      if (!done) return;
      assert.ok(done.ok, done.said);
      assert.match(`${done.said.trimEnd()}\n`, expected);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no alert mutes that something is lost', () => {
  const { inhibit_rules: mutes } = yaml('deploy/alertmanager/alertmanager.yml') as { inhibit_rules: { target_matchers: string[] }[] };
  for (const lost of ['FarolItemsLost', 'FarolDeadLetters']) {
    for (const { target_matchers: targets } of mutes) assert.ok(!targets.some((it) => it.startsWith('alertname') && it.includes(lost)), targets.join());
  }
});

test("what Alertmanager's configuration mutes and reads exists", () => {
  const config = text('deploy/alertmanager/alertmanager.yml');
  for (const match of config.matchAll(/\b(Farol\w+)/gu)) assert.ok(alertNames.includes(match[1]!), match[1]);
  assert.ok(existsSync(join(root, 'deploy/alertmanager/templates/farol.tmpl')));
  assert.doesNotMatch(config, /(?:password|key|url): /u, 'secrets come from files');
  const files = [...config.matchAll(/_file: (.*)/gu)].map(([, file]) => file!);
  assert.equal(files.length, 4);
  for (const file of files) assert.match(file, /^\//u, 'a relative one is looked for where Alertmanager was started');
});
