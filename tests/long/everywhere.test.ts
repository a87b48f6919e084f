/** All destinations configured at once. `cargo xtask bench all` measures the same at a rate. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertEverywhere, everywhere } from './everywhere.js';
import { deliver, full } from './setting.js';

/** Once a record; a few again where a machine is busy and a destination behind what is kept. Without that it is exactly once, which is for the queue's own tests: `nothing_is_converted_twice`. */
function assertShared(what: string, conversions: number, records: number): void {
  assert.ok(conversions >= records && conversions < 1.5 * records, `${what}: ${conversions} of ${records} records`);
}

test('what is accepted is at every destination, by its id, and was converted once for each dialect', async () => {
  // A small run does not wait a minute for the last file. All of it fits into what is kept converted, however slow a disk is.
  const all = await everywhere(full ? undefined : '50ms');
  await all.start();
  const [rate, seconds] = full ? [1_000, 60] : [50, 2];
  const sent = await deliver(all.url, rate, seconds);
  assert.equal(sent.given_up, 0, JSON.stringify(sent));
  await all.drained(full ? 300_000 : 60_000);
  const items = await all.metric('farol_items_total', { outcome: 'enqueued' });
  const { logs, spans, copies } = await assertEverywhere(all, items);
  assert.equal(logs, sent.records);
  assert.equal(copies, 0);
  const conversions = await all.conversions();
  console.log(`${sent.batches} batches, ${logs} log records and ${spans} spans at eleven destinations, conversions ${JSON.stringify(conversions)}`);
  // A destination that comes later than what is kept of the newest converts again: Parquet's, which nobody waits for, and on a busy machine any.
  if (!full) {
    assert.ok(conversions['semconv bytes']! <= 2 * sent.batches, `${conversions['semconv bytes']} of ${sent.batches} records`);
    for (const what of ['semconv shared', 'alloy shared']) assertShared(what, conversions[what]!, sent.batches);
    assert.equal(Object.keys(conversions).length, 3);
  }
  await all.stop();
});

test('what does not gather for long shares one conversion for each dialect', async () => {
  const all = await everywhere('50ms', ['parquet']);
  await all.start();
  const sent = await deliver(all.url, 50, 2);
  assert.equal(sent.given_up, 0, JSON.stringify(sent));
  await all.drained(60_000);
  const conversions = await all.conversions();
  for (const [what, n] of Object.entries(conversions)) assertShared(what, n, sent.batches);
  assert.ok(conversions['semconv shared']);
  await all.stop();
});
