// The orders' queue: a list in Redis. A message carries the trace of the request that wrote it, so that the worker's spans are part of it.
import { SpanKind, context, metrics, propagation } from '@opentelemetry/api';
import { redis } from './stores.js';
import { step } from './trace.js';

const QUEUE = 'orders';
const meter = metrics.getMeter('farol-shop-node');
const placed = meter.createCounter('shop.orders.placed');
const waited = meter.createHistogram('shop.orders.wait', { unit: 's', advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] } });

const about = (operation) => ({ 'messaging.system': 'redis', 'messaging.destination.name': QUEUE, 'messaging.operation.type': operation });

export const publish = (number) =>
  step(`send ${QUEUE}`, async () => {
    const headers = {};
    propagation.inject(context.active(), headers);
    await redis.lpush(QUEUE, JSON.stringify({ number, at: Date.now(), headers }));
    placed.add(1);
  }, { kind: SpanKind.PRODUCER, attributes: about('send') });

/** Waits for an order and does `work` with its number, in the trace that it came from. Gives up after a second, so that the caller can end. */
export async function take(connection, work) {
  const found = await connection.brpop(QUEUE, 1);
  if (!found) return;
  const { number, at, headers } = JSON.parse(found[1]);
  waited.record((Date.now() - at) / 1000);
  await context.with(propagation.extract(context.active(), headers), () =>
    step(`process ${QUEUE}`, () => work(number), { kind: SpanKind.CONSUMER, attributes: about('process') }));
}
