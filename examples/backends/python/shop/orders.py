"""The orders' queue: a list in Redis. A message carries the trace of the request that wrote it, so that the worker's spans are part of it."""

import json
import time

from opentelemetry.propagate import extract, inject
from opentelemetry.trace import SpanKind
from redis.asyncio import Redis

from .telemetry import meter, step

QUEUE = "orders"

_placed = meter.create_counter("shop.orders.placed")
_waited = meter.create_histogram("shop.orders.wait", unit="s", explicit_bucket_boundaries_advisory=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])


def _about(operation: str) -> dict[str, str]:
    return {"messaging.system": "redis", "messaging.destination.name": QUEUE, "messaging.operation.type": operation}


async def publish(redis: Redis, number: str) -> None:
    with step(f"send {QUEUE}", kind=SpanKind.PRODUCER, attributes=_about("send")):
        headers: dict[str, str] = {}
        inject(headers)
        await redis.lpush(QUEUE, json.dumps({"number": number, "at": int(time.time() * 1000), "headers": headers}))
        _placed.add(1)


async def take(redis: Redis, work) -> None:
    """Waits for an order and does `work` with its number, in the trace that it came from. Gives up after a second, so that the caller can end."""
    found = await redis.brpop([QUEUE], timeout=1)
    if found is None:
        return
    message = json.loads(found[1])
    _waited.record(max(0.0, time.time() - message["at"] / 1000))
    with step(f"process {QUEUE}", context=extract(message["headers"]), kind=SpanKind.CONSUMER, attributes=_about("process")):
        await work(message["number"])
