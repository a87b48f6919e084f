/** The address of a request, which is mostly told without asking the browser. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { baggage, resolve } from '../src/observe/request.js';

const sdk = { origin_: 'https://shop.example' };
const at = (baseURI: string): void => void Object.assign(globalThis, { document: { baseURI } });
afterEach(() => void Reflect.deleteProperty(globalThis, 'document'));

test('it is what the browser makes of it', () => {
  for (const base of ['https://shop.example/a/b', 'https://shop.example', 'https://cdn.example/x/', 'https://shop.example.net/', 'about:srcdoc']) {
    at(base);
    for (const address of [
      '/api', '/api/', '/api/v1.2/items.json', '/api?x=1&y=%20+z', '/api?', '/', '//evil.example/a', '/\\evil.example', '/\t/evil.example', '/a/../b', '/a/./b', '/a/%2e%2e/b',
      '/..', '/.', '/a..b', '/a.', '/a//b', '/a b', '/é', '/a#b', '/a?b#c', '/a?x=é', "/a?'", '', '?x', 'a', '../x', 'https://shop.example/api', 'HTTPS://SHOP.example:443/a', ' /api', '/api ',
      'http://', 'data:,x', '/a\\b', '/a\n', '/_next/data-1~2/x',
    ]) {
      let wanted;
      try {
        const { href, origin } = new URL(address, base);
        wanted = { href, origin };
      } catch {}
      const got = resolve(sdk, address);
      assert.deepEqual(got && { href: got.href, origin: got.origin }, wanted, `${address} at ${base}`);
    }
  }
});

test('a member of the baggage that cannot be sent leaves the others', () => {
  const members = { a: 'x y', lone: '\ud800', get bad(): string { throw new Error('no'); }, number: 5, none: undefined, 'not a token': 'x', z: '1' };
  assert.equal(baggage(members as never), 'a=x%20y,z=1');
});
