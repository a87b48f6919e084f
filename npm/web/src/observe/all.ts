/** Starts what the options leave on. One that fails to start leaves the others alone. */
import type { Sdk } from '../sdk.js';
import type { Capture } from '../types.js';
import { observeErrors } from './errors.js';
import { observeFetch } from './fetch.js';
import { observeNavigation } from './navigation.js';
import { observeVisit } from './visit.js';
import { observeVitals } from './vitals.js';
import { observeXhr } from './xhr.js';

/** The vitals come before the visit: what they have to say when the page is hidden goes along. */
const OBSERVERS: Partial<Record<keyof Capture | 'visit', (sdk: Sdk) => unknown>> = {
  errors: observeErrors,
  vitals: observeVitals,
  fetch: observeFetch,
  xhr: observeXhr,
  navigation: observeNavigation,
  visit: observeVisit,
};

export function observeAll(sdk: Sdk): void {
  const wanted: Capture = sdk.options_.capture || {};
  for (const name of Object.keys(OBSERVERS)) {
    if (wanted[name as keyof Capture] !== false) sdk.guard_(OBSERVERS[name as keyof Capture]!)(sdk);
  }
}
