/** Parquet files in a folder, read by ClickHouse's engine: every item is a row once; and a collector that is killed while it writes leaves no half file, and nothing out. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import { folder, full } from '../long/setting.js';
import { engine, type Engine } from './support/engine.js';
import { farol } from './support/farol.js';
import { everyItemOnce, type Lake } from './support/lake.js';
import { logs, send } from './support/traffic.js';

let reader: Engine;

before(async () => {
  reader = await engine();
  await reader.start();
});
after(() => reader?.end());

const lakeIn = (path: string): Lake => (signal) => `file('${path}/${signal}/*/*/*/*.parquet', Parquet)`;
const destination = (path: string, more: string): string => `[[destinations]]\nname = "lake"\ntype = "parquet"\npath = "${path}"\n${more}`;

test('every item is a row once, in the folder of its app and hour', async () => {
  const path = join(await folder(), 'lake');
  await everyItemOnce(reader, lakeIn(path), destination(path, 'batch = { max_wait = "1s" }\n'), 'in a folder');
});

const KILLS = full ? 40 : 5;
/** Items of a batch. */
const BATCH = 64;
/** A kill brings again what was in hand, and the files since the place was last kept (docs/reliability.md): how many that is the disk decides. An item comes again for the kill that follows it,
 * and for one more where that came before its second file; a place that was lost would bring the first items again for each kill. */
const COPIES = 2;
const CLIENTS = 4;

test('killed at any moment of its writing, all that it answered 202 to is there, whole', async () => {
  const path = join(await folder(), 'lake');
  const one = await farol(destination(path, `batch = { max_wait = "20ms", max_items = ${BATCH} }\n`));
  const taken = new Set<string>();
  let [next, running, looks] = [0, true, 0];
  const load = async (): Promise<void> => {
    while (running) {
      const messages = Array.from({ length: 8 }, () => `m${(next += 1)}`);
      const sent = await send(one.url, [logs(messages)]).catch(() => undefined);
      if (sent) for (const message of messages) taken.add(message);
      // The collector is away.
      else await pause(10);
    }
  };
  /** Whoever reads meanwhile never meets a file that is none. */
  const look = async (): Promise<void> => {
    while (running) {
      await reader.ask(`SELECT count(), sum(length(Body)) FROM ${lakeIn(path)('logs')}`).catch((error: Error) => {
        // Before the first file.
        if (!/CANNOT_EXTRACT_TABLE_STRUCTURE|FILE_DOESNT_EXIST|no files|cannot be extracted/i.test(error.message)) throw error;
      });
      looks += 1;
      await pause(20);
    }
  };
  try {
    await one.start();
    // Kept until somebody asks: it may come long before the loop is through.
    const wrong: Error[] = [];
    const looking = look().catch((error: Error) => void wrong.push(error));
    const loading = Array.from({ length: CLIENTS }, load);
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const before = taken.size;
        if (wrong[0]) throw wrong[0];
        await wait(() => Promise.resolve(taken.size >= before + BATCH), 'the collector to be at work', 60_000);
        // Where in that it dies is left to chance.
        await pause(Math.random() * 300);
        await one.end('SIGKILL');
        await one.start();
      }
    } finally {
      running = false;
      await Promise.all([...loading, looking]);
    }
    if (wrong[0]) throw wrong[0];
    await one.drained('lake');
    const rows = await reader.rows(`SELECT Body, LogAttributes['log.record.uid'] AS uid FROM ${lakeIn(path)('logs')}`);
    const came = rows.map((it) => String(it.Body));
    const distinct = new Set(came);
    assert.ok(taken.size >= KILLS * BATCH, `${taken.size} were taken`);
    assert.deepEqual([...taken].filter((it) => !distinct.has(it)), [], 'nothing is out');
    // A copy has the name of its original.
    const names = new Set((rows as unknown as { uid: string }[]).map((it) => it.uid));
    assert.equal(names.size, distinct.size);
    const times = new Map<string, number>();
    for (const it of came) times.set(it, (times.get(it) ?? 0) + 1);
    assert.deepEqual([...times].filter(([, count]) => count > 1 + COPIES), [], `what ${KILLS} kills brought again and again`);
    assert.deepEqual(one.deadLetters('lake'), []);
    console.log(`Parquet in a folder, ${KILLS} kills: ${distinct.size} items, ${came.length - distinct.size} copies, read ${looks} times meanwhile`);
  } finally {
    await one.end();
  }
});
