/** What still arrives from pages in which things of the browser's are frozen: hostile/items.ts. */
import assert from 'node:assert/strict';
import { test } from './driver/cases.js';
import { arrives, begin, missing } from './hostile/items.js';

begin();
arrives('is frozen');

test('a page that has spoilt nothing delivers all of the table', async () => {
  assert.deepEqual(await missing([['nothing', 'is frozen']]), []);
});
