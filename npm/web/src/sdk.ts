/**
 * What the parts of one client share. Names that end in `_` are private to the bundle and are shortened in it.
 */
import type { Op } from './abi.js';
import type { Capture as CaptureError } from './observe/errors.js';
import type { Batch, Sender } from './send/sender.js';
import type { Attributes, Options } from './types.js';
import type { Tell } from './guard.js';
import type { Writer } from './writer.js';

/** Where a span stands in its trace. */
export interface Place {
  trace_: string;
  span_: string;
}

/** Whether a session is captured (`sampling::state`): `Ring` keeps its items back until something goes wrong, and is `Sent` from then on. */
export const enum State { Off, Ring, On, Sent }

/** Options of an app in Rust. What it enters is the running span from the start on, also of a session that tells nothing yet, and whose features have not begun. */
export interface Joined extends Options {
  join_?(sdk: Sdk): void;
}

export interface Sdk {
  options_: Options;
  /** The address that batches go to, absolute. */
  endpoint_: string;
  /** The page's. */
  origin_: string;
  /** What its storage is called. */
  name_: string;
  /** The browser's `fetch`, under all layers of ours. */
  fetch_: typeof fetch;
  /** The tab's storage, where it may be used. */
  store_?: Storage;
  /** Ends the client at once. */
  end_(): void;
  /** Delivery. */
  sender_: Sender;
  tell_: Tell;
  /** What the client knows of itself: how many items each thing of `onDiagnostic` was about, requests, retries, bytes, its own time. */
  tally_: Record<string, number>;
  count_(what: string, by?: number): void;
  /** The browser's timers as they were at the start; called without a `this`. */
  later_: typeof setTimeout;
  cancel_: typeof clearTimeout;
  /** Sends the core a message; `at` is the time it belongs to (default: now). */
  put_(op: Op, write?: (w: Writer) => void, at?: number): void;
  capture_: CaptureError;
  /** The page is being hidden, or left (`leaving`): what the core seals while `tell` runs is sent by what outlives it. */
  hide_(leaving: boolean, tell: () => void): void;
  /**
   * Called when the page is hidden or left, before what there is is sealed: what they tell goes along. None may throw. A listener of its own would come too
   * late: at `pagehide` browsers call them in the order in which they were added.
   */
  hides_: Set<(event: Event) => void>;
  /** While they run the page counts as hidden: in Chromium it says that it is visible until it has heard that it is left. */
  hiding_?: number;
  guard_<F extends (this: any, ...args: any[]) => any>(fn: F): F;
  /** Listens until `shutdown`, behind the guard. */
  on_(target: EventTarget, types: string, listener: (event: any) => void, capture?: boolean): void;
  /** Run by `shutdown`, first added first: what was only counted is told before its observer is gone. */
  stops_: (() => void)[];
  /** The client has ended. */
  over_?: boolean;
  /** Failed loads: they wait here, or go to who took the place of the list. */
  early_: Pick<Event[], 'length' | 'push'> & Partial<Iterable<Event>>;
  /** Told when a request begins, and by what it gives back when it ends. */
  begun_?(): ((failed: boolean) => void) | undefined;
  /** Told of an error that nobody handled. */
  thrown_?(): void;
  /** The cap of errors in this session is reached. */
  capped_?: number;
  /** When what is told now happened, where that was before. */
  at_?: number;
  /** The span whose `run` is on the stack. */
  current_?: Place;
  /** The user action whose event is being dealt with. */
  acting_?(): Place | undefined;
  /** What begins now belongs to this: the one, else the other. */
  ambient_(): Place | undefined;
  /** The body packed; nothing where the browser cannot, or it is not worth it. It comes with the second file, as what follows. */
  pack_?(body: Uint8Array): PromiseLike<Blob> | undefined;
  /** The same at once, for a page that is going, if it comes to so many bytes at most. */
  squeeze_?(body: Uint8Array, room: number): Uint8Array | undefined;
  /** A batch that is too large for its receiver as two; nothing where it cannot be divided. */
  split_?(batch: Batch): Batch[] | undefined;
  /** Told of what `beforeSend` has left of an item, by its number in `KINDS`. */
  noted_?(kind: number, item: any): void;
  /** What the answer of a request says of its trace. */
  answered_?(answer: Response | XMLHttpRequest): Attributes | undefined;
  /** Whether there is any use in capturing now what was at that time (default: now): not what was under a no. */
  live_(at?: number): boolean;
  /** Whether any of it leaves the page: until then nothing is asked for, and nothing stored but the session. */
  leaves_(): boolean;
  /** The session's id. */
  session_(): string;
  /** Whether anything may be sent, or stand in a header. */
  granted_(): boolean;
  /** The header for a request of that place; empty: none may be sent. */
  header_(place: Place): string;
  /** Writes the running span's trace id and span id, and that the time is now. */
  place_(w: Writer): Writer;
  /** The place of a new span below the running one. */
  child_(parent?: Place | null): Place;
}
