/** Forms that were begun and not sent: which, and which field was the last. Never what is in them. */
import { safe, text } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import { ask, isElement } from './element.js';
import { Attr, Event as Name } from './names.js';
import { option } from './option.js';
import { onLeft, tell } from './tell.js';

/** Forms that are begun at once. Nobody fills in as many; a page that makes each anew would have us keep all of them. */
const MOST = 20;

interface Begun {
  since_: number;
  last_: string;
  /** Those that were counted, where the page still has them. */
  fields_: WeakSet<Element>;
  count_: number;
}

/** What the page's author calls it: the name given for it, else id, else `name`, else its tag. */
export const called = (element: Element): string => {
  const attribute = (name: string) => text(safe(() => ask(element, 'getAttribute', name)));
  return attribute('data-farol-name') || attribute('id') || attribute('name') || text(element.localName);
};

export function observeForms(sdk: Sdk): void {
  if (!option(sdk, 'forms', 'boolean')) return;
  const begun = new Map<Element, Begun>();
  let href = location.href;
  const abandoned = (form: Element) => {
    const { since_: since, last_: last, count_: count } = begun.get(form)!;
    begun.delete(form);
    tell(sdk, Name.FormAbandoned, {
      [Attr.FormName]: called(form), [Attr.FormField]: last, [Attr.FormFields]: count, [Attr.FormDuration]: performance.now() - since,
    });
  };
  sdk.on_(window, 'input change', ({ target, timeStamp, isTrusted }: Event) => {
    const form = isTrusted && sdk.live_() && isElement(target) && target.closest('form');
    if (!form) return;
    // Another address in the same document: what was begun before was left there.
    if (href != location.href) begun.forEach((_, form) => form.isConnected || abandoned(form));
    href = location.href;
    let entry = begun.get(form);
    if (!entry) {
      const forms = [...begun.keys()];
      if (forms.length >= MOST) begun.delete(forms.find(({ isConnected }) => !isConnected) || forms[0]!);
      begun.set(form, (entry = { since_: timeStamp, last_: '', fields_: new WeakSet(), count_: 0 }));
    }
    entry.last_ = called(target as Element);
    if (!entry.fields_.has(target as Element)) entry.count_++;
    entry.fields_.add(target as Element);
  }, true);
  // `submit()` of a script's makes no event of that name, but asks for the data, as a script does that sends them by itself.
  sdk.on_(window, 'submit reset formdata', ({ target }: Event) => begun.delete(target as Element), true);
  // Another tab is looked at and left again: only who leaves the page leaves its forms.
  onLeft(sdk, () => begun.forEach((_, form) => abandoned(form)));
}
