/** The trace in which a server answered, where it says so and the page may read it: a server that began a trace of its own is found by it. */
import type { Sdk } from '../sdk.js';
import { Attr } from './names.js';
import { option } from './option.js';

const HEADER = 'traceresponse';

/** W3C's form, as the header's value; what is no id is none. */
const VALUE = /^00-(?!0+-)([\da-f]{32})-(?!0+-)([\da-f]{16})-[\da-f]{2}\s*$/;

/** Trace and span of a header's value. */
export function answered(value: string | null | undefined): Record<string, string> | undefined {
  const [, trace, span] = VALUE.exec(value || '') || [];
  return trace ? { [Attr.AnswerTrace]: trace, [Attr.AnswerSpan]: span! } : undefined;
}

export function observeAnswers(sdk: Sdk): void {
  if (!option(sdk, 'traceResponse', 'boolean')) return;
  // Asking an XMLHttpRequest by name for a header of another origin that is not exposed writes to the console.
  sdk.answered_ = (answer) => answered('headers' in answer
    ? answer.headers.get(HEADER)
    : new RegExp('^' + HEADER + ': *(.*)$', 'mi').exec(answer.getAllResponseHeaders())?.[1]);
  sdk.stops_.push(() => (sdk.answered_ = undefined));
}
