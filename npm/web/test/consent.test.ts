/** What is said to `setConsent`, and what no client is made with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestTransport } from '../src/testing.js';
import type { Consent, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
globalThis.fetch = () => Promise.resolve(new Response(null, { status: 202 }));
const { init } = await import('../src/index.js');

const made = (options: Partial<Options> = {}) => {
  const told: string[] = [];
  const { transport, events, requests } = createTestTransport();
  const client = init({ url: '/', transport, features: [], session: { storage: 'none' }, onDiagnostic: (code, detail) => told.push(`${code} ${detail}`), ...options });
  const names = (): unknown[] => events().map(({ name }) => name).filter((name) => String(name).startsWith('said'));
  return { client, told, names, requests };
};

test('what is none of its words takes a yes back, as with `init`', async () => {
  for (const word of ['Denied', 'no', '', false, null, undefined, 1, { toString: () => 'granted' }]) {
    const { client, told, names } = made();
    client.event('said before');
    await client.flush();
    client.setConsent(word as Consent);
    assert.deepEqual(told, ['bad-option consent']);
    client.event('said meanwhile');
    assert.equal(client.traceparent(), '');
    await client.flush();
    assert.deepEqual(names(), ['said before'], String(word));
    client.setConsent('granted');
    await client.shutdown();
    assert.deepEqual(names(), ['said before', 'said meanwhile'], String(word));
  }
});

test('a no stays one, whatever else is said', async () => {
  const { client, told, names } = made({ consent: 'denied' });
  client.setConsent('Granted' as Consent);
  client.event('said under it');
  client.setConsent('granted');
  client.event('said after it');
  await client.shutdown();
  assert.deepEqual([told, names()], [['bad-option consent'], ['said after it']]);
});

test('an address with credentials, which no request can be made to, is none', async () => {
  for (const url of ['http://user:pw@rum.example', 'https://user@rum.example/collect/key', '//user:pw@rum.example', 'https://:pw@rum.example/']) {
    const { client, told } = made({ url });
    assert.deepEqual(told, ['bad-option url'], url);
    await client.shutdown();
  }
  for (const url of ['https://rum.example/a@b', 'https://rum.example?by=a@b', '/@shop', './collect', 'https://rum.example:8443']) {
    const { client, told, names } = made({ url });
    client.event('said');
    await client.shutdown();
    assert.deepEqual([told, names()], [[], ['said']], url);
  }
});
