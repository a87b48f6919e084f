/** One interface to real browsers, with the engine as a parameter; tests name no driver's own types. */
import { launchChromium } from './chromium.js';

export type Engine = 'chromium' | 'firefox' | 'webkitgtk';

export interface LaunchOptions {
  /** Default: chromium. */
  engine?: Engine;
  /** The back/forward cache; default on, as in the browser itself. */
  bfcache?: boolean;
  /** More arguments for the browser's program. */
  args?: string[];
}

export interface Browser {
  readonly engine: Engine;
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
  /** The body as text where it is text, else empty. */
  body: string;
}

export interface Page {
  goto(url: string): Promise<void>;
  /** A trusted click on the element that the selector finds. */
  click(selector: string): Promise<void>;
  /** A trusted key press. */
  press(key: string): Promise<void>;
  /** Evaluates an expression (a string), awaiting it if it is a promise, and returns its JSON value. */
  evaluate<T = unknown>(expression: string): Promise<T>;
  /** Waits until the expression is truthy. */
  waitFor(expression: string): Promise<void>;
  back(): Promise<void>;
  forward(): Promise<void>;
  reload(): Promise<void>;
  /** Puts another tab before this one, so that the page is really hidden; `show` brings it back. */
  hide(): Promise<void>;
  show(): Promise<void>;
  /** The requests that the page sent so far, preflights not included. */
  requests(): Request[];
  /** What stood in the console so far, as `level: text`. */
  console(): string[];
  /** Exceptions that nobody caught. */
  errors(): string[];
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a browser. It is ended by `close`, and at the latest with this process. */
export async function launch(options: LaunchOptions = {}): Promise<Browser> {
  const engine = options.engine ?? 'chromium';
  if (engine === 'chromium') return launchChromium(options);
  throw new Error(`no driver for ${engine} yet`);
}
