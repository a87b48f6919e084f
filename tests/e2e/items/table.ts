/** What has to arrive of `page.ts`: one row a kind of thing, told by what a reader of the OTLP output would look for. */
import type { Item } from '../driver/otlp.js';

export interface Row {
  what: string;
  /** How many, for each client. */
  count: number;
  is(item: Item): boolean;
}

const attr = (item: Item, key: string): unknown => item.attributes[key];
const log = (name: string) => (item: Item): boolean => item.signal === 'log' && item.name === name;
const vital = (name: string): Row => ({
  what: `vital ${name}`,
  count: 1,
  is: (item) => log('browser.web_vital')(item) && attr(item, 'browser.web_vital.name') === name && typeof attr(item, 'browser.web_vital.value') === 'number',
});
const exception = (what: string, message: string, more: (item: Item) => boolean = () => true): Row => ({
  what: `exception ${what}`,
  count: 1,
  is: (item) => log('exception')(item) && attr(item, 'exception.message') === message && more(item),
});
const path = (item: Item): string => {
  try {
    return new URL(String(attr(item, 'url.full'))).pathname;
  } catch {
    return '';
  }
};
const request = (what: string, wanted: string, more: (item: Item) => boolean): Row => ({
  what: `request ${what}`,
  count: 1,
  is: (item) => item.signal === 'span' && path(item) === wanted && more(item),
});
const hasFrames = (item: Item): boolean => /items\.js:\d+:\d+/.test(String(attr(item, 'exception.stacktrace')));

export const TABLE: Row[] = [
  { what: 'session start', count: 1, is: log('session.start') },
  vital('ttfb'),
  vital('fcp'),
  vital('lcp'),
  vital('cls'),
  vital('inp'),
  {
    what: 'event with a string, a number and a boolean',
    count: 1,
    is: (item) => log('cart.add')(item) && attr(item, 'sku') === 'lamp' && attr(item, 'count') === 2 && attr(item, 'gift') === true,
  },
  ...(['trace', 'debug', 'info', 'warn', 'error'] as const).map(
    (level, i): Row => ({ what: `log at ${level}`, count: 1, is: (item) => item.body === `a log at ${level}` && item.severity === [1, 5, 9, 13, 17][i] }),
  ),
  {
    what: 'measurement with two values',
    count: 1,
    is: (item) => item.signal === 'log' && JSON.stringify(item.attributes).includes('checkout.steps') && JSON.stringify(item.attributes).includes('19.9'),
  },
  exception('handled, with its cause', 'handled one', (item) => item.severity === 13 && JSON.stringify(item).includes('its cause')),
  exception('uncaught', 'uncaught one', (item) => attr(item, 'exception.type') === 'RangeError' && item.severity === 17 && hasFrames(item)),
  exception('a thrown string', 'a thrown string'),
  exception('an AggregateError with its children', 'many at once', (item) => JSON.stringify(item).includes('second child')),
  exception('a rejection', 'rejected one', (item) => attr(item, 'exception.type') === 'Error' && hasFrames(item)),
  { what: 'span of the page', count: 1, is: (item) => item.signal === 'span' && item.name === 'reindex' },
  { what: 'span around a request', count: 1, is: (item) => item.signal === 'span' && item.name === 'checkout' },
  request('POST 200', '/api/ok', (item) => attr(item, 'http.request.method') === 'POST' && attr(item, 'http.response.status_code') === 200 && item.status !== 2),
  request('500', '/api/fail', (item) => attr(item, 'http.response.status_code') === 500 && item.status === 2 && attr(item, 'error.type') === '500'),
  request('aborted', '/api/slow', (item) => attr(item, 'error.type') === 'AbortError'),
  request('to nobody', '/nobody', (item) => attr(item, 'error.type') === 'TypeError' && item.status === 2),
  request('to another origin that is not listed', '/unlisted', () => true),
  request('to another origin that is listed', '/listed', () => true),
  request('by XMLHttpRequest', '/api/xhr', (item) => attr(item, 'http.response.status_code') === 200),
  {
    what: 'failed load, without its secret',
    count: 1,
    is: (item) => log('farol.failed_load')(item) && attr(item, 'farol.resource.kind') === 'image' && path(item) === '/lost.png' && String(attr(item, 'url.full')).endsWith('token=REDACTED') && attr(item, 'farol.count') === undefined,
  },
  { what: 'the same load twice more, counted', count: 1, is: (item) => log('farol.failed_load')(item) && path(item) === '/lost.png' && attr(item, 'farol.count') === 2 },
  { what: 'user action', count: 1, is: (item) => log('browser.user_action.click')(item) && attr(item, 'farol.element.name') === 'button' && Number(attr(item, 'farol.action.duration')) >= 0 },
  { what: 'navigation', count: 1, is: (item) => log('browser.navigation')(item) && String(attr(item, 'url.full')).endsWith('/second') },
  { what: 'view changed', count: 1, is: (item) => log('view_changed')(item) && attr(item, 'toView') === 'second' },
  { what: 'event on the second page, with its user', count: 1, is: (item) => log('on.second')(item) && attr(item, 'user.id') === 'u-1' && JSON.stringify(item.attributes).includes('/second') },
];

/** Those of the table that did not come as often as they should, with how often they came. */
export function missing(items: Item[], clients: number, without: string[] = []): string[] {
  return TABLE.filter((row) => !without.includes(row.what)).flatMap((row) => {
    const came = items.filter(row.is).length;
    return came === row.count * clients ? [] : [`${row.what}: expected ${row.count * clients}, came ${came}`];
  });
}

/** How many of the five errors of the loop were told, by item or by count. */
export function looped(items: Item[]): number {
  return items
    .filter((item) => log('exception')(item) && attr(item, 'exception.message') === 'in a loop')
    .reduce((sum, item) => sum + Number(attr(item, 'farol.exception.count') ?? 1), 0);
}
