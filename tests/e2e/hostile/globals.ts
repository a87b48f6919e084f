/** The page's globals that the SDK uses, and what a page may have done to each: it throws, is frozen, is missing. */

/** What the SDK calls or reads of the page's globals, as owner and name. */
export const USED: [owner: string, name: string][] = [
  ['window', 'fetch'], ['window', 'XMLHttpRequest'], ['window', 'Request'], ['window', 'Headers'], ['window', 'Blob'], ['window', 'URL'], ['window', 'AbortSignal'],
  ['window', 'AbortController'], ['window', 'CompressionStream'], ['window', 'Response'], ['window', 'TextEncoder'], ['window', 'TextDecoder'], ['window', 'WebAssembly'],
  ['window', 'PerformanceObserver'], ['window', 'PerformanceEventTiming'], ['window', 'MutationObserver'], ['window', 'ReportingObserver'], ['window', 'indexedDB'],
  ['window', 'sessionStorage'], ['window', 'localStorage'], ['window', 'crypto'], ['window', 'navigation'], ['window', 'requestIdleCallback'],
  ['window', 'requestAnimationFrame'], ['window', 'queueMicrotask'], ['window', 'setTimeout'], ['window', 'clearTimeout'], ['window', 'getSelection'], ['window', 'fetchLater'],
  ['window', 'Proxy'], ['window', 'WeakMap'], ['window', 'WeakSet'], ['window', 'Map'], ['window', 'Set'], ['window', 'Promise'], ['window', 'JSON'], ['window', 'Symbol'], ['window', 'RegExp'],
  ['window', 'DataView'], ['window', 'Uint8Array'], ['JSON', 'parse'], ['JSON', 'stringify'], ['performance', 'getEntriesByType'], ['performance', 'getEntriesByName'], ['performance', 'now'],
  ['performance', 'timeOrigin'], ['performance', 'interactionCount'], ['performance', 'memory'], ['navigator', 'sendBeacon'], ['navigator', 'userAgent'], ['navigator', 'userAgentData'],
  ['navigator', 'language'], ['navigator', 'globalPrivacyControl'], ['document', 'visibilityState'], ['document', 'baseURI'], ['document', 'fonts'], ['document', 'readyState'], ['document', 'prerendering'],
  ['document', 'wasDiscarded'], ['document', 'querySelector'], ['history', 'pushState'], ['history', 'replaceState'], ['crypto', 'getRandomValues'], ['Date', 'now'], ['Math', 'random'],
  ['Math', 'imul'], ['Object', 'keys'], ['Object', 'entries'], ['Object', 'assign'], ['Object', 'defineProperty'], ['Object', 'fromEntries'], ['Object', 'getPrototypeOf'], ['Array', 'isArray'], ['Array', 'from'],
  ['XMLHttpRequest.prototype', 'open'], ['XMLHttpRequest.prototype', 'send'], ['XMLHttpRequest.prototype', 'setRequestHeader'], ['EventTarget.prototype', 'addEventListener'],
  ['EventTarget.prototype', 'removeEventListener'], ['Event.prototype', 'composedPath'], ['Element.prototype', 'closest'], ['Element.prototype', 'getAttribute'], ['Node.prototype', 'parentNode'],
  ['Storage.prototype', 'getItem'], ['Storage.prototype', 'setItem'], ['Storage.prototype', 'removeItem'], ['IDBFactory.prototype', 'open'], ['IDBDatabase.prototype', 'transaction'],
  ['PerformanceObserver.prototype', 'observe'], ['PerformanceObserver.prototype', 'takeRecords'], ['Function.prototype', 'apply'], ['Function.prototype', 'bind'], ['Array.prototype', 'push'],
  ['Array.prototype', 'filter'], ['Array.prototype', 'map'], ['Array.prototype', 'slice'], ['Array.prototype', 'splice'], ['String.prototype', 'slice'], ['String.prototype', 'split'],
  ['Promise.prototype', 'then'], ['Promise.prototype', 'finally'], ['TextDecoder.prototype', 'decode'], ['TextEncoder.prototype', 'encodeInto'], ['Uint8Array.prototype', 'set'],
  ['Symbol', 'for'], ['AbortSignal', 'timeout'], ['Reflect', 'get'], ['Object', 'getOwnPropertyDescriptor'], ['Object', 'values'], ['Math', 'max'], ['Math', 'min'], ['Math', 'round'], ['Math', 'abs'],
  ['Date', 'parse'], ['navigator', 'onLine'], ['PerformanceObserver', 'supportedEntryTypes'], ['WebAssembly', 'Module'], ['WebAssembly', 'Instance'], ['WebAssembly', 'instantiate'],
  ['IDBFactory.prototype', 'deleteDatabase'],
];

/**
 * What the SDK cannot be without: where one of these throws or is missing, the file does not come to its end, or a promise of ours is rejected. docs/sdk.md
 * names them. None may come.
 */
export const NEEDED = new Set(['String.prototype.split', 'Promise.prototype.then']);

export const HOWS = ['throws', 'is frozen', 'is missing'] as const;

/** Source that does it. */
export const spoil = (owner: string, name: string, how: (typeof HOWS)[number]): string => {
  const value = how === 'throws'
    ? `const boom = () => { throw new Error('hostile'); };
       const was = Object.getOwnPropertyDescriptor(at, '${name}') || Object.getOwnPropertyDescriptor(Object.getPrototypeOf(at), '${name}');
       define(at, '${name}', was && was.get && typeof was.get.call(self_) != 'function' ? { get: boom, configurable: true } : { value: boom, configurable: true, writable: true });`
    : how === 'is frozen'
      ? `define(at, '${name}', { value: self_['${name}'], configurable: false, writable: false }); try { Object.freeze(self_['${name}']); } catch {}`
      : `define(at, '${name}', { value: undefined, configurable: true, writable: true });`;
  return `try { const at = ${owner}, self_ = at; ${value} } catch {}`;
};

/** What stands in the page before the SDK: what the test needs afterwards is kept aside. */
export const page = (spoils: string): string => `
  window.seen = [];
  {
    const { log } = console;
    addEventListener('error', (event) => seen.push('error ' + event.message));
    addEventListener('unhandledrejection', (event) => seen.push('rejection ' + event.reason));
  }
  { const define = Object.defineProperty; ${spoils} }`;

/** Those of which all can be spoilt at once, and the page can still say so: the language's own stay. */
export const APIS = USED.filter(([owner, name]) => !/^(Object|Array|Function|String|Promise|Math|JSON|Uint8Array|EventTarget)/.test(owner) && !/^(Map|Set|WeakMap|Promise|JSON|Symbol|RegExp|DataView|Uint8Array|Proxy)$/.test(name));
