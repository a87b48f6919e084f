/** What is kept in the origin's database, and who takes it over. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import { Diagnostic } from '../src/abi.js';
import type { Sdk } from '../src/sdk.js';
import { createOutbox, MOST_STORED, observeOutbox } from '../src/more/outbox.js';
import { createPack } from '../src/more/pack.js';
import { type Batch, MOST_AGE, type Outbox } from '../src/send/sender.js';

const root = globalThis as unknown as Record<string, unknown>;
root['parent'] = root['window'] = new EventTarget();
const shown = (root['document'] = Object.assign(new EventTarget(), { prerendering: false }));
const clock = performance as unknown as { timeOrigin: number };

let told: number[];
let lost: number;
let timers: [run: () => void, ms: number][];
let pages = 0;

beforeEach(() => {
  told = [];
  lost = 0;
  timers = [];
  root['indexedDB'] = new IDBFactory();
});

interface Place {
  outbox: Outbox;
  session: string;
  granted: boolean;
  marks: string[];
  adopted(batches: Batch[]): void;
  /** As `shutdown` does it. */
  end(): void;
}

/** The outbox of a new page. */
function place(url = 'https://c.example/collect/k', storage?: string): Place {
  Object.defineProperty(clock, 'timeOrigin', { configurable: true, value: ++pages });
  const here: Place = { session: 'other', granted: true, marks: [], adopted() {} } as unknown as Place;
  const sdk = {
    endpoint_: url, name_: 'farol:1:k', stops_: [], options_: { outbox: true, session: { storage } },
    tell_(code: number, _: unknown, items = 1) {
      told.push(code);
      lost += items;
    },
    guard_: (fn: unknown) => fn,
    on_: (target: EventTarget, type: string, run: () => void) => target.addEventListener(type, run),
    granted_: () => here.granted,
    store_: { setItem: (name: string) => here.marks.push(name), removeItem: () => here.marks.splice(0) },
    session_: () => here.session,
    later_(run: () => void, ms: number) {
      const timer: [() => void, number] = [run, ms];
      timers.push(timer);
      return timer;
    },
    cancel_(timer: unknown) {
      timers = timers.filter((other) => other !== timer);
    },
    sender_: { adopt_: (batches: Batch[]) => here.adopted(batches) },
  } as unknown as Sdk;
  here.outbox = createOutbox(sdk);
  here.end = () => {
    for (const stop of sdk.stops_) stop();
    sdk.over_ = true;
  };
  return here;
}
const outbox = (url?: string): Outbox => place(url).outbox;

let count = 0;
const batch = (more: Partial<Batch> = {}): Batch =>
  ({ id_: `b${count++}`, offset_: 0, error_: false, body_: new Uint8Array(100), session_: 's', tries_: 0, flights_: 0, sealed_: Date.now(), ...more });

const take = (from: Place, session = 'other'): Promise<Batch[]> =>
  new Promise((done) => {
    from.session = session;
    from.adopted = done;
    from.outbox.look_();
  });
/** All that is asked of the database is done. */
const turn = async (): Promise<void> => {
  for (let n = 0; n < 50; n++) await new Promise((done) => setImmediate(done));
};
const ids = async (from: Place, session?: string): Promise<string[]> => (await take(from, session)).map(({ id_: id }) => id);

test('what a page could not deliver the next page takes over, with the same bytes and as a later try', async () => {
  const body = new Uint8Array([1, 2, 3]);
  outbox().put_(batch({ id_: 'x', body_: body, session_: 'mine', sealed_: Date.now() - 5 }), 0, Date.now());
  const [taken] = await take(place());
  assert.equal(taken!.id_, 'x');
  assert.deepEqual([...taken!.body_], [1, 2, 3]);
  assert.deepEqual([taken!.tries_, taken!.session_, taken!.stored_], [1, 'mine', true]);
});

test('one page alone takes it over, as long as it says that it sees to it', async () => {
  const until = Date.now() + 20_000;
  outbox().put_(batch({ id_: 'x' }), 0, until);
  assert.deepEqual(await take(place()), []);
  assert.ok(timers.length === 1 && timers[0]![1] > 18_000 && timers[0]![1] <= 20_000, `it looks again when that is over: ${timers}`);
  outbox().put_(batch({ id_: 'y' }), 0, 0);
  const both = await Promise.all([ids(place()), ids(place())]);
  assert.deepEqual(both.flat(), ['y']);
});

test('the next page of the same tab need not wait, but for what the collector asked', async () => {
  const until = Date.now() + 20_000;
  const before = place();
  before.outbox.put_(batch({ id_: 'x', session_: 'tab' }), 0, until);
  before.outbox.put_(batch({ id_: 'y', session_: 'tab' }), until - 1_000, until);
  assert.deepEqual(await ids(before, 'tab'), [], 'what this page sees to is not another page’s');
  timers = [];
  assert.deepEqual(await ids(place(), 'tab'), ['x']);
  assert.ok(timers[0]![1] > 17_000 && timers[0]![1] <= 19_000, String(timers));
});

test('the next page of a session that tabs or frames share waits: the other may live, and hold the rest of a draft', async () => {
  const until = Date.now() + 20_000;
  place(undefined, 'visitor').outbox.put_(batch({ id_: 'x', session_: 'all' }), 0, until);
  assert.deepEqual(await ids(place(undefined, 'visitor'), 'all'), []);
  root['parent'] = {};
  try {
    assert.deepEqual(await ids(place(), 'all'), []);
  } finally {
    root['parent'] = root['window'];
  }
  assert.deepEqual(await ids(place(), 'all'), ['x']);
});

test('a frame within the page lives, though its session is the same: it began after it', async () => {
  const top = place();
  place().outbox.put_(batch({ id_: 'x', session_: 'tab' }), 0, Date.now() + 20_000);
  assert.deepEqual(await ids(top, 'tab'), []);
  assert.deepEqual(await ids(place(), 'tab'), ['x'], 'of the next page of the tab it is no frame');
});

test('what the clock said before it was set back keeps nobody waiting, and no timer running', async () => {
  const month = 30 * 24 * 3_600_000;
  const now = Date.now();
  outbox().put_(batch({ id_: 'x' }), now + month, now + month);
  outbox().put_(batch({ id_: 'asked' }), 0, now + 3_600_000);
  outbox().put_(batch({ id_: 'then', sealed_: now + month, items_: 3 }), 0, now + month);
  timers = [];
  assert.deepEqual(await ids(place()), ['x']);
  assert.deepEqual([timers.length, lost], [1, 3]);
  assert.ok(timers[0]![1] <= 3_600_000, String(timers));
});

test('a page does not take its own draft for left, however long it slept: the core has the rest of it', async () => {
  const here = place();
  const draft = batch({ id_: 'x', draft_: 4 });
  here.outbox.put_(draft, 0, Date.now() - 1);
  await turn();
  assert.deepEqual(await ids(here), []);
  here.outbox.put_(batch({ id_: 'xr' }), 0, Date.now() - 1, draft);
  assert.deepEqual(await ids(here), ['xr']);
});

test('of what is left so much is taken at once as memory has room for', async () => {
  const before = place();
  for (let n = 0; n < 20; n++) before.outbox.put_(batch({ body_: new Uint8Array(128 << 10) }), 0, 0);
  const here = place();
  assert.equal((await take(here)).length, 4);
  const rest = new Promise<Batch[]>((done) => (here.adopted = done));
  here.outbox.room_();
  assert.equal((await rest).length, 4);
});

test('a batch whose draft another page took goes once more, under an id that nobody knows', async () => {
  const one = place();
  const sent = new Promise<Batch[]>((done) => (one.adopted = done));
  for (const [id, taken] of [['kept', false], ['taken', true]] as const) {
    const draft = batch({ id_: id });
    one.outbox.put_(draft, 0, Date.now() + (taken ? 0 : 20_000));
    while (!draft.stored_) await new Promise((done) => setImmediate(done));
    if (taken) assert.deepEqual(await ids(place()), ['taken']);
    one.outbox.put_(batch({ id_: id, body_: new Uint8Array(200) }), 0, Date.now() + 20_000, draft);
  }
  assert.deepEqual((await sent).map(({ id_: id, body_: body }) => [id, body.length]), [['takenr', 200]]);
});

test('a page that is rendered ahead takes nothing for left before it is the visitor’s', async () => {
  const live = place();
  live.outbox.put_(batch({ id_: 'x', session_: 'tab' }), 0, Date.now() + 20_000);
  shown.prerendering = true;
  const ahead = place();
  ahead.session = 'tab';
  let taken: string[] = [];
  ahead.adopted = (batches) => (taken = batches.map(({ id_: id }) => id));
  ahead.outbox.look_();
  await turn();
  assert.deepEqual(taken, []);
  shown.prerendering = false;
  shown.dispatchEvent(new Event('prerenderingchange'));
  while (!taken.length) await turn();
  assert.deepEqual(taken, ['x']);
});

test('a draft in the place of one that another page took is not sent as it is, and what is sealed knows of it', async () => {
  const [one, sent] = [place(), [] as string[]];
  one.adopted = (batches) => sent.push(...batches.map(({ id_: id }) => id));
  const draft = (): Batch => batch({ id_: 'x', draft_: 4 });
  const [first, second, third] = [draft(), draft(), draft()];
  one.outbox.put_(first, 0, Date.now());
  await turn();
  assert.deepEqual(await ids(place()), ['x']);
  one.outbox.put_(second, 0, Date.now() + 20_000, first);
  one.outbox.put_(third, 0, Date.now() + 20_000, second);
  await turn();
  assert.deepEqual([second.spent_, third.spent_, sent], [true, true, []]);
  // Sealed before the database had told.
  one.outbox.put_(batch({ id_: 'x' }), 0, Date.now() + 20_000, third);
  await turn();
  assert.deepEqual(sent, ['xr']);
});

test('what was delivered is gone, whatever the order in which the database learns of it', async () => {
  const one = outbox();
  const gone = batch();
  one.put_(gone, 0, 0);
  one.remove_(gone);
  assert.deepEqual(await ids(place()), []);
});

test('past its bytes the oldest without an exception goes first', async () => {
  const one = outbox();
  const now = Date.now();
  const mib = (more: Partial<Batch>): void => one.put_(batch({ body_: new Uint8Array(1 << 20), ...more }), 0, 0);
  mib({ id_: 'error', error_: true, sealed_: now - 5 });
  for (let n = 4; n > 0; n--) mib({ id_: `log${n}`, sealed_: now - n, items_: 12 });
  assert.ok(5 << 20 > MOST_STORED);
  // Of such large ones one at a time.
  const kept: string[] = [];
  for (let n = 0; n < 5; n++) kept.push(...(await ids(place())));
  assert.deepEqual(kept, ['log3', 'log2', 'log1', 'error']);
  assert.deepEqual(told, [Diagnostic.BatchDropped]);
  assert.equal(lost, 12, 'each item is counted');
});

test('what is too old for the collector to know it again is let go', async () => {
  const one = outbox();
  one.put_(batch({ id_: 'old', sealed_: Date.now() - MOST_AGE - 1 }), 0, 0);
  one.put_(batch({ id_: 'young', sealed_: Date.now() - MOST_AGE + 60_000 }), 0, 0);
  assert.deepEqual(await ids(place()), ['young']);
});

test('what was left under other keys goes once all of it is too old; what may still be delivered stays, as does what is not ours', async () => {
  const old = Date.now() - MOST_AGE - 1;
  const left: Record<string, number[]> = { 'farol:1:old': [old, old], 'farol:1:mixed': [old, Date.now()], 'farol:1:empty': [], 'other:1:old': [old] };
  for (const [name, times] of Object.entries(left)) {
    await new Promise<void>((done) => {
      const made = indexedDB.open(name, 1);
      made.onupgradeneeded = () => {
        const store = made.result.createObjectStore('batches');
        times.forEach((at, n) => store.put({}, [0, at, 1, `${n}`]));
      };
      made.onsuccess = () => (made.result.close(), done());
    });
  }
  await ids(place());
  await turn();
  assert.deepEqual((await indexedDB.databases()).map(({ name }) => name).sort(), ['farol:1:empty', 'farol:1:k', 'farol:1:mixed', 'other:1:old']);
  // Without such a list all is as ever.
  Object.assign(indexedDB, { databases: undefined });
  outbox().put_(batch({ id_: 'x' }), 0, 0);
  assert.deepEqual(await ids(place()), ['x']);
});

test('a page that the collector does not want takes nothing from others', async () => {
  const one = place();
  one.outbox.hush_();
  outbox().put_(batch({ id_: 'x' }), 0, 0);
  await turn();
  one.outbox.look_();
  await turn();
  assert.deepEqual(await ids(place()), ['x']);
});

test('what is for another collector stays for it', async () => {
  outbox('https://other.example/collect').put_(batch({ id_: 'x' }), 0, 0);
  assert.deepEqual(await ids(place()), []);
  assert.deepEqual(await ids(place('https://other.example/collect')), ['x']);
});

test('after a no nothing is left, and other pages of the origin can go on', async () => {
  const [{ outbox: one }, two] = [place(), place()];
  one.put_(batch(), 0, 0);
  assert.equal((await ids(two)).length, 1);
  one.erase_();
  assert.deepEqual(await ids(two), []);
  two.outbox.put_(batch({ id_: 'later' }), 0, 0);
  assert.deepEqual(await ids(place()), ['later']);
});

test('a page that is kept for the way back holds no database open, and comes back to it', async () => {
  const one = place();
  one.outbox.put_(batch({ id_: 'x' }), 0, 0);
  await ids(place('https://other.example/'));
  (root['window'] as EventTarget).dispatchEvent(new Event('pagehide'));
  assert.deepEqual(await ids(one), ['x']);
});

test('a frozen page holds no database open: it could not answer another tab that deletes it', async (t) => {
  const open = indexedDB.open.bind(indexedDB);
  const requests: IDBOpenDBRequest[] = [];
  t.mock.method(indexedDB, 'open', (name: string, version: number) => {
    requests.push(open(name, version));
    return requests.at(-1);
  });
  const here = place();
  here.outbox.put_(batch({ id_: 'x' }), 0, 0);
  await turn();
  shown.dispatchEvent(new Event('freeze'));
  assert.equal(requests.length, 1);
  assert.throws(() => requests[0]!.result.transaction('batches'), 'it is closed');
  assert.deepEqual(await ids(here), ['x']);
});

test('a database that says nothing is given up after a while, told once, and keeps nothing that was for it', async () => {
  const request = {} as IDBOpenDBRequest;
  root['indexedDB'] = { open: () => request };
  const { outbox: one } = place();
  for (let n = 0; n < 200; n++) {
    const sent = batch();
    one.put_(sent, 0, 0);
    one.remove_(sent);
  }
  assert.deepEqual([timers.length, told], [1, []]);
  timers[0]![0]();
  assert.deepEqual([one.off_, told], [true, [Diagnostic.OutboxOff]]);
  let worked = 0;
  let closed = 0;
  Object.assign(request, { result: { transaction: () => worked++, close: () => closed++ } });
  request.onsuccess!(new Event('success'));
  one.put_(batch(), 0, 0);
  one.look_();
  assert.deepEqual([worked, closed, told.length], [0, 1, 1]);
});

test('a client that has ended keeps what it still has to say, and no database open', async (t) => {
  const databases = root['indexedDB'] as IDBFactory;
  const requests: IDBOpenDBRequest[] = [];
  const open = databases.open.bind(databases);
  const spy = t.mock.method(databases, 'open', (name: string, version: number) => {
    const request = open(name, version);
    requests.push(request);
    return request;
  });
  const one = place('https://ended.example/');
  const two = place('https://ended.example/');
  const [last, sent] = [batch({ id_: 'last' }), batch({ id_: 'sent' })];
  // It has it open, is about to open it, or opens it once more.
  one.outbox.put_(sent, 0, 0);
  await ids(one, 'another');
  one.end();
  two.outbox.put_(batch({ id_: 'early' }), 0, 0);
  two.end();
  one.outbox.put_(last, 0, 0);
  one.outbox.remove_(sent);
  await turn();
  one.outbox.put_(batch({ id_: 'later' }), 0, 0);
  await turn();
  spy.mock.restore();
  assert.ok(requests.length > 2);
  for (const { result } of requests) assert.throws(() => result.transaction('batches'), 'it is closed');
  assert.deepEqual((await ids(place('https://ended.example/'))).sort(), ['early', 'last', 'later']);
});

test('without a database, or with one that refuses, it is told once', async () => {
  const refusing = (): { onerror?: (event: Event) => void } => {
    const request: { onerror?: (event: Event) => void } = {};
    setImmediate(() => request.onerror?.(new Event('error')));
    return request;
  };
  for (const broken of [undefined, { open: () => { throw new Error('no'); } }, { open: refusing }]) {
    told = [];
    root['indexedDB'] = broken;
    const one = outbox();
    one.look_();
    for (let n = 0; n < 3; n++) one.put_(batch(), 0, 0);
    await new Promise((done) => setImmediate(done));
    one.remove_(batch());
    assert.deepEqual(told, [Diagnostic.OutboxOff]);
  }
});

test('where the collector asks for a pause, or does not want us, or the visitor is asked anew, the browser sends nothing in the page’s place', () => {
  let left = 0;
  root['fetchLater'] = (_: string, { signal }: RequestInit) => {
    left++;
    signal!.onabort = () => left--;
  };
  const here = place();
  const { outbox: one } = here;
  const failed = (): void => one.put_(batch({ tries_: 1 }), 0, Date.now() + 1_000);
  failed();
  failed();
  assert.equal(left, 2);
  one.put_(batch({ tries_: 1 }), Date.now() + 60_000, Date.now() + 60_000);
  assert.equal(left, 0);
  failed();
  one.hush_();
  assert.equal(left, 0);
  failed();
  // As a sender looks whose visitor's yes is none any more.
  here.granted = false;
  one.look_();
  assert.equal(left, 0);
  delete root['fetchLater'];
});

test('what a page gave up for want of room it takes again', async () => {
  const here = place();
  const given = batch({ id_: 'x' });
  here.outbox.put_(given, 0, Date.now() + 30_000);
  let taken: string[] = [];
  here.adopted = (batches) => (taken = batches.map(({ id_: id }) => id));
  here.outbox.room_();
  here.outbox.put_(given, 0, 0);
  here.outbox.room_();
  while (!taken.length) await new Promise((done) => setImmediate(done));
  assert.deepEqual(taken, ['x']);
});

test('from 2 KiB on a body is packed', async () => {
  const pack = createPack();
  assert.equal(pack(new Uint8Array(2047)), undefined);
  const packed = await pack(new Uint8Array(2048));
  assert.deepEqual(gunzipSync(await packed!.arrayBuffer()), Buffer.alloc(2048));
});

test('what packs and divides is there without an outbox', () => {
  const sdk = { options_: { outbox: false } } as Sdk;
  observeOutbox(sdk);
  assert.deepEqual([typeof sdk.pack_, typeof sdk.squeeze_, typeof sdk.split_], ['function', 'function', 'function']);
});

test('what there is no room for is told once, stays in memory, and later there may be room', async () => {
  const { put } = IDBObjectStore.prototype;
  for (const when of ['now', 'at last']) {
    told = [];
    root['indexedDB'] = new IDBFactory();
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      // Chromium and Safari abort the transaction, Firefox has the request fail, as one does that would put what is there already.
      if (when === 'now') return this.add(...args);
      request.addEventListener('success', () => this.transaction.abort());
      return request;
    };
    const here = place();
    const all = Array.from({ length: 3 }, () => batch());
    try {
      for (const one of all) here.outbox.put_(one, 0, 0);
      for (let n = 0; n < 50; n++) await new Promise((done) => setImmediate(done));
    } finally {
      IDBObjectStore.prototype.put = put;
    }
    assert.deepEqual(told, [Diagnostic.OutboxOff], when);
    assert.ok(all.every((one) => !one.stored_), when);
    here.outbox.put_(batch({ id_: 'later' }), 0, 0);
    assert.ok((await ids(place())).includes('later'));
  }
});

test('a no while the database is asked leaves no mark of what is in it', async () => {
  outbox().put_(batch({ id_: 'x' }), 0, Date.now() + 20_000);
  const here = place();
  const looked = take(here);
  here.granted = false;
  await looked;
  assert.deepEqual(here.marks, []);
  here.granted = true;
  await take(here);
  assert.deepEqual(here.marks, ['farol:1:k:left']);
});

test('a database of that name that is somebody else’s, or gives nothing to write to, is left alone and told once', async () => {
  await new Promise<void>((done) => {
    const made = indexedDB.open('farol:1:k', 1);
    made.onsuccess = () => (made.result.close(), done());
  });
  const { open } = indexedDB;
  let opened = 0;
  indexedDB.open = (...args) => (opened++, open.apply(indexedDB, args));
  const one = outbox();
  for (let n = 0; n < 3; n++) one.put_(batch(), 0, 0);
  one.look_();
  for (let n = 0; n < 50; n++) await new Promise((done) => setImmediate(done));
  one.put_(batch(), 0, 0);
  assert.deepEqual([opened, told], [1, [Diagnostic.OutboxOff]]);
  await new Promise((done) => (indexedDB.deleteDatabase('farol:1:k').onsuccess = done));
});
