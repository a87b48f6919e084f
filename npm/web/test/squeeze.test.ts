/** What a page that goes packs by itself is what everybody unpacks. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createSqueeze, squeeze } from '../src/more/squeeze.js';

/** The same numbers on each run, from 0 to below 1. */
function dice(seed: number): () => number {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

const whole = (body: Uint8Array): number => {
  const small = squeeze(body);
  assert.ok(gunzipSync(small).equals(body), `${body.length} bytes`);
  return small.length;
};

test('any bytes come out as they went in', () => {
  const roll = dice(7);
  for (let n = 0; n < 2000; n++) {
    // Few values repeat at once, many seldom; and runs of one another.
    const values = 1 + Math.floor(roll() ** 3 * 256);
    const body = new Uint8Array(512 + Math.floor(roll() * 3000)).map(() => Math.floor(roll() * values));
    for (let copies = Math.floor(roll() * 4); copies--; ) body.copyWithin(Math.floor(roll() * body.length), Math.floor(roll() * body.length));
    whole(body);
  }
});

test('each length and each distance that a match may have', () => {
  for (let length = 4; length < 300; length++) {
    const body = new Uint8Array(1024 + 2 * length).map((_, at) => (at * at + (at >> 5)) & 255);
    body.copyWithin(1024 + length, 3, 3 + length);
    whole(body);
  }
  const roll = dice(11);
  const noise = new Uint8Array(70_000).map(() => roll() * 256);
  for (const distance of [1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 4096, 24_577, 32_766, 32_767, 32_768, 32_769, 65_536]) {
    const body = noise.slice(0, 70_000);
    body.copyWithin(distance + 100, 100, 1000);
    // All of it a copy of what lies that far behind.
    for (let at = distance; at < 40_000; at++) body[at] = body[at - distance]!;
    whole(body);
  }
});

test('events of a session shrink about as much as by the machine’s own gzip', () => {
  const events = Array.from({ length: 60 }, (_, n) => ({ name: 'browser.user_action.click', timestamp: `2026-01-01T00:00:${n % 60}.123Z`, attributes: { 'url.path': `/cart/${n * 37}`, duration: `${n * 13}` } }));
  const body = new TextEncoder().encode(JSON.stringify({ meta: { app: { name: 'shop', version: '1.2.3' } }, events }));
  assert.ok(whole(body) < body.length / 4);
  assert.ok(whole(body) < gzipSync(body).length * 1.5);
});

test('what is small is left as it is, and what would take long; without room all of it', () => {
  const pack = createSqueeze();
  assert.deepEqual([511, 512, 262_144, 262_145].map((size) => !!pack(new Uint8Array(size), 65_536)), [false, true, true, false]);
  assert.deepEqual([0, -1].map((room) => pack(new Uint8Array(1000), room)), [undefined, undefined]);
});

test('after one that does not fit, or does not shrink, no other is packed for a second', () => {
  const body = new Uint8Array(5000);
  const fits = squeeze(body).length;
  const roll = dice(3);
  for (const given of [[body, fits - 1], [body.map(() => roll() * 256), 65_536]] as const) {
    const pack = createSqueeze();
    let now = 5000;
    const clock = mock.method(performance, 'now', () => now);
    assert.equal(pack(body, fits)?.length, fits);
    assert.equal(pack(given[0], given[1]), undefined);
    now += 999;
    assert.equal(pack(body, fits), undefined);
    now += 1;
    assert.equal(pack(body, fits)?.length, fits);
    clock.mock.restore();
  }
});
