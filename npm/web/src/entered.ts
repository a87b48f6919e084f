/** The running span for those who say when it begins and when it ends, as `tracing` in Rust does. Not each leaves in the order in which it came. */
import type { Span } from './types.js';
import type { Place, Sdk } from './sdk.js';

/** Spans that are entered at once. Work is nested less deep; one that never leaves is not kept for ever. */
const MOST = 64;

export interface Entered {
  /** Given the client, once: without one no span is the running one. */
  join_(sdk: Sdk): void;
  enter_(span: Span): void;
  exit_(span: Span): void;
  /** None of them is left any more, and none runs: not those either that what unwinds now goes back to. */
  forget_(): void;
}

export function createEntered(): Entered {
  let sdk: Sdk | undefined;
  let looks = false;
  const entered: { span_: Span; place_: Place; before_?: Place | undefined }[] = [];
  // As it is now: the page may put another in its place.
  const soon = queueMicrotask;
  const none = () => {
    looks = false;
    entered.length = 0;
    if (sdk) sdk.current_ = undefined;
  };
  /** Once nothing is on the stack no span runs. One that is entered still is one whose code an exception of JavaScript has ended, or a panic: Wasm does not unwind. */
  const look = () => {
    if (looks) return;
    looks = true;
    soon(none);
  };
  return {
    forget_() {
      none();
      look();
    },
    join_(shared) {
      sdk = shared;
    },
    enter_(span) {
      const place_ = { trace_: span.traceId, span_: span.spanId };
      entered.push({ span_: span, place_, before_: sdk?.current_ });
      if (entered.length > MOST) {
        const { before_, place_: gone } = entered.shift()!;
        // Who came after it goes back to where it would have.
        if (entered[0].before_ == gone) entered[0].before_ = before_;
      }
      if (sdk) sdk.current_ = place_;
      look();
    },
    exit_(span) {
      const at = entered.map(({ span_ }) => span_).lastIndexOf(span);
      if (at < 0) return;
      const [{ place_, before_ }] = entered.splice(at, 1);
      // Who came after it goes back to where this one would have.
      if (at < entered.length) entered[at].before_ = before_;
      // Else somebody ran another one since, and has gone back to what was before.
      else if (sdk?.current_ == place_) sdk.current_ = before_;
    },
  };
}
