/** What the trail of an error is told from here: clicks, and of items what the page's `beforeSend` has left. */
import { Op, Trail } from '../abi.js';
import { safe, text } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import { nameOf } from './element.js';
import { option } from './option.js';

/** The SDK's own events that say nothing of what led to an error. Navigations are told by the core. */
const OWN = /^(session_(start|resume|extend|end)|view_changed|browser\.navigation)$/;

type Attribute = { key: string; value: Record<string, unknown> };

/** How the trail names an item, by the number of its kind in `KINDS`; nothing where it does not. Reading may throw: the page has made it. */
export function named(kind: number, item: any): [what: Trail, text: string] | undefined {
  if (kind == 0) return [Trail.Log, text(item.message)];
  if (kind == 1) return [Trail.Error, text(item.type) + ': ' + text(item.value)];
  if (kind == 3) return OWN.test(item.name) ? undefined : [Trail.Event, text(item.name)];
  if (kind != 4) return;
  const of = (...names: string[]): unknown =>
    names.map((name) => (item.attributes as Attribute[]).find(({ key }) => key == name)).filter(Boolean).map((one) => Object.values(one!.value)[0])[0];
  const method = of('http.request.method_original', 'http.request.method');
  // Others are the page's own.
  if (method) return [Trail.Fetch, [method, of('url.full'), of('http.response.status_code', 'error.type')].map(text).join(' ')];
}

export function observeClicks(sdk: Sdk): void {
  sdk.noted_ = (kind, item) => {
    const [what, told] = safe(() => named(kind, item)) || [];
    if (told) sdk.put_(Op.Trail, (w) => w.b(what!).s(told).n(NaN));
  };
  if (option(sdk, 'clicks', 'boolean') === false) return;
  sdk.on_(window, 'click', ({ target, timeStamp }: Event) => {
    const name = nameOf(target);
    if (name) sdk.put_(Op.Trail, (w) => w.b(Trail.Click).s(name).n(timeStamp));
  }, true);
}
