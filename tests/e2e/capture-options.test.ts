/** What is captured by option: timings, the console, reports, forms; errors that are told with their context, and those of workers. */
import assert from 'node:assert/strict';
import { files, named, on } from './capture/stage.js';
import { engine, test } from './driver/cases.js';
import { has } from './driver/features.js';
import type { Item } from './driver/otlp.js';
import { html, script, site, type Reply } from './driver/server.js';

const SPAN = '00f067aa0ba902b7';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

test('resources and the load of the page are told with their parts, and belong to the trace in which the server answered', () =>
  on({
    options: "{ capture: { resources: { ignore: ['/start.js'], minMs: 0 }, load: true } }",
    body: '<script src="/timed.js?token=x"></script>',
    route: (path) => (path.startsWith('/timed.js')
      ? { headers: { 'content-type': 'text/javascript', 'server-timing': `db;dur=12.5, traceparent;desc="00-${TRACE}-00f067aa0ba902b7-01"` }, body: '' } : undefined),
  }, async ({ page, until }) => {
    const resource = (item: Item): boolean => item.name === 'browser.resource_timing' && String(item.attributes['url.full']).includes('/timed.js');
    await page.hide();
    const items = await until((items) => items.some(resource) && items.some(named('browser.navigation_timing')), 'the timings');
    const { attributes, traceId } = items.find(resource)!;
    assert.match(String(attributes['url.full']), /token=REDACTED/);
    assert.equal(attributes['browser.resource_timing.initiator_type'], 'script');
    assert.equal(attributes['farol.server_timing.db'], 12.5);
    assert.equal(attributes['farol.resource.party'], 'first');
    assert.ok(Number(attributes['browser.resource_timing.response_end']) > 0 && 'browser.resource_timing.duration' in attributes);
    assert.equal(traceId, TRACE);
    assert.ok(!items.some((item) => String(item.attributes['url.full']).endsWith('/start.js')));
    const load = items.find(named('browser.navigation_timing'))!;
    assert.equal(load.attributes['browser.navigation_timing.type'], 'navigate');
    assert.ok(Number(load.attributes['browser.navigation_timing.load_event_end']) > 0, JSON.stringify(load.attributes));
  }));

test('the load of the page is spans below the one of the server that says which it was', () =>
  on({
    options: '{ capture: { load: true } }',
    headers: { 'server-timing': `traceparent;desc="00-${TRACE}-${SPAN}-01"` },
    body: '<h1>A page that is painted</h1>',
  }, async ({ page, until }) => {
    const told = Object.entries({ lcp: 'largest-contentful-paint', cls: 'layout-shift' }).filter(([, type]) => has(type)).map(([name]) => name);
    if (told.includes('lcp')) await page.evaluate("new Promise((done) => new PerformanceObserver(() => done()).observe({ type: 'largest-contentful-paint', buffered: true }))");
    await page.hide();
    const items = await until((items) => ['documentLoad', 'documentFetch', 'browser.navigation_timing'].every((name) => items.some(named(name))), 'the spans of the load');
    const [load, fetched, event] = ['documentLoad', 'documentFetch', 'browser.navigation_timing'].map((name) => items.find(named(name))!);
    assert.deepEqual([load!.traceId, load!.parentSpanId], [TRACE, SPAN]);
    assert.deepEqual([fetched!.traceId, fetched!.parentSpanId], [TRACE, load!.spanId]);
    assert.deepEqual([event!.traceId, event!.spanId], [TRACE, load!.spanId]);
    assert.ok(load!.time <= fetched!.time && fetched!.time < fetched!.end && fetched!.end <= load!.end);
    const vital = (items: Item[], of: string): Item | undefined => items.find((item) => item.name === 'browser.web_vital' && item.attributes['browser.web_vital.name'] === of);
    const all = await until((items) => told.every((name) => vital(items, name)), 'the vitals of a page that was hidden');
    for (const name of told) assert.deepEqual([vital(all, name)!.traceId, vital(all, name)!.spanId], [TRACE, load!.spanId], name);
  }));

test('what the page does while it loads is its load\'s, and what it does then is its own', async () => {
  let arrived = (): void => {};
  const image = new Promise<void>((done) => (arrived = done));
  await on({
    options: '{ capture: { load: true } }', opened: 'commit',
    headers: { 'server-timing': `traceparent;desc="00-${TRACE}-${SPAN}-01"` },
    body: '<script>addEventListener("load", () => setTimeout(() => (window.loaded = true)))</script><img src="/late.png">',
    route: (path) => (path === '/late.png' ? { after: image } : path.startsWith('/api/') ? { body: '{}' } : undefined),
  }, async ({ page, own, until }) => {
    await page.evaluate("fetch('/api/meanwhile').then(() => farol.withSpan('own', () => fetch('/api/below')))");
    arrived();
    await page.waitFor('window.loaded');
    await page.evaluate("farol.event('later'), fetch('/api/later').then(() => farol.flush())");
    const spans = ['meanwhile', 'below', 'later'].map((name) => (item: Item): boolean => item.signal === 'span' && String(item.attributes['url.full']).endsWith(`/api/${name}`));
    const wanted = [...spans, named('documentLoad'), named('own'), named('later')];
    const items = await until((items) => wanted.every((one) => items.some(one)), 'the load, what came with it and what came then');
    const [meanwhile, below, later, load, work, event] = wanted.map((one) => items.find(one)!);
    assert.deepEqual([load!.traceId, load!.parentSpanId], [TRACE, SPAN]);
    assert.deepEqual([meanwhile, work].map((item) => [item!.traceId, item!.parentSpanId]), Array(2).fill([TRACE, load!.spanId]));
    assert.deepEqual([below!.traceId, below!.parentSpanId], [TRACE, work!.spanId]);
    assert.ok(later!.traceId !== TRACE && !later!.parentSpanId && !event!.traceId, JSON.stringify([later, event]));
    const header = own.seen.find(({ path }) => path === '/api/meanwhile')!.headers['traceparent'];
    assert.equal(header, `00-${TRACE}-${meanwhile!.spanId}-01`);
  });
});

test('a server that answers in a trace of its own is told with the request, by fetch and by XMLHttpRequest, and the console stays quiet', async () => {
  const header = { traceresponse: `00-${TRACE}-${SPAN}-01`, 'access-control-allow-origin': '*' };
  const other = await site((method) => (method === 'OPTIONS' ? { status: 204, headers: { ...header, 'access-control-allow-headers': '*' } } : { headers: header, body: '{}' }));
  await on({
    options: '{ capture: { traceResponse: true } }',
    route: (path) => (path.startsWith('/api/') ? { headers: path.endsWith('bad') ? { traceresponse: 'nonsense' } : header, body: '{}' } : undefined),
  }, async ({ page, until }) => {
    await page.evaluate(`Promise.all([fetch('/api/fetch'), fetch('/api/bad'), fetch('${other.url}/fetch'), ...['/api/xhr', '${other.url}/xhr'].map((url) => new Promise((done) => {
      const xhr = new XMLHttpRequest(); xhr.open('GET', url); xhr.onloadend = done; xhr.send();
    }))]).then(() => farol.flush())`);
    const request = (items: Item[], end: string): Item | undefined => items.find((item) => item.signal === 'span' && String(item.attributes['url.full']).endsWith(end));
    const ends = ['/api/fetch', '/api/bad', '/api/xhr', `${other.url}/fetch`, `${other.url}/xhr`];
    const items = await until((items) => ends.every((end) => request(items, end)), 'the requests');
    const answers = ends.map((end) => [request(items, end)!.attributes['farol.answer.trace_id'], request(items, end)!.attributes['farol.answer.span_id']]);
    const none = [undefined, undefined];
    assert.deepEqual(answers, [[TRACE, SPAN], none, [TRACE, SPAN], none, none]);
    assert.deepEqual(page.console(), []);
  });
  other.close();
});

test('baggage goes where a trace may go, and what the page says itself stays', async () => {
  const allow = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
  const [listed, other] = await Promise.all([0, 1].map(() => site(() => ({ headers: allow, body: '{}' }))));
  const sent: Record<string, unknown>[] = [];
  await on({
    options: `{ propagateTo: ['${listed!.url}'], baggage: { tenant: 'acme & sons', 'not a token': 'x' } }`,
  }, async ({ page, own }) => {
    await page.evaluate(`Promise.all([fetch('/api/own'), fetch('/api/said', { headers: { baggage: 'mine=1' } }), fetch('${listed!.url}/in'), fetch('${other!.url}/out'), new Promise((done) => {
      const xhr = new XMLHttpRequest(); xhr.open('GET', '/api/xhr'); xhr.onloadend = done; xhr.send();
    }), new Promise((done) => {
      const xhr = new XMLHttpRequest(); xhr.open('GET', '/api/xhr-said'); xhr.setRequestHeader('baggage', 'mine=1'); xhr.onloadend = done; xhr.send();
    })])`);
    sent.push(...[own, listed!, other!].flatMap(({ seen }) => seen.filter(({ method, path }) => method === 'GET' && /api|in$|out$/.test(path)).map(({ path, headers }) => ({ [path]: headers['baggage'] }))));
  });
  assert.deepEqual(Object.assign({}, ...sent), { '/api/own': 'tenant=acme%20%26%20sons', '/api/said': 'mine=1', '/api/xhr': 'tenant=acme%20%26%20sons', '/api/xhr-said': 'mine=1', '/in': 'tenant=acme%20%26%20sons', '/out': undefined });
  listed!.close();
  other!.close();
});

test('marks and measures are told where they are wanted, and the heap where the browser tells of it', () =>
  on({ options: "{ capture: { userTiming: ['checkout'], memory: true } }" }, async ({ page, until }) => {
    await page.evaluate("performance.mark('checkout.begin'); performance.mark('other'); performance.measure('checkout.whole', 'checkout.begin')");
    await page.hide();
    const items = await until((items) => items.filter(named('farol.user_timing')).length >= 2 && (!has('performance.memory') || items.some((item) => JSON.stringify(item.attributes).includes('farol.memory'))), 'marks and memory');
    assert.deepEqual(items.filter(named('farol.user_timing')).map((item) => item.attributes['farol.user_timing.name']).sort(), ['checkout.begin', 'checkout.whole']);
  }));

test('by default there are no timings, no console and no forms', () =>
  on({ body: '<form id="f"><input id="i"></form>' }, async ({ page, until }) => {
    await page.evaluate("console.error('quiet'); performance.mark('m')");
    await page.type('#i', 'x');
    await page.hide();
    await page.evaluate("farol.event('after'); farol.flush()");
    const items = await until((items) => items.some(named('after')), 'the event');
    const never = ['browser.resource_timing', 'browser.navigation_timing', 'farol.user_timing', 'farol.form_abandoned'];
    assert.deepEqual(items.filter((item) => never.includes(item.name) || String(item.body).includes('quiet')), []);
  }));

test('the console becomes logs at the levels that were named, whatever is written to it', () =>
  on({ options: "{ capture: { console: ['warn', 'error', 'nonsense'] }, onDiagnostic: (code) => console.error('told ' + code) }" }, async ({ page, until }) => {
    await page.evaluate(`{
      const cycle = { name: 'cycle' }; cycle.self = cycle;
      console.error('cycle', cycle);
      console.error('getter', { get bad() { throw new Error('no'); }, ok: 1 });
      console.error('proxy', new Proxy({}, { ownKeys() { throw new Error('no'); }, get() { throw new Error('no'); } }));
      document.body.innerHTML = '<p>secret text</p>';
      console.warn('node', document.body.firstChild, [1, 'two', null, undefined, 3n, Symbol('s')]);
      console.warn('%s is %d', 'answer', 42, 'more');
      console.error('x'.repeat(10_000_000));
      console.error({ get loud() { console.error('from a getter'); return 1; }, toString() { console.error('from toString'); return ''; } });
      console.log('not wanted');
      for (let i = 0; i < 1000; i++) console.error('again');
      for (let i = 0; i < 1000; i++) console.error('line ' + i);
      // As frameworks write what they have caught, and pages what they have handed over.
      const caught = new TypeError('caught in a component'), own = new TypeError('handed over');
      console.error('ERROR', caught);
      console.error(caught);
      farol.captureError(own);
      console.error(own);
    }`);
    await page.hide();
    const logs = (items: Item[]): Item[] => items.filter((item) => item.attributes['browser.console.method'] !== undefined);
    const sum = (items: Item[]): number => logs(items).reduce((sum, item) => sum + Number(item.attributes['farol.count'] ?? 1), 0);
    // Firefox' driver, which lists the console for the test, runs the getters of what is written there; WebKit asks it for its text.
    const all = engine() === 'chromium' ? 2007 : 2008;
    const items = await until((items) => sum(items) >= all, 'all of the lines');
    const bodies = logs(items).map((item) => String(item.body));
    for (const expected of [
      'cycle {name: "cycle", self: (cycle)}', 'getter {bad: (…), ok: 1}', 'node <p> [1, "two", null, undefined, 3n, Symbol(s)]', 'answer is 42 more', '{loud: (…), toString: function toString}',
    ]) assert.ok(bodies.includes(expected), `${expected} in ${bodies.slice(0, 10).join('\n')}`);
    assert.ok(bodies.every((body) => body.length <= 4000 && !body.includes('secret text') && !body.includes('not wanted')));
    assert.ok(bodies.length < 210, String(bodies.length));
    assert.equal(sum(items), all);
    assert.equal(logs(items).find((item) => item.body === 'answer is 42 more')!.severity, 13);
    const errors = items.filter((item) => item.attributes['exception.type'] === 'TypeError');
    assert.deepEqual(errors.map(({ attributes }) => attributes['farol.exception.mechanism']).sort(), ['api', 'console']);
    const [caught] = errors.filter(({ attributes }) => attributes['farol.exception.mechanism'] === 'console');
    assert.equal(caught!.attributes['exception.message'], 'caught in a component');
    assert.equal(JSON.stringify(caught!.attributes).includes('"ERROR"'), true, 'what stood beside it');
    assert.notEqual(String(caught!.attributes['exception.stacktrace']), 'undefined');
  }));

test('what the policy refused is told, once for each, also what was refused before the second file came', () =>
  on({
    headers: { 'content-security-policy': "img-src 'none'" },
    body: '<img src="https://pics.example/a.png?token=x"><img src="https://pics.example/a.png?token=x">',
  }, async ({ page, until }) => {
    await page.hide();
    const report = (item: Item): boolean => item.name === 'farol.report' && String(item.attributes['farol.report.blocked.url']).startsWith('https://pics.example/');
    const items = await until((items) => items.some(report), 'the violation');
    const { attributes } = items.find(report)!;
    assert.equal(attributes['farol.report.type'], 'csp-violation');
    assert.equal(attributes['farol.report.directive'], 'img-src');
    assert.ok(!JSON.stringify(items).includes('token=x'));
  }));

test('what the policy refuses while the second file is there is told, and each time counted once, whatever the browser tells it by', async () => {
  await on({ headers: { 'content-security-policy': 'img-src data:' } }, async ({ page, until }) => {
    await page.evaluate(`(async () => {
      for (const name of ['c', 'c', 'd']) await new Promise((done) => { const image = new Image(); image.onerror = done; document.body.append(image); image.src = 'https://pics.example/' + name + '.png'; });
    })()`);
    // Reports come in tasks of their own.
    await page.evaluate('new Promise((done) => setTimeout(done, 200))');
    await page.hide();
    await page.evaluate("farol.event('after'), farol.flush()");
    const items = await until((items) => items.some(named('after')), 'the event');
    const counts: Record<string, number> = {};
    for (const { attributes } of items.filter(named('farol.report'))) {
      const name = String(attributes['farol.report.blocked.url']).slice(-5);
      counts[name] = (counts[name] ?? 0) + Number(attributes['farol.count'] ?? 1);
    }
    assert.deepEqual(counts, { 'c.png': 2, 'd.png': 1 });
  });
  // Where it is the way to the collector that is refused, the page can hear of it at least.
  await on({ headers: { 'content-security-policy': "connect-src 'self'" } }, async ({ page, told }) => {
    await page.evaluate("farol.event('a'), farol.flush()");
    await page.waitFor('told.length');
    await page.evaluate("farol.event('b'), farol.flush()");
    assert.deepEqual(await told(), ['unsupported connect-src']);
  });
});

test('where the browser has no observer of reports, its events tell what the policy refuses', () =>
  on({
    headers: { 'content-security-policy': "img-src data:" },
    initScript: 'delete window.ReportingObserver',
  }, async ({ page, until }) => {
    await page.evaluate("new Promise((done) => { const image = new Image(); image.onerror = done; document.body.append(image); image.src = 'https://pics.example/b.png?sig=x'; })");
    const items = await until((items) => items.some(named('farol.report')), 'the violation');
    const { attributes } = items.find(named('farol.report'))!;
    assert.equal(attributes['farol.report.directive'], 'img-src');
    assert.match(String(attributes['farol.report.blocked.url']), /^https:\/\/pics\.example\/b\.png\?sig=REDACTED$/);
  }));

test('a form that is begun and left is told with its last field, one that is sent is not', () => {
  const fields = `<form id="sent"><input id="a"><button id="go">Go</button></form><form id="left"><input id="b" name="street"><input id="c" data-farol-name="card"></form>
    <form id="scripted" action="/away" target="inner"><input id="d"><button id="call" type="button">Go</button></form><iframe name="inner"></iframe><script src="/forms.js"></script>`;
  const route = (path: string): Reply | undefined => (path === '/forms.js' ? script('sent.onsubmit = (event) => event.preventDefault(); call.onclick = () => scripted.submit();') : path === '/away' ? { body: 'away' } : undefined);
  return on({ options: '{ capture: { forms: true } }', body: fields, route }, async ({ page, own, until }) => {
    await page.type('#a', 'hunter2');
    await page.click('#go');
    await page.type('#d', 'hunter5');
    await page.click('#call');
    await page.type('#b', 'hunter3');
    await page.type('#c', 'hunter4');
    await page.goto(`${own.url}/away`);
    const items = await until((items) => items.some(named('farol.form_abandoned')), 'the form');
    const told = items.filter(named('farol.form_abandoned'));
    assert.deepEqual(told.map(({ attributes }) => [attributes['farol.form.name'], attributes['farol.form.last_field'], attributes['farol.form.fields']]), [['left', 'card', 2]]);
    assert.ok(!/hunter/.test(JSON.stringify(items)));
  });
});

test('what a page says of itself when it is left begins no session, however long nobody was there', () => {
  const fields = '<form id="left"><input id="b"></form>';
  const options = '{ capture: { forms: true, memory: true, userTiming: true, actions: false, frustration: false }, session: { idleMs: 1500 } }';
  const route = (path: string): Reply | undefined => (path === '/away' ? { body: 'away' } : undefined);
  return on({ options, body: fields, route }, async ({ page, own, until }) => {
    await page.type('#b', 'x');
    const session = await page.evaluate('farol.flush().then(() => farol.sessionId())');
    // Its last input lies as far back as a session may be idle.
    await page.evaluate('new Promise((done) => setTimeout(done, 1600))');
    await page.goto(`${own.url}/away`);
    const items = await until((items) => items.some(named('farol.form_abandoned')), 'the last words');
    assert.deepEqual(items.filter(({ attributes }) => attributes['session.id'] !== session), []);
  });
});

const WORKER = `import { install } from '/worker.js';
  install();
  self.onmessage = ({ data }) => {
    postMessage('working on ' + data);
    setTimeout(() => { throw new Error('thrown later in the worker'); });
    Promise.reject(new Error('rejected in the worker'));
    (function deep() { throw new RangeError('thrown in the worker'); })();
  };`;

/** One that has not installed it. */
const BARE = "throw new Error('thrown in a bare worker');";

test('errors in a worker come with their stacks, once each, and the page gets its own messages alone', async () => {
  const { readFile } = await import('node:fs/promises');
  const helper = await readFile(new URL('../../npm/web/dist/worker.js', import.meta.url));
  await on({ route: (path) => (path === '/worker.js' ? script(helper) : path === '/sums.js' ? script(WORKER) : path === '/bare.js' ? script(BARE) : undefined) }, async ({ page, until }) => {
    const seen = await page.evaluate<string[]>(`import('/worker.js').then(({ watch }) => new Promise((done) => {
      const worker = new Worker('/sums.js', { type: 'module', name: 'sums' });
      const seen = [];
      watch(farol, worker);
      const { port1, port2 } = new MessageChannel();
      watch(farol, port1);
      port2.postMessage({ 'farol.error/1': { type: 'Error', message: 'thrown behind a port', stack: '', causes: [], more: 0, name: 'shared' } });
      worker.onmessage = ({ data }) => seen.push(data);
      worker.onerror = (event) => /later/.test(event.message) || event.preventDefault();
      worker.postMessage('a sum');
      // What its window hears of nobody's errors it goes on hearing.
      addEventListener('error', ({ message }) => { seen.push(message); if (seen.length > 2) done(seen); });
      watch(farol, new Worker('/bare.js'));
    }))`);
    assert.deepEqual(seen.map((message) => message.replace('Uncaught ', '')).sort(), ['Error: thrown in a bare worker', 'Error: thrown later in the worker', 'working on a sum']);
    const of = (message: string) => (item: Item): boolean => item.name === 'exception' && item.attributes['exception.message'] === message;
    const each = ['thrown in the worker', 'rejected in the worker', 'thrown behind a port', 'thrown later in the worker', 'thrown in a bare worker'];
    await page.evaluate('farol.flush()');
    const items = await until((items) => each.every((message) => items.some(of(message))), 'all errors');
    const { attributes, severity } = items.find(of('thrown in the worker'))!;
    assert.equal(attributes['exception.type'], 'RangeError');
    assert.match(String(attributes['exception.stacktrace']), /deep.*sums\.js:\d+:\d+/);
    assert.equal(attributes['farol.worker.name'], 'sums');
    assert.equal(severity, 17);
    assert.equal(items.filter(named('exception')).length, each.length);
  });
});

test('an error that the page hands over has its context, and counts as what the page says', () =>
  on({}, async ({ page, until }) => {
    await page.evaluate("farol.captureError(new Error('half'), { handled: false, context: { step: 2, both: 'context', get bad() { throw new Error('no'); } }, attributes: { both: 'attributes' } }); farol.captureError(new Error('whole'))");
    const items = await until((items) => items.filter(named('exception')).length >= 2, 'both');
    const [half, whole] = ['half', 'whole'].map((message) => items.find((item) => item.attributes['exception.message'] === message)!);
    assert.deepEqual([half!.severity, half!.attributes['step'], half!.attributes['both']], [17, 2, 'attributes']);
    assert.equal(whole!.severity, 13);
  }));

/** Throws an error from a file of that name, in a task of its own; the second after the first is through. */
const thrower = (message: string): Reply => script(`setTimeout(() => { throw new Error(${JSON.stringify(message)}) })`);

test('errors that the page lists, by what they say or by the file they come from, are left out, and each list is asked about its own', () =>
  on({
    options: "{ ignoreErrors: ['unloved', /^Error: nev.r mind$/], denyUrls: ['/denied.js', /third-\\d\\.js$/] }",
    route: (path) => ({
      '/page.js': thrower('told'), '/denied.js': thrower('of a denied file'), '/third-1.js': thrower('of a third'), '/unloved.js': thrower('of a file that is named so'),
      '/loud.js': thrower('an unloved one'), '/mind.js': thrower('never mind'), '/not.js': thrower('of /denied.js and third-1.js, by its words'),
    })[path],
    body: ['page', 'denied', 'third-1', 'unloved', 'loud', 'mind', 'not'].map((name) => `<script src="/${name}.js"></script>`).join(''),
  }, async ({ page, until, told }) => {
    await page.evaluate("new Promise((done) => setTimeout(done)).then(() => (farol.event('after'), farol.flush()))");
    const items = await until((items) => items.some(named('after')), 'the event');
    assert.deepEqual(items.filter(named('exception')).map(({ attributes }) => attributes['exception.message']).sort(),
      ['of /denied.js and third-1.js, by its words', 'of a file that is named so', 'told']);
    assert.deepEqual((await told()).sort(), ['ignored 1', 'ignored 1', 'ignored 2', 'ignored 2']);
  }));

/** Functions whose requests fail, at once and later. */
const caller = (name: string): string => `
  async function ${name}() { await fetch('http://127.0.0.1:1/${name}'); }
  function ${name}AtOnce() { const xhr = new XMLHttpRequest(); xhr.open('GET', 'http://127.0.0.1:1/${name}', false); xhr.send(); }`;

for (const shared of [false, true]) {
  test(`a request that fails is its caller's error and none of ours, where the SDK is ${shared ? 'in the same file as the caller' : 'a file of its own'}`, () => {
    const sdk = shared ? files.get('/farol.js')!.toString().replace('\ufeff', '') + ';' : '';
    const callers = '<script src="/caller.js"></script><script src="/denied.js"></script>';
    return on({
      options: "{ base: '/', denyUrls: ['/denied.js'] }",
      route: (path) => ({
        ...(shared && { '/': html(`${callers}<script src="/start.js"></script>`) }),
        '/caller.js': script(sdk + caller('caller')), '/denied.js': script(caller('denied')),
      })[path],
      body: callers,
    }, async ({ page, until, told }) => {
      // Not each engine says of what fails who called it.
      const says = await page.evaluate<boolean[]>(`Promise.all([caller, async () => callerAtOnce()].map((call) => call().catch(({ stack }) => stack.includes('caller.js') && stack.includes('caller'))))`);
      await page.evaluate(`for (const call of [caller, denied]) void call(); for (const call of [callerAtOnce, deniedAtOnce]) setTimeout(call); 0`);
      const denied = says.filter(Boolean).length;
      const errors = (await until((items) => items.filter(named('exception')).length >= 4 - denied, 'the errors')).filter(named('exception'));
      const stacks = errors.map(({ attributes }) => String(attributes['exception.stacktrace']));
      const tops = stacks.map((stack) => /^\s*(?:at )?(\w+)\b.*\.js/m.exec(stack)?.[1]);
      for (const [n, name] of ['caller', 'callerAtOnce'].entries()) if (says[n]) assert.ok(tops.includes(name), stacks.join('\n'));
      assert.ok(shared || stacks.every((stack) => !/farol\.js/.test(stack)), stacks.join('\n'));
      assert.equal(errors.length, 4 - denied);
      assert.deepEqual(await told(), Array(denied).fill('ignored 2'));
    });
  });
}

test('errors of the visitor\'s extensions are told where the page wants them, and by default are not', async () => {
  for (const wanted of [false, true]) {
    await on({ options: `{ extensionErrors: ${wanted} }` }, async ({ page, until, told }) => {
      await page.evaluate(`['chrome', 'moz', 'safari-web'].forEach((kind) => {
        const error = new Error('of ' + kind);
        error.stack = 'Error: of ' + kind + '\\n    at f (' + kind + '-extension://abcdef/content.js:1:2)';
        farol.captureError(error);
      }), farol.event('after'), farol.flush()`);
      const items = await until((items) => items.some(named('after')), 'the event');
      assert.deepEqual(items.filter(named('exception')).map(({ attributes }) => attributes['exception.message']), wanted ? ['of chrome', 'of moz', 'of safari-web'] : []);
      assert.deepEqual(await told(), wanted ? [] : Array(3).fill('ignored 0'));
    });
  }
});

test('resources of other sites are told with those of the page, and are not where it does not want them', async () => {
  const other = await site(() => ({ headers: { 'content-type': 'text/javascript', 'timing-allow-origin': '*' }, body: '' }));
  const third = other.url.replace('127.0.0.1', 'localhost');
  for (const thirdParty of [true, false]) {
    await on({
      options: `{ capture: { resources: { thirdParty: ${thirdParty} } } }`,
      body: `<script src="${third}/tag.js"></script><script src="/own.js"></script>`,
      route: (path) => (path === '/own.js' ? script('') : undefined),
    }, async ({ page, until }) => {
      const parties = (items: Item[]): unknown[] => items.filter(named('browser.resource_timing')).filter(({ attributes }) => /(tag|own)\.js/.test(String(attributes['url.full'])))
        .map(({ attributes }) => attributes['farol.resource.party']);
      await page.hide();
      await page.evaluate("farol.event('after'), farol.flush()");
      const items = await until((items) => items.some(named('after')) && parties(items).length >= 1, 'the resources');
      assert.deepEqual(parties(items).sort(), thirdParty ? ['first', 'third'] : ['first']);
    });
  }
  other.close();
});

/** Three kinds of reports, as Chromium has them; what makes a browser write one changes with its version. */
const REPORTS = `window.ReportingObserver = class {
  constructor(callback) { this.callback = callback; }
  observe() { this.callback(['intervention', 'deprecation', 'csp-violation'].map((type) => ({ type, url: location.href, body: { id: type + ' id', message: 'of ' + type, sourceFile: '/a.js?token=x', lineNumber: 7 } }))); }
  disconnect() {}
}`;

test('what the browser intervened in is told, what it will cease to do where that is named, and nothing where nothing is wanted', async () => {
  for (const [wanted, types] of [['undefined', ['csp-violation', 'intervention']], ["['deprecation']", ['deprecation']], ["['intervention']", ['intervention']], ['false', []]] as const) {
    await on({ options: `{ capture: { reports: ${wanted} } }`, initScript: REPORTS }, async ({ page, until }) => {
      await page.hide();
      await page.evaluate("farol.event('after'), farol.flush()");
      const items = await until((items) => items.some(named('after')), 'the event');
      const reports = items.filter(named('farol.report'));
      assert.deepEqual(reports.map(({ attributes }) => attributes['farol.report.type']).sort(), types);
      for (const { attributes } of reports) {
        const type = attributes['farol.report.type'];
        assert.deepEqual([attributes['farol.report.id'], attributes['farol.report.message'], attributes['farol.report.line']], [`${type} id`, `of ${type}`, 7]);
        assert.match(String(attributes['farol.report.source.url']), /a\.js\?token=REDACTED$/);
      }
    });
  }
});

test('frames are told from the length on that the page names', async () => {
  const busy = (ms: number): string => `new Promise((done) => setTimeout(() => { const end = performance.now() + ${ms}; while (performance.now() < end); requestAnimationFrame(() => setTimeout(done)); }))`;
  // Below the default of 200 ms on a machine that is quick, and above what is named on any.
  for (const [least, told] of [[60, true], [1e6, false]] as const) {
    await on({ options: `{ capture: { frames: ${least} } }` }, async ({ page, until }) => {
      await page.evaluate(busy(told ? 80 : 300));
      await page.hide();
      await page.evaluate("farol.event('after'), farol.flush()");
      const items = await until((items) => items.some(named('after')) && (!told || items.some(named('farol.long_frame'))), 'the frame');
      assert.equal(items.some(named('farol.long_frame')), told);
    });
  }
});

test('a session is over when it is as old as the page says, however busy its visitor', () =>
  on({ options: '{ session: { lifetimeMs: 1500 } }' }, async ({ page, until }) => {
    const first = await page.evaluate<string>("farol.event('one'), farol.sessionId()");
    await page.waitFor(`farol.event('again'), farol.sessionId() !== ${JSON.stringify(first)}`);
    const second = await page.evaluate<string>("farol.event('two'), farol.flush().then(() => farol.sessionId())");
    const items = await until((items) => items.some(named('two')), 'what follows');
    const of = (id: string, name: string): Item => items.find((item) => item.attributes['session.id'] === id && item.name === name)!;
    assert.ok(of(first, 'one') && of(second, 'session_extend'));
    const all = items.filter((item) => item.attributes['session.id'] === first).map(({ time }) => time);
    assert.ok(Math.max(...all) - Math.min(...all) <= 1500 * 1e6, String(all));
  }));

const PREFIX = 'farol.session.attribute.';

test('attributes of the session are on what comes from then on, those of the start until they are replaced', () =>
  on({ options: "{ session: { attributes: { plan: 'free', old: true } } }" }, async ({ page, until }) => {
    await page.evaluate("farol.event('before'), farol.setSessionAttributes({ plan: 'paid', seats: 3 }), farol.event('after'), farol.flush()");
    const items = await until((items) => items.some(named('after')), 'both');
    const [before, after] = ['before', 'after'].map((name) => items.find(named(name))!.attributes);
    const ours = (attributes: Item['attributes']) => Object.fromEntries(Object.entries(attributes).flatMap(([name, value]) => (name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), value]] : [])));
    assert.deepEqual([before!, after!].map(ours), [{ plan: 'free', old: true }, { plan: 'paid', seats: 3 }]);
  }));
