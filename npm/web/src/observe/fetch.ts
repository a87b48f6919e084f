/** Spans of `fetch`. The caller gets the Response or the rejection that it would have got, one microtask later. */
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';
import { safe } from './describe.js';
import { begin, HEADER, type Traced } from './request.js';

/** A subscriber of the page's one wrapper: sees the arguments, and may answer with others and what to call at the end. */
type Sub = (args: unknown[]) => { args: unknown[]; end: (response?: Response, error?: unknown) => void } | undefined;

type Fetch = typeof fetch;

function wrap(native: Fetch, subs: Sub[]): Fetch {
  return function (this: unknown) {
    let args = arguments as unknown as unknown[];
    const ends: ((response?: Response, error?: unknown) => void)[] = [];
    for (const sub of subs) {
      const seen = sub(args);
      if (seen) {
        args = seen.args;
        ends.push(seen.end);
      }
    }
    const end = (response?: Response, error?: unknown) => ends.forEach((call) => call(response, error));
    let result: Promise<Response>;
    try {
      result = native.apply(this as Window, args as Parameters<Fetch>);
    } catch (error) {
      end(undefined, error);
      throw error;
    }
    // Two handlers, so that a rejection that nobody handles stays one.
    return ends.length && result?.then ? result.then((response) => {
      end(response);
      return response;
    }, (error) => {
      end(undefined, error);
      throw error;
    }) : result;
  } as Fetch;
}

/** The arguments with the header in them, in the form in which the page gave them; its own objects stay as they are. */
function withHeader(args: unknown[], value: string): unknown[] {
  const [input, init] = args as [RequestInfo | URL, RequestInit | undefined];
  const given = init?.headers;
  if (input instanceof Request && !given) {
    if (input.headers.has(HEADER)) return args;
    // Not `new Request(input, init)`, which forgets the referrer.
    const request = new Request(input);
    request.headers.set(HEADER, value);
    return [request, init];
  }
  const headers = new Headers(given);
  if (headers.has(HEADER)) return args;
  headers.set(HEADER, value);
  const plain = given && !(Symbol.iterator in given) ? { ...given, [HEADER]: value } : headers;
  // What is no plain object may keep its members in getters.
  const own = !init || Object.getPrototypeOf(init) == Object.prototype;
  return [input, own ? { ...init, headers: plain } : new Proxy(init, {
    get: (target, key) => key == 'headers' ? plain : target[key as keyof RequestInit],
  })];
}

export function observeFetch(sdk: Sdk): void {
  const sub: Sub = (args) => {
    const [input, init] = args as [RequestInfo | URL, RequestInit | undefined];
    const request = input instanceof Request ? input : undefined;
    const traced: Traced | undefined = begin(sdk, 0, init?.method || request?.method || 'GET', request ? request.url : '' + input);
    if (!traced) return;
    return {
      // A failure in there is the page's to meet: the arguments go on as they came.
      args: traced.header_ && safe(() => withHeader(args, traced.header_)) || args,
      end: (response, error) => traced.end_(response ? response.status : 0, response ? '' : safe(() => (error as Error).name) || 'Error'),
    };
  };
  sdk.stops_.push(patch('fetch', window, 'fetch', sdk.guard_(sub), wrap));
}
