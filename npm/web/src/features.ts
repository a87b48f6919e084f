/**
 * Features that are not in the first file: how they come when the page is idle, and what is kept for them until then. One that does
 * not come is told, and the page goes on without.
 */
import { Diagnostic } from './abi.js';
import { idly, safe } from './observe/describe.js';
import type { Sdk } from './sdk.js';
import type { Feature } from './types.js';

/** One that has `left_` is the outbox, and has a use in a session that tells nothing, too; one that has `agreed_` has none before the visitor agreed. */
export type Late = Feature & { left_?: boolean; agreed_?: boolean };

/** Gives `done` the features of the second file; nothing where it cannot be had. `tries`: how often it did not come before. */
export type Bring = (done: (features?: Feature[]) => void, tries: number) => void;

/** How often a page asks for it again: a file that the server has no more will never come, and a visitor without a network comes back to a page some tens of times. */
const TRIES = 50;

/** Failed loads that are kept until somebody takes them: of a page whose server is gone, each is the same news. */
const EARLY = 50;

/** Behind the name of what is stored: there is something in the outbox, as far as this tab knows. */
export const LEFT = ':left';

/** Likewise: what the collector said last (`more/config.ts`). */
export const CONFIG = ':config';

/** Likewise: a page of this tab is looked at, and which. */
export const HERE = ':here';

/** Asks for the features, once there is something that leaves the page; where they did not come, again once there is a network, or somebody looks at the page, again. */
export function createFeatures(sdk: Sdk, bring: Bring): () => void {
  const { features: given, capture } = sdk.options_;
  const { later_: later } = sdk;
  let waiting: Late[] = [];
  /** Starts what has a use now: of a session that tells nothing, what delivers what is left of another; once the visitor agreed, what asks others or the storage. */
  const run = () => {
    // Taken out first: one that starts may change the session, and we are back here.
    waiting = waiting.splice(0).filter((feature) => {
      if (sdk.over_ || !(sdk.leaves_() ? sdk.granted_() || !feature?.agreed_ : feature?.left_)) return true;
      sdk.guard_(feature)(sdk);
    });
  };
  let tries = 0;
  const start = sdk.guard_((features?: readonly Feature[]) => {
    // A copy: other clients are brought the same list.
    waiting = features?.slice() || [];
    run();
    if (features || sdk.over_) return;
    asked = ++tries > TRIES;
    if (tries > 1) return;
    sdk.tell_(Diagnostic.FeaturesLost);
    sdk.on_(window, 'online visibilitychange', () => document.visibilityState == 'hidden' || more());
  });
  /** Something leaves the page, or an earlier one has left something. */
  const wanted = () => !sdk.over_ && (sdk.leaves_() || (sdk.granted_() && sdk.options_.outbox && safe(() => sdk.store_!.getItem(sdk.name_ + LEFT))));
  let asked: unknown = given && !given.length;
  let listening: unknown = asked || capture?.loads === false;
  const more = () => {
    // In the capture phase, where images and scripts that did not come pass by. An error is of the window itself.
    if (!listening && sdk.live_()) {
      listening = true;
      sdk.on_(window, 'error', (event: Event) => {
        if (event.target != window && sdk.early_.length < EARLY) sdk.early_.push(event);
      }, true);
    }
    if (asked) return run();
    asked = wanted();
    if (!asked) return;
    // Not at the cost of the start, nor of what the page has to do then.
    given ? start(given) : idly(() => {
      // A no, or the end, may have come since; the yes that follows asks anew.
      asked = wanted();
      if (!asked) return;
      try {
        bring(start, tries);
      } catch {
        start();
      }
    }, later);
  };
  return more;
}
