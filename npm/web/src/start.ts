/** Writes `START` and `USER`, whose fields `sdk-wasm/src/options.rs` and `abi.rs` list. */
import type { Hex } from './ids.js';
import { safe, text } from './observe/describe.js';
import { pageOf, viewOf } from './observe/navigation.js';
import { number } from './options.js';
import type { Consent, Options, User } from './types.js';
import type { Writer } from './writer.js';

/** By the numbers of `op::CONSENT`. */
export const CONSENTS: Consent[] = ['pending', 'granted', 'denied'];
export const GRANTED = 1;
export const DENIED = 2;

/** The options that are numbers, by their places in `options.rs`. */
export const NUMBERS = (
  'sampleRate session.idleMs session.lifetimeMs batch.items batch.bytes batch.ageMs limits.logs limits.exceptions limits.measurements limits.events limits.spans sampling.ringMs sampling.ringBytes sampling.rates.log sampling.rates.exception sampling.rates.measurement sampling.rates.event sampling.rates.span'
).split(' ');

/** Names of query parameters, one a line; in a text they have commas between them, as in a data attribute. */
const names = (list: unknown) => safe(() => text(list).toLowerCase().replace(/[\s,]+/g, '\n'));

export function writeNumbers(w: Writer, options: Options): void {
  for (const path of NUMBERS) w.n(number(safe(() => path.split('.').reduce((at, key) => (at as Record<string, unknown>)?.[key], options as unknown))));
}

export function writeUser(w: Writer, user: User | null | undefined): void {
  const { id, username, email, fullName, hash, roles, attributes } = user || ({} as User);
  w.b(+!!user).s(id).s(username).s(email).s(fullName).s(hash).s(roles).a(attributes);
}

export function writeStart(w: Writer, options: Options, consent: number, hex: Hex, session: string, stored: string): void {
  const { app = {}, scrub = {} } = options;
  let flags = 0;
  [options.protocol == 'faro', options.beforeSend, options.ignoreErrors, options.denyUrls, options.extensionErrors, document.visibilityState == 'hidden', options.outbox, options.sampling?.ring]
    .forEach((set, bit) => (flags |= +!!set << bit));
  w.b(flags);
  w.b(consent);
  for (let i = 0; i < 4; i++) w.u(parseInt(hex(1), 16));
  writeNumbers(w, options);
  w.s(names(scrub.allow)).s(names(scrub.deny)).s(session).s(stored).s(app.name).s(app.namespace).s(app.version).s(app.environment).s(app.release);
  w.s('').s(pageOf(options)).s(viewOf(options.routes) || options.view);
  writeUser(w, options.user);
  w.a(options.session?.attributes).a(options.attributes);
}
