import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { mock, test } from 'node:test';
import { causes, describe, idly, own } from '../src/observe/describe.js';

test('an error is its type, message and stack', () => {
  const [type, message, stack] = describe(new RangeError('far'));
  assert.deepEqual([type, message], ['RangeError', 'far']);
  assert.match(stack, /describe\.test/);
});

test('what zone.js wraps is told as what it is, by the handler for Angular in docs/sdk.md', async () => {
  const docs = await readFile(new URL('../../../docs/sdk.md', import.meta.url), 'utf8');
  const given = /handleError\(error: unknown\) \{\s+farol\.captureError\((.+), \{ handled/.exec(docs)![1]!;
  const handed = new Function('error', `return ${given.replace(/ as \{[^}]*\} \| null/, '')}`) as (error: unknown) => unknown;
  const rejection = new TypeError('x');
  const wrapper = Object.assign(new Error(`Uncaught (in promise): TypeError: x\n${rejection.stack}`), { rejection });
  assert.deepEqual(describe(handed(wrapper)).slice(0, 2), ['TypeError', 'x']);
  for (const error of [rejection, 'text', null, undefined]) assert.equal(handed(error), error);
});

test('what is thrown that is no error is described', () => {
  assert.deepEqual(describe('text'), ['string', 'text', '']);
  assert.deepEqual(describe(undefined), ['undefined', 'undefined', '']);
  assert.deepEqual(describe(Symbol('s')), ['symbol', 'Symbol(s)', '']);
  assert.deepEqual(describe({ code: 5, deep: {} }), ['Object', '{code,deep}', '']);
  assert.match(describe(new Event('lost'))[1], /^lost\{/);
});

test('of an object that is thrown the names of its members are told, and nothing that is in them', () => {
  assert.deepEqual(describe({ email: 'joe@x.example', password: 'hunter2' }), ['Object', '{email,password}', '']);
});

test('a long list that is thrown is named, and its members are not looked at', () => {
  const spy = mock.method(Object, 'keys');
  try {
    assert.deepEqual(describe(new Uint8Array(1_000_000)), ['Uint8Array', '{}', '']);
    assert.deepEqual(describe(new Array(1_000_000).fill(1)), ['Array', '{}', '']);
    assert.equal(describe([7, 8])[1], '{0,1}');
    assert.equal(describe({ length: 1_000_000 })[1], '{length}');
    assert.ok(spy.mock.calls.every(({ arguments: [value] }) => !ArrayBuffer.isView(value) && (!Array.isArray(value) || value.length < 100)));
  } finally {
    spy.mock.restore();
  }
});

test('getters and proxies that throw are survived', () => {
  const all = () => {
    throw new Error('no');
  };
  const proxy = new Proxy({}, { get: all, ownKeys: all, getPrototypeOf: all, has: all });
  assert.deepEqual(describe(proxy), ['', '{}', '']);
  assert.deepEqual(causes(proxy), []);
  assert.deepEqual(describe(new Proxy(() => {}, { get: all })), ['function', '', '']);
  assert.equal(describe({ get bad() { return all(); }, ok: 1 })[1], '{bad,ok}');
});

test('the chain of causes and the children of an AggregateError are found once each, within a bound', () => {
  const root = new Error('root');
  const middle = new Error('middle', { cause: root });
  const top = new AggregateError([middle, new TypeError('child')], 'top', { cause: middle });
  assert.deepEqual(causes(top).map(([, message]) => message), ['middle', 'child', 'root']);
  (root as { cause?: unknown }).cause = top;
  assert.equal(causes(top).length, 3);
  assert.equal(causes(new AggregateError(Array.from({ length: 50 }, (_, i) => new Error(`${i}`)))).length, 8);
});

test('of an object that is none nothing is taken, of one with a getter that throws all but that', () => {
  assert.deepEqual({ ...own(null) }, {});
  assert.deepEqual({ ...own({ get bad(): number { throw new Error('no'); }, level: 'warn' }) }, { level: 'warn' });
});

test('what is to run when the page is idle runs once, whatever stands for the idle callback and whatever that answers', () => {
  const root = globalThis as unknown as Record<string, unknown>;
  const stands: ((run: () => void) => unknown)[] = [
    (run) => void waiting.push(run), (run) => (waiting.push(run), 0), (run) => waiting.push(run), (run) => (waiting.push(run, run), 1),
    (run) => { waiting.push(run); throw new Error('no'); }, () => { throw new Error('no'); },
  ];
  let waiting: (() => void)[] = [];
  try {
    for (const stand of [...stands, undefined]) {
      root['requestIdleCallback'] = stand;
      waiting = [];
      let ran = 0;
      idly(() => ran++, ((run: () => void) => waiting.push(run)) as unknown as typeof setTimeout);
      assert.equal(ran, 0);
      for (const run of waiting) run();
      assert.equal(ran, 1, String(stand));
    }
  } finally {
    delete root['requestIdleCallback'];
  }
});
