import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createHex, isSampled } from '../src/ids.js';

const rows = JSON.parse(await readFile(new URL('../../../tests/fixtures/sampling.json', import.meta.url), 'utf8')) as
  { id: string; sampled: Record<string, boolean> }[];

test('sampling says the same as the collector and the core', () => {
  for (const { id, sampled } of rows) {
    // The core's ids are ASCII; others come only from elsewhere, and are not judged here.
    if (/[^\0-\x7f]/.test(id)) continue;
    for (const [rate, wanted] of Object.entries(sampled)) assert.equal(isSampled(id, Number(rate)), wanted, `${id} at ${rate}`);
  }
});

test('ids are hex of the length asked for, and do not repeat', () => {
  const hex = createHex();
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const id = hex(2);
    assert.match(id, /^[0-9a-f]{16}$/);
    seen.add(id);
    assert.match(hex(4), /^[0-9a-f]{32}$/);
  }
  assert.equal(seen.size, 2000);
});

test('without the cryptographic source there are ids all the same', (t) => {
  t.mock.method(crypto, 'getRandomValues', () => {
    throw new Error('gone');
  });
  const hex = createHex();
  assert.match(hex(2), /^[0-9a-f]{16}$/);
  assert.notEqual(hex(2), hex(2));
});
