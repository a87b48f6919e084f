import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Diagnostic, Op } from '../src/abi.js';
import { createPort, type CoreExports } from '../src/core.js';
import { createGuard } from '../src/guard.js';

function fake(take: (op: number, now: number, bytes: string) => void = () => {}): [CoreExports, [number, number, string][]] {
  const memory = { buffer: new ArrayBuffer(1 << 17) };
  const calls: [number, number, string][] = [];
  return [{
    memory,
    buffer: () => 0,
    put(op, now, _wall, length) {
      const text = Buffer.from(memory.buffer, 0, length).toString();
      calls.push([op, now, text]);
      take(op, now, text);
      return Infinity;
    },
  }, calls];
}

function port(): [ReturnType<typeof createPort>, number[]] {
  const told: number[] = [];
  return [createPort({ signal_() {}, deadline_() {}, tell_: (code) => told.push(code), quiet_: { on_: false } }), told];
}

test('what throws behind the guard is told and stays there', () => {
  const told: unknown[] = [];
  const guard = createGuard((code, error) => told.push(code, error), () => {});
  assert.equal(guard(() => { throw 1; })(), undefined);
  assert.deepEqual(told, [0, 1]);
  assert.equal(guard(function (this: number, n: number) { return this + n; }).call(1, 2), 3);
});

test('what is begun behind the guard is begun in the root zone of zone.js', (t) => {
  const scope = globalThis as { Zone?: unknown };
  t.after(() => delete scope.Zone);
  const zones: unknown[] = ['the page'];
  const root = { run(fn: Function, self: unknown, args: unknown[]) {
    zones.unshift(this);
    try {
      return fn.apply(self, args);
    } finally {
      zones.shift();
    }
  } };
  const told: unknown[] = [];
  const guard = createGuard((code, error) => told.push(code, error), () => {});
  const where = guard(function (this: number, n: number) { return [this + n, zones[0]]; });
  assert.deepEqual(where.call(1, 2), [3, 'the page']);
  scope.Zone = { root };
  assert.deepEqual(where.call(1, 2), [3, root]);
  assert.equal(guard(() => { throw 1; })(), undefined);
  assert.deepEqual(told, [0, 1]);
  // An element of that id.
  scope.Zone = {};
  assert.deepEqual(where.call(1, 2), [3, 'the page']);
  // The page's own.
  scope.Zone = { root: '/eu' };
  assert.deepEqual(where.call(1, 2), [3, 'the page']);
});

test('one in sixteen ways through the wall is timed, and what is called within another is the other\'s time', () => {
  const spent: number[] = [];
  const guard = createGuard(() => {}, (ms) => spent.push(ms));
  const inner = guard(() => {});
  const outer = guard(() => {
    inner();
  });
  for (let i = 0; i < 32; i++) outer();
  assert.equal(spent.length, 2);
  assert.ok(spent.every((ms) => ms >= 0));
});

test('calls made before the core is there reach it in order, after its start, with their own times', () => {
  const [made, told] = port();
  made.put(Op.Event, 1, (w) => w.s('a'));
  made.put(Op.Event, 2, (w) => w.s('b'));
  const [core, calls] = fake();
  made.open_(core, (w) => w.b(65));
  made.put(Op.Event, 3);
  assert.deepEqual(calls.map(([op]) => op), [Op.Start, Op.Event, Op.Event, Op.Event]);
  assert.deepEqual(calls.slice(1).map(([, now]) => now), [1, 2, 3]);
  assert.deepEqual(told, []);
});

test('a call made while the core is busy waits for it', () => {
  const [made] = port();
  const [core, calls] = fake((op) => {
    if (op === Op.Flush) made.put(Op.Tick, 9);
    if (op === Op.Flush) assert.equal(calls.length, 2);
  });
  made.open_(core, () => {});
  made.put(Op.Flush, 1);
  assert.deepEqual(calls.map(([op]) => op), [Op.Start, Op.Flush, Op.Tick]);
});

test('what is being written is not written over by calls that the page makes meanwhile', () => {
  const [made] = port();
  const [core, calls] = fake();
  made.open_(core, () => {});
  const page = { toString: () => (made.put(Op.Log, 2, (w) => w.b(66)), 'text') };
  made.put(Op.Event, 1, (w) => w.b(65).s(page));
  assert.deepEqual(calls.slice(1).map(([op, , text]) => [op, text]), [[Op.Log, 'B'], [Op.Event, 'A\x04\0\0\0text']]);
});

test('a call made while nothing is to be told is dealt with in silence, also where it has to wait', () => {
  const quiet = { on_: false };
  const heard: boolean[] = [];
  const made = createPort({ signal_() {}, deadline_() {}, tell_() {}, quiet_: quiet });
  const [core] = fake((op) => {
    heard.push(quiet.on_);
    if (op !== Op.Event) return;
    quiet.on_ = true;
    made.put(Op.Log, 2);
    quiet.on_ = false;
  });
  made.open_(core, () => {});
  made.put(Op.Event, 1);
  made.put(Op.Measurement, 3);
  assert.deepEqual(heard, [false, false, true, false]);
});

test('what waits when it ends is still given to the core, there, busy or late, and nothing after it', () => {
  const [late] = port();
  late.put(Op.Event, 1);
  late.close_(true);
  late.put(Op.Log, 2);
  const [first, early] = fake();
  late.open_(first, () => {});
  late.put(Op.Log, 3);
  assert.deepEqual(early.map(([op]) => op), [Op.Start, Op.Event]);

  const [made] = port();
  const [core, calls] = fake((op) => {
    if (op !== Op.Event) return;
    made.put(Op.Flush, 2);
    made.close_(true);
    made.put(Op.Log, 3);
  });
  made.open_(core, () => {});
  made.put(Op.Event, 1);
  made.put(Op.Log, 4);
  assert.deepEqual(calls.map(([op]) => op), [Op.Start, Op.Event, Op.Flush]);
});

test('what waits for a core is bounded', () => {
  const [made, told] = port();
  for (let i = 0; i < 100; i++) made.put(Op.Event, i, (w) => w.s('x'.repeat(1000)));
  assert.ok(told.length > 20 && told.every((code) => code === Diagnostic.EarlyFull));
});

test('a trap ends the core, is told once, and reaches nobody', () => {
  const [made, told] = port();
  const [core, calls] = fake((op) => {
    if (op === Op.Event) throw new WebAssembly.RuntimeError('unreachable');
  });
  made.open_(core, () => {});
  for (let i = 0; i < 3; i++) made.put(Op.Event, i);
  assert.deepEqual(told, [Diagnostic.CoreLost]);
  assert.equal(calls.length, 2);
});
