/** What must arrive of the visit in `visit.ts`: a row for each kind of item, told by what a reader of the OTLP files would look for. */
import type { Item } from '../driver/otlp.js';

export interface Row {
  what: string;
  expected: number;
  /** Whether more than expected is right too: a vital is told again when it grew. */
  more?: boolean;
  is(item: Item): boolean;
}

const SHOP = 'keepers-store';
const PLAIN = 'keepers-plain';

const of = (app: string, item: Item): boolean => item.resource['service.name'] === app;
const log = (name: string, app = SHOP) => (item: Item): boolean => item.signal === 'log' && item.name === name && of(app, item);
const span = (name: string, app = SHOP) => (item: Item): boolean => item.signal === 'span' && item.name === name && of(app, item);

const vital = (name: string): Row => ({
  what: `vital ${name.toUpperCase()}, with its value and rating`,
  expected: 1,
  more: true,
  is: (item) =>
    log('browser.web_vital')(item) &&
    item.attributes['browser.web_vital.name'] === name &&
    typeof item.attributes['browser.web_vital.value'] === 'number' &&
    typeof item.attributes['browser.web_vital.rating'] === 'string',
});

const error = (what: string, message: string, more: (item: Item) => boolean = () => true, app = SHOP): Row => ({
  what: `error: ${what}`,
  expected: 1,
  is: (item) => log('exception', app)(item) && item.attributes['exception.message'] === message && more(item),
});

const request = (what: string, path: string, expected: number, more: (item: Item) => boolean): Row => ({
  what: `request: ${what}`,
  expected,
  is: (item) => item.signal === 'span' && of(SHOP, item) && String(item.attributes['url.full'] ?? '').includes(path) && more(item),
});

const status = (code: number) => (item: Item): boolean => item.attributes['http.response.status_code'] === code;
const view = (name: string): Row => ({ what: `view ${name}`, expected: 1, more: true, is: (item) => log('view_changed')(item) && item.attributes['toView'] === name });
const event = (name: string, expected = 1, app = SHOP): Row => ({ what: `event ${name}`, expected, is: log(name, app) });
const stack = (item: Item): boolean => /:\d+:\d+/.test(String(item.attributes['exception.stacktrace'] ?? ''));

export const ROWS: Row[] = [
  { what: 'session start', expected: 1, is: log('session.start') },
  ...['ttfb', 'fcp', 'lcp', 'cls', 'inp'].map(vital),
  ...['product', 'cart', 'checkout', 'rough-weather', 'about'].map(view),
  { what: 'navigations', expected: 5, more: true, is: log('browser.navigation') },
  event('product_viewed'),
  event('cart_added'),
  event('order_placed'),
  { what: 'measurement order', expected: 1, is: (item) => item.signal === 'log' && of(SHOP, item) && JSON.stringify(item).includes('"order"') && item.name === 'farol.measurement' },
  { what: 'span checkout', expected: 1, is: span('checkout') },
  request('the order, within that span', '/api/checkout', 1, (item) => status(200)(item) && item.parentSpanId !== ''),
  error('thrown three functions down, with its cause', 'the wick would not take', (item) => stack(item) && item.severity === 17),
  error('a rejection that nobody handled', 'the boat did not come'),
  error('a thrown string', 'man overboard'),
  error('several at once', 'All promises were rejected'),
  error('caught and told', 'the wick would not take', (item) => item.severity === 13),
  {
    what: 'error: thirty of one, counted',
    expected: 30,
    is: (item) => log('exception')(item) && item.attributes['exception.message'] === 'the bell rope snapped',
  },
  request('traced, 200', '/api/trace', 4, status(200)),
  request('failed, 500', '/api/fail', 1, status(500)),
  request('not there, 404', '/api/products/kraken', 1, status(404)),
  request('slow, 200', '/api/slow?ms=1500', 1, (item) => status(200)(item) && item.end - item.time >= 1_400),
  request('unavailable, 503', '/api/flaky', 1, status(503)),
  request('then there, 200', '/api/flaky', 1, status(200)),
  request('given up by the page', '/api/slow?ms=3000', 1, (item) => item.attributes['error.type'] === 'AbortError'),
  request('to nobody', '127.0.0.1:49999/', 1, (item) => item.status === 2),
  request('to a listed origin', '/delivery/estimate', 1, status(200)),
  request('to a stranger', '/weather/now', 1, status(200)),
  { what: 'user actions: clicks with what followed', expected: 20, more: true, is: log('browser.user_action.click') },
  {
    what: 'user action: the order, with its request',
    expected: 1,
    is: (item) => item.name.startsWith('browser.user_action.') && of(SHOP, item) && item.attributes['farol.element.name'] === 'place order' && Number(item.attributes['farol.action.requests']) > 0,
  },
  { what: 'error clicks', expected: 1, more: true, is: (item) => log('farol.frustration')(item) && item.attributes['farol.frustration.type'] === 'error_click' },
  { what: 'long frames, with their script', expected: 1, more: true, is: (item) => log('farol.long_frame')(item) && Boolean(item.attributes['farol.script.url']) },
  { what: 'failed load: a picture', expected: 1, is: (item) => log('farol.failed_load')(item) && String(item.attributes['url.full']).endsWith('/charts/lost.png') && item.attributes['farol.resource.kind'] === 'image' },
  { what: 'span with two requests under it', expected: 1, is: span('climb the tower') },
  { what: 'event with a string, a number and a boolean', expected: 1, is: (item) => log('ship_sighted')(item) && item.attributes['bearing'] === 241.5 && item.attributes['under_sail'] === true },
  { what: 'log at warn', expected: 1, is: (item) => item.signal === 'log' && item.body === 'wind backing to the north-west' && item.severity === 13 },
  { what: 'measurement weather', expected: 1, is: (item) => item.name === 'farol.measurement' && JSON.stringify(item).includes('998.4') },
  { what: 'script tag: vitals', expected: 4, more: true, is: log('browser.web_vital', PLAIN) },
  event('ship_sighted', 1, PLAIN),
  error('on the script-tag page', 'the wick would not take', stack, PLAIN),
  { what: 'script tag: request', expected: 1, is: (item) => item.signal === 'span' && of(PLAIN, item) && String(item.attributes['url.full']).includes('/api/trace') },
];

export interface Result {
  row: Row;
  came: number;
  right: boolean;
}

/** Each row with how many came; an item that stands for several identical ones counts for so many. */
export function compare(items: Item[]): Result[] {
  return ROWS.map((row) => {
    const came = items.filter((item) => row.is(item)).reduce((sum, item) => sum + Number(item.attributes['farol.exception.count'] ?? 1), 0);
    return { row, came, right: row.more ? came >= row.expected : came === row.expected };
  });
}
