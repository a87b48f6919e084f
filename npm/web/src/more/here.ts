/**
 * Tells duplicated tabs apart. Browsers copy a tab's storage where the tab is duplicated, or opened by another: what finds there that a page is looked
 * at, and is not that page, begins a session of its own. No page asks another who lives, which would keep both out of the back/forward cache.
 */
import { Diagnostic, Op } from '../abi.js';
import { HERE } from '../features.js';
import { safe, text } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';

export const observeHere = /* @__PURE__ */ Object.assign((sdk: Sdk): void => {
  const { store_: store, name_: name, options_: { session } } = sdk;
  // It is taken for the tab's.
  if (!/^(tab|visitor|none|)$/.test(text(session?.storage))) sdk.tell_(Diagnostic.BadOption, 'session.storage');
  // A frame is in its page's tab. What all tabs share is nobody's copy.
  if (!store || session?.storage === 'visitor' || parent != window) return;
  const own = '' + performance.timeOrigin;
  // The page that follows may have begun before this one has gone.
  const gone = () => safe(() => store.getItem(name + HERE) == own && store.removeItem(name + HERE));
  const say = (event?: Event) => {
    if (event?.type == 'pagehide' || document.visibilityState == 'hidden') gone();
    else if (sdk.granted_()) safe(() => store.setItem(name + HERE, own));
  };
  const there = safe(() => store.getItem(name + HERE));
  // A page that died, and is loaded anew, left the same.
  const [load] = (safe(() => performance.getEntriesByType('navigation')) || []) as (PerformanceNavigationTiming & { activationStart?: number })[];
  // A page that is rendered ahead of its visit is the tab's next, and has a copy until then.
  const ahead = (document as { prerendering?: boolean }).prerendering || load?.activationStart! > 0;
  if (there && there != own && !ahead && load?.type != 'reload') sdk.put_(Op.Stored, (w) => w.s(''));
  sdk.on_(window, 'visibilitychange pageshow pagehide focus', say, true);
  sdk.stops_.push(gone);
  say();
}, { agreed_: true });
