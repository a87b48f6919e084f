/** As much of a browser as measuring needs, with a clock, queues and entries that a test moves by hand. */
import { createContext, type Context } from 'node:vm';

export interface Entry {
  entryType: string;
  name: string;
  startTime: number;
  duration: number;
  [more: string]: unknown;
}

interface Listener {
  run: (event: object) => void;
  /** 0 the window's while capturing, 1 the document's, 2 the window's while bubbling. */
  phase: number;
  once: boolean;
}

interface Observer {
  run: (list: { getEntries(): Entry[] }) => void;
  types: Map<string, number>;
  waiting: Entry[];
}

/** The shortest event of which a browser makes an entry. */
const SHORTEST_EVENT = 16;
/** From what duration on an observer that asks for nothing gets events. */
const DEFAULT_THRESHOLD = 104;

export const TYPES = ['event', 'first-input', 'largest-contentful-paint', 'layout-shift', 'long-animation-frame', 'navigation', 'paint', 'resource', 'visibility-state'];

/**
 * Whose entries they are. Safari's are composed from WebKit's sources (PerformanceObserver.cpp, PerformanceEventTiming.idl, LargestContentfulPaint.cpp), not
 * recorded: since 26.2 it has events and the largest paint; it never had layout shifts, long frames, states of visibility and idle callbacks, and it gives an
 * observer what was before while `observe` still runs.
 */
export type Like = 'chromium' | 'safari 26.2' | 'safari 15';

const SAFARI_15 = ['mark', 'measure', 'navigation', 'paint', 'resource'];
const KNOWN: Record<Like, string[]> = { chromium: TYPES, 'safari 26.2': [...SAFARI_15, 'event', 'first-input', 'largest-contentful-paint'], 'safari 15': SAFARI_15 };

export class FakeBrowser {
  now = 1;
  /** An observer is new: it hears of what was before in the next task, whatever else waits. */
  prompt = false;
  readonly navigation: Entry & Record<string, number | string>;
  readonly document: Record<string, unknown>;
  readonly performance: Record<string, unknown>;
  readonly context: Context;
  private readonly entries: Entry[] = [];
  private readonly listeners = new Map<string, Listener[]>();
  private observers: Observer[] = [];
  private idle = new Map<number, () => void>();
  private frames: (() => void)[] = [];
  private timers = new Map<number, { at: number; run: () => void }>();
  private handles = 0;

  /** `counts`: it says how many interactions there were; `soft`: it sees navigations within the document. */
  constructor(counts: boolean, soft: boolean, private readonly like: Like = 'chromium') {
    const fake = this;
    this.navigation = {
      entryType: 'navigation', name: 'https://shop.test/', startTime: 0, duration: 0, type: 'navigate', responseStart: 0.5, activationStart: 0,
      domInteractive: 0, domContentLoadedEventStart: 0, domComplete: 0, workerStart: 0, fetchStart: 0, domainLookupStart: 0, connectStart: 0, connectEnd: 0,
    };
    this.document = {
      nodeType: 9, visibilityState: 'visible', readyState: 'loading', prerendering: false, wasDiscarded: false, referrer: '', cookie: '',
      addEventListener: (type: string, run: Listener['run']) => fake.listen(type, { run, phase: 1, once: false }),
      removeEventListener: (type: string, run: Listener['run']) => fake.remove(type, run),
      querySelector: () => null, currentScript: null,
    };
    this.performance = {
      timeOrigin: Date.now(),
      now: () => fake.now,
      getEntriesByType: (type: string) => (type === 'navigation' ? [fake.navigation] : fake.entries.filter((entry) => entry.entryType === type)),
    };
    if (counts) this.performance['interactionCount'] = 0;

    class PerformanceObserver {
      static supportedEntryTypes = soft ? [...TYPES, 'interaction-contentful-paint', 'soft-navigation'] : KNOWN[like];
      readonly own: Observer;
      constructor(run: Observer['run']) {
        this.own = { run, types: new Map(), waiting: [] };
      }
      observe({ type, buffered, durationThreshold }: { type: string; buffered?: boolean; durationThreshold?: number }): void {
        if (!fake.observers.includes(this.own)) fake.observers.push(this.own);
        this.own.types.set(type, Math.max(SHORTEST_EVENT, durationThreshold ?? DEFAULT_THRESHOLD));
        if (buffered) for (const entry of fake.entries) if (entry.entryType === type) fake.give(this.own, entry);
        fake.prompt = true;
        if (like !== 'chromium' && this.own.waiting.length) fake.tell(this.own);
      }
      disconnect(): void {
        fake.observers = fake.observers.filter((observer) => observer !== this.own);
        this.own.types.clear();
        this.own.waiting = [];
      }
      takeRecords(): Entry[] {
        return this.own.waiting.splice(0);
      }
    }

    const window: Record<string, unknown> = {
      document: this.document, performance: this.performance, PerformanceObserver,
      ...(soft && { PerformanceSoftNavigation: class { getLargestInteractionContentfulPaint() {} } }),
      PerformanceEventTiming: class { get interactionId() { return 0; } },
      PerformanceNavigationTiming: class { static [Symbol.hasInstance](entry: unknown): boolean { return entry === fake.navigation; } },
      addEventListener: (type: string, run: Listener['run'], options: boolean | { capture?: boolean; once?: boolean; signal?: AbortSignal } = {}) => {
        const { capture = false, once = false, signal = undefined } = typeof options === 'boolean' ? { capture: options } : options;
        if (signal?.aborted) return;
        fake.listen(type, { run, phase: capture ? 0 : 2, once });
        signal?.addEventListener('abort', () => fake.remove(type, run));
      },
      removeEventListener: (type: string, run: Listener['run']) => fake.remove(type, run),
      requestIdleCallback: (run: () => void) => (fake.idle.set(++fake.handles, run), fake.handles),
      cancelIdleCallback: (handle: number) => fake.idle.delete(handle),
      requestAnimationFrame: (run: () => void) => fake.frames.push(run),
      // What is no number is 0, as in browsers: web-vitals hands it the options of an idle callback.
      setTimeout: (run: () => void, ms?: unknown) => (fake.timers.set(++fake.handles, { at: fake.now + (Number(ms) || 0), run }), fake.handles),
      clearTimeout: (handle: number) => fake.timers.delete(handle),
      Element: class {}, location: { href: 'https://shop.test/page' }, navigator: { userAgent: 'Chrome/156.0.0.0', language: 'en', sendBeacon: () => true },
      innerWidth: 800, innerHeight: 600, crypto, TextEncoder, TextDecoder, URL, AbortController, AbortSignal, queueMicrotask, WebAssembly, fetch: () => new Promise(() => {}),
    };
    if (like !== 'chromium') for (const name of ['requestIdleCallback', 'cancelIdleCallback']) delete window[name];
    if (like === 'safari 15') delete window['PerformanceEventTiming'];
    window['self'] = window['window'] = window['globalThis'] = window;
    this.context = createContext(window);
  }

  private listen(type: string, listener: Listener): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  private remove(type: string, run: Listener['run']): void {
    this.listeners.set(type, (this.listeners.get(type) ?? []).filter((listener) => listener.run !== run));
  }

  private give(observer: Observer, entry: Entry): void {
    const threshold = observer.types.get(entry.entryType);
    if (threshold === undefined || (entry.entryType === 'event' && entry.duration < threshold)) return;
    observer.waiting.push(entry);
  }

  /** The browser makes entries; observers hear of them at the next `deliver`. */
  make(...entries: Entry[]): void {
    for (const entry of entries) {
      // What no observer may ask for is not made.
      if (this.like !== 'chromium' && !KNOWN[this.like].includes(entry.entryType)) continue;
      this.entries.push(entry);
      for (const observer of this.observers) this.give(observer, entry);
    }
  }

  /** The last entry of a type. */
  latest(type: string): Entry | undefined {
    return this.entries.findLast(({ entryType }) => entryType === type);
  }

  /** Observers hear of what waits for them, as long as something does. */
  async deliver(): Promise<void> {
    this.prompt = false;
    for (let observer; (observer = this.observers.find(({ waiting }) => waiting.length)); ) {
      this.tell(observer);
      await null;
    }
  }

  private tell(observer: Observer): void {
    const batch = observer.waiting.splice(0);
    observer.run({ getEntries: () => [...batch] });
  }

  dispatch(type: string, more: object = {}): void {
    const event = { type, isTrusted: true, timeStamp: this.now, ...more };
    const all = [...(this.listeners.get(type) ?? [])].sort((a, b) => a.phase - b.phase);
    for (const listener of all) {
      // One that an earlier one has removed does not run.
      if (!this.listeners.get(type)!.includes(listener)) continue;
      if (listener.once) this.remove(type, listener.run);
      listener.run(event);
    }
  }

  beIdle(): void {
    const waiting = [...this.idle];
    for (const [handle, run] of waiting) if (this.idle.delete(handle)) run();
  }

  awaitsFrame(): boolean {
    return this.frames.length > 0;
  }

  paint(): void {
    for (const run of this.frames.splice(0)) run();
  }

  /** Time passes, and with it timers. */
  pass(ms: number): void {
    this.now += ms;
    for (const [handle, { at, run }] of [...this.timers]) if (at <= this.now && this.timers.delete(handle)) run();
  }
}
