/** Puts one client together: the core behind its port, the sender, the observers, and the public methods over them. */
import { Diagnostic, Op, Signal } from './abi.js';
import { createPort } from './core.js';
import { guard, type Tell } from './guard.js';
import { createIds, isSampled } from './ids.js';
import { load } from './load.js';
import { observeAll } from './observe/all.js';
import { createErrors } from './observe/errors.js';
import { check } from './options.js';
import { type Sdk, State } from './sdk.js';
import { createSender } from './send/sender.js';
import { page } from './page.js';
import { startSpan, withSpan } from './spans.js';
import { CONSENTS, writeStart, writeUser } from './start.js';
import type { Client, DiagnosticCode, Item, Options } from './types.js';

/** By the numbers of abi.ts; a test compares them. */
export const CODES = (
  'internal item-cut cap-reached hook-threw batch-dropped batch-refused core-lost unsupported pending-full bad-message early-full bad-option'
).split(' ') as DiagnosticCode[];

const KINDS: Item['kind'][] = ['log', 'exception', 'measurement', 'event', 'span'];

/** The whole address of the collector. */
export function endpoint(url: string, key?: string): string {
  if (/\/collect([/?#]|$)/.test(url)) return url;
  return url.replace(/\/+$/, '') + '/collect' + (key ? '/' + encodeURIComponent(key) : '');
}

/** The storage of the tab; nothing where it is forbidden. */
function storage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {}
}

export function createClient(given: Options): Client {
  const tell: Tell = (code, detail) => {
    try {
      given.onDiagnostic?.(CODES[code], detail);
    } catch {}
  };
  const safely = <F extends (this: any, ...args: any[]) => any>(fn: F): F => guard(fn, tell);
  const options = check(given, tell);
  const onPage = typeof document != 'undefined';
  const faro = options.protocol == 'faro';
  const later = setTimeout;
  const cancel = clearTimeout;
  const hex = createIds();
  const name = 'farol:1:' + (options.key || options.app?.name || '');
  const kept = options.session?.storage == 'none' ? undefined : storage();
  const rate = typeof options.sampleRate == 'number' ? options.sampleRate : 1;
  const callbacks: ((id: string) => void)[] = [];
  const waiting: (() => void)[] = [];

  let consent = options.consent || 'granted';
  let session = '';
  let state = State.Off;
  let text = '';
  let opened = false;
  let due = Infinity;
  let timer: ReturnType<typeof setTimeout>;

  const sdk: Sdk = {
    options_: options,
    endpoint_: '',
    hex_: hex,
    tell_: tell,
    later_: later,
    cancel_: cancel,
    stops_: [],
    put_: (op, write, at = performance.now()) => port.put(op, at, write),
    guard_: safely,
    on_(target, types, listener, capture) {
      const guarded = safely(listener);
      for (const type of types.split(' ')) {
        target.addEventListener(type, guarded, capture);
        sdk.stops_.push(() => target.removeEventListener(type, guarded, capture));
      }
    },
    live_: () => state != State.Off && consent != 'denied',
    header_(place) {
      const on = state == State.On && consent == 'granted';
      return on || options.unsampledHeader ? '00-' + place.trace_ + '-' + place.span_ + (on ? '-01' : '-00') : '';
    },
    child_: (parent = sdk.place_) => ({ trace_: parent ? parent.trace_ : hex(16), span_: hex(8) }),
  };

  function keep(): void {
    if (consent != 'granted') return;
    try {
      if (text) kept?.setItem(name, text);
      else kept?.removeItem(name);
    } catch {}
  }

  function become(id: string, next: State): void {
    const changed = session && session != id;
    session = id;
    state = next;
    if (changed) for (const callback of [...callbacks]) safely(callback)(id);
  }

  function hook(kind: number, json: string): Uint8Array | number {
    try {
      const item = JSON.parse(json);
      item.kind = KINDS[kind];
      const answer = options.beforeSend!(item);
      if (answer === null) return -1;
      return new TextEncoder().encode(JSON.stringify({ ...(answer || item), kind: undefined }));
    } catch {
      tell(Diagnostic.HookThrew);
      return -2;
    }
  }

  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

  const port = createPort({
    onSignal(signal, bytes) {
      const view = new DataView(bytes.buffer);
      if (signal == Signal.Batch) {
        const at = 4 + view.getUint32(0, true);
        sender.add_({
          id_: decode(bytes.subarray(4, at)), offset_: view.getFloat64(at, true), error_: !!(view.getUint8(at + 12) & 2),
          body_: bytes.subarray(at + 13), session_: session, tries_: 0, flights_: 0,
        });
      } else if (signal == Signal.Store) {
        text = decode(bytes);
        keep();
      } else if (signal == Signal.Session) become(decode(bytes.subarray(5)), bytes[0]);
      else if (signal == Signal.Diagnostic) tell(view.getUint32(0, true), view.getFloat64(4, true));
      else if (signal == Signal.Hook) return hook(bytes[0], decode(bytes.subarray(1)));
    },
    onDeadline(at) {
      // A timer that fires too early asks again; one that fires too late is replaced.
      if (at >= due && at < Infinity) return;
      cancel(timer);
      due = at;
      if (at < Infinity) {
        timer = later(safely(() => {
          due = Infinity;
          sdk.put_(Op.Tick);
        }), at - performance.now());
      }
    },
    onFull: () => tell(Diagnostic.EarlyFull),
    onLost: () => tell(Diagnostic.CoreLost),
  });

  const none = () => {
    opened = true;
    state = State.Off;
    port.close();
    for (const call of waiting) call();
  };

  const open = safely(() => load(port.host, options.core, safely((core) => {
    if (!core) {
      tell(Diagnostic.Unsupported);
      return none();
    }
    port.open(core, (w) => writeStart(w, options, consent, hex, session, (consent == 'granted' && kept?.getItem(name)) || ''));
    opened = true;
    for (const call of waiting) call();
  })));

  // Nothing that the sender is asked comes before it stands.
  const native = page().layers.fetch?.native || (globalThis.fetch as Function);
  let sender = undefined as unknown as ReturnType<typeof createSender>;

  const flush = (why: number): Promise<void> => new Promise((resolve) => {
    sdk.put_(Op.Flush, (w) => w.b(why));
    const settled = () => (sender ? sender.settled_(resolve) : resolve());
    opened ? settled() : waiting.push(settled);
  });

  const capture = createErrors(sdk);
  const at = (w: import('./writer.js').Writer) => w.s(sdk.place_?.trace_).s(sdk.place_?.span_).n(NaN);

  const client: Client = {
    event(name, attributes) {
      sdk.put_(Op.Event, (w) => at(w.s(name).s('browser').a(attributes)));
    },
    log(message, more) {
      sdk.put_(Op.Log, (w) => at(w.s(more?.level || 'info').s(message).a(more?.attributes)));
    },
    measure(type, values, more) {
      const names = Object.keys(values).filter((key) => isFinite(values[key]));
      sdk.put_(Op.Measurement, (w) => {
        w.s(type).u(names.length);
        for (const key of names) w.s(key).n(values[key]);
        at(w.a(more?.attributes));
      });
    },
    captureError(error, more) {
      capture(error, { mechanism_: 'api', handled_: true, fatal_: more?.fatal, attributes_: more?.attributes });
    },
    startSpan: (name, more) => startSpan(sdk, name, more),
    withSpan: (name, fn, more) => withSpan(sdk, name, fn, more),
    setUser(user) {
      sdk.put_(Op.User, (w) => writeUser(w, user));
    },
    setView(name) {
      sdk.put_(Op.View, (w) => w.s(name));
    },
    setAttributes(attributes) {
      sdk.put_(Op.Attributes, (w) => w.a(attributes));
    },
    setSessionAttributes(attributes) {
      sdk.put_(Op.Session, (w) => w.a(attributes));
    },
    setConsent(next) {
      const number = CONSENTS.indexOf(next);
      if (number < 0) return tell(Diagnostic.BadOption, 'consent');
      consent = next;
      if (next == 'denied') kept?.removeItem(name);
      sdk.put_(Op.Consent, (w) => w.b(number));
      keep();
    },
    sessionId: () => session,
    sampled: () => state != State.Off,
    onSessionChange(callback) {
      callbacks.push(callback);
      return () => {
        callbacks.splice(callbacks.indexOf(callback) >>> 0, 1);
      };
    },
    traceparent: () => (sdk.live_() ? sdk.header_(sdk.child_()) : ''),
    flush: () => flush(0),
    shutdown() {
      const done = flush(2);
      for (const stop of sdk.stops_.reverse()) safely(stop)();
      sdk.stops_ = [];
      cancel(timer);
      none();
      return done;
    },
  };
  // These run the page's own code, and what that throws is the page's.
  const { withSpan: run } = client;
  for (const key in client) {
    const method = key as 'flush';
    client[method] = safely(client[method]);
  }
  client.withSpan = run;

  safely(() => {
    if (!onPage) return none();
    if (!options.url) {
      tell(Diagnostic.BadOption, 'url');
      return none();
    }
    sdk.endpoint_ = new URL(endpoint(options.url, faro ? '' : options.key), document.baseURI).href;
    session = hex(8);
    state = isSampled(session, rate) ? State.On : State.Off;
    sender = createSender(sdk, native.bind(globalThis) as typeof fetch);
    const start = () => (options.coreDelayMs ? later(open, options.coreDelayMs) : open());
    // A page that is rendered ahead of its visit may never be visited: until then calls wait.
    if ((document as { prerendering?: boolean }).prerendering) sdk.on_(document, 'prerenderingchange', start);
    else start();
    observeAll(sdk, port, capture, (leaving) => {
      sdk.put_(Op.Flush, (w) => w.b(1));
      sender.hidden_(leaving);
    });
  })();
  return client;
}
