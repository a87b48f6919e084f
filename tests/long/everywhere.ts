/** Every kind of destination at once but Kafka, which has no sink here (`cargo xtask interop kafka` has a broker): sinks that answer in each one's words and keep what came by its id,
 * files, and a terminal, whose lines have no ids. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '../e2e/driver/processes.js';
import { wait } from '../e2e/driver/wait.js';
import { collector, folder, load, type Collector } from './setting.js';

/** What came of one signal: as often as it came, different ones, and the sum of these, which is equal where they are. */
interface Ids {
  received: number;
  distinct: number;
  sum: string;
}

export interface Book {
  logs: Ids;
  spans: Ids;
}

/** Destinations of items, and those among them that take no spans. */
const ITEMS = ['otlp_http', 'otlp_grpc', 'loki', 'alloy', 'elasticsearch', 'clickhouse', 'http', 'fluent', 'files', 'parquet'] as const;
const NO_SPANS: readonly string[] = ['loki', 'alloy'];
const ALL = [...ITEMS, 'terminal'] as const;

export interface Everywhere extends Collector {
  /** The names of the destinations. */
  names: readonly string[];
  /** Waits until every destination has everything. */
  drained(patience: number): Promise<void>;
  /** What came to each destination, by its name. */
  came(): Promise<Record<string, Book>>;
  /** Conversions of records, by dialect and purpose. */
  conversions(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** Files below a folder whose paths match. */
const below = (path: string, name: RegExp): string[] =>
  (existsSync(path) ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : []).filter((it) => name.test(it)).map((it) => join(path, it));

/** `gathering` is how long an item waits for its Parquet file: a minute unless said, as anywhere. `without`: destinations that are left out. */
export async function everywhere(gathering = '60s', without: readonly string[] = []): Promise<Everywhere> {
  const unknown = without.filter((name) => !ALL.some((one) => one === name));
  if (unknown.length > 0) throw new Error(`there is no destination ${unknown.join(', ')} among ${ALL.join(', ')}`);
  const names = ALL.filter((name) => !without.includes(name));
  const sinks = start(load(), ['sinks']);
  const [, url, forward] = (await sinks.line(/ready on (http:\/\/[^\s,]+), forward (\S+)/)) as [string, string, string];
  const place = await folder();
  const [files, lake] = [join(place, 'otlp'), join(place, 'lake')];
  const to = (name: string, type: string, rest: string): string => (without.includes(name) ? '' : `[[destinations]]\nname = "${name}"\ntype = "${type}"\n${rest}\n`);
  const at = (name: string): string => `endpoint = "${url}/${name}"`;
  const toml = [
    to('otlp_http', 'otlp_http', at('otlp_http')),
    to('otlp_grpc', 'otlp_grpc', `endpoint = "${url}"`),
    to('loki', 'loki', at('loki')),
    to('alloy', 'loki', `${at('alloy')}\ndialect = "alloy"`),
    to('elasticsearch', 'elasticsearch', at('elasticsearch')),
    to('clickhouse', 'clickhouse', at('clickhouse')),
    to('http', 'http', at('http')),
    to('fluent', 'fluent_forward', `endpoint = "${forward}"`),
    to('prometheus', 'prometheus_remote_write', at('prometheus/api/v1/write')),
    // All of a minute: what is rotated away would be missing.
    to('files', 'otlp_file', `path = "${files}"\nmax_files = 64`),
    to('parquet', 'parquet', `path = "${lake}"\nbatch = { max_wait = "${gathering}" }`),
    to('terminal', 'terminal', 'color = false'),
  ];
  // What comes in a minute at 3,000 a second, with room: nothing is to be lost for one that is slow.
  const one = await collector(`[queue]\nmax_bytes = "4GiB"\n${toml.join('\n')}`);
  return {
    ...one,
    names,
    async drained(patience) {
      for (const name of names) {
        await wait(async () => (await one.metric('farol_destination_items_pending', { destination: name })) === 0, `${name} to have everything`, patience);
      }
    },
    async came() {
      const sent = (await (await fetch(`${url}/ids`)).json()) as Record<string, Book>;
      const names = [...below(files, /^(logs|traces).*\.jsonl$/), ...below(lake, /\.parquet$/)];
      const read = execFileSync(load(), ['ids', ...names], { encoding: 'utf8' });
      return { ...sent, ...(JSON.parse(read) as Record<string, Book>) };
    },
    async conversions() {
      const text = await (await fetch(`${one.url}/metrics`)).text();
      const lines = text.matchAll(/^farol_conversions_total\{dialect="(\w+)",for="(\w+)"\} (\d+)$/gm);
      return Object.fromEntries([...lines].filter(([, , , n]) => n !== '0').map(([, dialect, purpose, n]) => [`${dialect} ${purpose}`, Number(n)]));
    },
    async stop() {
      await one.end();
      await sinks.end('SIGINT');
    },
  };
}

/** Every item that was accepted is at every destination of items, by its id, and was shown on the terminal. Returns how many there were, and how many came twice anywhere. */
export async function assertEverywhere(all: Everywhere, items: number): Promise<{ logs: number; spans: number; copies: number }> {
  const spans = await all.metric('farol_items_enqueued_by_kind_total', { kind: 'span' });
  const logs = items - spans;
  const came = await all.came();
  const first = came[ITEMS.find((it) => all.names.includes(it))!]!;
  let copies = 0;
  for (const name of ITEMS.filter((it) => all.names.includes(it))) {
    const book = came[name];
    assert.ok(book, `nothing came to ${name}`);
    assert.deepEqual([book.logs.distinct, book.logs.sum], [logs, first.logs.sum], `log records at ${name}: ${JSON.stringify(came)}`);
    if (!NO_SPANS.includes(name)) assert.deepEqual([book.spans.distinct, book.spans.sum], [spans, first.spans.sum], `spans at ${name}: ${JSON.stringify(came)}`);
    copies += book.logs.received - book.logs.distinct + book.spans.received - book.spans.distinct;
  }
  if (all.names.includes('terminal')) assert.equal(await all.metric('farol_destination_items_total', { destination: 'terminal', outcome: 'exported' }), items, 'items on the terminal');
  for (const name of all.names) assert.equal(await all.metric('farol_destination_items_total', { destination: name, outcome: 'dropped' }), 0, name);
  assert.equal(await all.metric('farol_bugs_total'), 0);
  return { logs, spans, copies };
}
