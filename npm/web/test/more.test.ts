/** The pure parts of the second file. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { mock, test } from 'node:test';
import { grown } from '../src/more/self.js';
import { begin, click, DEAD, deadline, joins, LONGEST, QUIET, type Burst } from '../src/more/action.js';
import { createCap } from '../src/more/cap.js';
import { describeFrame } from '../src/more/frames.js';
import { observeNames } from '../src/more/known.js';
import { kindOf } from '../src/more/loads.js';
import * as names from '../src/more/names.js';
import { option } from '../src/more/option.js';
import { answered } from '../src/more/answers.js';
import { party, site } from '../src/more/party.js';
import { print } from '../src/more/print.js';
import { observeMarks, observeResources, serverTiming } from '../src/more/timings.js';
import { createTwice } from '../src/more/twice.js';
import type { Sdk } from '../src/sdk.js';
import type { Capture, Options, Resources, Sampling, Scrub, User } from '../src/types.js';

test('every name of an event or attribute is one of the protocol', async () => {
  const rust = await readFile(new URL('../../../protocol/src/names.rs', import.meta.url), 'utf8');
  for (const list of Object.values(names as unknown as Record<string, Record<string, string>>)) {
    for (const name of Object.values(list)) assert.ok(rust.includes(`"${name}"`), name);
  }
});

/** Each option that the types know, with what is in it. */
type Whole = Required<Omit<Options, 'app' | 'batch' | 'capture' | 'limits' | 'sampling' | 'scrub' | 'session' | 'user'>> & {
  [G in 'app' | 'batch' | 'limits' | 'session']: Required<NonNullable<Options[G]>>;
} & { capture: Required<Omit<Capture, 'resources'>> & { resources: Required<Resources> }; sampling: Required<Omit<Sampling, 'rates'>> & { rates: Required<NonNullable<Sampling['rates']>> }; scrub: Required<Scrub>; user: Required<User> };

test('an option of a name that there is not is told', () => {
  const told = (options: unknown): unknown[] => {
    const all: unknown[] = [];
    observeNames({ options_: options, tell_: (_: number, detail: unknown) => all.push(detail) } as unknown as Sdk);
    return all;
  };
  const no: any = undefined;
  const whole: Whole = {
    url: '/', key: no, app: { name: no, version: no, environment: no, namespace: no, release: no }, sampleRate: no,
    sampling: { ring: no, ringMs: no, ringBytes: no, rates: { log: 1, exception: 1, measurement: 1, event: 1, span: 1 } },
    propagateTo: no, baggage: { own: 'x' }, ignoreErrors: no, denyUrls: no, extensionErrors: no, protocol: no, privacyControl: no,
    session: { idleMs: no, lifetimeMs: no, storage: no, attributes: { own: 1 } }, consent: no, remoteConfig: no, outbox: no, selfReport: no,
    batch: { items: no, bytes: no, ageMs: no }, limits: { logs: no, exceptions: no, measurements: no, events: no, spans: no }, view: no, routes: no,
    scrub: { allow: no, deny: no, page: no }, user: { id: no, username: no, email: no, fullName: no, hash: no, roles: no, attributes: { own: 1 } },
    attributes: { own: 1 }, beforeSend: no, onDiagnostic: no, transport: no, features: no, core: no, base: no, coreDelayMs: no, unsampledHeader: no,
    capture: {
      vitals: no, errors: no, fetch: no, xhr: no, navigation: no, clicks: no, loads: no, actions: no, frustration: no, elementText: no, frames: no, reports: no,
      resources: { rate: no, ignore: no, thirdParty: no, minMs: no }, load: no, userTiming: no, memory: no, console: no, traceResponse: no, forms: no,
    },
  };
  assert.deepEqual(told(whole), []);
  assert.deepEqual(
    told(Object.freeze({ url: '/', samplerate: 0, Consent: 'denied', beforesend() {}, capture: Object.freeze({ error: false, resources: { minMS: 1 } }), session: { storge: 'none' }, sampling: { rates: { logs: 1 } }, __proto__: { added: 1 } })),
    ['samplerate', 'Consent', 'beforesend', 'sampling.rates.logs', 'session.storge', 'capture.error', 'capture.resources.minMS'],
  );
  // Of other kinds others tell, and a whole configuration is no slip.
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const odd of ['shop', ['a'], 5, null, true, proxy]) assert.deepEqual(told({ sampling: { rates: odd }, capture: { resources: odd } }), []);
  assert.equal(told(Object.fromEntries(Array.from({ length: 99 }, (_, at) => ['x' + at, 1]))).length, 20);
});

test('a thing is told once, its repeats are counted, and what has no place is counted without one', () => {
  const told: [string | undefined, number][] = [];
  const cap = createCap<string>(2, (thing, count) => told.push([thing, count]));
  for (const key of ['a', 'b', 'a', 'c', 'c', 'a']) cap.see_(key, key.toUpperCase());
  assert.deepEqual(told.splice(0), [['A', 1], ['B', 1]]);
  cap.settle_();
  assert.deepEqual(told.splice(0), [['A', 2], [undefined, 2]]);
  cap.settle_();
  assert.deepEqual(told, []);
});

test('what did not come is known by its element', () => {
  for (const [tag, rel, as, kind] of [
    ['img', '', '', 'image'], ['script', '', '', 'script'], ['link', 'stylesheet', '', 'style'], ['link', 'alternate STYLESHEET', '', 'style'],
    ['link', 'preload', 'font', 'font'], ['link', 'shortcut icon', '', 'image'], ['link', 'prefetch', '', 'other'], ['video', '', '', 'media'], ['object', '', '', 'other'],
  ] as const) {
    assert.equal(kindOf(tag, rel, as), kind, tag + rel + as);
  }
});

test('the trace of a server stands anywhere in its Server-Timing, and zeros are none', () => {
  const entry = (name: string, duration: number, description = ''): PerformanceServerTiming => ({ name, duration, description, toJSON() {} });
  const [trace, span] = ['1'.repeat(32), '2'.repeat(16)];
  const many = Array.from({ length: 9 }, (_, n) => entry('t' + n, 1));
  const [attributes, found] = serverTiming([...many, entry('traceparent', 0, `00-${trace}-${span}-01`)]);
  assert.deepEqual(found, [trace, span]);
  assert.equal(Object.keys(attributes).length, 8);
  const zeros = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`;
  assert.equal(serverTiming([entry('traceparent', 0, zeros)])[1], undefined);
  assert.equal(answered(zeros), undefined);
  assert.deepEqual(Object.values(answered(`00-${trace}-${span}-01`)!), [trace, span]);
});

test('hosts of one site are the first party, others the third', () => {
  for (const [host, of] of [['www.shop.example', 'shop.example'], ['a.b.co.uk', 'a.b.co.uk'], ['x.a.b.co.uk', 'a.b.co.uk'], ['127.0.0.1', '127.0.0.1'], ['localhost', 'localhost'], ['[::1]', '[::1]']]) {
    assert.ok(site(host!).length <= host!.length && host!.endsWith(site(host!)), of);
  }
  assert.equal(party('cdn.shop.example', 'www.shop.example'), 'first');
  assert.equal(party('cdn.shop.co.uk', 'www.shop.co.uk'), 'first');
  assert.equal(party('other.co.uk', 'www.shop.co.uk'), 'third');
  assert.equal(party('other.pe.kr', 'www.shop.pe.kr'), 'third');
  assert.equal(party('shop.example', 'www.other.example'), 'third');
  assert.equal(party('10.0.0.1', '11.0.0.1'), 'third');
  // Names of three letters below a country's, and names that look like a registry's.
  assert.equal(party('static.dhl.de', 'www.dhl.de'), 'first');
  assert.equal(party('cdn.bmw.de', 'bmw.de'), 'first');
  assert.equal(party('static.com.example', 'com.example'), 'first');
  assert.equal(party('static.go.io', 'go.io'), 'first');
  assert.equal(party('shop.com.br', 'other.com.br'), 'third');
  assert.equal(party('impots.gouv.fr', 'www.ants.gouv.fr'), 'third');
});

test('an action is over when nothing follows any more, and a dead one after a second', () => {
  const action = begin('click', 1000);
  assert.equal(deadline(action), 1000 + DEAD);
  action.last_ = 1050;
  assert.equal(deadline(action), 1050 + QUIET);
  action.open_ = 1;
  assert.equal(deadline(action), 1000 + LONGEST);
  action.open_ = 0;
  action.last_ = 1000 + LONGEST - 1;
  assert.equal(deadline(action), 1000 + LONGEST);
  assert.equal(joins(action, 1050), true);
  assert.equal(joins(action, 1200), false);
  assert.equal(joins(undefined, 0), false);
});

test('three clicks on one thing within a second are a rage; slower, farther or elsewhere they are not', () => {
  const rages = (clicks: [thing: string, x: number, at: number][]): boolean => {
    let burst: Burst | undefined;
    for (const [thing, x, at] of clicks) burst = click(burst, thing, x, 0, at);
    return !!burst!.rage_;
  };
  assert.equal(rages([['a', 0, 0], ['a', 10, 300], ['a', 0, 900]]), true);
  assert.equal(rages([['a', 0, 0], ['a', 10, 300]]), false);
  assert.equal(rages([['a', 0, 0], ['a', 0, 600], ['a', 0, 1200], ['a', 0, 1800]]), false);
  assert.equal(rages([['a', 0, 0], ['a', 100, 300], ['a', 0, 500]]), false);
  assert.equal(rages([['a', 0, 0], ['b', 0, 300], ['a', 0, 500]]), false);
  assert.equal(rages([['a', 0, 0], ['a', 0, 100], ['a', 0, 200], ['a', 0, 2000]]), false);
});

test('a frame names its longest script, and no address twice', () => {
  const frame = describeFrame({
    entryType: 'long-animation-frame', startTime: 100, duration: 300, blockingDuration: 250, renderStart: 350, styleAndLayoutStart: 380,
    scripts: [
      { startTime: 100, duration: 50, invoker: 'Window.setTimeout', invokerType: 'user-callback', sourceURL: '/a.js' },
      { startTime: 150, duration: 150, invoker: 'https://x.example/b.js', invokerType: 'classic-script', sourceURL: 'https://x.example/b.js', sourceFunctionName: '', sourceCharPosition: -1 },
    ],
  });
  assert.deepEqual(JSON.parse(JSON.stringify(frame)), {
    'farol.frame.entry_type': 'long-animation-frame', 'farol.frame.duration': 300, 'farol.frame.blocking_duration': 250, 'farol.frame.render_duration': 50,
    'farol.frame.style_duration': 20, 'farol.frame.scripts': 2, 'farol.frame.script_duration': 200, 'farol.script.url': 'https://x.example/b.js',
    'farol.script.invoker_type': 'classic-script', 'farol.script.duration': 150,
  });
});

test("a script that is its own address is not told as what called", () => {
  const invoker = 'data:text/javascript,secret()';
  const frame = describeFrame({ entryType: 'long-animation-frame', startTime: 0, duration: 100, scripts: [{ startTime: 0, duration: 100, invoker, invokerType: 'classic-script', sourceURL: '' }] } as never);
  assert.ok(!JSON.stringify(frame).includes('secret'));
});

test('of an element that is called by its `src` that is no part of what called, and the rest is bounded', () => {
  const called = (invoker: string): unknown =>
    describeFrame({ entryType: 'long-animation-frame', startTime: 0, duration: 100, scripts: [{ startTime: 0, duration: 100, invoker, invokerType: 'event-listener' }] } as never)['farol.script.invoker'];
  for (const src of ['data:image/jpeg;base64,/9j/4AAQ', '/avatar?token=hunter2', '"/a?code=1"', 'a].onload', '/a.b']) assert.equal(called(`IMG[src=${src}].onload`), 'IMG[src].onload');
  assert.equal(called('IMG[src=data:image/png;base64,AAAA'), 'IMG[src');
  assert.equal(called('BUTTON#buy.onclick'), 'BUTTON#buy.onclick');
  assert.equal((called(`DIV#${'x'.repeat(500)}.onclick`) as string).length, 99);
});

test('a switch that is of another kind is told by name, and its default stands', () => {
  const told: unknown[] = [];
  const sdk = { options_: { capture: { frames: 'fast', reports: ['intervention'], loads: null, console: 'error' } }, tell_: (_: number, detail: unknown) => told.push(detail) } as unknown as Sdk;
  assert.equal(option(sdk, 'frames', 'boolean number'), undefined);
  assert.deepEqual(option(sdk, 'reports', 'boolean list'), ['intervention']);
  assert.equal(option(sdk, 'loads', 'boolean'), null);
  assert.equal(option(sdk, 'console', 'list'), undefined);
  assert.equal(option(sdk, 'forms', 'boolean'), undefined);
  assert.deepEqual(told, ['capture.frames', 'capture.console']);
});

test('what the SDK says of itself is what has grown', () => {
  assert.deepEqual(grown({ requests: 3, bytes: 100, retries: 1 }, { requests: 2, bytes: 100 }), [['requests', 1], ['retries', 1]]);
  assert.deepEqual(grown({ requests: 3 }, { requests: 3 }), []);
});

test('what comes by two ways is taken once each time, by whichever comes first, and what comes by one alone too', () => {
  const first = createTwice();
  assert.deepEqual([first('a', 1), first('a', -1), first('a', -1), first('a', 1)], [true, false, true, false]);
  assert.deepEqual([first('b', -1), first('b', -1)], [true, true]);
});

test('however many there are, what was told both ways makes room, and of what has none each is told once', () => {
  const first = createTwice();
  for (let n = 0; n < 3000; n++) assert.deepEqual([first(`both ${n}`, 1), first(`both ${n}`, -1)], [true, false]);
  for (let n = 0; n < 1000; n++) first(`one ${n}`, 1);
  assert.deepEqual([first('more', 1), first('more', -1), first('other', -1), first('other', 1)], [true, false, false, true]);
  assert.equal(first('one 0', -1), false, 'what has a place keeps it');
  assert.deepEqual([first('room', 1), first('room', -1)], [true, false]);
});

test('of a long list in a console call the first members are shown, and no others are looked at', () => {
  const { keys } = Object;
  const looked: number[] = [];
  const spy = mock.method(Object, 'keys', (value: object) => {
    looked.push((value as unknown[]).length ?? 0);
    return keys(value);
  });
  try {
    const zeros = '0, 0, 0, 0, 0, 0, 0, 0, 0, 0, …';
    assert.equal(print(['bytes', new Uint8Array(10_000_000), { in: new Float64Array(1_000_000) }]), `bytes [${zeros}] {in: [${zeros}]}`);
    assert.equal(print([Array.from({ length: 1_000_000 }, (_, n) => n)]), '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …]');
    assert.equal(print([new Uint8Array([1, 2]), new DataView(new ArrayBuffer(4)), [1, , 3], new ArrayBuffer(4)]), '[1, 2] [] [1, 3] {}');
  } finally {
    spy.mock.restore();
  }
  assert.ok(Math.max(...looked) < 100, String(looked));
});

test('marks, measures and resources that the browser’s clock does not tell apart are all in what is told', async () => {
  const times = 3;
  for (const [observer, entry] of [
    [observeMarks, { entryType: 'mark', name: 'tick', startTime: 5, duration: 0 }],
    [observeResources, { entryType: 'resource', name: 'https://shop.example/a.js', startTime: 5, duration: 2 }],
  ] as const) {
    class PerformanceObserver {
      static supportedEntryTypes = [entry.entryType];
      constructor(private run: (list: unknown) => void) {}
      observe(): void {
        this.run({ getEntries: () => Array(times).fill(entry) });
      }
      takeRecords(): unknown[] {
        return [];
      }
    }
    const given = Object.assign(globalThis, { PerformanceObserver, location: { hostname: 'shop.example' } });
    const told: Record<string, unknown>[] = [];
    const w: object = { s: () => w, n: () => w, a: (attributes: Record<string, unknown>) => (told.push(attributes), w) };
    const hides_ = new Set<(event: object) => void>();
    observer({
      options_: { capture: { userTiming: true, resources: true } }, endpoint_: 'https://c.example', live_: () => true, guard_: (run: unknown) => run, stops_: [], hides_,
      put_: (_: unknown, write: (to: unknown) => void) => write(w),
    } as unknown as Sdk);
    for (const turn of [0, 1]) for (const hide of hides_) hide({ type: 'visibilitychange', turn });
    assert.deepEqual(told.map((attributes) => attributes[names.Attr.Count]), [undefined, times - 1], entry.entryType);
    for (const name of ['PerformanceObserver', 'location']) Reflect.deleteProperty(given, name);
  }
});
