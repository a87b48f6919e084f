/** What a page does, counted: from the SDK as it is to the collector's own metrics of pages. */
import assert from 'node:assert/strict';
import { test } from './driver/cases.js';
import { startCollector } from './driver/collector.js';
import { launch } from './driver/index.js';
import { sdkFiles } from './driver/sdk.js';
import { html, script, site } from './driver/server.js';
import { wait } from './driver/wait.js';

test('each load and each change of page is one view, and each request one request, with a hook and without', async () => {
  const files = sdkFiles();
  for (const hook of ['', ', beforeSend: (item) => item']) {
    const collector = await startCollector();
    const own = await site((_, path) => {
      const file = files.get(path);
      if (file) return script(file);
      if (path.startsWith('/api/')) return { body: '{}' };
      return html(`<script src="/farol.js"></script><script>window.client = Farol.init({ url: '${collector.url}', app: { name: 'shop' }${hook} })</script>`);
    });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(`${own.url}/one`);
      await page.goto(`${own.url}/two`);
      await page.goto(`${own.url}/two`);
      await page.evaluate(`(async () => {
        history.pushState({}, '', '/three');
        history.replaceState({}, '', '/three?q=1');
        location.hash = 'part';
        await client.flush();
        await fetch('/api/order');
        await fetch('/api/order');
        client.captureError(new RangeError('the last'));
        await client.flush();
      })()`);
      let text = '';
      const sum = (name: string, label = ''): number => text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
      // What a page sent as it was left may come after what the next one sends.
      await wait(async () => {
        text = await (await fetch(`${collector.url}/metrics/rum`)).text();
        return text.includes('RangeError') && sum('farol_page_views_total') >= 4 && sum('http_client_request_duration_seconds_count') >= 2;
      }, 'all is counted');
      assert.deepEqual(['one', 'two', 'three'].map((view) => sum('farol_page_views_total', `url_template="/${view}"`)), [1, 2, 1], text);
      assert.equal(sum('farol_page_views_total'), 4);
      assert.equal(sum('farol_sessions_total'), 1);
      assert.equal(sum('http_client_request_duration_seconds_count'), 2, text);
    } finally {
      await browser.close();
      own.close();
      await collector.stop();
    }
  }
});
