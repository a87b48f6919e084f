/** Delivery, with a page and a network made for it. */
import assert from 'node:assert/strict';
import { beforeEach, mock, test, type TestContext } from 'node:test';
import { Diagnostic } from '../src/abi.js';
import { page } from '../src/page.js';
import { createNetwork, KEEPALIVE_BYTES, UNFIT } from '../src/send/network.js';
import type { Sdk } from '../src/sdk.js';
import { type Batch, createSender, MOST_AGE, MOST_BATCHES, MOST_BYTES, type Outbox, type Sender } from '../src/send/sender.js';
import { split } from '../src/more/split.js';
import type { Options } from '../src/types.js';

interface Posted {
  url: URL;
  init: RequestInit & { headers: Record<string, string> };
  answer(status: number, headers?: Record<string, string>, redirected?: boolean): Promise<void>;
  fail(): Promise<void>;
}

const root = globalThis as unknown as Record<string, unknown>;
root['window'] = globalThis;
root['document'] = { visibilityState: 'visible' };

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

let posted: Posted[];
let told: [number, unknown][];
let lost: number;
let timers: [() => void, number][];
let beacons: string[];
let granted: boolean;
let listeners: Record<string, () => void>;

beforeEach(() => {
  posted = [];
  told = [];
  lost = 0;
  timers = [];
  beacons = [];
  granted = true;
  listeners = {};
  Object.assign(page(), { bytes: 0, flights: 0 });
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { sendBeacon: (url: string) => beacons.push(url) > 0 } });
});

/** So many ms later. */
function after<T>(ms: number, work: () => T): T {
  const now = performance.now() + ms;
  const clock = mock.method(performance, 'now', () => now);
  try {
    return work();
  } finally {
    clock.mock.restore();
  }
}

function sender(options: Partial<Options> = {}, outbox?: Outbox, more: Partial<Sdk> = {}): Sender {
  const sdk = {
    options_: options, endpoint_: 'https://c.example/collect/k',
    count_() {},
    tell_(code: number, detail: unknown, items = 1) {
      told.push([code, detail]);
      lost += items;
    },
    granted_: () => granted,
    session_: () => 's',
    guard_: (fn: unknown) => fn,
    later_(run: () => void, ms: number) {
      const timer: [() => void, number] = [run, ms];
      timers.push(timer);
      return timer;
    },
    cancel_(timer: [() => void, number]) {
      timers = timers.filter((other) => other != timer);
    },
    on_(_: object, type: string, run: () => void) {
      listeners[type] = run;
    },
    ...more,
  } as unknown as Sdk;
  const made = createSender(sdk, (url: string, init: Posted['init']) => new Promise<Response>((resolve, reject) => {
    posted.push({
      url: new URL(url), init,
      answer: (status, headers = {}, redirected = false) => {
        resolve(Object.defineProperty(new Response(null, { status, headers }), 'redirected', { value: redirected }));
        return turn();
      },
      fail: () => (reject(new TypeError('no network')), turn()),
    });
  }));
  if (outbox) made.join_(outbox);
  made.open_();
  return made;
}

let count = 0;
const batch = (more: Partial<Batch> = {}): Batch =>
  ({ id_: `b${count++}`, offset_: 0, error_: false, body_: new Uint8Array(100), session_: 's', tries_: 0, flights_: 0, sealed_: Date.now(), ...more });

test('a batch goes out at once, as a request that needs no preflight', () => {
  sender().add_(batch({ id_: 'x', offset_: 1e15 }));
  const [{ url, init }] = posted as [Posted];
  assert.equal(url.pathname, '/collect/k');
  assert.equal(url.searchParams.get('id'), 'x');
  assert.equal(url.searchParams.get('try'), null, 'the first');
  assert.ok(Number(url.searchParams.get('sent')) >= 1e15, 'the page clock wins where it is ahead');
  assert.deepEqual(Object.keys(init.headers), ['content-type']);
  assert.equal(init.headers['content-type'], 'text/plain');
  assert.equal(init.referrerPolicy, 'origin', 'the page’s address is not the network’s');
});

test('`sent` follows the wall clock where the page clock stood still', () => {
  sender().add_(batch({ offset_: 0 }));
  assert.ok(Number(posted[0]!.url.searchParams.get('sent')) > 1.7e12);
});

test('what may have been taken is not tried again once nobody knows its id any more, and is told', async (t) => {
  const removed: string[] = [];
  const outbox = { put_() {}, remove_: ({ id_: id }: Batch) => removed.push(id), room_() {} } as unknown as Outbox;
  const made = sender({}, outbox);
  made.add_(batch({ id_: 'answer lost', items_: 3 }));
  await posted[0]!.fail();
  made.add_(batch({ id_: 'never sent' }));
  // The lid was closed: the page's clock stood still.
  const now = Date.now() + MOST_AGE + 1000;
  t.mock.method(Date, 'now', () => now);
  after(2000, timers.pop()![0]);
  assert.deepEqual(posted.slice(1).map(({ url }) => url.searchParams.get('id')), ['never sent']);
  assert.deepEqual([told, lost, removed], [[[Diagnostic.BatchDropped, undefined]], 3, ['answer lost']]);
  await posted[1]!.answer(202);
  assert.deepEqual([posted.length, timers.length], [2, 0]);
});

test('a batch that is hidden away too old is dropped once, though the page asks for more when it is told', async (t) => {
  const made: Sender = sender({}, undefined, {
    tell_() {
      lost++;
      made.settled_(() => {});
    },
  } as unknown as Partial<Sdk>);
  made.add_(batch());
  await posted[0]!.fail();
  const now = Date.now() + MOST_AGE + 1000;
  t.mock.method(Date, 'now', () => now);
  made.hidden_(true, () => {});
  assert.deepEqual([posted.length, lost], [1, 1]);
});

test('a failed batch is tried again with the same id, a delivered one is not', async () => {
  const made = sender();
  made.add_(batch({ id_: 'x' }));
  await posted[0]!.fail();
  assert.equal(timers.length, 1);
  assert.equal(posted.length, 1);
  const [run, wait] = timers.pop()!;
  assert.ok(wait > 0 && wait <= 1250, String(wait));
  after(2000, run);
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

test('what the collector asked for holds in the outbox too: of what waited before that came, and of what is told meanwhile', async () => {
  const waits: [string, number, number][] = [];
  const put_ = ({ id_ }: Batch, wait: number, until: number) => waits.push([id_, wait && wait - Date.now(), until - Date.now()]);
  const made = sender();
  made.add_(batch({ id_: 'x' }));
  await posted[0]!.answer(503, { 'retry-after': '600' });
  made.join_({ put_, look_() {} } as unknown as Outbox);
  made.gate_(false);
  made.add_(batch({ id_: 'draft', draft_: 4 }));
  made.add_(batch({ id_: 'y' }));
  assert.deepEqual(waits.map(([id]) => id), ['x', 'x', 'draft', 'y']);
  for (const [id, wait, until] of waits) assert.ok(wait > 590_000 && wait <= 600_000 && until > wait, `${id} ${wait} ${until}`);
});

test('what the collector asked for stands, whatever it answers to what was under way beside it', async () => {
  const made = sender();
  for (const id_ of ['asked', 'beside', 'refused']) made.add_(batch({ id_ }));
  await posted[0]!.answer(429, { 'retry-after': '60' });
  await posted[1]!.answer(202);
  await posted[2]!.answer(400);
  made.add_(batch());
  made.hidden_(true, () => {});
  assert.equal(posted.length, 3);
  after(60_001, timers.pop()![0]);
  assert.equal(posted[3]!.url.searchParams.get('id'), 'asked');
  await posted[3]!.answer(202);
  assert.equal(posted.length, 5);
});

test('what the collector asked for stands, whatever fails beside it', async () => {
  const waits: [string, number, number][] = [];
  const put_ = ({ id_ }: Batch, wait: number, until: number) => waits.push([id_, wait && wait - Date.now(), until - Date.now()]);
  const made = sender({}, { put_, remove_() {}, room_() {} } as unknown as Outbox);
  for (const id_ of ['asked', 'away', 'broken']) made.add_(batch({ id_ }));
  await posted[0]!.answer(429, { 'retry-after': '60' });
  waits.length = 0;
  await posted[1]!.fail();
  await posted[2]!.answer(502);
  made.hidden_(true, () => {});
  made.settled_(() => {});
  assert.equal(posted.length, 3);
  made.add_(batch({ id_: 'later' }));
  assert.deepEqual(waits.map(([id]) => id), ['away', 'broken', 'later']);
  for (const [id, wait, until] of waits) assert.ok(wait > 59_000 && wait <= 60_000 && until > wait, `${id} ${wait} ${until}`);
  after(59_000, timers.pop()![0]);
  assert.equal(posted.length, 3);
  after(60_001, timers.pop()![0]);
  assert.equal(posted.length, 4, 'after failures one request feels the way');
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

test('an outbox that comes after the refusal of a key keeps and takes nothing', async () => {
  const asked: string[] = [];
  const made = sender();
  made.add_(batch());
  await posted[0]!.answer(403);
  made.join_(new Proxy({}, { get: (_, name) => () => asked.push(String(name)) }) as Outbox);
  made.add_(batch({ draft_: 4 }));
  made.add_(batch());
  assert.deepEqual(asked, ['hush_']);
});

test('a layer of the page’s that throws, or gives what is no more than a thenable, keeps no room from what is sent later', async () => {
  let calls = 0;
  const answers: (() => unknown)[] = [() => { throw new Error('no'); }, () => ({ then: (done: (status: number) => void) => done(202) })];
  const network = createNetwork(() => answers[calls++ % 2]!(), false, {});
  for (let n = 0; n < 4; n++) {
    const answer = await Promise.resolve(network('/', new Uint8Array(9), {}, KEEPALIVE_BYTES, () => true)).catch(() => 'threw');
    assert.equal(answer, n % 2 ? 202 : 'threw');
    assert.deepEqual([page().bytes, page().flights], [0, 0]);
  }
});

test('past its bounds the oldest without an exception goes first, and is told', () => {
  const made = sender();
  made.add_(batch({ id_: 'error', error_: true }));
  for (let i = 1; i < MOST_BATCHES; i++) made.add_(batch({ items_: 7 }));
  assert.deepEqual(told, []);
  made.add_(batch());
  assert.deepEqual(told, [[Diagnostic.BatchDropped, undefined]]);
  assert.equal(lost, 7, 'each item is counted');
  made.add_(batch({ body_: new Uint8Array(MOST_BYTES) }));
  assert.ok(told.length > MOST_BATCHES - 3, 'bytes are bounded too');
});

test('while the page is visible few requests are under way at once', () => {
  const made = sender();
  for (let i = 0; i < 10; i++) made.add_(batch());
  assert.equal(posted.length, 3);
});

test('on hidden what waits goes by keepalive within the budget of the page, half of which stays the page’s where there is an outbox; the rest waits', async () => {
  for (const [stored, fit] of [[false, 6], [true, 3]] as const) {
    posted = [];
    timers = [];
    const made = sender({}, stored ? ({ put_() {}, remove_() {}, room_() {} } as unknown as Outbox) : undefined);
    made.hidden_(false, () => {
      for (let i = 0; i < 7; i++) made.add_(batch({ body_: new Uint8Array(10_000) }));
    });
    await turn();
    assert.deepEqual(posted.map(({ init }) => init.keepalive), Array(fit).fill(true));
    assert.equal(page().bytes, fit * 10_000);
    // A beacon would come out of the same budget.
    assert.deepEqual([beacons.length, timers.length], [0, 1]);
    for (const one of posted.slice()) await one.answer(202);
    assert.deepEqual([page().bytes, page().flights], [0, 0]);
    assert.ok(posted.length > fit, 'there is a way again');
  }
});

test('what has failed as the page was hidden is tried again by a plain request: it may never fit', async () => {
  (root['document'] as { visibilityState: string }).visibilityState = 'hidden';
  const made = sender({}, { put_() {}, remove_() {}, room_() {} } as unknown as Outbox);
  made.hidden_(false, () => made.add_(batch({ body_: new Uint8Array(40_000) })));
  await turn();
  assert.equal(posted.length, 0);
  after(2000, timers.pop()![0]);
  (root['document'] as { visibilityState: string }).visibilityState = 'visible';
  assert.deepEqual(posted.map(({ init }) => init.keepalive), [false]);
});

test('what does not fit into what outlives the page was not asked: it is no failure, and no request that is counted', async () => {
  const tally: Record<string, number> = {};
  const claims: [string, number][] = [];
  const put_ = ({ id_ }: Batch, _: number, until: number) => claims.push([id_, until - Date.now()]);
  const made = sender({}, { put_, remove_() {}, room_() {} } as unknown as Outbox, { count_: (what, by = 1) => (tally[what] = (tally[what] || 0) + by) });
  made.add_(batch({ id_: 'first' }));
  await posted[0]!.fail();
  after(2000, timers.pop()![0]);
  await posted[1]!.fail();
  made.hidden_(false, () => {
    for (let n = 0; n < 9; n++) made.add_(batch({ id_: `${n}`, body_: new Uint8Array(30_000) }));
  });
  await turn();
  assert.deepEqual(posted.slice(2).map(({ url }) => url.searchParams.get('id')), ['first', '0']);
  for (const one of posted.slice(2)) await one.fail();
  assert.deepEqual(tally, { requests: 4, retries: 2, bytes: 30_300 });
  // The fourth failure, and not the twelfth.
  assert.ok(timers.length == 1 && timers[0]![1] <= 8250, String(timers[0]![1]));
  // Until its try another page leaves it to this one.
  const [id, until] = claims.at(-1)!;
  assert.ok(id == '0' && until > timers[0]![1], String(until));
});

test('a page that a request was led to has taken nothing, be it there; a collector that was has', async () => {
  for (const [status, redirected, more, waits] of [
    [200, true, {}, true], [202, true, {}, false], [200, false, {}, false], [400, true, {}, false],
    // Receivers of Faro's say 200 to what was led to them; so may what a page's own transport asks.
    [200, true, { protocol: 'faro' }, false], [200, true, { transport: () => ({ status: 200, redirected: true }) }, false],
  ] as [number, boolean, Options, boolean][]) {
    posted = [];
    timers = [];
    told = [];
    const removed: string[] = [];
    const outbox = { put_() {}, remove_: ({ id_ }: Batch) => removed.push(id_), room_() {} } as unknown as Outbox;
    sender(more, outbox).add_(batch({ id_: 'x' }));
    await turn();
    await posted[0]?.answer(status, {}, redirected);
    assert.deepEqual([timers.length, removed], waits ? [1, []] : [0, ['x']], `${status} ${redirected}`);
    assert.equal(told.length, +(status == 400));
  }
});

/** As in Firefox before 133. */
const noKeepalive = (t: TestContext): void => {
  const { prototype } = Request;
  const was = Object.getOwnPropertyDescriptor(prototype, 'keepalive')!;
  Reflect.deleteProperty(prototype, 'keepalive');
  t.after(() => void Object.defineProperty(prototype, 'keepalive', was));
};

test('a beacon is no answer: what it took stays in the outbox, and a request that has one asks when it would be known', async (t) => {
  noKeepalive(t);
  for (const stored of [true, false]) {
    posted = [];
    beacons = [];
    timers = [];
    const calls: string[] = [];
    const outbox = { put_: () => calls.push('put'), remove_: () => calls.push('remove'), room_() {} } as unknown as Outbox;
    const made = sender({}, stored ? outbox : undefined);
    const { visibilityState } = root['document'] as { visibilityState: string };
    (root['document'] as { visibilityState: string }).visibilityState = 'hidden';
    made.hidden_(false, () => made.add_(batch({ id_: 'x' })));
    await turn();
    made.hidden_(true, () => {});
    assert.deepEqual([beacons.length, posted.length], [1, 0]);
    assert.deepEqual(calls.splice(0), stored ? ['put'] : []);
    const [run, wait] = timers.pop()!;
    assert.ok(timers.length === 0 && wait > 29_000 && wait <= 30_000, String(wait));
    // The page lives, and nobody has come back to it.
    after(30_001, run);
    assert.equal(beacons.length, 1);
    assert.deepEqual(posted.map(({ url, init }) => [url.searchParams.get('id'), url.searchParams.get('try'), init.keepalive]), [['x', '2', false]]);
    await posted[0]!.answer(202);
    assert.deepEqual(calls, stored ? ['put', 'remove'] : []);
    (root['document'] as { visibilityState: string }).visibilityState = visibilityState;
  }
});

test('a beacon says nothing of the network: what has failed waits for its time all the same', async (t) => {
  noKeepalive(t);
  const made = sender();
  made.add_(batch({ id_: 'failed' }));
  await posted[0]!.fail();
  made.hidden_(true, () => {});
  await turn();
  assert.equal(beacons.length, 1);
  made.add_(batch({ id_: 'next' }));
  assert.equal(posted.length, 1);
});

test('who waits for all to be tried waits for the try under way, and has what waits for its time tried now', async () => {
  const made = sender();
  let done = 0;
  const wait = (): void => made.settled_(() => done++);
  made.add_(batch());
  await posted[0]!.fail();
  wait();
  assert.deepEqual([posted.length, done], [2, 0]);
  wait();
  assert.deepEqual([posted.length, done], [2, 0]);
  await posted[1]!.fail();
  assert.equal(done, 2);
  wait();
  await posted[2]!.answer(202);
  assert.equal(done, 3);
  wait();
  assert.equal(done, 4, 'nothing waits');
  made.add_(batch());
  await posted[3]!.answer(503, { 'retry-after': '60' });
  wait();
  assert.deepEqual([posted.length, done], [4, 5], 'what the collector asked for stands');
});

test('where the browser knows of no network one try is enough, until it knows of one', async () => {
  const kept: string[] = [];
  const outbox = { put_: ({ id_: id }: Batch) => kept.push(id), remove_() {}, room_() {} } as unknown as Outbox;
  const made = sender({}, outbox);
  Object.assign(navigator, { onLine: false });
  made.add_(batch({ id_: 'a' }));
  assert.equal(posted.length, 1);
  await posted[0]!.fail();
  made.add_(batch({ id_: 'b' }));
  made.hidden_(true, () => made.add_(batch({ id_: 'c' })));
  await new Promise<void>((done) => made.settled_(done));
  assert.deepEqual([posted.length, beacons.length, timers.length], [1, 0, 0]);
  assert.deepEqual([...new Set(kept)], ['a', 'b', 'c']);
  Object.assign(navigator, { onLine: true });
  listeners['online']!();
  const [run, wait] = timers.pop()!;
  assert.ok(wait <= 2_000);
  after(2_000, run);
  assert.equal(posted.length, 2, 'one feels the way');
  await posted[1]!.answer(202);
  assert.equal(posted.length, 4);
});

test('a browser without a network may have a collector on its own machine', async () => {
  for (const endpoint_ of ['http://localhost:8787/collect', 'http://127.0.0.1/collect', 'http://[::1]:8787/collect']) {
    timers = [];
    posted = [];
    Object.assign(navigator, { onLine: false });
    sender({}, undefined, { endpoint_ }).add_(batch());
    await posted[0]!.fail();
    assert.equal(timers.length, 1, endpoint_);
  }
});

test('whoever answers is in a network, whatever the browser says', async () => {
  timers = [];
  posted = [];
  Object.assign(navigator, { onLine: false });
  sender().add_(batch());
  await posted[0]!.answer(503);
  assert.equal(timers.length, 1);
  Object.assign(navigator, { onLine: true });
});

test('what is under way when the page is left is sent once more, by what outlives it', () => {
  const made = sender();
  made.add_(batch({ id_: 'x' }));
  made.hidden_(false, () => {});
  assert.equal(posted.length, 1, 'a hidden page lives on');
  made.hidden_(true, () => {});
  assert.deepEqual(posted.map(({ url, init }) => [url.searchParams.get('id'), url.searchParams.get('try'), init.keepalive]), [['x', null, false], ['x', '2', true]]);
  made.hidden_(true, () => {});
  assert.equal(posted.length, 2);
});

test('what is told once the page is left goes by what outlives it, whatever the page says of itself and however much is under way', async () => {
  const made = sender();
  await (made.add_(batch()), posted[0]!.fail());
  for (let n = 0; n < 3; n++) made.add_(batch());
  assert.equal(posted.length, 1, 'each waits for its time');
  made.hidden_(true, () => made.add_(batch()));
  assert.equal(posted.length, 6);
  for (const id_ of ['own', 'own too']) made.add_(batch({ id_ }));
  assert.equal(posted.length, 8);
  assert.ok(posted.slice(1).every(({ init }) => init.keepalive));
  // It was kept for the way back, or was not left after all.
  for (const one of posted.splice(0)) await one.answer(202);
  after(1500, () => made.add_(batch()));
  assert.deepEqual(posted.map(({ init }) => init.keepalive), [false]);
});

test('who asks for time is given it by a page that is left, too', async () => {
  const made = sender();
  made.add_(batch());
  await posted[0]!.answer(503, { 'retry-after': '60' });
  made.hidden_(true, () => made.add_(batch()));
  made.add_(batch());
  assert.equal(posted.length, 1);
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

test('one outage says nothing of the header, nor does an answer that is a failure', async () => {
  const has = () => posted.map(({ init }) => 'idempotency-key' in init.headers);
  const made = sender({ protocol: 'faro' });
  for (const id_ of ['1', '2', '3']) made.add_(batch({ id_ }));
  await posted[0]!.fail();
  for (const one of posted.slice(1)) await one.fail();
  const before = posted.length;
  made.hidden_(false, () => {});
  for (let n = before; n < posted.length; n++) await posted[n]!.answer(202);
  made.add_(batch({ id_: '4' }));
  assert.equal(has().at(-1), true);
  posted = [];
  const answered = sender({ protocol: 'faro' });
  answered.add_(batch({ id_: '1' }));
  await posted[0]!.answer(503);
  answered.hidden_(false, () => {});
  assert.deepEqual(has(), [true, true]);
});

test('whether a receiver of Faro’s takes the header is found out, and a network that was away for once is none that does not', async () => {
  for (const takes of [true, false]) {
    posted = [];
    const made = sender({ protocol: 'faro' });
    const answered: string[] = [];
    for (let n = 0; n < 6; n++) {
      made.add_(batch({ id_: `${n}` }));
      for (;;) {
        const { init, answer, fail } = posted.at(-1)!;
        const has = 'idempotency-key' in init.headers;
        // The first request of all meets no network.
        if (posted.length == 1 || (has && !takes)) {
          await fail();
          made.hidden_(false, () => {});
          continue;
        }
        await answer(202);
        answered.push(has ? 'with' : 'without');
        break;
      }
    }
    assert.deepEqual(answered, takes ? ['without', 'with', 'with', 'with', 'with', 'with'] : Array(6).fill('without'));
    assert.equal(posted.length, takes ? 7 : 8);
  }
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
    assert.deepEqual([...new Set(posted.slice(1).map(({ url }) => url.searchParams.get('id')))], denied ? [] : ['x']);
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

test('a batch that is too large for its receiver goes in two, and what cannot be divided is refused', async () => {
  // There is no outbox.
  const made = sender({}, undefined, { split_: split });
  const body = (items: number): Uint8Array => new TextEncoder().encode(JSON.stringify({ meta: {}, logs: Array(items).fill({ message: 'm' }) }));
  made.add_(batch({ id_: 'x', body_: body(3), items_: 3 }));
  await posted[0]!.answer(413);
  assert.deepEqual(posted.slice(1).map(({ url }) => url.searchParams.get('id')), ['x.0', 'x.1']);
  await posted[1]!.answer(413);
  assert.deepEqual(told, [[Diagnostic.BatchRefused, 413]]);
  await posted[2]!.answer(400);
  assert.equal(posted.length, 3);
  assert.equal(lost, 3, 'each item is counted');
});

test('a collector that does not want us is told nothing more, and the page once', async () => {
  const kept = new Set<string>();
  const outbox = { put_: ({ id_: id }: Batch) => kept.add(id), remove_: ({ id_: id }: Batch) => kept.delete(id), hush_() {}, room_() {} } as unknown as Outbox;
  const made = sender({}, outbox);
  for (const id of ['x', 'y', 'z']) made.add_(batch({ id_: id }));
  for (const one of posted.slice()) await one.answer(403);
  made.add_(batch());
  made.hidden_(true, () => made.add_(batch()));
  await new Promise<void>((done) => made.settled_(done));
  assert.equal(posted.length, 3);
  assert.deepEqual(told, [[Diagnostic.BatchRefused, 403]]);
  assert.deepEqual([...kept], ['x', 'y', 'z'], 'a page with the right key may deliver them');
});

test('a request is packed, at once where the page is going, but for one to Faro’s receivers', async () => {
  const body_ = new TextEncoder().encode('whole');
  const small = new TextEncoder().encode('less');
  // There is no outbox.
  const more = { pack_: () => Promise.resolve(new Blob(['packed'])), squeeze_: () => small };
  const send = async (made: Sender): Promise<Posted> => {
    posted = [];
    made.add_(batch({ body_ }));
    while (!posted.length) await turn();
    return posted[0]!;
  };
  const { url, init } = await send(sender({}, undefined, more));
  assert.equal(url.searchParams.get('z'), 'gzip');
  assert.equal(await (init.body as unknown as Blob).text(), 'packed');
  assert.equal((await send(sender({ protocol: 'faro' }, undefined, more))).init.body, body_);
  (root['document'] as { visibilityState: string }).visibilityState = 'hidden';
  const going = await send(sender({}, undefined, more));
  const bytes = page().bytes;
  const bare = await send(sender({}, undefined, {}));
  const faro = await send(sender({ protocol: 'faro' }, undefined, more));
  (root['document'] as { visibilityState: string }).visibilityState = 'visible';
  assert.deepEqual([going.url.searchParams.get('z'), going.init.keepalive, going.init.body, bytes], ['gzip', true, small, small.length]);
  for (const one of [bare, faro]) assert.deepEqual([one.url.searchParams.get('z'), one.init.keepalive, one.init.body], [null, true, body_]);
});

test('a body outlives the page packed that would not as it is', () => {
  const asked: number[] = [];
  const network = createNetwork(() => new Promise(() => undefined), false, { squeeze_: (_, room) => (asked.push(room), new Uint8Array(1000)) });
  const send = (): unknown => network('/', new Uint8Array(200_000), {}, KEEPALIVE_BYTES, () => true);
  assert.notEqual(send(), UNFIT);
  assert.notEqual(send(), UNFIT);
  assert.deepEqual([asked, page().bytes, page().flights], [[KEEPALIVE_BYTES, KEEPALIVE_BYTES - 1000], 2000, 2]);
  // Where no further request may be under way, packing it is of no use.
  page().flights = 9;
  send();
  assert.equal(asked.length, 2);
});

test('a no, or none any more, while a body is packed: no request follows', async () => {
  for (const denied of [true, false]) {
    for (const fails of [true, false]) {
      posted = [];
      timers = [];
      granted = true;
      let packed!: () => void;
      const made = sender({}, undefined, { pack_: () => new Promise((done, fail) => (packed = () => (fails ? fail(new Error('no')) : done(new Blob())))) });
      made.add_(batch({ id_: 'x' }));
      granted = false;
      made.gate_(denied);
      packed();
      await turn();
      assert.equal(posted.length, 0);
      granted = true;
      made.gate_(false);
      assert.equal(timers.length, denied ? 0 : 1, 'what is open waits on');
    }
  }
});

test('what waits stands in the outbox until its end is known, and what earlier pages left is sent', async () => {
  const calls: string[] = [];
  const outbox: Outbox = {
    put_: ({ id_: id }, wait) => calls.push(`put ${id}${wait ? ' waits' : ''}`),
    remove_: ({ id_: id }) => calls.push(`remove ${id}`),
    look_() {},
    room_() {},
    hush_: () => calls.push('hush'),
    erase_: () => calls.push('erase'),
  };
  const made = sender({}, outbox);
  made.adopt_([batch({ id_: 'left', tries_: 1, sealed_: Date.now() - 120_000 })]);
  assert.deepEqual([posted[0]!.url.searchParams.get('try'), posted[0]!.url.searchParams.get('late')], ['2', '1']);
  await posted[0]!.answer(202);
  made.add_(batch({ id_: 'x' }));
  assert.equal(posted[1]!.url.searchParams.get('late'), null);
  await posted[1]!.answer(503, { 'retry-after': '5' });
  assert.deepEqual(calls, ['put left', 'remove left', 'put x', 'put x waits']);
  granted = false;
  made.gate_(true);
  assert.equal(calls.pop(), 'erase');
  assert.equal(timers.length, 0);
});

test('past its bounds what stands in the outbox waits there, and is asked for when there is room', async () => {
  const given: string[] = [];
  let rooms = 0;
  const outbox = {
    put_: (one: Batch, _: number, until: number) => (until ? (one.stored_ = true) : given.push(one.id_)),
    remove_() {}, room_: () => rooms++,
  } as unknown as Outbox;
  const made = sender({}, outbox);
  for (let i = 0; i < MOST_BATCHES + 2; i++) made.add_(batch({ id_: `b${i}` }));
  assert.deepEqual(told, []);
  assert.deepEqual(given, ['b3', 'b4'], 'those that are not under way');
  rooms = 0;
  for (let i = 0; i < MOST_BATCHES; i++) await posted[i]!.answer(202);
  assert.equal(rooms, 1);
});

test('pages whose network comes back do not all send at once, and what the collector asked for stands', async () => {
  for (const [headers, most] of [[{}, 2_000], [{ 'retry-after': '60' }, 60_000]] as const) {
    timers = [];
    posted = [];
    sender().add_(batch());
    await posted[0]!.answer(503, headers);
    timers = [];
    listeners['online']!();
    assert.ok(timers[0]![1] <= most && timers[0]![1] > most - 2_001, String(timers[0]![1]));
    assert.equal(posted.length, 1);
  }
});

test('errors go first where not all may outlive the page', () => {
  const made = sender();
  made.hidden_(true, () => {
    for (let i = 0; i < 3; i++) made.add_(batch({ body_: new Uint8Array(30_000) }));
    made.add_(batch({ id_: 'error', error_: true, body_: new Uint8Array(30_000) }));
  });
  assert.equal(posted[0]!.url.searchParams.get('id'), 'error');
});

test('after a no the outbox hears of no answer any more: it would be made again', async () => {
  const calls: string[] = [];
  const outbox = { put_: () => calls.push('put'), remove_: () => calls.push('remove'), erase_: () => calls.push('erase'), room_() {} } as unknown as Outbox;
  const made = sender({}, outbox);
  made.add_(batch());
  granted = false;
  made.gate_(true);
  await posted[0]!.answer(202);
  assert.deepEqual(calls, ['put', 'erase']);
});

test('what fails once the visitor is asked anew stands in memory alone until there is a yes', async () => {
  const calls: string[] = [];
  const outbox = { put_: () => calls.push('put'), look_() {}, room_() {} } as unknown as Outbox;
  const made = sender({}, outbox);
  made.add_(batch());
  granted = false;
  made.gate_(false);
  await posted[0]!.answer(503);
  assert.deepEqual(calls, ['put']);
  granted = true;
  made.gate_(false);
  assert.deepEqual(calls, ['put', 'put']);
});

test('who is not wanted leaves nothing with the browser either', async () => {
  const calls: string[] = [];
  const outbox = { put_() {}, hush_: () => calls.push('hush'), room_() {} } as unknown as Outbox;
  sender({}, outbox).add_(batch());
  await posted[0]!.answer(403);
  assert.deepEqual(calls, ['hush']);
});

test('a draft whose items will be in no batch is taken out of the outbox', () => {
  const calls: string[] = [];
  const outbox = { put_: ({ id_: id }: Batch) => calls.push(`put ${id}`), remove_: ({ id_: id }: Batch) => calls.push(`remove ${id}`), room_() {} } as unknown as Outbox;
  const made = sender({}, outbox);
  made.add_(batch({ id_: 'x', draft_: 4 }));
  made.undraft_();
  made.undraft_();
  assert.deepEqual(calls, ['put x', 'remove x']);
});

test('the parts of a batch that was too large leave the draft of the next one where it is', async () => {
  const calls: string[] = [];
  const outbox = {
    put_: ({ id_: id }: Batch, _: number, __: number, draft?: Batch) => calls.push(`put ${id}${draft ? ` for ${draft.id_}` : ''}`),
    remove_: ({ id_: id }: Batch) => calls.push(`remove ${id}`), room_() {},
  } as unknown as Outbox;
  const made = sender({}, outbox, { split_: (whole) => [0, 1].map((part) => batch({ id_: whole.id_ + '.' + part })) });
  made.add_(batch({ id_: 'x' }));
  made.add_(batch({ id_: 'y', draft_: 4 }));
  await posted[0]!.answer(413);
  made.add_(batch({ id_: 'y' }));
  assert.deepEqual(calls, ['put x', 'put y', 'put x.0', 'put x.1', 'remove x', 'put y for y']);
});

test('a request that outlives its page has an end, too, where the page stays', () => {
  const ends: number[] = [];
  const timeout = mock.method(AbortSignal, 'timeout', (ms: number) => (ends.push(ms), new AbortController().signal));
  const made = sender();
  made.hidden_(true, () => made.add_(batch()));
  timeout.mock.restore();
  assert.deepEqual([posted[0]!.init.keepalive, ends], [true, [30_000]]);
});

test('a batch that is refused twice, by fetch and by what outlives the page, is told once', async () => {
  const made = sender();
  made.add_(batch());
  made.hidden_(true, () => {});
  await posted[0]!.answer(400);
  await posted[1]!.answer(400);
  assert.deepEqual(told, [[Diagnostic.BatchRefused, 400]]);
});

test('a batch one of whose drafts another page took goes by an id that nobody knows', () => {
  const outbox = { put_() {}, room_() {} } as unknown as Outbox;
  const made = sender({}, outbox);
  for (const spent_ of [true, false]) {
    made.add_(batch({ id_: `${spent_}`, draft_: 4, spent_ }));
    made.add_(batch({ id_: `${spent_}` }));
  }
  assert.deepEqual(posted.map(({ url }) => url.searchParams.get('id')), ['truer', 'false']);
});

test('an outbox that comes after the draft is given it, and the batch takes its place', () => {
  const calls: string[] = [];
  const outbox = { put_: ({ id_: id }: Batch, _: number, __: number, draft?: Batch) => calls.push(`put ${id}${draft ? ` for ${draft.id_}` : ''}`), room_() {} } as unknown as Outbox;
  const made = sender();
  made.add_(batch({ id_: 'x', draft_: 4 }));
  made.join_(outbox);
  assert.deepEqual(calls.splice(0), ['put x']);
  made.add_(batch({ id_: 'x' }));
  assert.deepEqual(calls, ['put x for x']);
  const dropped = sender();
  dropped.add_(batch({ id_: 'y', draft_: 4 }));
  dropped.gate_(true);
  dropped.join_(outbox);
  assert.deepEqual(calls.slice(1), [], 'none after a no');
});
