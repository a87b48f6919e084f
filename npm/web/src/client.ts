/** Puts one client together: the core behind its port, the sender, the observers, and the public methods over them. */
import { Diagnostic, Op, Signal } from './abi.js';
import { createPort } from './core.js';
import { pickUp } from './early.js';
import { createGuard, type Tell } from './guard.js';
import { createHex, isSampled } from './ids.js';
import { load } from './load.js';
import { observeAll } from './observe/all.js';
import { keys, own, safe, text as textOf } from './observe/describe.js';
import { createErrors, ONLY_COUNTED } from './observe/errors.js';
import { CONFIG, createFeatures, HERE, LEFT, type Bring, type Late } from './features.js';
import { check, kind, matches } from './options.js';
import { type Joined, type Sdk, State } from './sdk.js';
import { writeMeta } from './meta.js';
import { createSender } from './send/sender.js';
import { page } from './page.js';
import { createWriter } from './writer.js';
import { startSpan, withSpan } from './spans.js';
import { CONSENTS, DENIED, GRANTED, NUMBERS, writeNumbers, writeStart, writeUser } from './start.js';
import type { Told } from './more/config.js';
import type { Client, DiagnosticCode, Item, Options } from './types.js';

/** By the numbers of abi.ts; a test compares them. */
export const CODES = (
  'internal item-cut cap-reached hook-threw batch-dropped batch-refused core-lost unsupported pending-full bad-message early-full bad-option ignored hook-invalid features-lost outbox-off'
).split(' ') as DiagnosticCode[];

/** What it said holds for so many ms at most (`HOLDS` in more/config.ts). */
const MOST_TOLD = 864e5;

/** Defaults of `session.idleMs` and `.lifetimeMs`; a test compares them with the core's. */
export const IDLE_MS = 9e5;
export const LIFETIME_MS = 144e5;

const KINDS = 'log exception measurement event span'.split(' ') as Item['kind'][];

/**
 * When the session of a stored text began, and its id (`session.rs`). Of two sessions of one visitor's the one that began later holds in all tabs, of two
 * that began at once the one whose id is greater: so all come to the same, in whatever order they hear of each other.
 */
const rank = (text: string) => text.slice(2, 15) + text.slice(32);

/** The whole address of the collector: of one that ends in `/collect` the key is still to come. One of Faro's receivers may stand at any path. */
export function endpoint({ url, key, protocol }: Options): string {
  const faro = protocol == 'faro';
  if (faro ? /^[./]*[^./?#]/.test(url.replace(/^(\w+:)?\/\/[^/?#]*/, '')) : /\/collect\/[^/?#]/.test(url)) return url;
  return url.replace(/(\/collect)?\/*([?#].*)?$/, (_, there, rest = '') => '/collect' + (safe(() => key && !faro && '/' + encodeURIComponent(key)) || '') + rest);
}

export function createClient(given: Options, bring: Bring): Client {
  // What the page does about what it is told is not told in its turn: that might have no end.
  const quiet = { on_: false };
  const tally: Sdk['tally_'] = {};
  const count: Sdk['count_'] = (what, by = 1) => void (tally[what] = (tally[what] || 0) + by);
  const tell: Tell = (code, detail, items) => {
    count(CODES[code], items);
    // Without a core nothing is captured, and no header may speak of it.
    if (code == Diagnostic.CoreLost) none();
    if (quiet.on_) return;
    quiet.on_ = true;
    try {
      given.onDiagnostic?.(CODES[code], detail);
    } catch {}
    quiet.on_ = false;
  };
  const safely = createGuard(tell, (spent) => count('main_thread_ms', spent));
  const options = check(given, tell);
  /** What the visitor's browser asks for, by the word that the page has for it. */
  const wish = safe(() => (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl) && (options.privacyControl || 'anonymous');
  const nameless = wish == 'anonymous';
  /** What an earlier page wrote stands here, whatever is written now. */
  const box = safe(() => (options.session?.storage === 'visitor' ? localStorage : sessionStorage));
  if (nameless) {
    options.user = undefined;
    options.session = { ...options.session, storage: 'none' };
  }
  const later = setTimeout;
  const cancel = clearTimeout;
  const hex = createHex();
  // The page may replace what we use later, and more often than not with something lesser.
  const Native = Promise;
  const { parse, stringify } = JSON;
  const decoder = new TextDecoder();
  const name = 'farol:1:' + textOf(options.key || options.app?.name);
  const store = options.session?.storage === 'none' ? undefined : box;
  const erase = () => {
    for (const one of ['', CONFIG, LEFT, HERE]) safe(() => box!.removeItem(name + one));
    // Here, as the outbox may not be there yet. Nothing of ours surfaces in the page, as a failed request of a database does.
    safe(() => (indexedDB.deleteDatabase(name).onerror = (event) => event.preventDefault()));
  };
  const callbacks = new Set<(id: string) => void>();

  let consent = CONSENTS.indexOf(options.consent!);
  /** When a no was taken back. */
  let agreed = 0;
  let session = '';
  /** The id of the session that begins where none goes on. */
  const fresh = hex(2);
  /** Another session begins: what is told of that cannot end it in its turn, which might have no end. */
  let telling = false;
  let state = State.Off;
  /** For the storage; nothing: the core has not said yet. */
  let text: string | undefined;
  /** It stood there. */
  let kept: unknown;
  /** The page has told of its visitor's consent. */
  let asked: unknown = options.consent;
  /** It is pending because what it stored is gone. */
  let lost: unknown;
  /** The page was left or frozen, and may come back. */
  let away: unknown;
  let due = Infinity;
  let timer: ReturnType<typeof setTimeout>;
  let sender: ReturnType<typeof createSender> | undefined;

  if (consent < 0) {
    // A word that nobody knows is no consent.
    consent = options.consent === undefined ? GRANTED : 0;
    if (!consent) tell(Diagnostic.BadOption, 'consent');
  }
  if (wish == 'off') consent = DENIED;

  // What is done under it is in the queue before the yes that may follow.
  const refused = consent == DENIED;

  /** What the collector said to an earlier page holds in this one, unless it does not want to hear of it. */
  const heed = () => {
    const told = consent == GRANTED && options.remoteConfig !== false && safe((): Told => parse(store!.getItem(name + CONFIG)!));
    if (!told) return;
    // Before the clock was set back it may have been told for months.
    const left = told.until - Date.now();
    if (!(left > 0 && left <= MOST_TOLD)) return;
    options.sampleRate = told.rate ?? options.sampleRate;
    if (told.off || told.rates) options.sampling = told.off ? undefined : { ...options.sampling, rates: { ...options.sampling?.rates, ...told.rates } };
    return told;
  };
  heed();

  const put: Sdk['put_'] = (op, write, at = performance.now()) => port.put(op, at, write);

  const sdk: Sdk = {
    options_: options,
    endpoint_: '',
    origin_: '',
    name_: name,
    store_: store,
    tally_: tally,
    count_: count,
    tell_: tell,
    later_: later,
    cancel_: cancel,
    stops_: [],
    hides_: new Set(),
    early_: [],
    put_: put,
    guard_: safely,
    on_(target, types, listener, capture) {
      const guarded = safely(listener);
      for (const type of types.split(' ')) {
        target.addEventListener(type, guarded, capture);
        sdk.stops_.push(() => target.removeEventListener(type, guarded, capture));
      }
    },
    live_: (at) => state != State.Off && consent != DENIED && !(at! < agreed),
    leaves_: () => state > State.Ring && consent != DENIED,
    granted_: () => consent == GRANTED,
    session_: () => session,
    header_({ trace_: trace, span_: span }) {
      const on = state == State.On;
      return sdk.granted_() && (on || options.unsampledHeader) ? '00-' + trace + '-' + span + (on ? '-01' : '-00') : '';
    },
    ambient_: () => sdk.current_ || sdk.acting_?.(),
    child_: (parent = sdk.ambient_()) => ({ trace_: parent ? parent.trace_ : hex(4), span_: hex(2) }),
    place_(w) {
      const here = sdk.ambient_();
      return w.s(here?.trace_).s(here?.span_).n(sdk.at_ ?? NaN);
    },
  } satisfies Omit<Sdk, 'capture_' | 'hide_' | 'sender_' | 'fetch_' | 'end_'> as unknown as Sdk;

  /** Storage passes the gate too: before consent nothing is read, written or removed. */
  const keep = () => safe(() => {
    // It may be full.
    if (consent == GRANTED && text != null) text ? (store!.setItem(name, text), (kept = 1)) : store?.removeItem(name);
  });

  /** Nothing is read of it before consent. */
  const stored = () => (consent == GRANTED && safe(() => store!.getItem(name))) || '';

  /** What the tabs' storage holds and our session come to one; of the same session each tab knows when its visitor was active there. */
  const meet = (ours = '', stood?: unknown) => {
    const theirs = safe(() => store!.getItem(name));
    // Another page's no has erased it: this one asks anew. Where nobody was asked there is no such no.
    if (stood && theirs === null && asked) {
      client.setConsent('pending');
      lost = 1;
    }
    if (theirs) rank(theirs) < rank(ours) && theirs.slice(32) != session ? keep() : put(Op.Stored, (w) => w.s(theirs));
  };

  const decode = (bytes: Uint8Array) => decoder.decode(bytes);

  const port = createPort({
    signal_(signal, bytes) {
      const view = new DataView(bytes.buffer);
      if (signal == Signal.Batch) {
        const at = 4 + view.getUint32(0, true);
        const flags = bytes[at + 12];
        sender!.add_({
          id_: decode(bytes.subarray(4, at)), offset_: view.getFloat64(at, true), error_: flags & 2,
          body_: bytes.subarray(at + 13), session_: session, tries_: 0, flights_: 0, sealed_: Date.now(),
          items_: view.getUint32(at + 8, true), draft_: flags & 4,
        });
      } else if (signal == Signal.Store) {
        text = decode(bytes);
        // Not in the way of what runs now: a start most of all.
        safe(() => queueMicrotask(keep));
      } else if (signal == Signal.Session) {
        const before = session;
        if (!sdk.over_) state = bytes[0];
        session = decode(bytes.subarray(5));
        if (before != session) {
          sdk.capped_ = 0;
          // What it held goes with a session that is told nothing of.
          if (state != State.On) sender?.undraft_();
          telling = true;
          for (const callback of [...callbacks]) safely(callback)(session);
          telling = false;
        }
        more();
      } else if (signal == Signal.Diagnostic) {
        const code = view.getUint32(0, true);
        const number = view.getFloat64(4, true);
        // From here on errors are counted and no more, as this one is.
        if (code == Diagnostic.CapReached && KINDS[number] == 'exception') {
          sdk.capped_ = 1;
          count(ONLY_COUNTED);
        }
        // What was told before is counted.
        if (number < 0) count(CODES[code]);
        else tell(code, code == Diagnostic.BadOption ? NUMBERS[number] : number);
      }
      else if (signal == Signal.Meta) {
        const w = createWriter();
        safe(() => writeMeta(w));
        return w.done();
      } else if (signal == Signal.Filter) return +!!safe(() => matches(bytes[0] ? options.denyUrls : options.ignoreErrors, decode(bytes.subarray(1))));
      else if (signal == Signal.Hook) {
        try {
          const item = parse(decode(bytes.subarray(1)));
          // A span has one of its own, which the hook does not see.
          const { kind: otlp } = item;
          item.kind = KINDS[bytes[0]];
          const answer = options.beforeSend!(item);
          if (answer === null) return -1;
          // A promise is no answer either; the core tells.
          if (answer !== undefined && (kind(answer) != 'object' || answer.then)) return new Uint8Array();
          const kept: any = { ...(answer || item), kind: otlp };
          sdk.noted_?.(bytes[0], kept);
          // Who takes Faro's takes text alone there, or nothing of the batch. A span's are OTLP's.
          if (options.protocol == 'faro' && bytes[0] < 4) {
            for (const part of 'attributes context'.split(' ')) {
              if (part in kept) {
                // What is no object has no names. A copy: it may be frozen.
                const flat = (kept[part] = own(kind(kept[part]) == 'object' ? parse(stringify(kept[part])) : {}) as any);
                for (const name in flat) if (typeof flat[name] != 'string') flat[name] = stringify(flat[name]);
              }
            }
          }
          return new TextEncoder().encode(stringify(kept));
        } catch {
          tell(Diagnostic.HookThrew);
        }
      }
    },
    deadline_(at) {
      // A timer that fires too early asks again; one that would fire too late is replaced.
      if (at >= due && at < Infinity) return;
      cancel(timer);
      due = at;
      if (at < Infinity) {
        timer = later(safely(() => {
          due = Infinity;
          put(Op.Tick);
        }), at - performance.now());
      }
    },
    tell_: tell,
    quiet_: quiet,
  });

  /** The end: at once, or once the core has dealt with what waits for it. */
  const none = (keep?: boolean) => {
    sdk.over_ = true;
    state = State.Off;
    options.unsampledHeader = false;
    port.close_(keep);
    if (!keep) sender?.open_();
  };

  const open = safely(() => load(port.host_, options.core, safely((core) => {
    if (!core) {
      tell(Diagnostic.Unsupported);
      return none();
    }
    try {
      port.open_(core, (w) => writeStart(w, options, refused ? DENIED : consent, hex, fresh, stored()));
    } finally {
      sender!.open_();
    }
  })));

  sdk.capture_ = createErrors(sdk);
  const more = createFeatures(sdk, bring);

  const flush = (why: number): Promise<void> => new Native((resolve) => {
    // On a server there is no sender, on a spoilt page anything may throw: there is nothing to wait for then.
    try {
      put(Op.Flush, (w) => w.b(why));
      sender!.settled_(resolve);
    } catch {
      resolve();
    }
  });

  const client: Client = {
    event(name, attributes) {
      put(Op.Event, (w) => sdk.place_(w.s(name).s('').a(attributes)));
    },
    log(message, more) {
      const { level, attributes } = own(more);
      put(Op.Log, (w) => sdk.place_(w.s(level || 'info').s(message).a(attributes)));
    },
    measure(type, values, more) {
      const { attributes } = own(more);
      const all = own(values);
      const names = Object.keys(all);
      put(Op.Measurement, (w) => {
        w.s(type).u(names.length);
        for (const key of names) w.s(key).n(typeof all[key] == 'number' ? all[key] : NaN);
        sdk.place_(w.a(attributes));
      });
    },
    captureError(error, more) {
      const { attributes, context, fatal, handled } = own(more);
      sdk.capture_(error, 'api', +(handled !== false) | (fatal ? 2 : 0), undefined, own(attributes, own(context)));
    },
    startSpan: (name, more) => startSpan(sdk, name, more),
    withSpan: (name, fn, more) => withSpan(sdk, name, fn, more),
    setUser(user) {
      if (!nameless) put(Op.User, (w) => writeUser(w, user));
    },
    setView(name) {
      put(Op.View, (w) => w.s(name).n(sdk.at_ ?? NaN));
    },
    setAttributes(attributes) {
      put(Op.Attributes, (w) => w.a(attributes));
    },
    setSessionAttributes(attributes) {
      put(Op.Session, (w) => w.a(attributes));
    },
    setConsent(next) {
      const number = CONSENTS.indexOf(next);
      if (number < 0) {
        tell(Diagnostic.BadOption, 'consent');
        // A word that nobody knows takes a yes back; a no it leaves one.
        return sdk.granted_() ? client.setConsent('pending') : undefined;
      }
      asked = 1;
      lost = 0;
      if (consent == DENIED) agreed = performance.now();
      // Said once more it is no news, and what other tabs have stored since stands. A no erases each time.
      else if (consent == number) return;
      consent = number;
      if (number == GRANTED) {
        const told = heed();
        if (told?.off) return none();
        if (told) put(Op.Rates, (w) => writeNumbers(w, options));
        // Before ours is written over it.
        meet();
      }
      // The copy of a tab has a session of its own before anything leaves it.
      more();
      put(Op.Consent, (w) => w.b(number));
      sender?.gate_(number == DENIED);
      if (number == DENIED) erase();
    },
    endSession() {
      if (!telling) put(Op.End);
    },
    sessionId: () => session,
    sampled: () => state == State.On,
    onSessionChange(callback) {
      // Given twice it is called twice, and each ends its own.
      const one = (id: string) => callback(id);
      callbacks.add(one);
      return () => {
        callbacks.delete(one);
      };
    },
    traceparent() {
      const place = sdk.ambient_();
      if (place) return sdk.header_(place);
      // Where none runs: one that begins and ends here, so that what the header names is there.
      const span = startSpan(sdk, 'traceparent');
      const header = span.traceparent();
      if (header) span.end();
      return header;
    },
    flush: () => flush(0),
    shutdown() {
      // They tell what they have only counted.
      for (const stop of sdk.stops_.splice(0)) safely(stop)();
      // Nobody listens for a network from here on.
      sdk.over_ = true;
      const done = flush(2);
      cancel(timer);
      none(true);
      return done;
    },
  };
  for (const key of keys(client)) {
    // It runs the page's own code, and what that throws is the page's.
    if (key != 'withSpan') client[key as 'flush'] = safely(client[key as 'flush']);
  }

  safely(() => {
    // On a server.
    if (typeof document == 'undefined') return none();
    // A name without a scheme would be a path of the page's; an address with credentials is one that `fetch` refuses.
    sdk.endpoint_ = safe(() => {
      const { href, username, password } = new URL(endpoint(options), document.baseURI);
      return /^(https?:\/\/[^/]|[./])/i.test(options.url) && !username && !password && href;
    }) || '';
    if (!sdk.endpoint_) {
      tell(Diagnostic.BadOption, 'url');
      return none();
    }
    // That of `about:srcdoc` says nothing, that of a sandbox is not the page's; and the page may have put anything in the place of the other.
    const { origin } = location;
    sdk.origin_ = self.origin === 'null' || origin == 'null' ? self.origin : origin;
    // Until the core is there to say, by what it will go by (`session.rs`).
    const { idleMs = IDLE_MS, lifetimeMs = LIFETIME_MS } = options.session || {};
    const before = stored();
    const since = (at: number) => Date.now() - +before.slice(at, at + 13);
    session = safe(() => since(+before.slice(16, 29) ? 16 : 2) < idleMs && since(2) < lifetimeMs && before.slice(32)) || fresh;
    state = isSampled(session, options.sampleRate ?? 1) ? State.On : options.sampling ? State.Ring : State.Off;
    // Faro's receivers would take a batch twice. A list may be without it: then nobody takes drafts.
    options.outbox = (options.outbox ?? (options.protocol != 'faro' && !options.transport)) && safe(() => !options.features || options.features.some((one: Late) => one?.left_));
    // An earlier page may have left something.
    if (consent == DENIED) erase();
    sdk.fetch_ = (page().layers.fetch?.root || window.fetch)?.bind(window) as typeof fetch;
    sdk.end_ = none;
    sender = createSender(sdk, sdk.fetch_);
    sdk.sender_ = sender;
    const start = () => (options.coreDelayMs ? later(open, options.coreDelayMs) : open());
    // A page that is rendered ahead of its visit may never be visited: until then calls wait.
    if ((document as { prerendering?: boolean }).prerendering) document.addEventListener('prerenderingchange', start);
    else start();
    sdk.hide_ = sender.hidden_;
    // Before the visit's own listeners: a page that comes back may have missed what other tabs did.
    sdk.on_(window, 'storage pagehide pageshow visibilitychange freeze', ({ key = name, newValue: there, type, persisted }: Partial<StorageEvent & PageTransitionEvent>) => {
      // One that was kept for the way back is visible before it is shown; one that was frozen in its tab before it hears what happened meanwhile.
      const back = away && there === undefined && (persisted || document.visibilityState != 'hidden');
      away = type == 'pagehide' || type == 'freeze' || (away && !back);
      // A core that is to come reads it itself.
      if (key != name || !text) return;
      // It was no last word: a page begins with a no until it knows better.
      if (lost && safe(() => store!.getItem(name))) client.setConsent('granted');
      else if (sdk.granted_()) meet(text, there === null || (back && kept));
    }, true);
    (options as Joined).join_?.(sdk);
    observeAll(sdk);
    more();
    pickUp(sdk, client);
  })();
  return client;
}
