/** Changes of the URL within the document, told once each, whoever made them. */
import { Op } from '../abi.js';
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';

/** As in `op::NAVIGATION`. */
const enum How { Load, Push, Replace, Traverse, Hash, Restored = 6 }

type Sub = (how: How) => void;

const wrap = (how: How) => (native: Function, subs: Sub[]) => function (this: History) {
  const result = native.apply(this, arguments);
  for (const sub of subs) sub(how);
  return result;
};

export function observeNavigation(sdk: Sdk): void {
  let last = location.href;
  const tell = (how: How) => sdk.put_(Op.Navigation, (w) => w.s(last).b(how).s('').n(NaN));
  const changed = sdk.guard_((how: How) => {
    const before = last;
    last = location.href;
    if (last != before) tell(last.split('#')[0] == before.split('#')[0] ? How.Hash : how);
  });
  tell(How.Load);
  sdk.on_(window, 'pageshow', ({ persisted }: PageTransitionEvent) => persisted && tell(How.Restored));
  // Where a browser has no such API, an element of that id goes by the name.
  const { NavigateEvent, navigation } = window as { navigation?: EventTarget; NavigateEvent?: unknown };
  if (NavigateEvent && navigation) {
    sdk.on_(navigation, 'currententrychange', ({ navigationType: kind }: { navigationType: string }) =>
      changed(kind == 'push' ? How.Push : kind == 'traverse' ? How.Traverse : How.Replace));
  } else {
    sdk.stops_.push(
      patch('push', history, 'pushState', changed as Sub, wrap(How.Push)),
      patch('replace', history, 'replaceState', changed as Sub, wrap(How.Replace)),
    );
    sdk.on_(window, 'popstate hashchange', () => changed(How.Traverse));
  }
}
