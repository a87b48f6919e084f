/** `session.storage: 'visitor'`: when a client looks at what its visitor's other tabs have stored, and what it makes of it. Real tabs: tests/e2e/sessions.test.ts. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Client, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

const stage = madeUp();
const { init } = await import('../src/index.js');
const NAME = 'farol:1:shop';
const stored = (): string => localStorage.getItem(NAME) ?? '';
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

let clients: Client[] = [];
beforeEach(() => {
  for (const name of ['', ':left', ':here']) localStorage.removeItem(NAME + name);
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.shutdown();
});

/** A tab of the visitor's: what it stores it stores when the page's script has run. */
async function tab(options: Partial<Options> = {}): Promise<Client> {
  const client = init({ url: '/', app: { name: 'shop' }, features: [], transport: () => 202, session: { storage: 'visitor' }, ...options });
  clients.push(client);
  await turn();
  return client;
}

/** As another tab stores it: the same text, with a session that began so many ms later. */
function other(by: number, id: string): string {
  const text = stored();
  const began = String(Number(text.slice(2, 15)) + by).padStart(13, '0');
  return text.slice(0, 2) + began + text.slice(15, 32) + id;
}

async function hears(text: string, type = 'storage', key: unknown = NAME): Promise<void> {
  localStorage.setItem(NAME, text);
  stage.dispatch(type, type === 'storage' ? key : undefined);
  await turn();
}

test('a session that began later in another tab is gone over to, and told', async () => {
  const client = await tab();
  const told: string[] = [];
  const tell = (id: string): number => told.push(id);
  // Whoever gives the same function ends only what is his.
  const [off] = [client.onSessionChange(tell), client.onSessionChange(tell)];
  off!();
  assert.equal(stored().slice(32), client.sessionId());
  await hears(other(5, 'aaaaaaaaaaaaaaaa'));
  assert.equal(client.sessionId(), 'aaaaaaaaaaaaaaaa');
  assert.deepEqual(told, ['aaaaaaaaaaaaaaaa']);
});

test('one that began earlier gives way, and what it wrote is written over', async () => {
  const client = await tab();
  const ours = client.sessionId();
  await hears(other(-5, 'ffffffffffffffff'));
  assert.equal(client.sessionId(), ours);
  assert.equal(stored().slice(32), ours);
});

test('of two that began at once the greater id holds', async () => {
  const client = await tab();
  const ours = client.sessionId();
  await hears(other(0, '0000000000000000'));
  assert.equal(client.sessionId(), ours);
  await hears(other(0, 'ffffffffffffffff'));
  assert.equal(client.sessionId(), 'ffffffffffffffff');
});

test('what else is stored in the origin is no matter, and a page that is shown again looks at what it missed', async () => {
  const client = await tab();
  const ours = client.sessionId();
  const text = other(5, 'bbbbbbbbbbbbbbbb');
  await hears(text, 'storage', 'cart');
  assert.equal(client.sessionId(), ours);
  await hears(text, 'pageshow');
  assert.equal(client.sessionId(), 'bbbbbbbbbbbbbbbb');
});

test('before a yes nothing is read or written, and with it the client goes over to the session of all tabs', async () => {
  const first = await tab();
  const theirs = first.sessionId();
  const text = stored();
  const second = await tab({ consent: 'pending' });
  assert.notEqual(second.sessionId(), theirs);
  await hears(text);
  assert.notEqual(second.sessionId(), theirs);
  assert.equal(stored(), text);
  second.setConsent('granted');
  await turn();
  const ids = [first.sessionId(), second.sessionId()];
  assert.equal(stored().slice(32), second.sessionId());
  await hears(stored());
  assert.equal(first.sessionId(), second.sessionId(), String(ids));
});

test('after a no nothing is stored, and nothing that other tabs store is taken', async () => {
  const client = await tab();
  const text = other(5, 'cccccccccccccccc');
  client.setConsent('denied');
  await turn();
  assert.equal(stored(), '');
  await hears(text);
  assert.notEqual(client.sessionId(), 'cccccccccccccccc');
});

test('a yes that is said once more changes nothing: two tabs that say it to each other write nothing over', async () => {
  const client = await tab({ consent: 'granted' });
  const text = stored();
  const active = String(Number(text.slice(16, 29)) + 5).padStart(13, '0');
  const theirs = text.slice(0, 16) + active + text.slice(29);
  await hears(theirs);
  client.setConsent('granted');
  await turn();
  assert.equal(stored(), theirs);
});

test('a bound of the session that is no number and cannot be made one keeps nothing back', async () => {
  let bodies = '';
  const transport: Options['transport'] = ({ body }) => ((bodies += new TextDecoder().decode(body)), 202);
  await tab();
  const client = await tab({ transport, session: { storage: 'visitor', idleMs: { toString: undefined, valueOf: undefined } as unknown as number } });
  client.event('kept');
  await client.flush();
  assert.match(bodies, /"kept"/);
});
