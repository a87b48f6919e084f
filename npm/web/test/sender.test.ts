/** Delivery, with a page and a network made for it. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Diagnostic } from '../src/abi.js';
import { page } from '../src/page.js';
import type { Sdk } from '../src/sdk.js';
import { type Batch, createSender, MOST_BATCHES, type Sender } from '../src/send/sender.js';
import type { Options } from '../src/types.js';

interface Posted {
  url: URL;
  init: RequestInit & { headers: Record<string, string> };
  answer(status: number, headers?: Record<string, string>): Promise<void>;
  fail(): Promise<void>;
}

const root = globalThis as unknown as Record<string, unknown>;
root['window'] = globalThis;
root['document'] = { visibilityState: 'visible' };

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

let posted: Posted[];
let told: [number, unknown][];
let timers: [() => void, number][];
let beacons: string[];
let granted: boolean;

beforeEach(() => {
  posted = [];
  told = [];
  timers = [];
  beacons = [];
  granted = true;
  Object.assign(page(), { bytes: 0, flights: 0 });
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { sendBeacon: (url: string) => beacons.push(url) > 0 } });
});

function sender(options: Partial<Options> = {}): Sender {
  const sdk = {
    options_: options, endpoint_: 'https://c.example/collect/k',
    tell_: (code: number, detail: unknown) => told.push([code, detail]),
    granted_: () => granted,
    guard_: (fn: unknown) => fn,
    later_: (run: () => void, ms: number) => timers.push([run, ms]),
    cancel_: () => timers.splice(0),
    on_() {},
  } as unknown as Sdk;
  const made = createSender(sdk, (url: string, init: Posted['init']) => new Promise<Response>((resolve, reject) => {
    posted.push({
      url: new URL(url), init,
      answer: (status, headers = {}) => (resolve(new Response(null, { status, headers })), turn()),
      fail: () => (reject(new TypeError('no network')), turn()),
    });
  }));
  made.open_();
  return made;
}

let count = 0;
const batch = (more: Partial<Batch> = {}): Batch =>
  ({ id_: `b${count++}`, offset_: 0, error_: false, body_: new Uint8Array(100), session_: 's', tries_: 0, flights_: 0, ...more });

test('a batch goes out at once, as a request that needs no preflight', () => {
  sender().add_(batch({ id_: 'x', offset_: 1e15 }));
  const [{ url, init }] = posted as [Posted];
  assert.equal(url.pathname, '/collect/k');
  assert.equal(url.searchParams.get('id'), 'x');
  assert.equal(url.searchParams.get('try'), '1');
  assert.ok(Number(url.searchParams.get('sent')) >= 1e15, 'the page clock wins where it is ahead');
  assert.deepEqual(Object.keys(init.headers), ['content-type']);
  assert.match(init.headers['content-type']!, /^text\/plain/);
});

test('`sent` follows the wall clock where the page clock stood still', () => {
  sender().add_(batch({ offset_: 0 }));
  assert.ok(Number(posted[0]!.url.searchParams.get('sent')) > 1.7e12);
});

test('a failed batch is tried again with the same id, a delivered one is not', async () => {
  const made = sender();
  made.add_(batch({ id_: 'x' }));
  await posted[0]!.fail();
  assert.equal(timers.length, 1);
  assert.equal(posted.length, 1);
  made.settled_(() => {});
  const [run, wait] = timers.pop()!;
  assert.ok(wait > 0 && wait <= 1250, String(wait));
  const now = performance.now();
  const { mock } = await import('node:test');
  const clock = mock.method(performance, 'now', () => now + 2000);
  run();
  clock.mock.restore();
  assert.equal(posted[1]!.url.searchParams.get('id'), 'x');
  assert.equal(posted[1]!.url.searchParams.get('try'), '2');
  await posted[1]!.answer(202);
  assert.equal(timers.length, 0, 'no timer while nothing waits');
  assert.equal(posted.length, 2);
  assert.deepEqual(told, []);
});

test('Retry-After is honoured, hidden or not', async () => {
  const made = sender();
  made.add_(batch());
  await posted[0]!.answer(429, { 'retry-after': '30' });
  assert.ok(timers[0]![1] > 29_000 && timers[0]![1] <= 30_000, String(timers[0]![1]));
  made.hidden_(true, () => {});
  assert.equal(posted.length, 1);
});

test('a refusal for good drops the batch and tells it once', async () => {
  for (const status of [400, 401, 403, 404, 413]) {
    told = [];
    posted = [];
    sender().add_(batch());
    await posted[0]!.answer(status);
    assert.deepEqual(told, [[Diagnostic.BatchRefused, status]]);
    assert.equal(timers.length, 0);
  }
});

test('past its bounds the oldest without an exception goes first, and is told', () => {
  const made = sender();
  made.add_(batch({ id_: 'error', error_: true }));
  for (let i = 1; i < MOST_BATCHES; i++) made.add_(batch());
  assert.deepEqual(told, []);
  made.add_(batch());
  assert.deepEqual(told, [[Diagnostic.BatchDropped, undefined]]);
  made.add_(batch({ body_: new Uint8Array(1 << 20) }));
  assert.ok(told.length > MOST_BATCHES - 3, 'bytes are bounded too');
});

test('while the page is visible few requests are under way at once', () => {
  const made = sender();
  for (let i = 0; i < 10; i++) made.add_(batch());
  assert.equal(posted.length, 3);
});

test('on hidden what waits goes by keepalive within the budget of the page, then by beacon, then waits', async () => {
  const made = sender();
  made.hidden_(false, () => {
    for (let i = 0; i < 4; i++) made.add_(batch({ body_: new Uint8Array(20_000) }));
  });
  assert.deepEqual(posted.map(({ init }) => init.keepalive), [true, true, true]);
  assert.equal(page().bytes, 60_000);
  assert.equal(beacons.length, 1);
  for (const one of posted) await one.answer(202);
  assert.equal(page().bytes, 0);
  assert.equal(page().flights, 0);
});

test('what is under way when the page is left is sent once more, by what outlives it', () => {
  const made = sender();
  made.add_(batch({ id_: 'x' }));
  made.hidden_(false, () => {});
  assert.equal(posted.length, 1, 'a hidden page lives on');
  made.hidden_(true, () => {});
  assert.deepEqual(posted.map(({ url, init }) => [url.searchParams.get('id'), url.searchParams.get('try'), init.keepalive]), [['x', '1', false], ['x', '2', true]]);
  made.hidden_(true, () => {});
  assert.equal(posted.length, 2);
});

test('the Faro way has its headers, and leaves the newest out where a network error may be a refused preflight', async () => {
  const made = sender({ protocol: 'faro', key: 'secret' });
  made.add_(batch({ id_: 'x', session_: 'sess' }));
  assert.deepEqual(posted[0]!.init.headers, {
    'content-type': 'application/json', 'x-api-key': 'secret', 'x-faro-session-id': 'sess', 'idempotency-key': 'x',
  });
  assert.equal(posted[0]!.url.search, '');
  await posted[0]!.fail();
  made.hidden_(false, () => {});
  assert.equal(posted[1]!.init.headers['idempotency-key'], undefined);
});

test('what waits when the visitor says no is dropped; when the answer is open, it waits on', async () => {
  for (const denied of [true, false]) {
    posted = [];
    timers = [];
    granted = true;
    const made = sender();
    made.add_(batch({ id_: 'x' }));
    await posted[0]!.fail();
    granted = false;
    made.gate_(denied);
    assert.equal(timers.length, 0);
    made.hidden_(true, () => {});
    await new Promise<void>((done) => made.settled_(done));
    assert.equal(posted.length, 1);
    granted = true;
    made.gate_(false);
    made.hidden_(true, () => {});
    assert.deepEqual(posted.slice(1).map(({ url }) => url.searchParams.get('id')), denied ? [] : ['x']);
  }
});

test('a transport takes the place of the network', async () => {
  const seen: string[] = [];
  const made = sender({ transport: (request) => (seen.push(`${request.id} ${request.attempt}`), Promise.resolve(202)) });
  made.add_(batch({ id_: 'x' }));
  await new Promise<void>((done) => made.settled_(done));
  assert.deepEqual(seen, ['x 1']);
  assert.equal(posted.length, 0);
});

test('a transport that throws or answers nothing is a network that failed', async () => {
  for (const transport of [() => { throw new Error('no'); }, () => undefined, () => Promise.reject(new Error('no'))] as Options['transport'][]) {
    timers = [];
    sender({ transport }).add_(batch());
    await turn();
    assert.equal(timers.length, 1);
  }
});

test('a batch that no browser lets outlive the page is sent as long as the page is there', async () => {
  const made = sender();
  made.hidden_(false, () => made.add_(batch({ body_: new Uint8Array(100_000) })));
  assert.equal(posted[0]!.init.keepalive, false);
  assert.deepEqual(beacons, []);
});
