/** Every backend answers as the shop's own does: the pages cannot tell them apart. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { startShop, type Shop } from '../e2e/driver/shop.js';
import { type Backend, backends, startBackend } from './backend.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

const cart = (...lines: unknown[]): string => JSON.stringify({ lines });
const get = (path: string): [string, RequestInit] => [path, {}];
const post = (path: string, body: string): [string, RequestInit] => [path, { method: 'POST', body, headers: { 'content-type': 'application/json' } }];

/** Asked of both, one after the other. */
const REQUESTS: [string, RequestInit][] = [
  get('/api/products'),
  get('/api/products/mug'),
  get('/api/products/mug'),
  get('/api/products/kraken'),
  post('/api/cart', cart({ id: 'mug', quantity: 1 })),
  post('/api/cart', cart({ id: 'bell', quantity: 1 }, { id: 'lens', quantity: 2 })),
  post('/api/cart', '{'),
  post('/api/cart', '[]'),
  post('/api/cart', ''),
  post('/api/cart', cart()),
  post('/api/cart', cart(...Array.from({ length: 21 }, () => ({ id: 'mug', quantity: 1 })))),
  post('/api/cart', cart({ id: 'mug', quantity: 'one' })),
  post('/api/cart', cart({ id: 'mug', quantity: -1 })),
  post('/api/cart', cart({ id: 'mug', quantity: 0 })),
  post('/api/cart', cart({ id: 'mug', quantity: 100 })),
  post('/api/cart', cart({ id: 'kraken', quantity: 1 })),
  post('/api/cart', cart({ id: 'barometer', quantity: 1 })),
  post('/api/checkout', cart({ id: 'mug', quantity: 2 })),
  post('/api/checkout', cart({ id: 'mug', quantity: 2 })),
  post('/api/checkout', cart({ id: 'barometer', quantity: 1 })),
  get('/api/trace'),
  post('/api/trace', ''),
  get('/api/slow?ms=5'),
  get('/api/fail'),
  post('/api/fail', ''),
  get('/api/flaky'),
  get('/api/flaky'),
  get('/api/nowhere'),
  post('/api/nowhere/at/all', ''),
];

interface Said {
  status: number;
  body: unknown;
  retry: string | null;
  kept: string | null;
}

async function ask(url: string, [path, options]: [string, RequestInit]): Promise<Said> {
  const answer = await fetch(`${url}${path}`, { ...options, headers: { ...options.headers, traceparent: `00-${TRACE}-${PARENT}-01` } });
  const { traceId, spanId, parentSpanId, ...body } = (await answer.json()) as Record<string, unknown>;
  const what = `${options.method ?? 'GET'} ${path}`;
  assert.deepEqual([traceId, parentSpanId], [TRACE, PARENT], what);
  assert.match(String(spanId), /^(?!0{16})[\da-f]{16}$/u, what);
  assert.notEqual(spanId, PARENT, what);
  assert.equal(answer.headers.get('server-timing'), `traceparent;desc="00-${TRACE}-${String(spanId)}-01"`, what);
  return { status: answer.status, body, retry: answer.headers.get('retry-after'), kept: answer.headers.get('cache-control') };
}

for (const name of backends) {
  describe(name, () => {
    let own: Shop;
    let other: Backend;
    before(async () => {
      own = await startShop(tmpdir(), 'http://127.0.0.1:9');
      other = await startBackend(name);
    });
    after(async () => {
      await own?.stop();
      await other?.stop();
    });

    test('every answer is the one of the own backend', async () => {
      for (const request of REQUESTS) assert.deepEqual(await ask(other.url, request), await ask(own.url, request), `${request[1].method ?? 'GET'} ${request[0]} ${String(request[1].body ?? '')}`);
    });

    test('a request without a valid traceparent begins a trace, an unsampled one stays unsampled', async () => {
      const trace = async (traceparent?: string): Promise<{ ids: Record<string, string | null>; timing: string | null }> => {
        const answer = await fetch(`${other.url}/api/trace`, { headers: traceparent === undefined ? {} : { traceparent } });
        return { ids: (await answer.json()) as Record<string, string | null>, timing: answer.headers.get('server-timing') };
      };
      for (const bad of [undefined, 'nonsense', `00-${TRACE}-${PARENT}`, `00-${'0'.repeat(32)}-${PARENT}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`, `ff-${TRACE}-${PARENT}-01`]) {
        const { ids, timing } = await trace(bad);
        assert.match(String(ids['traceId']), /^(?!0{32})[\da-f]{32}$/u, bad);
        assert.notEqual(ids['traceId'], TRACE, bad);
        assert.equal(ids['parentSpanId'], null, bad);
        // Sampled; some also say that the trace id is random (02).
        assert.match(String(timing), /-0[13]"$/u, bad);
      }
      const { ids, timing } = await trace(`00-${TRACE}-${PARENT}-00`);
      assert.equal(ids['traceId'], TRACE);
      assert.match(String(timing), /-00"$/u);
    });
  });
}
