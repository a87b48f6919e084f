/** What pages spoil, one by one, in `hostile-globals-*.test.ts` and `hostile-items-*.test.ts` is all that the SDK's source names. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from './driver/cases.js';
import { USED } from './hostile/globals.js';

test('each global function and class that the source names is in the list', () => {
  const root = new URL('../../npm/web/src/', import.meta.url);
  const sources = (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts') && !/types|testing|worker|no-wasm|snippet|rust-app|load-app/.test(name));
  const known = new Set(USED.flatMap(([owner, name]) => [name, owner.split('.')[0]!]));
  /** The language's own, which a page that spoils it has no use of either. */
  for (const name of 'Error RangeError Object Array Math Date Number String Function Event Element Node HTMLScriptElement'.split(' ')) known.add(name);
  const missing = new Set<string>();
  /** What a page cannot spoil (its own address, prototypes, what the language looks up itself), types, and paths. */
  const fixed = /^location\.|\.(prototype|iterator|js)$|^WebAssembly\.(Memory|Imports)$/;
  // What every document, window and database has of its prototype.
  const inherited: Record<string, string> = { document: 'EventTarget.prototype', indexedDB: 'IDBFactory.prototype' };
  const owners = new RegExp(String.raw`(?<![\w.'"\`$])(${[...new Set([...USED.map(([owner]) => owner), ...Object.keys(inherited), 'Reflect', 'location', 'Number', 'String'])].filter((it) => !/window|prototype/.test(it)).join('|')})\??\.(\w+)`, 'g');
  const listed = new Set(USED.map(([owner, name]) => `${owner}.${name}`));
  for (const name of sources) {
    const text = readFileSync(new URL(name, root), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*|import type.*|^export (type|interface)[^\n]*/gm, '');
    for (const [, found] of text.matchAll(/\bnew ([A-Z]\w+)\(/g)) if (!known.has(found!)) missing.add(`${found} in ${name}`);
    for (const [one, owner, of] of text.matchAll(owners)) {
      if (!listed.has(`${owner}.${of}`) && !listed.has(`${inherited[owner!]}.${of}`) && !fixed.test(one)) missing.add(`${one} in ${name}`);
    }
  }
  for (const alias of ['Native', 'Compress']) for (const one of missing) if (one.startsWith(alias)) missing.delete(one);
  assert.deepEqual([...missing], []);
});
