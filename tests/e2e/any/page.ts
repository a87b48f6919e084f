/** The random lives of npm/web/test/any, in the page itself: what they do to a client they do to what was shipped. */
import { playAll, type Stage } from '../../../npm/web/test/any/lives.js';

declare const Farol: typeof import('@farol/web');

const seen: string[] = [];
/** Errors that a life has happen are no errors of the page's. */
let own = false;
addEventListener('error', (event) => {
  if (!own) seen.push(`error: ${event.message}`);
});
addEventListener('unhandledrejection', (event) => {
  if (!own) seen.push(`rejected, and nobody handled it: ${event.reason?.stack}`);
});

const stage: Stage = {
  url: '/',
  init: Farol.init,
  dispatch(type, told) {
    const event = new Event(type);
    for (const name of ['error', 'reason', 'key']) Object.defineProperty(event, name, { value: told });
    own = true;
    dispatchEvent(event);
    own = false;
  },
  async surfaced() {
    // What waits for an idle page holds its client, and a browser gives a page some hundred memories at once.
    await new Promise<unknown>((done) => (window.requestIdleCallback || setTimeout)(done));
    return seen.splice(0);
  },
};

Object.assign(window, { lives: (runs: number, seed: number) => playAll(stage, runs, seed) });
