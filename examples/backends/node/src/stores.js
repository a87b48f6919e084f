// PostgreSQL holds goods and orders, Redis what was looked up lately and the orders that wait to be packed.
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import pg from 'pg';

/** How long goods are kept in Redis: short, so that a demo shows misses too. */
const KEPT_S = 10;

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL ?? 'postgres://shop@127.0.0.1:5432/shop', max: 10 });
// A connection that breaks while nobody uses it is replaced at the next use.
pool.on('error', () => {});

export const connect = () => new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: 1 }).on('error', () => {});
export const redis = connect();

export async function prepare() {
  await pool.query(await readFile(new URL('../../schema.sql', import.meta.url), 'utf8'));
}

/** What Redis has under a key, else what `read` finds, kept for the next. What is not there is not kept. */
export async function cached(key, read) {
  const there = await redis.get(key);
  if (there) return JSON.parse(there);
  const found = await read();
  if (found !== undefined) await redis.set(key, JSON.stringify(found), 'EX', KEPT_S);
  return found;
}
