/**
 * What waits for the collector, in a database of the origin: what this page cannot deliver, a later one does. Each batch has one page that
 * sends it; others leave it alone for as long as that page has said it may take, and take it over when that is past. That two pages hold one
 * batch for a moment costs a request and no more: the collector knows the id.
 */
import { Diagnostic } from '../abi.js';
import { LEFT, type Late } from '../features.js';
import { safe } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import { TIMEOUT } from '../send/network.js';
import { MOST_ASKED } from '../send/retry.js';
import { type Batch, MOST_AGE, type Outbox } from '../send/sender.js';
import { createLater } from './later.js';
import { createPack } from './pack.js';
import { split } from './split.js';
import { createSqueeze } from './squeeze.js';

/** Bytes that are kept of an origin: some hours of errors and vitals of a visitor without a network. */
export const MOST_STORED = 4 << 20;
/** Batches and bytes that are taken over at once: beside the 2 MiB that may wait in memory they are few. */
const MOST_TAKEN = 32;
const MOST_BYTES = 512 << 10;
/** Nobody sees to a batch for longer, in ms: what a collector can ask for, and the answer to what is sent then. A row that says more was written before the clock was set back. */
const MOST_HELD = MOST_ASKED + TIMEOUT;
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
  /** How many; an earlier version did not say. */
  items?: number;
  /** The collector asked for nothing before. */
  wait: number;
  /** Until then its page sees to it. */
  until: number;
}

/** What was sealed at that time nobody knows any more, be it that the clock was set back since. */
const old = (at: number) => Math.abs(Date.now() - at) >= MOST_AGE;

const key = (batch: Batch): Key => [+!!batch.error_, batch.sealed_, batch.body_.length, batch.id_];

/**
 * `outbox`; what packs and divides batches comes with it, and serves without it too. A session that tells nothing has a use for it: where the tab knows
 * that something is left.
 */
export const observeOutbox: Late = /* @__PURE__ */ Object.assign((sdk: Sdk): void => {
  sdk.pack_ = createPack();
  sdk.squeeze_ = createSqueeze();
  sdk.split_ = split;
  if (!sdk.options_.outbox) return;
  const outbox = createOutbox(sdk);
  sdk.sender_.join_(outbox);
  outbox.look_();
}, { left_: true });

export function createOutbox(sdk: Sdk): Outbox {
  const { endpoint_: url, name_: name, guard_: guard, tell_: tell, later_: later, cancel_: cancel } = sdk;
  const databases = safe(() => indexedDB)!;
  const page = performance.timeOrigin;
  /** Whose session this is has no other page but those before it, and frames within it, which began after it: no other tab of the visitor's. */
  const alone = sdk.options_.session?.storage !== 'visitor' && parent == window;
  const left = createLater(sdk);
  let database: IDBDatabase | undefined;
  let opening = false;
  /** That something was not kept has been told. */
  let full = false;
  let waiting: ((store: IDBObjectStore) => void)[] = [];
  /** Bytes that are stored, as far as this page knows; before it has looked, too many. */
  let stored = Infinity;
  /** There was no room for all that nobody sees to. */
  let more = false;
  let timer: ReturnType<typeof setTimeout>;
  let marked = false;
  let looked = false;
  /** The collector does not want us. */
  let hushed = false;
  /** The draft that this page has yet to seal: whatever became of its time, as that of a machine that slept, the core has the rest of it. */
  let own = '';

  /** So that a page whose session is out knows without opening the database. */
  const mark = (there: boolean) => {
    // A no may have come while the database was asked.
    if (there && (marked || !sdk.granted_())) return;
    marked = there;
    safe(() => (there ? sdk.store_?.setItem(name + LEFT, '1') : sdk.store_?.removeItem(name + LEFT)));
  };

  /** Nothing of ours surfaces in the page, as a failed request of a database does. */
  const quiet = (event: Event) => event.preventDefault();

  /** There was no room for it, as far as one can see: some browsers say so of the request, others of the whole. Memory has it. */
  const lost = (event: Event) => {
    quiet(event);
    if (!full) tell(Diagnostic.OutboxOff, (event.target as IDBRequest).error?.name);
    full = true;
  };

  /** What is under way in it ends first. An open one is kept by the browser, and with it the whole client. */
  const close = () => {
    database?.close();
    database = undefined;
  };

  const fail = (event?: Event) => {
    event?.preventDefault();
    close();
    // Once is enough: memory serves from now on.
    if (box.off_) return;
    box.off_ = true;
    waiting = [];
    tell(Diagnostic.OutboxOff);
  };

  /** `fresh`: it has been opened for this, and is not what we take it for if it fails. */
  const run = guard((work: (store: IDBObjectStore) => void, fresh?: boolean) => {
    if (box.off_) return;
    try {
      const transaction = database!.transaction(STORE, 'readwrite');
      transaction.onerror = transaction.onabort = lost;
      work(transaction.objectStore(STORE));
      if (sdk.over_ && !fresh) close();
    } catch {
      if (fresh) return fail();
      // It was closed, by us or by the browser.
      close();
      waiting.push(work);
      open();
    }
  });

  const open = guard(() => {
    if (opening) return;
    opening = true;
    let request: IDBOpenDBRequest;
    try {
      request = databases.open(name, 1);
    } catch {
      return fail();
    }
    // Some say nothing at all: as long as another tab keeps it from being deleted, or by a bug of the browser's. All would wait here for ever.
    let patience: ReturnType<typeof later>;
    const wait = () => {
      const from = Date.now();
      // Long overdue the page itself was away, kept for the way back or asleep: the answer may be just behind.
      patience = later(guard(() => (Date.now() - from > 2 * TIMEOUT ? wait() : fail())), TIMEOUT);
    };
    wait();
    request.onupgradeneeded = guard(() => void request.result.createObjectStore(STORE));
    request.onerror = guard((event) => {
      cancel(patience);
      fail(event);
    });
    request.onsuccess = guard(() => {
      cancel(patience);
      opening = false;
      database = request.result;
      // Too late.
      if (box.off_) return close();
      // Another tab erases, or a newer version comes.
      database.onversionchange = close;
      for (const work of waiting.splice(0)) run(work, true);
      if (sdk.over_) close();
    });
  });

  /** Lets go of what is too old and too much, the oldest without an exception first. */
  function trim(store: IDBObjectStore): void {
    const keys = store.getAllKeys();
    keys.onsuccess = guard(() => {
      stored = 0;
      mark(keys.result.length > 0);
      for (const [, at, bytes] of keys.result as unknown as Key[]) if (!old(at)) stored += bytes;
      for (const one of keys.result as unknown as Key[]) {
        const [, at, bytes] = one;
        if (stored > MOST_STORED || old(at)) {
          if (!old(at)) stored -= bytes;
          const row = store.get(one);
          row.onsuccess = guard(() => tell(Diagnostic.BatchDropped, undefined, (row.result as Row | undefined)?.items));
          store.delete(one);
        }
      }
    });
  }

  /** Lets go of what was left under other keys, which no page may have any more: where all of it is too old. Not each browser tells the names. */
  const others = guard(() => {
    databases.databases?.().then((all) => all.forEach(guard(({ name: other = '' }: IDBDatabaseInfo) => {
      if (!other.startsWith('farol:1:') || other == name) return;
      const request = databases.open(other, 1);
      request.onerror = quiet;
      // It is gone since.
      request.onupgradeneeded = () => request.transaction!.abort();
      request.onsuccess = guard(() => {
        const { result } = request;
        // Somebody else's has no such store.
        const keys = safe(() => result.transaction(STORE).objectStore(STORE).getAllKeys());
        result.close();
        if (keys) keys.onsuccess = guard(() => {
          const all = keys.result as unknown as Key[];
          if (all.length && all.every(([, at]) => old(at))) databases.deleteDatabase(other).onerror = quiet;
        });
      });
    })), () => {});
  });

  /** Takes over what nobody sees to. */
  const look = guard(() => {
    cancel(timer);
    more = false;
    // What is no longer agreed to the browser is not to send either.
    if (!sdk.granted_()) return left.disarm_();
    // What it would take for left is the page's that the visitor still looks at; and what is not wanted of this page may be of another.
    if (hushed || (document as { prerendering?: boolean }).prerendering) return;
    run((store) => {
      if (!looked) others();
      looked = true;
      trim(store);
      const batches: Batch[] = [];
      const cursor = store.openCursor();
      let next = Infinity;
      let bytes = 0;
      cursor.onsuccess = guard(() => {
        const here = cursor.result;
        if (!here || batches.length >= MOST_TAKEN || bytes >= MOST_BYTES) {
          more = !!here;
          if (!more && next < Infinity) timer = later(look, next - Date.now());
          return sdk.sender_.adopt_(batches);
        }
        const [error, at, , id] = here.key as unknown as Key;
        const row = here.value as Row;
        // The page before this one, in the same tab, is gone.
        const free = alone && row.session == sdk.session_() && row.page < page ? row.wait : row.until;
        const held = free - Date.now();
        if (row.url != url || id == own) {
          // Another collector's, or not to be sent as it is.
        } else if (held > 0 && held <= MOST_HELD) next = Math.min(next, free);
        else {
          bytes += row.body.length;
          here.update({ ...row, page, until: Date.now() + TIMEOUT });
          batches.push({
            id_: id, offset_: 0, error_: error, body_: row.body, session_: row.session,
            tries_: Math.max(row.tries, 1), flights_: 0, sealed_: at, stored_: true, items_: row.items,
          });
        }
        here.continue();
      });
    });
  });

  sdk.on_(document, 'prerenderingchange', look);
  // An open database can keep a page from being kept for the way back, and another tab from deleting it for as long as this one is frozen.
  const leave = () => {
    left.leave_();
    close();
  };
  sdk.on_(window, 'pagehide', leave);
  sdk.on_(document, 'freeze', leave);
  sdk.stops_.push(() => {
    cancel(timer);
    close();
  });

  const box: Outbox = {
    put_(batch, wait, until, draft) {
      mark(true);
      if (draft || batch.draft_) own = batch.draft_ ? batch.id_ : '';
      // Given up by this page.
      more ||= !until;
      // It has failed, and waits for its next try: unless the collector said how long, the browser may make that where the page cannot.
      if (batch.tries_ && !batch.flights_ && until && !wait) left.arm_(batch);
      // What it asked holds for all.
      else left.disarm_(wait ? undefined : batch);
      run((store) => {
        const { id_: id, session_: session, tries_: tries, body_: body, items_: items } = batch;
        if (draft) {
          const was = store.get(key(draft));
          was.onsuccess = guard(() => {
            // Another page has taken it for left, and the collector may know the id by fewer items: rather those twice than the others never.
            if (draft.id_ != id || !(draft.spent_ || (draft.stored_ && was.result?.page != page))) return;
            if (batch.draft_) batch.spent_ = true;
            else sdk.sender_.adopt_([{ ...batch, id_: id + 'r', tries_: 1, flights_: 0 }]);
          });
          store.delete(key(draft));
        }
        let there: unknown;
        store.put({ id, url, session, page, tries, body, items, wait, until } satisfies Row, key(batch)).onsuccess = (event) => (there = event);
        // There may turn out to be no room when all of it is to be kept; and where that was said of the request, the rest is kept without it.
        store.transaction.oncomplete = () => {
          if (there) batch.stored_ = true;
        };
        stored += body.length;
        if (stored > MOST_STORED) trim(store);
      });
    },
    remove_(batch) {
      left.disarm_(batch);
      run((store) => {
        store.delete(key(batch));
        const count = store.count();
        count.onsuccess = () => {
          if (!count.result) mark(false);
        };
      });
    },
    look_: look,
    room_: () => more && look(),
    hush_() {
      hushed = true;
      cancel(timer);
      left.disarm_();
    },
    erase_: guard(() => {
      cancel(timer);
      left.disarm_();
      close();
      waiting = [];
      stored = 0;
      mark(false);
      if (!box.off_) databases.deleteDatabase(name).onerror = quiet;
    }),
  };
  return box;
}
