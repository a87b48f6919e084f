/** Spans of the page's own. What is ambient is synchronous only: after an `await`, `span.run`. */
import { Op } from './abi.js';
import { SPAN } from './idle.js';
import { bring, own, safe, text } from './observe/describe.js';
import type { Place, Sdk } from './sdk.js';
import type { Attributes, Span, SpanOptions } from './types.js';

/** OTLP's numbers. */
const INTERNAL = 1;
const ERROR = 2;

/** Always a span: the page goes on with it. */
export const startSpan: typeof begin = (sdk, name, options) => sdk.guard_(begin)(sdk, name, options) || SPAN;

function begin(sdk: Sdk, name: string, options?: SpanOptions): Span {
  // What is given may be anybody's: a span of another copy of this code, or getters that throw.
  const { parent: given, startTime, attributes: first } = own(options);
  const parent: Place | null | undefined =
    given === undefined ? sdk.ambient_() : given && given.traceId ? { trace_: text(given.traceId), span_: text(given.spanId) } : null;
  const place = sdk.child_(parent);
  const start = startTime ?? performance.now();
  const attributes: Attributes = own(first);
  let status = 0;
  let reason = '';
  let ended = false;
  const span: Span = {
    traceId: place.trace_,
    spanId: place.span_,
    setAttributes(more) {
      own(more, attributes);
    },
    setError(message) {
      status = ERROR;
      reason = message || '';
    },
    run(fn) {
      const before = sdk.current_;
      sdk.current_ = place;
      try {
        return typeof fn == 'function' ? fn() : fn;
      } finally {
        sdk.current_ = before;
      }
    },
    traceparent: () => sdk.header_(place),
    end: sdk.guard_((end?: number) => {
      if (ended) return;
      ended = true;
      sdk.put_(Op.Span, (w) =>
        w.s(place.trace_).s(place.span_).s(parent?.span_).s(name).b(INTERNAL).n(start).n(end ?? performance.now())
          .b(status).s(reason).a(attributes));
    }),
  };
  return span;
}

export function withSpan<T>(sdk: Sdk, name: string, fn: (span: Span) => T, options?: SpanOptions): T {
  const span = startSpan(sdk, name, options);
  const fail = (error: unknown) => {
    // Reading `message` of what was thrown may throw in its turn.
    sdk.guard_(() => span.setError(String((error as Error)?.message ?? error)))();
    span.end();
    throw error;
  };
  let result: T;
  try {
    result = span.run(typeof fn == 'function' ? () => fn(span) : fn);
  } catch (error) {
    return fail(error);
  }
  // What looks like a promise may be anything: then the work ends here, and what was returned is returned.
  const promise = safe(() => typeof (result as unknown as Promise<unknown>)?.then == 'function' && (result as unknown as Promise<unknown>).then((value) => {
    span.end();
    return value;
  }, fail));
  if (!promise) {
    span.end();
    return result;
  }
  // Not the one that it gave: to wait for that aside would make the page's unhandled rejection a handled one.
  return bring(result, promise as T);
}
