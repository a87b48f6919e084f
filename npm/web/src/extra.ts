/** @farol/web/extra: the features that are off by default. The file comes where an option wants one of them. */
import { observeAnswers } from './more/answers.js';
import { observeConsole } from './more/console.js';
import { observeForms } from './more/forms.js';
import { observeLoad, observeMarks, observeMemory, observeResources } from './more/timings.js';
import type { Feature } from './types.js';

/** `capture.traceResponse` */
export const answers: Feature = observeAnswers;
/** `capture.console` */
export const consoleLogs: Feature = observeConsole;
/** `capture.forms` */
export const forms: Feature = observeForms;
/** `capture.load` */
export const load: Feature = observeLoad;
/** `capture.memory` */
export const memory: Feature = observeMemory;
/** `capture.resources` */
export const resources: Feature = observeResources;
/** `capture.userTiming` */
export const userTiming: Feature = observeMarks;

/** All of them; what `capture` does not turn on does nothing. */
export const features: Feature[] = [answers, consoleLogs, forms, load, memory, resources, userTiming];
