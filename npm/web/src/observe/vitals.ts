/**
 * Gathers what the five Web Vitals are made of, at the moments at which web-vitals does, and hands it to the core
 * (`sdk-wasm/src/vitals.rs` describes the messages and holds every rule).
 */
import { Op } from '../abi.js';
import type { Sdk } from '../sdk.js';
import type { Writer } from '../writer.js';
import { idly } from './describe.js';
import { caller, LONGEST, selector } from './selector.js';

/** As in `vitals.rs`, module `what`; a test compares the two. */
const enum What {
  Start, Activated, Paint, Largest, Final, Shifts, Events, Frame, Tidy, Count, Hidden, Restored, Settled, Repainted, Loaded,
  Soft,
}

/** As in `vitals.rs`, module `soft`. */
const enum Which { Fcp, Ttfb, Lcp }

// What TypeScript's own library does not know yet, or only partly.
interface Largest extends PerformanceEntry { element: Element | null; id: string; url: string }
interface Shift extends PerformanceEntry { value: number; hadRecentInput: boolean; sources: { node: Node | null }[] }
interface Timing extends PerformanceEntry {
  processingStart: number; processingEnd: number; interactionId?: number; target: Node | null; targetSelector?: string;
}
interface Script extends PerformanceEntry {
  forcedStyleAndLayoutDuration: number; invokerType: string; invoker: string;
  sourceURL: string; sourceFunctionName: string; sourceCharPosition: number;
}
interface Frame extends PerformanceEntry { styleAndLayoutStart: number; scripts: Script[] }
/** A navigation within the document, from the interaction that asked for it to the paint of what came. */
interface Soft extends PerformanceEntry {
  interactionId: number; paintTime?: number; presentationTime?: number; getLargestInteractionContentfulPaint?(): Painted | null;
}
/** A largest paint after an interaction. */
interface Painted extends PerformanceEntry { interactionId: number; largestContentfulPaint?: Largest & { renderTime?: number } }
interface Resource extends PerformanceResourceTiming { deliveryType?: string }

/** Events shorter than this come only as `first-input`: two and a half frames, as web-vitals has it. */
const SHORTEST_EVENT = 40;
/** Resource entries kept for LCP, for pages that fill or clear the browser's own list (web-vitals' number). */
const RESOURCES = 50;

export function observeVitals(sdk: Sdk): void {
  const { put_: put, guard_: guard, on_: on, stops_: stops, later_: later, cancel_: cancel, hides_: hides } = sdk;
  const page = document as Document & { prerendering?: boolean; wasDiscarded?: boolean };
  const resources: Resource[] = [];
  let shiftObserver: PerformanceObserver | undefined;
  let eventObserver: PerformanceObserver | undefined;
  let tidying = false;
  /** Counts returns from the back/forward cache, and navigations within the document. */
  let navigation = 0;
  /** Of the last of those. */
  let interaction = NaN;
  /** LCP is. */
  let final = false;
  const nothing = (): void => send(What.Final, (w) => w.n(NaN));
  /** Says so, with the last entry of this navigation once more: some resources have no entry yet when their paint has. */
  let finish = nothing;

  const hidden = (): boolean => !!sdk.hiding_ || page.visibilityState == 'hidden';
  const known = <E>(type: string): E[] => performance.getEntriesByType(type) as E[];
  /** Nothing where the page has replaced it by something lesser, or a preference has switched it off. */
  const types = self.PerformanceObserver?.supportedEntryTypes || [];
  const supported = (type: string): boolean => types.includes(type);
  // Where it has another form, its entries are a trial's, and so are their numbers.
  const soft = typeof (self as { PerformanceSoftNavigation?: { prototype: Soft } }).PerformanceSoftNavigation?.prototype?.getLargestInteractionContentfulPaint == 'function';
  const among = (type: string): string[] => (soft ? [type, 'soft-navigation'] : [type]);
  const isSoft = ({ entryType }: PerformanceEntry): boolean => entryType == 'soft-navigation';
  const interactions = self.PerformanceEventTiming && 'interactionId' in PerformanceEventTiming.prototype;

  /** Marks of the navigation entry; 0 where there is none. */
  function marks(w: Writer, names: string): void {
    const entry = known<Record<string, number>>('navigation')[0];
    for (const name of names.split(' ')) w.n((entry && entry[name]) || 0);
  }

  /** The page's flags, and how many interactions the browser has counted. */
  const state = (): [flags: number, interactions: number] => [
    +(page.readyState == 'loading') | +!!page.prerendering << 1 | +!!page.wasDiscarded << 2 | +hidden() << 3,
    (performance as { interactionCount?: number }).interactionCount ?? NaN,
  ];

  function send(what: What, write?: (w: Writer) => void, [flags, interactions] = state(), since = Infinity): void {
    begin();
    put(Op.Vital, (w) => {
      const entry = known<PerformanceNavigationTiming>('navigation')[0];
      // No answer yet is no navigation, for what began then.
      w.b(what).b(flags).b(entry && entry.responseStart < since ? entry.type.charCodeAt(0) : 0);
      marks(w, 'responseStart activationStart domInteractive domContentLoadedEventStart domComplete');
      w.n(interactions);
      write?.(w);
    });
  }

  function list<E>(w: Writer, entries: readonly E[], each: (entry: E) => void): void {
    w.u(entries.length);
    entries.forEach(each);
  }

  /** Runs now if the page is hidden, else when it is idle or is hidden. */
  function soon(run: () => void): void {
    if (hidden()) return run();
    const go = idly(guard(() => {
      hides.delete(go);
      run();
    }), later);
    hides.add(go);
  }

  const inOrder = (entries: PerformanceEntryList): PerformanceEntryList => entries.sort((a, b) => a.startTime + a.duration - (b.startTime + b.duration));

  function observe<E>(names: string[], run: (entries: E[]) => void, more?: object): PerformanceObserver | undefined {
    names = names.filter(supported);
    if (!names[0]) return;
    const observer = new PerformanceObserver(guard((batch: PerformanceObserverEntryList) => {
      // A microtask, because Safari can call before `observe` has returned.
      queueMicrotask(guard(() => {
        const entries = batch.getEntries();
        // Of several types each comes in its own order.
        run((names[1] ? inOrder(entries) : entries) as E[]);
      }));
    }));
    stops.push(() => observer.disconnect());
    for (const type of names) observer.observe({ type, buffered: true, ...more });
    return observer;
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

  function shifts(entries = (shiftObserver?.takeRecords() || []) as Shift[]): void {
    if (entries[0]) send(What.Shifts, (w) => list(w, entries, (entry) => {
      const { hadRecentInput, startTime, value, sources = [] } = entry;
      const source = sources.find(({ node }) => node?.nodeType == 1) || sources[0];
      w.b(+!!hadRecentInput | +!!source << 1 | +isSoft(entry) << 2).n(startTime).n(value ?? entry.duration).s(hadRecentInput ? '' : selector(source?.node));
    }));
  }

  function events(entries: Timing[]): void {
    // Not before the page is idle: by then all events of the frame have come.
    if (entries[0]) soon(() => {
      const now = tidy();
      send(What.Events, (w) => list(w.b(now), entries, (entry) => {
        const id = entry.interactionId || 0;
        w.s(isSoft(entry) ? '' : entry.name).n(entry.startTime).n(entry.duration).n(id).n(entry.processingStart).n(entry.processingEnd)
          .s(id ? selector(entry.target) || caller(entry.targetSelector)?.slice(0, LONGEST) : '');
      }));
    });
  }

  function frames(entries: Frame[]): void {
    for (const frame of entries) {
      const now = tidy();
      send(What.Frame, (w) => list(
        w.b(now).n(frame.startTime).n(frame.duration).n(frame.styleAndLayoutStart), frame.scripts, (script) =>
          w.n(script.startTime).n(script.duration).n(script.forcedStyleAndLayoutDuration).n(script.sourceCharPosition)
            .s(script.invokerType).s(caller(script.invoker)).s(script.sourceURL).s(script.sourceFunctionName)));
    }
  }

  /** The largest paint, at that time and perhaps after an interaction, with the last request of what it shows from before that paint. */
  function largest(what: What, { url, startTime }: Largest, target: string, at: number, since: number): void {
    const find = (entries: Resource[]): Resource | undefined =>
      entries.filter((entry) => entry.name == url && (entry.requestStart || entry.startTime) <= startTime).pop();
    const found = url ? find(resources) || find(known('resource')) : undefined;
    send(what, (w) => w.n(at).n(since).n(found ? found.requestStart || found.startTime : NaN).n(found ? found.responseEnd : 0)
      .s(target).s(url).s(found?.initiatorType).s(found?.deliveryType));
  }

  /** Navigations within the document, for a vital that hears of nothing else. */
  function softly(which: Which, entries: Soft[]): void {
    for (const { startTime, duration, presentationTime, paintTime } of entries) {
      send(What.Soft, (w) => w.b(which).n(startTime).n(duration).n(presentationTime || paintTime || 0));
    }
  }
  const observeSoft = (which: Which): unknown => soft && observe<Soft>(['soft-navigation'], (entries) => softly(which, entries));

  function paintedLargest(entry: Largest | Painted | Soft): void {
    if (isSoft(entry)) {
      if (!final) finish();
      navigation++;
      final = false;
      finish = nothing;
      interaction = (entry as Soft).interactionId;
      softly(Which.Lcp, [entry as Soft]);
      const first = (entry as Soft).getLargestInteractionContentfulPaint?.();
      if (first) paintedLargest(first);
      return;
    }
    const after = entry.entryType == 'interaction-contentful-paint';
    // Else it is what remained of another interaction.
    if (after && (entry as Painted).interactionId != interaction) return;
    const painted = (after ? (entry as Painted).largestContentfulPaint || {} : entry) as Largest & { renderTime?: number };
    const target = selector(painted.element) || (painted.id && '#' + painted.id);
    const tell = (what: What): void => largest(what, painted, target, after ? painted.renderTime || 0 : entry.startTime, after ? entry.startTime : NaN);
    tell(What.Largest);
    finish = () => tell(What.Final);
  }

  function activate(): void {
    const paint = observe<PerformanceEntry>(['paint'], (entries) => {
      for (const { name, startTime } of entries) if (name == 'first-contentful-paint') {
        paint!.disconnect();
        // CLS begins with this: what was before counts as one batch.
        const before = shiftObserver?.takeRecords() || [];
        const late = before.some(isSoft);
        if (!late) shifts(before as Shift[]);
        send(What.Paint, (w) => w.n(startTime));
        if (late) shifts(inOrder(before) as Shift[]);
      }
    });

    observeSoft(Which.Fcp);

    const names = ['largest-contentful-paint'];
    if (soft) names.push('interaction-contentful-paint', 'soft-navigation');
    let observer = observe<Largest>(names, (entries) => (soft ? entries : entries.slice(-1)).forEach(paintedLargest));
    const end = guard(({ isTrusted }: Event) => {
      const then = navigation;
      if (isTrusted && observer && !final) soon(() => {
        if (!observer || final) return;
        if (!soft) {
          observer.disconnect();
          observer = undefined;
        }
        // Else it is about another navigation.
        if (then == navigation) {
          final = true;
          finish();
        }
      });
    });
    hides.add(end);
    // Not on scrolling, which scripts do too.
    on(window, 'keydown click visibilitychange', end, true);

    shiftObserver = observe(among('layout-shift'), shifts);
    if (interactions) {
      if (!('interactionCount' in performance)) observe<Timing>(['event'], (entries) => {
        const counted = entries.filter((entry) => entry.interactionId);
        if (counted[0]) send(What.Count, (w) => list(w, counted, (entry) => w.n(entry.interactionId!)));
      }, { durationThreshold: 0 });
      observe(['long-animation-frame'], frames);
      eventObserver = observe(['event', ...among('first-input')], events, { durationThreshold: SHORTEST_EVENT });
    }
  }

  /** TTFB waits for the end of the load event, so as not to be in its way. */
  function loaded(): void {
    if (page.prerendering) on(window, 'prerenderingchange', loaded, true);
    else if (page.readyState != 'complete') on(window, 'load', loaded, true);
    else {
      const timer = later(guard(() => {
        send(What.Loaded, (w) => marks(w, 'workerStart fetchStart domainLookupStart connectStart connectEnd'));
        observeSoft(Which.Ttfb);
      }));
      // What observes after the end observes for ever.
      stops.push(() => cancel(timer));
    }
  }

  const before = state();
  const since = performance.now();
  const earlier = known<PerformanceEntry>('visibility-state').filter((entry) => entry.name == 'hidden');
  /** Tells how it all was when observing began: with the first that there is to say, which is not in the way of the page's start. */
  let begin = (): void => {
    begin = () => {};
    send(What.Start, (w) => list(
      w.b(+supported('paint') | +supported('largest-contentful-paint') << 1 | +supported('layout-shift') << 2),
      earlier, (entry) => w.n(entry.startTime)), before, since);
  };
  // What follows is the activation, and that is no beginning.
  if (page.prerendering) begin();

  // Before all others, so that what observers still hold is there when they report.
  hides.add(guard(({ timeStamp, isTrusted }) => {
    // A page that only says that it is left is looked at on.
    if (!isTrusted) return;
    shifts();
    events((eventObserver?.takeRecords() || []) as Timing[]);
    send(What.Hidden, (w) => w.n(timeStamp));
  }));
  on(window, 'pageshow', ({ persisted, timeStamp }: PageTransitionEvent) => {
    if (!persisted) return;
    const at = (w: Writer): unknown => w.n(timeStamp);
    navigation++;
    final = false;
    finish = nothing;
    // It may be another session by now.
    put(Op.Activity);
    send(What.Restored, at);
    // Not every browser says before the next task that the page is visible again.
    later(guard(() => send(What.Settled)));
    requestAnimationFrame(guard(() => requestAnimationFrame(guard(() => {
      shifts();
      send(What.Repainted, at);
      final = true;
    }))));
  }, true);

  observe<Resource>(['resource'], (entries) => {
    resources.push(...entries);
    resources.splice(0, resources.length - RESOURCES);
  });
  if (page.prerendering) on(window, 'prerenderingchange', () => {
    send(What.Activated);
    activate();
  }, true);
  else activate();
  loaded();
}
