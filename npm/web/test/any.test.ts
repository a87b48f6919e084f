/**
 * Whatever a page calls with whatever values: nothing is thrown, no promise of ours is rejected, and what was valid arrives. 300 lives of each kind, 20,000 with
 * `FAROL_FULL`, which are others each time, where the 300 are the same; `FAROL_SEED` plays the same again. In a real browser: tests/e2e/any.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playAll } from './any/lives.js';
import { madeUp } from './any/page.js';

const RUNS = Number(process.env['FAROL_RUNS'] ?? (process.env['FAROL_FULL'] ? 20_000 : 300));
const SEED = Number(process.env['FAROL_SEED'] ?? (process.env['FAROL_FULL'] ? Date.now() | 0 : 1));

test('whatever is called with whatever, the page sees nothing of ours, and what was valid arrives', async (t) => {
  t.diagnostic(`FAROL_SEED=${SEED}`);
  const stage = madeUp();
  // What it finds of the browser's when it is loaded is that page's.
  const { init } = await import('../src/index.js');
  assert.equal(await playAll({ ...stage, init }, RUNS, SEED), '');
});
