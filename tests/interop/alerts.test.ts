/** Faults fire their alerts in a real Prometheus, through a real Alertmanager with the routes of deploy/, to a webhook; and end there when they end. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server as Http } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dump } from 'js-yaml';
import { list, text, yaml } from '../deploy/files.js';
import { wait } from '../e2e/driver/wait.js';
import { collector as plain, folder, freePort, type Collector } from '../long/setting.js';
import { farol, type Farol } from './support/farol.js';
import { listening } from './support/plan.js';
import { allEnded, server, type Server } from './support/server.js';
import { DECLARED, post, visit } from './support/visits.js';

/** Windows and waits of the rules, in seconds here: an hour is half a minute, and nothing waits longer than two seconds. */
const SCALE: Record<string, string> = { '5m': '10s', '10m': '10s', '15m': '10s', '30m': '15s', '1h': '30s', '2h': '30s', '6h': '40s', '1d': '60s', '3d': '60s', '30d': '60s' };
const scaled = (rule: string): string =>
  rule.replaceAll(/\[(\w+)\]/gu, (all, window: string) => `[${SCALE[window] ?? all}]`).replaceAll(/for: \w+/gu, 'for: 2s').replaceAll('interval: 1m', 'interval: 1s');

/** What reached which receiver: `pager FarolSessionErrors firing`. */
const came = new Set<string>();

let prometheus: Server;
let alertmanager: Server;
let collector: Farol;
/** Its queue is small, and its only destination away. */
let full: Collector;
let hook: Http;
let dead: number;
let away: number;

before(async () => {
  const place = await folder();
  const [http, alerts] = [await freePort(), await freePort()];
  dead = await freePort();
  away = await freePort();
  hook = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    const told = JSON.parse(body) as { alerts: { status: string; labels: Record<string, string> }[] };
    for (const alert of told.alerts) came.add(`${request.url?.slice(1)} ${alert.labels['alertname']} ${alert.status}`);
    response.end();
  });
  const to = `http://127.0.0.1:${await listening(hook)}`;

  collector = await farol(`${DECLARED}
[[destinations]]
name = "prometheus"
type = "otlp_http"
endpoint = "http://127.0.0.1:${http}/api/v1/otlp"
signals = ["metrics"]

[[destinations]]
name = "dead"
type = "otlp_http"
endpoint = "http://127.0.0.1:${dead}"
retry = { initial = "100ms", max = "500ms" }
signals = ["logs"]
max_lag = "1MiB"
`);
  full = await plain(`${DECLARED}
[queue]
max_bytes = "12MiB"

[[destinations]]
name = "away"
type = "otlp_http"
endpoint = "http://127.0.0.1:${away}"
retry = { initial = "100ms", max = "500ms" }
signals = ["logs", "traces"]
`);

  // Routes, groups and mutes are those of deploy/; only receivers and waits are this test's.
  const config = yaml('deploy/alertmanager/alertmanager.yml') as { route: { routes: Record<string, unknown>[] } & Record<string, unknown>; receivers: { name: string }[] } & Record<string, unknown>;
  const quick = { group_wait: '0s', group_interval: '1s', repeat_interval: '1h' };
  const file = join(place, 'alertmanager.yml');
  writeFileSync(file, dump({
    route: { ...config.route, ...quick, routes: config.route.routes.map((route) => ({ ...route, ...quick })) },
    inhibit_rules: config['inhibit_rules'],
    receivers: config.receivers.map(({ name }) => ({ name, webhook_configs: [{ url: `${to}/${name}`, send_resolved: true }] })),
  }));
  alertmanager = server('alertmanager', [`--config.file=${file}`, `--storage.path=${place}/alerts`, `--web.listen-address=127.0.0.1:${alerts}`, '--cluster.listen-address='], `http://127.0.0.1:${alerts}/-/ready`, place);

  mkdirSync(join(place, 'rules'));
  for (const path of list('deploy/prometheus/rules', '.yml')) writeFileSync(join(place, 'rules', path.split('/').at(-1)!), scaled(text(path)));
  writeFileSync(join(place, 'prometheus.yml'), `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules/*.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:${alerts}"] }] }] }
scrape_configs:
  - job_name: farol-collector
    static_configs: [{ targets: [${[collector, full].map(({ url }) => `"${url.replace('http://', '')}"`).join(', ')}] }]
`);
  prometheus = server('prometheus', [`--config.file=${place}/prometheus.yml`, `--storage.tsdb.path=${place}/tsdb`, `--web.listen-address=127.0.0.1:${http}`, '--web.enable-otlp-receiver', '--rules.alert.resend-delay=1s'], `http://127.0.0.1:${http}/-/ready`, place);
  await Promise.all([prometheus.start(), alertmanager.start(), collector.start(), full.start()]);
});
after(async () => {
  hook?.closeAllConnections();
  hook?.close();
  await allEnded(collector?.end('SIGKILL'), full?.end('SIGKILL'), prometheus?.end(), alertmanager?.end());
});

const told = async (what: string): Promise<void> => {
  await wait(async () => came.has(what), what, 90_000);
};

test('the watchdog reaches its own receiver', () => told('dead-mans-switch FarolWatchdog firing'));

test('poor pages, errors and a dead destination reach whom they should', async () => {
  let over = false;
  const visitors = (async () => {
    while (!over) {
      for (let n = 0; n < 15; n += 1) assert.equal(await post(collector.url, JSON.stringify(visit())), 202);
      await sleep(1000);
    }
  })();
  try {
    await Promise.all([
      told('chat FarolLcpSlow firing'), told('chat FarolInpSlow firing'), told('chat FarolClsHigh firing'),
      told('pager FarolSessionErrors firing'), told('chat FarolDestinationDown firing'), told('chat FarolBrowserRequestsFail firing'),
      // Beyond its bound what waits is lost, and that it is away is no reason to keep it back.
      told('chat FarolItemsLost firing'),
    ]);
  } finally {
    over = true;
    await visitors;
  }
});

test('a queue that is full refuses, and the pager is told', async () => {
  const body = JSON.stringify({ ...visit(), logs: Array.from({ length: 100 }, (_, n) => ({ message: `${n} ${'waves '.repeat(100)}`, level: 'info', timestamp: new Date().toISOString() })) });
  await wait(async () => (await post(full.url, body)) === 503, 'the queue to be full', 60_000);
  await Promise.all([told('pager FarolQueueBehind firing'), told('chat FarolDestinationDown firing')]);
});

test('each is told to be over when it is', async () => {
  const back = await Promise.all([dead, away].map(async (port) => {
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
    });
    await listening(server, port);
    return server;
  }));
  try {
    await Promise.all([told('chat FarolLcpSlow resolved'), told('pager FarolSessionErrors resolved'), told('chat FarolDestinationDown resolved'), told('pager FarolQueueBehind resolved')]);
  } finally {
    for (const server of back) {
      server.closeAllConnections();
      server.close();
    }
  }
});
