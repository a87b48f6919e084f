/** Other tracers on the page, whose wrappers are within ours: one header leaves, and our span is in the trace that it names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestTransport } from '../src/testing.js';
import type { Options } from '../src/types.js';
import { madeUp } from './any/page.js';

madeUp();

const THEIRS = '00-11111111111111111111111111111111-2222222222222222-01';
type Sent = Record<string, string>;
let sent: Sent[] = [];

/** Keeps its headers as browsers do: what is set twice is a list. */
class Request_ extends EventTarget {
  status = 0;
  readyState = 0;
  headers: Sent = {};
  open(_method: string, url: string): void {
    if (url == 'refused') throw new Error('SyntaxError');
    this.headers = {};
    this.readyState = 1;
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = name in this.headers ? `${this.headers[name]}, ${value}` : value;
  }
  send(): void {
    sent.push(this.headers);
    Object.assign(this, { readyState: 4, status: 200 });
    this.dispatchEvent(new Event('readystatechange'));
  }
}
Object.assign(globalThis, { XMLHttpRequest: Request_ });
const proto = Request_.prototype;
const native = { open: proto.open, setRequestHeader: proto.setRequestHeader, send: proto.send };
const fetched = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
  const headers = init?.headers === undefined && input instanceof Request ? input.headers : new Headers(init?.headers);
  sent.push(Object.fromEntries(headers));
  return Promise.resolve(new Response(null, { status: 200 }));
};
globalThis.fetch = fetched;
const { init } = await import('../src/index.js');

/** Sends requests with another's wrappers there first, then tells the headers that left and where the spans of each client are. */
async function play(before: () => void, requests: () => unknown, more: Partial<Options>[] = [{}]): Promise<{ headers: Sent[]; spans: string[][] }> {
  sent = [];
  Object.assign(proto, native);
  globalThis.fetch = fetched;
  before();
  const clients = more.map((options) => {
    const { transport, spans } = createTestTransport();
    return { spans, client: init({ url: 'https://c.example', transport, features: [], session: { storage: 'none' }, ...options }) };
  });
  await requests();
  await new Promise((done) => setImmediate(done));
  const headers = sent;
  await Promise.all(clients.map(({ client }) => client.flush()));
  for (const { client } of clients.reverse()) await client.shutdown();
  clients.reverse();
  return { headers, spans: clients.map(({ spans }) => spans().map((span) => [span['traceId'], span['parentSpanId'] || '', span['spanId']].join('-'))) };
}

const xhr = (prepare?: (request: XMLHttpRequest) => void): void => {
  const request = new XMLHttpRequest();
  request.open('GET', '/api');
  prepare?.(request);
  request.send();
};
/** `send` sets its own, as OpenTelemetry's does. */
const inSend = (): void => {
  const { send } = proto;
  proto.send = function () {
    this.setRequestHeader('traceparent', THEIRS);
    this.setRequestHeader('x-theirs', '1');
    return send.call(this);
  };
};

test('of another that sets its header in `send` none is added to ours', async () => {
  const { headers, spans: [[span, ...more]] } = await play(inSend, () => (xhr(), xhr())) as { headers: Sent[]; spans: [string[]] };
  assert.equal(more.length, 1);
  assert.equal(headers.length, 2);
  for (const [n, { traceparent, 'x-theirs': theirs }] of headers.entries()) {
    const [trace, parent, id] = [span, ...more][n]!.split('-');
    assert.deepEqual([traceparent, theirs, parent], [`00-${trace}-${id}-01`, '1', '']);
  }
});

test('where no header of ours goes another tracer has its own, and what the page has set before goes on', async () => {
  const outside = await play(inSend, () => xhr(), [{ sampleRate: 0 }]);
  assert.deepEqual(outside.headers, [{ traceparent: THEIRS, 'x-theirs': '1' }]);
  const after = await play(() => {}, () => xhr((request) => request.setRequestHeader('traceparent', THEIRS)));
  assert.deepEqual(after.headers, [{ traceparent: THEIRS }]);
});

test('another that sets its header in `open` keeps it, and ours is in its trace', async () => {
  const inOpen = (): void => {
    const { open } = proto;
    proto.open = function (...args) {
      open.apply(this, args);
      this.setRequestHeader('TraceParent', THEIRS);
    };
  };
  const { headers, spans } = await play(inOpen, () => {
    xhr();
    // What is opened again has no headers of before, and what is refused changes nothing.
    xhr((request) => {
      assert.throws(() => request.open('GET', 'refused'));
    });
  });
  assert.deepEqual(headers, [{ TraceParent: THEIRS }, { TraceParent: THEIRS }]);
  for (const span of spans[0]!) assert.ok(span.startsWith(THEIRS.slice(3, -3)), span);
  const again = await play(() => {}, () => xhr((request) => {
    request.setRequestHeader('traceparent', THEIRS);
    request.open('GET', '/api');
  }));
  assert.ok(!again.spans[0]![0]!.startsWith(THEIRS.slice(3, -3)));
  assert.equal(again.headers.length, 1);
});

test('of `fetch` the span is in the trace that another has put in the place of ours', async () => {
  const wrappers: Record<string, (native: typeof fetch) => typeof fetch> = {
    'a new list of headers': (native) => (input, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set('traceparent', THEIRS);
      init.headers = headers;
      return native(input, init);
    },
    'into the object': (native) => (input, init = {}) => {
      init.headers = { ...(init.headers as Sent), traceparent: THEIRS };
      return native(input, init);
    },
    'into the request, later': (native) => async (input, init) => {
      await undefined;
      if (input instanceof Request) input.headers.set('traceparent', THEIRS);
      else (init!.headers as Sent)['traceparent'] = THEIRS;
      return native(input, init);
    },
  };
  for (const [how, wrap] of Object.entries(wrappers)) {
    const requests = [() => fetch('https://shop.example/api')];
    if (how.includes('request')) requests.push(() => fetch(new Request('https://shop.example/api')));
    for (const request of requests) {
      const { headers, spans } = await play(() => (globalThis.fetch = wrap(fetched)), request);
      assert.deepEqual(headers.map(({ traceparent }) => traceparent), [THEIRS], how);
      assert.equal(spans[0]![0]!.slice(0, 49), THEIRS.slice(3, -3), how);
    }
  }
});

test('what the page does to its own headers afterwards moves no span', async () => {
  const headers: Sent = { traceparent: THEIRS };
  const { spans } = await play(() => {}, () => {
    const answer = fetch('https://shop.example/api', { headers });
    headers['traceparent'] = THEIRS.replace('1', '9');
    return answer;
  });
  assert.ok(spans[0]![0]!.startsWith(THEIRS.slice(3, -3)), spans[0]![0]);
});

test('of two clients the spans are in one trace, the second’s below the first’s', async () => {
  for (const request of [() => fetch('https://shop.example/api'), () => fetch(new Request('https://shop.example/api')), () => xhr()]) {
    const { headers: [header], spans: [one, two] } = await play(() => {}, request, [{}, { app: { name: 'second' }, baggage: { tenant: 'acme' } }]);
    const [trace, parent, id] = one![0]!.split('-');
    assert.deepEqual([header!['traceparent'], parent], [`00-${trace}-${id}-01`, '']);
    assert.equal(two![0]!.slice(0, 49), `${trace}-${id}`);
  }
});

test('the baggage that the page has set stays alone', async () => {
  const own = (request: XMLHttpRequest): void => request.setRequestHeader('Baggage', 'own=1');
  const { headers } = await play(() => {}, () => (xhr(own), xhr()), [{ baggage: { tenant: 'acme' } }, { baggage: { tenant: 'other' } }]);
  assert.deepEqual(headers.map(({ traceparent: _, ...rest }) => rest), [{ Baggage: 'own=1' }, { baggage: 'tenant=acme' }]);
});

test('the methods of the promise that another’s `fetch` gives are there for who calls ours', async () => {
  const wrap = (): void => void (globalThis.fetch = (...args) => Object.assign(fetched(...args), { cancel: () => 7 }));
  let answer;
  const { spans } = await play(wrap, () => (answer = fetch('/api') as Promise<Response> & { cancel?(): number }));
  assert.equal(spans[0]!.length, 1);
  assert.equal(answer!.cancel?.(), 7);
  assert.equal((await answer!).status, 200);
});
