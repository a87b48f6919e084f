/** A batch that is too large for its receiver, as two. The order of items, which numbers them, is the payload's: docs/wire.md. */
import type { Batch } from '../send/sender.js';

/** The page may put others in their place. */
const { parse, stringify } = JSON;

const KINDS = ['logs', 'exceptions', 'measurements', 'events'] as const;

type Scope = { spans: unknown[] };
type Resource = { scopeSpans: Scope[] };
type Payload = Record<(typeof KINDS)[number], unknown[]> & { traces?: { resourceSpans: Resource[] }; farol?: { seq?: number; first?: string[] } };

/** Both halves, with ids of their own that are the same whenever this is done; nothing where there is one item. */
export function split(batch: Batch): Batch[] | undefined {
  const whole: Payload = parse(new TextDecoder().decode(batch.body_));
  const count = each(whole, () => true);
  const half = count >> 1;
  if (!half) return;
  return [0, 1].map((part) => {
    const payload: Payload = parse(stringify(whole));
    let at = 0;
    each(payload, () => (at++ < half) == !part);
    const { farol } = payload;
    if (farol && part) {
      farol.seq = (farol.seq || 0) + half;
      // The session's first item of its kind is counted once.
      delete farol.first;
    }
    return {
      ...batch, id_: batch.id_ + '.' + part, body_: new TextEncoder().encode(stringify(payload)), tries_: 0, flights_: 0, stored_: false, items_: part ? count - half : half,
      error_: batch.error_ && !!payload.exceptions?.length,
    };
  });
}

/** Keeps the items for which `keep` holds, asked in their order; what is empty then goes. The answer is how many there are left. */
function each(payload: Payload, keep: () => boolean): number {
  let left = 0;
  const pick = <T>(list: T[]) => {
    const kept = list.filter(keep);
    left += kept.length;
    return kept;
  };
  for (const kind of KINDS) if (payload[kind] && !(payload[kind] = pick(payload[kind])).length) delete (payload as Partial<Payload>)[kind];
  const resources = payload.traces?.resourceSpans || [];
  for (const resource of resources) {
    for (const scope of resource.scopeSpans) scope.spans = pick(scope.spans);
    resource.scopeSpans = resource.scopeSpans.filter(({ spans }) => spans.length);
  }
  if (!resources.some(({ scopeSpans }) => scopeSpans.length)) delete payload.traces;
  return left;
}
