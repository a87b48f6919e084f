/**
 * Random lives of delivery and of the queue in front of the core, each against a model: a seed makes the same life again. 300 of each; 20,000 with
 * `FAROL_FULL`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Diagnostic, Op } from '../src/abi.js';
import { createPort, type CoreExports } from '../src/core.js';
import { page } from '../src/page.js';
import type { Sdk } from '../src/sdk.js';
import { TIMEOUT } from '../src/send/network.js';
import { type Batch, createSender } from '../src/send/sender.js';

const LIVES = process.env['FAROL_FULL'] ? 20_000 : 300;
const STEPS = 60;
/** The browsers' bounds on what outlives a page. */
const KEEPALIVE_BYTES = 65536;
const KEEPALIVE_FLIGHTS = 9;
const EPOCH = 1_767_225_600_000;

/** mulberry32: numbers below `n`, the same for the same seed. */
function random(seed: number): (n: number) => number {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const keepalive = Object.getOwnPropertyDescriptor(Request.prototype, 'keepalive')!;
const native = { now: performance.now, date: Date.now, navigator: Object.getOwnPropertyDescriptor(globalThis, 'navigator') };
let now = 0;
const root = globalThis as unknown as { document: { visibilityState: string }; window: unknown };

before(() => {
  root.window = globalThis;
  root.document = { visibilityState: 'visible' };
  performance.now = () => now;
  Date.now = () => EPOCH + now;
});
after(() => {
  performance.now = native.now;
  Date.now = native.date;
  if (native.navigator) Object.defineProperty(globalThis, 'navigator', native.navigator);
});

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** What a batch came to. */
type Fate = 'waits' | 'delivered' | 'refused' | 'dropped' | 'withdrawn' | 'stopped';

/** One life of a sender: what happens to its page, its network and its visitor's mind. */
async function deliver(seed: number): Promise<void> {
  const below = random(seed);
  const pick = <T>(...list: T[]): T => list[below(list.length)]!;
  const fates = new Map<string, Fate>();
  const bodies = new Map<string, Uint8Array>();
  const tries = new Map<string, number>();
  /** When the browser took a beacon of it: that is no answer. */
  const taken = new Map<string, number>();
  let leaving = false;
  let flights: { id: string; size: number; keepalive: boolean; hidden: boolean; answer(status: number): void }[] = [];
  let timers: { run: () => void; at: number }[] = [];
  let granted = true;
  let stopped = false;
  let online = (): void => {};
  let told = { refused: 0, dropped: 0 };
  let settled = 0;
  let next = 0;
  const waiting = (): string[] => [...fates].filter(([, fate]) => fate == 'waits').map(([id]) => id);

  /** Each request is held against what the page may do now. */
  function request(url: string, body: Uint8Array, keepalive: boolean, beacon: boolean): string {
    const { searchParams } = new URL(url);
    const id = searchParams.get('id')!;
    const attempt = Number(searchParams.get('try'));
    assert.ok(granted, `${id} was sent without a yes`);
    assert.ok(!stopped, `${id} was sent to a collector that does not want it`);
    assert.equal(fates.get(id), 'waits', `${id} was sent again`);
    // What fits nothing that outlives the page was a try, too.
    assert.ok(attempt > (tries.get(id) ?? 0), `tries of ${id}`);
    assert.deepEqual(body, bodies.get(id), `${id} has the same bytes on each try`);
    assert.ok(!(now < taken.get(id)! + TIMEOUT), `${id} is left to its beacon for a while`);
    assert.ok(!beacon || leaving || !taken.has(id), `${id} is asked for by a request that has an answer`);
    assert.ok(Number(searchParams.get('sent')) >= EPOCH + now - 1);
    tries.set(id, attempt);
    if (!keepalive && !beacon && root.document.visibilityState == 'visible') {
      assert.ok(flights.filter((flight) => !flight.hidden).length < 3, 'few requests at once while the page is visible');
    }
    return id;
  }

  Object.assign(page(), { bytes: 0, flights: 0 });
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true,
    value: {
      sendBeacon(url: string) {
        const took = below(2) == 0;
        const id = new URL(url).searchParams.get('id')!;
        // The body is a blob, whose bytes are told later.
        request(url, bodies.get(id)!, false, true);
        // The answer is a microtask's.
        if (took) beacons.push(id);
        return took;
      },
    },
  });
  const beacons: string[] = [];
  // Every other browser has no keepalive, as Firefox before 133.
  if (seed % 2) Reflect.deleteProperty(Request.prototype, 'keepalive');
  else Object.defineProperty(Request.prototype, 'keepalive', keepalive);

  const sdk = {
    options_: {}, endpoint_: 'https://c.example/collect/k',
    count_() {},
    tell_(code: number) {
      if (code == Diagnostic.BatchRefused) told.refused++;
      else if (code == Diagnostic.BatchDropped) {
        told.dropped++;
      } else assert.fail(`told ${code}`);
    },
    granted_: () => granted,
    session_: () => 's',
    guard_: (fn: unknown) => fn,
    later_(run: () => void, ms: number) {
      const timer = { run, at: now + ms };
      timers.push(timer);
      return timer;
    },
    cancel_(timer: (typeof timers)[number]) {
      timers = timers.filter((other) => other != timer);
    },
    on_(_: object, __: string, run: () => void) {
      online = run;
    },
  } as unknown as Sdk;
  const sender = createSender(sdk, (url: string, init: { body: Uint8Array | Blob; keepalive: boolean }) => {
    const size = init.body instanceof Blob ? init.body.size : init.body.length;
    const id = new URL(url).searchParams.get('id')!;
    request(url, init.body instanceof Blob ? bodies.get(id)! : init.body, init.keepalive, false);
    return new Promise((resolve, reject) => {
      flights.push({
        id, size, keepalive: init.keepalive, hidden: root.document.visibilityState == 'hidden',
        answer: (status) => (status ? resolve({ status, headers: new Headers(below(4) ? {} : { 'retry-after': '7' }) }) : reject(new Error('no network'))),
      });
    });
  });
  sender.open_();

  const batch = (): Batch => {
    const id = `b${next++}`;
    const body = new Uint8Array(pick(10, 3000, 30_000, 70_000)).fill(next);
    bodies.set(id, body);
    fates.set(id, stopped ? 'stopped' : 'waits');
    return { id_: id, offset_: EPOCH, error_: below(4) == 0 ? 2 : 0, body_: body, session_: 's', tries_: 0, flights_: 0, sealed_: EPOCH + now };
  };
  const answer = (status: number): void => {
    const [flight] = flights.splice(below(flights.length), 1);
    const final = status && status != 408 && status != 425 && status != 429 && status < 500;
    if (final && fates.get(flight!.id) == 'waits') {
      fates.set(flight!.id, status < 300 ? 'delivered' : 'refused');
      if (status == 401 || status == 403) {
        stopped = true;
        for (const id of waiting()) fates.set(id, 'stopped');
      }
    }
    flight!.answer(status);
  };
  const refused = (): number => [...fates.values()].filter((fate) => fate == 'refused').length;

  for (let step = 0; step < STEPS; step++) {
    const what = below(14);
    if (what < 4) sender.add_(batch());
    else if (what < 7 && flights.length) answer(pick(202, 202, 202, 0, 503, 429, 408, 400, 413, ...(below(8) ? [] : [401])));
    else if (what == 7) {
      root.document.visibilityState = 'hidden';
      const sealed = below(2) ? batch() : undefined;
      leaving = true;
      sender.hidden_(below(2) == 0, () => sealed && sender.add_(sealed));
      leaving = false;
    } else if (what == 8) root.document.visibilityState = 'visible';
    else if (what == 9) online();
    else if (what == 10) {
      granted = below(3) > 0;
      const denied = !granted && below(2) == 0;
      if (denied) for (const id of waiting()) fates.set(id, 'withdrawn');
      sender.gate_(denied);
    } else if (what == 11) sender.settled_(() => settled++);
    else {
      // A frozen page's timers fire late, all of them.
      now += pick(1, 300, 5000, 4_000_000);
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { run } of due) run();
    }
    await turn();
    for (const id of beacons.splice(0)) taken.set(id, now);
    const kept = flights.filter(({ keepalive }) => keepalive);
    assert.ok(kept.length <= KEEPALIVE_FLIGHTS && kept.reduce((sum, { size }) => sum + size, 0) <= KEEPALIVE_BYTES, 'the budget of what outlives the page');
    assert.ok(timers.length <= 1, 'one timer');
    if (!waiting().length || !granted || stopped) assert.equal(timers.length, 0, 'no timer where nothing can be sent');
    assert.deepEqual(told, { refused: refused(), dropped: 0 });
  }

  // The visitor agrees, the network is back: whatever waits arrives.
  granted = true;
  root.document.visibilityState = 'visible';
  sender.gate_(false);
  let asked = 0;
  sender.settled_(() => asked++);
  for (let round = 0; round < 200 && (waiting().length || flights.length); round++) {
    while (flights.length) answer(202);
    await turn();
    now += 4_000_000;
    for (const { run } of timers.splice(0)) run();
    await turn();
  }
  assert.deepEqual(waiting(), [], 'each batch has one end');
  assert.equal(timers.length, 0);
  assert.equal(asked, 1);
}

/** One life of the queue in front of a core that comes late, calls back, traps, or never comes. */
function queue(seed: number): void {
  const below = random(seed);
  const got: number[] = [];
  const made: number[] = [];
  const told: number[] = [];
  let next = 1;
  let opened = false;
  let over = false;
  let trapped = false;
  let inside = false;
  const memory = { buffer: new ArrayBuffer(1 << 16) };
  const port = createPort({
    signal_: () => {},
    deadline_: () => {},
    tell_: (code) => told.push(code),
    quiet_: { on_: false },
  });
  const put = (): void => {
    const n = next++;
    if (!over) made.push(n);
    port.put(Op.Event, n, (w) => w.u(n));
  };
  const core: CoreExports = {
    memory,
    buffer: () => 0,
    put(op, now) {
      assert.ok(!inside, 'the core is never entered while it runs');
      assert.ok(!trapped, 'a core that met a trap is never entered again');
      inside = true;
      try {
        if (op == Op.Start) assert.deepEqual(got, [], 'the start comes first');
        else {
          assert.equal(new DataView(memory.buffer).getUint32(0, true), now, 'each has its own bytes and time');
          got.push(now);
          // Hooks of the page's may call us.
          for (let calls = below(3); calls > 1; calls--) put();
        }
        if (below(40) == 0) {
          trapped = over = true;
          throw new Error('unreachable');
        }
      } finally {
        inside = false;
      }
      return Infinity;
    },
  };
  for (let step = 0; step < STEPS; step++) {
    const what = below(20);
    if (what < 17) put();
    else if (what == 17 && !opened) {
      opened = true;
      port.open_(core, () => {});
    } else if (what == 18 && below(4) == 0) {
      const keep = below(2) == 0;
      // Kept, what waits is given to a core that is still to come.
      if (!keep) trapped = trapped || !opened;
      over = true;
      port.close_(keep);
    }
    assert.deepEqual(got, made.slice(0, got.length), 'in order, each once, nothing between');
    if (opened && !trapped && !over) assert.equal(got.length, made.length, 'nothing waits in front of a core that is there');
  }
  assert.ok(told.every((code) => code == Diagnostic.CoreLost) && told.length <= 1, `${told}`);
}

test('whatever happens to a page, each batch has one end, the same bytes on each try, and leaves by consent alone', async () => {
  for (let seed = 1; seed <= LIVES; seed++) {
    await deliver(seed).catch((error: Error) => {
      error.message = `life ${seed}: ${error.message}`;
      throw error;
    });
  }
});

test('whenever a core comes or goes, calls reach it in order, once, and none after its end', () => {
  for (let seed = 1; seed <= LIVES; seed++) {
    try {
      queue(seed);
    } catch (error) {
      (error as Error).message = `life ${seed}: ${(error as Error).message}`;
      throw error;
    }
  }
});
