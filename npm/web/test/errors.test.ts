/** What errors cost in a loop, and that all of them are counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Op } from '../src/abi.js';
import { createErrors, foreign, ONLY_COUNTED } from '../src/observe/errors.js';
import { page, patch } from '../src/page.js';
import type { Sdk } from '../src/sdk.js';

const LOOP = 100_000;

/** Handles an error for each number below `LOOP`. */
function loop(message: (n: number) => string, more: Partial<Sdk> = {}) {
  const seen = { read: 0, told: 0, same: 0, counted: 0 };
  const capture = createErrors({
    live_: () => true,
    count_: (what: string) => what === ONLY_COUNTED && seen.counted++,
    put_: (op: Op) => void (op === Op.Exception ? seen.told++ : seen.same++),
    ...more,
  } as unknown as Sdk);
  for (let n = 0; n < LOOP; n++) {
    const text = message(n);
    capture({ name: 'Error', message: text, toString: () => text, get stack() { seen.read++; return ''; } }, 'onerror', 0, { message: text });
  }
  return seen;
}

/** `performance.now` stands still meanwhile: one window of time. */
function still<T>(run: () => T): T {
  const { now } = performance;
  performance.now = () => 5;
  try {
    return run();
  } finally {
    performance.now = now;
  }
}

test('of errors in a loop that alternate, or that count, some are told and the rest is only counted', () => {
  for (const message of [(n: number) => `turn ${n % 2}`, (n: number) => `item ${n}`]) {
    const { read, told, same, counted } = still(() => loop(message));
    assert.equal(told + same + counted, LOOP);
    assert.ok(told <= 100 && same === 0, `${told} ${same}`);
    assert.equal(read, told, 'a stack is read of those alone');
  }
});

test('equal ones are counted as what they are', () => {
  assert.deepEqual(still(() => loop(() => 'again')), { read: 20, told: 20, same: LOOP - 20, counted: 0 });
});

test('what is no `Error` is another one where it is called otherwise: by its name, its message, its class, its members', () => {
  class Refused {}
  const bare = (message: string): object => Object.assign(Object.create(null), { message });
  for (const [often, once] of [
    [() => ({ message: 'poll failed' }), { message: 'card refused' }], [() => ({ name: 'A', message: 'x' }), { name: 'B', message: 'x' }],
    [() => bare('one'), bare('other')], [() => ({}), new Refused()], [() => ({ code: 1 }), { status: 2 }],
    [() => 'a', 'b'], [() => null, undefined], [() => Symbol('a'), Symbol('b')],
  ] as [() => unknown, unknown][]) {
    const told: Op[] = [];
    const capture = createErrors({ live_: () => true, count_() {}, put_: (op: Op) => void told.push(op) } as unknown as Sdk);
    still(() => {
      for (let n = 0; n < 22; n++) capture(often(), 'api', 0);
      capture(once, 'api', 0);
    });
    assert.deepEqual(told, [...Array(20).fill(Op.Exception), Op.Suppressed, Op.Suppressed, Op.Exception]);
  }
});

test('beyond the cap of the session nothing is read and the core is not entered', () => {
  for (const message of [() => 'again', (n: number) => `item ${n}`]) {
    assert.deepEqual(loop(message, { capped_: 1 }), { read: 0, told: 0, same: 0, counted: LOOP });
  }
});

test('an error that is handed over, or written, and thrown as well is one; thrown again it is counted again', () => {
  const told: string[] = [];
  const capture = createErrors({
    live_: () => true,
    count_: () => {},
    place_: (w: unknown) => w,
    put_: () => void told.push('one'),
  } as unknown as Sdk);
  const error = new Error('x');
  for (const mechanism of ['api', 'onerror', 'console', 'api'] as const) capture(error, mechanism, 0);
  assert.equal(told.length, 2);
  capture(new Error('x'), 'onerror', 0);
  assert.equal(told.length, 3);
  // Of a value that is no object nobody knows whether it is the same one.
  for (const mechanism of ['api', 'onerror'] as const) capture('text', mechanism, 0);
  assert.equal(told.length, 5);
});

/** What each engine writes: the stack of what a layer calls, that of a failure, and what is left of it. */
const STACKS: Record<string, [inside: string, failed: string, left: string]> = {
  'V8': [
    'Error\n    at made (https://a.example/farol.js:2:900)\n    at Object.fetch (https://a.example/farol.js:2:365)\n    at safe (https://a.example/farol.js:2:70)',
    'TypeError: Failed to fetch\n    at fetch (https://a.example/farol.js:2:365)\n    at load (https://a.example/cart.js:1:32)\n    at async show (https://a.example/farol.js:2:3650)',
    'TypeError: Failed to fetch\n    at load (https://a.example/cart.js:1:32)\n    at async show (https://a.example/farol.js:2:3650)',
  ],
  'SpiderMonkey': [
    'made@https://a.example/npm/x@1/farol.js:2:900\nfetch@https://a.example/npm/x@1/farol.js:2:365\nsafe@https://a.example/npm/x@1/farol.js:2:70\n',
    'fetch@https://a.example/npm/x@1/farol.js:2:365\nload@https://a.example/cart.js:1:32\n@https://a.example/npm/x@1/farol.js:2:36\n',
    'load@https://a.example/cart.js:1:32\n@https://a.example/npm/x@1/farol.js:2:36\n',
  ],
  'JavaScriptCore': [
    'made@https://a.example/farol.js:2:900\napply@[native code]\nf@https://a.example/farol.js:2:365\nsafe@https://a.example/farol.js:2:70',
    'send@[native code]\nsend@https://a.example/farol.js:2:365\nload@https://a.example/cart.js:1:32',
    'send@[native code]\nload@https://a.example/cart.js:1:32',
  ],
  'a page that keeps no stacks': ['Error', 'TypeError: Failed to fetch', 'TypeError: Failed to fetch'],
};

for (const [engine, [inside, failed, left]] of Object.entries(STACKS)) {
  test(`the frame of a layer of ours is left out of a stack: ${engine}`, () => {
    const { layers } = page();
    layers['test'] = { native: foreign, root: foreign, wrapper: foreign, subs: [], make: () => () => inside };
    // Of another version, which says nothing of itself.
    layers['other'] = { native: foreign, root: foreign, wrapper: foreign, subs: [] };
    assert.equal(foreign(failed), left);
    assert.equal(foreign(''), '');
    delete layers['test'];
    delete layers['other'];
  });
}

test('what a function that we wrap throws, and what it throws later, begins with who called it', async () => {
  const owner = {
    now(): void { throw new TypeError('now'); },
    later(): Promise<void> { return Promise.reject(new TypeError('later')); },
  };
  const stops = (['now', 'later'] as const).map((name) => patch(name, owner, name, () => {}, (native: () => unknown) => function theLayer(this: unknown) { return native.apply(this); }));
  function theCaller(what: () => unknown): unknown { return what(); }
  for (const name of ['now', 'later'] as const) {
    const { stack } = await (async () => theCaller(() => owner[name]()))().then(() => assert.fail(), (error: Error) => error);
    const lines = (text: string) => text.split('\n').filter((line) => /errors\.test/.test(line));
    const [whole, rest] = [lines(stack!), lines(foreign(stack!))];
    assert.deepEqual(rest, [whole[0], ...whole.slice(2)], stack!);
    assert.ok(rest.some((line) => line.includes('theCaller')));
  }
  for (const stop of stops) stop();
});
