/** Errors on their way from a worker to its page, with a scope and a page made for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, ErrorInfo } from '../src/types.js';
import { causes } from '../src/observe/describe.js';
import { install, watch } from '../src/worker.js';

const scope = new EventTarget();
Object.assign(globalThis, {
  addEventListener: scope.addEventListener.bind(scope), removeEventListener: scope.removeEventListener.bind(scope), name: 'sums',
});

const thrown = (error: unknown, message = ''): Event => Object.assign(new Event('error'), { error, message });

/** A page that watches the worker, and what it sees of it. */
function page() {
  const worker = new EventTarget();
  const captured: [error: { name: string; message: string; stack: string; errors: object[] }, options: ErrorInfo][] = [];
  const own: unknown[] = [];
  const client = { captureError: (error: never, options: ErrorInfo) => void captured.push([error, options]) } as unknown as Client;
  const stop = watch(client, worker, { part: 'sums' });
  worker.addEventListener('message', (event) => own.push((event as MessageEvent).data));
  const post = (data: unknown): void => void worker.dispatchEvent(Object.assign(new Event('message'), { data: structuredClone(data) }));
  return { worker, captured, own, post, stop };
}

test('an error in a worker comes to the page with its stack and cause, and the page sees no message of ours', () => {
  const { captured, own, post, worker } = page();
  const stop = install({ post });
  const error = new RangeError('far', { cause: new TypeError('why') });
  scope.dispatchEvent(thrown(error));
  worker.dispatchEvent(Object.assign(new Event('error'), { message: 'Uncaught RangeError: far' }));
  scope.dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason: 'a text' }));
  post({ own: 1 });
  post('text');
  assert.deepEqual(own, [{ own: 1 }, 'text']);
  assert.deepEqual(captured.map(([{ name, message }]) => name + ': ' + message), ['RangeError: far', 'string: a text']);
  assert.equal(captured[0]![0].stack, error.stack);
  assert.deepEqual(causes(captured[0]![0]), causes(error));
  assert.deepEqual(captured[0]![1], { handled: false, context: { part: 'sums', 'farol.worker.name': 'sums', 'farol.count': undefined } });
  stop();
  scope.dispatchEvent(thrown(error));
  assert.equal(captured.length, 2);
});

test('deeper causes and the children of an AggregateError come along, and are what the page would see of them itself', () => {
  const { captured, post } = page();
  const stop = install({ post });
  const deep = new Error('a', { cause: new TypeError('b', { cause: new RangeError('c') }) });
  const many = new AggregateError([new Error('one'), new TypeError('two', { cause: 'text' })], 'all');
  for (const error of [deep, many]) scope.dispatchEvent(thrown(error));
  stop();
  assert.deepEqual(captured.map(([error]) => causes(error).map(([, message]) => message)), [['b', 'c'], ['one', 'two', 'text']]);
  assert.deepEqual(captured.map(([error]) => causes(error)), [causes(deep), causes(many)]);
});

test('a port is started, and one that will not is watched all the same', () => {
  let started = 0;
  const client = { captureError() {} } as unknown as Client;
  watch(client, Object.assign(new EventTarget(), { start: () => started++ }));
  watch(client, Object.assign(new EventTarget(), { start() { throw new Error('no'); } }));
  assert.equal(started, 1);
});

test('of a worker without it, what the browser says is taken', () => {
  const { captured, worker, stop } = page();
  worker.dispatchEvent(Object.assign(new Event('error'), { message: 'Uncaught TypeError: bare', filename: 'https://x.example/w.js', lineno: 3, colno: 7 }));
  worker.dispatchEvent(new Event('error'));
  // Firefox' words, and what was thrown and is no error.
  for (const message of ['AbortError: no\nmore', 'Uncaught Error: plain', 'Uncaught 5: five']) worker.dispatchEvent(Object.assign(new Event('error'), { message, filename: 'w.js', lineno: 3, colno: 7 }));
  assert.deepEqual(captured.map(([{ name, message, stack }]) => [name, message, stack]), [
    ['TypeError', 'bare', 'TypeError\n    at https://x.example/w.js:3:7'],
    ['AbortError', 'no\nmore', 'AbortError\n    at w.js:3:7'],
    ['Error', 'plain', 'Error\n    at w.js:3:7'],
    ['Error', '5: five', 'Error\n    at w.js:3:7'],
  ]);
  stop();
  worker.dispatchEvent(Object.assign(new Event('error'), { message: 'after' }));
  assert.equal(captured.length, 4);
});

test('what a worker could only count is told with the last of it, once it is quiet or the worker has stopped', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { post, captured } = page();
  const counts = () => captured.splice(0).map(([{ message }, { context }]) => [message, context!['farol.count']]);
  const stop = install({ post });
  const burst = () => {
    for (let n = 1; n <= 100; n++) scope.dispatchEvent(thrown(new Error(`e${n}`)));
  };
  burst();
  assert.equal(counts().length, 20);
  t.mock.timers.tick(1000);
  assert.deepEqual(counts(), [['e100', 80]]);
  now += 5000;
  scope.dispatchEvent(thrown(new Error('another')));
  assert.deepEqual(counts(), [['another', undefined]]);
  // A worker that is busy is told of its timer late.
  now += 5000;
  burst();
  now += 5000;
  scope.dispatchEvent(thrown(new Error('another')));
  assert.deepEqual(counts().slice(20), [['e100', 80], ['another', undefined]]);
  now += 5000;
  for (let n = 1; n <= 21; n++) scope.dispatchEvent(thrown(new Error(`e${n}`)));
  stop();
  t.mock.timers.tick(1000);
  assert.deepEqual(counts().slice(20), [['e21', undefined]], 'one is no repeat');
});

test('a worker that fails in a loop sends some, and nothing that throws gets out', () => {
  let sent = 0;
  const stop = install({ post() { sent++; throw new Error('closed'); } });
  for (let i = 0; i < 1000; i++) scope.dispatchEvent(thrown(new Error('again')));
  scope.dispatchEvent(thrown(new Proxy({}, { get() { throw new Error('no'); } })));
  stop();
  assert.ok(sent <= 44, String(sent));
  const { post, captured } = page();
  post({ 'farol.error/1': 5 });
  post(null);
  assert.equal(captured.length, 1, 'what is no error of ours is at worst an empty one');
});

test('where there is nothing to listen to the page’s own start goes on', () => {
  const { addEventListener, removeEventListener } = globalThis;
  Object.assign(globalThis, { addEventListener: undefined, removeEventListener: undefined });
  try {
    const client = {} as Client;
    const broken = { addEventListener() { throw new Error('no'); }, removeEventListener() { throw new Error('no'); } };
    for (const stop of [install(), watch(client, undefined), watch(client, broken)]) stop();
  } finally {
    Object.assign(globalThis, { addEventListener, removeEventListener });
  }
});
