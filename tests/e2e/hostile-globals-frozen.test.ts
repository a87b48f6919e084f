/** The page sees nothing of ours where things of the browser's are frozen: hostile/visits.ts. */
import assert from 'node:assert/strict';
import { test } from './driver/cases.js';
import { begin, harmless, NOTHING, seen } from './hostile/visits.js';

begin();
harmless('is frozen');

test('in a page that has spoilt nothing the second file runs, and the page sees nothing of ours', async () => {
  assert.deepEqual(await seen([NOTHING], true), []);
});
