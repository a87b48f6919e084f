/** The end of a client: what features have only counted goes along; what the SDK lost it counts by items; what a list of features leaves out is not worked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outbox, reports, selfReport } from '../src/more.js';
import { createTestTransport } from '../src/testing.js';
import type { Feature, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
globalThis.fetch = () => Promise.resolve(new Response(null, { status: 202 }));
const { init } = await import('../src/index.js');

const violation = (): boolean =>
  document.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), { effectiveDirective: 'img-src', blockedURI: 'https://cdn.example/a.png' }));

test('what was only counted is told when the client ends', async () => {
  const { transport, events } = createTestTransport();
  const client = init({ url: '/', transport, features: [reports] });
  for (let n = 0; n < 4; n++) violation();
  await client.shutdown();
  const told = events().filter(({ name }) => name === 'farol.report').map(({ attributes }) => (attributes as Record<string, unknown>)['farol.count']);
  assert.deepEqual(told, [undefined, 3]);
});

test('what ends tells in the order in which it began, each in front of its observer’s end', async () => {
  const order: string[] = [];
  const feature: Feature = (sdk) => {
    for (const name of ['first', 'second']) sdk.stops_.push(() => order.push(name));
  };
  await init({ url: '/', transport: () => 202, features: [feature] }).shutdown();
  assert.deepEqual(order, ['first', 'second']);
});

test('of what was lost each item is counted, though it is told once', async () => {
  const { transport, measurements } = createTestTransport();
  const told: string[] = [];
  const client = init({ url: '/', transport, features: [selfReport], limits: { events: 3 }, onDiagnostic: (code) => told.push(code) });
  for (let n = 0; n < 10; n++) client.event('order_placed');
  await client.shutdown();
  assert.deepEqual(told, ['cap-reached']);
  const [own] = measurements().filter(({ type }) => type === 'farol.sdk');
  // The navigation has an event; the session's own is none of the three.
  assert.equal((own!['values'] as Record<string, number>)['cap-reached'], 8);
});

test('no draft is written for an outbox that is not among the features', () => {
  /** The shortest wait that the core asked for, in ms. */
  const least = (options: Partial<Options>): number => {
    const { setTimeout } = globalThis;
    const waits: number[] = [];
    globalThis.setTimeout = ((run: () => void, ms = 0) => (ms && waits.push(ms), setTimeout(run, ms))) as typeof setTimeout;
    try {
      const client = init({ url: '/', consent: 'granted', ...options });
      client.event('order_placed');
      void client.shutdown();
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    return Math.min(...waits);
  };
  const alone: Feature = () => {};
  // Of itself it would look for a database.
  const there = Object.assign(() => {}, outbox) as Feature;
  assert.ok(least({ features: [there] }) <= 500);
  for (const options of [{ features: [alone] }, { features: [alone], outbox: true }, { features: [] }, { features: [there], outbox: false }]) assert.ok(least(options) > 500, JSON.stringify(options));
});
