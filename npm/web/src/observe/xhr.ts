/** Spans of XMLHttpRequest: from `send` to the end of the response. */
import { page, patch } from '../page.js';
import type { Sdk } from '../sdk.js';
import { BAGGAGE, begin, finish, HEADER, joined, resolve, type Traced } from './request.js';

/** What the one wrapper of the page tells its subscribers. An interface between versions, as in page.ts. */
const enum What { Open, Header, Send, Failed, Reopen }

type Sub = (what: What, xhr: XMLHttpRequest, args: string[]) => void;

type Method = (this: XMLHttpRequest, ...args: unknown[]) => unknown;

interface State {
  method_: string;
  url_: string;
  /** What others have set of the headers that are ours, too. */
  own_: Record<string, string>;
  traced_?: Traced;
  /** It failed, or the one before it did, and nobody has said how. */
  failed_?: Traced;
  /** It was under way when it was sent again, which fails and is not its end. */
  again_?: boolean;
}

const wrap = (what: What) => (native: Method, subs: Sub[]): Method => ({ f(this: XMLHttpRequest) {
  const args = arguments as unknown as string[];
  const tell = (what: What) => subs.forEach((sub) => sub(what, this, args));
  const shared = page();
  const { xhr } = shared;
  // Another tracer's wrapper of `send`, within ours: a second value makes a header that no backend reads.
  if (what == What.Header && xhr == this && ('' + args[0]).toLowerCase() == HEADER) return;
  if (what == What.Send) tell(what);
  // A listener of the page's may be there before ours, and the native function forgets how it went.
  if (what == What.Open) tell(What.Reopen);
  let result;
  try {
    result = native.apply(this, args);
  } catch (error) {
    // A synchronous request fails here, and tells no listener.
    if (what == What.Send) tell(What.Failed);
    throw error;
  } finally {
    shared.xhr = xhr;
  }
  // What the native function refuses never happened.
  if (what != What.Send) tell(what);
  return result;
} }).f;

export function observeXhr(sdk: Sdk): void {
  const states = new WeakMap<XMLHttpRequest, State>();
  /** Of the request that is being opened: another's wrapper of `open` may set some before we hear that it was. */
  let opened: State['own_'] = {};
  const end = (traced: Traced | undefined, xhr: XMLHttpRequest, error: string) => {
    if (traced) finish(sdk, traced, error ? 0 : xhr.status, error, error ? undefined : sdk.answered_?.(xhr));
  };
  const settle = (xhr: XMLHttpRequest, state: State) => {
    if (xhr.status) end(state.traced_, xhr, '');
    // How it failed is told to the listeners of what follows alone.
    else state.failed_ ||= state.traced_;
    state.traced_ = undefined;
  };
  const changed = sdk.guard_(({ target, type }: Event) => {
    const xhr = target as XMLHttpRequest;
    const state = states.get(xhr)!;
    // With the first of these events that the page lets come here, as its listeners of what follows may open it again.
    if (xhr.readyState > 3) settle(xhr, state);
    if (type != 'readystatechange') {
      end(state.failed_, xhr, type);
      state.failed_ = undefined;
    }
  });
  const sub: Sub = sdk.guard_((what, xhr, [first, second]) => {
    const state = states.get(xhr);
    if (what == What.Reopen) {
      opened = {};
      if (state && xhr.readyState > 3) settle(xhr, state);
    } else if (what == What.Header) {
      const name = ('' + first).toLowerCase();
      if (name == HEADER || name == BAGGAGE) for (const own of [opened, state?.own_]) if (own) own[name] = '' + second;
    } else if (what == What.Failed) {
      if (state && !state.again_) {
        end(state.traced_, xhr, 'error');
        state.traced_ = undefined;
      }
    } else if (what == What.Open) {
      // Opened again while under way: the browser lets go of the old request without a word.
      end(state?.traced_, xhr, 'abort');
      if (!state) for (const type of ['readystatechange', 'load', 'error', 'abort', 'timeout']) xhr.addEventListener(type, changed);
      // Where it goes is told by the base address of this moment.
      states.set(xhr, { method_: '' + first, url_: resolve(sdk, '' + second)?.href || '', failed_: state?.failed_, own_: opened });
    } else if (state && !(state.again_ = !!state.traced_)) {
      const traced = (state.traced_ = begin(sdk, 1, state.method_, state.url_));
      if (traced?.header_ && !joined(traced, state.own_[HEADER])) {
        xhr.setRequestHeader(HEADER, traced.header_);
        page().xhr = xhr;
      }
      if (traced?.baggage_ && state.own_[BAGGAGE] == null) xhr.setRequestHeader(BAGGAGE, traced.baggage_);
    }
  });
  const proto = XMLHttpRequest.prototype;
  ['open', 'setRequestHeader', 'send'].forEach((name, what) => sdk.stops_.push(patch('xhr.' + name, proto, name, sub, wrap(what))));
}
