/** What is said of a latency beside its bar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { met } from './latency.js';

const at = (bound: 'collector' | 'load', p99: number): Parameters<typeof met>[0] => ({ bound, half: { rate: 1000, p50: 1, p95: 2, p99 } });

test('what is over the bar is missed whatever held the rate back, and within it is only what the collector itself bounds', () => {
  assert.equal(met(at('collector', 19), 20, true), true);
  assert.equal(met(at('collector', 21), 20, true), false);
  assert.equal(met(at('load', 21), 20, true), false);
  assert.equal(met(at('load', 19), 20, true), undefined);
});

test('a rate that was held for seconds is not judged', () => {
  for (const bound of ['collector', 'load'] as const) assert.equal(met(at(bound, 21), 20, false), undefined);
});
