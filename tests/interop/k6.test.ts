/** k6 itself: the load script against a collector, and a browser that k6 drives through the shop. Everything that came says that a test made it. Thresholds of time are for a machine
 * that does nothing else: `cargo xtask bench k6`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { executable } from '../e2e/driver/executable.js';
import { startShop } from '../e2e/driver/shop.js';
import { wait } from '../e2e/driver/wait.js';
import { farol } from './support/farol.js';
import { found } from './support/server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const k6 = found('k6').program;
const PAGE = join(root, 'examples/spa/dist');

/** Asynchronous: the shop and the collector are this process' children, and want to be read. */
const run = async (script: string, env: Record<string, string>, ...more: string[]): Promise<string> => {
  const done = await promisify(execFile)(k6, ['run', '--quiet', ...more, join(root, 'deploy/k6', script)], { env: { ...process.env, ...env }, maxBuffer: 16 << 20 });
  return done.stdout;
};

test('the load script is answered 202 each time, and every item of it is marked', async () => {
  const one = await farol('');
  await one.start();
  await run('ingest.js', { FAROL_URL: one.url, FAROL_RATE: '20', FAROL_DURATION: '3s', FAROL_RUN: 'interop' }, '--no-thresholds');
  const bodies = await one.metric('farol_requests_received_total');
  assert.ok(bodies > 20, String(bodies));
  const items = await one.until(bodies * 44);
  assert.equal(items.size, bodies * 44);
  for (const item of items.values()) {
    assert.equal(item.attributes['farol.k6.test_run_id'], 'interop');
    assert.equal(item.attributes['farol.k6.browser'], true);
  }
  await one.end();
});

test('a browser that k6 drives buys something, and every item of its visit is marked', async (t) => {
  if (!existsSync(join(PAGE, 'index.html'))) {
    const why = 'the shop is not built: cargo xtask demo builds it';
    if (process.env.FAROL_FULL === '1') throw new Error(why);
    t.skip(why);
    return;
  }
  const one = await farol('');
  await one.start();
  const shop = await startShop(PAGE, one.url);
  const said = await run('shop.js', { FAROL_SHOP: shop.url, FAROL_VISITS: '1', FAROL_RUN: 'interop', K6_BROWSER_EXECUTABLE_PATH: executable('chromium'), K6_BROWSER_ARGS: 'no-sandbox' }, '--no-thresholds');
  assert.match(said, /checks_succeeded\.*: 100\.00%/u);
  const vitals = (): boolean => [...one.items().values()].some((it) => it.attributes['browser.web_vital.name'] === 'lcp');
  await wait(async () => vitals(), 'a vital of the visit', 60_000);
  const [marked, others] = [[], []] as [unknown[], unknown[]];
  for (const item of one.items().values()) (item.attributes['farol.k6.test_run_id'] === 'interop' && item.attributes['user_agent.synthetic.type'] === 'test' ? marked : others).push(item);
  assert.ok(marked.length > 10, String(marked.length));
  // The page that was asked for its user agent is blank, and has no SDK.
  assert.deepEqual(others, []);
  await shop.stop();
  await one.end();
});
