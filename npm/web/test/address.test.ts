/** `scrub.page`: by which address the page is told. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Client, Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();
const { init } = await import('../src/index.js');
const { load } = await import('../src/extra.js');
const go = (path: string): void => {
  Object.assign(location, { href: 'https://shop.example' + path, pathname: path, hash: '' });
};

/** The timers that are due. Those of the made-up page keep no process alive. */
async function turn(): Promise<void> {
  const alive = setInterval(() => {}, 1000);
  await new Promise((done) => setTimeout(done));
  clearInterval(alive);
}

let clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.shutdown();
});

async function told(page: unknown): Promise<string> {
  let sent = '';
  const transport: Options['transport'] = ({ body }) => ((sent += new TextDecoder().decode(body)), 202);
  go('/patients/jane-doe/4711?token=abc');
  const end = mockedLoad();
  try {
    const client = init({ url: '/', app: { name: 'shop' }, features: [load], capture: { load: true }, transport, scrub: { page: page as never } });
    clients.push(client);
    client.event('here');
    await turn();
    go('/patients/john-roe/4712');
    history.pushState(null, '');
    client.captureError(new Error('there'));
    await client.flush();
  } finally {
    end();
  }
  return sent;
}

/** The browser's entry of the page's load. */
function mockedLoad(): () => void {
  const { getEntriesByType } = performance;
  performance.getEntriesByType = (type) => (type === 'navigation' ? [{ name: location.href, type: 'navigate', duration: 1 }] : []) as never;
  return () => void (performance.getEntriesByType = getEntriesByType);
}

test('with every batch, of navigations, in the trail and of the load the page is told by the address that is given back', async () => {
  const sent = await told((url: string) => url.replace(/patients\/[\w-]+\/\d+/, 'patients/:name/:id'));
  assert.match(sent, /"page":\{"url":"https:\/\/shop.example\/patients\/:name\/:id\?token=REDACTED"/);
  assert.match(sent, /"fromUrl":"https:\/\/shop.example\/patients\/:name\/:id\?token=REDACTED"/);
  assert.match(sent, /"name":"documentLoad"/);
  assert.match(sent, /"k":"navigation","m":"https:\/\/shop.example\/patients\/:name\/:id"/);
  assert.doesNotMatch(sent, /jane-doe|john-roe|\/47\d\d|=abc/);
});

test('what gives nothing back, or throws, keeps the address back', async () => {
  for (const page of [() => '', () => undefined, () => { throw new Error('no'); }]) {
    const sent = await told(page);
    assert.match(sent, /"here"/);
    assert.doesNotMatch(sent, /jane-doe|john-roe|shop\.example/);
  }
});
