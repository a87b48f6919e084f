/** Random ids, and the sampling decision where the core is not there yet to make it. */

/** So many random bytes as hex. */
export function hex(count: number): string {
  const bytes = new Uint8Array(count);
  try {
    crypto.getRandomValues(bytes);
  } catch {
    for (let i = 0; i < count; i++) bytes[i] = Math.random() * 256;
  }
  let text = '';
  for (const byte of bytes) text += (byte + 256).toString(16).slice(1);
  return text;
}

/** The sampling decision of `farol_protocol::sampling`: FNV-1a over UTF-8 (ids are ASCII), then Murmur3's finaliser. */
export function isSampled(id: string, rate: number): boolean {
  let h = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) h = Math.imul(h ^ id.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0 < rate * 4294967296;
}
