/** How an element is called. Never by its text, which may be anybody's, unless the page lists it; never by what was typed into it. */
import { safe, text } from '../observe/describe.js';

/** What a visitor takes for one thing, whatever of it was hit. */
const THING = 'a,button,input,select,textarea,label,summary,option,form,[role]';

/** What a visitor can write into, or choose in. Editors that draw their text say so by a role. */
const WRITTEN = 'input,textarea,select,option,[contenteditable],[role~=textbox i],[role~=searchbox i],[role~=combobox i]';

/** What a person reads of a button; beyond that it is no label. */
const LONGEST = 64;

export const isElement = (target: unknown): target is Element => !!safe(() => target instanceof Element);

/** Asks it by the browser's own method: in a form a control's name stands in the place of that. */
export const ask = (element: Element, method: 'closest' | 'getAttribute' | 'querySelector', about: string) => (Element.prototype[method] as (about: string) => any).call(element, about);

/** The nearest thing that can be used, or what was hit itself. */
export const thingOf = (target: Element): Element => ask(target, 'closest', THING) || target;

/** The nearest name that was given for it (`data-farol-name`), else role, else tag. Empty: it is no element. */
export function nameOf(target: unknown): string {
  if (!isElement(target)) return '';
  const named = ask(target, 'closest', '[data-farol-name]');
  if (named) return text(ask(named, 'getAttribute', 'data-farol-name'));
  const thing = thingOf(target);
  return ask(thing, 'getAttribute', 'role') || text(thing.localName);
}

/** The text of an element that the page lists (CSS selectors), in one line; of anything a visitor can write into: nothing. */
export function listedText(target: unknown, list: readonly string[] | undefined): string | undefined {
  if (!list || !isElement(target)) return;
  const thing = thingOf(target);
  if (!safe(() => list.some((selector) => safe(() => thing.matches(selector))))) return;
  if (ask(thing, 'closest', WRITTEN) || ask(thing, 'querySelector', WRITTEN)) return;
  return text(thing.textContent).slice(0, LONGEST * 8).replace(/\s+/g, ' ').trim().slice(0, LONGEST) || undefined;
}
