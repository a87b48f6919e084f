/** What the browser reports by itself, without any script of ours in the page, to the collector of another origin. */
import assert from 'node:assert/strict';
import { test } from './driver/cases.js';
import { startCollector } from './driver/collector.js';
import { launch } from './driver/index.js';
import { html, site } from './driver/server.js';

test('what a policy refused is told by the browser itself, once, with its page and scrubbed', async () => {
  const collector = await startCollector();
  const own = await site((_, path) => (path.startsWith('/page')
    ? html('<img src="https://pics.example/b.png?sig=s3cret">', { 'content-security-policy': `img-src 'self' data:; report-uri ${collector.url}/reports` })
    : undefined));
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${own.url}/page?token=t0p`);
    const items = await collector.until((items) => items.some(({ name }) => name === 'farol.report'), 'the report');
    assert.equal(items.length, 1);
    const { attributes } = items[0]!;
    assert.equal(attributes['farol.report.type'], 'csp-violation');
    assert.equal(attributes['farol.report.directive'], 'img-src');
    assert.match(String(attributes['farol.report.blocked.url']), /^https:\/\/pics\.example\/b\.png/);
    assert.doesNotMatch(JSON.stringify(items), /s3cret|t0p/);
  } finally {
    await browser.close();
    own.close();
    await collector.stop();
  }
});
