/**
 * `cargo xtask demo --drive`: a headless browser visits the shop; then everything that it did must stand in the collector's OTLP
 * files: every kind of item, each as often as it happened, and by client and sequence number none missing and none twice.
 */
import { parseArgs } from 'node:util';
import { missing } from '../backends/tree.js';
import { compare, type Result } from './drive/table.js';
import { visit } from './drive/visit.js';
import { deliveredUntil } from './driver/delivered.js';
import { launch } from './driver/index.js';
import { gaps, type Item } from './driver/otlp.js';

/** Batches leave within seconds; on a busy machine it may take longer. */
const PATIENCE = 30_000;

const { values } = parseArgs({ options: { shop: { type: 'string' }, data: { type: 'string' }, backend: { type: 'string' } } });
if (!values.shop || !values.data) throw new Error('--shop URL and --data DIR say where the shop is and where the collector writes');

const browser = await launch({ engine: 'chromium' });
let complete = false;
try {
  const page = await browser.newPage();
  console.log('\nA headless browser');
  const { orderTrace } = await visit(page, values.shop, (what) => console.log(`  ${what}`));

  const right = (items: Item[]): boolean => compare(items).every((result) => result.right) && gaps(items).length === 0 && traced(items, orderTrace).length === 0;
  const { items } = await deliveredUntil(values.data, right, PATIENCE);
  complete = report(compare(items), [...gaps(items), ...traced(items, orderTrace)], items);
} finally {
  await browser.close();
}
process.exitCode = complete ? 0 : 1;

/** What is wrong with the order's trace: the page's span, the request under it, and the backend's answer are one. */
function traced(items: Item[], trace: string): string[] {
  const page = items.find((item) => item.signal === 'span' && item.name === 'checkout');
  const request = items.find((item) => item.signal === 'span' && String(item.attributes['url.full'] ?? '').endsWith('/api/checkout'));
  if (!page || !request) return [];
  if (values.backend !== undefined) {
    const spans = items.filter((item) => item.signal === 'span').map((item) => ({ ...item, service: String(item.resource['service.name']) }));
    const lacking = missing(spans, trace, values.backend);
    if (lacking.length > 0) return [`of the order's trace is missing: ${lacking.join('; ')}`];
  }
  const one = page.traceId === trace && request.traceId === trace && request.parentSpanId === page.spanId;
  return one ? [] : [`the order's trace is not one: page ${page.traceId}, request ${request.traceId} under ${request.parentSpanId}, backend ${trace}`];
}

function report(results: Result[], problems: string[], items: Item[]): boolean {
  const width = Math.max(...results.map(({ row }) => row.what.length));
  console.log(`\n  ${'what'.padEnd(width)}  expected   came`);
  for (const { row, came, right } of results) {
    console.log(`${right ? '✓' : '✗'} ${row.what.padEnd(width)}  ${`${row.expected}${row.more ? '+' : ''}`.padStart(8)} ${String(came).padStart(6)}`);
  }
  const clients = new Set(items.filter((item) => item.client).map((item) => item.client));
  console.log(`\n  ${items.length} items of ${clients.size} clients, numbered by each without a gap: ${problems.length === 0 ? 'yes' : 'no'}`);
  for (const problem of problems) console.log(`✗ ${problem}`);
  const good = results.every(({ right }) => right) && problems.length === 0 && clients.size > 0;
  console.log(good ? '\n  All of it came.' : '\n  Not all of it came.');
  return good;
}
