/** What the browser measured by itself: the load of the page, its resources, the page's own marks and measures, memory. All by option. */
import { Op } from '../abi.js';
import { safe, text } from '../observe/describe.js';
import { pageOf } from '../observe/navigation.js';
import { under } from '../observe/request.js';
import { matches } from '../options.js';
import type { Place, Sdk } from '../sdk.js';
import type { Attributes, Pattern, Resources } from '../types.js';
import { createCap } from './cap.js';
import { Attr, Event as Name } from './names.js';
import { option } from './option.js';
import { party } from './party.js';
import { onEnd, onHidden, tell } from './tell.js';

/** Resources that are told of one page: what browsers buffer by default. */
const RESOURCES = 250;

/** Marks and measures of one page. A page that marks in a loop is counted. */
const MARKS = 200;

/** Entries of `Server-Timing` that are kept of one answer. */
const SERVER = 8;

/** Events that say that the page is left come within so many ms. */
const ONCE = 1000;

/** OTLP's number. */
const INTERNAL = 1;

const MOMENTS = (
  'redirectStart redirectEnd workerStart fetchStart domainLookupStart domainLookupEnd connectStart connectEnd secureConnectionStart requestStart responseStart ' +
  'responseEnd transferSize encodedBodySize decodedBodySize'
).split(' ');

const LOAD = 'domInteractive domContentLoadedEventStart domContentLoadedEventEnd domComplete loadEventStart loadEventEnd unloadEventStart unloadEventEnd redirectCount'.split(' ');

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => '_' + letter.toLowerCase());

/** The fields that are there; a moment of 0 did not happen, or is another origin's secret. */
function fields(entry: object, names: string[], prefix: string): Attributes {
  const found: Attributes = {};
  for (const name of names) {
    const value = (entry as Record<string, unknown>)[name];
    if (value) found[prefix + snake(name)] = value as number;
  }
  return found;
}

/** A server that does not trace may write zeros. */
const TRACE = /^00-(?!0+-)([\da-f]{32})-(?!0+-)([\da-f]{16})-/;

/** What the server says of its own time, and the trace that it answered in. */
export function serverTiming(list: readonly PerformanceServerTiming[] = []): [attributes: Attributes, trace?: [string, string]] {
  const found: Attributes = {};
  let trace: [string, string] | undefined;
  // What is between server and page adds to the list: the trace may stand behind any number.
  list.forEach(({ name, duration, description }, at) => {
    const match = name == 'traceparent' && TRACE.exec(description);
    if (match) trace = [match[1]!, match[2]!];
    else if (duration && at < SERVER) found[Attr.Server + name] = duration;
  });
  return [found, trace];
}

export function resourceAttributes(entry: PerformanceResourceTiming): Attributes {
  const { name, duration, initiatorType, nextHopProtocol, renderBlockingStatus, responseStatus } =
    entry as PerformanceResourceTiming & { renderBlockingStatus?: string; responseStatus?: number };
  return {
    [Attr.Url]: name,
    [Attr.Resource + 'initiator_type']: initiatorType,
    [Attr.Resource + 'duration']: duration,
    [Attr.Resource + 'next_hop_protocol']: nextHopProtocol || undefined,
    [Attr.Resource + 'render_blocking_status']: renderBlockingStatus,
    [Attr.Status]: responseStatus || undefined,
    ...fields(entry, MOMENTS, Attr.Resource),
  };
}

/** What clocks are too coarse to tell apart is one thing to a cap, and counted. */
const repeats = (count: number): number | undefined => (count > 1 ? count : undefined);

/** Observes entries of a type until the end; those of before, too. */
function observe(sdk: Sdk, type: string, take: (entry: PerformanceEntry) => void): void {
  if (!PerformanceObserver.supportedEntryTypes?.includes(type)) return;
  const seen = (entries: PerformanceEntryList) => entries.filter(({ startTime }) => sdk.live_(startTime)).forEach(take);
  const observer = new PerformanceObserver(sdk.guard_((list: PerformanceObserverEntryList) => seen(list.getEntries())));
  observer.observe({ type, buffered: true });
  onEnd(sdk, () => seen(observer.takeRecords()));
  sdk.stops_.push(() => observer.disconnect());
}

export function observeResources(sdk: Sdk): void {
  const wanted = option(sdk, 'resources', 'boolean object');
  if (!wanted) return;
  const { rate = 1, ignore, thirdParty, minMs = 0 } = wanted === true ? ({} as Resources) : wanted;
  // Of a page all or nothing, so that what is told is a whole waterfall.
  if (Math.random() >= rate) return;
  const list = safe(() => Array.isArray(ignore)) ? ignore : undefined;
  const { see_: see, settle_: settle } = createCap<PerformanceResourceTiming>(RESOURCES, (entry, count) => {
    if (!entry) return tell(sdk, Name.Resource, { [Attr.Count]: count });
    const [server, trace] = serverTiming(entry.serverTiming);
    const { hostname } = new URL(entry.name);
    tell(sdk, Name.Resource, {
      ...resourceAttributes(entry), ...server,
      [Attr.Party]: party(hostname, location.hostname),
      [Attr.Count]: repeats(count),
      [Attr.Kept + 'resources']: rate < 1 ? rate : undefined,
    }, entry.startTime, trace);
  });
  observe(sdk, 'resource', (entry) => {
    const { name, duration, startTime } = entry as PerformanceResourceTiming;
    if (duration < minMs || !/^http/.test(name) || under(sdk.endpoint_, name) || matches(list, name)) return;
    if (thirdParty === false && party(new URL(name).hostname, location.hostname) == 'third') return;
    see(startTime + name, entry as PerformanceResourceTiming);
  });
  onEnd(sdk, settle);
}

export function observeLoad(sdk: Sdk): void {
  if (!option(sdk, 'load', 'boolean')) return;
  const { later_: later, ambient_: ambient } = sdk;
  let load: Place | undefined;
  let loading = true;
  // The load's vitals stand in its span, from here on.
  const stand = ({ trace_: trace, span_: span }: Place): void => sdk.put_(Op.Load, (w) => w.s(trace).s(span));
  const look = (): [entry: PerformanceNavigationTiming, server: Attributes, load: Place, parent?: string] => {
    const entry = performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming;
    const [server, [id, parent] = []] = serverTiming(entry?.serverTiming);
    if (!load || (id && id != load.trace_)) stand((load = sdk.child_(id ? { trace_: id, span_: parent! } : null)));
    return [entry, server, load, parent];
  };
  // What the page does while it loads is its load's, unless it has a span of its own or an action's. Where the browser has no entry yet the place may change.
  if (look()[0]) sdk.ambient_ = () => ambient() || (loading ? load : undefined);
  const told = sdk.guard_(() => {
    const [entry, server, load, parent] = look();
    loading = false;
    const page = pageOf(sdk.options_, { href: entry.name });
    const spans: [name: string, place: Place, parent: string | undefined, start: number, end: number][] = [
      ['documentFetch', sdk.child_(load), load.span_, entry.fetchStart, entry.responseEnd],
      ['documentLoad', load, parent, 0, entry.loadEventEnd],
    ];
    for (const [name, { trace_: trace, span_: span }, above, start, end] of spans) {
      sdk.put_(Op.Span, (w) => w.s(trace).s(span).s(above).s(name).b(INTERNAL).n(start).n(end).b(0).s('').a({ [Attr.Url]: page }));
    }
    tell(sdk, Name.Load, { ...resourceAttributes(entry), [Attr.Url]: page, [Attr.Load + 'type']: entry.type, ...fields(entry, LOAD, Attr.Load), ...server }, 0, [load.trace_, load.span_]);
  });
  // The end of the load event is known in the next task.
  const soon = () => later(told);
  if (document.readyState == 'complete') soon();
  else sdk.on_(window, 'load', soon);
}

export function observeMarks(sdk: Sdk): void {
  const wanted = option(sdk, 'userTiming', 'boolean list');
  if (!wanted) return;
  const list = Array.isArray(wanted) ? (wanted as Pattern[]) : undefined;
  const { see_: see, settle_: settle } = createCap<PerformanceEntry>(MARKS, (entry, count) =>
    tell(sdk, Name.Mark, entry ? { [Attr.MarkName]: entry.name, [Attr.MarkType]: entry.entryType, [Attr.MarkDuration]: entry.duration || undefined, [Attr.Count]: repeats(count) } : { [Attr.Count]: count }, entry?.startTime));
  for (const type of ['mark', 'measure']) {
    observe(sdk, type, (entry) => {
      if (!list || matches(list, entry.name)) see(entry.startTime + type + entry.name, entry);
    });
  }
  onEnd(sdk, settle);
}

/** Chromium's alone, in buckets; what is exact needs isolation between origins. */
export function observeMemory(sdk: Sdk): void {
  if (!option(sdk, 'memory', 'boolean')) return;
  let last = -ONCE;
  onHidden(sdk, (type) => {
    const { memory } = performance as { memory?: Record<string, number> };
    const now = performance.now();
    if (!memory || !sdk.live_() || type == 'freeze' || now - last < ONCE) return;
    last = now;
    sdk.put_(Op.Measurement, (w) => {
      w.s(Name.Memory).u(3);
      for (const [key, name] of [['usedJSHeapSize', 'used'], ['totalJSHeapSize', 'total'], ['jsHeapSizeLimit', 'limit']] as const) w.s(name).n(memory[key]!);
      sdk.place_(w.a(undefined));
    });
  });
}
