/** A click in a driven browser, its request, the backend's spans with their statements, and the worker's are one trace; log lines carry its id, and the backend's own figures come beside it. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCollector, type Collector } from '../e2e/driver/collector.js';
import { launch, type Browser } from '../e2e/driver/index.js';
import type { Item } from '../e2e/driver/otlp.js';
import { wait } from '../e2e/driver/wait.js';
import { type Backend, backends, startBackend } from './backend.js';
import { type Counter, startCounter } from './counter.js';
import { drawn, missing, type Span } from './tree.js';

const spanOf = (item: Item): Span => ({ ...item, service: String(item.resource['service.name']) });
const spansOf = (items: Item[]): Span[] => items.filter((item) => item.signal === 'span').map(spanOf);

let browser: Browser;
before(async () => {
  browser = await launch({ engine: 'chromium' });
});
after(() => browser?.close());

for (const name of backends) {
  describe(name, () => {
    let collector: Collector;
    let backend: Backend;
    let shop: Counter;
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'farol-backends-'));
      collector = await startCollector();
      backend = await startBackend(name, collector.url);
      shop = await startCounter(folder, collector.url, backend.url);
    });
    after(async () => {
      await shop?.stop();
      await backend?.stop();
      await collector?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('an order is one tree from the click to the statements of backend and worker', async () => {
      const placed = await shop.order(browser);
      const trace = (items: Item[]): string[] => missing(spansOf(items), placed.traceId, name);
      await collector.until((items) => trace(items).length === 0, 'the whole trace', 30_000).catch(() => undefined);
      const spans = spansOf(collector.items()).filter((span) => span.traceId === placed.traceId);
      assert.deepEqual(trace(collector.items()), [], drawn(spans));
      const server = spans.find((span) => span.spanId === placed.spanId);
      assert.equal(server?.service, `shop-${name}`, 'the answer named the span that came');
      assert.equal(server?.parentSpanId, placed.parentSpanId);

      const said = (message: string): Item | undefined => collector.items().find((item) => item.signal === 'log' && item.body === message);
      await collector.until(() => said('order placed') !== undefined && said('order packed') !== undefined, 'the log lines');
      for (const [message, service] of [['order placed', `shop-${name}`], ['order packed', `shop-${name}-worker`]] as const) {
        const line = said(message)!;
        assert.equal(line.traceId, placed.traceId, message);
        const within = spans.find((span) => span.spanId === line.spanId);
        assert.equal(within?.service, service, message);
        assert.equal(line.attributes['order.number'], placed.number, message);
      }
    });

    test('its golden signals come, of the route and not of the path', async () => {
      await fetch(`${backend.url}/api/products/mug`);
      await fetch(`${backend.url}/api/fail`);
      const wanted = [`"shop-${name}"`, `"shop-${name}-worker"`, '"http.server.request.duration"', '"process.cpu.time"', '"process.memory.usage"', '"shop.orders.placed"', '"shop.orders.wait"', '"/api/checkout"', '"/api/fail"'];
      // Exemplars may name one request: they are no labels.
      const metrics = async (): Promise<string> => {
        const lines = await readFile(join(collector.data, 'otlp/metrics.jsonl'), 'utf8').catch(() => '');
        const whole = lines.split('\n').slice(0, -1);
        return whole.map((line) => JSON.stringify(JSON.parse(line, (key, value: unknown) => (key === 'exemplars' ? undefined : value)))).join('\n');
      };
      const lacking = async (): Promise<string[]> => {
        const text = await metrics();
        return wanted.filter((it) => !text.includes(it));
      };
      await wait(async () => (await lacking()).length === 0, 'metrics', 30_000).catch(() => undefined);
      assert.deepEqual(await lacking(), []);
      assert.equal(/.{0,200}\/products\/mug/u.exec(await metrics())?.[0], undefined, 'an id in a label');
    });
  });
}
