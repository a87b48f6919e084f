/** Random ids, and the sampling decision where the core is not there yet to make it. */

/** Gives so many times 8 random hex digits. */
export type Hex = (words: number) => string;

/** Words drawn at once: a call of the browser's source costs more than what it gives. */
const POOL = 64;

export function createHex(): Hex {
  const pool = new Uint32Array(POOL);
  let at = POOL;
  return (count) => {
    let text = '';
    for (; count--; at++) {
      if (at == POOL) {
        at = 0;
        try {
          crypto.getRandomValues(pool);
        } catch {
          for (let i = 0; i < POOL; i++) pool[i] = Math.random() * 4294967296;
        }
      }
      text += (pool[at] + 4294967296).toString(16).slice(1);
    }
    return text;
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
