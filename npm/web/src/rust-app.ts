/**
 * The client of an app that is Rust itself: over the core in the app's own Wasm (`sdk-wasm`, feature `rust-app`), with all features in one
 * file, which wasm-bindgen carries along. Only that crate calls it.
 */
import { createEntered } from './entered.js';
import { features as extra } from './extra.js';
import { start } from './init.js';
import type { AppCore } from './load-app.js';
import { actions, clicks, config, frames, here, loads, outbox, reports, selfReport } from './more.js';
import { safe, text } from './observe/describe.js';
import type { Joined } from './sdk.js';
import type { Client, Feature, Options, Span } from './types.js';

/** Rust has no regular expressions of JavaScript's: they come as their source. */
type Told = string | { regex: string };

/** All of them, by name: their list has in it what brings the third file, which is part of this one. */
const HERE: Feature[] = [here, outbox, config, actions, clicks, frames, loads, reports, selfReport, ...extra];

/** Options that can be a list of patterns. */
const PATTERNS = ['propagateTo', 'ignoreErrors', 'denyUrls', 'capture.userTiming', 'capture.resources.ignore'];

/** Frames of a panic's stack: the machinery of a panic alone is most of the ten that browsers give by default. */
const FRAMES = 50;

/** A trap is the end of the panic before it if it comes within so many ms; they are one piece of work. */
const TRAP = 1000;

/** What Rust calls beside the client's own methods. */
export interface App extends Client {
  /** `span` is the running one until `exit`: for code that has no function to `run`. */
  enter(span: Span): void;
  exit(span: Span): void;
  /**
   * An error as JavaScript has them, made here and now: its stack is that of the caller, with the place in the app's source on top (`file:line:column`, or
   * nothing). Errors are told apart by their top frames, and below that place stands the same machinery in each.
   */
  failure(type: string, message: string, causes: string[], place: string): Error;
  /** The app panicked, and that was captured: what the browser says of the trap that follows is the same news, and no span runs any more. */
  panicked(): void;
  /** That method was given something that it cannot take. */
  misgiven(method: string): void;
}

/** The browser's error for a trap, once after each panic. It is a pattern, so that it can stand among those of errors to leave out. */
class Trap extends RegExp {
  panicked_ = -Infinity;
  [Symbol.search](text: string): number {
    if (performance.now() - this.panicked_ > TRAP || !/^RuntimeError: unreachable/i.test(text)) return -1;
    this.panicked_ = -Infinity;
    return 0;
  }
}

/** A core's way in: the app's memory, and two functions that are closures in it. `connect` is told how the core reaches us. */
export function open(
  options: Options, memory: WebAssembly.Memory, connect: (host: object) => void,
  buffer: (length: number) => number, put: (op: number, now: number, wall: number, length: number) => number,
): App {
  const trap = new Trap('');
  const entered = createEntered();

  const tell = options.onDiagnostic;
  if (tell) options.onDiagnostic = (code, detail) => tell(code, text(detail));
  for (const name of PATTERNS) {
    const path = name.split('.');
    const last = path.pop()!;
    const at = path.reduce<any>((found, key) => found?.[key], options);
    if (!Array.isArray(at?.[last])) continue;
    at[last] = (at[last] as Told[]).map((one) => (typeof one == 'string' ? one : safe(() => new RegExp(one.regex)))).filter((one) => {
      // The others stand: among them may be what keeps errors from being told twice.
      if (one == undefined) safe(() => options.onDiagnostic?.('bad-option', name));
      return one != undefined;
    });
  }
  options.ignoreErrors = [...(options.ignoreErrors || []), trap];
  const core: AppCore = {
    instantiate(host) {
      connect(host);
      return { memory, buffer, put };
    },
  };
  options.core = core as unknown as Options['core'];
  options.features = HERE;
  (options as Joined).join_ = entered.join_;

  return {
    ...start(options, () => {}),
    // Rust called, and could not catch what these throw where the page has broken what they are made of.
    enter: (span) => void safe(() => entered.enter_(span)),
    exit: (span) => void safe(() => entered.exit_(span)),
    misgiven: (method) => void safe(() => options.onDiagnostic?.('bad-message', method)),
    failure(type, message, causes, place) {
      // Not every browser has it, and a page may have frozen it.
      const limited = Error as { stackTraceLimit?: number };
      const limit = limited.stackTraceLimit;
      safe(() => (limited.stackTraceLimit = FRAMES));
      const error = new Error(message);
      safe(() => (limited.stackTraceLimit = limit));
      safe(() => {
        const { stack = '' } = error;
        // V8 puts it there, and would not do so again.
        const head = '' + error;
        const frames = stack.startsWith(head) ? stack.slice(head.length + 1) : stack;
        // Functions tell errors apart, and places do not.
        if (place) error.stack = `${type}: ${message}\n    at ${place.replace(/:\d+$/, '')} (${place})\n${frames}`;
      });
      // Assigning throws where the page has frozen what errors have in common.
      safe(() => Object.defineProperty(error, 'name', { value: type, configurable: true, writable: true }));
      let at: Error = error;
      for (const cause of causes) {
        const next = new Error(cause);
        next.stack = '';
        at = at.cause = next;
      }
      return error;
    },
    panicked() {
      safe(() => (trap.panicked_ = performance.now()));
      // Rust does not unwind: nobody will say that they end.
      safe(entered.forget_);
    },
  };
}
