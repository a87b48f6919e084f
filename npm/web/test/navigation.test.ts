/** Views by address, in a page that is made up. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Op } from '../src/abi.js';
import { observeNavigation, viewOf } from '../src/observe/navigation.js';
import type { Sdk } from '../src/sdk.js';
import type { Route } from '../src/types.js';

const root = globalThis as unknown as Record<string, any>;
const go = (path: string): void => {
  const { href, pathname, hash } = new URL(path, 'https://shop.example');
  Object.assign((root['location'] ??= {}), { href, pathname, hash });
};

before(() => {
  root['window'] = globalThis;
  go('/');
});

test('the first route that an address fits names it', () => {
  const routes: Route[] = ['/', '/cart', ['/products/new', 'new product'], ['/products/:id', 'product'], '/shops/:city/:street.html', '/docs/*', '/files/*.pdf', '/größe/:maß'];
  for (const [path, view] of [
    ['/', '/'], ['/cart', '/cart'], ['/cart/', '/cart'], ['/cart?step=2#top', '/cart'], ['/carts', undefined], ['/products', undefined], ['/products/', undefined],
    ['/products/new', 'new product'], ['/products/12', 'product'], ['/products/12/', 'product'], ['/products/12/x', undefined],
    ['/shops/rome/a.html', '/shops/:city/:street.html'], ['/shops/rome/ahtml', undefined],
    ['/docs', '/docs/*'], ['/docs/a/b', '/docs/*'], ['/docsx', undefined], ['/files/a/b.pdf', '/files/*.pdf'], ['/größe/3', '/größe/:maß'],
    ['/#/cart', '/cart'], ['/app#!/products/12?x=1', 'product'], ['/cart#products', '/cart'],
  ] as const) {
    go(path);
    assert.equal(viewOf(routes), view, path);
  }
  go('/anything/else');
  assert.equal(viewOf(['*']), '*');
  assert.equal(viewOf(undefined), undefined);
  go('/' + 'a'.repeat(398));
  assert.equal(viewOf(['/:name']), '/:name');
  go('/' + 'a'.repeat(399));
  assert.equal(viewOf(['/:name']), undefined, 'what takes long to match is not matched');
  assert.equal(viewOf([null, 5, [], ['\ud800'], ['(', 'x'], {}] as never), undefined, 'nonsense names nothing');
});

test('what would take long to match names nothing', () => {
  go('/a'.repeat(199));
  // Matched in all ways that there are, each would take minutes and more.
  for (const route of ['/*'.repeat(9) + '/settings', '*'.repeat(99) + 'x', '/*/a'.repeat(9) + '/settings']) assert.equal(viewOf([route, '/*/a/*/a/*']), '/*/a/*/a/*');
  go('/a/b/c/settings');
  assert.equal(viewOf(['/*/*/*/settings']), '/*/*/*/settings');
});

test('a navigation names its view, and what the page named stays until the route is another', () => {
  go('/cart');
  const told: unknown[] = [];
  const listeners: ((event: unknown) => void)[] = [];
  root['NavigateEvent'] = root['navigation'] = {};
  observeNavigation({
    options_: { routes: ['/cart', ['/products/:id', 'product']] }, stops_: [], guard_: (fn: unknown) => fn,
    on_: (target: unknown, _: string, listener: (event: unknown) => void) => target === root['navigation'] && listeners.push(listener),
    put_(op: Op, write: (w: unknown) => void) {
      const texts: unknown[] = [];
      const w = { s: (value: unknown) => (texts.push(value), w), b: () => w };
      write(w);
      // Its address, and the view where that is another: the core has them at once, so that the navigation belongs to the new one.
      assert.equal(op, Op.Navigation);
      if (texts.length > 1) told.push([new URL(String(texts[0])).pathname, texts[1]]);
    },
  } as unknown as Sdk);
  const push = (path: string): void => {
    go(path);
    for (const listener of listeners) listener({ navigationType: 'push' });
  };
  const { RegExp: Native } = globalThis;
  try {
    root['RegExp'] = () => assert.fail('an address that has not changed has been looked at');
    push('/cart');
  } finally {
    root['RegExp'] = Native;
  }
  for (const path of ['/cart#details', '/products/1', '/products/2', '/about', '/imprint', '/cart']) push(path);
  // The first has its name with the start.
  assert.deepEqual(told, [['/products/1', 'product'], ['/about', undefined], ['/cart', '/cart']]);
});
