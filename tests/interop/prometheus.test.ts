/** A real Prometheus, fed in each way: the scrape, Remote Write 2.0 and 1.0 and OTLP give the same series, with the counts and sums of what was sent. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import { folder, freePort } from '../long/setting.js';
import { farol, type Farol } from './support/farol.js';
import { found, server, type Server } from './support/server.js';
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
otlp: { promote_resource_attributes: [deployment.environment.name, otel.metric.overflow] }
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

test('scrape, Remote Write 2.0 and 1.0 and OTLP give the same names, labels, counts and sums', async () => {
  const [two, one, otlp] = [await prometheus(), await prometheus(), await prometheus()];
  const over = `[[destinations]]\nname = "otlp"\ntype = "otlp_http"\nendpoint = "${otlp.url}/api/v1/otlp"\nsignals = ["metrics"]\n`;
  const collector = await farol(`${write(two, 'two', '2.0')}${write(one, 'one', '1.0')}${over}`);
  await collector.start();
  const scraped = await prometheus(collector.url);
  const { logs, spans } = await send(collector.url);
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

test('what was counted while Prometheus was away is there once it is back', async () => {
  const one = await prometheus();
  const collector = await farol(write(one, 'away', '2.0'));
  await collector.start();
  await one.end();
  const { logs, spans } = await send(collector.url);
  await collector.until(logs + spans);
  await one.start();
  await equal(async () => only(await series(one), (name) => !CLASSIC.test(name)), () => sent(collector), 'what was sent');
  await collector.end();
});
