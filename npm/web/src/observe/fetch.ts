/** Spans of `fetch`. The caller gets the Response or the rejection that it would have got, one microtask later. */
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';
import { safe } from './describe.js';
import { BAGGAGE, begin, finish, HEADER } from './request.js';

type End = (response?: Response, error?: unknown) => void;

/** A subscriber of the page's one wrapper: sees the arguments, and may answer with others and what to call at the end. */
type Sub = (args: ArrayLike<unknown>) => [args: ArrayLike<unknown>, end: End] | undefined;

type Fetch = typeof fetch;

function wrap(native: Fetch, subs: Sub[]): Fetch {
  return function (this: unknown) {
    let args: ArrayLike<unknown> = arguments;
    const ends: End[] = [];
    const fail = (error: unknown) => {
      for (const end of ends) end(undefined, error);
      throw error;
    };
    for (const sub of subs) {
      const seen = sub(args);
      if (seen) {
        args = seen[0];
        ends.push(seen[1]);
      }
    }
    let result;
    try {
      result = native.apply(this as Window, args as unknown as Parameters<Fetch>);
    } catch (error) {
      return fail(error);
    }
    // Two handlers, and what was thrown is thrown on: a rejection that nobody handles stays one.
    return ends.length && result?.then ? result.then((response) => {
      for (const end of ends) end(response);
      return response;
    }, fail) : result;
  } as Fetch;
}

/** Also where it is another window's, or the page has put a class of its own in the place of `Request` since. */
const isRequest = (input: unknown): input is Request => !!(input as Request)?.headers;

/** The arguments with the header in them, in the form in which the page gave them; its own objects stay as they are. */
function withHeader(args: ArrayLike<unknown>, name: string, value: string): ArrayLike<unknown> {
  const [input, init] = args as unknown as [RequestInfo | URL, RequestInit | undefined];
  const request = isRequest(input);
  // With a body of its own a request's is not used, and may be later.
  const given = init?.headers || (request && init?.body != null && input.headers);
  if (request && !given) {
    if (input.headers.has(name)) return args;
    // Not `new Request(input, init)`, which forgets the referrer.
    const copy = new Request(input);
    copy.headers.set(name, value);
    return [copy, init];
  }
  let plain: HeadersInit = { [name]: value };
  if (given) {
    const headers = new Headers(given);
    if (headers.has(name)) return args;
    headers.set(name, value);
    plain = Symbol.iterator in given ? headers : { ...given, ...plain };
  }
  const own = { ...init, headers: plain };
  // What is no plain object may keep its members in getters, and may be frozen: a proxy of itself could not give another member.
  return [input, !init || init.constructor == Object ? own : new Proxy(own, {
    get: (_, key) => (key == 'headers' ? plain : init[key as keyof RequestInit]),
  })];
}

export function observeFetch(sdk: Sdk): void {
  sdk.stops_.push(patch('fetch', window, 'fetch', sdk.guard_(((args) => {
    if (!args.length) return;
    const [input, init] = args as unknown as [RequestInfo | URL, RequestInit | undefined];
    const request = isRequest(input) ? input : undefined;
    const traced = begin(sdk, 0, init?.method || request?.method || 'GET', request ? request.url : '' + input);
    return traced && [
      // A failure in there is the page's to meet: the arguments go on as they came.
      safe(() => {
        const first = traced.header_ ? withHeader(args, HEADER, traced.header_) : args;
        return traced.baggage_ ? withHeader(first, BAGGAGE, traced.baggage_) : first;
      }) || args,
      sdk.guard_((response, error) => finish(
        sdk, traced, response ? response.status : 0, response ? '' : safe(() => (error as Error).name) || 'Error', response && sdk.answered_?.(response))),
    ];
  }) as Sub), wrap));
}
