/** Batches that are too large for their receiver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../src/send/sender.js';
import { split } from '../src/more/split.js';

const spans = (...names: string[]): object => ({ scope: { name: 'farol' }, spans: names.map((name) => ({ name })) });
const whole = {
  meta: { app: { name: 'shop' } },
  logs: [{ message: 'a' }, { message: 'b' }],
  exceptions: [{ type: 'E' }],
  traces: { resourceSpans: [{ resource: {}, scopeSpans: [spans('s1'), spans('s2', 's3')] }] },
  farol: { client: 'c', seq: 10, first: ['exception'] },
};

const batch = (payload: object, id = 'x'): Batch =>
  ({ id_: id, offset_: 1, error_: 2, body_: new TextEncoder().encode(JSON.stringify(payload)), session_: 's', tries_: 3, flights_: 0, sealed_: 5, stored_: true });
const read = ({ body_: body }: Batch): Record<string, any> => JSON.parse(new TextDecoder().decode(body));

test('both halves hold each item once, under the numbers that it had', () => {
  const [one, two] = split(batch(whole)) as [Batch, Batch];
  assert.deepEqual([one.id_, two.id_, one.tries_, one.sealed_, one.stored_], ['x.0', 'x.1', 0, 5, false]);
  assert.deepEqual([!!one.error_, !!two.error_], [true, false]);
  assert.deepEqual(read(one), { meta: whole.meta, logs: whole.logs, exceptions: whole.exceptions, farol: whole.farol });
  assert.deepEqual(read(two), {
    meta: whole.meta, traces: { resourceSpans: [{ resource: {}, scopeSpans: [spans('s1'), spans('s2', 's3')] }] }, farol: { client: 'c', seq: 13 },
  });
  const [, last] = split(two) as [Batch, Batch];
  assert.equal(last.id_, 'x.1.1');
  assert.deepEqual(read(last).traces.resourceSpans[0].scopeSpans, [spans('s2', 's3')]);
  assert.equal(read(last).farol.seq, 14);
});

test('one item is not divided', () => {
  assert.equal(split(batch({ meta: {}, events: [{ name: 'e' }] })), undefined);
});

test('what Faro’s receivers get has no numbers', () => {
  const [, two] = split(batch({ meta: {}, events: [{ name: 'a' }, { name: 'b' }] })) as [Batch, Batch];
  assert.deepEqual(read(two), { meta: {}, events: [{ name: 'b' }] });
});
