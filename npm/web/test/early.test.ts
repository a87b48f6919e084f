/** What waited for the SDK: events and calls, with their times. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { beforeEach, test } from 'node:test';
import { buildSync } from 'esbuild';
import { runInThisContext } from 'node:vm';
import { pickUp } from '../src/early.js';
import type { Sdk } from '../src/sdk.js';
import type { Client } from '../src/types.js';

/** The snippet as it is written; its minified form is looked at in tests/packaging. */
const snippet = buildSync({ entryPoints: [new URL('../src/snippet.ts', import.meta.url).pathname], write: false }).outputFiles[0]!.text;

type Root = EventTarget & { Farol?: any };
let root: Root;
let heard: unknown[][];

beforeEach(() => {
  root = new EventTarget() as Root;
  (globalThis as any).window = root;
  heard = [];
});

/** A client that tells what it is told, and when that was. */
function made(options = {}): [Sdk, Client] {
  const sdk = {
    options_: options, early_: [], stops_: [], guard_: (fn: Function) => (...args: unknown[]) => { try { return fn(...args); } catch {} },
    capture_: (thrown: unknown, mechanism: string) => heard.push([mechanism, thrown, sdk.at_]),
  } as unknown as Sdk;
  const client = new Proxy({}, { get: (_, method) => method === 'toString' ? undefined : (...args: unknown[]) => {
    if (method === 'withSpan') throw new Error('the page’s own');
    heard.push([method, ...args, sdk.at_]);
  } }) as Client;
  return [sdk, client];
}

const fire = (type: string, more: object): Event => {
  const event = Object.assign(new Event(type), more);
  root.dispatchEvent(event);
  return event;
};

test('the snippet keeps errors, rejections and calls with their times, and the SDK takes them once', () => {
  runInThisContext(snippet);
  const error = fire('error', { error: 'boom' });
  const rejection = fire('unhandledrejection', { reason: 'no' });
  root.Farol.event('early', { a: 1 });
  const at = root.Farol.q[0].t;
  assert.ok(at > 0);
  pickUp(...made());
  assert.deepEqual(heard, [['onerror', 'boom', error.timeStamp], ['onunhandledrejection', 'no', rejection.timeStamp], ['event', 'early', { a: 1 }, at]]);
  const [sdk, client] = made();
  pickUp(sdk, client);
  assert.equal(heard.length, 3, 'another client gets nothing');
});

test('what was kept is taken in the order of its times, so that an error has the view and the user of its own', () => {
  (root as any).Farol = { q: [['log', 'before the snippet']] };
  runInThisContext(snippet);
  root.Farol.setView('v');
  fire('error', { error: 'boom' });
  root.Farol.setView('w');
  fire('unhandledrejection', { reason: 'no' });
  const [, v, w] = root.Farol.q.map(({ t }: { t?: number }) => t);
  const [sdk, client] = made();
  pickUp(sdk, client);
  assert.deepEqual(heard.map(([what, name]) => [what, name]), [['log', 'before the snippet'], ['setView', 'v'], ['onerror', 'boom'], ['setView', 'w'], ['onunhandledrejection', 'no']]);
  assert.deepEqual([heard[1]![2], heard[3]![2]], [v, w]);
  assert.equal(sdk.at_, undefined);
});

test('what is called later is made at once and has no time but its own; events are kept no more', () => {
  runInThisContext(snippet);
  const { event } = root.Farol;
  const [sdk, client] = made();
  pickUp(sdk, client);
  event('late');
  root.Farol.q.push(['log', 'one'], ['log', 'two']);
  fire('error', { error: 'boom' });
  assert.deepEqual(heard, [['event', 'late', undefined], ['log', 'one', undefined], ['log', 'two', undefined]]);
  assert.deepEqual([...root.Farol.e], []);
});

test('a page that throws in its own call, pushes nonsense, or has an element of that name harms nothing', () => {
  root.Farol = { q: [['withSpan'], undefined, 5, ['nothing'], ['event', 'x']] };
  Object.assign(root.Farol.q[0], { t: 5 });
  const [sdk, client] = made();
  pickUp(sdk, client);
  assert.deepEqual(heard.filter(([method]) => method === 'event'), [['event', 'x', undefined]]);
  assert.equal(sdk.at_, undefined);
  for (const other of [undefined, { q: 5 }, { tagName: 'A' }]) {
    root.Farol = other;
    pickUp(...made());
  }
});

test('errors that the page does not want are left out, and failed loads go where they wait', () => {
  runInThisContext(snippet);
  fire('error', { error: 'boom' });
  const image = Object.assign(new Event('error'), {});
  root.Farol.e.push(image);
  const [sdk, client] = made({ capture: { errors: false } });
  pickUp(sdk, client);
  assert.deepEqual([heard, sdk.early_], [[], [image]]);
});

test('a page that never gets its SDK keeps a bounded number', () => {
  runInThisContext(snippet);
  for (let i = 0; i < 5000; i++) {
    root.Farol.event('e');
    fire('error', {});
  }
  assert.deepEqual([root.Farol.q.length, root.Farol.e.length], [999, 99]);
});

test('after the SDK the snippet does nothing', () => {
  const own = { init() {} };
  root.Farol = own;
  runInThisContext(snippet);
  assert.deepEqual(Object.keys(own), ['init']);
});

test('docs/sdk.md has the snippet as it is built, and it is no more than 1,000 bytes', async () => {
  const built = await readFile(new URL('../dist/farol-snippet.js', import.meta.url), 'utf8');
  const docs = await readFile(new URL('../../../docs/sdk.md', import.meta.url), 'utf8');
  assert.ok(Buffer.byteLength(built) <= 1000, `${Buffer.byteLength(built)}`);
  assert.ok(docs.includes(`<script>${built.trim()}</script>`));
});
