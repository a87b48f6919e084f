import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWriter } from '../src/writer.js';

const written = (write: (w: ReturnType<typeof createWriter>) => void): Buffer => {
  const writer = createWriter();
  write(writer);
  return Buffer.from(writer.done());
};

test('numbers are little-endian', () => {
  assert.deepEqual(written((w) => w.b(7).u(258).n(1.5)), Buffer.from([7, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]));
});

test('text is its length in bytes and UTF-8', () => {
  for (const text of ['', 'plain', 'até já', '日本', '🗼', 'a🗼b']) {
    const bytes = written((w) => w.s(text));
    assert.equal(bytes.readUInt32LE(0), Buffer.byteLength(text));
    assert.equal(bytes.subarray(4).toString(), text);
  }
});

test('a lone surrogate becomes a replacement character', () => {
  assert.equal(written((w) => w.s('a\ud800b')).subarray(4).toString(), 'a\ufffdb');
});

test('what is no text is written as its text, and nothing as an empty one', () => {
  assert.equal(written((w) => w.s(5)).subarray(4).toString(), '5');
  assert.equal(written((w) => w.s(undefined).s(null)).length, 8);
});

test('attributes keep text, numbers and booleans, and leave out the rest', () => {
  const bytes = written((w) => w.a({ s: 'x', n: 2, t: true, f: false, u: undefined, z: null, o: {} as unknown as string }));
  assert.equal(bytes.readUInt32LE(0), 4);
});

test('an attribute whose getter throws is left out alone', () => {
  const bytes = written((w) => w.a({ get bad(): string { throw new Error('no'); }, ok: 1 }));
  assert.equal(bytes.readUInt32LE(0), 1);
});

test('it grows with what is written, and starts over', () => {
  const writer = createWriter();
  writer.s('é'.repeat(100_000));
  assert.equal(writer.done().length, 200_004);
  assert.equal(writer.reset().b(1).done().length, 1);
});

test('what cannot be text or number is nothing, and what stands around it stays', () => {
  const bad = { toString(): string { throw new Error('no'); } };
  assert.equal(written((w) => w.s(Symbol('x')).s(bad)).subarray(4).toString(), 'Symbol(x)\0\0\0\0');
  assert.equal(written((w) => w.n(5n as unknown as number)).readDoubleLE(0), 5);
  for (const none of [Symbol('x'), bad]) assert.ok(Number.isNaN(written((w) => w.n(none as unknown as number)).readDoubleLE(0)));
});

test('a text of any length takes the memory of two items at most', () => {
  assert.ok(written((w) => w.s('x'.repeat(10_000_000)).s('y'.repeat(10_000_000))).length < 300_000);
});
