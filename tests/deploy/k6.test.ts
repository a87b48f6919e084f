/** The load scripts: what ingest.js sends is what the collector's own test takes (`collector/tests/door/k6.rs` reads the fixture), thresholds are those that were ordered, and
 * k6 takes both scripts where it is at hand. `FAROL_BLESS=1` writes the fixture anew. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { root, text } from './files.js';
import { tool } from './tools.js';

interface Body {
  BYTES: number;
  payload(of: { run: string; id: string; at: number }): object;
  bodies(run: string): (id: string, at: number) => string;
}

// A module of k6's, in JavaScript.
const load = async (): Promise<Body> => (await import(pathToFileURL(join(root, 'deploy/k6/body.js')).href)) as Body;

const FIXTURE = 'tests/fixtures/k6/ingest.json';
const OF = { run: 'run-1', id: '00c0ffee000001', at: 1_790_000_000_000 };

test('a body is about 20 KB, the same however it is made, and the one that the collector is tested with', async () => {
  const { BYTES, bodies, payload } = await load();
  const body = bodies(OF.run)(OF.id, OF.at);
  assert.equal(body, JSON.stringify(payload(OF)));
  assert.ok(Math.abs(body.length - BYTES) < BYTES / 20, String(body.length));
  const written = `${JSON.stringify(payload(OF), null, 1)}\n`;
  if (process.env.FAROL_BLESS === '1') writeFileSync(join(root, FIXTURE), written);
  assert.equal(text(FIXTURE), written, 'read the difference, then FAROL_BLESS=1');
});

test('each body has ids of its own', async () => {
  const { bodies } = await load();
  const body = bodies('run');
  const ids = (of: string): string[] => [...of.matchAll(/"(?:trace_id|traceId|spanId|span_id|id)":"([^"]*)"/gu)].map((match) => match[1]!).filter((it) => it !== 'load');
  const [one, other] = [ids(body('00000000000001', OF.at)), ids(body('00000000000002', OF.at))];
  assert.ok(one.length > 40);
  assert.deepEqual(one.filter((it) => other.includes(it)), []);
});

test('the thresholds are those that were ordered, and k6 reads both scripts', (t) => {
  for (const [script, expected] of [
    ['ingest.js', { http_req_duration: 'p(95)<100', http_req_failed: 'rate<0.001', farol_sent_bytes: 'rate>10000000' }],
    ['shop.js', { checks: 'rate==1', browser_web_vital_lcp: 'p(75)<2500' }],
  ] as const) {
    for (const threshold of Object.values(expected)) assert.ok(text(`deploy/k6/${script}`).includes(`'${threshold}'`), `${script}: ${threshold}`);
    const done = tool(t, 'k6', 'inspect', join(root, 'deploy/k6', script));
    if (!done) return;
    assert.ok(done.ok, done.said);
    const options = JSON.parse(done.said.slice(done.said.indexOf('{'))) as { thresholds: Record<string, string[]> };
    for (const [metric, threshold] of Object.entries(expected)) assert.deepEqual(options.thresholds[metric], [threshold], `${script}: ${metric}`);
  }
});
