/**
 * Gathers what the five Web Vitals are made of, at the moments at which web-vitals does, and hands it to the core
 * (`sdk-wasm/src/vitals.rs` describes the messages and holds every rule).
 */
import { Op } from '../abi.js';
import type { Port } from '../core.js';
import type { Writer } from '../writer.js';
import { selector } from './selector.js';

/** As in `vitals.rs`, module `what`; a test compares the two. */
const enum What {
  Start, Activated, Paint, Largest, Final, Shifts, Events, Frame, Tidy, Count, Hidden, Restored, Settled, Repainted, Loaded,
}

export interface VitalsOptions {
  /** Names the element behind a vital in the page's own words; a selector where it says nothing. */
  generateTarget?: (node: Node) => string | null | undefined;
}

// What TypeScript's own library does not know yet, or only partly.
interface Largest extends PerformanceEntry { element: Element | null; id: string; url: string }
interface Shift extends PerformanceEntry { value: number; hadRecentInput: boolean; sources?: { node: Node | null }[] }
interface Timing extends PerformanceEntry {
  processingStart: number; processingEnd: number; interactionId?: number; target: Node | null; targetSelector?: string;
}
interface Script extends PerformanceEntry {
  forcedStyleAndLayoutDuration: number; invokerType: string; invoker: string;
  sourceURL: string; sourceFunctionName: string; sourceCharPosition: number;
}
interface Frame extends PerformanceEntry { styleAndLayoutStart: number; scripts: Script[] }
interface Resource extends PerformanceResourceTiming { deliveryType?: string }
interface Navigation extends PerformanceNavigationTiming { activationStart?: number }

/** Events shorter than this come only as `first-input`: two and a half frames, as web-vitals has it. */
const SHORTEST_EVENT = 40;
/** Resource entries kept for LCP, for pages that fill or clear the browser's own list (web-vitals' number). */
const RESOURCES = 50;
/** An idle callback comes after so many ms even if the page is never idle. */
const IDLE_TIMEOUT = 1000;

/** Begins to observe. The answer ends it. */
export function startVitals(put: Port['put'], options: VitalsOptions = {}): () => void {
  const page = document as Document & { prerendering?: boolean; wasDiscarded?: boolean };
  const observers: PerformanceObserver[] = [];
  const end = new AbortController();
  const inputs = new AbortController();
  const resources: Resource[] = [];
  let shiftObserver: PerformanceObserver | undefined;
  let eventObserver: PerformanceObserver | undefined;
  let tidying = false;
  /** When the page came back from the back/forward cache. */
  let restored = 0;
  /** LCP is. */
  let final = false;
  const nothing = (): void => send(What.Final, (w) => w.n(NaN));
  /** Says so, with the last entry of this navigation once more: some resources have no entry yet when their paint has. */
  let finish = nothing;

  /** Nothing that goes wrong in here may reach the page. */
  const guard = <A extends unknown[]>(run: (...args: A) => void) => (...args: A): void => {
    if (!end.signal.aborted) try { run(...args); } catch {}
  };
  const on = (type: string, run: (event: Event) => void, { signal } = end): void =>
    addEventListener(type, guard(run), { capture: true, signal });
  const hidden = (): boolean => page.visibilityState == 'hidden';
  const known = <E>(type: string): E[] => performance.getEntriesByType(type) as E[];
  const supported = (type: string): boolean => {
    try { return PerformanceObserver.supportedEntryTypes.includes(type); } catch { return false; }
  };

  function name(node: Node | null | undefined): string {
    let own;
    try { own = node && options.generateTarget?.(node); } catch {}
    return typeof own == 'string' ? own : selector(node || null);
  }

  function send(what: What, write?: (w: Writer) => void): void {
    put(Op.Vital, performance.now(), (w) => {
      const entry = known<Navigation>('navigation')[0];
      w.b(what).b(+(page.readyState == 'loading') | +!!page.prerendering << 1 | +!!page.wasDiscarded << 2 | +hidden() << 3)
        .b(entry ? entry.type.charCodeAt(0) : 0);
      for (const key of ['responseStart', 'activationStart', 'domInteractive', 'domContentLoadedEventStart', 'domComplete'] as const) {
        w.n(entry?.[key] || 0);
      }
      w.n((performance as { interactionCount?: number }).interactionCount ?? NaN);
      write?.(w);
    });
  }

  // Names are asked for before a message is begun: `generateTarget` is the page's code, and may want to send something too.
  function list<E>(w: Writer, entries: E[], each: (entry: E, index: number) => void): void {
    w.u(entries.length);
    entries.forEach(each);
  }

  /** Runs now if the page is hidden, else when it is idle or its visibility changes. */
  function soon(run: () => void): void {
    if (hidden()) return run();
    const { requestIdleCallback: idle, cancelIdleCallback: cancel } = self;
    const go = (): void => {
      removeEventListener('visibilitychange', go, true);
      cancel ? cancel(handle) : clearTimeout(handle);
      guard(run)();
    };
    addEventListener('visibilitychange', go, true);
    const handle = idle ? idle(go, { timeout: IDLE_TIMEOUT }) : +setTimeout(go);
  }

  function observe<E>(types: string[], run: (entries: E[]) => void, more?: object): PerformanceObserver | undefined {
    try {
      types = types.filter(supported);
      if (!types[0]) return;
      const observer = new PerformanceObserver((batch) => {
        // A microtask, because Safari can call before `observe` has returned.
        queueMicrotask(guard(() => {
          const entries = batch.getEntries();
          // Of several types each comes in its own order.
          if (types[1]) entries.sort((a, b) => a.startTime + a.duration - (b.startTime + b.duration));
          run(entries as E[]);
        }));
      });
      for (const type of types) observer.observe({ type, buffered: true, ...more });
      observers.push(observer);
      return observer;
    } catch {}
  }

  /** Has the core forget events and frames: the answer is whether at once, else it is told to later. */
  function tidy(): number {
    if (tidying) return 0;
    if (hidden()) return 1;
    tidying = true;
    soon(() => {
      tidying = false;
      send(What.Tidy);
    });
    return 0;
  }

  function shifts(entries: Shift[] = shiftObserver ? (shiftObserver.takeRecords() as Shift[]) : []): void {
    if (!entries[0]) return;
    const sources = entries.map(({ sources: [...all] = [] }) => all.find(({ node }) => node?.nodeType == 1) || all[0]);
    const names = entries.map((entry, i) => (entry.hadRecentInput ? '' : name(sources[i]?.node)));
    send(What.Shifts, (w) => list(w, entries, (entry, i) =>
      w.b(+entry.hadRecentInput | +!!sources[i] << 1).n(entry.startTime).n(entry.value).s(names[i])));
  }

  function events(entries: Timing[]): void {
    // Not before the page is idle: by then all events of the frame have come.
    if (entries[0]) soon(() => {
      const names = entries.map((entry) => (entry.interactionId ? name(entry.target) || entry.targetSelector || '' : ''));
      const now = tidy();
      send(What.Events, (w) => list(w.b(now), entries, (entry, i) =>
        w.s(entry.name).n(entry.startTime).n(entry.duration).n(entry.interactionId || 0)
          .n(entry.processingStart).n(entry.processingEnd).s(names[i])));
    });
  }

  function frames(entries: Frame[]): void {
    for (const frame of entries) {
      const now = tidy();
      send(What.Frame, (w) => list(
        w.b(now).n(frame.startTime).n(frame.duration).n(frame.styleAndLayoutStart), frame.scripts, (script) =>
          w.n(script.startTime).n(script.duration).n(script.forcedStyleAndLayoutDuration).n(script.sourceCharPosition)
            .s(script.invokerType).s(script.invoker).s(script.sourceURL).s(script.sourceFunctionName)));
    }
  }

  /** The largest paint, with the last request of what it shows from before that paint. */
  function largest(what: What, entry: Largest, target: string): void {
    const { url, startTime } = entry;
    const find = (entries: Resource[]): Resource | undefined =>
      entries.filter((entry) => entry.name == url && (entry.requestStart || entry.startTime) <= startTime).pop();
    const found = url ? find(resources) || find(known('resource')) : undefined;
    send(what, (w) => w.n(startTime).n(found ? found.requestStart || found.startTime : NaN).n(found ? found.responseEnd : 0)
      .s(target).s(url || '').s(found?.initiatorType || '').s(found?.deliveryType || ''));
  }

  function largestPaint(): void {
    const observer = observe<Largest>(['largest-contentful-paint'], (entries) => {
      const entry = entries[entries.length - 1];
      const target = name(entry.element) || (entry.id ? '#' + entry.id : '');
      largest(What.Largest, entry, target);
      finish = () => largest(What.Final, entry, target);
    });
    // Not on scrolling, which scripts do too.
    for (const type of ['keydown', 'click', 'visibilitychange']) on(type, (event) => {
      const then = restored;
      if (event.isTrusted && !final) soon(() => {
        if (final) return;
        inputs.abort();
        observer?.disconnect();
        // Else it is about another navigation.
        if (then == restored) {
          final = true;
          finish();
        }
      });
    }, inputs);
  }

  function activate(): void {
    const paint = observe(['paint'], (entries: PerformanceEntry[]) => {
      for (const entry of entries) if (entry.name == 'first-contentful-paint') {
        paint!.disconnect();
        // CLS begins with this: what was before counts as one batch.
        shifts();
        send(What.Paint, (w) => w.n(entry.startTime));
      }
    });
    largestPaint();
    shiftObserver = observe(['layout-shift'], shifts);
    if (interactions) {
      if (!('interactionCount' in performance)) observe(['event'], (entries: Timing[]) => {
        const counted = entries.filter((entry) => entry.interactionId);
        if (counted[0]) send(What.Count, (w) => list(w, counted, (entry) => w.n(entry.interactionId!)));
      }, { durationThreshold: 0 });
      observe(['long-animation-frame'], frames);
      eventObserver = observe(['event', 'first-input'], events, { durationThreshold: SHORTEST_EVENT });
    }
  }

  /** TTFB waits for the end of the load event, so as not to be in its way. */
  function loaded(): void {
    if (page.prerendering) on('prerenderingchange', loaded);
    else if (page.readyState != 'complete') on('load', loaded);
    else setTimeout(guard(() => send(What.Loaded, (w) => {
      const entry = known<Navigation>('navigation')[0];
      for (const key of ['workerStart', 'fetchStart', 'domainLookupStart', 'connectStart', 'connectEnd'] as const) {
        w.n(entry?.[key] || 0);
      }
    })));
  }

  const interactions = self.PerformanceEventTiming && 'interactionId' in PerformanceEventTiming.prototype;

  guard(() => {
    const hides = known<PerformanceEntry>('visibility-state').filter((entry) => entry.name == 'hidden');
    send(What.Start, (w) => list(
      w.b(+supported('paint') | +supported('largest-contentful-paint') << 1 | +supported('layout-shift') << 2 | +!!interactions << 3),
      hides, (entry) => w.n(entry.startTime)));

    // Before all other listeners, so that what observers still hold is there when others report.
    on('visibilitychange', (event) => {
      if (!hidden()) return;
      shifts();
      if (eventObserver) events(eventObserver.takeRecords() as Timing[]);
      send(What.Hidden, (w) => w.n(event.timeStamp));
    });
    on('pageshow', (event) => {
      if (!(event as PageTransitionEvent).persisted) return;
      const at = (w: Writer): unknown => w.n(event.timeStamp);
      send(What.Restored, at);
      restored = event.timeStamp;
      final = false;
      finish = nothing;
      // Not every browser says before the next task that the page is visible again.
      setTimeout(guard(() => send(What.Settled)));
      requestAnimationFrame(guard(() => requestAnimationFrame(guard(() => {
        shifts();
        send(What.Repainted, at);
        final = true;
      }))));
    });

    observe<Resource>(['resource'], (entries) => {
      resources.push(...entries);
      resources.splice(0, resources.length - RESOURCES);
    });
    if (page.prerendering) on('prerenderingchange', () => {
      send(What.Activated);
      activate();
    });
    else activate();
    loaded();
  })();

  return () => {
    end.abort();
    inputs.abort();
    for (const observer of observers) observer.disconnect();
  };
}
