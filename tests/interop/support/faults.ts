/**
 * One run of faults that every real server goes through, under a steady load: busy, broken, slow, answering too late, cut off in the middle of a request,
 * its answer lost, one item that it refuses for good, and stopped for a minute. Then all is there that was sent, but for that item, which is a dead letter.
 */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { wait } from '../../e2e/driver/wait.js';
import type { Item } from '../../e2e/driver/otlp.js';
import { full } from '../../long/setting.js';
import { farol, nameOf, type Farol } from './farol.js';
import { PATIENCE, type Fault, type Proxy } from './plan.js';
import { send } from './traffic.js';
import { visit } from './visits.js';

/** How long a server is away, in a full run; else until the collector has noticed. */
const AWAY = 60_000;
/** Visits a second. Each is 11 log records and 2 spans. */
const RATE = full ? 20 : 10;
/** Of each fault. Below the seven server errors in a row after which a batch would be taken for their cause. */
const TIMES = 3;
/** A late answer takes as long as the collector waits, and more. */
const LATE_TIMES = 1;

export interface Culprit {
  /** A payload with one item that the server will never take, and others that it will. */
  body: unknown;
  is(item: Item): boolean;
  /** What the dead letter says. */
  code: RegExp;
  detail: RegExp;
}

export interface Target {
  /** Its name and version. */
  what: string;
  /** The destination's name in the settings. */
  destination: string;
  /** Its settings, up to its table's end, and what has to stand before it; it sends to the proxy. */
  settings: { before?: string; toml: string };
  proxy: Proxy;
  /** What can be done to its protocol. */
  faults: readonly Fault[];
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The names of all that the server holds, as often as it holds them. */
  came(): Promise<string[]>;
  /** Which items go there. */
  takes?(item: Item): boolean;
  /** Nothing, where the protocol has no way to refuse. */
  culprit?: Culprit;
  /** Whether the server knows a copy from its original, so that nothing is there twice. */
  once: boolean;
}

export const ALL_FAULTS = ['busy', 'broken', 'slow', 'late', 'cut', 'lost'] as const;
/** Of protocols that have no word for the others. */
export const WIRE_FAULTS = ['slow', 'late', 'cut', 'lost'] as const;

/** Settings of delivery under which faults show within seconds. */
export const IMPATIENT = `timeout = "${PATIENCE}ms"\nretry = { initial = "100ms", max = "1s" }\n`;

/** Sends visits at a steady rate until it is stopped; says how many items there were. */
function load(url: string): { stop(): Promise<number> } {
  let goes = true;
  const run = async (): Promise<number> => {
    let items = 0;
    while (goes) {
      const { logs, spans } = await send(url, [visit()]);
      items += logs + spans;
      await pause(1_000 / RATE);
    }
    return items;
  };
  const running = run();
  return {
    stop() {
      goes = false;
      return running;
    },
  };
}

/** How often it had to try again. */
export const retried = (one: Farol, destination: string): Promise<number> => one.metric('farol_destination_attempts_total', { destination, outcome: 'retried' });

/** Nothing of a destination's ledger is left open. */
async function assertLedger(one: Farol, destination: string, wanted: number, dropped: number): Promise<void> {
  const of = (outcome: string): Promise<number> => one.metric('farol_destination_items_total', { destination, outcome });
  assert.equal(await of('dropped'), dropped, 'dropped');
  assert.equal(await of('exported'), wanted - dropped, 'exported');
  assert.equal(await one.metric('farol_bugs_total'), 0);
}

/** Every fault of a destination, and its server's absence, under load. Says how many items were sent; `meanwhile` is done while the server is there. */
export async function trouble(one: Farol, target: Pick<Target, 'destination' | 'proxy' | 'faults' | 'stop' | 'start'>, meanwhile: () => Promise<void> = async () => {}): Promise<number> {
  const { destination, proxy } = target;
  const loading = load(one.url);
  try {
    for (const fault of target.faults) {
      const before = await retried(one, destination);
      await proxy.meet(fault, fault === 'late' ? LATE_TIMES : TIMES);
      // Kafka's client tries by itself again what the wire lost, and tells nobody.
      if (fault === 'slow' || !target.faults.includes('busy')) continue;
      await wait(async () => (await retried(one, destination)) > before, `the collector to try again what met "${fault}"`, 60_000);
    }
    await meanwhile();
    await proxy.shut();
    await target.stop();
    const noticed = await retried(one, destination);
    if (full) await pause(AWAY);
    await wait(async () => (await retried(one, destination)) > noticed + 1, 'the collector to notice', 60_000);
    await target.start();
    await proxy.open();
  } finally {
    await loading.stop();
  }
  return loading.stop();
}

export async function survive(target: Target): Promise<void> {
  const { before = '', toml } = target.settings;
  const one = await farol(`${before}${toml}`);
  await one.start();
  try {
    await endure(one, target);
  } finally {
    // A test that failed ends all the same.
    await one.end();
  }
}

async function endure(one: Farol, target: Target): Promise<void> {
  const { destination, culprit } = target;
  let refused = { logs: 0, spans: 0 };
  const sent = await trouble(one, target, async () => {
    if (culprit) refused = await send(one.url, [culprit.body]);
  });
  const items = [...(await one.until(sent + refused.logs + refused.spans)).values()];
  await one.drained(destination);
  const mine = items.filter((item) => target.takes?.(item) ?? true);
  const wanted = mine.filter((item) => !culprit?.is(item)).map(nameOf).sort();
  assert.equal(wanted.length, mine.length - (culprit ? 1 : 0), 'one culprit');
  let came: string[] = [];
  const all = async (): Promise<boolean> => new Set((came = await target.came())).size >= wanted.length;
  // What is missing says more than that something is; but for a server that cannot be asked.
  const why = await wait(all, `${wanted.length} items at ${target.what}`, 120_000).catch((error: Error) => error.message);
  assert.ok(came.length > 0 || wanted.length === 0, String(why));
  assert.deepEqual([...new Set(came)].sort(), wanted);
  const copies = came.length - wanted.length;
  if (target.once) assert.equal(copies, 0, 'nothing is there twice');
  const letters = one.deadLetters(destination);
  assert.equal(letters.length, culprit ? 1 : 0, JSON.stringify(letters).slice(0, 2_000));
  if (culprit) {
    assert.match(letters[0]!.code, culprit.code);
    assert.match(letters[0]!.detail ?? '', culprit.detail);
    assert.equal(letters[0]!.items, 1);
  }
  await assertLedger(one, destination, mine.length, culprit ? 1 : 0);
  const tries = await retried(one, destination);
  assert.ok(tries > 0, 'something was tried again');
  const lost = culprit ? '1 dead letter' : 'no dead letter';
  console.log(`${target.what}, ${[...target.faults, 'stopped'].join(', ')}: ${wanted.length} items, ${copies} copies, ${tries} tries repeated, ${lost}`);
}
