// A visit to the example shop by a browser that k6 drives, over and over: what the page does to people while the backends are under load.
//
//     cargo xtask demo                                   # the shop at http://127.0.0.1:8080
//     k6 run deploy/k6/shop.js
//     FAROL_SHOP=http://shop.example FAROL_VUS=4 FAROL_DURATION=5m k6 run deploy/k6/shop.js
//
// K6_BROWSER_EXECUTABLE_PATH names the browser, K6_BROWSER_ARGS=no-sandbox is for root in a container. FAROL_RUN names the run.
import { browser } from 'k6/browser';
import { check } from 'k6';

const shop = __ENV.FAROL_SHOP || 'http://127.0.0.1:8080';
const run = __ENV.FAROL_RUN || `shop-${new Date().toISOString().slice(0, 16)}`;
const visits = Number(__ENV.FAROL_VISITS || 0);

const often = visits > 0
  ? { executor: 'shared-iterations', vus: Number(__ENV.FAROL_VUS || 1), iterations: visits }
  : { executor: 'constant-vus', vus: Number(__ENV.FAROL_VUS || 1), duration: __ENV.FAROL_DURATION || '1m' };

export const options = {
  scenarios: { shop: { ...often, options: { browser: { type: 'chromium' } } } },
  thresholds: {
    checks: ['rate==1'],
    browser_web_vital_lcp: ['p(75)<2500'],
    browser_web_vital_cls: ['p(75)<0.1'],
  },
};

const id = (name) => `[data-testid="${name}"]`;

/** What the browser calls itself, and the run: by this the collector marks every item as a test's. */
const agent = async () => {
  const page = await browser.newPage();
  const own = await page.evaluate(() => navigator.userAgent);
  await page.close();
  return `${own.replace('HeadlessChrome', 'Chrome')} k6/${run}`;
};

export default async function () {
  const userAgent = await agent();
  await browser.context().close();
  const context = await browser.newContext({ userAgent });
  const page = await context.newPage();
  try {
    await page.goto(shop, { waitUntil: 'networkidle' });
    await page.locator(id('sort-price')).click();
    await page.locator(id('product-lantern')).click();
    await page.locator(id('buy')).click();
    await page.locator(id('to-checkout')).click();
    await page.locator(id('checkout-name')).type('Ines');
    await page.locator(id('place-order')).click();
    const order = page.locator(id('order-trace'));
    await order.waitFor();
    const trace = await order.textContent();
    check(trace, { 'the order was taken': (it) => /[0-9a-f]{32}/.test(it) });
  } finally {
    // The page is hidden as it closes: then the SDK sends what it still has.
    await page.close();
    await context.close();
  }
}
