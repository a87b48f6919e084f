/**
 * What the operator wants of this app's pages: the collector's configuration document (docs/wire.md). Asked for once the second file is there and
 * the visitor agreed, through the browser's cache, and kept in the tab: it holds from the next page on, so that no start waits for it. Only `enabled: false` holds at once.
 */
import { CONFIG } from '../features.js';
import { safe } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import { TIMEOUT } from '../send/network.js';
import type { Sampling } from '../types.js';

/** How long what was told holds where it cannot be asked again, in ms; where nothing is captured, nothing asks. */
const HOLDS = 24 * 3600000;
const OFF_HOLDS = 300000;

/** What the next page reads (`client.ts`). */
export interface Told {
  /** The share of sessions; none: what the page says. */
  rate?: number;
  /** The same of kinds. */
  rates?: Sampling['rates'];
  /** Nothing is to be captured, whatever the page says. */
  off?: boolean;
  /** In epoch ms. */
  until: number;
}

/** What a document says; nothing: it is another version's, or none at all. */
export function read(document: unknown, now: number): Told | undefined {
  const { version, enabled, sampleRate, rates } = (document || {}) as Record<string, unknown>;
  if (version !== 1) return;
  const share = (value: unknown) => typeof value == 'number' && value >= 0 && value <= 1;
  const off = enabled === false;
  const rate = off ? 0 : share(sampleRate) ? (sampleRate as number) : undefined;
  const kinds = Object.entries(rates || {}).filter(([, value]) => share(value));
  return { rate, rates: kinds.length ? Object.fromEntries(kinds) : undefined, off: off || undefined, until: now + (rate === 0 ? OFF_HOLDS : HOLDS) };
}

export const observeConfig = /* @__PURE__ */ Object.assign((sdk: Sdk): void => {
  const { options_: { key, protocol, transport, remoteConfig }, endpoint_: endpoint } = sdk;
  const url = endpoint.replace(/\/collect(?=[/?#]|$)/, '/config');
  if (!key || protocol == 'faro' || transport || remoteConfig === false || url == endpoint) return;
  sdk.fetch_(url, { credentials: 'omit', referrerPolicy: 'origin', signal: safe(() => AbortSignal.timeout(TIMEOUT)) }).then((answer: Response) => (answer.ok ? answer.json() : undefined)).then(sdk.guard_((document?: { enabled?: unknown }) => {
    const told = read(document, Date.now());
    if (!told || !sdk.granted_()) return;
    safe(() => sdk.store_!.setItem(sdk.name_ + CONFIG, JSON.stringify(told)));
    if (document!.enabled === false) sdk.end_();
  }), () => {
    // A refusal changes nothing.
  });
}, { agreed_: true });
