/** Uncaught errors, unhandled rejections, and errors that the page hands over. */
import { Op } from '../abi.js';
import { matches } from '../options.js';
import type { Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';
import { causes, describe, safe } from './describe.js';

/** Takes what was thrown. `flags` as in `op::EXCEPTION`. */
export type Capture = (thrown: unknown, mechanism: string, flags: number, event?: Partial<ErrorEvent>, attributes?: Attributes) => void;

/** Errors read in full in one window of time; of more in it, a loop most likely, only the number is told. */
const MOST = 30;
const WINDOW = 1000;

/** The files in a stack, that of its top frame first. The bounds keep a hostile message from costing more than its length. */
const FILE = /[\w-]{2,30}:\/\/[^\s()]{1,500}?(?=:\d+:\d+)/g;

/** What a bundler left for the files of this stack, in a map whose keys are stacks captured while a file was evaluated. */
function left(name: string, stack: string): [file: string, value: unknown][] {
  const map = safe(() => (globalThis as unknown as Record<string, Record<string, unknown>>)[name]);
  const found: [string, unknown][] = [];
  for (const key in map) {
    const file = key.match(FILE)?.pop();
    if (file && stack.includes(file)) found.push([file, map[key]]);
  }
  return found;
}

export function createErrors(sdk: Sdk): Capture {
  const { ignoreErrors, denyUrls } = sdk.options_;
  let since = 0;
  let count = 0;

  return (thrown, mechanism, flags, event, attributes) => {
    if (!sdk.live_()) return;
    const now = performance.now();
    if (now - since > WINDOW) {
      since = now;
      count = 0;
    }
    if (++count > MOST) return sdk.put_(Op.Suppressed, (w) => w.u(1));
    // Across origins a script's error comes without itself.
    const told = thrown == null && event?.message;
    const [type, message, stack] = told ? ['Error', told.replace(/^Uncaught /, ''), ''] : describe(thrown);
    const { filename, lineno, colno } = event || {};
    if (matches(ignoreErrors, type + ': ' + message) || matches(denyUrls, stack.match(FILE)?.[0] || filename || '')) return;
    const chain = causes(thrown);
    const ids = ['_debugIds', '_sentryDebugIds'].flatMap((name) => left(name, stack));
    const context = left('DD_SOURCE_CODE_CONTEXT', stack)[0]?.[1] as { service?: string; version?: string } | undefined;
    sdk.put_(Op.Exception, (w) => {
      w.b(flags).s(mechanism).s(type).s(message).s(stack).s(filename).n(lineno || NaN).n(colno || NaN).u(chain.length);
      for (const cause of chain) cause.forEach(w.s);
      sdk.place_(w.a(attributes)).u(ids.length);
      for (const id of ids) id.forEach(w.s);
      w.s(context?.service).s(context?.version ?? safe(() => (globalThis as { SENTRY_RELEASE?: { id?: string } }).SENTRY_RELEASE?.id));
    });
  };
}

export function observeErrors(sdk: Sdk, capture: Capture): void {
  // Not in the capture phase, where images and scripts that did not come pass by.
  sdk.on_(window, 'error', (event: ErrorEvent) => capture(event.error, 'onerror', 0, event));
  sdk.on_(window, 'unhandledrejection', (event: PromiseRejectionEvent) => capture(event.reason, 'onunhandledrejection', 0));
}
