/** A session outside of the sample: silent while nothing goes wrong, and told of from before the moment at which something did. */
import assert from 'node:assert/strict';
import { test } from './driver/cases.js';
import { collector, more, named, on, type Stage } from './capture/stage.js';
import { stored } from './losses/way.js';

const RING = '{ sampleRate: 0, sampling: { ring: true } }';

const asked = ({ page }: Stage): string[] => page.requests().map(({ url }) => url).filter((url) => url.startsWith(collector.url) || url.endsWith(more));

/** Databases of the page's origin, and what else it keeps there. */
const kept = ({ page }: Stage): Promise<unknown> =>
  page.evaluate(async () => [(await indexedDB.databases()).map(({ name }) => name), Object.keys(localStorage)]);

test('a page outside of the sample asks for nothing and keeps nothing, in the ring or not', async () => {
  for (const options of [RING, '{ sampleRate: 0 }']) {
    await on({ options, route: (path) => (path === '/api' ? { body: '{}' } : undefined) }, async (stage) => {
      const { page, own } = stage;
      assert.equal(await page.evaluate('farol.sampled()'), false);
      await page.evaluate(`farol.event('unseen'), fetch('/api').then(() => farol.flush())`);
      await page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: 'hidden' }), dispatchEvent(new Event('visibilitychange')), farol.flush()`);
      assert.deepEqual(asked(stage), []);
      assert.deepEqual(await kept(stage), [[], []]);
      assert.equal(own.seen.find(({ path }) => path === '/api')!.headers.traceparent, undefined);
      assert.deepEqual(await stage.told(), []);
    }, false);
  }
});

test('an error brings what came before it, each once, and from then on what the session does', async () => {
  await on({ options: RING, route: (path) => (path === '/api' ? { body: '{}' } : undefined) }, async (stage) => {
    const { page, own, until } = stage;
    await page.evaluate(`farol.event('before'), fetch('/api')`);
    await page.evaluate(`setTimeout(() => { throw new TypeError('boom') })`);
    await page.waitFor(`performance.getEntriesByType('resource').some(({ name }) => name.endsWith(${JSON.stringify(more)}))`);
    await page.evaluate(`farol.event('after'), fetch('/api').then(() => farol.flush())`);
    const items = await until((items) => items.some(named('after')) && items.filter(named('GET')).length > 1, 'what follows');
    for (const name of ['session.start', 'before', 'exception', 'after']) assert.equal(items.filter(named(name)).length, 1, name);
    for (const item of items) assert.equal(item.attributes['farol.sampling.state'], 'ring', item.name);
    assert.ok(own.seen.filter(({ path }) => path === '/api').every(({ headers }) => !headers.traceparent), 'its backend decides for itself');

    // The next page of the session goes on with it.
    await page.goto(own.url);
    assert.equal(await page.evaluate('farol.sampled()'), false);
    await page.evaluate(`farol.event('next page'), farol.flush()`);
    await until((items) => items.some(named('next page')) && items.some(named('session_resume')), 'the next page');
  }, false);
});

test('the ring goes back as far and holds as much as the page says', async () => {
  const wait = (since: string): string => `window.${since} !== undefined && performance.now() > window.${since} + 1100`;
  await on({ options: '{ sampleRate: 0, sampling: { ring: true, ringMs: 1000 } }' }, async ({ page, until }) => {
    await page.evaluate(`farol.event('long ago'), (window.then = performance.now())`);
    await page.waitFor(wait('then'));
    await page.evaluate(`farol.event('just now'), farol.captureError(new Error('boom')), farol.flush()`);
    const items = await until((items) => items.some(named('exception')), 'the error');
    assert.deepEqual(['long ago', 'just now'].map((name) => items.some(named(name))), [false, true]);
  }, false);
  await on({ options: '{ sampleRate: 0, sampling: { ring: true, ringBytes: 2048 } }' }, async ({ page, until }) => {
    await page.evaluate(`for (let n = 0; n < 30; n++) farol.event('number ' + n, { filler: 'x'.repeat(200) }); farol.captureError(new Error('boom')), farol.flush()`);
    const items = await until((items) => items.some(named('exception')), 'the error');
    const numbers = items.filter(({ name }) => /^number/.test(name)).map(({ name }) => +name.slice(7)).sort((a, b) => a - b);
    assert.ok(numbers.length > 0 && numbers.length < 10, String(numbers));
    assert.deepEqual(numbers, numbers.map((_, n) => 30 - numbers.length + n), 'the last of them');
  }, false);
});

test('kinds have rates of their own, and the collector is told of them', async () => {
  await on({ options: '{ sampling: { rates: { span: 0 } } }', route: (path) => (path === '/api' ? { body: '{}' } : undefined) }, async ({ page, until }) => {
    await page.evaluate(`fetch('/api').then(() => (farol.event('seen'), farol.flush()))`);
    const items = await until((items) => items.some(named('seen')), 'the event');
    assert.equal(items.filter(({ signal }) => signal === 'span').length, 0);
    assert.equal(items.find(named('seen'))!.attributes['farol.sampling.kept.span'], 0);
  });
});

test('a page outside of the sample delivers what an earlier page of its tab left, and tells nothing of itself', async () => {
  let out = false;
  // Asked to wait, the first page says no last words.
  const route = (path: string) => (path.startsWith('/way') ? { status: out ? 202 : 503, headers: { 'retry-after': '2' }, body: '{}' } : undefined);
  await on({ options: `{ sampleRate: +!/out/.test(location), url: '/way' }`, route }, async (stage) => {
    const { page, own } = stage;
    const left = (there: boolean): Promise<unknown> => page.waitFor(`(sessionStorage['farol:1:${stage.app}:left'] == '1') === ${there}`, { what: there ? 'the mark' : 'no mark' });
    await page.evaluate(`farol.event('left'), farol.flush()`);
    await left(true);
    // The mark comes first.
    await stored(page, true, '', { app: stage.app });
    out = true;
    const before = own.seen.length;
    await page.goto(own.url + '/?out');
    assert.equal(await page.evaluate('farol.sampled()'), false);
    await left(false);
    const sent = own.seen.slice(before).filter(({ path }) => path.startsWith('/way'));
    assert.ok(sent.length > 0, 'what was left');
    for (const { headers } of sent) assert.deepEqual([headers.origin, headers.referer], [own.url, own.url + '/'], 'which page it is the network need not know');
    assert.deepEqual(sent.filter(({ path }) => !/try=/.test(path)), [], 'and nothing else');
    const after = own.seen.length;
    await page.goto(own.url + '/?out');
    await page.evaluate(`farol.event('unseen'), farol.flush()`);
    assert.deepEqual(own.seen.slice(after).filter(({ path }) => /way|more/.test(path)), [], 'nothing is left, and nothing is asked for');
  });
});

test('a page can end its session, and what follows belongs to another', async () => {
  await on({}, async ({ page, until }) => {
    const first = await page.evaluate<string>('farol.sessionId()');
    const second = await page.evaluate<string>(`farol.event('one'), farol.endSession(), farol.event('two'), farol.flush(), farol.sessionId()`);
    assert.notEqual(second, first);
    const items = await until((items) => items.some(named('two')), 'what follows');
    const sessions = ['one', 'session.end', 'session_extend', 'two'].map((name) => items.find(named(name))?.attributes['session.id']);
    assert.deepEqual(sessions, [first, first, second, second]);
  });
});
