/**
 * @farol/web/more: the features that are on by default and not in the first file, which loads them by itself. Imported here by name, a
 * bundler can choose.
 */
import { Diagnostic } from './abi.js';
import { observeActions } from './more/actions.js';
import { observeClicks } from './more/clicks.js';
import { observeConfig } from './more/config.js';
import { observeFrames } from './more/frames.js';
import { observeHere } from './more/here.js';
import { observeNames } from './more/known.js';
import { observeLoads } from './more/loads.js';
import { observeOutbox } from './more/outbox.js';
import { observeReports } from './more/reports.js';
import { observeSelf } from './more/self.js';
import type { Sdk } from './sdk.js';
import type { Capture, Feature } from './types.js';

/** `capture.actions` and `capture.frustration` */
export const actions: Feature = observeActions;
/** `capture.clicks` */
export const clicks: Feature = observeClicks;
/** `remoteConfig` */
export const config: Feature = observeConfig;
/** `capture.frames` */
export const frames: Feature = observeFrames;
/** `session.storage: 'tab'`: duplicated tabs are told apart. */
export const here: Feature = observeHere;
/** Options whose names there are not, told. */
export const names: Feature = observeNames;
/** `capture.loads` */
export const loads: Feature = observeLoads;
/** `outbox` */
export const outbox: Feature = observeOutbox;
/** `capture.reports` */
export const reports: Feature = observeReports;

/** `selfReport` */
export const selfReport: Feature = observeSelf;

/** What `@farol/web/extra` captures. */
const EXTRA = 'console forms load memory resources traceResponse userTiming'.split(' ') as (keyof Capture)[];

/** What is off by default is in a file of its own, which comes where one of it is on. */
export const extra: Feature = (sdk: Sdk) => {
  const { capture = {} } = sdk.options_;
  if (!EXTRA.some((name) => capture[name])) return;
  import('./extra.js').then(
    ({ features }) => sdk.over_ || features.forEach((feature) => sdk.guard_(feature)(sdk)),
    () => sdk.tell_(Diagnostic.FeaturesLost),
  );
};

/** All of them; what `capture` turns off does nothing. The outbox asks whose session it is: a copy of a tab has its own by then. */
export const features: Feature[] = [here, outbox, config, names, actions, clicks, frames, loads, reports, selfReport, extra];
