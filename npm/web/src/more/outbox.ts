/**
 * What waits for the collector, in a database of the origin: what this page cannot deliver, a later one does. Each batch has one page that
 * sends it; others leave it alone for as long as that page has said it may take, and take it over when that is past. That two pages hold one
 * batch for a moment costs a request and no more: the collector knows the id.
 */
import { Diagnostic } from '../abi.js';
import { safe } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import type { Batch, Outbox } from '../send/sender.js';
import { split } from './split.js';

/** Bytes that are kept of an origin: some hours of errors and vitals of a visitor without a network. */
export const MOST_STORED = 4 << 20;
/** How long, in ms: one hour less than the collector remembers which batches it has taken. */
export const MOST_AGE = 47 * 3600000;
/** Batches that are taken over at once. */
const MOST_TAKEN = 32;
/** What is the format of what is stored; another version leaves it alone. */
const STORE = 'batches';

/** [1: it holds an exception, when it was sealed, bytes, id]: in the order in which they are let go. */
type Key = [error: number, at: number, bytes: number, id: string];

interface Row {
  id: string;
  url: string;
  session: string;
  /** Its page: when that began, in epoch ms. */
  page: number;
  tries: number;
  body: Uint8Array;
  /** The collector asked for nothing before. */
  wait: number;
  /** Until then its page sees to it. */
  until: number;
}

const key = (batch: Batch): Key => [+!!batch.error_, batch.sealed_, batch.body_.length, batch.id_];

/** `outbox` */
export function observeOutbox(sdk: Sdk): void {
  if (sdk.options_.outbox) sdk.join_(createOutbox(sdk));
}

export function createOutbox({ endpoint_: url, name_: name, guard_: guard, tell_: tell, on_: on }: Sdk): Outbox {
  const databases = safe(() => indexedDB)!;
  const page = performance.timeOrigin;
  let database: IDBDatabase | undefined;
  let opening = false;
  let waiting: ((store: IDBObjectStore) => void)[] = [];
  /** Bytes that are stored, as far as this page knows; before it has looked, too many. */
  let stored = Infinity;

  /** Nothing of ours surfaces in the page, as a failed request of a database does. */
  const quiet = (event: Event) => event.preventDefault();

  const close = () => {
    database?.close();
    database = undefined;
  };

  const run = guard((work: (store: IDBObjectStore) => void) => {
    try {
      const transaction = database!.transaction(STORE, 'readwrite');
      transaction.onerror = quiet;
      work(transaction.objectStore(STORE));
    } catch {
      // It was closed, by us or by the browser.
      close();
      waiting.push(work);
      open();
    }
  });

  const open = guard(() => {
    if (opening) return;
    opening = true;
    const fail = (event?: Event) => {
      event?.preventDefault();
      // Once is enough: memory serves from now on.
      waiting = [];
      tell(Diagnostic.OutboxOff);
    };
    let request: IDBOpenDBRequest;
    try {
      request = databases.open(name, 1);
    } catch {
      return fail();
    }
    request.onupgradeneeded = guard(() => void request.result.createObjectStore(STORE));
    request.onerror = fail;
    request.onsuccess = guard(() => {
      opening = false;
      database = request.result;
      // Another tab erases, or a newer version comes.
      database.onversionchange = close;
      for (const work of waiting.splice(0)) run(work);
    });
  });

  /** Lets go of what is too old and too much, the oldest without an exception first. */
  function trim(store: IDBObjectStore): void {
    const keys = store.getAllKeys();
    keys.onsuccess = guard(() => {
      stored = 0;
      for (const [, at, bytes] of keys.result as unknown as Key[]) if (at > Date.now() - MOST_AGE) stored += bytes;
      for (const old of keys.result as unknown as Key[]) {
        const over = stored > MOST_STORED;
        if (over || old[1] <= Date.now() - MOST_AGE) {
          if (old[1] > Date.now() - MOST_AGE) stored -= old[2];
          store.delete(old);
          tell(Diagnostic.BatchDropped);
        }
      }
    });
  }

  // An open database can keep a page from being kept for the way back.
  on(window, 'pagehide', close);

  return {
    put_(batch, wait, until, draft) {
      run((store) => {
        if (draft) store.delete(key(draft));
        const { id_: id, session_: session, tries_: tries, body_: body } = batch;
        store.put({ id, url, session, page, tries, body, wait, until } satisfies Row, key(batch)).onsuccess = () => {
          batch.stored_ = true;
        };
        stored += body.length;
        if (stored > MOST_STORED) trim(store);
      });
    },
    remove_(batch) {
      run((store) => store.delete(key(batch)));
    },
    take_(session, until, done) {
      run((store) => {
        trim(store);
        const batches: Batch[] = [];
        const cursor = store.openCursor();
        let next = Infinity;
        cursor.onsuccess = guard(() => {
          const here = cursor.result;
          if (!here || batches.length >= MOST_TAKEN) return done(batches, here ? 0 : next);
          const [error, at, , id] = here.key as unknown as Key;
          const row = here.value as Row;
          // The page before this one, in the same tab, is gone.
          const free = row.session == session && row.page != page ? row.wait : row.until;
          if (row.url != url) {
            // Another collector's.
          } else if (free > Date.now()) next = Math.min(next, free);
          else {
            here.update({ ...row, page, until });
            batches.push({
              id_: id, offset_: 0, error_: error, body_: row.body, session_: row.session,
              tries_: Math.max(row.tries, 1), flights_: 0, sealed_: at, stored_: true,
            });
          }
          here.continue();
        });
      });
    },
    split_: split,
    erase_() {
      close();
      waiting = [];
      stored = 0;
      databases.deleteDatabase(name).onerror = quiet;
    },
  };
}
