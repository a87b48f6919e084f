/** What the operator wants, as a page hears of it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { observeConfig, read } from '../src/more/config.js';
import type { Sdk } from '../src/sdk.js';
import type { Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
const { init } = await import('../src/index.js');
const NOW = 1e12;

test('a document says a rate, or off, or that the page decides', () => {
  const day = NOW + 24 * 3600_000;
  const none = { rate: undefined, rates: undefined, off: undefined };
  assert.deepEqual(read({ version: 1, enabled: true, sampleRate: 0.25, rates: { span: 0.1 } }, NOW), { ...none, rate: 0.25, rates: { span: 0.1 }, until: day });
  assert.deepEqual(read({ version: 1, enabled: true }, NOW), { ...none, until: day });
  assert.deepEqual(read({ version: 1, enabled: false, sampleRate: 1 }, NOW), { ...none, rate: 0, off: true, until: NOW + 300_000 });
});

test('what is no document of this version changes nothing, and a rate that is none is passed over', () => {
  for (const other of [undefined, null, 5, 'text', [], {}, { version: 2, enabled: false }]) assert.equal(read(other, NOW), undefined);
  for (const sampleRate of ['1', -1, 1.5, NaN, null]) {
    assert.equal(read({ version: 1, sampleRate }, NOW)!.rate, undefined);
    assert.deepEqual(read({ version: 1, rates: { log: sampleRate, span: 0 } }, NOW)!.rates, { span: 0 });
  }
  for (const rates of [5, 'text', null, [], {}]) assert.equal(read({ version: 1, rates }, NOW)!.rates, undefined);
});

/** Runs it against an answer; what it asked for, what it kept, and whether it ended the client. */
async function run(options: Partial<Options>, answer: () => Promise<Response>, endpoint = 'https://c.example/rum/collect/k%31'): Promise<[string[], string[], number]> {
  const [asked, kept] = [[] as string[], [] as string[]];
  let ended = 0;
  observeConfig({
    options_: { key: 'k1', ...options }, endpoint_: endpoint, granted_: () => true, guard_: (fn: unknown) => fn,
    fetch_(url: string, { signal }: RequestInit) {
      assert.ok(signal instanceof AbortSignal, 'a collector that hangs keeps no connection');
      asked.push(url);
      return answer();
    },
    name_: 'farol:1:k1',
    store_: { setItem: (name: string, text: string) => (assert.equal(name, 'farol:1:k1:config'), kept.push(text)) },
    end_: () => ended++,
  } as unknown as Sdk);
  await new Promise((done) => setImmediate(done));
  return [asked, kept, ended];
}
const json = (document: unknown, status = 200) => async (): Promise<Response> => new Response(JSON.stringify(document), { status });

test('it is asked for beside the address of batches, and kept for the next page', async () => {
  const [asked, kept, ended] = await run({}, json({ version: 1, enabled: true, sampleRate: 0.5 }));
  assert.deepEqual(asked, ['https://c.example/rum/config/k%31']);
  assert.equal(JSON.parse(kept[0]!).rate, 0.5);
  assert.equal(ended, 0);
});

test('an operator who switches it off is heard at once', async () => {
  const [, kept, ended] = await run({}, json({ version: 1, enabled: false }));
  assert.equal(JSON.parse(kept[0]!).rate, 0);
  assert.equal(ended, 1);
});

test('nobody is asked without a key, in Faro’s protocol, or against the page’s will', async () => {
  const answer = json({ version: 1, enabled: false });
  for (const options of [{ key: undefined }, { protocol: 'faro' }, { remoteConfig: false }, { transport: () => 202 }] as Partial<Options>[]) {
    assert.deepEqual(await run(options, answer), [[], [], 0]);
  }
  assert.deepEqual(await run({}, answer, 'https://c.example/own-path'), [[], [], 0]);
});

test('a refusal, a broken document and a network that is not there change nothing', async () => {
  for (const answer of [json({}, 403), json({ version: 1, enabled: false }, 500), async () => new Response('<html>'), () => Promise.reject(new TypeError('no network'))]) {
    assert.deepEqual((await run({}, answer)).slice(1), [[], 0]);
  }
});

test('what docs/privacy.md gives to switch a page off for everybody holds against what the collector said before', async () => {
  const docs = await readFile(new URL('../../../docs/privacy.md', import.meta.url), 'utf8');
  const row = docs.split('\n').find((line) => line.startsWith('| for everybody, '))!;
  const options = { sampleRate: /`sampleRate: 0`/.test(row) ? 0 : 1, remoteConfig: !/`remoteConfig: false`/.test(row) };
  sessionStorage.setItem('farol:1:k1:config', JSON.stringify({ rate: 1, until: Date.now() + 60_000 }));
  for (const [given, sampled] of [[{ sampleRate: 0 }, true], [options, false]] as const) {
    const client = init({ url: '/', key: 'k1', features: [], transport: () => 202, ...given });
    assert.equal(client.sampled(), sampled);
    await client.shutdown();
  }
});
