/** What is there before anything runs: what the script tag says, and what the page kept for us. */
import type { Sdk } from './sdk.js';
import type { Client, Options } from './types.js';

/** A call that waits; `t`: its time, where the snippet wrote it. */
type Call = [method: keyof Client, ...args: unknown[]] & { t?: number };

/** `Farol` before the SDK is there: calls (`q`), and the events that the snippet kept (`e`). */
interface Early {
  q?: Call[] & { taken?: Client | undefined };
  e?: Event[];
}

/** The tag that this file came by: also in `async` and `defer`, and as a module, where the browser does not say: what is most like ours is it. */
export function script(): HTMLScriptElement | null {
  const { currentScript: tag } = document;
  const module = (like: string) => document.querySelector<HTMLScriptElement>('script[type=module]' + like);
  // An image of that name would stand in its place.
  return tag?.localName == 'script' ? (tag as HTMLScriptElement) : module('[src*=farol][data-url]') || module('[data-url]') || module('[src*=farol]');
}

/** Options from the data attributes; nothing where there is no `data-url`. */
export function fromTag(data: Record<string, string | undefined>): Options | undefined {
  const { url, app: name, version, environment, sampleRate, scrubAllow: allow, scrubDeny: deny } = data;
  // What is no number must not look like one that was not given.
  return url ? ({ ...data, app: { name, version, environment }, scrub: { allow, deny }, sampleRate: sampleRate && +(sampleRate.trim() || NaN) } as unknown as Options) : undefined;
}

/** Makes the calls and takes the events that waited, with their times. The page's first client gets them, and all calls of the queue from then on; once it has ended, the next. */
export function pickUp(sdk: Sdk, client: Client): void {
  const { q, e } = (window as { Farol?: Early }).Farol || {};
  // A page's element of that name has no list.
  if (!Array.isArray(q) || q.taken) return;
  q.taken = client;
  sdk.stops_.push(() => (q.taken = undefined));
  const call = sdk.guard_((entry?: Call) => {
    // The page may have pushed anything.
    const [method, ...args] = Array.from(entry || []) as Call;
    sdk.at_ = entry?.t;
    try {
      (client[method] as Function)?.apply(client, args);
    } finally {
      sdk.at_ = undefined;
    }
  });
  const happened = sdk.guard_((event: Event & Partial<ErrorEvent & PromiseRejectionEvent>) => {
    sdk.at_ = event.timeStamp;
    if (event.target != window) sdk.early_.push(event);
    else if (sdk.options_.capture?.errors !== false) {
      event.type == 'error' ? sdk.capture_(event.error, 'onerror', 0, event) : sdk.capture_(event.reason, 'onunhandledrejection', 0);
    }
  });
  // What happened first, first: an error may be what a call tells of, and has the view and the user of its time. A call without one was made before the snippet ran.
  const time = (one?: { timeStamp?: number; t?: number }) => one?.timeStamp ?? one?.t ?? 0;
  for (const one of [...(e?.splice(0) || []), ...q.splice(0)].sort((one, other) => time(one) - time(other))) {
    (one as Event)?.type ? happened(one as Event) : call(one as Call);
  }
  sdk.at_ = undefined;
  // From now on we hear of events ourselves, and calls are made at once.
  if (e) e.push = () => 0;
  q.push = (...calls) => {
    calls.forEach(call);
    return 0;
  };
}
