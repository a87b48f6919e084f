"""The worker's process: packs what was ordered, one order after the other."""

import asyncio
import signal

from .orders import take
from .stores import Stores
from .telemetry import log, stop


async def main() -> None:
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    stores = await Stores.open()

    async def pack(number: str) -> None:
        await stores.pool.execute("UPDATE orders SET packed_at = now() WHERE number = $1", number)
        log("info", "order packed", order__number=number)

    print("farol-shop-python worker ready", flush=True)
    while not ended.is_set():
        try:
            await take(stores.redis, pack)
        except Exception as error:  # noqa: BLE001 one order that fails, or a store that is away, must not end the worker
            log("warn", "an order was not packed", error__type=type(error).__name__)
            await asyncio.sleep(1)
    await stores.close()
    stop()


asyncio.run(main())
