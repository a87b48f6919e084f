/** Changes of the URL within the document, told once each, whoever made them. */
import { Op } from '../abi.js';
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';

/** As in `op::NAVIGATION`. */
const enum How { Load, Push, Replace, Traverse, Hash, Reload }

type Sub = (how: How) => void;

const wrap = (how: How) => (native: Function, subs: Sub[]) => function (this: History) {
  const result = native.apply(this, arguments);
  for (const sub of subs) sub(how);
  return result;
};

export function observeNavigation(sdk: Sdk): void {
  let last = location.href;
  const changed = sdk.guard_((how: How) => {
    const url = location.href;
    if (url == last) return;
    if (url.split('#')[0] == last.split('#')[0]) how = How.Hash;
    last = url;
    sdk.put_(Op.Navigation, (w) => w.s(url).b(how).s('').n(NaN));
  });
  const { navigation } = window as { navigation?: EventTarget };
  if (navigation) {
    const kinds = { push: How.Push, replace: How.Replace, traverse: How.Traverse, reload: How.Reload };
    sdk.on_(navigation, 'currententrychange', (event: { navigationType: keyof typeof kinds }) => changed(kinds[event.navigationType] || How.Replace));
  } else {
    sdk.stops_.push(
      patch('push', history, 'pushState', changed as Sub, wrap(How.Push)),
      patch('replace', history, 'replaceState', changed as Sub, wrap(How.Replace)),
    );
    sdk.on_(window, 'popstate hashchange', () => changed(How.Traverse));
  }
}
