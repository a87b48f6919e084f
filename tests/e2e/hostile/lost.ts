/**
 * What cannot arrive from a page that has spoilt a thing, and why. What is listed may come all the same, in one browser or the other; what is not listed has to.
 */

interface Lost {
  /** Things of `USED`, by their names. */
  of: string;
  how: string;
  rows: string[] | 'all';
  why: string;
}

const GONE = 'throws, is missing';
const ANY = 'throws, is missing, is frozen';
const XHR = ['request /api/xhr'];
const FETCH = ['request /api/fetch'];
const TTFB = ['measurement web-vitals ttfb'];
const LOADS = ['event farol.failed_load'];

const LOST: Lost[] = [
  {
    of: 'window.TextEncoder, window.TextDecoder, window.DataView, window.Uint8Array, TextDecoder.prototype.decode, TextEncoder.prototype.encodeInto, Uint8Array.prototype.set, String.prototype.slice',
    how: GONE, rows: 'all', why: 'the core is unpacked and spoken to with it',
  },
  { of: 'performance.now, Date.now', how: GONE, rows: 'all', why: 'nothing has a time' },
  { of: 'Math.imul', how: GONE, rows: 'all', why: 'whether the session is in the sample is a product of it' },
  { of: 'window.fetch, window.URL', how: GONE, rows: 'all', why: 'batches leave by it while the page is visible' },
  { of: 'document.baseURI, document.prerendering', how: 'throws', rows: 'all', why: 'the browser never throws there; the address of the collector, and whether to wait for a visit, is asked before all else' },
  { of: 'window.setTimeout, window.clearTimeout', how: GONE, rows: 'all', why: 'each batch has a time at which it goes' },
  { of: 'window.JSON', how: 'is missing', rows: 'all', why: 'its functions are put aside at the start' },
  {
    of: 'window.Set, window.Promise, window.Symbol, Object.keys, Object.defineProperty, Array.isArray, Function.prototype.apply, Function.prototype.bind, Array.prototype.push, Symbol.for, Math.max, Math.round',
    how: GONE, rows: 'all', why: "the language's own, used before anything is recorded or sent",
  },
  { of: 'EventTarget.prototype.addEventListener', how: GONE, rows: 'all', why: 'a page that can be told of nothing is not begun with' },
  { of: 'all', how: GONE, rows: 'all', why: 'the above at once' },
  { of: 'all', how: 'is frozen', rows: [...FETCH, ...XHR, ...TTFB], why: 'the below at once' },

  { of: 'window.fetch', how: 'is frozen', rows: FETCH, why: 'it cannot be wrapped' },
  { of: 'XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send, XMLHttpRequest.prototype.setRequestHeader', how: ANY, rows: XHR, why: 'it cannot be wrapped, or the page cannot use it' },
  { of: 'window.XMLHttpRequest, window.WeakMap', how: GONE, rows: XHR, why: 'there is none to wrap, or nothing to keep its requests in' },
  { of: 'document.baseURI', how: 'is missing', rows: [...FETCH, ...XHR], why: "the page's paths lead nowhere that is known" },

  { of: 'document.readyState', how: ANY, rows: TTFB, why: 'that the page has loaded is not seen: TTFB waits for it, so as not to be in its way' },
  { of: 'performance.getEntriesByType, PerformanceObserver.prototype.observe', how: GONE, rows: TTFB, why: 'what browsers measured is not to be had' },
  { of: 'window.PerformanceEventTiming, performance.interactionCount, PerformanceObserver.supportedEntryTypes', how: 'throws', rows: TTFB, why: 'the browser never throws there; the vitals end with it' },

  { of: 'window.Map, Object.assign, Array.prototype.filter, Array.prototype.slice, Array.prototype.splice', how: GONE, rows: LOADS, why: "the second file, or its features' list, needs it" },
  { of: 'Array.prototype.filter', how: GONE, rows: TTFB, why: 'entry types are chosen with it' },
  { of: 'Array.prototype.map', how: GONE, rows: ['exception caught', 'exception uncaught', 'exception rejected'], why: 'an error is put into words with it' },
];

/** The rows that need not come. */
export function lost(name: string, how: string): string[] | 'all' {
  const listed = LOST.filter((entry) => entry.of.split(', ').includes(name) && entry.how.split(', ').includes(how));
  return listed.some(({ rows }) => rows === 'all') ? 'all' : listed.flatMap(({ rows }) => rows);
}
