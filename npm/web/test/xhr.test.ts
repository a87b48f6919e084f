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
