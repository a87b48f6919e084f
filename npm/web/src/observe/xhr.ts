/** Spans of XMLHttpRequest: from `send` to the end of the response. */
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';
import { begin, HEADER, type Traced } from './request.js';

interface Sub {
  open(xhr: XMLHttpRequest, args: unknown[]): void;
  header(xhr: XMLHttpRequest, args: unknown[]): void;
  send(xhr: XMLHttpRequest): void;
  fail(xhr: XMLHttpRequest): void;
}

interface State {
  method_: string;
  url_: string;
  /** The page has set the header itself. */
  own_?: boolean;
  traced_?: Traced;
}

type Method = (this: XMLHttpRequest, ...args: unknown[]) => void;

/** After the native function, because what that refuses never happened. */
const after = (name: 'open' | 'header') => (native: Method, subs: Sub[]): Method => function () {
  native.apply(this, arguments as unknown as unknown[]);
  for (const sub of subs) sub[name](this, arguments as unknown as unknown[]);
};

const around = (native: Method, subs: Sub[]): Method => function () {
  for (const sub of subs) sub.send(this);
  try {
    native.apply(this, arguments as unknown as unknown[]);
  } catch (error) {
    // A synchronous request fails here, and tells no listener.
    for (const sub of subs) sub.fail(this);
    throw error;
  }
};

export function observeXhr(sdk: Sdk): void {
  const states = new WeakMap<XMLHttpRequest, State>();
  const finish = (xhr: XMLHttpRequest, error: string) => {
    const state = states.get(xhr);
    state?.traced_?.end_(error ? 0 : xhr.status, error);
    if (state) state.traced_ = undefined;
  };
  const listener = sdk.guard_((event: Event) => {
    finish(event.target as XMLHttpRequest, event.type == 'load' ? '' : event.type);
  });
  const sub: Sub = {
    open: sdk.guard_((xhr, [method, url]) => {
      // Opened again while under way: the browser lets go of the old request without a word.
      finish(xhr, 'abort');
      if (!states.has(xhr)) for (const type of ['load', 'error', 'abort', 'timeout']) xhr.addEventListener(type, listener);
      states.set(xhr, { method_: '' + method, url_: '' + url });
    }),
    header: sdk.guard_((xhr, [name]) => {
      const state = states.get(xhr);
      if (state && ('' + name).toLowerCase() == HEADER) state.own_ = true;
    }),
    send: sdk.guard_((xhr) => {
      const state = states.get(xhr);
      if (!state || state.traced_) return;
      const traced = begin(sdk, 1, state.method_, state.url_);
      if (traced?.header_ && !state.own_) xhr.setRequestHeader(HEADER, traced.header_);
      state.traced_ = traced;
    }),
    fail: sdk.guard_((xhr) => finish(xhr, 'error')),
  };
  const proto = XMLHttpRequest.prototype;
  sdk.stops_.push(
    patch('xhr.open', proto, 'open', sub, after('open')),
    patch('xhr.header', proto, 'setRequestHeader', sub, after('header')),
    patch('xhr.send', proto, 'send', sub, around),
  );
}
