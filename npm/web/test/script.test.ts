/** The global of the script tag: whose methods it has. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { createTestTransport } from '../src/testing.js';
import type { Client, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
const folder = mkdtempSync(join(tmpdir(), 'farol-'));
after(() => rmSync(folder, { recursive: true }));
const beside = (name: string): string => pathToFileURL(join(folder, name)).href;
Object.assign(document, { currentScript: { localName: 'script', src: beside('farol-0.1.0.js') + '?built=2026/11', dataset: {} } });
globalThis.fetch = () => Promise.resolve(new Response(null, { status: 202 }));
const root = globalThis as unknown as { Farol: Client & { q: unknown[][]; init(options: Partial<Options>): Client } };
await import('../src/script.js');
const { Farol } = root;
/** As it is before any `init`. */
const idle = { ...Farol };

/** The second file is none of this. */
const begin = (options: Partial<Options> = {}): Client => Farol.init({ url: '/', features: [], session: { storage: 'none' }, ...options });

test('the global and its queue are the first client’s, and once that has ended the next one’s', async () => {
  const [{ transport: one }, { transport: two, events }] = [createTestTransport(), createTestTransport()];
  const first = begin({ transport: one });
  const beside = begin({ transport: one });
  assert.equal(Farol.sessionId(), first.sessionId());
  await Farol.shutdown();
  const second = begin({ transport: two });
  assert.equal(Farol.sessionId(), second.sessionId());
  assert.notEqual(Farol.sessionId(), first.sessionId());
  Farol.event('called');
  Farol.q.push(['event', 'pushed']);
  await Farol.flush();
  const told = events().map(({ name }) => name);
  assert.ok(['called', 'pushed'].every((name) => told.includes(name)), String(told));
  // One of the page's own changes nothing.
  await beside.shutdown();
  await second.shutdown();
  begin({ transport: one });
  assert.notEqual(Farol.sessionId(), second.sessionId());
  await Farol.shutdown();
});

test('where Wasm is forbidden the core comes from beside the script, whatever its address asks for, and by its name `auto` too', async (t) => {
  const asked: string[] = [];
  Object.assign(root, { asked });
  writeFileSync(join(folder, 'farol-nowasm-0.1.0.js'), 'export const instantiate = () => { asked.push(import.meta.url); throw new Error("enough"); };');
  t.mock.method(WebAssembly, 'Module', () => { throw new Error('forbidden'); });
  for (const core of [{}, { core: 'auto' }, { core: undefined }] as Partial<Options>[]) {
    const told = new Promise((done) => begin({ ...core, onDiagnostic: done }));
    assert.equal(await told, 'unsupported');
    assert.deepEqual(asked.splice(0), [beside('farol-nowasm-0.1.0.js')], String(Object.entries(core)));
    await Farol.shutdown();
  }
});

test('where a client that does nothing is all that can be had, that is told', async (t) => {
  const { TextDecoder } = globalThis;
  t.after(() => Object.assign(globalThis, { TextDecoder }));
  Object.assign(globalThis, { TextDecoder: undefined });
  const told: unknown[] = [];
  const client = begin({ onDiagnostic: (...what) => told.push(what) });
  assert.deepEqual(told.map((what) => String(what)), ['unsupported,TypeError: TextDecoder is not a constructor']);
  assert.equal(client.sessionId(), '');
  // There may be nobody to tell, or somebody who throws.
  begin();
  begin({ onDiagnostic() { throw new Error('the page’s own'); } });
});

test('before `init`, or where a tag has no address, its methods do nothing', async () => {
  assert.deepEqual([idle.event('x'), idle.sessionId(), idle.sampled(), idle.withSpan('w', () => 7), await idle.flush()], [undefined, '', false, 7, undefined]);
});

/** Loads the file once more, as another page does whose `Farol` is this one. */
async function again(there: object | undefined, dataset: Record<string, string> = {}): Promise<typeof root.Farol> {
  const { currentScript } = document;
  Object.assign(document, { currentScript: { localName: 'script', src: beside('farol.js'), dataset } });
  if (there) Object.assign(root, { Farol: there });
  try {
    const { buildSync } = await import('esbuild');
    // What a core is made of is none of this.
    const { outputFiles } = buildSync({ entryPoints: [new URL('../src/script.ts', import.meta.url).pathname], bundle: true, format: 'iife', define: { __FAROL_MORE__: '"more.js"' }, target: 'es2022', write: false });
    runInThisContext(outputFiles[0]!.text);
    return root.Farol;
  } finally {
    Object.assign(document, { currentScript });
  }
}

test('a tag is told of what its options are by the function that the queue has beside it', async (t) => {
  const told: unknown[] = [];
  const made = await again({ q: [], onDiagnostic: (...what: unknown[]) => told.push(what) }, { url: 'rum.example.com', app: 'shop' });
  t.after(() => void Object.assign(root, { Farol }));
  assert.deepEqual(told, [['bad-option', 'url']]);
  assert.equal(made.sessionId(), '');
});

test('an element of that name is not taken for the file', async (t) => {
  t.after(() => {
    Object.setPrototypeOf(globalThis, above);
    Object.assign(root, { Farol });
  });
  const above = Object.getPrototypeOf(globalThis) as object;
  // Named elements are members of an object that is above the window.
  Object.setPrototypeOf(globalThis, Object.create(above, { Farol: { configurable: true, writable: true, value: { init: {}, q: {} } } }) as object);
  delete (root as Partial<typeof root>).Farol;
  assert.equal(typeof root.Farol.init, 'object');
  const made = await again(undefined);
  assert.equal(typeof made.init, 'function');
});

test('nothing that is given to it throws into the page', () => {
  for (const given of [undefined, null, { get core() { throw new Error('no'); }, get base() { throw new Error('no'); } }]) {
    assert.doesNotThrow(() => void Farol.init(given as never).shutdown());
  }
});
