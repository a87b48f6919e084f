/** Parquet files in a bucket: versitygw, which checks every signature, takes them, and ClickHouse's engine reads them by S3 from there. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wait } from '../e2e/driver/wait.js';
import { folder, freePort } from '../long/setting.js';
import { engine, nameIn, type Engine, type Row } from './support/engine.js';
import { farol, program } from './support/farol.js';
import { ALL_FAULTS, IMPATIENT, survive } from './support/faults.js';
import { everyItemOnce, type Lake } from './support/lake.js';
import { httpProxy } from './support/proxy-http.js';
import { allEnded, found, server, type Server } from './support/server.js';
import { logs as logsOf, send } from './support/traffic.js';

const [KEY, SECRET] = ['AKIAFAROL', 'not/to+be/seen/anywhere'];

let reader: Engine;
let store: Server;
let port: number;
let buckets: string;

before(async () => {
  const place = await folder();
  [port, buckets] = [await freePort(), join(place, 'buckets')];
  for (const name of ['buckets', 'buckets/rum', 'buckets/faults', 'beside']) mkdirSync(join(place, name));
  const args = ['--port', `127.0.0.1:${port}`, '--access', KEY, '--secret', SECRET, '--health', '/ready', 'posix', '--sidecar', join(place, 'beside'), buckets];
  store = server('versitygw', args, `http://127.0.0.1:${port}/ready`, place);
  reader = await engine();
  await Promise.all([store.start(), reader.start()]);
});
after(() => allEnded(store?.end(), reader?.end()));

interface Wanted {
  to?: number;
  secret?: string;
  more?: string;
}

const destination = (bucket: string, { to = port, secret = SECRET, more = 'retry = { initial = "200ms", max = "1s" }\n' }: Wanted = {}): string =>
  `[[destinations]]\nname = "lake"\ntype = "parquet"\nendpoint = "http://127.0.0.1:${to}"\nallow_http = true\nbucket = "${bucket}"\nprefix = "raw/farol"\n` +
  `auth = { access_key_id = "${KEY}", secret_access_key = "${secret}" }\nbatch = { max_wait = "200ms" }\n${more}`;

const lakeIn = (bucket: string): Lake => (signal) => `s3('http://127.0.0.1:${port}/${bucket}/raw/farol/${signal}/*/*/*/*.parquet', '${KEY}', '${SECRET}', 'Parquet')`;

const named = async (bucket: string): Promise<string[]> => {
  const signals = (['logs', 'traces'] as const).map((it) => reader.rows(`SELECT * FROM ${lakeIn(bucket)(it)}`));
  return (await Promise.all(signals)).flat().map((row: Row) => nameIn(row));
};

/** What `doctor` says of the destination. It fails where something does not work, which is not the question. */
async function doctor(toml: string): Promise<string> {
  const { out, err } = await program(['doctor'], `listen = "127.0.0.1:0"\n${toml}`);
  return out + err;
}

test('every item is a row once, read by S3 from the store', async () => {
  const output = await everyItemOnce(reader, lakeIn('rum'), destination('rum'), `in versitygw ${found('versitygw').version}`);
  assert.ok(!output.includes(SECRET));
});

test('doctor tells a wrong key and a bucket that is not there from what is right', async () => {
  const said = await Promise.all([destination('rum'), destination('rum', { secret: 'wrong' }), destination('nowhere')].map(doctor));
  assert.match(said[0]!, /has the bucket rum and knows the key/);
  assert.match(said[1]!, /s3 SignatureDoesNotMatch[^]*correct auth\.access_key_id/);
  assert.match(said[2]!, /s3 NoSuchBucket[^]*make the bucket/);
  for (const it of said) assert.ok(!it.includes(SECRET) && !it.includes(KEY), it);
});

test('what comes before the bucket is there waits for it', async () => {
  const one = await farol(destination('later'));
  try {
    await one.start();
    await send(one.url, [logsOf(['a', 'b'])]);
    const items = await one.until(2);
    const refused = (): Promise<number> => one.metric('farol_destination_attempts_total', { destination: 'lake', outcome: 'retried' });
    await wait(async () => (await refused()) > 0, 'the store to refuse what has no bucket', 60_000);
    mkdirSync(join(buckets, 'later'));
    await one.drained('lake');
    const came = await reader.rows(`SELECT * FROM ${lakeIn('later')('logs')}`);
    assert.deepEqual(came.map(nameIn).sort(), [...items.keys()].sort());
    assert.deepEqual(one.deadLetters('lake'), []);
  } finally {
    await one.end();
  }
});

test('faults: all is there once', async () => {
  const proxy = await httpProxy(port);
  await survive({
    what: `versitygw ${found('versitygw').version}`,
    destination: 'lake',
    settings: { toml: destination('faults', { to: proxy.port, more: IMPATIENT }) },
    proxy,
    faults: ALL_FAULTS,
    stop: () => store.end(),
    start: () => store.start(),
    came: () => named('faults'),
    once: true,
  });
});
