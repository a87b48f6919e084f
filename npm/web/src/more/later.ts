/**
 * The last rung while a page lives: what waits for its next try is left with the browser (`fetchLater`), which sends it when the page is gone, killed
 * or kept for the way back. No answer comes of that, so that the outbox keeps its copy; the collector knows the id.
 */
import { safe } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import { type Batch, LATE } from '../send/sender.js';

type FetchLater = (url: string, init: RequestInit) => unknown;

export interface Later {
  /** Leaves it with the browser, in the place of what it was left with before. */
  arm_(batch: Batch): void;
  /** It is not to be sent any more; of nothing: none is. */
  disarm_(batch?: Batch): void;
  /** The page goes: what outlives it by a request of its own need not go twice. */
  leave_(): void;
}

export function createLater({ endpoint_: endpoint, options_: { protocol, transport } }: Sdk): Later {
  const send = (globalThis as { fetchLater?: FetchLater }).fetchLater?.bind(globalThis) as FetchLater | undefined;
  const armed = new Map<Batch, AbortController>();
  const disarm = (batch: Batch) => {
    safe(() => armed.get(batch)?.abort());
    armed.delete(batch);
  };
  return {
    arm_(batch) {
      disarm(batch);
      // It would go past the page's own transport, and without the headers that Faro's receivers ask for.
      if (transport || protocol == 'faro') return;
      // Bounded by the browser, 64 KiB an origin: it throws then, as where the page may not.
      safe(() => {
        const controller = new AbortController();
        const { id_: id, tries_: tries, body_: body, sealed_: sealed } = batch;
        // When it is sent nobody knows.
        send!(endpoint + (/\?/.test(endpoint) ? '&' : '?') + 'id=' + id + '&try=' + (tries + 1) + (Date.now() - sealed > LATE ? '&late=1' : ''), {
          method: 'POST', body: body as BodyInit, headers: { 'content-type': 'text/plain' }, credentials: 'omit', referrerPolicy: 'origin', signal: controller.signal,
        });
        armed.set(batch, controller);
      });
    },
    disarm_: (batch) => (batch ? [batch] : [...armed.keys()]).forEach(disarm),
    leave_: () => [...armed.keys()].forEach((batch) => batch.flights_ && batch.kept_ && disarm(batch)),
  };
}
