/** What the trail of an error tells of items that the page's `beforeSend` has changed or dropped. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { named } from '../src/more/clicks.js';
import type { Client, Item, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
const { init } = await import('../src/index.js');
const { clicks } = await import('../src/more.js');

let clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.shutdown();
});

/** The texts of the trail of an error that comes last. */
async function trail(beforeSend: Options['beforeSend']): Promise<string[]> {
  let found: string[] = [];
  const transport: Options['transport'] = ({ body }) => {
    const { exceptions = [] } = JSON.parse(new TextDecoder().decode(body));
    for (const { value, trail = [] } of exceptions) if (value === 'last') found = trail.filter(({ k }: { k: string }) => k !== 'navigation').map(({ m }: { m: string }) => m);
    return 202;
  };
  const client = init({ url: '/', app: { name: 'shop' }, features: [clicks], transport, beforeSend });
  clients.push(client);
  client.log('joe@x.example said "so"');
  client.event('came', { who: 'joe@x.example' });
  client.captureError(new TypeError('no account joe@x.example'));
  client.captureError(new Error('last'));
  await client.flush();
  return found;
}
const mails = (item: Item): Item => JSON.parse(JSON.stringify(item).replace(/[\w.]+@[\w.]+/g, '(mail)'));

test('what is rewritten is told as it was left', async () => {
  assert.deepEqual(await trail(mails), ['(mail) said "so"', 'came', 'TypeError: no account (mail)']);
});

test('what is dropped is not told', async () => {
  assert.deepEqual(await trail((item) => (item.kind === 'exception' ? item : null)), ['TypeError: no account joe@x.example']);
  assert.deepEqual(await trail((item) => (item['value'] === 'last' ? item : null)), []);
});

test('what throws leaves its item as it was, and the trail without it', async () => {
  assert.deepEqual(await trail(() => { throw new Error('no'); }), []);
});

test('of spans requests are told, of events not those of session and view, of what makes no sense nothing that throws', () => {
  const request = (...attributes: [string, object][]): unknown[] | undefined => named(4, { attributes: attributes.map(([key, value]) => ({ key, value })) });
  const get = ['http.request.method', { stringValue: 'GET' }] as [string, object];
  const url = ['url.full', { stringValue: '/a' }] as [string, object];
  assert.deepEqual(request(get, url, ['http.response.status_code', { intValue: '404' }], ['error.type', { stringValue: '404' }])?.[1], 'GET /a 404');
  assert.deepEqual(request(get, url, ['error.type', { stringValue: 'network' }])?.[1], 'GET /a network');
  assert.deepEqual(request(['http.request.method', { stringValue: '_OTHER' }], ['http.request.method_original', { stringValue: 'PURGE' }], url)?.[1], 'PURGE /a ');
  assert.equal(request(url), undefined);
  for (const name of ['session_start', 'view_changed', 'browser.navigation']) assert.equal(named(3, { name }), undefined);
  assert.equal(named(2, {}), undefined);
});
