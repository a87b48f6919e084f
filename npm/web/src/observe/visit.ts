/** What the visitor does: comes and goes, is there. */
import { Op } from '../abi.js';
import type { Sdk } from '../sdk.js';

/** The session's idle clock counts in minutes. */
const ACTIVITY_EVERY = 1000;

export function observeVisit(sdk: Sdk): void {
  const hidden = () => +(document.visibilityState == 'hidden');
  const told = (what: number) => ({ timeStamp }: Event) => {
    const tell = () => sdk.put_(Op.Visibility, (w) => w.b(what).n(timeStamp));
    what % 3 ? sdk.hide_(what > 1, tell) : tell();
  };
  const leaves = (event: Event) => {
    sdk.hiding_ = 1;
    for (const call of sdk.hides_) call(event);
    sdk.hiding_ = 0;
  };
  // On the way down, before all is sealed below.
  sdk.on_(window, 'visibilitychange', (event: Event) => hidden() && leaves(event), true);
  sdk.on_(window, 'pagehide freeze', leaves, true);
  // On the way up, so that what the page's own listeners record still goes along.
  sdk.on_(window, 'visibilitychange', (event: Event) => told(hidden())(event));
  sdk.on_(window, 'pagehide', told(2));
  sdk.on_(document, 'freeze', told(2));
  sdk.on_(window, 'pageshow', (event: PageTransitionEvent) => {
    if (event.persisted) told(3)(event);
  });
  let last = -ACTIVITY_EVERY;
  sdk.on_(window, 'pointerdown keydown', (event: Event) => {
    if (!event.isTrusted || event.timeStamp - last < ACTIVITY_EVERY) return;
    last = event.timeStamp;
    sdk.put_(Op.Activity);
  }, true);
}
