/** A real Prometheus, fed in each way: the scrape, Remote Write 2.0 and 1.0 and OTLP give the same series, with the counts and sums of what was sent. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import { folder, freePort } from '../long/setting.js';
import { farol, type Farol } from './support/farol.js';
import { ALL_FAULTS, IMPATIENT, retried, trouble } from './support/faults.js';
import { httpProxy } from './support/proxy-http.js';
import { found, server, type Server } from './support/server.js';
import { sendAll } from './support/session.js';
import { send } from './support/traffic.js';

interface Prometheus extends Server {
  url: string;
}

const running: Prometheus[] = [];
after(() => Promise.all(running.map((one) => one.end())));

/** `target` is scraped, where there is one. */
async function prometheus(target?: string): Promise<Prometheus> {
  const [place, port] = [await folder(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const config = join(place, 'prometheus.yml');
  const scrape = `
  - job_name: farol
    metrics_path: /metrics/rum
    honor_labels: true
    scrape_native_histograms: true
    always_scrape_classic_histograms: true
    static_configs: [{ targets: ["${target?.slice('http://'.length)}"] }]`;
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }
otlp: { promote_resource_attributes: [deployment.environment.name] }
scrape_configs: ${target === undefined ? '[]' : scrape}
`,
  );
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(place, 'data')}`, `--web.listen-address=127.0.0.1:${port}`];
  const takes = ['--web.enable-remote-write-receiver', '--web.enable-otlp-receiver', '--enable-feature=exemplar-storage'];
  const one = { ...server('prometheus', [...args, ...takes], `${url}/-/ready`, place), url };
  running.push(one);
  await one.start();
  return one;
}

/** What is there by series: a number, or a native histogram's count and sum. */
type Series = Map<string, string>;

const OURS = '{__name__=~"farol_.+|http_client_.+"}';
const CLASSIC = /_(bucket|sum|count)"/;

const key = (labels: Record<string, string>): string => JSON.stringify(Object.entries(labels).sort());

async function ask(one: Prometheus, path: string, query: string): Promise<any> {
  const range = `start=${Date.now() / 1000 - 600}&end=${Date.now() / 1000 + 60}`;
  const answer = await fetch(`${one.url}/api/v1/${path}?${range}&query=${encodeURIComponent(query)}`);
  assert.equal(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as any).data;
}

async function series(one: Prometheus): Promise<Series> {
  type Point = { metric: Record<string, string>; value?: [number, string]; histogram?: [number, { count: string; sum: string }] };
  const { result } = (await ask(one, 'query', OURS)) as { result: Point[] };
  return new Map(
    result.map(({ metric, value, histogram }) => {
      const native = histogram?.[1];
      return [key(metric), native ? `${Number(native.count)} in ${Number(native.sum)}` : String(Number(value![1]))];
    }),
  );
}

/** The collector's names in Prometheus, by the table of docs/metrics.md. */
const names = new Map(
  [...readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8').matchAll(/^\| `([^`]+)` \| `([^`]+)` \|/gm)].map((row) => [row[1]!, row[2]!]),
);

/** The last state that the OTLP files hold, as Prometheus should have it without classic buckets. */
function sent(one: Farol): Series {
  const file = join(one.files, 'metrics.jsonl');
  const last = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).at(-1) : undefined;
  const all: Series = new Map();
  const plain = (attributes: any[] = []): Record<string, string> =>
    Object.fromEntries(attributes.map((it) => [it.key.replaceAll('.', '_'), String(Object.values(it.value)[0])]));
  for (const { resource, scopeMetrics } of last ? JSON.parse(last).resourceMetrics : []) {
    const { service_name: job, service_instance_id: instance, ...more } = plain(resource.attributes);
    for (const metric of scopeMetrics.flatMap((it: any) => it.metrics)) {
      for (const point of (metric.sum ?? metric.exponentialHistogram).dataPoints) {
        const labels = { __name__: names.get(metric.name)!, job: job!, instance: instance!, ...more, ...plain(point.attributes) };
        all.set(key(labels), metric.sum ? String(point.asDouble) : `${Number(point.count)} in ${point.sum}`);
      }
    }
  }
  return all;
}

/** Waits until both are the same; at the end of the time says where they differ. */
async function equal(found: () => Promise<Series>, wanted: () => Promise<Series> | Series, what: string): Promise<number> {
  let [one, two]: Series[] = [new Map(), new Map()];
  const same = async (): Promise<boolean> => {
    [one, two] = [await found(), await wanted()];
    return two!.size > 0 && one!.size === two!.size && [...two!].every(([name, value]) => one!.get(name) === value);
  };
  await wait(same, what, 30_000).catch(() => assert.deepEqual(Object.fromEntries(one!), Object.fromEntries(two!), what));
  return one!.size;
}

const only = (all: Series, which: (name: string) => boolean): Series => new Map([...all].filter(([name]) => which(name)));

const write = (one: Prometheus, name: string, version: string): string =>
  `[[destinations]]\nname = "${name}"\ntype = "prometheus_remote_write"\nendpoint = "${one.url}/api/v1/write"\nprotocol_version = "${version}"\nretry = { initial = "200ms", max = "1s" }\n`;

/** A collector that runs, and a Prometheus for each way to it. */
async function eachWay() {
  const [two, one, otlp] = [await prometheus(), await prometheus(), await prometheus()];
  const over = `[[destinations]]\nname = "otlp"\ntype = "otlp_http"\nendpoint = "${otlp.url}/api/v1/otlp"\nsignals = ["metrics"]\n`;
  const collector = await farol(`${write(two, 'two', '2.0')}${write(one, 'one', '1.0')}${over}`);
  await collector.start();
  return { collector, all: { scraped: await prometheus(collector.url), two, one, otlp } };
}

test('scrape, Remote Write 2.0 and 1.0 and OTLP give the same names, labels, counts and sums', async () => {
  const { collector, all: { scraped, two, one, otlp } } = await eachWay();
  const { logs, spans } = await sendAll(collector.url);
  await collector.until(logs + spans);

  const native = (name: string): boolean => !CLASSIC.test(name) && /_milliseconds|_cls|_seconds/.test(name);
  const numbers = await equal(async () => only(await series(scraped), (name) => !CLASSIC.test(name)), () => sent(collector), 'the scrape and what was sent');
  const all = await equal(() => series(two), () => series(scraped), 'Remote Write 2.0 and the scrape');
  await equal(() => series(one), () => series(scraped), 'Remote Write 1.0 and the scrape');
  await equal(() => series(otlp), async () => only(await series(scraped), (name) => !CLASSIC.test(name)), 'OTLP and the scrape');
  assert.ok(only(await series(scraped), native).size > 5, 'there are native histograms');

  // A value's trace is one of those that were sent.
  const traces = new Set([...collector.items().values()].map((item) => item.traceId));
  let compared = 0;
  // By Remote Write 1.0 Prometheus looks at a native histogram's exemplars before it makes its series: the first of a series is lost there.
  for (const [who, query] of [[scraped, 'http_client_request_duration_seconds_bucket'], [two, 'http_client_request_duration_seconds_bucket'], [one, 'http_client_request_duration_seconds_bucket'], [otlp, 'http_client_request_duration_seconds']] as const) {
    const exemplars = await wait(async () => {
      const data = (await ask(who, 'query_exemplars', query)) as { exemplars: { labels: Record<string, string> }[] }[];
      const all = data.flatMap((it) => it.exemplars);
      return all.length > 0 ? all : undefined;
    }, `exemplars of ${query}, ${who === scraped ? 'scraped' : who === otlp ? 'by OTLP' : 'written'}`);
    for (const exemplar of exemplars ?? []) {
      assert.ok(traces.has(exemplar.labels['trace_id']!), JSON.stringify(exemplar));
      compared += 1;
    }
  }
  console.log(`Prometheus ${found('prometheus').version}: ${numbers} series of what was sent, ${all} with classic buckets, ${compared} exemplars compared in four ways`);
  await collector.end();
});

/** What a query of one number says; none where it finds nothing. */
async function number(one: Prometheus, query: string): Promise<number | undefined> {
  const answer = await fetch(`${one.url}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  const value = data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}

test('a page that is looked at once is an increase of one, in each way and over a restart', async () => {
  const { collector, all } = await eachWay();
  const visit = (page: string): Promise<unknown> =>
    send(collector.url, [{
      meta: { app: { name: 'rare' }, page: { url: `https://rare.example${page}` } },
      events: [{ name: 'session_start', timestamp: new Date().toISOString() }],
      measurements: [{ type: 'web-vitals', values: { lcp: 1_200 }, timestamp: new Date().toISOString() }],
    }]);
  // From two points Prometheus makes up to as much again, by what it takes to lie beyond them.
  const once = async (name: string, server: Prometheus, page: string): Promise<void> => {
    const label = `{job="rare",url_template="${page}"}`;
    const queries = [`sum(increase(farol_page_views_total${label}[5m]))`, `sum(histogram_count(increase(farol_web_vital_lcp_milliseconds${label}[5m])))`];
    if (name !== 'otlp') queries.push(`sum(increase(farol_web_vital_lcp_milliseconds_count${label}[5m]))`);
    for (const query of queries) {
      const seen = async (): Promise<boolean> => ((await number(server, query)) ?? 0) > 0.5;
      await wait(seen, `${query}, ${name}`, 30_000);
      const value = (await number(server, query))!;
      assert.ok(value > 0.9 && value < 2.5, `${query}, ${name}: ${value}`);
    }
  };
  await visit('/article');
  for (const [name, server] of Object.entries(all)) await once(name, server, '/article');
  await collector.end();
  await collector.start();
  await visit('/other');
  for (const [name, server] of Object.entries(all)) for (const page of ['/other', '/article']) await once(name, server, page);
  await collector.end();
});

/** A later value of a series than any that the collector will write for some minutes: from then on Prometheus refuses what is written to it, as out of order. */
async function overtake(one: Prometheus, name: string, labels: Record<string, string>): Promise<void> {
  const { job, instance, __name__: _, ...more } = labels;
  const attributes = (pairs: Record<string, string>): object[] => Object.entries(pairs).map(([label, value]) => ({ key: label, value: { stringValue: value } }));
  const timeUnixNano = `${Date.now() + 4 * 60_000}000000`;
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ timeUnixNano, asDouble: 1, attributes: attributes(more) }] };
  const resource = { attributes: attributes({ 'service.name': job!, 'service.instance.id': instance! }) };
  const body = JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name, sum }] }] }] });
  const answer = await fetch(`${one.url}/api/v1/otlp/v1/metrics`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(answer.status, 200, await answer.text());
}

// Prometheus takes what it can of a request of 2.0, and nothing of one of 1.0.
for (const version of ['2.0', '1.0']) test(`faults: all counts are there, and the metric that Prometheus refuses is a dead letter, by Remote Write ${version}`, async () => {
  const one = await prometheus();
  const proxy = await httpProxy(Number(new URL(one.url).port));
  const collector = await farol(write({ ...one, url: `http://127.0.0.1:${proxy.port}` }, 'faults', version).replace(/retry = .*\n/, IMPATIENT));
  await collector.start();
  const refused = 'farol_exceptions_total';
  const count = await trouble(collector, { destination: 'faults', proxy, faults: ALL_FAULTS, stop: () => one.end(), start: () => one.start() }, async () => {
    const there = [...(await series(one)).keys()].map((it) => Object.fromEntries(JSON.parse(it)) as Record<string, string>);
    await overtake(one, 'farol.exceptions', there.find((it) => it['__name__'] === refused)!);
    const letter = (): boolean => collector.deadLetters('faults').length > 0;
    await wait(async () => letter(), 'Prometheus to refuse the metric', 30_000);
  });
  await collector.until(count);
  const others = (all: Series): Series => only(all, (name) => !CLASSIC.test(name) && !name.includes(`"${refused}"`));
  const compared = await equal(async () => others(await series(one)), () => others(sent(collector)), 'what was sent');
  // It comes with every state, and is a letter when its being refused begins.
  const letters = collector.deadLetters('faults');
  assert.equal(letters.length, 1, JSON.stringify(letters).slice(0, 2_000));
  assert.equal(letters[0]!.code, 'http 400');
  assert.match(letters[0]!.detail ?? '', /out of order/);
  assert.equal(letters[0]!.items, 1);
  const tries = await retried(collector, 'faults');
  console.log(`Prometheus ${found('prometheus').version}, Remote Write ${version}, ${[...ALL_FAULTS, 'stopped'].join(', ')}: ${compared} series of ${count} items, ${tries} tries repeated, 1 dead letter`);
  await collector.end();
});
