/** The Faro SDK with its tracing on a page before Farol's: one header leaves with each request, and Farol's span is in the trace that it names. What Faro sends is no request of the page's. */
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { build } from 'esbuild';
import { test } from './driver/cases.js';
import { collector, files, on } from './capture/stage.js';
import { html, script } from './driver/server.js';

let faro: Buffer;

before(async () => {
  const { outputFiles } = await build({ entryPoints: [new URL('faro/page.ts', import.meta.url).pathname], bundle: true, minify: true, format: 'iife', write: false });
  faro = Buffer.from(outputFiles[0]!.contents);
});

test('beside another tracer that was there first each request has one header, and its span is in that trace', async () => {
  await on({
    route: (path) => {
      if (path === '/faro.js') return script(faro);
      if (path === '/') return html('<script src="/faro.js"></script>');
      return path.startsWith('/api/') ? { body: '{}' } : undefined;
    },
  }, async ({ page, own }) => {
    const app = 'tracers';
    // It is there, and has sent a request of its own, before ours begins.
    await page.evaluate(`playFaro('${own.url}')`);
    await page.evaluate(`new Promise((done, failed) => document.head.append(Object.assign(document.createElement('script'), { src: '/farol.js', onload: done, onerror: failed })))`);
    await page.evaluate(`(async () => {
      window.farol = Farol.init({ url: ${JSON.stringify(collector.url)}, app: { name: '${app}' } });
      await fetch('/api/plain');
      await fetch(new Request('/api/request'));
      await fetch('/api/headers', { headers: new Headers({ a: 'b' }) });
      await new Promise((done) => {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', '/api/xhr');
        xhr.onloadend = done;
        xhr.send();
      });
      await farol.flush();
    })()`);
    for (const path of ['/api/plain', '/api/request', '/api/headers', '/api/xhr']) {
      const mine = (item: { resource: Record<string, unknown>; signal: string; attributes: Record<string, unknown> }): boolean =>
        item.resource['service.name'] === app && item.signal === 'span' && String(item.attributes['url.full']).endsWith(path);
      const span = (await collector.until((items) => items.some(mine), path)).find(mine)!;
      const header = String(own.seen.find((request) => request.path === path)!.headers['traceparent']);
      assert.match(header, /^00-[\da-f]{32}-[\da-f]{16}-01$/, path);
      assert.ok([span.spanId, span.parentSpanId].some((id) => header === `00-${span.traceId}-${id}-01`), `${path}: ${header}, ${span.traceId} ${span.parentSpanId} ${span.spanId}`);
    }
  }, false);
});

test('what Faro sends is not told, so that the two do not feed each other', async () => {
  await on({
    route: (path) => {
      if (path === '/faro.js') return script(faro);
      if (path === '/') return html('<script src="/faro.js"></script>');
      return path.startsWith('/api/') || path === '/collect' ? { body: '{}' } : undefined;
    },
  }, async ({ page, own }) => {
    const app = 'beside-faro';
    await page.evaluate(`playFaro('${own.url}')`);
    await page.evaluate(`new Promise((done, failed) => document.head.append(Object.assign(document.createElement('script'), { src: '/farol.js', onload: done, onerror: failed })))`);
    await page.evaluate(`(async () => {
      window.farol = Farol.init({ url: ${JSON.stringify(collector.url)}, app: { name: '${app}' } });
      // Of Faro's own request this is told after Farol's wrapper.
      const within = window.fetch;
      const answered = new Promise((done) => {
        window.fetch = function (input) {
          const answer = within.apply(this, arguments);
          if (String(input).endsWith('/collect')) void answer.then(done, done);
          return answer;
        };
      });
      // As many as make Faro send at once.
      for (let i = 0; i < 50; i++) faro.api.pushLog(['one of many: ' + i]);
      await answered;
      const theirs = { 'X-Faro-Session-Id': 'a' };
      await fetch('/api/as-headers', { headers: new Headers(theirs) });
      await fetch(new Request('/api/as-request', { headers: theirs }));
      await fetch('/api/of-the-page', { headers: { a: 'b' } });
      await farol.flush();
    })()`);
    const mine = (item: { resource: Record<string, unknown>; signal: string }): boolean => item.resource['service.name'] === app && item.signal === 'span';
    const path = (item: { attributes: Record<string, unknown> }): string => String(item.attributes['url.full']).slice(own.url.length);
    const items = await collector.until((all) => all.filter(mine).some((item) => path(item) === '/api/of-the-page'), 'the request of the page');
    assert.deepEqual(items.filter(mine).map(path), ['/api/of-the-page']);
  }, false);
});
