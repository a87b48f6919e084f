/** Random ids, and the sampling decision where the core is not there yet to make it. */

/** Gives so many times 8 random hex digits. */
export type Hex = (words: number) => string;

/** Bytes drawn at once: a call of the browser's source costs more than what it gives. */
const POOL = 256;

export function createHex(): Hex {
  const pool = new Uint8Array(POOL) as Uint8Array<ArrayBuffer> & { toHex?(): string };
  let text = '';
  return (words) => {
    const length = words * 8;
    if (text.length < length) {
      try {
        crypto.getRandomValues(pool);
      } catch {
        for (let i = 0; i < POOL; i++) pool[i] = Math.random() * 256;
      }
      // Chrome 140, Firefox 133 and Safari 18.2 have it.
      text = pool.toHex ? pool.toHex() : Array.from(pool, (byte) => (byte + 256).toString(16).slice(1)).join('');
    }
    const id = text.slice(0, length);
    text = text.slice(length);
    return id;
  };
}

/** The sampling decision of `farol_protocol::sampling`: FNV-1a over UTF-8 (ids are ASCII), then Murmur3's finaliser. */
export function isSampled(id: string, rate: number): boolean {
  let h = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) h = Math.imul(h ^ id.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0 < rate * 4294967296;
}
