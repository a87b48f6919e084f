/** User actions with what followed from them, and the clicks that frustrate: rage, dead, error. What is typed is never read. */
import { safe } from '../observe/describe.js';
import { Op } from '../abi.js';
import type { Place, Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';
import { begin, type Action, BURST, type Burst, BUSY, click, deadline, joins, type What } from './action.js';
import { ask, isElement, listedText, nameOf, thingOf } from './element.js';
import { Attr, Event as Name } from './names.js';
import { option } from './option.js';
import { onEnd, tell } from './tell.js';

/** Keys that act; all others write or move. */
const KEYS = /^(Enter|Escape)$/;

/** What a visitor writes into, plays, or draws on: many clicks on it are its use, and what they do is not in the document. */
const USED = 'input:not([type=button],[type=submit],[type=reset],[type=image]),textarea,select,option,video,audio,canvas,embed,object,iframe,[contenteditable]';

/** What promises to do something when it is clicked. */
const BUTTONS = 'button,summary,[role=button],[role=tab],[role=menuitem],[role=switch],[onclick],input,a[href^="#"],a[href^="javascript:"]';

/** Signs that a click had an effect, beside what the document, the address and the network show. */
const SIGNS = 'scroll focusin input change invalid toggle play pause copy cut select fullscreenchange blur';

/** How many actions are told of one page: more than anyone does. A script that clicks is not trusted, and not told at all. */
const MOST = 1000;

/** OTLP's numbers. */
const INTERNAL = 1;
const ERROR = 2;

interface Open extends Action {
  /** The event that is dealt with, if any is. */
  event_: Event;
  /** Its span, once something began in it. */
  place_?: Place;
  about_: Attributes;
  href_: string;
  /** May turn out dead. */
  promise_: () => boolean;
}

/** The way of an event, into shadow trees too; nothing where the page has made the event of something lesser. */
const path = (event: Event): EventTarget[] => safe(() => event.composedPath()) || [];

/** The document with all that is a tree of its own in it and can be looked into: open shadow trees, frames. */
const trees = (root: ParentNode): Node[] => [root as Node, ...[...root.querySelectorAll<HTMLIFrameElement>('*')].flatMap(({ shadowRoot, contentDocument }) => {
  const inner = shadowRoot || contentDocument;
  return inner ? trees(inner) : [];
})];

export function observeActions(sdk: Sdk): void {
  const { later_: later, cancel_: cancel } = sdk;
  const wantsActions = option(sdk, 'actions', 'boolean') !== false;
  const wantsFrustration = option(sdk, 'frustration', 'boolean') !== false;
  if (!wantsActions && !wantsFrustration) return;
  const texts = option(sdk, 'elementText', 'list');
  let current: Open | undefined;
  let burst: Burst | undefined;
  let burstAbout: Attributes = {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** When it is to fire. */
  let due = Infinity;
  let count = 0;
  /** What is watched while an action is open. */
  let known = new Set<Node>([document]);

  const frustration = (type: string, about: Attributes, at: number, more?: Attributes) => {
    if (wantsFrustration) tell(sdk, Name.Frustration, { [Attr.FrustrationType]: type, ...about, ...more }, at);
  };

  /** Ends the action; `whole`: it had the time that it wanted. */
  const finish = (whole?: boolean) => {
    const action = current;
    if (!action) return;
    current = undefined;
    mutations.disconnect();
    if (!leaving) removeEventListener('beforeunload', signs, true);
    const { start_: start, last_: last, what_: what, about_: about, errors_: errors } = action;
    const moved = location.href != action.href_;
    if (wantsActions && count++ < MOST) {
      const { place_: place } = action;
      if (place) {
        sdk.put_(Op.Span, (w) =>
          w.s(place.trace_).s(place.span_).s('').s(what + ' ' + about[Attr.ElementName]).b(INTERNAL).n(start).n(last == last ? last : start)
            .b(errors ? ERROR : 0).s('').a(about));
      }
      tell(sdk, Name.UserAction + what, {
        ...about,
        [Attr.ActionDuration]: last == last ? last - start : 0,
        [Attr.ActionRequests]: action.requests_, [Attr.ActionFailed]: action.failed_,
        [Attr.ActionErrors]: errors, [Attr.ActionFrames]: action.frames_,
      }, start, place && [place.trace_, place.span_]);
    }
    if (what != 'click') return;
    if (errors) frustration('error_click', about, start, { [Attr.ActionErrors]: errors });
    else if (whole && last != last && !moved && action.promise_()) {
      const all = safe(() => trees(document)) || [document];
      // In a tree that was not watched anything may have followed. To look for them with each click costs too much: they are watched from the next one on.
      if (all.every((root) => known.has(root))) frustration('dead_click', about, start);
      known = new Set(all);
    }
  };

  const endBurst = () => {
    if (burst?.rage_) frustration('rage_click', burstAbout, burst.times_[0]!, { [Attr.Count]: burst.times_.length });
    burst = undefined;
  };

  /** One timer, and only while something is open. */
  const look = () => {
    cancel(timer);
    timer = undefined;
    const now = performance.now();
    if (burst && now - burst.times_[burst.times_.length - 1]! >= BURST) endBurst();
    if (current && deadline(current) <= now) finish(true);
    const next = Math.min(current ? deadline(current) : Infinity, burst?.rage_ ? burst.times_[burst.times_.length - 1]! + BURST : Infinity);
    due = next;
    if (next < Infinity) timer = later(timed, Math.max(next - now, 1));
  };
  const timed = sdk.guard_(() => {
    const late = performance.now() - due > BUSY;
    due = Infinity;
    // What kept the page from this was no silence, and what came of it is heard of in a moment.
    if (late) timer = later(timed, BUSY);
    else look();
  });

  const active = (at = performance.now()) => {
    if (!current) return;
    const { last_: last } = current;
    current.last_ = Math.max(last || 0, at);
    // From the first sign on its silence is listened for.
    if (last != last) look();
  };

  // A document is watched only while an action is open. Listening for signs goes on: a listener that comes and goes costs more than one that has
  // nothing to do.
  const signs = sdk.guard_(() => active());
  const mutations = new MutationObserver(signs);
  sdk.on_(window, SIGNS, signs, true);
  // That a page is being left: by its navigation, or, where a browser has no such API (an element of that id then goes by the name), by what some do not keep
  // a page for the way back for, so that it is listened for no longer than it has to be.
  const leaving = safe(() => {
    const { navigation, NavigateEvent } = window as { navigation?: EventTarget; NavigateEvent?: unknown };
    if (!NavigateEvent) return false;
    // What stays within the document shows by what it changes.
    sdk.on_(navigation!, 'navigate', ({ destination }: { destination: { sameDocument: boolean } }) => destination.sameDocument || active());
    return true;
  });

  const open = (what: What, event: Event, about: Attributes, promise: () => boolean) => {
    const { timeStamp } = event;
    if (joins(current, timeStamp)) {
      if (what == 'submit') current.what_ = what;
      current.event_ = event;
      return;
    }
    finish();
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    for (const node of path(event) as Node[]) if (node.nodeType == 11) known.add(node);
    for (const root of known) root.isConnected ? mutations.observe(root, all) : known.delete(root);
    if (!leaving) addEventListener('beforeunload', signs, true);
    current = { ...begin(what, timeStamp), event_: event, about_: about, href_: location.href, promise_: promise };
    look();
  };

  const on = (event: Event) => {
    const { target, type, isTrusted } = event;
    if (!isTrusted || !sdk.live_()) return;
    const hit = path(event)[0] || target;
    if (!isElement(hit)) return;
    const about: Attributes = { [Attr.ElementName]: nameOf(hit), [Attr.Tag]: thingOf(hit).localName, [Attr.ElementText]: listedText(hit, texts) };
    if (type == 'keydown') {
      const { key, repeat } = event as KeyboardEvent;
      if (repeat || !KEYS.test(key) || ask(hit, 'closest', 'textarea,[contenteditable]')) return;
      return open('keydown', event, { ...about, [Attr.ActionKey]: key }, () => false);
    }
    if (type == 'submit') return open('submit', event, about, () => false);
    const { clientX, clientY, detail } = event as MouseEvent;
    const used = !!ask(hit, 'closest', USED);
    open('click', event, about, () =>
      !used && document.visibilityState == 'visible' && (!!ask(hit, 'closest', BUTTONS) || (!!ask(hit, 'closest', 'a') && event.defaultPrevented)));
    // A click of the keyboard's has no place, and what selects text is reading.
    if (used || !detail || !safe(() => getSelection()!.isCollapsed)) return endBurst();
    const before = burst;
    const next = click(before, thingOf(hit), clientX, clientY, event.timeStamp);
    if (next != before) {
      endBurst();
      burst = next;
      burstAbout = about;
    } else if (next.rage_) look();
  };
  sdk.on_(window, 'click keydown submit', on, true);
  // Another gesture, which need not act on anything: the focus that it moves and what it types are not this one's. Who waits for an answer may do something meanwhile.
  sdk.on_(window, 'pointerdown keydown', ({ isTrusted, timeStamp, repeat }: KeyboardEvent) => {
    if (isTrusted && !repeat && !current?.open_ && !joins(current, timeStamp)) finish();
  }, true);
  onEnd(sdk, () => {
    finish();
    endBurst();
  });

  // What begins while the event's listeners run, and in what they leave to the end of their task; an action that is not told has no span.
  if (wantsActions) {
    sdk.acting_ = () => {
      if (current && count < MOST && window.event == current.event_) return (current.place_ ||= sdk.child_(null));
    };
  }
  sdk.begun_ = () => {
    const action = current;
    if (!action) return;
    action.requests_++;
    action.open_++;
    active();
    return (failed) => {
      action.open_--;
      if (failed) action.failed_++;
      if (action == current) {
        active();
        look();
      }
    };
  };
  sdk.thrown_ = () => {
    const action = current;
    const { ignored } = sdk.tally_;
    // What is left out on purpose is known when it has been told.
    queueMicrotask(() => {
      if (action && sdk.tally_['ignored'] == ignored) action.errors_++;
    });
  };
  const frames = safe(() => new PerformanceObserver(sdk.guard_((list: PerformanceObserverEntryList) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (!current || startTime + duration < current.start_) continue;
      current.frames_++;
      active(startTime + duration);
    }
  })));
  const { supportedEntryTypes = [] } = PerformanceObserver;
  const type = ['long-animation-frame', 'longtask'].find((name) => supportedEntryTypes.includes(name));
  if (type) frames?.observe({ type });
  sdk.stops_.push(() => {
    frames?.disconnect();
    sdk.begun_ = sdk.thrown_ = sdk.acting_ = undefined;
    cancel(timer);
  });
}
