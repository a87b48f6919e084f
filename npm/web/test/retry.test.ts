import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff, retryAfter } from '../src/send/retry.js';

test('the wait after a failure is anything up to a bound that doubles', () => {
  assert.equal(backoff(1, 0), 250);
  assert.equal(backoff(1, 1), 1250);
  assert.equal(backoff(3, 1), 4250);
  assert.equal(backoff(50, 1), 300_250);
});

test('Retry-After is read in seconds and as a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfter('7', now), 7000);
  assert.equal(retryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000);
});

test('Retry-After without sense, or from the past, is none, and a very long one is an hour', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  for (const value of [null, undefined, '', 'soon', '-5', 'Wed, 31 Dec 2025 23:59:00 GMT']) assert.equal(retryAfter(value, now), 0, String(value));
  assert.equal(retryAfter('999999', now), 3_600_000);
});
