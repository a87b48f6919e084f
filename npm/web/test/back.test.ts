/** What a page makes of a storage that another page of its tab has written, or emptied, while it was kept for the way back. Real tabs: tests/e2e/sessions.test.ts. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Client, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
const { init } = await import('../src/index.js');
const NAME = 'farol:1:shop';
const stored = (): string => sessionStorage.getItem(NAME) ?? '';
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

let sent = '';
let clients: Client[] = [];
beforeEach(() => {
  sent = '';
  for (const box of [sessionStorage, localStorage]) box.removeItem(NAME);
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.shutdown();
});

async function page(options: Partial<Options> = {}): Promise<Client> {
  const transport: Options['transport'] = ({ body }) => ((sent += new TextDecoder().decode(body)), 202);
  const client = init({ url: '/', app: { name: 'shop' }, features: [], transport, ...options });
  clients.push(client);
  await turn();
  return client;
}

async function happens(type: string, more: object): Promise<void> {
  window.dispatchEvent(Object.assign(new Event(type), more));
  await turn();
}
const shows = (state: string): Promise<void> => {
  Object.assign(document, { visibilityState: state });
  return happens('visibilitychange', {});
};
const leave = async (): Promise<void> => {
  await happens('pagehide', { persisted: true });
  await shows('hidden');
};
/** In Chromium's order: the page is visible before it is shown. */
const back = async (): Promise<void> => {
  await shows('visible');
  await happens('pageshow', { persisted: true });
};
/** The page is left, something happens elsewhere, and it is shown again. */
const meanwhile = async (elsewhere: () => void): Promise<void> => {
  await leave();
  elsewhere();
  await back();
};

/** As the page that followed stores it: by so many ms the session began later, or its visitor was active. */
const written = (began: number, active: number, id = stored().slice(32)): string => {
  const later = (from: number, by: number) => String(Number(stored().slice(from, from + 13)) + by).padStart(13, '0');
  return stored().slice(0, 2) + later(2, began) + stored()[15] + later(16, active) + stored().slice(29, 32) + id;
};

test('a page that is shown again goes over to the session that began after it, and leaves its entry alone', async () => {
  const client = await page();
  await meanwhile(() => sessionStorage.setItem(NAME, written(5, 5, 'aaaaaaaaaaaaaaaa')));
  assert.equal(client.sessionId(), 'aaaaaaaaaaaaaaaa');
  assert.equal(stored().slice(32), 'aaaaaaaaaaaaaaaa');
});

test('a session that its visitor went on in elsewhere goes on, though nobody was active here for as long as one lives', async () => {
  const { now } = Date;
  const client = await page({ session: { idleMs: 60_000 } });
  const id = client.sessionId();
  try {
    await meanwhile(() => {
      sessionStorage.setItem(NAME, written(0, 90_000));
      Date.now = () => now() + 100_000;
    });
    assert.equal(client.sessionId(), id);
  } finally {
    Date.now = now;
  }
});

const hears = (box: Storage): Promise<void> => {
  box.removeItem(NAME);
  return happens('storage', { key: NAME, newValue: null });
};
for (const [how, erased, storage] of [
  ['is shown again', (box: Storage) => meanwhile(() => box.removeItem(NAME)), 'tab'],
  ['is shown again among other tabs', (box: Storage) => meanwhile(() => box.removeItem(NAME)), 'visitor'],
  ['hears of it', hears, 'visitor'],
  ['hears of it in a frame', hears, 'tab'],
] as const) {
  test(`where another page's no has erased the entry a page that ${how} stores and sends nothing until it is told anew`, async () => {
    const box = storage === 'visitor' ? localStorage : sessionStorage;
    const client = await page({ consent: 'granted', session: { storage } });
    await client.flush();
    await erased(box);
    sent = '';
    client.event('afterwards');
    client.endSession();
    await client.flush();
    assert.equal(sent, '');
    assert.equal(box.getItem(NAME), null);
    client.setConsent('granted');
    await client.flush();
    assert.match(sent, /afterwards/);
    assert.equal(box.getItem(NAME)?.slice(32), client.sessionId());
  });
}

test('a page that comes back while its tab is not looked at has looked at the storage before it writes there', async () => {
  const client = await page({ consent: 'granted' });
  await leave();
  sessionStorage.removeItem(NAME);
  await happens('pageshow', { persisted: true });
  sent = '';
  client.event('afterwards');
  await client.flush();
  await shows('visible');
  assert.equal(sent, '');
  assert.equal(sessionStorage.getItem(NAME), null);
});

test('a frozen page looks before it writes, as it is visible before it hears what it missed', async (t) => {
  const client = await page({ consent: 'granted', session: { storage: 'visitor' } });
  await client.flush();
  await shows('hidden');
  await happens('freeze', {});
  localStorage.removeItem(NAME);
  // So late that the core writes when its visitor was there.
  for (const clock of [Date, performance]) {
    const { now } = clock;
    t.mock.method(clock, 'now', () => now.call(clock) + 60_000);
  }
  await shows('visible');
  await happens('storage', { key: NAME, newValue: null });
  sent = '';
  client.event('afterwards');
  await client.flush();
  assert.equal(sent, '');
  assert.equal(localStorage.getItem(NAME), null);
});

test('what the collector said holds for a day at most, whatever the clock said then', async () => {
  for (const [until, sampled] of [[1000, false], [30 * 24 * 3_600_000, true]] as const) {
    sessionStorage.setItem(NAME + ':config', JSON.stringify({ rate: 0, until: Date.now() + until }));
    assert.equal((await page()).sampled(), sampled);
  }
  sessionStorage.removeItem(NAME + ':config');
});

test('a no with which another page only began is over once that has had its yes', async () => {
  const client = await page({ consent: 'granted', session: { storage: 'visitor' } });
  const entry = localStorage.getItem(NAME)!;
  await hears(localStorage);
  client.event('afterwards');
  await client.flush();
  assert.doesNotMatch(sent, /afterwards/);
  localStorage.setItem(NAME, entry);
  await happens('storage', { key: NAME, newValue: entry });
  await client.flush();
  assert.match(sent, /afterwards/);
});

test('where nobody is asked for consent an entry that is gone is nobody\'s no', async () => {
  const client = await page();
  await meanwhile(() => sessionStorage.removeItem(NAME));
  client.event('afterwards');
  await client.flush();
  assert.match(sent, /afterwards/);
});

test('what a page clears while it is looked at is nobody\'s no', async () => {
  const client = await page();
  sessionStorage.removeItem(NAME);
  await shows('hidden');
  sessionStorage.removeItem(NAME);
  await shows('visible');
  client.event('afterwards');
  await client.flush();
  assert.match(sent, /afterwards/);
});

test('an entry that could not be written is none that was erased', async () => {
  const { setItem } = sessionStorage;
  sessionStorage.setItem = () => {
    throw new Error('no room');
  };
  try {
    const client = await page();
    await meanwhile(() => {});
    client.event('afterwards');
    await client.flush();
    assert.match(sent, /afterwards/);
  } finally {
    sessionStorage.setItem = setItem;
  }
});
