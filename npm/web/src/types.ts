/** The public types of @farol/web. */

/**
 * Attributes of an item: values of other types are left out. In `faro` mode numbers and booleans become text. An object whose type is an interface is given
 * as `{ ...it }`: of that alone TypeScript knows that it has no other members.
 */
export type Attributes = Record<string, string | number | boolean | null | undefined>;

/** How severe a log is. */
export type Level = 'trace' | 'debug' | 'info' | 'log' | 'warn' | 'error';

/** What the visitor agreed to. `pending`: items wait in memory (bounded), nothing is stored or sent; `denied`: nothing is kept. */
export type Consent = 'pending' | 'granted' | 'denied';

/**
 * What is done where the visitor's browser says that data about them is not to be shared (Global Privacy Control): `ignore` nothing;
 * `anonymous`: no user, and no id that outlives the page; `off`: as if the visitor had said no, until `setConsent` says otherwise.
 */
export type PrivacyControl = 'ignore' | 'anonymous' | 'off';

/** A text that an address or message contains, or an expression that it matches (`propagateTo`: that it begins with). */
export type Pattern = string | RegExp;

/**
 * Addresses of one view: `/products/:id`, where `:id` is any one part and `*` (`/docs/*`) the rest. Its name is the pattern, or the second of a pair:
 * `['/products/:id', 'product']`.
 */
export type Route = string | readonly [pattern: string, name: string];

/** What of addresses is not told: query parameters by name, letter case aside, and the page's own. */
export interface Scrub {
  /** Their values stay, whatever they look like and whatever their name says. */
  allow?: readonly string[] | undefined;
  /** Their values become `REDACTED`, whatever else is said of them. */
  deny?: readonly string[] | undefined;
  /**
   * The address by which the page is told, in place of its own, which it is given: with every batch, of navigations, of the page's load. What it gives back is scrubbed
   * as any address; an empty text is none, and so is where it throws.
   */
  page?: ((url: string) => string) | undefined;
}

/** Who uses the page. Everything is optional, and nothing is collected that is not given here. */
export interface User {
  id?: string | undefined;
  username?: string | undefined;
  email?: string | undefined;
  fullName?: string | undefined;
  hash?: string | undefined;
  /** Comma-separated. */
  roles?: string | undefined;
  attributes?: Attributes | undefined;
}

/** What is captured without a call: on unless it is set to `false`, but for what is off by default and says so. */
export interface Capture {
  /** The five Web Vitals with their attribution. */
  vitals?: boolean | undefined;
  /** Uncaught errors and unhandled rejections. */
  errors?: boolean | undefined;
  /** Spans of `fetch`, and `traceparent` where it may go. */
  fetch?: boolean | undefined;
  /** Spans of `XMLHttpRequest`, and `traceparent` where it may go. */
  xhr?: boolean | undefined;
  /** Changes of the URL. */
  navigation?: boolean | undefined;
  /** Clicks, for the trail of an error only: tag, role or `data-farol-name`; never text. */
  clicks?: boolean | undefined;
  /** Images, scripts, styles, fonts and media that did not come. */
  loads?: boolean | undefined;
  /** Clicks, keys that act (Enter, Escape) and submits, with what followed: requests, errors, long frames, how long. */
  actions?: boolean | undefined;
  /** Rage, dead and error clicks. */
  frustration?: boolean | undefined;
  /** CSS selectors of the elements whose text may be told with an action. Default: none; what a visitor can write into never. */
  elementText?: readonly string[] | undefined;
  /** Long animation frames (long tasks where there are none) with the script that took longest; a number: from so many ms on. Default: 200. */
  frames?: boolean | number | undefined;
  /** What the browser reports of the page; a list names the types. Default: `csp-violation` and `intervention`. */
  reports?: boolean | readonly ('csp-violation' | 'intervention' | 'deprecation')[] | undefined;
  /** Timings of the page's resources. Default `false`. */
  resources?: boolean | Resources | undefined;
  /** The timing of the page's load: an event, and spans that belong to the server's trace where its `Server-Timing` names one. Default `false`. */
  load?: boolean | undefined;
  /** The page's own marks and measures; a list: those whose name contains or matches one of it. Default `false`. */
  userTiming?: boolean | readonly Pattern[] | undefined;
  /** The JavaScript heap whenever the page is hidden, where the browser says (Chromium). Default `false`. */
  memory?: boolean | undefined;
  /** Levels of the console that become logs; an error that is written at `error` becomes an exception. Default: none. */
  console?: readonly Level[] | undefined;
  /** The trace that the server answered in, from the header `traceresponse` where the page may read it. Default `false`. */
  traceResponse?: boolean | undefined;
  /** Forms that were begun and left: which, and its last field; never what is in it. Default `false`. */
  forms?: boolean | undefined;
}

/** What is captured beside the sample, and how much of a kind. */
export interface Sampling {
  /**
   * Keep the last of what a session outside of the sample does, in memory, and send it when an error or a poor vital comes, and from then
   * on what the session does. Until then it makes no request. Default `false`.
   */
  ring?: boolean | undefined;
  /** How far back that goes, in ms: 1 s to 1 h. Default 60000. */
  ringMs?: number | undefined;
  /** And how many bytes: 1,024 to 98,304. Default 65536. */
  ringBytes?: number | undefined;
  /** For some kinds the share of sessions of which they are kept, 0 to 1, in place of what holds for the session. */
  rates?: Partial<Record<Item['kind'], number>> | undefined;
}

/** Which resources are told. */
export interface Resources {
  /** Share of the page loads of which they are told, 0 to 1. Default 1. */
  rate?: number | undefined;
  /** Addresses that contain or match one of these are left out. */
  ignore?: readonly Pattern[] | undefined;
  /** Those of other sites, too. Default `true`. */
  thirdParty?: boolean | undefined;
  /** Only those that took at least so many ms. Default 0. */
  minMs?: number | undefined;
}

/** A part of the SDK that is not in its first file: what `@farol/web/more` exports, one for each name in `Capture`. */
export type Feature = (sdk: any) => void;

/** One request as a `transport` gets it. */
export interface TransportRequest {
  /** The whole address, query string included. */
  url: string;
  /** JSON in UTF-8; the same bytes on every try. */
  body: Uint8Array;
  headers: Record<string, string>;
  /** Names the batch: the same on every try. */
  id: string;
  /** From 1. */
  attempt: number;
  /** The page is being hidden; this may be the last chance. */
  hidden: boolean;
}

/**
 * Sends a request in place of the network and answers with the HTTP status, at once or later; nothing, or a failed promise,
 * means that no answer came.
 */
export type Transport = (request: TransportRequest) => number | PromiseLike<number> | void;

/** A core that is brought along: what `@farol/web/no-wasm` is. */
export interface CoreModule {
  instantiate(imports: WebAssembly.Imports): unknown;
}

/** What an item says beside its own: with `protocol: 'faro'` texts alone. */
export type Fields = Record<string, string | number | boolean>;

/**
 * An item before it is kept, as `beforeSend` gets it: one of Faro's shapes with its `kind`, or OTLP's span. docs/wire.md has all that may be in it.
 */
export type Item = { timestamp?: string; [field: string]: unknown } & (
  | { kind: 'log'; message: string; level: string; context?: Fields }
  | { kind: 'exception'; type: string; value: string; context?: Fields; causes?: { type: string; value: string; [field: string]: unknown }[] }
  | { kind: 'measurement'; type: string; values: Record<string, number>; context?: Fields }
  | { kind: 'event'; name: string; attributes?: Fields }
  | { kind: 'span'; name: string; attributes?: { key: string; value: unknown }[] }
);

/** Options of `init`. Only `url` is needed. One that is not of its type is told to `onDiagnostic` and its default taken. */
export interface Options {
  /** The collector's base address, with or without `/collect` at its end, or a whole address with a key (`/collect/…`), which is taken as it is; so is any with a path where `protocol` is `'faro'`. */
  url: string;
  /** The app key, where the collector asks for one. */
  key?: string | undefined;
  app?: { name?: string | undefined; version?: string | undefined; environment?: string | undefined; namespace?: string | undefined; release?: string | undefined } | undefined;
  /** Share of the sessions that are captured, 0 to 1. Default 1. A session is in or out as a whole, but for what `sampling` says. */
  sampleRate?: number | undefined;
  /** What is captured beside the sample. */
  sampling?: Sampling | undefined;
  /**
   * Other origins that get `traceparent`; the page's own always does. A text is the beginning of an address, whole up to a
   * `/`, `?` or `#`: `https://api.example.com`, `https://example.com/api`.
   */
  propagateTo?: readonly Pattern[] | undefined;
  /** Members of the `baggage` header, sent where `traceparent` may go and once the visitor has agreed. Default: none, and no header. */
  baggage?: Record<string, string> | undefined;
  /** Errors whose `Type: message` contains or matches one of these are dropped. */
  ignoreErrors?: readonly Pattern[] | undefined;
  /** Errors whose topmost file contains or matches one of these are dropped. */
  denyUrls?: readonly Pattern[] | undefined;
  /** Keep the errors of browser extensions, too. Default `false`. */
  extensionErrors?: boolean | undefined;
  /** The wire: Farol's (default), or plain Faro for Grafana Alloy, the OpenTelemetry Collector and Grafana Cloud. */
  protocol?: 'farol' | 'faro' | undefined;
  /** What the browser's Global Privacy Control does. Default `'anonymous'`. */
  privacyControl?: PrivacyControl | undefined;
  session?: {
    /** Idle time in ms after which a new session starts. Default 900000 (15 min). */
    idleMs?: number | undefined;
    /** Longest life of a session in ms. Default 14400000 (4 h). */
    lifetimeMs?: number | undefined;
    /** Where the session's id survives a reload: the tab's `sessionStorage` (default), the visitor's `localStorage` for all tabs of the origin, or nowhere. */
    storage?: 'tab' | 'visitor' | 'none' | undefined;
    attributes?: Attributes | undefined;
  } | undefined;
  /** Default `granted`; what is none of the three counts as `pending`. */
  consent?: Consent | undefined;
  /**
   * Follow the collector's configuration document: whether, and of which share of the sessions, anything is captured. It is asked for after the
   * start, once the visitor agreed, and holds from the tab's next page on (`enabled: false` at once). Default `true` where there is a `key`.
   */
  remoteConfig?: boolean | undefined;
  /**
   * Keep batches in the browser (IndexedDB, at most 4 MiB and 47 hours) until the collector has them, so that a later page delivers what
   * this one could not. Default `true`; `false` with `protocol: 'faro'`, whose receivers would take some of them twice, and with a `transport`.
   */
  outbox?: boolean | undefined;
  /** Tell the collector how the SDK itself fares: the measurement `farol.sdk` when the page is hidden. Default `true`. */
  selfReport?: boolean | undefined;
  batch?: {
    /** Items that fill a batch. Default 1000. */
    items?: number | undefined;
    /** Bytes that fill a batch. Default 49152. */
    bytes?: number | undefined;
    /** Age in ms at which a batch is sent though it is not full. Default 5000. */
    ageMs?: number | undefined;
  } | undefined;
  /** Most items of a kind in one session. Default 10000, exceptions 1000. */
  limits?: { logs?: number | undefined; exceptions?: number | undefined; measurements?: number | undefined; events?: number | undefined; spans?: number | undefined } | undefined;
  /** Name of the first view. */
  view?: string | undefined;
  /**
   * Names of views by address: the first route that the path fits (or the fragment, where it is a path) names the first view, and the view of each navigation.
   * An address that fits none has no name, but the first `view`.
   */
  routes?: readonly Route[] | undefined;
  /** What of a query is taken out of addresses, beside what privacy.md lists. */
  scrub?: Scrub | undefined;
  user?: User | undefined;
  /** Attributes of every item. */
  attributes?: Attributes | undefined;
  /**
   * Sees each item after scrubbing and before it is kept: returns it (changed or not), or `null` to drop it. Synchronous. If
   * it throws, the item is kept as it was.
   */
  beforeSend?: ((item: Item) => Item | null | undefined | void) | undefined;
  /** Is told what the SDK could not do; the SDK never writes to the console. */
  onDiagnostic?: ((code: DiagnosticCode, detail: unknown) => void) | undefined;
  /** Takes requests in place of the network (`@farol/web/testing` has one). */
  transport?: Transport | undefined;
  capture?: Capture | undefined;
  /**
   * The features beyond the first file. Default: all of `@farol/web/more`, loaded once the page is idle. A list, imported
   * statically, is used as it is; with the `init` of `@farol/web/lean` a bundler leaves out what is not in it. An empty one loads nothing.
   */
  features?: readonly Feature[] | undefined;
  /**
   * `'auto'` (default): the inlined Wasm core. A function, such as `() => import('@farol/web/no-wasm')`: called only where
   * the page's Content-Security-Policy forbids Wasm. A module: used in place of Wasm.
   */
  core?: 'auto' | CoreModule | (() => PromiseLike<CoreModule>) | undefined;
  /** Where the script tag's further files are. Default: beside the first. A bundler's are where it put them. */
  base?: string | undefined;
  /** For tests: makes the core late by so many ms. Default 0. */
  coreDelayMs?: number | undefined;
  /** Send `traceparent` with the flag `00` for sessions that are not sampled. Default `false`: then they send none. */
  unsampledHeader?: boolean | undefined;
}

/** What `onDiagnostic` is told. */
export type DiagnosticCode =
  /** Something in the SDK threw; the page did not notice. */
  | 'internal'
  /** An item over its bound of bytes was cut. */
  | 'item-cut'
  /** An item was dropped: the cap of its kind for this session is reached. */
  | 'cap-reached'
  /** `beforeSend` threw; the item was sent as it was. */
  | 'hook-threw'
  /** A batch was dropped: too many wait to be sent. */
  | 'batch-dropped'
  /** The collector refused a batch for good; the detail is the HTTP status. */
  | 'batch-refused'
  /** The core is gone; what was sealed is still sent. */
  | 'core-lost'
  /** The browser lacks what the SDK needs, or forbids it; nothing is captured. With a detail: the directive of the page's policy that forbids the way to the collector. */
  | 'unsupported'
  /** An item was dropped while consent was pending: the bound was reached. */
  | 'pending-full'
  /** A message that the core could not read. */
  | 'bad-message'
  /** A call made before the core was there was dropped: the queue was full. */
  | 'early-full'
  /** An option was not of its type or out of bounds, and its default was taken; the detail is its name. */
  | 'bad-option'
  /** An error was left out on purpose; the detail: 0 a browser extension's, 1 `ignoreErrors`, 2 `denyUrls`. */
  | 'ignored'
  /** What `beforeSend` gave back was no object or too large; the item was sent as it was. */
  | 'hook-invalid'
  /** The file with further features did not come; the client goes on without them. */
  | 'features-lost'
  /** There is no database to keep batches in, or no room; they wait in memory, and go with the page. */
  | 'outbox-off';

/** Options of a span. */
export interface SpanOptions {
  attributes?: Attributes | undefined;
  /** The span that this one belongs to. Default: the one whose `run` is on the stack; `null`: none. */
  parent?: Span | null | undefined;
  /** Start in ms on the `performance.now()` clock. Default: now. */
  startTime?: number | undefined;
}

/** A piece of the page's own work. It is delivered once it has ended. */
export interface Span {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Adds attributes. */
  setAttributes(attributes: Attributes): void;
  /** Marks the span as failed. */
  setError(message?: string): void;
  /** Runs `fn` with this span as the parent of what starts inside, synchronously: after an `await`, call `run` again. */
  run<T>(fn: () => T): T;
  /** The `traceparent` header for a message or a request of this span; `fetch` and `XMLHttpRequest` within `run` have their own. Empty if none may be sent. */
  traceparent(): string;
  /** Ends the span, once. `endTime` in ms on the `performance.now()` clock; default: now. */
  end(endTime?: number): void;
}

/** What the page knows of an error. */
export interface ErrorInfo {
  /** What it was doing: attributes of the error. */
  context?: Attributes | undefined;
  /** The same, by the name that other items have for it; what is in both is taken from here. */
  attributes?: Attributes | undefined;
  /** Whether the page could go on. Default `true`: `false` makes it one of those that nobody handled. */
  handled?: boolean | undefined;
  /** The page ended with it. Default `false`. */
  fatal?: boolean | undefined;
}

/** One running SDK. No method ever throws. */
export interface Client {
  /** Records a custom event. */
  event(name: string, attributes?: Attributes): void;
  /** Records a log. Default level: `info`. */
  log(message: string, options?: { level?: Level | undefined; attributes?: Attributes | undefined }): void;
  /** Records a measurement: named numbers of one type. What is no finite number is left out. */
  measure(type: string, values: Record<string, number>, options?: { attributes?: Attributes | undefined }): void;
  /** Records an error that the page caught; anything can be given that can be thrown. */
  captureError(error: unknown, options?: ErrorInfo): void;
  /** Starts a span. */
  startSpan(name: string, options?: SpanOptions): Span;
  /**
   * Runs `fn` in a new span, which ends when `fn` returns, or when the promise that it returned settles. What `fn` returns or
   * throws is the caller's; of a promise it is another one that settles likewise and has the methods that are its own.
   */
  withSpan<T>(name: string, fn: (span: Span) => T, options?: SpanOptions): T;
  /** Sets the user of all items from now on; `null`: none. */
  setUser(user: User | null): void;
  /** Names the view that the visitor sees from now on. */
  setView(name: string): void;
  /** Replaces the attributes of all items from now on. */
  setAttributes(attributes: Attributes): void;
  /** Replaces the attributes of the session. */
  setSessionAttributes(attributes: Attributes): void;
  /** Tells what the visitor agreed to. */
  setConsent(consent: Consent): void;
  /** Ends the session, with an event that says so: what follows belongs to another. For a visitor who signs out. */
  endSession(): void;
  /** The id of the session; empty where there is none (on a server). */
  sessionId(): string;
  /** Whether the session is in the sample. */
  sampled(): boolean;
  /** Calls back whenever the session becomes another one; returns what ends that. */
  onSessionChange(callback: (sessionId: string) => void): () => void;
  /**
   * The `traceparent` header for a request or a message of the page's own, as a child of the running span; empty if none may be sent. Where no span runs, one is
   * recorded for it, which begins and ends then.
   */
  traceparent(): string;
  /** Sends what waits. The promise is fulfilled once all of it was tried, and is never rejected. */
  flush(): Promise<void>;
  /** Sends what waits, and ends: wrapped functions are put back where we are the outermost. */
  shutdown(): Promise<void>;
}
