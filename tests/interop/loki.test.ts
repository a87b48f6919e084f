/** A real Loki: every log record is there once, with its line and all that was beside it, in every dialect. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rulesOf } from '../deploy/files.js';
import { wait } from '../e2e/driver/wait.js';
import type { Item, Value } from '../e2e/driver/otlp.js';
import { folder, freePort } from '../long/setting.js';
import { farol, type Farol } from './support/farol.js';
import { ALL_FAULTS, IMPATIENT, survive } from './support/faults.js';
import { httpProxy } from './support/proxy-http.js';
import { found, server, type Server } from './support/server.js';
import { sendAll } from './support/session.js';
import { logs, send } from './support/traffic.js';

const MAX_LINE = 64 * 1024;
/** Entries that a query may ask for: more than any run here sends. */
const MOST = 100_000;
/** Bytes of an answer between Loki's parts; what a full run sends is more than its 4 MiB. */
const ANSWER = 256 << 20;

let loki: Server;
let url: string;
let port: number;

before(async () => {
  const place = await folder();
  const [http, grpc] = [await freePort(), await freePort()];
  port = http;
  url = `http://127.0.0.1:${http}`;
  const config = join(place, 'loki.yaml');
  writeFileSync(config, settings(place, http, grpc));
  loki = server('loki', [`-config.file=${config}`], `${url}/ready`, place);
  await loki.start();
});
after(() => loki.end());

function settings(place: string, http: number, grpc: number): string {
  return `auth_enabled: false
server: { http_listen_address: 127.0.0.1, http_listen_port: ${http}, grpc_listen_address: 127.0.0.1, grpc_listen_port: ${grpc}, log_level: warn, grpc_server_max_recv_msg_size: ${ANSWER}, grpc_server_max_send_msg_size: ${ANSWER} }
common:
  instance_addr: 127.0.0.1
  path_prefix: ${place}
  replication_factor: 1
  ring: { instance_addr: 127.0.0.1, kvstore: { store: inmemory } }
  storage: { filesystem: { chunks_directory: ${place}/chunks, rules_directory: ${place}/rules } }
frontend: { address: 127.0.0.1 }
schema_config:
  configs: [{ from: 2020-01-01, store: tsdb, object_store: filesystem, schema: v13, index: { prefix: index_, period: 24h } }]
limits_config: { reject_old_samples: false, allow_structured_metadata: true, max_line_size: ${MAX_LINE}, max_entries_limit_per_query: ${MOST}, discover_log_levels: false }
analytics: { reporting_enabled: false }
ingester: { lifecycler: { min_ready_duration: 0s } }
`;
}

/** An entry as LogQL gives it back. */
interface Entry {
  labels: Record<string, string>;
  line: string;
  metadata: Record<string, string>;
}

const nameInLoki = ({ line, metadata }: Entry): string => metadata['log_record_uid'] ?? line;

async function query(selector: string): Promise<Entry[]> {
  const ask = new URLSearchParams({ query: selector, limit: `${MOST}`, start: String((Date.now() - 3_600_000) * 1e6), end: String((Date.now() + 60_000) * 1e6) });
  const answer = await fetch(`${url}/loki/api/v1/query_range?${ask}`, { headers: { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' } });
  assert.equal(answer.status, 200, await answer.clone().text());
  type Values = [string, string, { structuredMetadata?: Record<string, string> }][];
  const body = (await answer.json()) as { data: { result: { stream: Record<string, string>; values: Values }[] } };
  return body.data.result.flatMap(({ stream, values }) =>
    values.map(([, line, rest]) => ({ labels: stream, line, metadata: rest.structuredMetadata ?? {} })),
  );
}

/** Waits until there are so many. */
async function entries(selector: string, count: number): Promise<Entry[]> {
  let came: Entry[] = [];
  await wait(async () => (came = await query(selector)).length >= count, `${count} entries of ${selector}`, 60_000);
  return came;
}

/** A value as it stands in Loki: what has parts is JSON, in which the order of names says nothing. */
function assertSame(found: string | undefined, value: Value, what: string): void {
  if (typeof value === 'object') assert.deepEqual(JSON.parse(found ?? ''), value, what);
  else assert.equal(found, text(value), what);
}

const text = (value: Value): string => (typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value));
const plain = (name: string): string => name.replaceAll(/[^a-zA-Z0-9]/g, '_');

function destination(run: string, more = '', to = url): string {
  return `[[destinations]]\nname = "loki"\ntype = "loki"\nendpoint = "${to}"\nstatic_labels = { run = "${run}" }\n${more}`;
}

async function drive(run: string, dialect: string, more: string): Promise<{ one: Farol; sent: Map<string, Item>; came: Entry[] }> {
  const one = await farol(destination(run, `dialect = "${dialect}"\n${more}`), dialect);
  await one.start();
  const { logs: count, spans } = await sendAll(one.url);
  const items = await one.until(count + spans);
  const sent = new Map([...items].filter(([, item]) => item.signal === 'log'));
  assert.equal(sent.size, count, 'the files hold what was sent');
  const came = await entries(`{run="${run}"}`, count);
  await one.drained('loki');
  assert.deepEqual(one.deadLetters('loki'), []);
  return { one, sent, came };
}

for (const [run, dialect, more] of [
  ['semconv', 'semconv', ''],
  ['alloy', 'alloy', ''],
  ['contrib', 'contrib', ''],
  ['json', 'semconv', 'format = "json"\n'],
] as const) {
  test(`every record is in Loki once, with its line and its attributes: ${run}`, async () => {
    const { one, sent, came } = await drive(run, dialect, more);
    assert.deepEqual(came.map(nameInLoki).sort(), [...sent.keys()].sort());
    let compared = 0;
    for (const { labels, line, metadata } of came) {
      const item = sent.get(nameInLoki({ labels, line, metadata }))!;
      assert.equal(line, text(item.body ?? '') || item.name);
      const all = { ...labels, ...metadata };
      const told = dialect === 'semconv' ? { ...item.resource, ...item.attributes } : item.attributes;
      for (const [name, value] of Object.entries(told)) {
        const label = name === 'farol.item.kind' || name === 'kind' ? 'kind' : plain(name);
        if (text(value) !== '') assertSame(all[label], value, `${name} of ${line}`);
        compared += 1;
      }
      if (dialect === 'semconv') {
        assert.equal(metadata['event_name'] ?? '', item.name);
        assert.equal(metadata['trace_id'] ?? '', item.traceId);
        assert.equal(Number(metadata['severity_number']), item.severity);
      }
    }
    console.log(`Loki ${found('loki').version}, ${run}: ${came.length} entries and ${compared} attributes compared`);
    await one.end();
  });
}

const DAY = 86_400_000;
interface Lines { kind: string; count: number; days: number; beside?: Record<string, string> }
/** So many lines of a kind in the quarter of an hour that ended so many days ago; without a number, this one. */
const past = (kind: string, count: number, ...days: number[]): Lines[] => (days.length === 0 ? [0] : days).map((it) => ({ kind, count, days: it }));
/** So many lines of today that say something beside themselves. */
const lcp = (count: number, value: string): Lines => ({ kind: 'measurement', count, days: 0, beside: { event_name: 'browser.web_vital', browser_web_vital_name: 'lcp', browser_web_vital_value: value } });
const starts = (count: number): Lines => ({ kind: 'event', count, days: 0, beside: { event_name: 'session.start', farol_sampling_state: 'on' } });
const errors = (count: number, state: string): Lines => ({ kind: 'exception', count, days: 0, beside: { farol_sampling_state: state } });

/** Apps as they were on other days, and the alerts that they have to fire. */
const APPS: Record<string, { came: Lines[]; fires: string[] }> = {
  worse: { came: [...past('event', 60, 7, 0), ...past('exception', 10, 7), ...past('exception', 60)], fires: ['FarolErrorSpike'] },
  clean: { came: [...past('event', 60, 7, 0), ...past('exception', 60)], fires: ['FarolErrorSpike'] },
  steady: { came: [...past('event', 60, 7, 0), ...past('exception', 60, 7, 0)], fires: [] },
  new: { came: [...past('event', 60), ...past('exception', 60)], fires: [] },
  gone: { came: past('event', 60, 7, 1), fires: ['FarolNoData'] },
  mondays: { came: past('event', 60, 14, 7), fires: ['FarolNoData'] },
  night: { came: past('event', 40, 14, 7, 1), fires: [] },
  yesterday: { came: past('event', 60, 1), fires: [] },
  passed: { came: past('event', 60, 7), fires: [] },
  alive: { came: past('event', 60, 14, 7, 1, 0), fires: [] },
  // One line that anybody may send, whose value is no number, blinds nobody.
  slow: { came: [lcp(120, '3000'), lcp(1, 'fast')], fires: ['FarolLcpSlow'] },
  quick: { came: [lcp(120, '1000')], fires: [] },
  broken: { came: [starts(300), errors(30, 'on')], fires: ['FarolSessionErrors'] },
  // A tenth is sampled, and the errors of all are kept.
  ringed: { came: [starts(300), errors(3, 'on'), errors(27, 'ring')], fires: [] },
};

test('rules for Loki: who got worse than last week, and who is missed', async () => {
  const now = Date.now();
  for (const [app, { came }] of Object.entries(APPS)) {
    const streams = ['event', 'exception', 'measurement'].map((kind) => ({
      stream: { service_name: app, deployment_environment_name: 'test', kind },
      values: came.filter((it) => it.kind === kind).sort((a, b) => b.days - a.days)
        .flatMap(({ count, days, beside = {} }, at) => Array.from({ length: count }, (_, n) => [`${BigInt(now - days * DAY - 900_000 + n * 1000) * 1_000_000n}`, `${kind} ${at} ${n}`, beside])),
    })).filter(({ values }) => values.length > 0);
    const answer = await fetch(`${url}/loki/api/v1/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ streams }) });
    assert.equal(answer.status, 204, await answer.text());
  }
  // What is older than some hours is asked of the store alone.
  const stored = async (): Promise<boolean> => {
    assert.equal((await fetch(`${url}/flush`, { method: 'POST' })).status, 204);
    const whole = `sum(count_over_time({service_name=~"${Object.keys(APPS).join('|')}"}[15d]))`;
    const answer = await fetch(`${url}/loki/api/v1/query?${new URLSearchParams({ query: whole, time: `${BigInt(now) * 1_000_000n}` })}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1]) === Object.values(APPS).flatMap(({ came }) => came).reduce((sum, { count }) => sum + count, 0);
  };
  await wait(stored, 'what came last week to be stored', 60_000);
  const fired: string[] = [];
  for (const { alert, expr } of rulesOf('deploy/loki/rules.yml')) {
    const answer = await fetch(`${url}/loki/api/v1/query?${new URLSearchParams({ query: expr, time: `${BigInt(now) * 1_000_000n}` })}`);
    const said = await answer.text();
    assert.equal(answer.status, 200, `${alert}: ${said}`);
    const { data } = JSON.parse(said) as { data: { result: { metric: Record<string, string> }[] } };
    for (const { metric } of data.result) if (metric['service_name']! in APPS) fired.push(`${metric['service_name']} ${alert}`);
  }
  const wanted = Object.entries(APPS).flatMap(([app, { fires }]) => fires.map((alert) => `${app} ${alert}`));
  assert.deepEqual(fired.sort(), wanted.sort());
});

test('what Loki refuses goes to the dead letters with its words, and the others arrive', async () => {
  const one = await farol(destination('refused', 'batch = { max_wait = "2s" }\n'));
  await one.start();
  const messages = Array.from({ length: 30 }, (_, n) => `line ${n}`);
  const bodies = [logs(messages.slice(0, 15)), logs(['x'.repeat(MAX_LINE + 1)]), logs(messages.slice(15))];
  await send(one.url, bodies);
  const came = await entries('{run="refused"}', 30);
  await one.drained('loki');
  assert.deepEqual((await query('{run="refused"}')).map((it) => it.line).sort(), messages.toSorted());
  assert.equal(came.length, 30);
  const letters = one.deadLetters('loki');
  assert.equal(letters.length, 1, JSON.stringify(letters));
  assert.equal(letters[0]!.code, 'http 400');
  assert.match(letters[0]!.detail ?? '', /max entry size|line/i);
  await one.end();
});

test('faults: all is there once, and the entry that Loki refuses is a dead letter', async () => {
  const proxy = await httpProxy(port);
  await survive({
    what: `Loki ${found('loki').version}`,
    destination: 'loki',
    settings: { toml: destination('faults', IMPATIENT, `http://127.0.0.1:${proxy.port}`) },
    proxy,
    faults: ALL_FAULTS,
    stop: () => loki.end(),
    start: () => loki.start(),
    came: async () => (await query('{run="faults"}')).map(nameInLoki),
    takes: (item) => item.signal === 'log',
    culprit: {
      body: logs(['before', 'x'.repeat(MAX_LINE + 1), 'after']),
      is: (item) => String(item.body).length > MAX_LINE,
      code: /^http 400$/,
      detail: /max entry size|line/i,
    },
    once: true,
  });
  // What a Loki that was killed took for copies when it read its log again, because two pushes of a stream had crossed.
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^loki_ingester_wal_duplicate_entries_total 0$/m);
});
