/**
 * One interface to real browsers, with the engine as a parameter; tests name no driver's own types. What an engine cannot do throws
 * `Unsupported` with the reason. Tests run in the engine of their process (`cases.ts`), so that `cargo xtask e2e --engines …` chooses.
 */
import type { CDPSession } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { engine as engineOfProcess } from './cases.js';
import type { Engine } from './executable.js';
import { launchFirefox } from './firefox.js';
import type { Source } from './source.js';
import { launchWebKit } from './webkit.js';

export { executable, type Engine } from './executable.js';
export type { Source } from './source.js';

export interface LaunchOptions {
  /** Default: the one of this process. */
  engine?: Engine;
  /** The back/forward cache; default on, as in the browser itself. */
  bfcache?: boolean;
  /** More arguments for the browser's program. */
  args?: string[];
  /** The window's size in CSS pixels; default 1280 by 800. */
  window?: { width: number; height: number };
}

/** One browser with a profile of its own; its pages are tabs of one window and share cookies and storage. */
export interface Browser {
  readonly engine: Engine;
  /** What the browser says of itself. */
  readonly version: string;
  newPage(options?: PageOptions): Promise<Page>;
  close(): Promise<void>;
}

export interface PageOptions {
  /** Source that runs in every document before its own scripts. */
  initScript?: string;
}

export interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  /** The body as text where it is text, else empty. Chromium shows none of a beacon's. */
  body: string;
  /** `fetch`, `xhr`, `ping`, `script`, `document`, …: the browser's word. */
  type: string;
  /** The answer's status; 0 while there is none, and of a request that failed. */
  status: number;
}

/** Slows a page down; what is left out is as fast as the machine. */
export interface Throttle {
  /** How many times slower the processor is. */
  cpu?: number;
  /** Milliseconds that each request waits. */
  latency?: number;
  /** Kilobytes a second, both ways. */
  throughput?: number;
  offline?: boolean;
}

export interface WaitOptions<A extends unknown[]> {
  /** Default 30,000 ms. */
  timeout?: number;
  /** What the test waits for, in words, for the error. */
  what?: string;
  args?: A;
}

export interface Page {
  /** Opens an address and waits for the load event, or only until the document is there. */
  goto(url: string, options?: { until?: 'commit' | 'load' }): Promise<void>;
  /** A trusted click in the middle of the element that the selector finds, or so many at once. */
  click(selector: string, times?: number): Promise<void>;
  /** A trusted key press, e.g. `Enter` or `a`, where the focus is. */
  press(key: string): Promise<void>;
  /** Trusted key presses into a field. */
  type(selector: string, text: string): Promise<void>;
  /**
   * Runs an expression (a string) or a function in the page, under any CSP, awaiting it if it is a promise. Arguments and result are
   * JSON; nothing of the test's scope is there.
   */
  evaluate<R = unknown, A extends unknown[] = []>(run: Source<R, A>, ...args: A): Promise<R>;
  /** Waits until the expression is truthy, and gives its value. Navigations in between do no harm. */
  waitFor<R = unknown, A extends unknown[] = []>(run: Source<R, A>, options?: WaitOptions<A>): Promise<R>;
  back(): Promise<void>;
  forward(): Promise<void>;
  reload(): Promise<void>;
  /** Puts another tab before this one, so that the page is really hidden; `show` brings it back. */
  hide(): Promise<void>;
  show(): Promise<void>;
  throttle(throttle: Throttle): Promise<void>;
  /** The requests that the page sent so far, preflights not included. */
  requests(): Request[];
  /** What stood in the console so far, as `level: text`. */
  console(): string[];
  /** Exceptions that nobody caught. */
  errors(): string[];
  screenshot(path: string): Promise<void>;
  /** Closes the tab as its user would: the page gets its last events. */
  close(): Promise<void>;
  /** The DevTools protocol; Chromium alone. */
  cdp(): Promise<CDPSession>;
}

/** An engine cannot do this. */
export class Unsupported extends Error {
  constructor(engine: Engine, what: string, why: string) {
    super(`${engine} cannot ${what}: ${why}`);
  }
}

/** Starts a browser. It is ended by `close`, and at the latest with this process. */
export async function launch(options: LaunchOptions = {}): Promise<Browser> {
  const engine = options.engine ?? engineOfProcess();
  switch (engine) {
    case 'chromium':
      return launchChromium(options);
    case 'firefox':
      return launchFirefox(options);
    case 'webkitgtk':
      return launchWebKit(options);
    default:
      throw new Error(`there is no engine ${engine as string}`);
  }
}
