/** What the operator says in the collector's settings holds for pages that are already out there. */
import assert from 'node:assert/strict';
import { writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from './driver/cases.js';
import { startCollector } from './driver/collector.js';
import { launch } from './driver/index.js';
import { removeAtExit } from './driver/processes.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site } from './driver/server.js';

test('a page follows the configuration document from its next load on, and asks for nothing more than it', async () => {
  const files = sdkFiles();
  let start = '';
  const own = await site((_, path) => {
    const file = files.get(path);
    if (file) return script(file);
    if (path === '/start.js') return script(start);
    return path === '/' ? html('<script src="/farol.js"></script><script src="/start.js"></script>') : undefined;
  });
  const folder = await mkdtemp(join(tmpdir(), 'farol-config-'));
  removeAtExit(folder);
  const file = join(folder, 'farol.toml');
  await writeFile(file, `version = 1\n[[apps]]\nname = "shop"\nkeys = ["k1"]\norigins = ["${own.url}"]\nsampling = 0.0\n`);
  const collector = await startCollector({ args: ['--config', file] });
  start = `window.client = Farol.init({ url: '${collector.url}', key: 'k1' });`;
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(own.url);
    assert.equal(await page.evaluate('client.sampled()'), true, 'no start waits for it');
    await page.waitFor(`sessionStorage.getItem('farol:1:k1:config')`, { what: 'the document' });
    const before = page.requests().filter(({ url }) => url.startsWith(collector.url));
    assert.deepEqual(before.filter(({ url }) => /config/.test(url)).map(({ url, method }) => [method, url]), [['GET', `${collector.url}/config/k1`]]);
    await page.goto(own.url);
    assert.equal(await page.evaluate('client.sampled()'), false);
    await page.evaluate(`client.event('unseen'); client.flush()`);
    const all = page.requests();
    const after = all.slice(all.findLastIndex(({ url }) => url === `${own.url}/start.js`));
    // What the first page had left may be under way, or tried again.
    assert.ok(after.filter(({ url, method }) => method === 'POST' && !/try=[2-9]/.test(url)).length <= 1, 'nothing of its own');
    assert.deepEqual([page.errors(), page.console()], [[], []]);
    await page.close();
  } finally {
    await browser.close();
    await collector.stop();
    own.close();
  }
});
