/** A collector under steady load while its settings are read anew each minute and one of its destinations is away for a third of the time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer, type Server } from 'node:http';
import { arrives, collector, deliver, freePort, full, sink } from './setting.js';

/** Passes everything on to the sink while it is open; there is nobody at its address while it is not. */
class Door {
  #server: Server | undefined;
  constructor(
    readonly port: number,
    private readonly to: string,
  ) {}
  open(): Promise<void> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers = { 'content-type': request.headers['content-type'] ?? '' };
      const answer = await fetch(`${this.to}${request.url}`, { method: 'POST', headers, body: Buffer.concat(chunks) });
      response.writeHead(answer.status).end();
    });
    this.#server = server;
    // A run that failed closes nothing.
    server.unref();
    return new Promise((done) => server.listen(this.port, '127.0.0.1', done));
  }
  close(): Promise<void> {
    const server = this.#server!;
    return new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  }
}

/** How often a minute it is looked at. */
const LOOKS = 60;
const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

test('under steady load, reloads and a destination that goes away, nothing is lost and nothing grows', async () => {
  // 15 minutes at 2,000 a second; the destination is gone from minute 5 to 10.
  const [rate, minute] = full ? [2_000, 60_000] : [200, 600];
  const [steady, leaving] = [await sink(), await sink()];
  const door = new Door(await freePort(), leaving.url);
  await door.open();
  const destination = (name: string, endpoint: string): string =>
    `[[destinations]]\nname = "${name}"\ntype = "otlp_http"\nendpoint = "${endpoint}"\ncompression = "gzip"\n[destinations.retry]\nmax = "1s"\n`;
  // What comes in five minutes at 2,000 a second: the default would let go of the oldest, counted, for the destination that is away.
  const queue = '[queue]\nmax_bytes = "8GiB"\n';
  const one = await collector(queue + destination('steady', steady.url) + destination('leaving', `http://127.0.0.1:${door.port}`));
  await one.start();
  const sending = deliver(one.url, rate, (15 * minute) / 1000);
  const uses: { memory: number; files: number }[] = [];
  for (let now = 1; now <= 15; now += 1) {
    // What is held swings with the batches that are under way: what grows shows in the middle of many looks.
    const memory: number[] = [];
    const files: number[] = [];
    for (let look = 0; look < LOOKS; look += 1) {
      await pause(minute / LOOKS);
      const used = one.uses();
      memory.push(used.memory);
      files.push(used.files);
    }
    one.signal('SIGHUP');
    if (now === 5) await door.close();
    if (now === 10) await door.open();
    const used = { memory: middle(memory), files: middle(files) };
    uses.push(used);
    console.log(`minute ${now}: ${used.memory.toFixed(1)} MiB (at most ${Math.max(...memory).toFixed(1)}), ${used.files} files`);
  }
  const sent = await sending;
  assert.equal(sent.given_up, 0, JSON.stringify(sent));
  assert.equal(sent.batches, (rate * 15 * minute) / 1000);
  for (const [name, where] of [['steady', steady], ['leaving', leaving]] as const) {
    const came = await arrives(where, sent, full ? 600_000 : 60_000).catch((error: unknown) => {
      throw new Error(`${name}: ${one.output().slice(-2_000)}`, { cause: error });
    });
    // The one that went away may have taken what it could not answer any more.
    if (where === steady) assert.equal(came.records, came.distinct, 'none twice');
  }
  assert.equal(await one.metric('farol_bugs_total'), 0);
  assert.ok((await one.metric('farol_config_generation')) >= 15);
  const [early, late] = [uses[2]!, uses[14]!];
  console.log(`sent ${JSON.stringify(sent)}`);
  // What a short run holds says nothing about growth.
  if (full) assert.ok(late.memory - early.memory < 5, `${early.memory} → ${late.memory} MiB`);
  assert.ok(late.files - early.files < 10, `${early.files} → ${late.files} files`);
  await Promise.all([one.end(), door.close(), steady.end(), leaving.end()]);
});
