/** The global of the script tag: whose methods it has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestTransport } from '../src/testing.js';
import type { Client, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
globalThis.fetch = () => Promise.resolve(new Response(null, { status: 202 }));
const root = globalThis as unknown as { Farol: Client & { q: unknown[][]; init(options: Partial<Options>): Client } };
await import('../src/script.js');
const { Farol } = root;

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
