/** What fetch and XMLHttpRequest have in common: one request from its start to its end, and where its trace may go. */
import { Op } from '../abi.js';
import { own, safe } from './describe.js';
import type { Place, Sdk } from '../sdk.js';
import type { Attributes, Options, Pattern } from '../types.js';

export interface Traced extends Place {
  /** The value of `traceparent`; empty: none may go there. */
  header_: string;
  /** The value of `baggage`, likewise. */
  baggage_: string;
  initiator_: number;
  parent_?: string;
  method_: string;
  href_: string;
  start_: number;
  ended_?: (failed: boolean) => void;
}

export const HEADER = 'traceparent';
export const BAGGAGE = 'baggage';

/** W3C's bound on the whole header; a longer one is left out. */
const BAGGAGE_BYTES = 8192;

/** The header's value: names that the header allows, with values that are escaped. What is no text, or none that can be, is left out. */
export function baggage(members: NonNullable<Options['baggage']>): string {
  const values = own(members);
  const text = Object.keys(values).filter((name) => typeof values[name] == 'string' && /^[!#-'*+.^-z|~\w-]+$/.test(name))
    .map((name) => safe(() => name + '=' + encodeURIComponent(values[name]))).filter(Boolean).join();
  return text.length > BAGGAGE_BYTES ? '' : text;
}

/** Whether the address is the pattern, or goes on behind it at a boundary: `https://a.example` is no `https://a.example.net`. */
export function under(pattern: Pattern, address: string): boolean {
  if (typeof pattern != 'string') return address.search(pattern) >= 0;
  return address.startsWith(pattern) && (pattern.endsWith('/') || /^$|^[/?#]/.test(address.slice(pattern.length)));
}

/** A path that stays as it is in the address that comes of it: no dots that lead upwards, nothing to be escaped. */
const PLAIN = /^(\/\w[\w.-]*)+\/?(\?[\w=&%+.-]*)?$/;

/** The address and its origin; most are paths, and asking the browser costs more than all else here. */
export function resolve({ origin_: own }: Pick<Sdk, 'origin_'>, address: string): { href: string; origin: string } | undefined {
  if (PLAIN.test(address) && document.baseURI.startsWith(own + '/')) return { href: own + address, origin: own };
  // One that is none is the page's to find out.
  return safe(() => new URL(address, document.baseURI));
}

/** Begins a request; nothing if it is none that we look at. */
export function begin(sdk: Sdk, initiator: number, method: string, address: string): Traced | undefined {
  if (!sdk.live_() && !sdk.options_.unsampledHeader) return;
  const { href, origin } = resolve(sdk, address) || { href: '' };
  if (!href.startsWith('http') || under(sdk.endpoint_, href)) return;
  const { baggage: members } = sdk.options_;
  const parent = sdk.ambient_();
  // `null`: there is none, and it was asked for.
  const place = sdk.child_(parent || null);
  const goes = origin == sdk.origin_ || sdk.options_.propagateTo?.some((pattern) => under(pattern, href));
  return {
    ...place,
    header_: goes ? sdk.header_(place) : '',
    baggage_: members && goes && sdk.granted_() ? baggage(members) : '',
    initiator_: initiator,
    parent_: parent?.span_,
    method_: method,
    href_: href,
    start_: performance.now(),
    ended_: sdk.begun_?.(),
  };
}

/** Whether there is a header already: the request is in the trace that it names then, below its span. */
export function joined(traced: Traced | undefined, header: string | null | undefined): boolean {
  const named = traced && /^..-(?!0+-)([\da-f]{32})-(?!0+-)([\da-f]{16})-/.exec(header as string);
  if (named && named[2] != traced.span_) [, traced.trace_, traced.parent_] = named as unknown as [string, string, string];
  return header != null;
}

/** Ends it. */
export function finish(sdk: Sdk, traced: Traced, status: number, error?: string, more?: Attributes): void {
  const end = performance.now();
  sdk.put_(Op.Request, (w) =>
    w.b(traced.initiator_).s(traced.trace_).s(traced.span_).s(traced.parent_).s(('' + traced.method_).toUpperCase()).s(traced.href_).n(traced.start_)
      .n(end).n(status).s(error).a(more));
  traced.ended_?.(!!error || status > 399);
}
