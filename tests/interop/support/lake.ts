/** Parquet files that ClickHouse's engine reads, beside the items that they were made of. */
import assert from 'node:assert/strict';
import type { Item } from '../../e2e/driver/otlp.js';
import { compare, nameIn, type Engine, type Row } from './engine.js';
import { farol } from './farol.js';
import { found } from './server.js';
import { sendAll } from './session.js';

/** Where a signal's files are, as a table function of the engine. */
export type Lake = (signal: 'logs' | 'traces') => string;

/** A row, and what the engine makes of the names of the folders it is in. */
interface Filed extends Row {
  partition: [string, string, number];
  /** Nanoseconds since 1970, of the row. */
  nanos: string;
  hour: string;
}

const COLUMNS = "*, (extract(_path, 'app=([^/]*)'), extract(_path, 'date=([^/]*)'), toUInt8(extract(_path, 'hour=([^/]*)'))) AS partition, toString(toUnixTimestamp64Nano(Timestamp)) AS nanos";

/** Sends everything through a collector whose destination `lake` is the one given; all of it is there, and none of it in the dead letters. Gives what the collector said. */
export async function everyItemOnce(reader: Engine, lake: Lake, toml: string, where: string): Promise<string> {
  const one = await farol(toml);
  try {
    await one.start();
    const { logs, spans } = await sendAll(one.url);
    const items = await one.until(logs + spans);
    await one.drained('lake');
    const { rows, attributes } = await assertWhole(reader, lake, items);
    assert.deepEqual(one.deadLetters('lake'), []);
    console.log(`Parquet ${where}, read by ClickHouse's engine ${found('chdb').version}: ${rows} rows and ${attributes} attributes compared`);
    return one.output();
  } finally {
    await one.end();
  }
}

/** Everything in the lake is what was sent, once, in the folder of its app and hour; says how much was compared. */
async function assertWhole(reader: Engine, lake: Lake, items: Map<string, Item>): Promise<{ rows: number; attributes: number }> {
  const signals = await Promise.all((['logs', 'traces'] as const).map((it) => reader.rows(`SELECT ${COLUMNS} FROM ${lake(it)}`)));
  const rows = signals.flat() as Filed[];
  assert.deepEqual(rows.map(nameIn).sort(), [...items.keys()].sort());
  let attributes = 0;
  for (const row of rows) {
    const item = items.get(nameIn(row))!;
    attributes += compare(item, row);
    if (item.signal === 'log') assert.equal(row.Body, typeof item.body === 'string' ? item.body : '', nameIn(row));
    const [app, date, hour] = row.partition;
    assert.equal(decodeURIComponent(app), row.ServiceName);
    const nanos = BigInt(row.nanos);
    assert.equal(Number(nanos / 1_000n) / 1_000, item.time, `the time of ${nameIn(row)}`);
    const at = new Date(Number(nanos / 1_000_000n)).toISOString();
    // A span of many hours is filed by its end; none here is.
    assert.equal(`${date}T${String(hour).padStart(2, '0')}`, at.slice(0, 13), nameIn(row));
  }
  return { rows: rows.length, attributes };
}
