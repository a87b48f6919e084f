/** Boards and rules against a real Prometheus, Loki and Tempo that hold a driven browser's visit and many others: no query fails, and each has data, those of faults by the
 * faults that are made here. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server as Http } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { boards } from '../../deploy/grafana/all.js';
import { REQUESTS } from '../../deploy/grafana/queries.js';
import { list, rules, text } from '../deploy/files.js';
import { wait } from '../e2e/driver/wait.js';
import { folder, freePort } from '../long/setting.js';
import { example, type Example } from './support/example.js';
import { farol, type Farol } from './support/farol.js';
import { listening } from './support/plan.js';
import { allEnded, found, server, type Server } from './support/server.js';
import { sendVisit } from './support/session.js';
import { APP, DECLARED, KEY, ORIGIN, post, traceparent, visit } from './support/visits.js';

/** Panels that have a query without data where no example backend is set up. */
const BACKENDS = ['farol-api: P95: what people wait, and what the server says', 'farol-api: Requests: what sampled pages sent, and what the server counted', 'farol-traces: Requests that a server continued'];

/** And those of what this system has not: a source. */
const ELSEWHERE = ['farol-collector: Messages of sources', 'farol-collector: Sources that cannot be read'];

/** Boards of the example system: those whose exporters are not at hand are asked all the same, but may be empty. */
const EXAMPLE = 'farol-shop-';

/** Sends while the servers look on: an increase wants a before and an after, and what is missed where nothing comes is 50 page views; a round has two. */
const ROUNDS = 35;

let prometheus: Server;
let loki: Server;
let tempo: Server;
let collector: Farol;
/** Takes nothing, for the panels of what went wrong: 503 twice, then a refusal for good. */
let refusing: Http;
let metrics: string;
let logs: string;
let traces: string;
let driven: { logs: number; spans: number };
let shop: Example | undefined;
const mayBeEmpty = (uid: string, panel: string): boolean =>
  ELSEWHERE.includes(`${uid}: ${panel}`) || (uid.startsWith(EXAMPLE) && !(shop?.boards.includes(uid) ?? false)) || (shop === undefined && BACKENDS.includes(`${uid}: ${panel}`));

/** A week ago, for what is compared with it: as much as the queries look at, written as blocks before Prometheus starts. */
function lastWeek(place: string): void {
  const then = Math.floor(Date.now() / 1000) - 7 * 86400;
  const at = Array.from({ length: 80 }, (_, n) => then - 600 + n * 15);
  const labels = `job="${APP}",deployment_environment_name="test"`;
  const series = (name: string, type: string, of: string, more: string, value: (n: number) => number): string =>
    [`# TYPE ${name} ${type}`, ...at.map((time, n) => `${of}{${labels}${more}} ${value(n)} ${time}`)].join('\n');
  const file = join(place, 'week.txt');
  writeFileSync(file, [
    series('app:farol_exceptions:increase1h', 'gauge', 'app:farol_exceptions:increase1h', '', () => 20),
    series('farol_sessions', 'counter', 'farol_sessions_total', ',farol_delivery="live"', (n) => n),
    '# EOF\n',
  ].join('\n'));
  // The recipe builds it beside Prometheus; packages have both in one folder too.
  execFileSync(join(dirname(found('prometheus').program), 'promtool'), ['tsdb', 'create-blocks-from', 'openmetrics', file, join(place, 'tsdb')], { stdio: 'pipe' });
}

/** A backend that is no page, and asks others by OpenTelemetry's own client: the metric and the kind of span are those of pages too. */
const STOCK = 'stock';

async function asksOthers(metrics: string, traces: string): Promise<void> {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: STOCK } }, { key: 'telemetry.sdk.language', value: { stringValue: 'nodejs' } }] };
  const attributes = [{ key: 'http.request.method', value: { stringValue: 'GET' } }, { key: 'server.address', value: { stringValue: 'redis' } }];
  const now = BigInt(Date.now()) * 1_000_000n;
  const [startTimeUnixNano, endTimeUnixNano] = [now - 3_000_000_000n, now].map(String);
  const points = [{ startTimeUnixNano, timeUnixNano: endTimeUnixNano, count: '9', sum: 27, bucketCounts: ['0', '9'], explicitBounds: [1], attributes }];
  const histogram = { dataPoints: points, aggregationTemporality: 2 };
  const span = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), name: 'BRPOP', kind: 3, startTimeUnixNano, endTimeUnixNano, attributes, status: { code: 2 } };
  for (const [url, body] of [
    [`${metrics}/api/v1/otlp/v1/metrics`, { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'http.client.request.duration', unit: 's', histogram }] }] }] }],
    [`${traces}/v1/traces`, { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }],
  ] as const) {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, `${url}: ${await answer.text()}`);
  }
}

before(async () => {
  const place = await folder();
  const [http, lokiHttp, lokiGrpc] = [await freePort(), await freePort(), await freePort()];
  const [tempoHttp, tempoGrpc, otlpHttp, otlpGrpc] = [await freePort(), await freePort(), await freePort(), await freePort()];
  [metrics, logs, traces] = [`http://127.0.0.1:${http}`, `http://127.0.0.1:${lokiHttp}`, `http://127.0.0.1:${tempoHttp}`];
  let tries = 0;
  refusing = createServer((request, response) => {
    tries += 1;
    request.resume().on('end', () => response.writeHead(tries < 3 ? 503 : 400, { 'content-type': 'application/x-protobuf' }).end());
  });
  const refuses = await listening(refusing);

  collector = await farol(`${DECLARED}rate = { requests = 1, burst = "1s", observe = true }

[[filters]]
name = "noise"
when = 'message == "noise"'

[[destinations]]
name = "prometheus"
type = "otlp_http"
endpoint = "${metrics}/api/v1/otlp"
signals = ["metrics"]

[[destinations]]
name = "loki"
type = "loki"
endpoint = "${logs}"

[[destinations]]
name = "tempo"
type = "otlp_http"
endpoint = "http://127.0.0.1:${otlpHttp}"
signals = ["traces"]

[[destinations]]
name = "refusing"
type = "otlp_http"
endpoint = "http://127.0.0.1:${refuses}"
retry = { initial = "100ms", max = "1s" }
signals = ["logs"]
`);

  shop = await example(metrics, logs, `http://127.0.0.1:${otlpHttp}`);
  lastWeek(place);

  // The rules as they are, but reckoned each second: nobody waits a minute for a test.
  mkdirSync(join(place, 'rules'));
  for (const path of list('deploy/prometheus/rules', '.yml')) {
    writeFileSync(join(place, 'rules', path.split('/').at(-1)!), text(path).replaceAll('interval: 1m', 'interval: 1s'));
  }
  const config = join(place, 'prometheus.yml');
  writeFileSync(config, `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules/*.yml]
otlp: { promote_resource_attributes: [deployment.environment.name] }
scrape_configs:
  - job_name: farol-collector
    static_configs: [{ targets: ["${collector.url.replace('http://', '')}"] }]
${shop?.jobs ?? ''}`);
  prometheus = server('prometheus', [`--config.file=${config}`, `--storage.tsdb.path=${place}/tsdb`, `--web.listen-address=127.0.0.1:${http}`, '--web.enable-otlp-receiver', '--enable-feature=exemplar-storage'], `${metrics}/-/ready`, place);

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

  // Likewise Tempo's.
  const tempoConfig = join(place, 'tempo.yml');
  writeFileSync(tempoConfig, text('deploy/compose/tempo.yml')
    .replaceAll('/var/tempo', `${place}/tempo`)
    .replace('http_listen_port: 3200', `http_listen_address: 127.0.0.1, grpc_listen_address: 127.0.0.1, http_listen_port: ${tempoHttp}, grpc_listen_port: ${tempoGrpc}`)
    .replace('0.0.0.0:4317', `127.0.0.1:${otlpGrpc}`).replace('0.0.0.0:4318', `127.0.0.1:${otlpHttp}`)
    .concat('ingester: { lifecycler: { address: 127.0.0.1, min_ready_duration: 0s } }\nmemberlist: { bind_addr: [127.0.0.1], bind_port: 0 }\n'));
  tempo = server('tempo', [`-config.file=${tempoConfig}`], `${traces}/ready`, place);

  await Promise.all([prometheus.start(), loki.start(), tempo.start(), collector.start()]);
  await asksOthers(metrics, `http://127.0.0.1:${otlpHttp}`);
  driven = await sendVisit(collector.url, { key: KEY, origin: ORIGIN });
  for (let round = 0; round < ROUNDS; round += 1) {
    const seen = visit();
    assert.equal(await post(collector.url, JSON.stringify(seen)), 202);
    assert.equal(await post(collector.url, JSON.stringify(visit()), true), 202);
    assert.equal(await post(collector.url, JSON.stringify({ ...visit(), logs: [{ message: 'noise', level: 'info', timestamp: new Date().toISOString() }] })), 202);
    assert.equal(await post(collector.url, 'no json'), 400);
    await shop?.use(traceparent(seen));
    await sleep(1000);
  }
  for (const destination of ['loki', 'tempo', 'refusing']) await collector.drained(destination);
  const sessions = async (): Promise<boolean> => (await asked('prometheus', 'app:farol_sessions_with_exceptions:ratio1h > 0')).length > 0;
  await wait(sessions, 'the rules to have reckoned the last visits', 60_000);
});
after(async () => {
  refusing?.closeAllConnections();
  refusing?.close();
  await allEnded(shop?.stop(), collector?.end('SIGKILL'), prometheus?.end(), loki?.end(), tempo?.end());
});

/** As Grafana fills it in, everything chosen; ranges are short, because all of this is young, and so are the steps of subqueries, which are those of the clock. */
const filled = (expr: string): string =>
  expr.replaceAll(':5m]', ':5s]').replaceAll('$__rate_interval', '1m').replaceAll('$__auto', '5m').replaceAll('$__range', '1h').replaceAll('$window', '1h').replaceAll(/\$\w+/gu, '.*');

async function asked(source: string, expr: string): Promise<unknown[]> {
  const query = filled(expr);
  if (source === 'tempo') return spans(query);
  const lines = source === 'loki' && query.startsWith('{');
  const path = source === 'prometheus' ? `${metrics}/api/v1/query` : `${logs}/loki/api/v1/query${lines ? '_range' : ''}`;
  const answer = await fetch(`${path}?${new URLSearchParams({ query, ...(lines ? { limit: '5' } : {}) })}`);
  const said = await answer.text();
  assert.equal(answer.status, 200, `${query}\n${said}`);
  const read = JSON.parse(said) as { data: { result: unknown[] }; warnings?: string[] };
  assert.deepEqual(read.warnings ?? [], [], query);
  return read.data.result;
}

/** Tempo finds a trace once nothing has been added to it for some seconds. */
async function spans(query: string): Promise<unknown[]> {
  let those: unknown[] = [];
  await wait(async () => {
    const answer = await fetch(`${traces}/api/search?${new URLSearchParams({ q: query, limit: '50' })}`);
    const said = await answer.text();
    assert.equal(answer.status, 200, `${query}\n${said}`);
    those = (JSON.parse(said) as { traces?: unknown[] }).traces ?? [];
    return those.length > 0;
  }, query, 60_000).catch((error: unknown) => {
    if (error instanceof assert.AssertionError) throw error;
  });
  return those;
}

test('every panel has data', async () => {
  const empty: string[] = [];
  let full = 0;
  for (const board of boards) {
    for (const panel of board.panels ?? []) {
      const targets = panel.type === 'row' || !('targets' in panel) ? [] : (panel.targets ?? []);
      for (const target of targets) {
        const source = (target.datasource as { type: string }).type;
        const query = String(target.expr ?? target.query);
        if (mayBeEmpty(board.uid ?? '', panel.title ?? '')) {
          if (source !== 'tempo') await asked(source, query);
        } else if ((await asked(source, query)).length > 0) full += 1;
        else empty.push(`${board.uid}: ${panel.title}: ${filled(query)}`);
      }
    }
  }
  assert.deepEqual(empty, []);
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
  assert.deepEqual(await values('deployment_environment_name', `farol_page_views_total{job=~"${APP}"}`), ['demo', 'test']);
  assert.equal((await values('instance', 'farol_build_info')).length, 1);
  assert.ok((await values('destination', 'farol_destination_items_pending')).includes('loki'));
});

test("what a backend's own client asks of others is in no board of pages", async () => {
  const jobs = async (matchers: string): Promise<string[]> =>
    ((await asked('prometheus', `count by (job) ({__name__=~"http_client_request_duration_seconds(_count)?", ${matchers}})`)) as { metric: { job: string } }[]).map((it) => it.metric.job);
  assert.ok((await jobs('job!=""')).includes(STOCK));
  assert.deepEqual(await jobs(REQUESTS), [APP]);
  assert.ok((await spans(`{resource.service.name="${STOCK}" && kind=client && status=error && duration>1s}`)).length > 0);
  for (const board of boards) {
    for (const panel of board.panels ?? []) {
      for (const target of 'targets' in panel ? (panel.targets ?? []) : []) {
        if ((target.datasource as { type: string }).type !== 'tempo') continue;
        for (const it of (await spans(filled(String(target.query)))) as { rootServiceName?: string }[]) assert.notEqual(it.rootServiceName, STOCK, `${board.uid}: ${panel.title}`);
      }
    }
  }
});

test('a chart of durations leads to traces', async () => {
  const marks = boards.flatMap((board) => (board.panels ?? []).flatMap((panel) => ('targets' in panel ? (panel.targets ?? []) : []))).filter((target) => target.exemplar === true);
  const found = await Promise.all(marks.map(async (target) => {
    const [start, end] = [-3600, 60].map((it) => String(Math.floor(Date.now() / 1000) + it));
    const answer = await fetch(`${metrics}/api/v1/query_exemplars?${new URLSearchParams({ query: filled(String(target.expr)), start: start!, end: end! })}`);
    const said = (await answer.json()) as { status: string; data: { exemplars: { labels: Record<string, string> }[] }[] };
    assert.equal(said.status, 'success', JSON.stringify(said));
    return said.data.flatMap((it) => it.exemplars).filter((it) => it.labels['trace_id'] !== undefined).length;
  }));
  assert.ok(found.length >= 9 && found.some((it) => it > 0), found.join());
});

test('the driven visit is in what the boards ask', async () => {
  const lines = (await asked('loki', `sum(count_over_time({service_name="${APP}", deployment_environment_name="demo"} [1h]))`)) as { value: [number, string] }[];
  assert.equal(Number(lines[0]?.value[1]), driven.logs);
  const page = await spans(`{resource.service.name="${APP}" && resource.deployment.environment.name="demo" && kind=client}`);
  assert.ok(page.length > 0 && driven.spans > page.length, `${page.length} traces of ${driven.spans} spans`);
});

/** What a panel says of the visits that are told under an environment of their own. */
async function told(environment: string, panel: string, release = '.*'): Promise<Record<string, number>> {
  const target = boards.flatMap((board) => board.panels ?? []).flatMap((it) => (it.title === panel && 'targets' in it ? (it.targets ?? []) : []))[0];
  const said = (await asked('loki', String(target?.expr).replaceAll('$environment', environment).replaceAll('$release', release))) as { metric: { exception_type?: string; service_version?: string }; value: [number, string] }[];
  return Object.fromEntries(said.map(({ metric, value }) => [[metric.exception_type, metric.service_version].filter((it) => it !== undefined).join(' '), Number(value[1])]));
}

/** A batch of a page's with items that are so many seconds old. */
async function tell(environment: string, it: { session?: string; version?: string; events?: number[]; exceptions?: Record<string, number | undefined>; late?: boolean }): Promise<void> {
  const at = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
  const { meta } = visit();
  const body = {
    meta: { ...meta, app: { ...meta.app, environment, version: it.version ?? '1.0.0' }, session: it.session === undefined ? undefined : { id: it.session } },
    events: (it.events ?? []).map((age) => ({ name: 'seen', timestamp: at(age) })),
    exceptions: Object.entries(it.exceptions ?? {}).map(([type, count]) => ({ type, value: 'told', timestamp: at(1), ...(count === undefined ? {} : { count }) })),
  };
  assert.equal(await post(collector.url, JSON.stringify(body), it.late), 202);
}

test('a session is as long as what happened in it, whenever it came and in however many batches', async () => {
  await tell('long', { session: 'a', events: [62, 2] });
  await tell('long', { session: 'a', events: [3600], late: true });
  await tell('long', { events: [900, 1] });
  await collector.drained('loki');
  const { '': length } = await told('long', 'Mean length of a session');
  assert.ok(Math.abs(length! - 60_000) < 100, String(length));
});

test('an exception that is sent once and came thirty times counts thirty, one that waited offline not, and a release has those that no other has', async () => {
  await tell('often', { version: '1', exceptions: { Bell: 30 } });
  await tell('often', { version: '2', exceptions: { Bell: undefined, Promise: undefined } });
  await tell('often', { version: '2', exceptions: { Promise: undefined } });
  await tell('often', { version: '1', exceptions: { Promise: 7 }, late: true });
  await collector.drained('loki');
  assert.deepEqual(await told('often', 'By fingerprint'), { Bell: 31, Promise: 2 });
  assert.deepEqual(await told('often', 'New: not in the range before this one'), { 'Bell 1': 30, 'Bell 2': 1, 'Promise 2': 2 });
  assert.deepEqual(await told('often', 'New in the chosen release', '2'), { Promise: 2 });
  assert.deepEqual(await told('often', 'New in the chosen release', '1'), {});
});

test('traces are those of the environment that is chosen, and where all are, of apps that say none too', async () => {
  const name = randomBytes(4).toString('hex');
  for (const environment of ['one', 'two', undefined]) {
    const it = visit();
    it.meta.app.environment = environment;
    for (const span of it.traces.resourceSpans[0].scopeSpans[0].spans) span.name = name;
    assert.equal(await post(collector.url, JSON.stringify(it)), 202);
  }
  await collector.drained('tempo');
  for (const title of ['Slow requests', 'Failed requests']) {
    const panel = boards.find((board) => board.uid === 'farol-traces')?.panels?.find((it) => it.title === title);
    const query = panel && 'targets' in panel ? String(panel.targets![0]!.query).replace('{', `{name="${name}" && `) : '';
    const chosen = async (environment: string): Promise<number> => (await spans(filled(query.replaceAll('$environment', environment)))).length;
    await wait(async () => (await chosen('.*')) === 3, `${title} of all`, 60_000);
    assert.deepEqual([await chosen('one'), await chosen('one|two')], [1, 2], title);
  }
});
