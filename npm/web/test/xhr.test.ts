/** Spans of XMLHttpRequest, with one made for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Op } from '../src/abi.js';
import type { Sdk } from '../src/sdk.js';

class Fake extends EventTarget {
  status = 200;
  readyState = 4;
  sent = false;
  open(): void {
    this.sent = false;
  }
  setRequestHeader(): void {
    if (this.sent) throw new Error('InvalidStateError');
  }
  send(): void {
    if (this.sent) throw new Error('InvalidStateError');
    this.sent = true;
  }
}
Object.assign(globalThis, { window: globalThis, XMLHttpRequest: Fake, document: { baseURI: 'https://shop.example/' } });
const { observeXhr } = await import('../src/observe/xhr.js');

test('a request goes where it was opened, whatever the base address is when it is sent', () => {
  const headers: string[] = [];
  const stops: (() => void)[] = [];
  observeXhr({
    options_: {}, endpoint_: 'https://c.example/collect', origin_: 'https://shop.example', stops_: stops,
    live_: () => true, guard_: (fn: unknown) => fn, header_: () => 'h', ambient_: () => undefined, child_: () => ({ trace_: 't', span_: 's' }),
  } as unknown as Sdk);
  const send = (opened: string, sent: string): void => {
    const xhr = new XMLHttpRequest();
    xhr.setRequestHeader = (name) => void headers.push(opened + ' ' + name);
    Object.assign(document, { baseURI: opened });
    xhr.open('GET', 'api');
    Object.assign(document, { baseURI: sent });
    xhr.send();
  };
  send('https://other.example/', 'https://shop.example/');
  send('https://shop.example/', 'https://other.example/');
  Object.assign(document, { baseURI: 'https://shop.example/' });
  for (const stop of stops) stop();
  assert.deepEqual(headers, ['https://shop.example/ traceparent']);
});

test('a request that is under way goes on where a second `send`, or a header, is refused', () => {
  let ended = 0;
  observeXhr({
    options_: {}, endpoint_: 'https://c.example/collect', origin_: 'https://shop.example', stops_: [],
    live_: () => true, guard_: (fn: unknown) => fn, header_: () => '', ambient_: () => undefined, child_: () => ({ trace_: 't', span_: 's' }),
    put_: (op: Op) => op == Op.Request && ended++,
  } as unknown as Sdk);
  const xhr = new XMLHttpRequest();
  xhr.open('GET', '/api');
  xhr.send();
  assert.throws(() => xhr.send());
  assert.throws(() => xhr.setRequestHeader('a', 'b'));
  assert.equal(ended, 0);
  xhr.dispatchEvent(new Event('readystatechange'));
  assert.equal(ended, 1);
});
