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

/** A page with the options that are given, and the collector whose settings leave out all sessions of its app. */
async function served(options: string) {
  const files = sdkFiles();
  let start = '';
  const own = await site((_, path) => {
    const file = files.get(path);
    if (file) return script(file);
    if (path === '/start.js') return script(start);
    return /^\/(\?.*)?$/.test(path) ? html('<script src="/farol.js"></script><script src="/start.js"></script>') : undefined;
  });
  const folder = await mkdtemp(join(tmpdir(), 'farol-config-'));
  removeAtExit(folder);
  const file = join(folder, 'farol.toml');
  await writeFile(file, `version = 1\n[[apps]]\nname = "shop"\nkeys = ["k1"]\norigins = ["${own.url}"]\nsampling = 0.0\n`);
  const collector = await startCollector({ args: ['--config', file] });
  start = `window.client = Farol.init({ url: '${collector.url}', key: 'k1', ${options} });`;
  const browser = await launch();
  return {
    own, collector, browser,
    async end() {
      await browser.close();
      await collector.stop();
      own.close();
    },
  };
}

test('a page follows the configuration document from its next load on, and asks for nothing more than it', async () => {
  const { own, collector, browser, end } = await served('');
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
    await end();
  }
});

test('a page that asks for consent asks for the document with the yes, and follows it on the next one from the yes on', async () => {
  const { own, collector, browser, end } = await served("consent: 'pending', remoteConfig: !location.search");
  const asked = (url: string): boolean => url.startsWith(collector.url);
  try {
    const page = await browser.newPage();
    await page.goto(own.url);
    await page.waitFor(`performance.getEntriesByType('resource').some(({ name }) => /farol-more/.test(name))`);
    await page.evaluate('client.event("seen")');
    assert.deepEqual(page.requests().filter(({ url }) => asked(url)), [], 'before the yes nothing is asked');
    await page.evaluate(`client.setConsent('granted')`);
    await page.waitFor(`sessionStorage.getItem('farol:1:k1:config')`, { what: 'the document' });
    assert.equal(await page.evaluate('client.sampled()'), true);
    await page.evaluate('client.flush()');

    await page.goto(own.url);
    await page.evaluate(`client.event('unseen'), client.setConsent('granted')`);
    await page.waitFor('!client.sampled()', { what: 'the rate' });
    await page.evaluate('client.flush()');
    const all = page.requests();
    const after = all.slice(all.findLastIndex(({ url }) => url === `${own.url}/start.js`));
    assert.deepEqual(after.filter(({ url, method }) => asked(url) && method === 'POST' && !/try=[2-9]/.test(url)), [], 'nothing of its own');

    await page.goto(own.url + '/?deaf');
    await page.evaluate(`client.setConsent('granted')`);
    await page.waitFor(`sessionStorage.getItem('farol:1:k1')`);
    assert.equal(await page.evaluate('client.sampled()'), true, 'a page that wants none of it');
    assert.deepEqual([page.errors(), page.console()], [[], []]);
    await page.close();
  } finally {
    await end();
  }
});
