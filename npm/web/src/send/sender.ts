/**
 * Delivery. A sealed batch is bytes with an id, and stays the same on every try. It waits here, bounded, until the collector
 * has taken it or refused it for good. No timer runs while nothing waits.
 */
import { Diagnostic } from '../abi.js';
import { page } from '../page.js';
import type { Sdk } from '../sdk.js';
import type { Transport } from '../types.js';
import { backoff, retryAfter } from './retry.js';

export interface Batch {
  id_: string;
  /** Epoch ms at `performance.now()` = 0 when its items were stamped. */
  offset_: number;
  /** It holds an exception, and is dropped after the others. */
  error_: boolean;
  body_: Uint8Array;
  session_: string;
  tries_: number;
  /** Requests of it under way. */
  flights_: number;
}

export interface Sender {
  add_(batch: Batch): void;
  /** The page is being hidden, or left (`leaving`): sends what waits by what outlives it. */
  hidden_(leaving: boolean): void;
  /** Calls back once everything that waits was tried. */
  settled_(callback: () => void): void;
  stop_(): void;
}

/** Batches and bytes that may wait: some minutes of a busy page without a network. */
const MOST_BATCHES = 64;
const MOST_BYTES = 1 << 20;
/** Requests under way while the page is visible. */
const MOST_FLIGHTS = 3;
/** The browsers' bound on the bodies of all keepalive requests of a page, and Chrome's on their number. */
const KEEPALIVE_BYTES = 65536;
const KEEPALIVE_FLIGHTS = 9;
/** A request that has no answer by then has failed. */
const TIMEOUT = 30000;

export function createSender(sdk: Sdk, nativeFetch: typeof fetch): Sender {
  const { options_: options, tell_: tell, guard_: guard, later_: later, cancel_: cancel } = sdk;
  const faro = options.protocol == 'faro';
  const separator = sdk.endpoint_.includes('?') ? '&' : '?';
  const shared = page();
  let queue: Batch[] = [];
  let flights = 0;
  let failures = 0;
  let blocked = 0;
  /** The collector asked for the wait: then nothing goes out before its end, hidden or not. */
  let asked = false;
  let delivered = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiters: (() => void)[] = [];

  function remove(batch: Batch): void {
    queue = queue.filter((other) => other != batch);
  }

  function settle(): void {
    if (queue.length && !blocked) return;
    const calls = waiters;
    waiters = [];
    for (const call of calls) call();
  }

  const network = (address: string, batch: Batch, headers: Record<string, string>, hidden: boolean, done: (status: number, after?: string | null) => void) => {
    const size = batch.body_.length;
    const keepalive =
      hidden && 'keepalive' in Request.prototype && shared.bytes + size <= KEEPALIVE_BYTES && shared.flights < KEEPALIVE_FLIGHTS;
    if (hidden && !keepalive) {
      // No header can go with a beacon, which Faro's receivers ask for.
      const sent = !faro && navigator.sendBeacon(address, new Blob([batch.body_ as BlobPart], { type: headers['content-type'] }));
      return done(sent ? 202 : -1);
    }
    if (keepalive) {
      shared.bytes += size;
      shared.flights++;
    }
    const finish = (status: number, after?: string | null) => {
      if (keepalive) {
        shared.bytes -= size;
        shared.flights--;
      }
      done(status, after);
    };
    nativeFetch(address, {
      method: 'POST', body: batch.body_ as BodyInit, headers, keepalive, credentials: 'omit',
      signal: hidden ? undefined : (AbortSignal as { timeout?: (ms: number) => AbortSignal }).timeout?.(TIMEOUT),
    }).then(guard((response) => finish(response.status, response.headers.get('retry-after'))), guard(() => finish(0)));
  };

  const given = (transport: Transport): typeof network => (url, batch, headers, hidden, done) => {
    const answer = transport({ url, body: batch.body_, headers, id: batch.id_, attempt: batch.tries_, hidden });
    if (typeof (answer as PromiseLike<number>)?.then == 'function') (answer as PromiseLike<number>).then(guard(done), guard(() => done(0)));
    else done((answer as number) || 0);
  };

  const carry = options.transport ? given(options.transport) : network;

  function post(batch: Batch, hidden: boolean): void {
    batch.tries_++;
    batch.flights_++;
    flights++;
    // The wall clock may have jumped; the page's clock may have stood still while the machine slept.
    const sent = Math.round(Math.max(batch.offset_ + performance.now(), Date.now()));
    const headers: Record<string, string> = { 'content-type': faro ? 'application/json' : 'text/plain;charset=UTF-8' };
    let address = sdk.endpoint_;
    if (faro) {
      if (options.key) headers['x-api-key'] = options.key;
      headers['x-faro-session-id'] = batch.session_;
      // Receivers that are older than the header refuse it in the preflight, which looks like a broken network.
      if (delivered || !failures) headers['idempotency-key'] = batch.id_;
    } else {
      address += separator + 'id=' + batch.id_ + '&sent=' + sent + '&try=' + batch.tries_;
    }
    const done = (status: number, after?: string | null) => {
      batch.flights_--;
      flights--;
      if (!queue.includes(batch)) {
        // Another try of it was answered.
      } else if (status >= 200 && status < 300) {
        delivered = true;
        failures = blocked = 0;
        asked = false;
        remove(batch);
      } else if (status <= 0 || status == 408 || status == 425 || status == 429 || status >= 500) {
        const wait = retryAfter(after, Date.now());
        asked = wait > 0;
        blocked = performance.now() + (wait || backoff(++failures, Math.random()));
      } else {
        remove(batch);
        tell(Diagnostic.BatchRefused, status);
      }
      pump();
    };
    try {
      carry(address, batch, headers, hidden, done);
    } catch {
      done(0);
    }
  }

  const pump = guard(() => {
    cancel(timer);
    settle();
    if (!queue.length) return;
    const wait = blocked - performance.now();
    if (wait > 0) {
      timer = later(pump, wait);
      return;
    }
    // After a failure one request feels the way.
    const most = failures ? 1 : MOST_FLIGHTS;
    for (const batch of queue) {
      if (flights >= most) break;
      if (!batch.flights_) post(batch, document.visibilityState == 'hidden');
    }
  });

  function bound(): void {
    let bytes = 0;
    for (const batch of queue) bytes += batch.body_.length;
    while (queue.length > MOST_BATCHES || bytes > MOST_BYTES) {
      const victim = queue.find((batch) => !batch.error_) || queue[0];
      bytes -= victim.body_.length;
      remove(victim);
      tell(Diagnostic.BatchDropped);
    }
  }

  sdk.on_(window, 'online', () => {
    if (!asked) blocked = 0;
    pump();
  });

  return {
    add_(batch) {
      queue.push(batch);
      bound();
      pump();
    },
    hidden_(leaving) {
      if (asked && blocked > performance.now()) return;
      // What is under way dies with the page; where it does not, the collector knows the id.
      for (const batch of queue) if (!batch.flights_ || (leaving && !faro)) post(batch, true);
    },
    settled_(callback) {
      waiters.push(callback);
      settle();
    },
    stop_() {
      queue = [];
      cancel(timer);
    },
  };
}
