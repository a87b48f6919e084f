/** What fetch and XMLHttpRequest have in common: one request from its start to its end, and where its trace may go. */
import { Op } from '../abi.js';
import { safe } from './describe.js';
import type { Place, Sdk } from '../sdk.js';
import type { Pattern } from '../types.js';

export interface Traced extends Place {
  /** The value of `traceparent`; empty: none may go there. */
  header_: string;
  end_(status: number, error?: string): void;
}

export const HEADER = 'traceparent';

/** Whether the address is the pattern, or goes on behind it at a boundary: `https://a.example` is no `https://a.example.net`. */
export function under(pattern: Pattern, address: string): boolean {
  if (typeof pattern != 'string') return address.search(pattern) >= 0;
  return address.startsWith(pattern) && (pattern.endsWith('/') || /^$|^[/?#]/.test(address.slice(pattern.length)));
}

/** Begins a request; nothing if it is none that we look at. */
export function begin(sdk: Sdk, initiator: number, method: string, address: string): Traced | undefined {
  if (!sdk.live_() && !sdk.options_.unsampledHeader) return;
  // An address that is none is the page's to find out.
  const { href, origin } = safe(() => new URL(address, document.baseURI)) || ({ href: '' } as URL);
  if (!/^http/.test(href) || under(sdk.endpoint_, href)) return;
  const start = performance.now();
  const parent = sdk.current_;
  const place = sdk.child_();
  const ended = sdk.begun_?.();
  const may = origin == sdk.origin_ || sdk.options_.propagateTo?.some((pattern) => under(pattern, href));
  return {
    ...place,
    header_: may ? sdk.header_(place) : '',
    end_: sdk.guard_((status, error) => {
      sdk.put_(Op.Request, (w) =>
        w.b(initiator).s(place.trace_).s(place.span_).s(parent?.span_).s(method.toUpperCase()).s(href).n(start)
          .n(performance.now()).n(status).s(error).a(undefined));
      ended?.(!!error || status > 399);
    }),
  };
}
