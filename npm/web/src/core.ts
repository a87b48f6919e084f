/**
 * One core instance behind one queue: calls made before the core is there, or while it is busy calling us, wait as bytes
 * and are given to it in order. Sync and async start are the same code. Every entry into Wasm goes through `enter`: a trap
 * ends this core and reaches nobody.
 */
import { Diagnostic, Op } from './abi.js';
import type { Tell } from './guard.js';
import { createWriter, type Writer } from './writer.js';

/** What the core's exports are, whichever of the cores it is. */
export interface CoreExports {
  memory: { buffer: ArrayBuffer };
  buffer(length: number): number;
  put(op: number, now: number, length: number): number;
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
  /** No core will come: what waits is forgotten, and nothing is kept from now on. */
  close_(): void;
}

export interface PortOptions {
  /** A copy of the bytes that the core named. For `Signal.Hook` the answer may be bytes to be used instead, else a number. */
  signal_(signal: number, bytes: Uint8Array): Uint8Array | number | void;
  /** The core wants `tick` at this time (ms, `performance.now()` clock), or never (Infinity). */
  deadline_(at: number): void;
  /** A call was dropped because the queue was full, or the core met a trap. */
  tell_: Tell;
}

/** Bytes of calls that may wait before the core is there. A core comes within some 100 ms; 64 KiB is hundreds of calls. */
const EARLY_BYTES = 65536;

export function createPort(options: PortOptions): Port {
  const writer = createWriter();
  let core: CoreExports | undefined;
  let closed = false;
  let busy = false;
  let waiting: [Op, number, Uint8Array][] = [];
  let waitingBytes = 0;

  function memory(pointer: number, length: number): Uint8Array {
    return new Uint8Array(core!.memory.buffer, pointer, length);
  }

  function load(bytes: Uint8Array): void {
    const pointer = core!.buffer(bytes.length);
    memory(pointer, bytes.length).set(bytes);
  }

  function enter(op: Op, now: number, bytes: Uint8Array): void {
    busy = true;
    try {
      load(bytes);
      options.deadline_(core!.put(op, now, bytes.length));
    } catch (error) {
      closed = true;
      core = undefined;
      waiting = [];
      options.tell_(Diagnostic.CoreLost, error);
    }
    busy = false;
  }

  function drain(): void {
    while (core && !busy && waiting.length) {
      const [op, now, bytes] = waiting.shift()!;
      waitingBytes -= bytes.length;
      enter(op, now, bytes);
    }
  }

  const host: CoreHost = {
    emit(signal, pointer, length) {
      const answer = options.signal_(signal, memory(pointer, length).slice());
      if (typeof answer == 'number') return answer;
      if (!answer) return -2;
      load(answer);
      return answer.length;
    },
    number(value, pointer) {
      const text = '' + value;
      const bytes = memory(pointer, text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      return text.length;
    },
  };

  return {
    host_: host,
    put(op, now, write) {
      if (closed) return;
      writer.reset();
      write?.(writer);
      const bytes = writer.done();
      if (core && !busy) {
        enter(op, now, bytes);
        drain();
      } else if (waitingBytes + bytes.length > EARLY_BYTES) {
        options.tell_(Diagnostic.EarlyFull);
      } else {
        waiting.push([op, now, bytes.slice()]);
        waitingBytes += bytes.length;
      }
    },
    open_(exports, start) {
      if (closed) return;
      core = exports;
      writer.reset();
      start(writer);
      enter(Op.Start, performance.now(), writer.done());
      drain();
    },
    close_() {
      closed = true;
      waiting = [];
    },
  };
}
