/** Changes of the URL within the document, told once each, whoever made them. */
import { Op } from '../abi.js';
import { patch } from '../page.js';
import type { Sdk } from '../sdk.js';
import type { Options, Route } from '../types.js';
import { safe, text } from './describe.js';

/** As in `op::NAVIGATION`. */
const enum How { Load, Push, Replace, Traverse, Hash, Restored = 6 }

type Sub = (how: How) => void;

/** An address of so many characters or more has no name by routes. */
const LONGEST = 400;

/** A route of so many parts, with a star between each two, names nothing: three stars at most, those next to each other counted as one. */
const STARS = 5;

const wrap = (how: How) => (native: Function, subs: Sub[]) => function (this: History) {
  const result = native.apply(this, arguments);
  for (const sub of subs) sub(how);
  return result;
};

/**
 * The name of the first route that the present address fits; where a router keeps its own in the fragment, that. Nothing: it fits none.
 * `:name` stands for one part, `*` for any number of them.
 */
export const viewOf = (routes?: readonly Route[]): string | undefined => routes && safe(() => {
  const { pathname, hash } = location;
  const path = /^#!?\//.test(hash) ? hash.replace(/^#!?|\?.*/g, '') : pathname;
  // Patterns take longer than an address that somebody made for that deserves.
  if (path.length < LONGEST) for (const route of routes) {
    const [pattern, name] = ([] as string[]).concat(route);
    const form = safe(() => encodeURI(pattern!).replace(/[^\w/:*%-]/g, '\\$&').replace(/:[\w%]+/g, '[^/]+').replace(/(\/?\*)+/g, '(/.*)?'));
    // Each star more takes as many times longer as the address is long.
    if (form && form.split('*').length < STARS && new RegExp('^' + form + '/?$').test(path)) return name || pattern;
  }
});

/** The page's address as the page wants it told. What is to change it and throws keeps it back. */
export const pageOf = ({ scrub }: Options, { href }: { href: string } = location): string => (scrub?.page ? text(safe(() => scrub.page!(href))) : href);

export function observeNavigation(sdk: Sdk): void {
  const { routes } = sdk.options_;
  let last = location.href;
  let view = viewOf(routes);
  const tell = (how: How, turned?: unknown) => sdk.put_(Op.Navigation, (w) => {
    w.s(pageOf(sdk.options_)).b(how);
    if (turned) w.s(view);
  });
  const changed = sdk.guard_((how: How) => {
    const before = last;
    last = location.href;
    // Routers write the same one anew while a page is scrolled.
    if (last == before) return;
    const next = viewOf(routes);
    // What the page itself called the view holds until an address has another name.
    const turned = next != view;
    view = next;
    tell(last.split('#')[0] == before.split('#')[0] ? How.Hash : how, turned);
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
