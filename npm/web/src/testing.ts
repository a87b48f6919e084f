/** For the tests of pages that use @farol/web: a transport that keeps what would have been sent. */
import type { Transport, TransportRequest } from './types.js';

/** A payload as it would have gone out: Faro's body. */
export interface Payload {
  meta: Record<string, unknown>;
  logs?: Record<string, unknown>[];
  exceptions?: Record<string, unknown>[];
  measurements?: Record<string, unknown>[];
  events?: Record<string, unknown>[];
  traces?: { resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] };
  farol?: Record<string, unknown>;
}

/** A transport, and what came through it. */
export interface TestTransport {
  /** Give this to `init`. */
  transport: Transport;
  /** All requests, tries again included. */
  requests: TransportRequest[];
  /** The HTTP status of the answers from now on; 0: the network is down. */
  answer(status: number): void;
  /** What was delivered, each batch once. */
  payloads(): Payload[];
  logs(): Record<string, unknown>[];
  exceptions(): Record<string, unknown>[];
  measurements(): Record<string, unknown>[];
  events(): Record<string, unknown>[];
  spans(): Record<string, unknown>[];
  /** Forgets what came so far. */
  clear(): void;
}

/** A transport that keeps what it is given, and answers 202 until it is told otherwise. */
export function createTestTransport(): TestTransport {
  const requests: TransportRequest[] = [];
  const delivered = new Map<string, Payload>();
  let status = 202;
  const all = (kind: 'logs' | 'exceptions' | 'measurements' | 'events') => () => [...delivered.values()].flatMap((payload) => payload[kind] ?? []);
  return {
    transport(request) {
      requests.push(request);
      if (status >= 200 && status < 300) delivered.set(request.id, JSON.parse(new TextDecoder().decode(request.body)));
      return status;
    },
    requests,
    answer(next) {
      status = next;
    },
    payloads: () => [...delivered.values()],
    logs: all('logs'),
    exceptions: all('exceptions'),
    measurements: all('measurements'),
    events: all('events'),
    spans: () =>
      [...delivered.values()].flatMap((payload) =>
        (payload.traces?.resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))),
    clear() {
      requests.length = 0;
      delivered.clear();
    },
  };
}
