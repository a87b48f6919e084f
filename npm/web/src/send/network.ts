/** One request, packed: while the page is visible by the browser, else by ourselves, in what outlives the page. */
import { safe } from '../observe/describe.js';
import { page } from '../page.js';
import type { Sdk } from '../sdk.js';

/** The browsers' bound on the bodies of all requests that outlive a page, its own and its beacons among them, and Chrome's on their number. */
export const KEEPALIVE_BYTES = 65536;
const KEEPALIVE_FLIGHTS = 9;
/** A request that has no answer after so many ms has failed. */
export const TIMEOUT = 30000;

/** In the place of a status: a beacon was taken, by the browser. Whether the collector took it is told to nobody. */
export const TAKEN = -202;
/** The same: it did not fit into what outlives the page, and nobody was asked. */
export const UNFIT = -413;

/** An answer as the network gives it, or its status alone; 0 or nothing: none came. */
export type Answer = Response | number | false | void;

/** `room`: how many bytes of ours may be under way where the page is going; 0: it is not. `wanted`: the visitor may say no while it is packed. */
export type Network = (url: string, body: Uint8Array, headers: Record<string, string>, room: number, wanted: () => boolean) => PromiseLike<Answer> | Answer;

export function createNetwork(nativeFetch: Function, faro: boolean, sdk: Pick<Sdk, 'pack_' | 'squeeze_'>): Network {
  const shared = page();
  const Native = Promise;
  return (url, body, headers, room, wanted) => {
    // Faro's receivers want a header for it, and so a preflight. What it takes the page may have replaced by something lesser.
    const small = !faro && shared.flights < KEEPALIVE_FLIGHTS && safe(() => sdk.squeeze_!(body, room - shared.bytes));
    if (small) {
      body = small;
      url += '&z=gzip';
    }
    const size = body.length;
    // The browsers let nothing larger outlive the page.
    const hidden = size <= (room && KEEPALIVE_BYTES);
    const able = safe(() => 'keepalive' in Request.prototype);
    const keepalive = able && hidden && shared.bytes + size <= room && shared.flights < KEEPALIVE_FLIGHTS;
    // No header can go with a beacon, which Faro's receivers ask for; and where there is keepalive, it comes out of the same bytes.
    if (hidden && !keepalive) return !able && !faro && navigator.sendBeacon(url, new Blob([body as BlobPart], { type: 'text/plain' })) ? TAKEN : UNFIT;
    const use = (sign: number) => {
      shared.bytes += sign * size;
      shared.flights += sign;
    };
    if (keepalive) use(1);
    const send = (body: BodyInit, url: string): PromiseLike<Answer> => nativeFetch(url, {
      method: 'POST', body, headers, keepalive, credentials: 'omit',
      // Not the page's whole address, which nobody has scrubbed. Without any, some browsers send no origin either.
      referrerPolicy: 'origin',
      signal: safe(() => AbortSignal.timeout(TIMEOUT)),
    });
    // Large bytes cost less as a blob, whose size nobody has to know beforehand.
    const plain = () => send(size > KEEPALIVE_BYTES ? new Blob([body as BlobPart]) : (body as BodyInit), url);
    // Nothing runs any more where the page is going.
    const packed = !faro && !room && safe(() => sdk.pack_!(body));
    if (packed) return packed.then((packed) => wanted() && send(packed, url + '&z=gzip'), () => wanted() && plain());
    // The page's own layer may throw at once, or give what is no more than `then`.
    return new Native<Answer>((resolve) => resolve(plain())).finally(() => keepalive && use(-1));
  };
}
