// Things that push other things, when nobody asked. Within half a second of a click a shift does not count against
// the page, which is why these wait for longer.
import { fill, html } from '../dom';
import { type FaultGroup, wait } from './fault';

const SHELF_DELAY = 1_600;

/** Puts a banner above what is already on screen. */
export function shiftLater(slot: HTMLElement, left: AbortSignal): void {
  const timer = setTimeout(() => {
    fill(
      slot,
      html`<p class="banner" data-testid="banner"><span>The Thursday boat is free from €150.</span> <small>This banner pushed the page down, on purpose.</small></p>`,
    );
  }, SHELF_DELAY);
  left.addEventListener('abort', () => clearTimeout(timer));
}

export const shift: FaultGroup = {
  title: 'Shifting',
  lede: 'Content that moves under the reader. The worst burst becomes the CLS.',
  faults: [
    {
      id: 'shift-fog',
      button: 'Let the fog in',
      what: 'Three strips without a reserved place push the rest down, 700 ms from now.',
      async run() {
        await wait(700);
        for (let strip = 0; strip < 3; strip += 1) {
          const fog = document.createElement('div');
          fog.className = 'fog';
          fog.dataset.testid = 'fog';
          // Just above its own button: what is off the screen's top the browser would make up for by scrolling.
          document.querySelector('[data-testid="shift-fog"]')?.closest('.group')?.before(fog);
          await wait(120);
        }
        setTimeout(() => {
          for (const fog of document.querySelectorAll('.fog')) fog.remove();
        }, 1_500);
        return 'fog is in; it lifts by itself';
      },
    },
  ],
};
