/** Spans of `fetch`. The caller gets the Response or the rejection that it would have got, one microtask later. */
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';
import { bring, safe } from './describe.js';
import { BAGGAGE, begin, finish, HEADER, joined, type Traced } from './request.js';

/** `args`: those that went on, where none of them is the page's own. */
type End = (response?: Response, error?: unknown, args?: ArrayLike<unknown> | false) => void;

/** A subscriber of the page's one wrapper: sees the arguments, as those before it left them, and may answer with others and what to call at the end. */
type Sub = (args: ArrayLike<unknown>) => [args: ArrayLike<unknown>, end: End] | undefined;

type Fetch = typeof fetch;

function wrap(native: Fetch, subs: Sub[]): Fetch {
  // A method, as the browser's own is: without a prototype, and no constructor.
  return { fetch(this: unknown) {
    let args: ArrayLike<unknown> = arguments;
    const ends: End[] = [];
    const tell: End = (response, error) => ends.forEach((end) => end(response, error, args != given && args));
    const given = args;
    const fail = (error: unknown) => {
      tell(undefined, error);
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
    return ends.length && result?.then ? bring(result, result.then((response) => {
      tell(response);
      return response;
    }, fail)) : result;
  } }.fetch as Fetch;
}

/** Also where it is another window's, or the page has put a class of its own in the place of `Request` since. */
const isRequest = (input: unknown): input is Request => !!(input as Request)?.headers;

/** The arguments with the header in them, in the form in which the page gave them; its own objects stay as they are. One that is there stays, too. */
function withHeader(args: ArrayLike<unknown>, name: string, value: string, traced?: Traced): ArrayLike<unknown> {
  const [input, init] = args as unknown as [RequestInfo | URL, RequestInit | undefined];
  let given = init?.headers;
  if (given === undefined && isRequest(input)) {
    if (init?.body == null) {
      if (joined(traced, input.headers.get(name))) return args;
      // Not `new Request(input, init)`, which forgets the referrer.
      const copy = new Request(input);
      copy.headers.set(name, value);
      return [copy, init];
    }
    // With a body of its own a request's is not used, and may be later.
    given = input.headers;
  }
  let plain: HeadersInit = { [name]: value };
  // Of `null` none can be made, by the browser neither.
  if (given !== undefined) {
    const headers = new Headers(given);
    if (joined(traced, headers.get(name))) return args;
    headers.set(name, value);
    plain = Symbol.iterator in given ? headers : { ...given, ...plain };
  }
  // The browser reads what is inherited, or not enumerable, too.
  const own = { __proto__: init, ...init, headers: plain };
  // What is no plain object may keep its members in getters, and may be frozen: a proxy of itself could not give another member. What is none at all throws.
  return [input, init == null || init.constructor == Object ? own : new Proxy(own, {
    get: (_, key) => (key == 'headers' ? plain : Reflect.get(init, key)),
  })];
}

/** On every request of Faro's that has a session. */
const FARO = 'x-faro-session-id';

export function observeFetch(sdk: Sdk): void {
  sdk.stops_.push(patch('fetch', window, 'fetch', sdk.guard_(((args) => {
    if (!args.length) return;
    const [input, init] = args as unknown as [RequestInfo | URL, RequestInit | undefined];
    const request = isRequest(input) ? input : undefined;
    // Faro's own request, which on a page with both is about one of ours: told, it is the next of ours, and Faro tells that in turn, for ever.
    const given = (init?.headers || request?.headers) as any;
    if (given && safe(() => given.get ? given.get(FARO) : given[FARO])) return;
    const traced = begin(sdk, 0, init?.method || request?.method || 'GET', request ? request.url : '' + input);
    return traced && [
      // A failure in there is the page's to meet: the arguments go on as they came.
      safe(() => {
        const first = traced.header_ ? withHeader(args, HEADER, traced.header_, traced) : args;
        return traced.baggage_ ? withHeader(first, BAGGAGE, traced.baggage_) : first;
      }) || args,
      sdk.guard_((response, error, sent) => {
        // Another tracer's wrapper, within ours, may have put its own in the place of ours: the trace is that of what is there.
        if (sent && traced.header_) safe(() => withHeader(sent, HEADER, '', traced));
        let name = safe(() => (error as Error).name) || 'Error';
        // The page may have had a reason of its own, which can be anything.
        if (name != 'TimeoutError' && safe(() => (init?.signal || request!.signal).aborted)) name = 'AbortError';
        finish(sdk, traced, response ? response.status : 0, response ? '' : name, response && sdk.answered_?.(response));
      }),
    ];
  }) as Sub), wrap));
}
