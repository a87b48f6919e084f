import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Diagnostic } from '../src/abi.js';
import { endpoint } from '../src/client.js';
import { fromTag } from '../src/early.js';
import { under } from '../src/observe/request.js';
import { check, matches, number } from '../src/options.js';
import type { Options } from '../src/types.js';

function checked(options: unknown): [Options, unknown[]] {
  const told: unknown[] = [];
  const result = check(options as Options, (code, detail) => {
    assert.equal(code, Diagnostic.BadOption);
    told.push(detail);
  });
  // Options have no prototype, nor have those among them that are objects.
  const plain = (value: unknown) => (value && Object.getPrototypeOf(value) === null ? { ...value } : value);
  return [Object.fromEntries(Object.entries(result).map(([name, value]) => [name, plain(value)])) as unknown as Options, told];
}

test('what is of its kind stays, and nothing is told', () => {
  const options = { url: '/', app: { name: 'a' }, propagateTo: ['x', /y/], routes: ['/a', ['/b', 'c']], scrub: { deny: ['q'], page: (url: string) => url }, beforeSend: (item: unknown) => item, protocol: 'faro', consent: 'pending' };
  assert.deepEqual(checked(options), [options, []]);
});

test('what is of another kind is dropped and told by name', () => {
  const [options, told] = checked({ view: 5, outbox: 'no', capture: { fetch: 0, xhr: false, frames: '5' }, sampling: { ring: 'false' }, app: 'shop', attributes: [], beforeSend: {}, ignoreErrors: [1], denyUrls: 'x', protocol: 'http', routes: '/a', scrub: 'q' });
  // The second file looks at what it does.
  assert.deepEqual(options, { capture: { xhr: false, frames: '5' }, sampling: {} });
  assert.deepEqual(told.sort(), ['app', 'attributes', 'beforeSend', 'capture.fetch', 'denyUrls', 'ignoreErrors', 'outbox', 'protocol', 'routes', 'sampling.ring', 'scrub', 'view']);
});

test('what throws when it is looked at is dropped alone', () => {
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const [options, told] = checked({
    url: '/', app: revoked, ignoreErrors: Object.assign([1], { every() { throw new Error('no'); } }), protocol: Symbol('s'), sampleRate: 5n, coreDelayMs: {}, features: 5,
    get key() { throw new Error('no'); }, session: { get idleMs() { throw new Error('no'); }, lifetimeMs: 5 },
  });
  assert.deepEqual(options, { url: '/', session: { lifetimeMs: 5 } });
  assert.deepEqual(told.sort(), ['app', 'coreDelayMs', 'features', 'ignoreErrors', 'protocol', 'sampleRate']);
});

test('a missing option is no wrong one', () => {
  assert.deepEqual(checked({ url: '/', app: undefined, user: null })[1], []);
});

test('numbers reach the core so that it can tell none from nonsense', () => {
  assert.ok(Number.isNaN(number(undefined)));
  for (const nonsense of ['1', null, NaN, {}]) assert.equal(number(nonsense), -Infinity);
  assert.equal(number(0.5), 0.5);
});

test('the address is the base with /collect and the key, or a whole one as it is', () => {
  const of = (url: string, key?: string, protocol?: 'faro') => endpoint({ url, key, protocol });
  assert.equal(of('https://c.example'), 'https://c.example/collect');
  assert.equal(of('https://c.example/rum//', 'a b'), 'https://c.example/rum/collect/a%20b');
  assert.equal(of('https://c.example/collect/k?x=1', 'other'), 'https://c.example/collect/k?x=1');
  assert.equal(of('https://c.example/collector', 'k'), 'https://c.example/collector/collect/k');
  assert.equal(of('https://c.example', 'secret', 'faro'), 'https://c.example/collect');
  // As Faro's own SDK takes it: a receiver may stand at any path.
  for (const whole of ['https://c.example/faro', 'https://c.example:8443/rum/', 'https://c.example/faro?x=1', '/faro', './faro', '//c.example/faro', 'https://c.example/~faro', 'https://c.example/%66aro', 'https://c.example//faro']) assert.equal(of(whole, 'k', 'faro'), whole);
  for (const bare of ['https://c.example:8443', 'https://c.example/', '/', '//c.example', './']) assert.equal(of(bare, 'k', 'faro'), bare.replace(/\/?$/, '/collect'));
  // What the address asks for stays behind the path.
  assert.equal(of('https://c.example/?t=/1', 'k', 'faro'), 'https://c.example/collect?t=/1');
  assert.equal(of('https://c.example?t=1', 'k'), 'https://c.example/collect/k?t=1');
  // Faro's form.
  for (const [form, rest] of [['/collect', ''], ['/rum/collect/', ''], ['/collect?x=1', '?x=1']] as const) {
    assert.equal(of('https://c.example' + form, 'k'), 'https://c.example' + form.replace(/\/?(\?.*)?$/, '/k' + rest));
  }
  assert.equal(of('https://c.example/collect?x=1'), 'https://c.example/collect?x=1');
  for (const whole of ['https://c.example/collect', 'https://c.example/collect?x=1']) assert.equal(of(whole, 'k', 'faro'), whole);
  // It cannot stand in an address.
  assert.equal(of('https://c.example', '\ud800'), 'https://c.example/collect');
});

test('a text in propagateTo ends at a boundary of the address', () => {
  assert.ok(under('https://a.example', 'https://a.example/x'));
  assert.ok(under('https://a.example/api/', 'https://a.example/api/x'));
  assert.ok(under('https://a.example/api', 'https://a.example/api?q'));
  assert.ok(!under('https://a.example', 'https://a.example.evil.net/'));
  assert.ok(!under('https://a.example', 'https://a.example:8443/'));
  assert.ok(!under('https://a.example/api', 'https://a.example/apis'));
});

test('an expression with the global flag matches every time', () => {
  const pattern = /boom/g;
  for (let i = 0; i < 3; i++) assert.ok(matches([pattern], 'boom'));
  assert.ok(!matches(undefined, 'boom'));
});

test('the script tag gives what its data attributes say', () => {
  assert.equal(fromTag({}), undefined);
  const options = fromTag({ url: '/', app: 'shop', version: '1', environment: 'e', key: 'k', sampleRate: '0.25', consent: 'pending', scrubDeny: 'mail, q' })!;
  assert.deepEqual(options.scrub, { allow: undefined, deny: 'mail, q' });
  assert.deepEqual(options.app, { name: 'shop', version: '1', environment: 'e' });
  assert.equal(options.sampleRate, 0.25);
  assert.equal(options.consent, 'pending');
  assert.equal(fromTag({ url: '/' })!.sampleRate, undefined);
  for (const sampleRate of ['half', ' ', '0,5', '10%', '1 / 2']) assert.ok(Number.isNaN(fromTag({ url: '/', sampleRate })!.sampleRate), sampleRate);
});
