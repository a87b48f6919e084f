/**
 * Delivery. A sealed batch is bytes with an id, and stays the same on every try. It waits here, bounded, and in the outbox until the
 * collector has taken it or refused it for good. No timer runs while nothing waits.
 */
import { Diagnostic } from '../abi.js';
import { safe } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import { type Answer, createNetwork, KEEPALIVE_BYTES, TAKEN, TIMEOUT, UNFIT } from './network.js';
import { backoff, retryAfter } from './retry.js';

export interface Batch {
  id_: string;
  /** Epoch ms at `performance.now()` = 0 when its items were stamped. */
  offset_: number;
  /** It holds an exception, and is dropped after the others. */
  error_: boolean | number;
  body_: Uint8Array;
  /** How many items; nothing: nobody knows any more. */
  items_?: number;
  session_: string;
  tries_: number;
  /** Requests of it under way. */
  flights_: number;
  /** The last of them outlives the page. */
  kept_?: boolean;
  /** A beacon of it was taken: by then it would be known, and a request that has an answer asks, on the `performance.now()` clock. */
  taken_?: number;
  /** When it was sealed, in epoch ms. */
  sealed_: number;
  /** It stands in the outbox, and may be let go here. */
  stored_?: boolean;
  /** It is not sealed yet. */
  draft_?: unknown;
  /** Of a draft: another page has taken it, or one before it, so that the collector may know the id. */
  spent_?: boolean;
}

/** What batches wait in beside memory; it comes with the second file. */
export interface Outbox {
  /** It keeps nothing: memory has to serve. */
  off_?: boolean;
  /** Keeps a batch, or what is new about it, in the place of its draft if there is one. */
  put_(batch: Batch, wait: number, until: number, draft?: Batch): void;
  remove_(batch: Batch): void;
  /** Has `adopt_` called with what nobody sees to, now and whenever there is more. */
  look_(): void;
  /** The same, if there was no room for all of it. */
  room_(): void;
  /** The collector does not want us: nothing of it is to be sent by the browser in the page's place, and what nobody sees to is for others. */
  hush_(): void;
  /** Deletes all of it. */
  erase_(): void;
}

export interface Sender {
  /** What is not sealed yet (`draft_`) is for the outbox alone, in case that the page dies before it is. */
  add_(batch: Batch): void;
  /** What was to be in that batch will be in none. */
  undraft_(): void;
  /** The page is being hidden, or left (`leaving`): sends what waits, and what `seal` adds, by what outlives the page. */
  hidden_(leaving: boolean, seal: () => void): void;
  /** Tries what waits, and calls back once no try is under way any more. */
  settled_(callback: () => void): void;
  /** The visitor decided: what waits is let go, waits on, or is dropped (`denied`). */
  gate_(denied: boolean): void;
  /** There is an outbox. */
  join_(outbox: Outbox): void;
  /** Sends what earlier pages left. */
  adopt_(batches: Batch[]): void;
  /** From now on an empty queue means that nothing waits: the core is there, or will not come. */
  open_(): void;
}

/** Batches and bytes that may wait in memory: some minutes of a busy page without a network. Past that they wait in the outbox alone. */
export const MOST_BATCHES = 64;
export const MOST_BYTES = 2 << 20;
/** How long a batch is tried, in ms, and kept: one hour less than the collector remembers which it has taken. */
export const MOST_AGE = 47 * 3600000;
/** Faro's name for a batch's id. Receivers that are older than it refuse it in the preflight, which looks like a broken network. */
const IDEMPOTENCY = 'idempotency-key';
/** Requests under way while the page is visible. */
const MOST_FLIGHTS = 3;
/** What was sealed longer ago, in ms, comes late: it stays out of alerts. */
export const LATE = 60000;
/** Those whose network comes back at once do not all send at once: in ms. */
const SPREAD = 2000;
/** This machine: whether there is a network says nothing of it. */
const LOCAL = /\/\/(localhost|127\.|\[::1)/;
/** How long after the page was left it may go at any moment, in ms: as long as the core seals each item at once (`LEAVING_MS`). */
const LEAVING = 1000;
/** Within so many ms of its time a try begins; a page that is gone begins none. */
const SLACK = 2000;

export function createSender(sdk: Sdk, nativeFetch: Function | undefined): Sender {
  const { options_: { protocol, key, transport }, tell_: tell, guard_: guard, later_: later, cancel_: cancel } = sdk;
  const faro = protocol == 'faro';
  const network = createNetwork(nativeFetch!, faro, sdk);
  const Native = Promise;
  let queue: Batch[] = [];
  let waiters: (() => void)[] = [];
  let open = false;
  let hiding = false;
  /** Until then the page may go at any moment, whatever it says of itself: Chromium's is visible until `pagehide` is over. */
  let going = 0;
  let flights = 0;
  let failures = 0;
  /** The last of them was no answer at all: whoever answers is in a network. */
  let unheard = false;
  /** Nothing is sent before. */
  let blocked = 0;
  /** The collector asked for that: then hiding the page changes nothing. */
  let asked = false;
  /** Something was answered that had Faro's newest header. */
  let known = false;
  /** How often failures ended once it was left out. One may have been a network that was away; two have not. */
  let plain = 0;
  /** The collector does not want us: nothing is sent any more. */
  let stopped = false;
  let outbox: Outbox | undefined;
  let draft: Batch | undefined;
  let timer: ReturnType<typeof setTimeout>;

  const remove = (batch: Batch) => {
    queue = queue.filter((other) => other != batch);
  };

  /** `until`: when there is an answer, or none, in ms from now, or from when the collector wants to be asked. */
  const keep = (batch: Batch, draft?: Batch, until = TIMEOUT) => {
    const wait = asked ? Math.max(0, blocked - performance.now()) : 0;
    if (sdk.granted_()) outbox?.put_(batch, wait && Date.now() + wait, Date.now() + wait + until, draft);
  };
  const keepAll = () => {
    for (const batch of queue) keep(batch);
    // A core that has nothing new to say writes no other.
    if (draft) keep(draft);
  };

  /** It is told, and no more. */
  const drop = (batch: Batch) => {
    outbox?.remove_(batch);
    remove(batch);
    // The page may call us back.
    tell(Diagnostic.BatchDropped, undefined, batch.items_);
  };

  function post(batch: Batch, hidden: boolean): void {
    const age = Date.now() - batch.sealed_;
    // It may have been taken, and who took it knows its id no more: a machine that slept over a weekend.
    if (batch.tries_ && age > MOST_AGE) return drop(batch);
    const attempt = ++batch.tries_;
    // What is tried for the first time has just been put there.
    if (attempt > 1) keep(batch);
    batch.kept_ = hidden;
    const headers: Record<string, string> = { 'content-type': faro ? 'application/json' : 'text/plain' };
    let url = sdk.endpoint_;
    if (faro) {
      if (key) headers['x-api-key'] = key;
      headers['x-faro-session-id'] = batch.session_;
      if (known || (!hidden && !failures && plain < 2)) headers[IDEMPOTENCY] = batch.id_;
    } else {
      // The wall clock may have jumped; the page's clock may have stood still while the machine slept.
      const sent = Math.round(Math.max(batch.offset_ + performance.now(), Date.now()));
      url += (/\?/.test(url) ? '&' : '?') + 'id=' + batch.id_ + '&sent=' + sent + (attempt > 1 ? '&try=' + attempt : '');
      if (age > LATE) url += '&late=1';
    }
    batch.flights_++;
    flights++;
    const done = guard((answer: Answer) => {
      // A page's own transport may answer anything.
      let status = safe(() => +((answer as Response)?.status ?? answer)!) || 0;
      // The page that a request was led to, of a login as a rule, has taken nothing. A collector says 202; receivers of Faro's may not.
      if (status == 200 && !transport && !faro && (answer as Response).redirected) status = 0;
      batch.flights_--;
      flights--;
      // Whatever the answer: there is one.
      if (status > 0 && headers[IDEMPOTENCY]) known = true;
      // Else another try of it was answered, or the visitor has said no.
      if (queue.includes(batch)) {
        const now = performance.now();
        // What was under way beside one that was asked to wait says nothing of that.
        const until = asked && blocked > now;
        if (status == TAKEN) batch.taken_ = now + TIMEOUT;
        else if (status < 200 || status == 408 || status == 425 || status == 429 || status >= 500) {
          const wait = retryAfter(safe(() => (answer as Response).headers.get('retry-after')), Date.now());
          unheard = !status;
          asked = until || wait > 0;
          // Where nobody was asked nothing has failed.
          blocked = Math.max(now + (wait || backoff(+(status == UNFIT) || ++failures, Math.random())), blocked);
          keep(batch, undefined, (asked ? 0 : blocked - now) + SLACK);
        } else {
          const parts = status == 413 && safe(() => sdk.split_?.(batch));
          if (parts) for (const part of parts) add(part);
          else if (status > 299) tell(Diagnostic.BatchRefused, status, batch.items_);
          if (!until) {
            if (failures && !known) plain++;
            failures = blocked = 0;
            asked = false;
          }
          stopped = status == 401 || status == 403;
          // Those who are not wanted may be later.
          if (stopped) {
            queue = [];
            outbox?.hush_();
          } else {
            remove(batch);
            outbox?.remove_(batch);
          }
        }
      }
      pump();
    });
    const { body_: body } = batch;
    new Native<Answer>((resolve) => {
      const answer = transport ? transport({ url, body, headers, id: batch.id_, attempt, hidden }) : network(url, body, headers, +hidden && KEEPALIVE_BYTES / (!outbox || outbox.off_ ? 1 : 2), () => sdk.granted_() && queue.includes(batch));
      if (answer !== UNFIT) {
        sdk.count_('requests');
        sdk.count_('bytes', body.length);
        if (attempt > 1) sdk.count_('retries');
      }
      resolve(answer);
    }).then(done, () => done());
  }

  /**
   * The browser knows of no network. That holds once a try has failed, until it says that there is one again: nothing is tried, and no timer runs.
   */
  const offline = () => failures && unheard && navigator.onLine === false && !sdk.over_ && !LOCAL.test(sdk.endpoint_);

  const pump = guard(() => {
    const shut = stopped || !sdk.granted_();
    const away = performance.now() < going;
    let next = Infinity;
    if (!shut && !offline()) {
      for (const batch of queue) {
        const wait = Math.max(batch.taken_ || 0, blocked) - performance.now();
        if (wait > 0) next = Math.min(wait, next);
        // After a failure one request feels the way. Where the page may go nothing is put off: there may be no later.
        else if ((away || flights < (failures ? 1 : MOST_FLIGHTS)) && !batch.flights_) post(batch, !batch.tries_ && (away || document.visibilityState == 'hidden'));
      }
      if (!queue.length) outbox?.room_();
    }
    // Not before: a page's own transport may have called us.
    cancel(timer);
    if (next < Infinity) timer = later(pump, next);
    if (open && (shut || !flights)) {
      waiters.forEach((call) => call());
      waiters = [];
    }
  });

  function add(batch: Batch): void {
    if (stopped) return;
    queue.push(batch);
    // A part of another has none.
    const own = draft?.id_ == batch.id_ ? draft : undefined;
    if (own) draft = undefined;
    // A page that slept may find its draft delivered by another: rather some items twice than the others never.
    if (own && (own.spent_ || Date.now() > own.sealed_ + TIMEOUT - SLACK)) batch.id_ += 'r';
    keep(batch, own);
    while (queue.length > MOST_BATCHES || queue.reduce((sum, { body_: body }) => sum + body.length, 0) > MOST_BYTES) {
      const stored = queue.find((one) => one.stored_ && !one.flights_);
      const victim = stored || queue.find(({ error_: error }) => !error) || queue[0];
      if (!stored) drop(victim);
      else {
        outbox!.put_(victim, 0, 0);
        remove(victim);
      }
    }
  }

  sdk.on_(window, 'online', () => {
    if (!asked && failures) blocked = performance.now() + Math.random() * SPREAD;
    pump();
  });

  return {
    undraft_() {
      if (draft) outbox?.remove_(draft);
      draft = undefined;
    },
    add_(batch) {
      if (!batch.draft_) {
        add(batch);
        if (!hiding) pump();
      } else if (!stopped) {
        keep(batch, draft);
        draft = batch;
      }
    },
    hidden_(leaving, seal) {
      hiding = true;
      seal();
      hiding = false;
      const now = performance.now();
      if (leaving) {
        going = now + LEAVING;
        // What is told after this goes as well.
        if (!asked) blocked = 0;
      }
      if (stopped || !sdk.granted_() || offline() || (asked && blocked > now)) return;
      // Not all of it may fit into what outlives the page.
      queue.sort((one, other) => +!!other.error_ - +!!one.error_);
      // What is under way dies with the page; where it does not, the collector knows the id.
      for (const batch of queue) if (!(batch.taken_! > now) && (!batch.flights_ || (leaving && !batch.kept_ && !faro))) post(batch, true);
    },
    settled_(callback) {
      waiters.push(callback);
      // Who asks need not wait for the next try, but where the collector asked for that.
      if (!asked) blocked = 0;
      pump();
    },
    gate_(denied) {
      if (denied) {
        queue = [];
        draft = undefined;
        outbox?.erase_();
      } else {
        // What failed while nobody was asked anew stood in memory alone.
        keepAll();
        outbox?.look_();
      }
      pump();
    },
    join_(joined) {
      outbox = joined;
      stopped ? joined.hush_() : keepAll();
    },
    adopt_(batches) {
      if (stopped || !sdk.granted_()) return;
      for (const batch of batches) if (!queue.some(({ id_: id }) => id == batch.id_)) queue.push(batch);
      pump();
    },
    open_() {
      open = true;
      pump();
    },
  };
}
