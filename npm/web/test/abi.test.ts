/** The two ends of the ABI say the same: numbers, and the names that developers are told. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as enums from '../src/abi.js';
import { CODES, IDLE_MS, LIFETIME_MS } from '../src/client.js';

// To TypeScript these have no value; esbuild, which the tests run through, leaves an object.
const abi = enums as unknown as Record<'Op' | 'Signal' | 'Diagnostic', object>;

const rust = await readFile(new URL('../../../sdk-wasm/src/abi.rs', import.meta.url), 'utf8');

/** `pub const LONG_NAME: u32 = 7;` of one module, as `LongName` → 7. */
function numbers(module: string): Map<string, number> {
  const body = rust.slice(rust.indexOf(`pub mod ${module} {`));
  const found = body.slice(0, body.indexOf('\n}')).matchAll(/pub const (\w+): u(?:8|32) = (\d+);/g);
  return new Map([...found].map(([, name, number]) => [name!.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase()), Number(number)]));
}

/** An enum as esbuild leaves it: both ways in one object. */
function members(of: object): Map<string, number> {
  return new Map(Object.entries(of).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

for (const [module, ours] of [['op', abi.Op], ['signal', abi.Signal], ['diagnostic', abi.Diagnostic]] as const) {
  test(`${module} has one number for one name in abi.rs and abi.ts`, () => {
    const theirs = numbers(module);
    assert.ok(theirs.size > 3, 'abi.rs could be read');
    assert.deepEqual([...members(ours)].sort(), [...theirs].sort());
  });
}

test('the codes that developers are told are the names of the numbers', () => {
  const kebab = (name: string): string => name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
  for (const [name, number] of members(abi.Diagnostic)) assert.equal(CODES[number], kebab(name));
});

test('a session that is over to the core is over before it', async () => {
  const options = await readFile(new URL('../../../sdk-wasm/src/options.rs', import.meta.url), 'utf8');
  const defaults = [...options.matchAll(/\[1, DAY_MS, ([\d_]+)\]/g)].map(([, number]) => Number(number!.replaceAll('_', '')));
  assert.deepEqual([IDLE_MS, LIFETIME_MS], defaults);
});
