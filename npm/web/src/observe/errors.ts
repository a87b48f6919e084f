/** Uncaught errors, unhandled rejections, and errors that the page hands over. */
import { Op } from '../abi.js';
import { matches } from '../options.js';
import type { Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';
import { causes, describe, safe } from './describe.js';

export interface Details {
  mechanism_: string;
  handled_?: boolean;
  fatal_?: boolean;
  file_?: string;
  line_?: number;
  column_?: number;
  message_?: string;
  attributes_?: Attributes;
}

/** Errors read in full in one window of time; of more in it, a loop most likely, only the number is told. */
const MOST = 30;
const WINDOW = 1000;

/** The first address in a stack is that of its top frame. */
const ADDRESS = /(?:[\w-]+:\/\/|\/)[^\s()]+?(?=:\d+(?::\d+)?(?:\)|\s|$))/g;

/** Maps that bundlers leave: the key is a stack captured in the file, the value what they say of it. */
type Left = Record<string, unknown> | undefined;

/** What a bundler left for the files of this stack. */
function left(stack: string, name: string): [file: string, value: unknown][] {
  const map = safe(() => (globalThis as unknown as Record<string, Left>)[name]);
  const found: [string, unknown][] = [];
  for (const key in map) {
    // The chunk itself is the last frame of the stack that it captured when it was evaluated.
    const file = key.match(ADDRESS)?.pop();
    if (file && stack.includes(file)) found.push([file, map[key]]);
  }
  return found;
}

/** Answers with the function that takes what was thrown. */
export function createErrors(sdk: Sdk): (thrown: unknown, details: Details) => void {
  const { ignoreErrors, denyUrls } = sdk.options_;
  let since = 0;
  let count = 0;

  return (thrown, details) => {
    if (!sdk.live_()) return;
    const now = performance.now();
    if (now - since > WINDOW) {
      since = now;
      count = 0;
    }
    if (++count > MOST) return sdk.put_(Op.Suppressed, (w) => w.u(1));
    const { type_: type, message_: message, stack_: stack } = details.message_ === undefined
      ? describe(thrown) : { type_: 'Error', message_: details.message_, stack_: '' };
    if (matches(ignoreErrors, type + ': ' + message)) return;
    const files = stack.match(ADDRESS) || [];
    if (matches(denyUrls, files[0] || details.file_ || '')) return;
    const chain = causes(thrown);
    const ids = [...left(stack, '_debugIds'), ...left(stack, '_sentryDebugIds')];
    const context = left(stack, 'DD_SOURCE_CODE_CONTEXT')[0]?.[1] as { service?: string; version?: string } | undefined;
    const release = context?.version ?? safe(() => (globalThis as { SENTRY_RELEASE?: { id?: string } }).SENTRY_RELEASE?.id);
    sdk.put_(Op.Exception, (w) => {
      w.b(+!!details.handled_ | +!!details.fatal_ << 1).s(details.mechanism_).s(type).s(message).s(stack);
      w.s(details.file_).n(details.line_ || NaN).n(details.column_ || NaN).u(chain.length);
      for (const cause of chain) w.s(cause.type_).s(cause.message_).s(cause.stack_);
      w.a(details.attributes_).s(sdk.place_?.trace_).s(sdk.place_?.span_).n(NaN).u(ids.length);
      for (const [file, id] of ids) w.s(file).s(id);
      w.s(context?.service).s(release);
    });
  };
}

export function observeErrors(sdk: Sdk, capture: (thrown: unknown, details: Details) => void): void {
  sdk.on_(window, 'error', (event: ErrorEvent) => {
    // A failed load of an image or script comes here only in the capture phase, and is no exception.
    const { error, message } = event;
    // Across origins a script's error comes without itself; browsers also leave it out in old handlers.
    capture(error, {
      mechanism_: 'onerror', file_: event.filename, line_: event.lineno, column_: event.colno,
      message_: error == null && message ? message.replace(/^Uncaught /, '') : undefined,
    });
  });
  sdk.on_(window, 'unhandledrejection', (event: PromiseRejectionEvent) => {
    capture(event.reason, { mechanism_: 'onunhandledrejection' });
  });
}
