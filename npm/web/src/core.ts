/**
 * One core instance behind one queue: calls made before the core is there, or while it is busy calling us, wait as bytes
 * and are given to it in order. Sync and async start are the same code. This is the only way into Wasm: a trap ends this core
 * and reaches nobody.
 */
import { Diagnostic, Op, Signal } from './abi.js';
import type { Tell } from './guard.js';
import { createWriter, type Writer } from './writer.js';

/** What the core's exports are, whichever of the cores it is. */
export interface CoreExports {
  memory: { buffer: ArrayBuffer };
  buffer(length: number): number;
  put(op: number, now: number, wall: number, length: number): number;
}

/** What the core calls. */
export interface CoreHost {
  emit(signal: number, pointer: number, length: number): number;
  number(value: number, pointer: number): number;
}

/** Binds an instance, there now or later, to its host. */
export type CreateCore = (host: CoreHost) => CoreExports | PromiseLike<CoreExports>;

export interface Port {
  /** What a core is instantiated with. */
  host_: CoreHost;
  /** Sends one message: `write` fills in its fields now, whether or not the core is there yet. */
  put(op: Op, now: number, write?: (w: Writer) => void): void;
  /** Hands over the core, and the fields of its first message, `START`. */
  open_(exports: CoreExports, start: (w: Writer) => void): void;
  /** Nothing is taken from now on. What waits is still given to the core (`keep`), or forgotten, because none will come. */
  close_(keep?: boolean): void;
}

export interface PortOptions {
  /** A copy of the bytes that the core named. The answer goes back: a number, or bytes to be used instead of an item's. */
  signal_(signal: number, bytes: Uint8Array): Uint8Array | number | void;
  /** The core wants `TICK` at this time (ms, `performance.now()` clock), or never (Infinity). */
  deadline_(at: number): void;
  /** A call was dropped because the queue was full, or the core met a trap. */
  tell_: Tell;
  /** On while nothing is to be told: a call made then is dealt with in silence. */
  quiet_: { on_: boolean };
}

/** Bytes of calls that may wait before the core is there. A core comes within some 100 ms; 64 KiB is hundreds of calls. */
const EARLY_BYTES = 65536;

/** Room that the core leaves for the text of a number (`browser.rs`). */
const NUMBER_BYTES = 32;

/** What the core takes for "keep the item as it is". */
const KEEP = -2;

export function createPort({ signal_: signal, deadline_: deadline, tell_: tell, quiet_: quiet }: PortOptions): Port {
  /** Writers that nobody writes with. The page's getters run while one is in use, and may call us. */
  const writers: Writer[] = [];
  const encoder = new TextEncoder();
  let core: CoreExports | undefined;
  let closed = false;
  let ended = false;
  let busy = false;
  /** While the page's `beforeSend` runs: what it calls is not given to it in its turn, which might have no end. */
  let hooked = 0;
  let waiting: [op: Op, now: number, wall: number, bytes: Uint8Array, quiet: boolean][] = [];
  let waitingBytes = 0;

  const memory = (pointer: number, length: number) => new Uint8Array(core!.memory.buffer, pointer, length);

  let whole = new Uint8Array();

  const load = (bytes: Uint8Array) => {
    const at = core!.buffer(bytes.length);
    const { buffer } = core!.memory;
    // Memory that has grown is another buffer. A view for each call would be most of what an event leaves to the collector.
    if (whole.buffer != buffer) whole = new Uint8Array(buffer);
    whole.set(bytes, at);
  };

  /** A view, valid until the next write. */
  const written = (write?: (w: Writer) => void) => {
    const writer = (writers.pop() || createWriter()).reset();
    write?.(writer);
    writers.push(writer);
    return writer.done();
  };

  const put = (op: Op, now: number, write?: (w: Writer) => void): void => {
    if (ended) return;
    // Right after `now`: what lies between the two is an error of the clock.
    const wall = Date.now();
    const bytes = written(write);
    if (core && !busy) {
      give(op, now, wall, bytes, quiet.on_);
      return drain();
    }
    if (waitingBytes > EARLY_BYTES) return tell(Diagnostic.EarlyFull);
    waitingBytes += bytes.length;
    // What is not taken at once outlives the writer's bytes.
    waiting.push([op | hooked, now, wall, bytes.slice(), quiet.on_]);
  };

  /** Gives the core a message. */
  function give(op: Op, now: number, wall: number, bytes: Uint8Array, silent: boolean): void {
    const before = quiet.on_;
    busy = true;
    quiet.on_ = silent;
    try {
      load(bytes);
      deadline(core!.put(op, now, wall, bytes.length));
    } catch (error) {
      close();
      tell(Diagnostic.CoreLost, error);
    }
    quiet.on_ = before;
    busy = false;
  }

  function drain(): void {
    while (core && !busy && waiting.length) {
      const next = waiting.shift()!;
      waitingBytes -= next[3].length;
      give(...next);
    }
    if (ended && core && !busy) close();
  }

  function close(): void {
    closed = ended = true;
    core = undefined;
    waiting = [];
  }

  return {
    host_: {
      emit(number, pointer, length) {
        hooked = number == Signal.Hook ? Op.Hooked : 0;
        const answer = signal(number, memory(pointer, length).slice());
        hooked = 0;
        if (!answer || typeof answer == 'number') return answer ?? KEEP;
        load(answer);
        return answer.length;
      },
      number: (value, pointer) => encoder.encodeInto('' + value, memory(pointer, NUMBER_BYTES)).written,
    },
    put,
    open_(exports, start) {
      if (closed) return;
      const bytes = written(start);
      core = exports;
      give(Op.Start, performance.now(), Date.now(), bytes, false);
      drain();
    },
    close_(keep) {
      ended = true;
      keep ? drain() : close();
    },
  };
}
