import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, patch } from '../src/page.js';

type Fn = (n: number) => number;
const make = (native: Fn, subs: ((n: number) => void)[]): Fn => function (this: unknown, n) {
  for (const sub of subs) sub(n);
  return native.call(this, n);
};

test('two subscribers share one wrapper, and the last to leave puts the original back, in either order', () => {
  for (const order of [[0, 1], [1, 0]]) {
    const original: Fn = (n) => n + 1;
    const owner = { f: original };
    const seen: string[] = [];
    const stops = ['a', 'b'].map((name) => patch('test', owner, 'f', (n: number) => seen.push(name + n), make));
    assert.equal(owner.f(1), 2);
    assert.deepEqual(seen, ['a1', 'b1']);
    stops[order[0]!]!();
    stops[order[0]!]!();
    assert.notEqual(owner.f, original);
    stops[order[1]!]!();
    assert.equal(owner.f, original);
    assert.equal(page().layers['test'], undefined);
  }
});

test('where others wrapped us since, our layer goes inert, and wakes for the next client', () => {
  const original: Fn = (n) => n;
  const owner = { f: original };
  let seen = 0;
  const stop = patch('inert', owner, 'f', () => seen++, make);
  const ours = owner.f;
  const theirs: Fn = (n) => ours(n) * 2;
  owner.f = theirs;
  stop();
  assert.equal(owner.f, theirs);
  assert.equal(owner.f(2), 4);
  assert.equal(seen, 0);
  const again = patch('inert', owner, 'f', () => seen++, make);
  owner.f(1);
  assert.equal(seen, 1);
  again();
  owner.f = ours;
});

test('who comes after others have put another function in the place of ours sees its calls once, whether that calls ours or not', () => {
  for (const calls of [true, false]) {
    for (const dead of [true, false]) {
      const original: Fn = (n) => n;
      const owner = { f: original };
      const seen: string[] = [];
      const first = patch('replaced', owner, 'f', () => seen.push('first'), make);
      const ours = owner.f;
      const theirs: Fn = (n) => (calls ? ours : original)(n);
      if (dead) first();
      owner.f = theirs;
      const second = patch('replaced', owner, 'f', () => seen.push('second'), make);
      const third = patch('replaced', owner, 'f', () => seen.push('third'), make);
      owner.f(1);
      assert.deepEqual(seen, ['second', 'third', ...(calls && !dead ? ['first'] : [])]);
      second();
      third();
      assert.equal(owner.f, theirs);
      if (!dead) first();
      assert.equal(owner.f, theirs);
      owner.f = original;
      const last = patch('replaced', owner, 'f', () => seen.push('last'), make);
      owner.f(1);
      assert.equal(seen.pop(), 'last');
      last();
      assert.equal(owner.f, original);
    }
  }
});

test('what came from the prototype comes from it again', () => {
  class Owner { f(n: number) { return n; } }
  const owner = new Owner();
  patch('proto', owner, 'f', () => {}, make)();
  assert.ok(!Object.hasOwn(owner, 'f'));
});

test('what the page does not have is not made up', () => {
  const owner: Record<string, unknown> = {};
  patch('missing', owner, 'f', () => {}, make)();
  assert.deepEqual(Object.keys(owner), []);
});

test('a wrapper has the name and the length of what it wraps', () => {
  const owner = { f(_a: number, _b?: number) {} };
  const stop = patch('named', owner, 'f', () => {}, () => function () {} as typeof owner.f);
  assert.deepEqual([owner.f.name, owner.f.length], ['f', 2]);
  stop();
});
