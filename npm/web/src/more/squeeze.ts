/**
 * gzip at once, for what a page sends as it goes: the browser's own packing gives its bytes later, when nothing runs any more. Matches of the 32 KiB behind
 * (the last place with the same four bytes), written with the fixed codes of RFC 1951, section 3.2.6: a third larger than what the browser makes, and quick.
 */

/** What is smaller is not worth it; what is larger, in bytes, would hold the page up as it goes. */
const SQUEEZED_FROM = 512;
const SQUEEZED_TO = 262144;

/** After one that did not fit no other is packed for so many ms: a page that goes has no time for what comes to nothing. */
const TIGHT = 1000;

/** As far back as a match may lie, and as long as it may be: 258 has a code of its own, which is not worth its line. */
const FURTHEST = 32768;
const LONGEST = 257;
/** Last places of so many hashes. */
const HASH_BITS = 12;

/** Packs a body at once; gives nothing where that is not worth it, or does not make it fit into `room`. */
export function createSqueeze(): (body: Uint8Array, room: number) => Uint8Array | undefined {
  let tight = 0;
  return (body, room) => {
    const now = performance.now();
    if (room <= 0 || now < tight || body.length < SQUEEZED_FROM || body.length > SQUEEZED_TO) return;
    const packed = squeeze(body);
    if (packed.length <= Math.min(room, body.length)) return packed;
    tight = now + TIGHT;
  };
}

/** The bytes of a gzip member (RFC 1952) of one block. */
export function squeeze(body: Uint8Array): Uint8Array {
  const { length } = body;
  // A literal takes nine bits at most, and a match fewer than what it stands for.
  const out = new Uint8Array(length + (length >> 3) + 32);
  const last: number[] = Array(1 << HASH_BITS).fill(0);
  let at = 10;
  let bits = 0;
  let held = 0;
  const put = (value: number, count: number) => {
    bits |= value << held;
    for (held += count; held > 7; held -= 8) {
      out[at++] = bits;
      bits >>>= 8;
    }
  };
  /** Codes stand with their first bit first, all else with its last. */
  const code = (value: number, count: number) => {
    while (count--) put((value >> count) & 1, 1);
  };
  /** The code of a literal (to 255), of the end (256) or of a length. */
  const symbol = (value: number) => (value < 144 ? code(value + 48, 8) : value < 256 ? code(value + 256, 9) : value < 280 ? code(value - 256, 7) : code(value - 88, 8));
  /** Lengths and distances are told by their class, 2 to the `fine` classes to each power of two, and where they lie in it. */
  const classed = (value: number, fine: number, write: (value: number) => void) => {
    let extra = 0;
    while (value >> (extra + fine + 1)) extra++;
    write((extra << fine) + (value >> extra));
    put(value & ((1 << extra) - 1), extra);
  };
  let crc = -1;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 8; bit--; ) crc = (crc >>> 1) ^ (crc & 1 && 0xedb88320);
  }
  out.set([31, 139, 8]);
  // The unknown of systems.
  out[9] = 255;
  // The last block, with the fixed codes.
  put(3, 3);
  for (let from = 0; from < length; ) {
    let run = 0;
    // Beyond the end are no bytes, which are 0 here: such a match is as long as it is.
    const slot = Math.imul(body[from] | (body[from + 1] << 8) | (body[from + 2] << 16) | (body[from + 3] << 24), 0x9e3779b1) >>> (32 - HASH_BITS);
    const back = from + 1 - last[slot];
    last[slot] = from + 1;
    if (back <= from && back <= FURTHEST) while (run < LONGEST && from + run < length && body[from + run] == body[from + run - back]) run++;
    if (run > 3) {
      classed(run - 3, 2, (value) => symbol(value + 257));
      classed(back - 1, 1, (value) => code(value, 5));
    } else {
      run = 1;
      symbol(body[from]);
    }
    from += run;
  }
  symbol(256);
  put(0, 7);
  const end = new DataView(out.buffer, at);
  end.setInt32(0, ~crc, true);
  end.setUint32(4, length, true);
  return out.subarray(0, at + 8);
}
