/** Boards and rules against a real Prometheus and a real Loki that hold visits: no query fails, and each has data but those that are named with their reason. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { boards } from '../../deploy/grafana/all.js';
import { list, rules, text } from '../deploy/files.js';
import { wait } from '../e2e/driver/wait.js';
import { folder, freePort } from '../long/setting.js';
import { example, type Example } from './support/example.js';
import { farol, type Farol } from './support/farol.js';
import { server, type Server } from './support/server.js';
import { APP, KEY, post, visit } from './support/visits.js';

/** Panels that have a query without data here, and why. */
const EMPTY: Record<string, string> = {
  'farol-errors: Against the hour a week ago': 'there is no week',
  'farol-stakeholders: Sessions a day, and a week before': 'there is no week',
  'farol-api: P95: what people wait, and what the server says': 'no backend says http.server.request.duration here',
  'farol-api: Requests: what pages sent, and what the server counted': 'no backend says http.server.request.duration here',
  'farol-slo: Taken in at most': 'a subquery of five minutes wants five minutes',
  'farol-collector: Dropped, by reason': 'nothing is lost',
  'farol-collector: Attempts that were retried or refused': 'destinations take everything',
  'farol-shop-postgres: Queries a second': "Debian's postgres_exporter is older than --collector.stat_statements",
  'farol-shop-postgres: Time of a query': 'likewise',
  'farol-shop-postgres: Slowest statements': 'likewise',
};

/** Boards of the example system: those whose exporters are not at hand are asked all the same, but may be empty. */
const EXAMPLE = 'farol-shop-';

/** Sends while the servers look on: an increase wants a before and an after. */
const ROUNDS = 25;

let prometheus: Server;
let loki: Server;
let collector: Farol;
let metrics: string;
let logs: string;
let shop: Example | undefined;
const mayBeEmpty = (uid: string): boolean => uid.startsWith(EXAMPLE) && !(shop?.boards.includes(uid) ?? false);

before(async () => {
  const place = await folder();
  const [http, lokiHttp, lokiGrpc] = [await freePort(), await freePort(), await freePort()];
  [metrics, logs] = [`http://127.0.0.1:${http}`, `http://127.0.0.1:${lokiHttp}`];

  collector = await farol(`[[apps]]
name = "${APP}"
keys = ["${KEY}"]
origins = ["http://shop.example"]
rate = { requests = 1, burst = "1s", observe = true }

[[filters]]
name = "noise"
when = 'kind == "log"'

[[destinations]]
name = "prometheus"
type = "otlp_http"
endpoint = "${metrics}/api/v1/otlp"
signals = ["metrics"]

[[destinations]]
name = "loki"
type = "loki"
endpoint = "${logs}"
`);

  shop = await example(metrics, logs);
  if (shop !== undefined) for (const name of ['P95: what people wait, and what the server says', 'Requests: what pages sent, and what the server counted']) delete EMPTY[`farol-api: ${name}`];

  // The rules as they are, but reckoned each second: nobody waits a minute for a test.
  mkdirSync(join(place, 'rules'));
  for (const path of list('deploy/prometheus/rules', '.yml')) {
    writeFileSync(join(place, 'rules', path.split('/').at(-1)!), text(path).replaceAll('interval: 1m', 'interval: 1s'));
  }
  const config = join(place, 'prometheus.yml');
  writeFileSync(config, `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules/*.yml]
otlp: { promote_resource_attributes: [deployment.environment.name, otel.metric.overflow] }
scrape_configs:
  - job_name: farol-collector
    static_configs: [{ targets: ["${collector.url.replace('http://', '')}"] }]
${shop?.jobs ?? ''}`);
  prometheus = server('prometheus', [`--config.file=${config}`, `--storage.tsdb.path=${place}/tsdb`, `--web.listen-address=127.0.0.1:${http}`, '--web.enable-otlp-receiver'], `${metrics}/-/ready`, place);

  // Loki's settings are those of the stack to start, at other addresses.
  const lokiConfig = join(place, 'loki.yml');
  writeFileSync(lokiConfig, text('deploy/compose/loki.yml')
    .replaceAll('/loki', `${place}/loki`)
    .replace('server: {', 'server: { http_listen_address: 127.0.0.1, grpc_listen_address: 127.0.0.1,')
    .replace('3100', String(lokiHttp)).replace('9096', String(lokiGrpc))
    .replace('common:', 'frontend: { address: 127.0.0.1 }\ncommon:\n  instance_addr: 127.0.0.1')
    .replace('ring: {', 'ring: { instance_addr: 127.0.0.1,')
    .concat('ingester: { lifecycler: { min_ready_duration: 0s } }\n'));
  loki = server('loki', [`-config.file=${lokiConfig}`], `${logs}/ready`, place);

  await Promise.all([prometheus.start(), loki.start(), collector.start()]);
  for (let round = 0; round < ROUNDS; round += 1) {
    assert.equal(await post(collector.url, JSON.stringify(visit())), 202);
    assert.equal(await post(collector.url, JSON.stringify(visit()), true), 202);
    assert.equal(await post(collector.url, JSON.stringify({ ...visit(), logs: [{ message: 'noise', level: 'info', timestamp: new Date().toISOString() }] })), 202);
    assert.equal(await post(collector.url, 'no json'), 400);
    await shop?.use();
    await sleep(1000);
  }
  await collector.drained('loki');
  const sessions = async (): Promise<boolean> => (await asked('prometheus', 'app:farol_sessions_with_exceptions:ratio1h > 0')).length > 0;
  await wait(sessions, 'the rules to have reckoned the last visits', 60_000);
});
after(async () => {
  await shop?.stop();
  await collector.end('SIGKILL');
  await Promise.all([prometheus.end(), loki.end()]);
});

/** As Grafana fills it in, everything chosen; ranges are short, because all of this is young. */
const filled = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll('$__auto', '5m').replaceAll('$__range', '1h').replaceAll('$window', '1h').replaceAll(/\$\w+/gu, '.*');

async function asked(source: string, expr: string): Promise<unknown[]> {
  const query = filled(expr);
  const lines = source === 'loki' && query.startsWith('{');
  const path = source === 'prometheus' ? `${metrics}/api/v1/query` : `${logs}/loki/api/v1/query${lines ? '_range' : ''}`;
  const answer = await fetch(`${path}?${new URLSearchParams({ query, ...(lines ? { limit: '5' } : {}) })}`);
  const said = await answer.text();
  assert.equal(answer.status, 200, `${query}\n${said}`);
  const read = JSON.parse(said) as { data: { result: unknown[] }; warnings?: string[] };
  assert.deepEqual(read.warnings ?? [], [], query);
  return read.data.result;
}

test('every panel has data, but those that say why not', async () => {
  const empty: string[] = [];
  const excused = new Set<string>();
  let full = 0;
  for (const board of boards) {
    for (const panel of board.panels ?? []) {
      const targets = panel.type === 'row' || !('targets' in panel) ? [] : (panel.targets ?? []);
      for (const target of targets) {
        const source = (target.datasource as { type: string }).type;
        if (source === 'tempo') continue;
        const name = `${board.uid}: ${panel.title}`;
        if ((await asked(source, String(target.expr))).length > 0) full += 1;
        else if (mayBeEmpty(board.uid ?? '')) continue;
        else if (EMPTY[name] !== undefined) excused.add(name);
        else empty.push(`${name}: ${filled(String(target.expr))}`);
      }
    }
  }
  assert.deepEqual(empty, []);
  assert.deepEqual(Object.keys(EMPTY).filter((name) => !excused.has(name) && !mayBeEmpty(name.split(':')[0]!)), [], 'these have data, so they need no excuse');
  assert.ok(full > 130, String(full));
});

test('every recorded rule has a series, and every alert is asked without an error', async () => {
  const empty: string[] = [];
  for (const rule of rules()) {
    const found = await asked('prometheus', rule.record ?? rule.expr);
    // No backend is here that says http.server.request.duration.
    if (rule.record !== undefined && found.length === 0 && !rule.record.startsWith('job:http_server_')) empty.push(rule.record);
  }
  assert.deepEqual(empty, []);
  const loaded = (await (await fetch(`${metrics}/api/v1/rules`)).json()) as { data: { groups: { rules: { health: string; name: string; lastError?: string }[] }[] } };
  for (const rule of loaded.data.groups.flatMap((group) => group.rules)) assert.notEqual(rule.health, 'err', `${rule.name}: ${rule.lastError}`);
});

test('choices above the boards find the app and the collector', async () => {
  const values = async (label: string, match: string): Promise<string[]> =>
    ((await (await fetch(`${metrics}/api/v1/label/${label}/values?${new URLSearchParams({ 'match[]': match })}`)).json()) as { data: string[] }).data;
  assert.deepEqual(await values('job', 'farol_page_views_total'), [APP]);
  assert.deepEqual(await values('deployment_environment_name', `farol_page_views_total{job=~"${APP}"}`), ['test']);
  assert.equal((await values('instance', 'farol_build_info')).length, 1);
  assert.ok((await values('destination', 'farol_destination_items_pending')).includes('loki'));
});
