/** What an earlier page left in the origin's database goes with a no, though the outbox itself has not come yet. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { IDBFactory } from 'fake-indexeddb';
import type { Client, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
(globalThis as unknown as Record<string, unknown>)['indexedDB'] = new IDBFactory();
const { init } = await import('../src/index.js');
const NAME = 'farol:1:shop';

const names = async (): Promise<(string | undefined)[]> => (await indexedDB.databases()).map(({ name }) => name);
const left = (): Promise<void> => new Promise((done) => {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore('batches');
  request.onsuccess = () => (request.result.close(), done());
});
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
/** Turns that a database may take to go; it takes a few. */
const TURNS = 500;
async function goes(): Promise<boolean> {
  for (let n = 0; n < TURNS; n++) {
    if (!(await names()).includes(NAME)) return true;
    await turn();
  }
  return false;
}

let clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.shutdown();
});
/** The page is never idle: the second file does not come. */
function page(options: Partial<Options> = {}): Client {
  (globalThis as unknown as Record<string, unknown>)['requestIdleCallback'] = () => 1;
  const client = init({ url: '/', app: { name: 'shop' }, ...options });
  clients.push(client);
  return client;
}

test('a no right after the start deletes what an earlier page left', async () => {
  await left();
  const client = page();
  assert.ok(!(await goes()), 'a start leaves it');
  client.setConsent('denied');
  assert.ok(await goes());
});

test('so does a start with a no, and a no to a question that waited', async () => {
  await left();
  page({ consent: 'denied' });
  assert.ok(await goes());
  await left();
  const client = page({ consent: 'pending' });
  assert.ok(!(await goes()), 'before the answer nothing is removed');
  client.setConsent('denied');
  assert.ok(await goes());
});
