/**
 * The other way: Farol's SDK in `faro` mode, live in a browser, with the OpenTelemetry Collector's own faro receiver behind its address. Every item of
 * every request is a record or a span there once, with what it said; and the records are those that Farol's `contrib` dialect makes of the same requests.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { launch, type Browser } from '../e2e/driver/index.js';
import { flatten, type Item } from '../e2e/driver/otlp.js';
import { sdkFiles } from '../e2e/driver/sdk.js';
import { html, script, site, type Reply, type Site } from '../e2e/driver/server.js';
import { wait } from '../e2e/driver/wait.js';
import { freePort } from '../long/setting.js';
import { farol } from './support/farol.js';
import { otelcol, type OtelCol } from './support/otelcol.js';
import type { Proxy } from './support/plan.js';
import { httpProxy } from './support/proxy-http.js';
import { found } from './support/server.js';
import { counted } from './support/traffic.js';

/* eslint-disable-next-line -- the wire's shape, read by the fields that are compared */
type Json = any;

let peer: OtelCol;
let browser: Browser;
let pages: Site;
let other: Site;
let proxy: Proxy;
/** What the receiver took, and what it said to anything else. */
const taken: Json[] = [];
const refused: string[] = [];

before(async () => {
  const port = await freePort();
  peer = await otelcol({ faro: { yaml: `{ endpoint: 127.0.0.1:${port}, cors: { allowed_origins: ["*"], allowed_headers: ["*"] } }`, signals: ['logs', 'traces'] } });
  await peer.start();
  proxy = await httpProxy(port, ({ method, body, status }) => {
    if (method === 'POST' && status < 300) taken.push(JSON.parse(body.toString('utf8')));
    else if (status >= 300) refused.push(`${method} ${status}`);
  });
  const { outputFiles } = await build({ entryPoints: [new URL('../e2e/items/page.ts', import.meta.url).pathname], bundle: true, format: 'iife', write: false, external: ['@farol/web'] });
  const files = new Map([...sdkFiles(), ['/items.js', Buffer.from(outputFiles[0]!.contents)] as const]);
  other = await site(() => ({ headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' } }));
  const settings = { url: `http://127.0.0.1:${proxy.port}`, other: other.url, clients: 1, options: { protocol: 'faro', key: 'a-key' } };
  pages = await site((_, path): Reply | undefined => {
    const name = path.split('?')[0]!;
    const file = files.get(name);
    if (file) return script(file);
    if (name === '/settings.js') return script(`window.settings = ${JSON.stringify(settings)}`);
    if (name === '/api/fail') return { status: 500 };
    if (name.startsWith('/api/')) return { headers: { 'content-type': 'application/json' }, body: '{"ok":true}' };
    if (name === '/' || name === '/second') return html('<h1>All the things</h1><script src="/settings.js"></script><script src="/farol.js"></script><script src="/items.js"></script>');
    return undefined;
  });
  browser = await launch({ engine: 'chromium' });
});
after(async () => {
  await browser?.close();
  pages?.close();
  other?.close();
  await proxy?.shut();
  await peer?.end();
});

/** A line of logfmt, as Go writes it. */
function read(line: string): Record<string, string> {
  const pairs = line.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)/g);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name!, value!.startsWith('"') ? (JSON.parse(value!) as string) : value!]));
}

const named = (prefix: string, values: Json = {}): [string, string][] => Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, String(value)]);

/** What a line has to say of each item of a request, by the receiver's names. */
function lines({ meta, logs = [], exceptions = [], measurements = [], events = [] }: Json): Record<string, string>[] {
  const all = (item: Json, more: [string, Json][]): Record<string, string> => {
    const shared = [
      ['timestamp', item.timestamp.replace(/\.?0+Z$/, 'Z')], ['app_name', meta.app.name], ['app_version', meta.app.version], ['app_environment', meta.app.environment],
      ['sdk_name', meta.sdk.name], ['sdk_version', meta.sdk.version], ['session_id', meta.session.id], ['page_url', meta.page.url], ['user_id', meta.user?.id], ['view_name', meta.view?.name],
      ['browser_name', meta.browser.name], ['browser_version', meta.browser.version], ['browser_userAgent', meta.browser.userAgent],
      ['traceID', item.trace?.trace_id], ['spanID', item.trace?.span_id], ['action_id', item.action?.id], ['action_name', item.action?.name], ['action_parent_id', item.action?.parentId],
    ];
    const told = [...shared, ...more].filter(([, value]) => value !== undefined && value !== '');
    return Object.fromEntries(told.map(([name, value]) => [name, String(value)]));
  };
  return [
    ...logs.map((it: Json) => all(it, [['kind', 'log'], ['level', it.level], ['message', it.message], ...named('context', it.context)])),
    ...exceptions.map((it: Json) => all(it, [['kind', 'exception'], ['type', it.type], ['value', it.value], ...named('context', it.context)])),
    ...measurements.map((it: Json) => all(it, [['kind', 'measurement'], ['type', it.type], ...named('value', it.values), ...named('context', it.context)])),
    ...events.map((it: Json) => all(it, [['kind', 'event'], ['event_name', it.name], ...named('event_data', it.attributes)])),
  ];
}

const sorted = <T>(list: T[]): string[] => list.map((it) => JSON.stringify(it)).sort();
const spans = (bodies: Json[]): Item[] => bodies.flatMap((it) => (it.traces ? flatten(it.traces) : []));

test('every item that the SDK sends is there once, as it was', async () => {
  const page = await browser.newPage();
  await page.goto(pages.url);
  await page.waitFor("performance.getEntriesByName('first-contentful-paint').length");
  await page.click('h1');
  assert.equal(await page.evaluate('play()'), 'played');
  await page.hide();
  const reported = (name: string) => (): boolean => taken.some((it) => it.measurements?.some((one: Json) => name in one.values));
  const last = (): boolean => taken.some((it) => it.events?.some((one: Json) => one.name === 'on.second'));
  await wait(async () => [reported('cls'), reported('lcp'), reported('ttfb'), last].every((it) => it()), 'the page to have sent all', 30_000);
  await page.close();
  // Whoever closes has a last word; behind the browser's end nobody has.
  await browser.close();
  const total = (): number => {
    const { logs, spans } = counted(taken);
    return logs + spans;
  };
  let came: Item[] = [];
  await wait(async () => (came = await peer.came('faro', total())).length === total(), 'the records', 30_000);
  assert.deepEqual(refused, []);

  const records = came.filter((it) => it.signal === 'log');
  const wanted = taken.flatMap(lines);
  assert.equal(records.length, wanted.length);
  // A line says more than what was sent: defaults, a stack, values in a second form. Each has its item, and each item one line.
  const open = records.map((it) => read(String(it.body)));
  let compared = 0;
  for (const item of wanted) {
    const at = open.findIndex((line) => Object.entries(item).every(([name, value]) => line[name] === value));
    assert.ok(at >= 0, `no record of ${JSON.stringify(item)} among\n${open.map((it) => JSON.stringify(it)).join('\n')}`);
    open.splice(at, 1);
    compared += Object.keys(item).length;
  }
  const core = ({ traceId, spanId, parentSpanId, name, time, end, attributes, status }: Item): object => ({ traceId, spanId, parentSpanId, name, time, end, attributes, status });
  const traced = came.filter((it) => it.signal === 'span');
  assert.deepEqual(sorted(traced.map(core)), sorted(spans(taken).map(core)));
  compared += traced.reduce((sum, it) => sum + Object.keys(it.attributes).length, 0);
  for (const kind of ['log', 'exception', 'measurement', 'event']) assert.ok(wanted.some((it) => it['kind'] === kind), kind);
  assert.ok(traced.length > 0);

  const one = await farol('', 'contrib');
  await one.start();
  for (const body of taken) {
    const answer = await fetch(`${one.url}/collect`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.equal(answer.status, 202, await answer.text());
  }
  await one.drained('sent');
  // Farol's have more beside the line: what the receiver leaves out of it.
  const record = ({ body, attributes: { kind = null, hash = null }, resource, time, traceId, spanId }: Item): object => ({ body, kind, hash, resource, time, traceId, spanId });
  const ours = [...one.items().values()].filter((it) => it.signal === 'log');
  assert.deepEqual(sorted(records.map(record)), sorted(ours.map(record)));
  console.log(`OpenTelemetry Collector ${found('otelcol').version}, Farol's SDK into its faro receiver: ${taken.length} requests, ${came.length} items and ${compared} values compared, ${records.length} records as Farol's contrib dialect has them`);
  await one.end();
});
