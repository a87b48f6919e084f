/** What apps in Rust call beside the client's own methods. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createEntered } from '../src/entered.js';
import { open } from '../src/rust-app.js';
import type { Joined, Place, Sdk } from '../src/sdk.js';
import type { Options, Span } from '../src/types.js';
import { madeUp } from './any/page.js';

const span = (id: string) => ({ traceId: 'trace', spanId: id }) as Span;

function running() {
  const sdk = {} as Sdk;
  const entered = createEntered();
  entered.join_(sdk);
  return { sdk, entered, now: () => sdk.current_?.span_ };
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

test('a run inside of spans that are not kept any more goes back to itself', () => {
  const { sdk, entered, now } = running();
  const [outer, ...all] = Array.from({ length: 65 }, (_, i) => span(`${i}`)) as [Span, ...Span[]];
  entered.enter_(outer);
  const run: Place = { trace_: 't', span_: 'run' };
  sdk.current_ = run;
  for (const one of all) entered.enter_(one);
  for (const one of all.reverse()) entered.exit_(one);
  assert.equal(now(), 'run');
});

test('after a recursion deeper than what is kept no span of it goes on running', () => {
  for (const depth of [64, 65, 66, 500]) {
    const { sdk, entered, now } = running();
    const outer: Place = { trace_: 't', span_: 'outer' };
    sdk.current_ = outer;
    const all = Array.from({ length: depth }, (_, i) => span(`${i}`));
    for (const one of all) entered.enter_(one);
    for (const one of all.reverse()) entered.exit_(one);
    assert.equal(now(), 'outer', `${depth}`);
  }
});

test('after a panic no span runs, whatever ends or goes back later', async () => {
  const { sdk, entered, now } = running();
  const [a, b] = ['a', 'b'].map(span) as [Span, Span];
  entered.enter_(a);
  const before = sdk.current_;
  entered.enter_(b);
  entered.forget_();
  assert.equal(now(), undefined);
  // What the trap unwinds in JavaScript.
  sdk.current_ = before;
  await undefined;
  assert.equal(now(), undefined);
  entered.exit_(b);
  entered.exit_(a);
  assert.equal(now(), undefined);
  createEntered().forget_();
});

test('what an exception of JavaScript ended, which nobody leaves, runs no longer than the code that it unwound', async () => {
  const { sdk, entered, now } = running();
  const [dead, next] = ['dead', 'next'].map(span) as [Span, Span];
  entered.enter_(dead);
  assert.equal(now(), 'dead');
  await undefined;
  assert.equal(now(), undefined);
  entered.enter_(next);
  assert.equal(sdk.current_!.span_, 'next');
  entered.exit_(next);
  assert.equal(now(), undefined);
  entered.enter_(dead);
  await undefined;
  assert.equal(now(), undefined, 'each time');
});

test('before there is a client no span is the running one', () => {
  const entered = createEntered();
  const [a, b] = ['a', 'b'].map(span) as [Span, Span];
  entered.enter_(a);
  const sdk = {} as Sdk;
  entered.join_(sdk);
  assert.equal(sdk.current_, undefined);
  entered.enter_(b);
  entered.exit_(b);
  entered.exit_(a);
  assert.equal(sdk.current_, undefined);
});

test('an error is told by its type, also where the page has frozen what errors have in common', () => {
  const before = Object.getOwnPropertyDescriptor(Error.prototype, 'name')!;
  Object.defineProperty(Error.prototype, 'name', { writable: false });
  try {
    // On a server, as here, the client does nothing.
    const app = open({ url: '' }, {} as WebAssembly.Memory, () => {}, () => 0, () => 0);
    const error = app.failure('shop::Empty', 'no bread', ['sold out'], '');
    assert.deepEqual([error.name, error.message, (error.cause as Error).message], ['shop::Empty', 'no bread', 'sold out']);
  } finally {
    Object.defineProperty(Error.prototype, 'name', before);
  }
});

/** What the adapters get of an app's options. */
function given(options: object) {
  const all = { url: '', ...options } as Options;
  open(all, {} as WebAssembly.Memory, () => {}, () => 0, () => 0);
  return all;
}

test('the place in the source is the top frame of an error, below type and message', () => {
  const app = open({ url: '' }, {} as WebAssembly.Memory, () => {}, () => 0, () => 0);
  for (const message of ['no bread', '', 'two\nlines']) {
    const lines = app.failure('shop::Empty', message, [], 'src/shop.rs:12:5').stack!.split('\n');
    const head = `shop::Empty: ${message}`.split('\n');
    assert.deepEqual(lines.slice(0, head.length + 1), [...head, '    at src/shop.rs:12 (src/shop.rs:12:5)']);
    assert.match(lines[head.length + 1]!, /failure/);
  }
  assert.match(app.failure('panic', 'm', [], '').stack!, /^Error: m\n/);
});

test('expressions of Rust are made into those of JavaScript wherever patterns can stand', () => {
  const expression = [{ regex: '^app-' }, 'text'];
  const options = given({ propagateTo: expression, denyUrls: expression, capture: { userTiming: expression, resources: { ignore: expression } } });
  const { capture } = options as { capture: { userTiming: unknown; resources: { ignore: unknown } } };
  for (const list of [options.propagateTo, options.denyUrls, capture.userTiming, capture.resources.ignore]) assert.deepEqual(list, [/^app-/, 'text']);
  given({ capture: { userTiming: true, resources: true } });
  given({ capture: null });
});

test('one that is no expression is told, and leaves the others where they are', () => {
  const told: unknown[] = [];
  const { ignoreErrors } = given({ ignoreErrors: ['fine', { regex: '(' }], onDiagnostic: (...what: unknown[]) => told.push(what) });
  assert.deepEqual(told, [['bad-option', 'ignoreErrors']]);
  assert.equal(ignoreErrors!.length, 2);
  assert.equal(ignoreErrors![0], 'fine');
});

test('what a method cannot take is told', () => {
  const told: unknown[] = [];
  const app = open({ url: '', onDiagnostic: (...what: unknown[]) => told.push(what) }, {} as WebAssembly.Memory, () => {}, () => 0, () => 0);
  told.length = 0;
  app.misgiven('capture_js_error');
  assert.deepEqual(told, [['bad-message', 'capture_js_error']]);
});

test('where the page has broken what arrays have in common the app goes on', () => {
  const options: Options = { url: '' };
  const app = open(options, {} as WebAssembly.Memory, () => {}, () => 0, () => 0);
  (options as Joined).join_!({} as Sdk);
  const { map, splice, push, some } = Array.prototype;
  const broken = () => { throw new Error('the page'); };
  Object.assign(Array.prototype, { map: broken, splice: broken, push: broken, some: broken });
  try {
    app.enter(span('a'));
    app.exit(span('a'));
    app.panicked();
  } finally {
    Object.assign(Array.prototype, { map, splice, push, some });
  }
});

test('an app in Rust has each feature of the second file', async () => {
  const read = (name: string) => readFile(new URL(`../src/${name}.ts`, import.meta.url), 'utf8');
  const features = [...(await read('more')).matchAll(/^export const (\w+): Feature =/gm)].map(([, name]) => name!);
  const taken = /const HERE: Feature\[\] = \[(.*)\];/.exec(await read('rust-app'))![1]!.split(', ');
  // The one brings the third file, which is there already; names of options a compiler looks at.
  assert.deepEqual(taken.sort(), [...features.filter((name) => name !== 'extra' && name !== 'names'), '...extra'].sort());
  assert.ok(features.length > 5);
});

test('what docs/rust.md has an app depend on is what the example app depends on', async () => {
  const text = (path: string) => readFile(new URL('../../../' + path, import.meta.url), 'utf8');
  const crates = (toml: string) => [...toml.matchAll(/^(tracing[\w-]*) = .*$/gm)].map(([line]) => line);
  const [docs, example] = [await text('docs/rust.md'), await text('examples/yew/Cargo.toml')];
  assert.deepEqual(crates(docs), crates(example));
  assert.equal(crates(docs).length, 2);
});

test('a span that is entered is the running one also while nothing leaves the page, as in a ring', () => {
  madeUp();
  // The core waits for the visit.
  Object.assign(document, { prerendering: true });
  for (const options of [{ sampleRate: 0, sampling: { ring: true } }, { sampleRate: 0 }, { consent: 'pending' as const }, {}]) {
    const app = open({ url: 'https://c.example', ...options }, {} as WebAssembly.Memory, () => {}, () => 0, () => 0);
    const outer = app.startSpan('outer');
    app.enter(outer);
    assert.equal(app.startSpan('inner').traceId, outer.traceId, JSON.stringify(options));
    app.exit(outer);
    assert.notEqual(app.startSpan('next').traceId, outer.traceId);
    void app.shutdown();
  }
});
