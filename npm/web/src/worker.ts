/**
 * @farol/web/worker: errors inside workers. `install` in the worker sends what nobody caught to the page; `watch` in the page takes it
 * from there. Nothing here throws, and no message of the page's own is touched.
 */
import { causes, describe, safe } from './observe/describe.js';
import { page } from './page.js';
import type { Attributes, Client } from './types.js';

/** The one member of our messages. */
const KEY = 'farol.error/1';

/** Messages in one second. A worker that fails in a loop says the same; the rest is counted, and told with the last of it. */
const MOST = 20;
const WINDOW = 1000;

interface Told {
  type: string;
  message: string;
  stack: string;
  causes: [type: string, message: string, stack: string][];
  /** How many errors before it were only counted. */
  more: number;
  /** The worker's name, where it has one. */
  name: string;
}

/** What a worker's scope has of what we use. */
interface Scope extends EventTarget {
  name?: string;
  postMessage?(message: unknown): void;
}

/** Something that messages come from: a `Worker`, a `MessagePort` (which is started), `navigator.serviceWorker`. */
export type Source = Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { start?(): void };

/** Listens until what it returns is called. On a server, or where the browser has no such thing, there is nothing to listen to. */
function listen(target: Source | undefined, listeners: Record<string, (event: Event) => void>): () => void {
  for (const type in listeners) safe(() => target!.addEventListener(type, listeners[type]!));
  return () => {
    for (const type in listeners) safe(() => target!.removeEventListener(type, listeners[type]!));
  };
}

/**
 * In a worker: sends errors and rejections that nobody handled to its page, and goes on as if it were not there. A shared or a service
 * worker, which has no page of its own, says in `post` where they go. Returns what ends it.
 */
export function install(options: { post?: (message: unknown) => void } = {}): () => void {
  const scope = globalThis as unknown as Scope;
  // As it is now: the worker may put another in its place.
  const post = options.post || (safe(() => scope.postMessage!.bind(scope)) as ((message: unknown) => void) | undefined);
  let since = -Infinity;
  let count = 0;
  /** How many were only counted, and the last of them. */
  let more = 0;
  let last: [thrown: unknown, message?: string];
  let timer: ReturnType<typeof setTimeout>;
  const send = (told: Told | undefined) => void safe(() => post?.({ [KEY]: told }));
  const say = (thrown: unknown, message: string | undefined, more: number) => void safe(() => {
    const [type, text, stack] = thrown == null && message ? ['Error', message.replace(/^Uncaught /, ''), ''] : describe(thrown);
    send({ type: type!, message: text!, stack: stack!, causes: causes(thrown), more, name: scope.name || '' });
  });
  const rest = () => {
    clearTimeout(timer);
    if (more) say(...last, more - 1);
    more = 0;
  };
  const tell = (thrown: unknown, message?: string) => void safe(() => {
    const now = performance.now();
    if (now - since > WINDOW) {
      rest();
      since = now;
      count = 0;
    }
    if (++count <= MOST) return say(thrown, message, 0);
    last = [thrown, message];
    if (!more++) timer = setTimeout(rest, WINDOW);
  });
  const stop = listen(scope, {
    error: (event) => tell((event as ErrorEvent).error, (event as ErrorEvent).message),
    unhandledrejection: (event) => tell((event as PromiseRejectionEvent).reason),
  });
  send(undefined);
  return () => {
    stop();
    rest();
  };
}

/**
 * In the page: hands what `install` sends to the client. Of a worker that has not installed it, what the browser says of its errors is
 * taken, which has no stack and no rejections. Call it before listening to the worker; then its messages are not seen there. Nothing: the
 * browser has no such worker, as `navigator.serviceWorker` outside of secure contexts. Returns what ends it.
 */
export function watch(client: Client, worker: Source | undefined, attributes?: Attributes): () => void {
  let installed = false;
  const capture = ({ type, message, stack, causes, more, name }: Told) => {
    // In a row, as they came: of each it is known what it is, not whose.
    const errors = (causes || []).map(([name, message, stack]) => ({ name, message, stack }));
    client.captureError({ name: type, message, stack, errors }, {
      handled: false,
      context: { ...attributes, 'farol.worker.name': name || undefined, 'farol.count': more ? more + 1 : undefined },
    });
  };
  const onMessage = (event: Event) => void safe(() => {
    const { data } = event as MessageEvent<Record<string, Told>>;
    if (!data || typeof data != 'object' || !(KEY in data)) return;
    event.stopImmediatePropagation();
    installed = true;
    if (data[KEY]) capture(data[KEY]);
  });
  const onError = (event: Event) => void safe(() => {
    const { message, filename, lineno, colno } = event as ErrorEvent;
    // What the page does not handle here the browser tells its window next, where the SDK leaves it out.
    page().worker = '' + [message, filename, lineno, colno];
    if (installed || !message) return;
    // The browser's words: its name for the error, where it has one, comes first.
    const [, type = 'Error', text] = /^(?:Uncaught )?(?:((?:[A-Z]\w*)?(?:Error|Exception)): )?([^]*)/.exec(message)!;
    capture({ type, message: text!, stack: `${type}\n    at ${filename}:${lineno}:${colno}`, causes: [], more: 0, name: '' });
  });
  const stop = listen(worker, { message: onMessage, error: onError });
  // A port gives its messages to who listens like this only once it is told to.
  safe(() => worker!.start?.());
  return stop;
}
