/** Where a page has taken away what nothing can be done without: a client that does nothing, and harms nobody. */
import type { Client, Span } from './types.js';

const nothing = () => {};
const none = () => '';

export const SPAN: Span = { traceId: '', spanId: '', setAttributes: nothing, setError: nothing, run: (fn) => (typeof fn == 'function' ? fn() : fn), traceparent: none, end: nothing };

export function idle(): Client {
  const soon = async () => {};
  return {
    event: nothing, log: nothing, measure: nothing, captureError: nothing, setUser: nothing, setView: nothing, setAttributes: nothing,
    setSessionAttributes: nothing, setConsent: nothing, endSession: nothing, sessionId: none, sampled: () => false, onSessionChange: () => nothing,
    traceparent: none, flush: soon, shutdown: soon, startSpan: () => SPAN, withSpan: (_, fn) => SPAN.run(typeof fn == 'function' ? () => fn(SPAN) : fn),
  };
}
