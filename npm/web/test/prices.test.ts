/** What docs/sdk.md says that options weigh is what was measured. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

test('each figure beside an option is that of its part', async () => {
  const docs = await readFile(new URL('../../../docs/sdk.md', import.meta.url), 'utf8');
  const [options, parts] = docs.split('<!-- prices -->') as [string, string];
  const priced = [...options.matchAll(/^\| `([\w.]+)`[^|]*\|.*\| \+*(-?\d+) \|$/gm)];
  assert.ok(priced.length > 20);
  const known = new Map([...parts.matchAll(/^\| ([\w.]+).*\| (-?\d+) \|$/gm)].map(([, part, bytes]) => [part, bytes]));
  for (const [, option, bytes] of priced) assert.equal(bytes, known.get(option), option);
});
