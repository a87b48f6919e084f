import { keys, safe, text } from './observe/describe.js';
import type { Attributes } from './types.js';

/** Writes the fields of a message for the core (the form is described in sdk-wasm/src/abi.rs). */
export interface Writer {
  /** u8 */
  b(value: number): Writer;
  /** u32 */
  u(value: number): Writer;
  /** f64; what is no number becomes NaN */
  n(value: number): Writer;
  /** str; a lone surrogate becomes U+FFFD, nothing becomes empty, anything else its text */
  s(value: unknown): Writer;
  /** attrs; values of other types are left out */
  a(map: Attributes | undefined): Writer;
  /** The bytes written so far: a view, valid until the next write. */
  done(): Uint8Array;
  /** Starts over. */
  reset(): Writer;
}

const START = 4096;

/** Characters of one text, and bytes after which texts are empty: twice the largest item. The core's memory never shrinks. */
const MOST = 131072;

export function createWriter(): Writer {
  let bytes = new Uint8Array(START);
  let view = new DataView(bytes.buffer);
  let at = 0;
  const encoder = new TextEncoder();

  function room(more: number): void {
    if (at + more <= bytes.length) return;
    const grown = new Uint8Array(Math.max(bytes.length * 2, at + more));
    grown.set(bytes);
    bytes = grown;
    view = new DataView(bytes.buffer);
  }

  const writer: Writer = {
    b(value) { room(1); bytes[at++] = value; return writer; },
    u(value) { room(4); view.setUint32(at, value, true); at += 4; return writer; },
    n(value) { room(8); view.setFloat64(at, safe(() => Number(value)) ?? NaN, true); at += 8; return writer; },
    s(given) {
      const value = at > MOST ? '' : text(given).slice(0, MOST);
      const length = value.length;
      // Three bytes a code unit always suffice.
      room(4 + length * 3);
      const from = at + 4;
      let i = 0;
      for (let code; i < length && (code = value.charCodeAt(i)) < 128; i++) bytes[from + i] = code;
      // `encodeInto` writes U+FFFD for a lone surrogate.
      if (i < length) i += encoder.encodeInto(value.slice(i), bytes.subarray(from + i)).written;
      view.setUint32(at, i, true);
      at = from + i;
      return writer;
    },
    a(map) {
      const head = at;
      let count = 0;
      writer.u(0);
      for (const key of keys(map)) {
        // A getter of the page's that throws is a value of another type.
        const value = safe(() => map![key]);
        if (typeof value == 'string') writer.s(key).b(0).s(value);
        else if (typeof value == 'number') writer.s(key).b(1).n(value);
        else if (typeof value == 'boolean') writer.s(key).b(value ? 3 : 2);
        else continue;
        count++;
      }
      view.setUint32(head, count, true);
      return writer;
    },
    done: () => bytes.subarray(0, at),
    reset() { at = 0; return writer; },
  };
  return writer;
}
