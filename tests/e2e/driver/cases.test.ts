/** What docs/browsers.md says of the table of cases is so. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ENGINES, readCases } from './cases.js';

test('docs/browsers.md says how many cases run in which engine', () => {
  const cases = readCases();
  const [chromium, firefox, webkitgtk] = ENGINES.map((engine) => cases.filter(({ absent }) => !absent[engine]).length);
  const text = readFileSync(new URL('../../../docs/browsers.md', import.meta.url), 'utf8');
  assert.equal(text.match(/^Of \d+ cases .*?\./m)?.[0], `Of ${cases.length} cases Chromium runs ${chromium}, Firefox ${firefox} and WebKitGTK ${webkitgtk}.`);
});
