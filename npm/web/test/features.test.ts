/** How features start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Diagnostic } from '../src/abi.js';
import { createFeatures } from '../src/features.js';
import type { Sdk } from '../src/sdk.js';
import type { Feature } from '../src/types.js';

test('a feature starts once, though its start changes the session', () => {
  const started: string[] = [];
  const features: Feature[] = ['a', 'b', 'c'].map((name) => () => {
    started.push(name);
    if (started.length < 20) more();
  });
  const sdk = { options_: { features, capture: { loads: false } }, guard_: (fn: unknown) => fn, leaves_: () => true, live_: () => true, granted_: () => true } as unknown as Sdk;
  const more = createFeatures(sdk, () => {});
  more();
  more();
  assert.deepEqual(started, ['a', 'b', 'c']);
});

test('every client starts what is brought, though all are brought the same list', () => {
  const started: string[] = [];
  const features: Feature[] = [() => started.push('a'), () => started.push('b')];
  for (let client = 0; client < 2; client++) {
    const sdk = { options_: { features, capture: { loads: false } }, guard_: (fn: unknown) => fn, leaves_: () => true, live_: () => true, granted_: () => true } as unknown as Sdk;
    createFeatures(sdk, () => {})();
  }
  assert.deepEqual(started, ['a', 'b', 'a', 'b']);
});

/** A client whose second file comes when `idle` is called, and how often it was asked for. */
function late(state: { over_?: boolean; leaves: boolean; left?: boolean }) {
  const idle: (() => void)[] = [];
  let brought = 0;
  const sdk = {
    options_: { outbox: true, capture: { loads: false } }, guard_: (fn: unknown) => fn, live_: () => true, later_: (run: () => void) => idle.push(run), name_: 'n',
    get over_() { return state.over_; }, leaves_: () => state.leaves, granted_: () => state.leaves || state.left, store_: { getItem: () => (state.left ? '1' : null) },
  } as unknown as Sdk;
  const more = createFeatures(sdk, (done) => {
    brought++;
    done([]);
  });
  return { more, idle: () => idle.splice(0).forEach((run) => run()), brought: () => brought };
}

test('after a no while the page is busy no file is asked for; a yes brings it, once', () => {
  const state = { leaves: true };
  const { more, idle, brought } = late(state);
  more();
  state.leaves = false;
  more();
  idle();
  assert.equal(brought(), 0);
  state.leaves = true;
  more();
  more();
  idle();
  assert.equal(brought(), 1);
  more();
  idle();
  assert.equal(brought(), 1);
});

test('a no and a yes within the same busy second bring one file', () => {
  const state = { leaves: true };
  const { more, idle, brought } = late(state);
  more();
  state.leaves = false;
  more();
  state.leaves = true;
  more();
  idle();
  idle();
  assert.equal(brought(), 1);
});

test('what asks others waits for the visitor’s yes, and the rest does not', () => {
  const started: string[] = [];
  const features = [Object.assign(() => started.push('config'), { agreed_: true }), () => started.push('clicks')];
  let granted = false;
  const sdk = {
    options_: { features, capture: { loads: false } }, guard_: (fn: unknown) => fn, leaves_: () => true, live_: () => true, granted_: () => granted,
  } as unknown as Sdk;
  const more = createFeatures(sdk, () => {});
  more();
  more();
  assert.deepEqual(started, ['clicks']);
  granted = true;
  more();
  more();
  assert.deepEqual(started, ['clicks', 'config']);
});

test('a client that has ended asks for no file, whatever an earlier page has left', () => {
  for (const left of [false, true]) {
    const state = { leaves: !left, left, over_: false };
    const { more, idle, brought } = late(state);
    more();
    state.over_ = true;
    state.leaves = false;
    idle();
    more();
    idle();
    assert.equal(brought(), 0, `left: ${left}`);
  }
});

test('of a list with holes what is a feature starts, in a session that tells nothing too', () => {
  const started: string[] = [];
  const features = [null, undefined, Object.assign(() => started.push('outbox'), { left_: true })] as unknown as Feature[];
  const sdk = {
    options_: { features, outbox: true, capture: { loads: false } }, guard_: (fn: unknown) => fn, leaves_: () => false, live_: () => false, granted_: () => true, name_: 'n', store_: { getItem: () => '1' },
  } as unknown as Sdk;
  createFeatures(sdk, () => {})();
  assert.deepEqual(started, ['outbox']);
});

/** A client whose second file does not come the first so many times, and the window whose events it hears. */
function lost(times: number) {
  const [target, idle, asked, told, started] = [new EventTarget(), [] as (() => void)[], [] as number[], [] as number[], [] as string[]];
  const page = { visibilityState: 'visible' };
  Object.assign(globalThis, { window: target, document: page });
  const sdk = {
    options_: { capture: { loads: false } }, guard_: (fn: unknown) => fn, later_: (run: () => void) => idle.push(run), leaves_: () => true, live_: () => true, granted_: () => true,
    tell_: (code: number) => told.push(code), on_: (on: EventTarget, types: string, listener: () => void) => types.split(' ').forEach((type) => on.addEventListener(type, listener)),
  } as unknown as Sdk;
  const more = createFeatures(sdk, (done, tries) => {
    asked.push(tries);
    done(tries < times ? undefined : [() => started.push('a')]);
  });
  const rest = () => idle.splice(0).forEach((run) => run());
  more();
  rest();
  return { page, asked, told, started, sdk, more, rest, happens: (type: string) => (target.dispatchEvent(new Event(type)), rest()) };
}

test('a second file that did not come is asked for again once there is a network, and told once', () => {
  const { asked, told, started, happens } = lost(2);
  happens('online');
  assert.deepEqual([asked, started], [[0, 1], []]);
  happens('online');
  assert.deepEqual([asked, started], [[0, 1, 2], ['a']]);
  happens('online');
  assert.deepEqual([asked, started], [[0, 1, 2], ['a']]);
  assert.deepEqual(told, [Diagnostic.FeaturesLost]);
});

test('it is asked for when somebody looks at the page again', () => {
  const { page, asked, happens } = lost(1);
  page.visibilityState = 'hidden';
  happens('visibilitychange');
  assert.deepEqual(asked, [0]);
  page.visibilityState = 'visible';
  happens('visibilitychange');
  assert.deepEqual(asked, [0, 1]);
});

test('two events at once ask for it once', () => {
  const { asked, more, rest, happens } = lost(2);
  more();
  more();
  rest();
  assert.deepEqual(asked, [0, 1]);
  happens('online');
  assert.deepEqual(asked, [0, 1, 2]);
});

test('one that never comes is asked for some times, and no more', () => {
  const { asked, told, happens } = lost(Infinity);
  for (let n = 0; n < 100; n++) happens('online');
  assert.deepEqual([asked.length, told.length], [51, 1]);
});

test('of a client that has ended it is not asked for again', () => {
  const { asked, sdk, happens } = lost(1);
  sdk.over_ = true;
  happens('online');
  assert.deepEqual(asked, [0]);
});
