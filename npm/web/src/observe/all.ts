/** Starts what the options leave on. One that fails to start leaves the others alone. */
import type { Port } from '../core.js';
import type { Sdk } from '../sdk.js';
import { type Capture, observeErrors } from './errors.js';
import { observeFetch } from './fetch.js';
import { observeNavigation } from './navigation.js';
import { observeClicks, observeVisit } from './visit.js';
import { startVitals } from './vitals.js';
import { observeXhr } from './xhr.js';

export function observeAll(sdk: Sdk, port: Port, capture: Capture, hide: Parameters<typeof observeVisit>[1]): void {
  const { errors, vitals, fetch, xhr, navigation, clicks } = sdk.options_.capture || {};
  const start = (wanted: boolean | undefined, observe: () => void) => {
    if (wanted !== false) sdk.guard_(observe)();
  };
  start(errors, () => observeErrors(sdk, capture));
  // Before the visit is observed: what the vitals have to say when the page is hidden goes along.
  start(vitals, () => sdk.stops_.push(startVitals(port.put)));
  start(fetch, () => observeFetch(sdk));
  start(xhr, () => observeXhr(sdk));
  start(navigation, () => observeNavigation(sdk));
  start(clicks, () => observeClicks(sdk));
  start(true, () => observeVisit(sdk, hide));
}
