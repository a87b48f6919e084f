/** A visit to the shop, as a curious person makes it: buys something, then presses every button that makes trouble. */
import type { Page } from '../driver/index.js';

const id = (name: string): string => `[data-testid="${name}"]`;

/** What the shop said of the order: the trace that its backend continued. */
export interface Visit {
  orderTrace: string;
  session: string;
}

export async function visit(page: Page, shop: string, say: (what: string) => void): Promise<Visit> {
  const there = (name: string): Promise<unknown> => page.waitFor(`document.querySelector('${id(name)}')`, { what: name });
  const shown = (name: string): Promise<string> =>
    page.waitFor((selector: string) => document.querySelector(selector)?.textContent?.trim().replace('…', ''), { what: `a text in ${name}`, args: [id(name)] }) as Promise<string>;

  say('opens the shop and waits for the picture and the banner');
  await page.goto(shop);
  await page.waitFor("performance.getEntriesByName('first-contentful-paint').length", { what: 'the first paint' });
  await page.waitFor(`document.querySelector('${id('hero')}')?.complete`, { what: 'the picture' });
  await there('banner');
  const session = await shown('session-id');

  say('sorts, looks at a lantern, and orders it');
  await page.click(id('sort-price'));
  await page.click(id('product-lantern'));
  await there('buy');
  await page.click(id('buy'));
  await there('more-lantern');
  await page.click(id('more-lantern'));
  await there('to-checkout');
  await page.click(id('to-checkout'));
  await there('place-order');
  await page.type(id('checkout-name'), 'Ines');
  await page.click(id('place-order'));
  const orderTrace = await shown('order-trace');

  say('presses every button of the rough weather');
  await page.click(id('nav-rough'));
  await there('throw-error');
  const buttons = await page.evaluate<string[]>("[...document.querySelectorAll('.fault button')].map((button) => button.dataset.testid)");
  // Another view's name would belong to the items after it.
  for (const button of buttons.filter((name) => name !== 'tell-view')) {
    await page.click(id(button));
    await shown(`${button}-result`);
  }
  await page.click(id('nav-about'));
  await page.waitFor("location.pathname === '/about'");

  say('looks at another tab, comes back, and opens the page with the script tag');
  await page.hide();
  await page.show();
  await page.click(id('nav-plain'));
  await there('plain-event');
  await page.waitFor("performance.getEntriesByName('first-contentful-paint').length", { what: 'the first paint' });
  await page.click(id('plain-event'));
  await page.click(id('plain-throw'));
  await page.click(id('plain-fetch'));
  await page.waitFor(`document.querySelector('${id('plain-result')}')?.textContent?.includes('trace')`, { what: 'the answer on the script-tag page' });
  await page.hide();
  return { orderTrace, session };
}
