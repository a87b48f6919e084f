/** What the second file captures, in a real browser through the real collector; and how that file comes, or does not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { collector, files, more, named, on } from './capture/stage.js';
import { engine, test } from './driver/cases.js';
import { has } from './driver/features.js';
import type { Item } from './driver/otlp.js';
import { html, script, type Reply } from './driver/server.js';

const failed = named('farol.failed_load');
const url = (item: Item): string => String(item.attributes['url.full'] ?? '');

const LOADS = '<img src="/no.png?token=secret"><link rel="stylesheet" href="/no.css"><script src="/no.js"></script>';

for (const [what, headers, attributes] of [
  ['without a policy', {}, ''],
  ['by a nonce', { 'content-security-policy': "default-src 'none'; script-src 'nonce-abc' 'wasm-unsafe-eval'; connect-src *; img-src * data:; style-src 'self'" }, 'nonce="abc"'],
  ['by strict-dynamic', { 'content-security-policy': "script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'; connect-src *" }, 'nonce="abc"'],
  ['with Trusted Types', { 'content-security-policy': "require-trusted-types-for 'script'; trusted-types 'none'" }, ''],
] as [string, Record<string, string>, string][]) {
  test(`the second file comes ${what}, and early failed loads are told by kind`, () =>
    on({ headers, attributes, body: LOADS.replace('<script', `<script ${attributes}`) }, async ({ until, page, told }) => {
      await page.hide();
      const items = (await until((items) => items.filter(failed).length >= 3, 'three failed loads')).filter(failed);
      const by = (kind: string): Item => items.find((item) => item.attributes['farol.resource.kind'] === kind)!;
      const kinds = items.map((item) => item.attributes['farol.resource.kind']).sort();
      // Firefox asks once more for what it asked for ahead of its parser and did not get; both requests failed, and both are counted.
      assert.deepEqual(engine() === 'firefox' ? [...new Set(kinds)] : kinds, ['image', 'script', 'style']);
      assert.match(url(by('image')), /\/no\.png\?token=REDACTED$/);
      assert.equal(by('image').attributes['browser.tag_name'], 'img');
      assert.equal(by('image').attributes['http.response.status_code'], has('PerformanceResourceTiming.responseStatus') ? 404 : undefined);
      assert.equal(by('script').attributes['farol.resource.party'], 'first');
      assert.deepEqual(await told(), []);
      assert.deepEqual(page.errors(), []);
    }));
}

test('with a digest in an import map, the second file comes to a page that wants digests of all scripts', () => {
  const digest = (path: string): string => `sha384-${createHash('sha384').update(files.get(path)!).digest('base64')}`;
  return on({
    headers: { 'integrity-policy': 'blocked-destinations=(script)' },
    route(path) {
      if (path !== '/') return undefined;
      return html(`<script type="importmap">${JSON.stringify({ integrity: { [more]: digest(more) } })}</script>
        <script src="/farol.js" crossorigin integrity="${digest('/farol.js')}" data-url="${collector.url}" data-app="digests"></script><img src="/no.png">`,
        { 'integrity-policy': 'blocked-destinations=(script)' });
    },
  }, async ({ page }) => {
    await page.hide();
    await collector.until((items) => items.some((item) => failed(item) && item.resource['service.name'] === 'digests'), 'the failed load');
  });
});

test('a second file that does not come is told once, and the rest goes on', () =>
  on({ route: (path) => (path === more ? { ...script(''), status: 404 } : undefined), body: LOADS }, async ({ page, until, told }) => {
    await page.waitFor('told.length');
    await page.evaluate("farol.event('goes.on')");
    await page.hide();
    await until((items) => items.some(named('goes.on')), 'the event');
    assert.deepEqual(await told(), ['features-lost undefined']);
    assert.deepEqual(page.errors(), []);
  }, false));

test('a first file that stands in the page itself finds the others where `base` says', () =>
  on({
    route(path) {
      if (path !== '/') return undefined;
      return html(`<script>${files.get('/farol.js')!.toString().replace('\ufeff', '')}</script><script src="/start.js"></script><img src="/no.png">`);
    },
    options: "{ base: '/' }",
  }, async ({ page, until }) => {
    await page.hide();
    await until((items) => items.some(failed), 'the failed load');
  }));

test('a page that is sampled out, has said no, or wants no features, does not fetch the second file', async () => {
  for (const options of ['{ sampleRate: 0 }', "{ consent: 'denied' }", '{ features: [] }']) {
    await on({ options, body: '<img src="/last.png">' }, async ({ page, own }) => {
      await page.evaluate('new Promise((done) => setTimeout(done))');
      await page.evaluate("fetch('/after')");
      assert.deepEqual(own.seen.filter(({ path }) => path === more), []);
    }, false);
  }
});

test('a flood of failed loads is a few items, and their counts are all of it', () =>
  on({}, async ({ page, until }) => {
    await page.evaluate(`new Promise((done) => {
      let open = 300;
      for (let i = 0; i < 300; i++) {
        const image = new Image();
        image.onerror = () => --open || done();
        // Those outside of the document tell the window nothing.
        if (i < 100 || i % 2) document.body.append(image);
        image.src = '/missing-' + (i < 100 ? 0 : i);
      }
    })`);
    await page.hide();
    const sum = (items: Item[]): number => items.filter(failed).reduce((sum, item) => sum + Number(item.attributes['farol.count'] ?? 1), 0);
    const items = await until((items) => sum(items) >= 300, 'all of the flood');
    assert.equal(sum(items), 300);
    assert.ok(items.filter(failed).length <= 53, String(items.filter(failed).length));
  }));

test('fonts and images of style sheets that did not come are told, with what is known of them', () =>
  on({ body: `<style>@font-face { font-family: Gone; src: url(/gone.woff2) } h1 { font-family: Gone; background: url(/gone.png) }</style><h1>text</h1>` }, async ({ page, until }) => {
    await page.waitFor("[...document.fonts].some(({ status }) => status == 'error')");
    const items = await until((items) => items.filter(failed).length >= 2, 'the font and the image').catch(async () => { await page.hide(); return until((items) => items.filter(failed).length >= 2, 'both'); });
    const font = items.find((item) => item.attributes['farol.resource.kind'] === 'font')!;
    assert.equal(font.attributes['farol.font.family'], 'Gone');
    assert.match(url(font), /gone\.woff2$/);
    assert.match(url(items.find((item) => item.attributes['farol.resource.kind'] === 'image')!), /gone\.png$/);
  }));

const frustration = (type: string) => (item: Item): boolean => item.name === 'farol.frustration' && item.attributes['farol.frustration.type'] === type;
const action = (what: string, name: string) => (item: Item): boolean => item.name === `browser.user_action.${what}` && item.attributes['farol.element.name'] === name;

/** `closest` and `getAttribute` are controls of the form, by their names, and no methods of it. */
const BUTTONS = `<button id="order" data-farol-name="order">Order for Joe</button><button id="dead" data-farol-name="dead">Dead</button>
  <button id="broken" data-farol-name="broken">Broken</button><a id="link" href="#" data-farol-name="link"><b>More</b></a><p id="out"></p>
  <form id="form" data-farol-name="form"><input id="mail"><input type="hidden" name="closest"><input type="hidden" name="getAttribute"><button data-farol-name="send">Send</button></form><script src="/buttons.js"></script>`;
const WIRE = `
  const out = document.getElementById('out');
  order.onclick = () => fetch('/api/order').then(() => fetch('/api/lost')).then(() => (out.textContent = 'ordered'));
  broken.onclick = () => { throw new Error('broken'); };
  form.onsubmit = (event) => { event.preventDefault(); out.textContent = 'sent'; };`;
const buttons = (path: string): Reply | undefined =>
  path === '/buttons.js' ? script(WIRE) : path === '/api/order' ? { body: '{}' } : undefined;

test('the text of what a visitor writes into by its role is not told, though the page lists it', () =>
  on({
    body: ['textbox', 'searchbox multiline', 'Combobox', 'none'].map((role, n) => `<div id="e${n}" class="t" role="${role}" data-farol-name="e${n}">typed</div>`).join('') + '<button id="around" class="t" data-farol-name="around">label <i role="textbox">typed</i></button>',
    options: "{ capture: { elementText: ['.t'] }, batch: { ageMs: 0 } }",
  }, async ({ page, until }) => {
    const names = ['e0', 'e1', 'e2', 'e3', 'around'];
    let items: Item[] = [];
    for (const name of names) {
      await page.click(`#${name}`);
      // Clicks that come within 100 ms are one gesture.
      items = await until((items) => items.some(action('click', name)), name);
    }
    assert.deepEqual(names.map((name) => items.find(action('click', name))!.attributes['farol.element.text']), [undefined, undefined, undefined, 'typed', undefined]);
  }));

test('an action tells what followed from it: requests, their failures, and how long it took', () =>
  on({ body: BUTTONS, route: buttons, options: "{ capture: { elementText: ['#order', ':bad(', '#form'] } }" }, async ({ page, until }) => {
    await page.click('#order');
    await page.waitFor("out.textContent == 'ordered'");
    const items = await until((items) => items.some(action('click', 'order')), 'the action');
    const { attributes } = items.find(action('click', 'order'))!;
    assert.equal(attributes['farol.action.requests'], 2);
    assert.equal(attributes['farol.action.failed_requests'], 1);
    assert.equal(attributes['farol.action.errors'], 0);
    assert.equal(attributes['browser.tag_name'], 'button');
    assert.equal(attributes['farol.element.text'], 'Order for Joe');
    assert.ok(Number(attributes['farol.action.duration']) > 0);
    assert.deepEqual(items.filter((item) => item.name === 'farol.frustration'), []);
  }));

test('an action ends with the silence after it: what comes later by itself, and what another gesture does, is not its own', () =>
  on({
    body: `<p id="out">-</p>${['polls', 'changes', 'leaves', 'nothing', 'works'].map((name) => `<button id="${name}" data-farol-name="${name}">${name}</button>`).join('')}<script>
      const at = (window.at = {});
      const say = () => (out.textContent = Math.random());
      const wire = (button, later, ms) => (button.onclick = () => { at[button.id] = performance.now(); say(); setTimeout(later, ms); });
      wire(polls, () => fetch('/api/poll').then(() => (window.polled = true)), 800);
      wire(changes, () => { say(); window.changed = true; }, 700);
      wire(leaves, () => {}, 0);
      nothing.onclick = () => (at.nothing = performance.now());
      // What is busy is not silent, and what it asked for comes after our timer, which it kept waiting.
      wire(works, () => { const end = performance.now() + 400; while (performance.now() < end); setTimeout(() => { say(); window.worked = true; }); }, 50);</script>`,
    route: (path) => (path.startsWith('/api/') ? { body: '{}' } : undefined),
  }, async ({ page, until }) => {
    for (const [name, done] of [['polls', 'window.polled'], ['changes', 'window.changed'], ['works', 'window.worked'], ['leaves', 'performance.now() - at.leaves > 600'], ['nothing', 'performance.now() - at.nothing > 400'], ['leaves', 'true']]) {
      await page.click('#' + name);
      await page.waitFor(done!);
    }
    await page.hide();
    const items = (await until((items) => items.filter(named('browser.user_action.click')).length === 6, 'six clicks')).filter(named('browser.user_action.click'));
    const of = (name: string): Record<string, unknown> => items.filter(action('click', name)).sort((a, b) => a.time - b.time)[0]!.attributes;
    assert.equal(of('polls')['farol.action.requests'], 0);
    assert.equal(of('nothing')['farol.action.duration'], 0);
    for (const name of ['polls', 'changes', 'leaves']) assert.ok(Number(of(name)['farol.action.duration']) < 400, `${name}: ${JSON.stringify(of(name))}`);
    assert.ok(Number(of('works')['farol.action.duration']) >= 400, JSON.stringify(of('works')));
  }));

test('what a click begins is one trace below it, and what comes later by itself is not', () =>
  on({
    body: `<button id="go">Go</button><button id="idle">Idle</button><script>
      go.onclick = async () => {
        fetch('/api/one'); fetch('/api/two'); farol.log('clicked');
        await null;
        farol.withSpan('work', () => {});
        setTimeout(() => fetch('/api/later').then(() => (window.done = true)), 150);
      };
      idle.onclick = () => (document.body.dataset.idle = 1);</script>`,
    route: (path) => (path.startsWith('/api/') ? { body: '{}' } : undefined),
  }, async ({ page, until }) => {
    await page.click('#go');
    await page.waitFor('window.done');
    await page.click('#idle');
    await page.hide();
    const path = (items: Item[], end: string): Item | undefined => items.find((item) => item.signal === 'span' && String(item.attributes['url.full']).endsWith(end));
    const items = await until((items) => items.filter(named('browser.user_action.click')).length === 2 && Boolean(path(items, '/api/later')), 'both clicks');
    const click = items.find((item) => item.signal === 'span' && item.name === 'click button')!;
    assert.equal(click.parentSpanId, '');
    for (const child of [path(items, '/api/one')!, path(items, '/api/two')!, items.find(named('work'))!]) assert.deepEqual([child.traceId, child.parentSpanId], [click.traceId, click.spanId]);
    assert.equal(items.find(({ body }) => body === 'clicked')!.traceId, click.traceId);
    assert.notEqual(path(items, '/api/later')!.traceId, click.traceId);
    const [first, second] = items.filter(named('browser.user_action.click')).sort((a, b) => a.time - b.time);
    assert.equal(first!.spanId, click.spanId);
    // A click that began nothing is no trace.
    assert.equal(second!.traceId, '');
    assert.equal(items.filter((item) => item.signal === 'span' && item.name.startsWith('click ')).length, 1);
  }));

/** Their clicks change what is in other trees than they. */
const TREES = `<button id="shadow" data-farol-name="shadow">Shadow</button><button id="frame" data-farol-name="frame">Frame</button><div id="host"></div>
  <iframe id="inner" srcdoc="<p>frame</p>"></iframe><script>
    const tree = host.attachShadow({ mode: 'open' });
    shadow.onclick = () => tree.append('.');
    frame.onclick = () => inner.contentDocument.body.append('.');</script>`;

test('clicks that nothing follows are dead, those that fail are error clicks, and a burst is a rage', () =>
  on({ body: BUTTONS + TREES, route: buttons, options: '{ batch: { ageMs: 200 } }' }, async ({ page, until }) => {
    for (const name of ['shadow', 'frame']) {
      await page.click('#' + name);
      await until((items) => items.some(action('click', name)), 'the click that changes it');
    }
    await page.click('#dead');
    const dead = await until((items) => items.some(frustration('dead_click')), 'the dead click');
    assert.equal(dead.find(frustration('dead_click'))!.attributes['farol.element.name'], 'dead');
    await page.click('#broken');
    const broken = await until((items) => items.some(frustration('error_click')), 'the error click');
    assert.equal(broken.find(frustration('error_click'))!.attributes['farol.element.name'], 'broken');
    await page.click('#dead', 4);
    const items = await until((items) => items.some(frustration('rage_click')), 'the rage');
    const rage = items.find(frustration('rage_click'))!;
    assert.deepEqual([rage.attributes['farol.element.name'], rage.attributes['farol.count']], ['dead', 4]);
    assert.ok(!items.some((item) => item.attributes['farol.element.text'] !== undefined), 'no text that is not listed');
    assert.equal(items.filter(frustration('error_click')).length, 1);
    await page.click('#shadow');
    const all = await until((items) => items.filter(action('click', 'shadow')).length === 2, 'the second click on it');
    assert.ok(all.filter(frustration('dead_click')).every((item) => item.attributes['farol.element.name'] === 'dead'));
  }));

test('an error that is left out on purpose makes no error click', () =>
  on({ body: BUTTONS, route: buttons, options: "{ ignoreErrors: ['broken'] }" }, async ({ page, until }) => {
    await page.click('#broken');
    const items = await until((items) => items.some(frustration('dead_click')), 'the click that nothing followed');
    assert.ok(!items.some(frustration('error_click')));
  }));

test('a link to the place where one is, is dead', () =>
  on({ body: BUTTONS, route: buttons }, async ({ page, until }) => {
    await page.click('#link');
    await page.waitFor("location.href.endsWith('#')");
    await until((items) => items.some(action('click', 'link')), 'the first click');
    await page.click('#link');
    const items = await until((items) => items.some(frustration('dead_click')), 'the dead click');
    assert.deepEqual(items.filter(frustration('dead_click')).map((item) => item.attributes['farol.element.name']), ['link']);
  }));

test('a page whose element goes by the name of an API that the browser lacks is watched all the same', () =>
  on({
    body: BUTTONS,
    route: buttons,
    initScript: "delete window.NavigateEvent; Object.defineProperty(window, 'navigation', { configurable: true, value: document.createElement('nav') })",
  }, async ({ page, until }) => {
    await page.evaluate("history.pushState({}, '', '/second')");
    await until((items) => items.some((item) => item.name === 'browser.navigation' && String(item.attributes['url.full']).endsWith('/second')), 'the navigation');
    await page.click('#dead');
    await until((items) => items.some(frustration('dead_click')), 'the dead click');
  }));

test('a click that leaves the page is not dead, however late the next one comes', () => {
  let answer = (): void => undefined;
  const after = new Promise<void>((done) => (answer = done));
  return on({
    body: `<button id="leave" data-farol-name="leave">Leave</button><script>leave.onclick = () => setTimeout(() => (location = '/late'), 100);</script>`,
    route: (path) => (path === '/late' ? { ...html('late'), after } : undefined),
  }, async ({ page, until }) => {
    await page.click('#leave');
    // An action is told when it is over; whether it was dead, at the same moment.
    const items = await until((items) => items.some(action('click', 'leave')), 'the action');
    answer();
    await page.waitFor("location.pathname == '/late'");
    assert.deepEqual(items.filter((item) => item.name === 'farol.frustration'), []);
  });
});

test('what is typed is never told: Enter in a field is a submit, and nothing else of it is known', () =>
  on({ body: BUTTONS, route: buttons, options: "{ capture: { elementText: ['*'] } }" }, async ({ page, until, told }) => {
    await page.type('#mail', 'hunter2');
    await page.press('Enter');
    await page.waitFor("out.textContent == 'sent'");
    const items = await until((items) => items.some((item) => item.name === 'browser.user_action.submit'), 'the submit');
    assert.ok(!JSON.stringify(items).includes('hunter2'));
    assert.deepEqual(await told(), []);
    const keys = items.filter((item) => item.name.startsWith('browser.user_action.'));
    assert.deepEqual(keys.map((item) => item.name.split('.').pop()).filter((what) => what !== 'click'), ['submit']);
  }));

test('a script that clicks is nobody, and a page that stops propagation and breaks what we use is still watched', () =>
  on({
    body: BUTTONS,
    route: buttons,
    initScript: `addEventListener('click', (event) => event.stopImmediatePropagation());
      Object.defineProperty(Element.prototype, 'closest', { value() { throw new Error('no'); } });
      window.MutationObserver = class { constructor() { throw new Error('no'); } };`,
  }, async ({ page, until, told }) => {
    await page.evaluate("order.click()");
    await page.click('#order');
    await page.evaluate("farol.event('after')");
    const items = await until((items) => items.some(named('after')), 'the event');
    assert.deepEqual(items.filter((item) => item.name.startsWith('browser.user_action.')), []);
    assert.deepEqual(page.errors(), []);
    assert.ok((await told()).every((line) => line.startsWith('internal')), String(await told()));
  }));

test('the SDK says how it fares: what it lost and why, how often it sent; not where it is told not to', async () => {
  const own = (items: Item[]): Item | undefined => items.find((item) => JSON.stringify(item).includes('farol.sdk'));
  await on({ options: "{ limits: { logs: 2 }, outbox: 'yes' }" }, async ({ page, until }) => {
    await page.evaluate('Promise.resolve([1, 2, 3].map(() => farol.log("x"))).then(() => farol.flush())');
    await page.hide();
    const items = await until((items) => Boolean(own(items)), 'the report');
    const text = JSON.stringify(own(items));
    for (const part of ['cap-reached', 'requests', 'bytes']) assert.ok(text.includes(part), text);
    // Hidden again within the minute it says nothing.
    await page.show();
    await page.hide();
    await page.evaluate("farol.event('after'); farol.flush()");
    const all = await until((items) => items.some(named('after')), 'the event');
    assert.equal(all.filter((item) => JSON.stringify(item).includes('farol.sdk')).length, 1);
  });
  await on({ options: '{ selfReport: false }' }, async ({ page, until }) => {
    await page.hide();
    await page.evaluate("farol.event('after'); farol.flush()");
    assert.equal(own(await until((items) => items.some(named('after')), 'the event')), undefined);
  });
});

test('a long frame is told with the script that took longest, from the start of the page on', () =>
  on({
    // So long that on a busy machine the SDK's own start, in the same frame, does not take longer.
    body: '<script src="/slow.js?token=x"></script>',
    route: (path) => (path.startsWith('/slow.js') ? script('const until = performance.now() + 1000; while (performance.now() < until);') : undefined),
  }, async ({ until }) => {
    const long = (item: Item): boolean => item.name === 'farol.long_frame' && String(item.attributes['farol.script.url']).includes('/slow.js?token=REDACTED');
    const { attributes } = (await until((items) => items.some(long), 'the frame')).find(long)!;
    assert.equal(attributes['farol.frame.entry_type'], 'long-animation-frame');
    assert.ok(Number(attributes['farol.frame.duration']) >= 1000 && Number(attributes['farol.script.duration']) >= 990, JSON.stringify(attributes));
  }));

test('where the browser has no long animation frames, long tasks are told, without a script', () =>
  on({
    initScript: "Object.defineProperty(PerformanceObserver, 'supportedEntryTypes', { get: () => ['longtask', 'resource', 'paint', 'navigation', 'event'] })",
    body: '<script src="/slow.js"></script>',
    route: (path) => (path.startsWith('/slow.js') ? script('const until = performance.now() + 300; while (performance.now() < until);') : undefined),
  }, async ({ until }) => {
    const { attributes } = (await until((items) => items.some(named('farol.long_frame')), 'the task')).find(named('farol.long_frame'))!;
    assert.equal(attributes['farol.frame.entry_type'], 'longtask');
    assert.ok(Number(attributes['farol.frame.duration']) >= 300 && !('farol.script.url' in attributes));
  }));
