/** ClickHouse's engine behind a small HTTP door: every item is a row once, in the tables that `setup clickhouse` makes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import { compare, engine, nameIn, type Engine, type Row } from './support/engine.js';
import { farol, program } from './support/farol.js';
import { ALL_FAULTS, IMPATIENT, survive } from './support/faults.js';
import { httpProxy } from './support/proxy-http.js';
import { found } from './support/server.js';
import { sendAll } from './support/session.js';
import { logs as logsOf, send } from './support/traffic.js';

let clickhouse: Engine;
let ask: Engine['ask'];

before(async () => {
  clickhouse = await engine();
  ask = clickhouse.ask;
  await clickhouse.start();
});
after(() => clickhouse?.end());

const QUICK = 'retry = { initial = "200ms", max = "1s" }\n';
const destination = (database: string, more = QUICK, to = clickhouse.url): string =>
  `[[destinations]]\nname = "clickhouse"\ntype = "clickhouse"\nendpoint = "${to}"\ndatabase = "${database}"\n${more}`;

async function setUp(toml: string, ...more: string[]): Promise<string> {
  const { code, out, err } = await program(['setup', 'clickhouse', ...more], toml);
  assert.equal(code, 0, out + err);
  return out;
}

async function rows(database: string, count: number): Promise<Row[]> {
  let came: Row[] = [];
  const all = async (): Promise<boolean> => {
    came = (await Promise.all(['logs', 'traces'].map((it) => clickhouse.rows(`SELECT * FROM ${database}.otel_${it}`)))).flat();
    return came.length >= count;
  };
  await wait(all, `${count} rows`, 60_000);
  return came;
}

test('setup makes the tables once, and every item is a row once', async () => {
  const toml = destination('rum');
  assert.match(await setUp(toml, '--dry-run'), /table rum\.otel_logs: would be made/);
  assert.equal((await setUp(toml)).match(/: made\n/g)?.length, 5);
  assert.equal((await setUp(toml)).match(/: as it should be\n/g)?.length, 5);
  const one = await farol(toml);
  await one.start();
  const { logs, spans } = await sendAll(one.url);
  const items = await one.until(logs + spans);
  const came = await rows('rum', items.size);
  await one.drained('clickhouse');
  assert.deepEqual(came.map(nameIn).sort(), [...items.keys()].sort());
  const compared = came.map((it) => compare(items.get(nameIn(it))!, it)).reduce((a, b) => a + b);
  assert.deepEqual(one.deadLetters('clickhouse'), []);
  console.log(`ClickHouse's engine ${found('chdb').version}: ${came.length} rows and ${compared} attributes compared`);
  const traces = new Set([...items.values()].filter((it) => it.signal === 'span').map((it) => it.traceId));
  assert.equal(await ask('SELECT uniq(TraceId) FROM rum.otel_traces_trace_id_ts'), String(traces.size));
  await one.end();
});

test('how long data stays is changed where setup made the table and the settings say so, and nowhere else', async () => {
  const week = `retention = "7d"\n${QUICK}`;
  await setUp(destination('kept'));
  assert.match(await setUp(destination('kept', week)), /table kept\.otel_logs: changed: its TTL from "toDateTime\(Timestamp\) \+ toIntervalDay\(30\)" to "toDateTime\(Timestamp\) \+ toIntervalDay\(7\)"/);
  assert.equal((await setUp(destination('kept', week))).match(/: as it should be\n/g)?.length, 5);
  // As an exporter before 0.151 makes it, more or less.
  await ask('CREATE DATABASE others');
  await ask('CREATE TABLE others.otel_logs (Timestamp DateTime64(9), TimestampTime DateTime DEFAULT toDateTime(Timestamp), Body String) ENGINE = MergeTree ORDER BY TimestampTime TTL TimestampTime + toIntervalDay(365)');
  assert.match(await setUp(destination('others', week)), /table others\.otel_logs: changed, but for how long it keeps data: its TTL is "TimestampTime \+ toIntervalDay\(365\)", not 7 days\n/);
  assert.match(await ask("SELECT engine_full FROM system.tables WHERE database = 'others' AND name = 'otel_logs'"), /TTL TimestampTime \+ toIntervalDay\(365\)/);
});

test("the query of the docs counts a visit once, however often it reported", async () => {
  const toml = destination('visits');
  await setUp(toml);
  const one = await farol(toml);
  await one.start();
  const visit = (n: number, values: number[]): unknown => ({
    meta: { app: { name: 'interop' }, session: { id: `visit-${n}` } },
    measurements: values.map((inp, at) => ({ type: 'web-vitals', values: { inp }, context: { id: `v${n}` }, timestamp: new Date(Date.now() - 60_000 + at).toISOString() })),
  });
  const short = Array.from({ length: 8 }, (_, n) => visit(n, [50]));
  const long = Array.from({ length: 2 }, (_, n) => visit(8 + n, Array.from({ length: 10 }, (_, at) => 80 * (at + 1))));
  const { logs } = await send(one.url, [...short, ...long]);
  await one.until(logs);
  await one.drained('clickhouse');
  const [, sql] = /```sql\n(SELECT vital[^`]+)```/.exec(readFileSync(new URL('../../docs/destinations/clickhouse.md', import.meta.url), 'utf8'))!;
  assert.ok(Number(await ask("SELECT quantile(0.75)(toFloat64(LogAttributes['browser.web_vital.value'])) FROM visits.otel_logs")) > 500);
  assert.equal(await ask(sql!.replace('FROM otel_logs', 'FROM visits.otel_logs')), 'inp\t50\t10');
  await one.end();
});

test('what comes before the tables are there waits for them', async () => {
  const toml = destination('late');
  const one = await farol(toml);
  await one.start();
  const { logs, spans } = await send(one.url);
  const items = await one.until(logs + spans);
  const refused = async (): Promise<boolean> => {
    const text = await (await fetch(`${one.url}/metrics`)).text();
    const line = text.split('\n').find((it) => it.startsWith('farol_destination_attempts_total{destination="clickhouse"') && it.includes('retr'));
    return line !== undefined && !line.endsWith(' 0');
  };
  await wait(refused, 'ClickHouse to refuse what has no table', 60_000);
  await setUp(toml);
  const came = await rows('late', items.size);
  await one.drained('clickhouse');
  assert.deepEqual(came.map(nameIn).sort(), [...items.keys()].sort());
  assert.deepEqual(one.deadLetters('clickhouse'), []);
  await one.end();
});

test('faults: all is there once, and the row that a constraint refuses is a dead letter', async () => {
  await setUp(destination('faults'));
  await ask("ALTER TABLE faults.otel_logs ADD CONSTRAINT harbour CHECK Body != 'a stowaway'");
  const proxy = await httpProxy(clickhouse.port);
  const names = async (table: string, name: string): Promise<string[]> => (await ask(`SELECT ${name} FROM faults.${table}`)).split('\n').filter(Boolean);
  await survive({
    what: `ClickHouse's engine ${found('chdb').version}`,
    destination: 'clickhouse',
    settings: { toml: destination('faults', IMPATIENT, `http://127.0.0.1:${proxy.port}`) },
    proxy,
    faults: ALL_FAULTS,
    stop: () => clickhouse.end(),
    start: () => clickhouse.start(),
    came: async () => [...(await names('otel_logs', "LogAttributes['log.record.uid']")), ...(await names('otel_traces', "concat(TraceId, ' ', SpanId)"))],
    culprit: {
      body: logsOf(['before', 'a stowaway', 'after']),
      is: (item) => item.body === 'a stowaway',
      code: /^clickhouse 469$/,
      detail: /harbour/,
    },
    once: true,
  });
});
