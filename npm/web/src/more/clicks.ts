/** Clicks for the trail of an error. */
import { Op, Trail } from '../abi.js';
import type { Sdk } from '../sdk.js';
import { nameOf } from './element.js';
import { option } from './option.js';

export function observeClicks(sdk: Sdk): void {
  if (option(sdk, 'clicks', 'boolean') === false) return;
  sdk.on_(window, 'click', ({ target, timeStamp }: Event) => {
    const name = nameOf(target);
    if (name) sdk.put_(Op.Trail, (w) => w.b(Trail.Click).s(name).n(timeStamp));
  }, true);
}
