/** What apps in Rust call beside the client's own methods. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createEntered } from '../src/entered.js';
import { open } from '../src/rust-app.js';
import type { Place, Sdk } from '../src/sdk.js';
import type { Span } from '../src/types.js';

const span = (id: string) => ({ traceId: 'trace', spanId: id }) as Span;

function running() {
  const tasks: (() => void)[] = [];
  const sdk = { later_: (run: () => void) => tasks.push(run) } as unknown as Sdk;
  const entered = createEntered();
  entered.join_(sdk);
  return { sdk, entered, tasks, now: () => sdk.current_?.span_ };
}

test('the span entered last is the running one, whatever the order in which they are left', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(span) as [Span, Span, Span];
  for (const order of [[c, b, a], [a, b, c], [b, c, a], [b, a, c], [a, c, b]]) {
    const { entered, now } = running();
    for (const one of [a, b, c]) entered.enter_(one);
    const inside = [a, b, c];
    for (const one of order) {
      entered.exit_(one);
      inside.splice(inside.indexOf(one), 1);
      assert.equal(now(), inside.at(-1)?.spanId, `${order.map(({ spanId }) => spanId).join()}, after ${one.spanId}`);
    }
  }
});

test('one that is entered twice is left twice, and one that was not is not left', () => {
  const { entered, now } = running();
  const a = span('a');
  entered.enter_(a);
  entered.enter_(a);
  entered.exit_(span('b'));
  entered.exit_(a);
  assert.equal(now(), 'a');
  entered.exit_(a);
  entered.exit_(a);
  assert.equal(now(), undefined);
});

test('leaving late changes nothing of what runs by then', () => {
  const { sdk, entered, now } = running();
  const a = span('a');
  entered.enter_(a);
  const other: Place = { trace_: 't', span_: 'other' };
  sdk.current_ = other;
  entered.exit_(a);
  assert.equal(now(), 'other');
});

test('entered without an end they are not kept without end', () => {
  const { entered, now } = running();
  const first = span('first');
  entered.enter_(first);
  for (let i = 0; i < 1000; i++) entered.enter_(span(`${i}`));
  entered.exit_(first);
  assert.equal(now(), '999');
});

test('after a panic no span runs, whatever ends or goes back later', () => {
  const { sdk, entered, tasks, now } = running();
  const [a, b] = ['a', 'b'].map(span) as [Span, Span];
  entered.enter_(a);
  const before = sdk.current_;
  entered.enter_(b);
  entered.forget_();
  assert.equal(now(), undefined);
  // What the trap unwinds in JavaScript.
  sdk.current_ = before;
  for (const task of tasks) task();
  assert.equal(now(), undefined);
  entered.exit_(b);
  entered.exit_(a);
  assert.equal(now(), undefined);
  createEntered().forget_();
});

test('an error is told by its type, also where the page has frozen what errors have in common', () => {
  const before = Object.getOwnPropertyDescriptor(Error.prototype, 'name')!;
  Object.defineProperty(Error.prototype, 'name', { writable: false });
  try {
    // On a server, as here, the client does nothing.
    const app = open({ url: '' }, {} as WebAssembly.Memory, () => {}, () => 0, () => 0);
    const error = app.failure('shop::Empty', 'no bread', ['sold out']);
    assert.deepEqual([error.name, error.message, (error.cause as Error).message], ['shop::Empty', 'no bread', 'sold out']);
  } finally {
    Object.defineProperty(Error.prototype, 'name', before);
  }
});

test('an app in Rust has each feature of the second file', async () => {
  const read = (name: string) => readFile(new URL(`../src/${name}.ts`, import.meta.url), 'utf8');
  const features = [...(await read('more')).matchAll(/^export const (\w+): Feature =/gm)].map(([, name]) => name!);
  const taken = /const HERE: Feature\[\] = \[(.*)\];/.exec(await read('rust-app'))![1]!.split(', ');
  // That one brings the third file, which is there already.
  assert.deepEqual(taken.sort(), [...features.filter((name) => name !== 'extra'), '...extra'].sort());
  assert.ok(features.length > 5);
});
