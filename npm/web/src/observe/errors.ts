/** Uncaught errors, unhandled rejections, and errors that the page hands over. */
import { Op } from '../abi.js';
import { page } from '../page.js';
import type { Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';
import { causes, describe, keys, safe } from './describe.js';

/** Takes what was thrown. `flags` as in `op::EXCEPTION`. */
export type Capture = (thrown: unknown, mechanism: string, flags: number, event?: Partial<ErrorEvent>, attributes?: Attributes) => void;

/** How often one error in a row is read in full in one window of time; beyond that its stack is not touched, which costs most. */
const MOST = 20;
const WINDOW = 1000;

/** And all errors together: a page that is broken throws some tens when it starts, and more is a loop. */
const MOST_OF_ALL = 100;

/** What the client says of itself of those that were counted and no more: beyond that, and beyond the session's cap. */
export const ONLY_COUNTED = 'errors_only_counted';

/** The files in a stack. The bounds keep a hostile message from costing more than its length. */
const FILE = /[\w-]{2,30}:\/\/[^\s()]{1,500}?(?=:\d+:\d+)/g;

/** Maps that bundlers leave. A key is a stack, captured while the file was evaluated; the value goes to these fields of a bundle. */
const LEFT: Record<string, (value: any) => Bundle> = {
  _debugIds: (id) => [id],
  _sentryDebugIds: (id) => [id],
  DD_SOURCE_CODE_CONTEXT: ({ service, version }) => [, service, version],
};

/** A place, as it stands in each engine's stacks behind a function's name: of an address with `@` or a bracket the end of it, which is as good. */
const PLACE = /[^\s@(]+:\d+:\d+\)?/g;

/**
 * A stack without the frames of our own layers: where the browser's function throws, or its request fails, ours stands on top of the caller's. Their place is the second in the stack of what they
 * call, and is theirs alone in a bundle that holds the page's code in the same file, too.
 */
export function foreign(stack: string): string {
  safe(() => {
    for (const layer of Object.values(page().layers)) {
      layer.place ??= safe(() => layer.make!(() => Error().stack, []).call({}).match(PLACE)[1]) || '\n';
      stack = stack.split('\n').filter((line) => !line.endsWith(layer.place!)).join('\n');
    }
  });
  return stack;
}

/** Debug id, module, release. */
type Bundle = unknown[];

/** What bundlers left for the files of this stack. */
function bundles(stack: string): [file: string, bundle: Bundle][] {
  const found: Record<string, Bundle> = {};
  for (const name of Object.keys(LEFT)) {
    const map = (globalThis as unknown as Record<string, Record<string, unknown>>)[name];
    for (const key of keys(map)) {
      const file = key.match(FILE)?.pop();
      if (file && stack.includes(file)) Object.assign((found[file] ||= []), LEFT[name](map[key]));
    }
  }
  return Object.entries(found);
}

export function createErrors(sdk: Sdk): Capture {
  let since = 0;
  let all = 0;
  let count = 0;
  let last = '';
  let object: unknown;
  let by = '';

  return (thrown, mechanism, flags, event, attributes) => {
    if (!sdk.live_()) return;
    // Pages and frameworks hand an error over, or write it to the console, and throw it as well.
    if (Object(thrown) === thrown) {
      if (object === thrown && by != mechanism) return;
      object = thrown;
      by = mechanism;
    }
    const { message: told, filename, lineno, colno } = event || {};
    const key = '' + [told || describe(thrown, 'name message  type'), filename, lineno, colno];
    // What a worker's page was told by `watch` the browser tells its window as well.
    if (thrown == null && page().worker == key) return;
    if (!(flags & 1)) sdk.thrown_?.();
    const now = performance.now();
    if (now - since > WINDOW) {
      since = now;
      all = count = 0;
    }
    if (sdk.capped_ || all >= MOST_OF_ALL) return sdk.count_(ONLY_COUNTED);
    if (key != last) {
      last = key;
      count = 0;
    }
    if (++count > MOST) return sdk.put_(Op.Suppressed, (w) => w.u(1));
    all++;
    // Across origins a script's error comes without itself.
    const [type, message, stack] = thrown == null && told ? ['Error', told.replace(/^Uncaught /, ''), ''] : describe(thrown);
    const chain = causes(thrown);
    const left = safe(() => bundles(stack)) || [];
    sdk.put_(Op.Exception, (w) => {
      w.b(flags).s(mechanism).s(type).s(message).s(foreign(stack)).s(filename).n(lineno || NaN).n(colno || NaN).u(chain.length);
      for (const cause of chain) cause.forEach((text) => w.s(foreign(text)));
      sdk.place_(w.a(attributes)).u(left.length);
      for (const [file, [id, module, release]] of left) w.s(file).s(id).s(module).s(release);
    });
  };
}

export function observeErrors(sdk: Sdk): void {
  const { capture_: capture } = sdk;
  // Not in the capture phase, where images and scripts that did not come pass by; nor what bubbles up from elements, which is the page's own.
  sdk.on_(window, 'error', (event: ErrorEvent) => event.target == window && capture(event.error, 'onerror', 0, event));
  sdk.on_(window, 'unhandledrejection', (event: PromiseRejectionEvent) => capture(event.reason, 'onunhandledrejection', 0));
}
