import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { init } from '../src/index.js';

test('on a server a client does nothing, keeps its promises and throws nothing', async () => {
  const client = init({ url: 'http://127.0.0.1:9' });
  client.event('e', { n: 1 });
  client.captureError(new Error('x'));
  assert.equal(client.withSpan('s', () => 5), 5);
  assert.throws(() => client.withSpan('s', () => { throw new RangeError('the page’s own'); }), RangeError);
  assert.equal(client.sampled(), false);
  assert.equal(client.sessionId(), '');
  assert.equal(client.traceparent(), '');
  await client.flush();
  await client.shutdown();
});

test('importing touches nothing', () => {
  const before = Object.keys(globalThis).length;
  execFileSync(process.execPath, ['--import', 'tsx', '-e', `import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})`], { stdio: 'inherit' });
  assert.equal(Object.keys(globalThis).length, before);
});
