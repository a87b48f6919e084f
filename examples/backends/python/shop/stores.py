"""PostgreSQL holds goods and orders, Redis what was looked up lately and the orders that wait to be packed."""

import json
import os
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

# How long goods are kept in Redis: short, so that a demo shows misses too.
KEPT_S = 10
SCHEMA = Path(os.environ.get("SHOP_SCHEMA", Path(__file__).parents[2] / "schema.sql"))


class Stores:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.redis = Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"), decode_responses=True)

    @classmethod
    async def open(cls) -> "Stores":
        pool = await asyncpg.create_pool(os.environ.get("DATABASE_URL", "postgres://shop@127.0.0.1:5432/shop"), min_size=1, max_size=10)
        await pool.execute(SCHEMA.read_text(encoding="utf-8"))
        return cls(pool)

    async def close(self) -> None:
        await self.redis.aclose()
        await self.pool.close()

    async def cached(self, key: str, read):
        """What Redis has under a key, else what `read` finds, kept for the next. What is not there is not kept."""
        there = await self.redis.get(key)
        if there is not None:
            return json.loads(there)
        found = await read()
        if found is not None:
            await self.redis.set(key, json.dumps(found), ex=KEPT_S)
        return found
