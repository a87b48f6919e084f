/** What errors cost in a loop, and that all of them are counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Op } from '../src/abi.js';
import { createErrors, ONLY_COUNTED } from '../src/observe/errors.js';
import type { Sdk } from '../src/sdk.js';

const LOOP = 100_000;

/** Handles an error for each number below `LOOP`. */
function loop(message: (n: number) => string, more: Partial<Sdk> = {}) {
  const seen = { read: 0, told: 0, same: 0, counted: 0 };
  const capture = createErrors({
    live_: () => true,
    count_: (what: string) => what === ONLY_COUNTED && seen.counted++,
    put_: (op: Op) => void (op === Op.Exception ? seen.told++ : seen.same++),
    ...more,
  } as unknown as Sdk);
  for (let n = 0; n < LOOP; n++) {
    const text = message(n);
    capture({ name: 'Error', message: text, toString: () => text, get stack() { seen.read++; return ''; } }, 'onerror', 0, { message: text });
  }
  return seen;
}

/** `performance.now` stands still meanwhile: one window of time. */
function still<T>(run: () => T): T {
  const { now } = performance;
  performance.now = () => 5;
  try {
    return run();
  } finally {
    performance.now = now;
  }
}

test('of errors in a loop that alternate, or that count, some are told and the rest is only counted', () => {
  for (const message of [(n: number) => `turn ${n % 2}`, (n: number) => `item ${n}`]) {
    const { read, told, same, counted } = still(() => loop(message));
    assert.equal(told + same + counted, LOOP);
    assert.ok(told <= 100 && same === 0, `${told} ${same}`);
    assert.equal(read, told, 'a stack is read of those alone');
  }
});

test('equal ones are counted as what they are', () => {
  assert.deepEqual(still(() => loop(() => 'again')), { read: 20, told: 20, same: LOOP - 20, counted: 0 });
});

test('beyond the cap of the session nothing is read and the core is not entered', () => {
  for (const message of [() => 'again', (n: number) => `item ${n}`]) {
    assert.deepEqual(loop(message, { capped_: 1 }), { read: 0, told: 0, same: 0, counted: LOOP });
  }
});

test('an error that is handed over, or written, and thrown as well is one; thrown again it is counted again', () => {
  const told: string[] = [];
  const capture = createErrors({
    live_: () => true,
    count_: () => {},
    place_: (w: unknown) => w,
    put_: () => void told.push('one'),
  } as unknown as Sdk);
  const error = new Error('x');
  for (const mechanism of ['api', 'onerror', 'console', 'api'] as const) capture(error, mechanism, 0);
  assert.equal(told.length, 2);
  capture(new Error('x'), 'onerror', 0);
  assert.equal(told.length, 3);
  // Of a value that is no object nobody knows whether it is the same one.
  for (const mechanism of ['api', 'onerror'] as const) capture('text', mechanism, 0);
  assert.equal(told.length, 5);
});
