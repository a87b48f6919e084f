/**
 * Delivery. A sealed batch is bytes with an id, and stays the same on every try. It waits here, bounded, until the collector
 * has taken it or refused it for good. No timer runs while nothing waits.
 */
import { Diagnostic } from '../abi.js';
import { page } from '../page.js';
import type { Sdk } from '../sdk.js';
import { backoff, retryAfter } from './retry.js';

export interface Batch {
  id_: string;
  /** Epoch ms at `performance.now()` = 0 when its items were stamped. */
  offset_: number;
  /** It holds an exception, and is dropped after the others. */
  error_: boolean | number;
  body_: Uint8Array;
  session_: string;
  tries_: number;
  /** Requests of it under way. */
  flights_: number;
  /** The last of them outlives the page. */
  kept_?: boolean;
}

export interface Sender {
  add_(batch: Batch): void;
  /** The page is being hidden, or left (`leaving`): sends what waits, and what `seal` adds, by what outlives the page. */
  hidden_(leaving: boolean, seal: () => void): void;
  /** Calls back once everything that waits was tried. */
  settled_(callback: () => void): void;
  /** The visitor decided: what waits is let go, waits on, or is dropped (`denied`). */
  gate_(denied: boolean): void;
  /** From now on an empty queue means that nothing waits: the core is there, or will not come. */
  open_(): void;
}

/** Batches and bytes that may wait: some minutes of a busy page without a network. */
export const MOST_BATCHES = 64;
export const MOST_BYTES = 1 << 20;
/** Requests under way while the page is visible. */
const MOST_FLIGHTS = 3;
/** The browsers' bound on the bodies of all keepalive requests of a page, and Chrome's on their number. */
const KEEPALIVE_BYTES = 65536;
const KEEPALIVE_FLIGHTS = 9;
/** A request that has no answer after so many ms has failed. */
const TIMEOUT = 30000;

/** An answer as the network gives it, or its status alone; 0 or nothing: none came. */
type Answer = Response | number | void;

export function createSender(sdk: Sdk, nativeFetch: Function | undefined): Sender {
  const { options_: { protocol, key, transport }, tell_: tell, guard_: guard, later_: later, cancel_: cancel } = sdk;
  const faro = protocol == 'faro';
  const shared = page();
  const Native = Promise;
  let queue: Batch[] = [];
  let waiters: (() => void)[] = [];
  let open = false;
  let hiding = false;
  let flights = 0;
  let failures = 0;
  /** Nothing is sent before. */
  let blocked = 0;
  /** The collector asked for that: then hiding the page changes nothing. */
  let asked = false;
  let delivered = false;
  let timer: ReturnType<typeof setTimeout>;

  const remove = (batch: Batch) => {
    queue = queue.filter((other) => other != batch);
  };

  function network(url: string, body: Uint8Array, headers: Record<string, string>, hidden: boolean): PromiseLike<Answer> | Answer {
    const size = body.length;
    // The browsers let nothing larger outlive the page.
    hidden &&= size <= KEEPALIVE_BYTES;
    const keepalive = hidden && 'keepalive' in Request.prototype && shared.bytes + size <= KEEPALIVE_BYTES && shared.flights < KEEPALIVE_FLIGHTS;
    // No header can go with a beacon, which Faro's receivers ask for.
    if (hidden && !keepalive) return +(!faro && navigator.sendBeacon(url, new Blob([body as BlobPart], { type: 'text/plain' }))) * 202;
    const use = (sign: number) => {
      shared.bytes += sign * size;
      shared.flights += sign;
    };
    if (keepalive) use(1);
    return nativeFetch!(url, {
      // Large bytes cost less as a blob, whose size nobody has to know beforehand.
      method: 'POST', body: size > KEEPALIVE_BYTES ? new Blob([body as BlobPart]) : body, headers, keepalive, credentials: 'omit',
      signal: hidden ? null : (AbortSignal as { timeout?: (ms: number) => AbortSignal }).timeout?.(TIMEOUT),
    }).finally(() => keepalive && use(-1));
  }

  function post(batch: Batch, hidden: boolean): void {
    const attempt = ++batch.tries_;
    batch.kept_ = hidden;
    const headers: Record<string, string> = { 'content-type': faro ? 'application/json' : 'text/plain;charset=UTF-8' };
    let url = sdk.endpoint_;
    if (faro) {
      if (key) headers['x-api-key'] = key;
      headers['x-faro-session-id'] = batch.session_;
      // Receivers that are older than the header refuse it in the preflight, which looks like a broken network.
      if (delivered || !failures) headers['idempotency-key'] = batch.id_;
    } else {
      // The wall clock may have jumped; the page's clock may have stood still while the machine slept.
      const sent = Math.round(Math.max(batch.offset_ + performance.now(), Date.now()));
      url += (/\?/.test(url) ? '&' : '?') + 'id=' + batch.id_ + '&sent=' + sent + '&try=' + attempt;
    }
    batch.flights_++;
    flights++;
    const done = guard((answer: Answer) => {
      const status = (answer as Response)?.status ?? answer ?? 0;
      batch.flights_--;
      flights--;
      // Else another try of it was answered.
      if (queue.includes(batch)) {
        if (status < 200 || status == 408 || status == 425 || status == 429 || status >= 500) {
          const wait = retryAfter((answer as Response)?.headers?.get('retry-after'), Date.now());
          asked = wait > 0;
          blocked = performance.now() + (wait || backoff(++failures, Math.random()));
        } else {
          failures = blocked = 0;
          asked = false;
          remove(batch);
          if (status < 300) delivered = true;
          else tell(Diagnostic.BatchRefused, status);
        }
      }
      pump();
    });
    const { body_: body } = batch;
    new Native<Answer>((resolve) =>
      resolve(transport ? transport({ url, body, headers, id: batch.id_, attempt, hidden }) : network(url, body, headers, hidden)),
    ).then(done, () => done());
  }

  const pump = guard(() => {
    cancel(timer);
    const shut = !sdk.granted_();
    if (open && (shut || blocked || !queue.length)) {
      waiters.forEach((call) => call());
      waiters = [];
    }
    if (shut) return;
    const wait = blocked - performance.now();
    if (queue.length && wait > 0) timer = later(pump, wait);
    else {
      for (const batch of queue) {
        // After a failure one request feels the way.
        if (flights < (failures ? 1 : MOST_FLIGHTS) && !batch.flights_) post(batch, document.visibilityState == 'hidden');
      }
    }
  });

  sdk.on_(window, 'online', () => {
    if (!asked) blocked = 0;
    pump();
  });

  return {
    add_(batch) {
      queue.push(batch);
      while (queue.length > MOST_BATCHES || queue.reduce((sum, { body_: body }) => sum + body.length, 0) > MOST_BYTES) {
        remove(queue.find(({ error_: error }) => !error) || queue[0]);
        tell(Diagnostic.BatchDropped);
      }
      if (!hiding) pump();
    },
    hidden_(leaving, seal) {
      hiding = true;
      seal();
      hiding = false;
      if (!sdk.granted_() || (asked && blocked > performance.now())) return;
      // What is under way dies with the page; where it does not, the collector knows the id.
      for (const batch of queue) if (!batch.flights_ || (leaving && !batch.kept_ && !faro)) post(batch, true);
    },
    settled_(callback) {
      waiters.push(callback);
      pump();
    },
    gate_(denied) {
      if (denied) queue = [];
      pump();
    },
    open_() {
      open = true;
      pump();
    },
  };
}
