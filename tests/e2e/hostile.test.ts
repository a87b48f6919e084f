/** Pages that give the SDK what nobody should: it must hold, and the page must not notice. No collector: the transport is the page's. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from './driver/cases.js';
import { launch, type Browser, type Page } from './driver/index.js';
import { html, script, site, type Site } from './driver/server.js';
import { sdkFiles } from './driver/sdk.js';

/** `made` in the page: a client with what it told and what it sent. */
const MADE = `
  window.made = (options) => {
    const told = [], sent = [];
    const client = Farol.init({
      url: '/',
      transport: (request) => { sent.push(JSON.parse(new TextDecoder().decode(request.body))); return 202; },
      onDiagnostic: (code, detail) => told.push([code, String(detail)]),
      ...options,
    });
    const of = (kind) => sent.flatMap((payload) => payload[kind] || []);
    return { client, told, sent, of };
  };`;

let browser: Browser;
let own: Site;

before(async () => {
  const files = sdkFiles();
  own = await site((_, path, headers) => {
    const file = files.get(path.split('?')[0]!);
    if (file) return script(file);
    switch (path.split('?')[0]) {
      case '/': return html('<script src="/farol.js"></script><script src="/made.js"></script>');
      case '/queue':
        return html(`<script>window.Farol = { q: [['nothing'], 5, ['event', 'queued']] };</script>
          <script src="/farol.js" data-url="/" data-app="queue"></script><script src="/made.js"></script>`);
      case '/clobbered': return html('<form id="Farol"><input name="init"><input name="q"></form><img name="currentScript" src="data:," data-url="/elsewhere"><script src="/farol.js"></script><script src="/made.js"></script>');
      // The file has no name of ours, and what comes before it has.
      case '/renamed.js': return script(files.get('/farol.js')!);
      case '/module': return html('<script src="/farol-snippet.js"></script><script type="module" src="/made.js" data-url="/elsewhere"></script><script type="module" src="/farol.js" data-url="/" data-app="m"></script>');
      case '/module-renamed': return html('<script src="/farol-snippet.js"></script><script type="module" src="/renamed.js" data-base="/" data-url="/" data-app="m"></script>');
      case '/module-inline': return html(`<script type="module" data-base="/" data-url="/" data-app="m">${files.get('/farol.js')!}</script>`);
      case '/module-plain': return html('<script src="/farol-snippet.js"></script><script type="module" src="/farol.js"></script><script type="module">window.told = []; Farol.init({ url: "/", app: { name: "m" }, onDiagnostic: (code) => told.push(code) });</script>');
      case '/xhtml':
        return { headers: { 'content-type': 'application/xhtml+xml' }, body: '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title><link rel="icon" href="data:,"/><script src="/renamed.js" data-base="/" data-url="/" data-app="m"></script></head><body/></html>' };
      case '/made.js': return script(MADE);
      case '/sandbox': {
        const page = html('<script src="/farol.js"></script><script src="/made.js"></script>');
        return { ...page, headers: { ...page.headers, 'content-security-policy': 'sandbox allow-scripts' } };
      }
      case '/api': return { headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' }, body: JSON.stringify(headers) };
      default: return { status: 202 };
    }
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  own?.close();
});

/** Runs the body of an async function in a fresh page, which must not notice anything. */
async function run<R>(body: string, path = '/'): Promise<R> {
  const page: Page = await browser.newPage();
  try {
    await page.goto(own.url + path);
    const result = await page.evaluate<R>(`(async () => { ${body} })()`);
    assert.deepEqual([page.console(), page.errors()], [[], []]);
    return result;
  } finally {
    await page.close();
  }
}

test('a client that was told only where to send can send everything', async () => {
  const names = await run<string[]>(`
    const { client, sent } = made();
    client.withSpan('work', () => {});
    // Its storage is full.
    const full = made({ key: 'full' });
    for (let size = 1e6; size >= 1; size /= 10) try { for (let n = 0; ; n++) sessionStorage.setItem('x' + size + n, 'x'.repeat(size)); } catch {}
    full.client.endSession();
    await full.client.flush();
    await client.flush();
    return [...full.told, ...sent.flatMap(({ traces }) => traces ? traces.resourceSpans[0].scopeSpans[0].spans : []).map(({ name }) => name)];`);
  assert.deepEqual(names, ['work']);
});

test('a page that records what it is told does not go round in circles', async () => {
  const counts = await run<number[]>(`
    return [
      { beforeSend() { throw new Error('always'); } },
      { consent: 'pending' },
    ].map((options) => {
      let told = 0;
      const client = Farol.init({ url: '/', transport: () => 202, ...options, onDiagnostic(code) {
        if (++told < 20_000) client?.log('told ' + code);
      } });
      for (let i = 0; i < 2000; i++) client.log('x'.repeat(100));
      return told;
    });`);
  for (const count of counts) assert.ok(count > 0 && count <= 2010, String(count));
});

test('what beforeSend itself records is recorded once and does not come back to it', async () => {
  const results = await run<Record<string, [number, number]>>(`
    const results = {};
    for (const [name, options, drops] of [
      ['sampled', {}, false], ['dropped', {}, true], ['ring', { sampleRate: 0, sampling: { ring: true } }, false], ['pending', { consent: 'pending' }, false],
    ]) {
      let calls = 0;
      const { client, of } = made({ ...options, beforeSend(item) {
        // A page of its own: it ends all the same.
        if (calls++ < 5000) client.log('inner ' + item.kind);
        return drops ? null : item;
      } });
      for (let i = 0; i < 1500; i++) client.log('x'.repeat(100));
      await client.flush();
      results[name] = [calls, of('logs').filter(({ message }) => message == 'inner log').length];
    }
    return results;`);
  for (const [calls] of Object.values(results)) assert.ok(calls >= 1500 && calls < 1510, JSON.stringify(results));
  assert.deepEqual([results['sampled']![1], results['dropped']![1]], [1500, 1500]);
});

test('an answer of beforeSend that is no item leaves the item as it was, and is told', async () => {
  const results = await run<[string[], string[]][]>(`
    return Promise.all([async (item) => item, () => 5, () => 'text', () => [1], () => true, () => false, () => 0, () => ''].map((beforeSend) => (item) => (item.message = 'changed', beforeSend(item))).map(async (beforeSend) => {
      const { client, told, of } = made({ beforeSend });
      client.log('kept');
      await client.flush();
      return [of('logs').map(({ message }) => message), [...new Set(told.map(([code]) => code))]];
    }));`);
  for (const result of results) assert.deepEqual(result, [['kept'], ['hook-invalid']]);
  // Who forgets to give it back has meant what was done to it.
  assert.deepEqual(await run(`
    const { client, told, of } = made({ beforeSend(item) { item.message = 'changed'; } });
    client.log('kept');
    await client.flush();
    return [of('logs').map(({ message }) => message), told];`), [['changed'], []]);
});

test('a span that passes beforeSend keeps its kind', async () => {
  const kinds = await run<unknown[]>(`
    const kinds = [];
    for (const beforeSend of [undefined, (item) => item, (item) => ({ ...item }), ({ kind, ...item }) => item, (item) => { item.kind = 7; }]) {
      const { client, sent } = made({ beforeSend });
      client.withSpan('work', () => {});
      await client.flush();
      await (await fetch('/asked')).text();
      await client.shutdown();
      kinds.push(sent.flatMap(({ traces }) => traces ? traces.resourceSpans[0].scopeSpans[0].spans : []).map(({ name, kind }) => name + ' ' + kind).sort());
    }
    return kinds;`);
  const [without, ...others] = kinds;
  assert.deepEqual(without, ['GET 3', 'work 1']);
  for (const found of others) assert.deepEqual(found, without);
});

test('in Faro’s protocol what beforeSend adds is text, as its receivers want it', async () => {
  const made = await run<Record<string, unknown>[]>(`
    let deep = 1;
    for (let n = 0; n < 100; n++) deep = { deep };
    const more = { n: 7, b: false, o: { a: [1, 'x'] }, z: null, t: 'text', '': 5, deep };
    const { client, of } = made({ protocol: 'faro', beforeSend: (item) => Object.freeze({ ...item, attributes: Object.freeze({ ...item.attributes, ...more }), context: { ...item.context, ...more } }) });
    client.event('e');
    client.log('l');
    client.captureError(new Error('x'));
    client.measure('m', { v: 5 });
    await client.flush();
    return [of('events').find(({ name }) => name == 'e').attributes, of('logs')[0].context, of('exceptions')[0].context, of('measurements').find(({ type }) => type == 'm').context, of('measurements').find(({ type }) => type == 'm').values];`);
  for (const context of made.slice(0, 4)) {
    for (const [name, value] of Object.entries({ n: '7', b: 'false', o: '{"a":[1,"x"]}', z: 'null', t: 'text', '': '5' })) assert.equal(context[name], value, name);
  }
  assert.deepEqual(made[4], { v: 5 });
});

test('hooks without an end, and hooks that call whatever the client has, keep nothing from arriving', async () => {
  const results = await run<Record<string, [string[], string[]]>>(`
    const all = (client) => {
      client.event('inner'); client.log('inner'); client.captureError(new Error('inner')); client.measure('inner', { n: 1 }); client.withSpan('inner', () => {});
      client.setUser({ id: 'u' }); client.setView('v'); client.setAttributes({ a: 1 }); client.setSessionAttributes({ b: 1 }); client.endSession(); client.traceparent();
      client.onSessionChange(() => client.event('changed')); void client.flush();
    };
    const results = {};
    for (const [name, options] of Object.entries({
      endless: () => ({ beforeSend: () => new Promise(() => {}) }),
      before: (of) => ({ beforeSend(item) { all(of()); return item; } }),
      told: (of) => ({ attributes: 5, beforeSend: () => 5, onDiagnostic: () => of() && all(of()) }),
      changed: () => ({}),
      sent: (of) => { let left = 5; return { transport: () => (left-- > 0 && all(of()), 202) }; },
    })) {
      let client, sent = [];
      const given = options(() => client);
      const { transport = () => 202, ...rest } = given;
      client = Farol.init({ url: '/', ...rest, transport: (request) => { sent.push(JSON.parse(new TextDecoder().decode(request.body))); return transport(request); } });
      if (name === 'changed') client.onSessionChange(() => all(client));
      client.event('kept');
      client.endSession();
      client.log('kept');
      await client.flush();
      await client.shutdown();
      const names = (kind, member) => sent.flatMap((payload) => payload[kind] || []).map((item) => item[member]).filter((name) => name === 'kept');
      results[name] = [names('events', 'name'), names('logs', 'message')];
    }
    return results;`);
  for (const name of ['endless', 'before', 'told', 'changed', 'sent']) assert.deepEqual(results[name], [['kept'], ['kept']], name);
});

test('getters of the page that throw, or that call us, harm nothing but themselves', async () => {
  const [events, told, measured] = await run<[[string, object][], unknown[], object[]]>(`
    const { client, told, of } = made({ attributes: { get bad() { throw new Error('no'); }, all: 1 } });
    client.event('outer', { get x() { client.event('inner', { y: 2 }); return 1; }, get z() { throw new Error('no'); } });
    client.withSpan('work', () => {}, null);
    client.measure('m', { ok: 1, none: null, empty: '', text: '5', list: [], yes: true, when: new Date(), big: 5n, endless: Infinity, get bad() { throw new Error('no'); } });
    await client.flush();
    return [of('events').filter(({ name }) => /er$/.test(name)).map(({ name, attributes }) => [name, attributes]), told, of('measurements').filter(({ type }) => type === 'm').map(({ values }) => values)];`);
  assert.deepEqual(events, [['inner', { y: 2, all: 1 }], ['outer', { x: 1, all: 1 }]]);
  assert.deepEqual(told, []);
  assert.deepEqual(measured, [{ ok: 1 }], 'what is no number is none');
});

test('options whose getters throw are as not given, and the others hold', async () => {
  assert.deepEqual(await run(`
    const sent = [];
    const client = Farol.init({
      url: '/', transport: ({ body }) => (sent.push(new TextDecoder().decode(body)), 202),
      get app() { throw new Error('no'); }, session: { get idleMs() { throw new Error('no'); } },
    });
    client.event('e');
    await client.flush();
    return [client.sampled(), sent.join().includes('"name":"e"')];`), [true, true]);
  // Of another type, they are told once; without an address there is no client.
  assert.deepEqual(await run(`
    const results = [];
    for (const options of [
      ...[5, undefined, '', 'https://[bad', 'rum.example.com', 'http://', 'ftp://x', 'javascript:alert(1)', {}].map((url) => ({ url })),
      { unsampledHeader: 'false', sampleRate: 0 }, { sampling: { ring: 'false' }, sampleRate: 0 }, { capture: { fetch: 0, errors: 'false', xhr: null }, outbox: 'no' },
    ]) {
      const { client, told } = made(options);
      results.push([client.traceparent() !== '', ...told.flat()].join());
      await client.shutdown();
    }
    return results;`), [
    ...Array(9).fill('false,bad-option,url'), 'false,bad-option,unsampledHeader', 'false,bad-option,sampling.ring',
    'true,bad-option,outbox,bad-option,capture.errors,bad-option,capture.fetch',
  ]);
});

test('a function of the page that is none is given back, and nobody is told of an error', async () => {
  assert.deepEqual(await run(`
    const { client, of } = made();
    const odd = { get then() { throw new Error('no'); } };
    // What a promise has of its own comes along.
    const abort = () => {};
    const request = client.withSpan('e', () => Object.assign(Promise.resolve(7), { abort, state: [] }));
    if (request.abort !== abort || 'state' in request || await request !== 7 || Object.keys(client.withSpan('f', async () => {})).length) return 'another promise';
    const results = [client.withSpan('a'), client.withSpan('b', 5), client.startSpan('c').run(undefined), client.withSpan('d', () => odd) === odd];
    await client.flush();
    return results;`), [null, 5, null, true]);
});

test('a client that ends in the task in which it began is let go of', async () => {
  // A browser gives a page some hundred memories at once: with clients that stay, that many are the last.
  assert.equal(await run(`
    for (let n = 0; n < 300; n++) {
      const { client, told } = made();
      await client.shutdown();
      // What waits for an idle page goes with it.
      if (n % 20 === 0) await new Promise((done) => (window.requestIdleCallback || setTimeout)(done));
      if (told.length) return n + ' ' + told;
    }
    return 'all';`), 'all');
});

test('after a no nothing is sent any more, and nothing stays in the storage', async () => {
  const result = await run<unknown>(`
    let status = 503;
    let tries = 0;
    const client = Farol.init({ url: '/', key: 'k', transport: () => (tries++, status) });
    client.event('waits');
    await client.flush();
    const before = [tries, sessionStorage.length];
    Storage.prototype.removeItem = () => { throw new Error('no'); };
    client.setConsent('denied');
    status = 202;
    dispatchEvent(new Event('online'));
    client.event('late');
    dispatchEvent(new Event('pagehide'));
    await client.flush();
    delete Storage.prototype.removeItem;
    return [before, tries, client.traceparent()];`);
  assert.deepEqual(result, [[1, 1], 1, '']);
});

test('only what is not said at all is consent by default', async () => {
  const sent = await run<number[]>(`
    return Promise.all([undefined, null, false, '', 'no'].map(async (consent) => {
      const { client, sent } = made({ consent });
      await client.flush();
      return sent.length;
    }));`);
  assert.deepEqual(sent, [1, 0, 0, 0, 0]);
});

test('a consent that comes before the core does goes on with the stored session', async () => {
  const [first, second] = await run<string[]>(`
    const first = made({ key: 'k' }).client;
    await first.shutdown();
    const second = made({ key: 'k', consent: 'pending', coreDelayMs: 10 }).client;
    second.setConsent('granted');
    await new Promise((done) => setTimeout(done, 50));
    await second.flush();
    return [first.sessionId(), second.sessionId()];`);
  assert.equal(second, first);
  // Who has agreed is in it at once, with what is known of it, unless it is over.
  const [own, told, fresh] = await run<[unknown[][], string[], string[]]>(`
    const make = (key, since, flags, id, options) => {
      sessionStorage.setItem('farol:1:' + key, ['1', Date.now() - since, Date.now() - since, flags, id].join(' '));
      return made({ key, coreDelayMs: 50, ...options }).client;
    };
    const said = (client) => [client.sessionId(), client.sampled(), client.traceparent().slice(-2)];
    const [a, e] = ['a', 'e'].map((letter) => letter.repeat(16));
    const all = [make('in', 1000, 0, a, { sampleRate: 0.5 }), make('out', 1000, 0, e, { sampleRate: 0.5 }), make('open', 1000, 0, e, { session: { idleMs: 60000 } })];
    const told = [];
    for (const client of all) client.onSessionChange((id) => told.push(id));
    const over = [make('idle', 900000, 0, e), make('old', 1000, 0, e, { session: { lifetimeMs: 1000 } }), make('brief', 2000, 0, e, { session: { idleMs: 2000 } }), made({ key: 'none', coreDelayMs: 50, session: { idleMs: Infinity, lifetimeMs: Infinity } }).client];
    const before = all.map(said), fresh = over.map((client) => client.sessionId());
    await new Promise((done) => setTimeout(done, 200));
    return [[before, all.map(said)], told, [...fresh, ...over.map((client) => client.sessionId())]];`);
  assert.deepEqual(own[0], [['a'.repeat(16), true, '01'], ['e'.repeat(16), false, ''], ['e'.repeat(16), true, '01']]);
  assert.deepEqual(own[1], own[0]);
  assert.deepEqual(told, []);
  assert.deepEqual(fresh.slice(4), fresh.slice(0, 4));
  for (const id of fresh) assert.match(id, /^(?!e{16})[\da-f]{16}$/);
});

test('what was done under a no is never told, whatever was said before the core was there', async () => {
  const events = await run<string[][]>(`
    return Promise.all(['denied', 'granted'].map(async (consent) => {
      const { client, of } = made({ consent, coreDelayMs: 10 });
      if (consent === 'granted') client.setConsent('denied');
      client.event('under a no');
      client.setConsent('granted');
      client.event('agreed');
      await new Promise((done) => setTimeout(done, 50));
      await client.flush();
      return of('events').map(({ name }) => name).filter((name) => !name.includes('session'));
    }));`);
  assert.deepEqual(events, [['agreed'], ['agreed']]);
});

test('a client that is ended before its core is there, or by its own hook, sends what it was given', async () => {
  assert.deepEqual(await run(`
    const late = made({ coreDelayMs: 20 });
    late.client.event('early');
    const done = late.client.shutdown();
    late.client.event('late');
    await done;
    const hook = made({ beforeSend(item) { if (item.name === 'last') hook.client.shutdown(); return item; } });
    hook.client.event('last');
    await hook.client.flush();
    const names = ({ of }) => of('events').map(({ name }) => name).filter((name) => /^(early|late|last)$/.test(name));
    return [names(late), late.client.sampled(), late.client.traceparent(), names(hook)];`), [['early'], false, '', ['last']]);
});

test('unsampledHeader tells backends of unsampled sessions, and of nobody who has not agreed', async () => {
  const headers = await run<string[]>(`
    const headers = [];
    for (const options of [{ sampleRate: 0 }, { sampleRate: 0, unsampledHeader: true }, { consent: 'pending', unsampledHeader: true }, { consent: 'denied', unsampledHeader: true }]) {
      const { client } = made(options);
      const { traceparent = '' } = await (await fetch('/api')).json();
      headers.push([traceparent, client.traceparent(), client.startSpan('s').traceparent()].map((header) => header.slice(-2)).join());
      await client.shutdown();
      headers.push(client.traceparent());
    }
    return headers;`);
  assert.deepEqual(headers, [',,', '', '00,00,00', '', ',,', '', ',,', '']);
});

test("a request keeps its headers, also where it is another window's or of a class that was replaced", async () => {
  const results = await run<[string, boolean][]>(`
    made();
    const frame = document.body.appendChild(document.createElement('iframe'));
    const init = { method: 'POST', body: 'hi', headers: { 'x-own': '1' } };
    const theirs = new frame.contentWindow.Request('/api', init);
    const ours = new Request('/api', init);
    window.Request = class extends Request {};
    const all = [theirs, ours].map(async (request) => {
      const headers = await (await fetch(request)).json();
      return [headers['x-own'], 'traceparent' in headers];
    });
    return Promise.all(all);`);
  assert.deepEqual(results, [['1', true], ['1', true]]);
});

test('whatever the options of a request are made of, it goes as the page meant it, and the page can look at them', async () => {
  const results = await run<unknown[]>(`
    const seen = [];
    const native = window.fetch;
    // A wrapper of the page's below ours.
    window.fetch = function (input, init) { seen.push(['method' in init, init.method, { ...init }.method, new Headers(init.headers).get('x-own')].join()); return native.apply(this, arguments); };
    made();
    class Init { get method() { return this.#method; } get headers() { return { 'x-own': '1' }; } get body() { return 'hi'; } #method = 'POST'; }
    const plain = { method: 'POST', headers: { 'x-own': '1' }, body: 'hi' };
    const inits = [plain, Object.assign(Object.create(null), plain), Object.freeze({ ...plain }), Object.freeze(Object.assign(Object.create(null), plain)), new Init(),
      // The browser reads what is inherited, and what is not enumerable.
      Object.create(plain), Object.assign(Object.create({ method: 'POST' }), { headers: { 'x-own': '1' }, body: 'hi' }),
      Object.defineProperties({}, { method: { value: 'POST' }, headers: { value: { 'x-own': '1' } }, body: { value: 'hi' } })];
    const answers = [];
    for (const init of inits) {
      const headers = await (await fetch('/api', init)).json();
      answers.push([headers['x-own'], 'traceparent' in headers, headers['content-length']].join());
    }
    window.fetch = native;
    made();
    const refused = [];
    for (const init of [{ headers: null }, { headers: '' }, 5, '']) refused.push(await fetch('/api', init).then(() => 'taken', ({ name }) => name));
    return [answers, seen, refused, 'prototype' in fetch, 'prototype' in XMLHttpRequest.prototype.send];`);
  const [answers, seen, ...rest] = results as [string[], string[]];
  assert.deepEqual(answers, Array(8).fill('1,true,2'));
  assert.deepEqual(rest, [Array(4).fill('TypeError'), false, false]);
  assert.deepEqual(seen.slice(0, 4), Array(4).fill('true,POST,POST,1'));
  assert.equal(seen[4]!.split(',')[1], 'POST');
});

test('a request that is sent with another body is used up no more than by the browser, and keeps its headers', async () => {
  const [native, ours] = await run<string[][]>(`
    const all = async () => {
      const request = new Request('/api', { method: 'POST', body: 'a', headers: { 'x-own': '1' } });
      const answers = [];
      for (const init of [{ body: 'bcd' }, { body: '' }, undefined]) {
        const answer = await fetch(request, init).then((response) => response.json(), ({ name }) => ({ 'x-own': name }));
        answers.push([answer['x-own'], answer['content-length'], request.bodyUsed, answer.traceparent ? 'traced' : ''].join());
      }
      return answers;
    };
    const native = await all();
    made();
    return [native, await all()];`);
  assert.match(native![0]!, /^1,3,/);
  assert.deepEqual(ours, native!.map((answer) => answer + (answer.startsWith('1,') ? 'traced' : '')));
});

test('a request that its own listeners open again is told once for each time, as it ended', async () => {
  assert.deepEqual(await run(`
    const { client, sent } = made();
    await new Promise((done) => {
      const request = new XMLHttpRequest();
      const again = (path) => {
        request.open('GET', path);
        request.send();
      };
      request.onabort = () => again('/last');
      request.onload = () => {
        if (request.responseURL.endsWith('/last')) return done();
        again('/gone');
        request.abort();
      };
      again('/api');
    });
    // From a listener that was there before ours, and keeps what it hears from others.
    await new Promise((done) => {
      const request = new XMLHttpRequest();
      let left = 2;
      const next = () => {
        request.open('GET', 'poll');
        history.pushState(null, '', '/deep/er');
        request.send();
      };
      request.addEventListener('readystatechange', (event) => {
        event.stopImmediatePropagation();
        if (request.readyState == 4 && left-- > 0) next();
      });
      request.onloadend = () => left < 0 && done();
      next();
    });
    await client.flush();
    return sent.flatMap(({ traces }) => traces ? traces.resourceSpans[0].scopeSpans.flatMap(({ spans }) => spans) : []).map(({ attributes }) => attributes
      .filter(({ key }) => /status_code|error|url.full/.test(key)).map(({ value }) => Object.values(value)[0].replace(location.origin, '')).join());`),
  ['/api,200', '/gone,abort', '/last,202', '/poll,202', '/deep/poll,202', '/deep/poll,202']);
});

test('a fetch that the page gives up is told as that, whatever its reason, and one that took too long as that', async () => {
  assert.deepEqual(await run(`
    const { client, sent } = made();
    for (const reason of [undefined, null, 'text', new Error('mine'), new TypeError('like the network')]) {
      const controller = new AbortController();
      const { signal } = controller;
      const gone = fetch(reason ? '/api' : new Request('/api', { signal }), { ...(reason && { signal }) }).catch(() => {});
      controller.abort(reason);
      await gone;
    }
    await fetch('/api', { signal: AbortSignal.timeout(0) }).catch(() => {});
    await client.flush();
    return sent.flatMap(({ traces }) => traces ? traces.resourceSpans[0].scopeSpans.flatMap(({ spans }) => spans) : [])
      .map(({ attributes }) => attributes.find(({ key }) => key == 'error.type').value.stringValue);`),
  [...Array(5).fill('AbortError'), 'TimeoutError']);
});

test('in a sandbox no address is the page’s own, and a frame of its text is where its page is', async () => {
  const header = `fetch('/api').then((response) => response.json()).then((headers) => 'traceparent' in headers)`;
  assert.equal(await run(`made({ features: [] }); return ${header};`, '/sandbox'), false);
  assert.equal(await run(`
    const frame = document.createElement('iframe');
    frame.srcdoc = '<script src="/farol.js"></scr' + 'ipt><script src="/made.js"></scr' + 'ipt>';
    await new Promise((done) => (frame.onload = done, document.body.append(frame)));
    return frame.contentWindow.eval(${JSON.stringify(`made(); ${header}`)});`), true);
  // Which a page may have used as a name of its own.
  assert.equal(await run(`window.origin = 'Berlin'; made(); return ${header};`), true);
});

test('an event of an element that bubbles under the name of an error is none', async () => {
  assert.deepEqual(await run(`
    const { client, of } = made();
    document.body.dispatchEvent(new CustomEvent('error', { bubbles: true }));
    document.body.dispatchEvent(new ErrorEvent('error', { bubbles: true, error: new Error('of an element') }));
    dispatchEvent(new ErrorEvent('error', { error: new Error('of the window'), cancelable: true }));
    await client.flush();
    return of('exceptions').map(({ value }) => value);`), ['of the window']);
});

test('what was measured under a no is not told after the yes that follows', async () => {
  const [told, kept] = await run<string[][]>(`
    const image = new Image();
    image.src = 'data:image/svg+xml,' + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"><rect width="300" height="300"/></svg>');
    return Promise.all(['denied', 'pending'].map(async (consent) => {
      const { client, of } = made({ consent });
      document.body.append(image);
      // Painted, and told of to those who observe longer.
      await new Promise((done) => new PerformanceObserver(done).observe({ type: 'paint', buffered: true }));
      await new Promise((done) => setTimeout(done));
      const start = performance.now();
      const span = client.startSpan('before', { startTime: start });
      while (performance.now() == start);
      client.setConsent('granted');
      span.end();
      client.event('agreed');
      Object.defineProperty(document, 'visibilityState', { configurable: true, value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      delete document.visibilityState;
      await client.flush();
      return [...of('measurements').map(({ type }) => type), ...of('traces'), ...of('events').map(({ name }) => name).filter((name) => name == 'agreed')];
    }));`);
  assert.deepEqual(told, ['agreed']);
  assert.ok(kept!.includes('web-vitals'), String(kept));
});

test('a core that meets a trap takes the headers along', async () => {
  assert.deepEqual(await run(`
    const instantiate = WebAssembly.Instance;
    let broken = false;
    WebAssembly.Instance = function (...args) {
      const instance = new instantiate(...args);
      const { exports } = instance;
      return exports.put ? { exports: { ...exports, put(...all) { if (broken) throw new WebAssembly.RuntimeError('unreachable'); return exports.put(...all); } } } : instance;
    };
    const { client, told } = made({ unsampledHeader: true });
    const header = async () => [client.sampled(), 'traceparent' in await (await fetch('/api')).json(), !!client.traceparent()].join();
    const before = await header();
    broken = true;
    client.event('last');
    return [before, await header(), told.map(([code]) => code)];`), ['true,true,true', 'false,false,false', ['core-lost']]);
});

test('what others made XMLHttpRequest return is still returned', async () => {
  assert.equal(await run(`
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function () { send.apply(this, arguments); return 'theirs'; };
    made();
    const request = new XMLHttpRequest();
    request.open('GET', '/api');
    return request.send();`), 'theirs');
});

test('a session that is ended whenever one begins ends once', async () => {
  const [heard, ends] = await run<[number, number]>(`
    const { client, of } = made();
    let heard = 0;
    client.onSessionChange(() => { heard++; client.endSession(); client.event('told'); });
    client.endSession();
    await client.flush();
    return [heard, of('events').filter(({ name }) => name == 'session_end').length, of('events').filter(({ name }) => name == 'told').length];`);
  assert.deepEqual([heard, ends], [1, 1]);
});

test('a hundred thousand errors in a loop are counted, and their stacks are hardly read', async () => {
  const [counted, reads, seconds] = await run<[number, number, number]>(`
    const { client, of } = made({ capture: { errors: true } });
    let reads = 0;
    const error = new Error('loop');
    Object.defineProperty(error, 'stack', { get() { reads++; return 'Error: loop\\n    at f (https://shop.example/a.js:1:1)'; } });
    const since = performance.now();
    for (let n = 0; n < 100_000; n++) dispatchEvent(new ErrorEvent('error', { error, message: 'loop' }));
    const seconds = (performance.now() - since) / 1000;
    await client.flush();
    return [of('exceptions').reduce((sum, { count }) => sum + (count || 1), 0), reads, seconds];`);
  assert.equal(counted, 100_000);
  assert.ok(reads <= 40 * (seconds + 1), `${reads} in ${seconds} s`);
});

test('errors in a loop that alternate, or that count, are told in part, and all of them are counted', async () => {
  for (const [message, limit] of [["'turn ' + n % 2", 1000], ["'item ' + n", 1000], ["'item ' + n", 30]] as const) {
    const [counted, told, reads, seconds] = await run<[number, number, number, number]>(`
      const { client, of } = made({ capture: { errors: true }, limits: { exceptions: ${limit} } });
      let reads = 0;
      const since = performance.now();
      for (let n = 0; n < 100_000; n++) {
        const error = new Error(${message});
        Object.defineProperty(error, 'stack', { get() { reads++; return 'Error: loop\\n    at f (https://shop.example/a.js:1:1)'; } });
        dispatchEvent(new ErrorEvent('error', { error, message: 'Uncaught ' + error }));
      }
      const seconds = (performance.now() - since) / 1000;
      let state;
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
      const own = () => of('measurements').find(({ type }) => type == 'farol.sdk');
      const shown = new Promise((done) => {
        const turn = () => {
          for (state of ['hidden', 'visible']) document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
          own() ? done() : setTimeout(turn);
        };
        turn();
      });
      await shown;
      await client.flush();
      return [of('exceptions').reduce((sum, { count }) => sum + (count || 1), 0) + own().values.errors_only_counted, of('exceptions').length, reads, seconds];`);
    assert.equal(counted, 100_000, message);
    assert.ok(told <= limit, `${told}`);
    assert.ok(reads <= 200 * (seconds + 1), `${reads} in ${seconds} s`);
  }
});

test('the header for a request of the page’s own names a span that is there', async () => {
  const [inside, alone, silent] = await run<[string[], string[], unknown[]]>(`
    const { client, sent } = made();
    let header, span;
    client.withSpan('work', (given) => { span = given; header = client.traceparent(); });
    const other = client.traceparent();
    const quiet = made({ consent: 'pending' });
    const nothing = quiet.client.traceparent();
    quiet.client.setConsent('granted');
    await Promise.all([client.flush(), quiet.client.flush()]);
    const all = (sent) => sent.flatMap(({ traces }) => traces ? traces.resourceSpans[0].scopeSpans[0].spans : []);
    const named = all(sent).find(({ name }) => name == 'traceparent');
    return [[header, '00-' + span.traceId + '-' + span.spanId + '-01'], [other, '00-' + named.traceId + '-' + named.spanId + '-01'], [nothing, all(quiet.sent).length]];`);
  assert.equal(inside[0], inside[1]);
  assert.equal(alone[0], alone[1]);
  assert.deepEqual(silent, ['', 0]);
});

test('views are named by their addresses, and queries scrubbed as the page says', async () => {
  const [views, urls] = await run<[unknown[], unknown[]]>(`
    history.replaceState(null, '', '/products/1?q=joe@shop.example&mail=x&page=2');
    const { client, sent, of } = made({ capture: { navigation: true }, view: 'first', routes: [['/products/:id', 'product'], '/cart'], scrub: { allow: ['q'], deny: ['mail'] } });
    client.event('on a product');
    history.pushState(null, '', '/cart?q=4111111111111111&card=4111111111111111');
    client.event('in the cart');
    history.pushState(null, '', '/about?token=1');
    client.event('elsewhere');
    await client.flush();
    history.replaceState(null, '', '/');
    const [{ meta }] = sent;
    const view = (name) => of('events').find((event) => event.name == name).farol ?? meta;
    return [['on a product', 'in the cart', 'elsewhere'].map((name) => view(name).view.name), ['on a product', 'in the cart', 'elsewhere'].map((name) => new URL(view(name).page.url).search)];`);
  assert.deepEqual(views, ['product', '/cart', null]);
  assert.deepEqual(urls, ['?q=joe@shop.example&mail=REDACTED&page=2', '?q=4111111111111111&card=REDACTED', '?token=REDACTED']);
});

test('a page that is hidden and shown a thousand times is the same page, and tells no more of it', async () => {
  const [sent, names, told] = await run<[number, string[], unknown[]]>(`
    const { client, sent, of, told } = made();
    let state = 'visible';
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
    for (let n = 0; n < 1000; n++) {
      state = n % 2 ? 'visible' : 'hidden';
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }
    state = 'visible';
    client.event('after');
    await client.flush();
    return [sent.length, of('events').map(({ name }) => name), told];`);
  assert.ok(sent < 20, String(sent));
  assert.equal(names.filter((name) => name === 'session_start').length, 1);
  assert.ok(names.includes('after'));
  assert.deepEqual(told, []);
});

test('a queue with nonsense in it is worked through', async () => {
  assert.equal(await run("Farol.q.push(['nothing'], undefined); await Farol.flush(); return Farol.sampled()", '/queue'), true);
});

test('an image does not pass for our script tag, nor a form for our global', async () => {
  assert.deepEqual(await run("return [typeof Farol.init, Farol.event('x'), Farol.sessionId(), Array.isArray(Farol.q)]", '/clobbered'), ['function', null, '', true]);
  // A module is not told which tag is its own, and in XHTML names are in small letters.
  for (const path of ['/module', '/module-renamed', '/module-inline', '/xhtml']) {
    assert.equal(await run(`await Farol.flush(); return !!sessionStorage.getItem('farol:1:m') && Farol.sampled()`, path), true, path);
  }
  assert.deepEqual(await run(`
    const more = () => performance.getEntriesByType('resource').some(({ name }) => /farol-more/.test(name));
    for (let n = 0; n < 30 && !more() && !told.length; n++) await new Promise((done) => setTimeout(done, 100));
    return [more(), told]`, '/module-plain'), [true, []]);
});

test('an error that cannot even be put into words arrives', async () => {
  assert.deepEqual(await run(`
    const { client, of, told } = made();
    client.captureError(new Proxy(() => {}, { get() { throw new Error('no'); } }));
    await client.flush();
    return [of('exceptions').map(({ type }) => type), told];`), [['function'], []]);
});

test('what others add to the prototype of all objects is no option and no attribute', async () => {
  const [attributes, level, told] = await run<[null, string, unknown[]]>(`
    Object.prototype.attributes = 'x';
    Object.prototype.level = 'error';
    Object.prototype.sampleRate = 0;
    Object.prototype.consent = 'denied';
    const { client, told, of } = made({ capture: {} });
    client.event('e');
    client.log('l');
    await client.flush();
    for (const name of ['attributes', 'level', 'sampleRate', 'consent']) delete Object.prototype[name];
    return [of('events')[0].attributes ?? null, of('logs')[0].level, told];`);
  assert.deepEqual([attributes, level, told], [null, 'info', []]);
});
