/** What is left with the browser, to be sent when the page is gone. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createLater } from '../src/more/later.js';
import type { Sdk } from '../src/sdk.js';
import type { Batch } from '../src/send/sender.js';
import type { Options } from '../src/types.js';

const root = globalThis as { fetchLater?: unknown };
let left: { url: string; init: RequestInit }[];
let full = false;

beforeEach(() => {
  left = [];
  full = false;
  root.fetchLater = (url: string, init: RequestInit) => {
    if (full) throw new RangeError('quota');
    left.push({ url, init });
    init.signal!.onabort = () => left.splice(left.findIndex((one) => one.init === init), 1);
  };
});
afterEach(() => {
  delete root.fetchLater;
});

const later = (endpoint = 'https://c.example/collect/k', options: Partial<Options> = {}) => createLater({ endpoint_: endpoint, options_: options } as Sdk);
const batch = (id: string, tries = 1): Batch => ({ id_: id, tries_: tries, flights_: 0, sealed_: Date.now(), body_: new Uint8Array(3) }) as unknown as Batch;

test('a batch stands there once, with its id, the number of its next try, and no time of sending', () => {
  const { arm_: arm, disarm_: disarm } = later();
  const one = batch('a');
  arm(one);
  one.tries_++;
  arm(one);
  assert.deepEqual(left.map(({ url }) => url), ['https://c.example/collect/k?id=a&try=3']);
  assert.equal(left[0]!.init.body, one.body_);
  assert.equal(left[0]!.init.referrerPolicy, 'origin');
  arm(batch('b'));
  disarm(one);
  assert.deepEqual(left.map(({ url }) => /id=(\w)/.exec(url)![1]), ['b']);
  disarm();
  assert.deepEqual(left, []);
  later('/collect?k=1').arm_(one);
  assert.deepEqual(left.map(({ url }) => url), ['/collect?k=1&id=a&try=3']);
});

test('what is old already stays out of alerts, as it does by the page’s own request', () => {
  later().arm_({ ...batch('a'), sealed_: Date.now() - 61_000 });
  assert.equal(new URL(left[0]!.url).searchParams.get('late'), '1');
});

test('nothing goes past the page’s own transport, or without the headers of Faro’s receivers', () => {
  later(undefined, { transport: () => 202 } as unknown as Options).arm_(batch('a'));
  later(undefined, { protocol: 'faro' }).arm_(batch('b'));
  assert.deepEqual(left, []);
});

test('what outlives the page by itself does not go twice', () => {
  const { arm_: arm, leave_: leave } = later();
  const [waits, goes, dies] = [batch('waits'), batch('goes'), batch('dies')];
  for (const one of [waits, goes, dies]) arm(one);
  Object.assign(goes, { flights_: 1, kept_: true });
  Object.assign(dies, { flights_: 1, kept_: false });
  leave();
  assert.deepEqual(left.map(({ url }) => /id=(\w+)/.exec(url)![1]), ['waits', 'dies']);
});

test('where there is no room, or no such thing, nothing is left and nothing is said', () => {
  full = true;
  later().arm_(batch('a'));
  delete root.fetchLater;
  const { arm_: arm, disarm_: disarm, leave_: leave } = later();
  arm(batch('a'));
  leave();
  disarm();
  assert.deepEqual(left, []);
});
