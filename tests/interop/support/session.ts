/**
 * A driven browser's visit to the example shop, through a Farol collector: every request as the pages sent it, so that each server gets the same bytes. The
 * first test that wants it drives; the others read what FAROL_INTEROP_SESSION names.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compare } from '../../e2e/drive/table.js';
import { visit } from '../../e2e/drive/visit.js';
import { startCollector } from '../../e2e/driver/collector.js';
import { launch } from '../../e2e/driver/index.js';
import { gaps, type Item } from '../../e2e/driver/otlp.js';
import { startShop } from '../../e2e/driver/shop.js';
import { httpProxy } from './proxy-http.js';
import { send } from './traffic.js';

interface Request {
  path: string;
  type: string;
  /** Base64: some are packed. */
  body: string;
}

interface Session {
  requests: Request[];
  logs: number;
  spans: number;
}

const SHOP = fileURLToPath(new URL('../../../examples/spa/dist', import.meta.url));
/** What the page has to tell may wait for a busy machine. */
const PATIENCE = 60_000;

async function drive(): Promise<Session> {
  const collector = await startCollector({ env: { FAROL_SCRUB__PROFILE: 'passthrough' } });
  const requests: Request[] = [];
  const proxy = await httpProxy(Number(new URL(collector.url).port), ({ method, path, headers, body, status }) => {
    if (method === 'POST' && status === 202) requests.push({ path, type: headers['content-type'] ?? '', body: body.toString('base64') });
  });
  const shop = await startShop(SHOP, `http://127.0.0.1:${proxy.port}`);
  const browser = await launch({ engine: 'chromium' });
  try {
    await visit(await browser.newPage(), shop.url, () => {});
    const whole = (items: Item[]): boolean => compare(items).every((it) => it.right) && gaps(items).length === 0;
    await collector.until(whole, 'the whole visit', PATIENCE);
    await browser.close();
    // A page has a last word when it closes.
    const metrics = await (await fetch(`${collector.url}/metrics`)).text();
    const taken = Number(/^farol_items_total\{outcome="enqueued".*\} (\d+)$/m.exec(metrics)![1]);
    const items = await collector.until((all) => all.length === taken, `${taken} items`, PATIENCE);
    return { requests: [...requests], logs: items.filter((it) => it.signal === 'log').length, spans: items.filter((it) => it.signal === 'span').length };
  } finally {
    await browser.close();
    await shop.stop();
    await proxy.shut();
    await collector.stop();
  }
}

let known: Promise<Session> | undefined;

function session(): Promise<Session> {
  const file = process.env['FAROL_INTEROP_SESSION'];
  if (file !== undefined && existsSync(file)) return (known ??= Promise.resolve(JSON.parse(readFileSync(file, 'utf8')) as Session));
  known ??= drive().then((it) => {
    if (file !== undefined) writeFileSync(file, JSON.stringify(it));
    return it;
  });
  return known;
}

/** Sends the visit, as that of an app where one is named; all has to be taken. */
export async function sendVisit(url: string, app?: { key: string; origin: string }): Promise<{ logs: number; spans: number }> {
  const { requests, logs, spans } = await session();
  for (const { path, type, body } of requests) {
    // It comes later than it was sent, as what a browser kept does.
    const late = path.replace(/[?&]sent=\d+/, (it) => (it.startsWith('?') ? '?' : ''));
    const to = app === undefined ? late : late.replace(/^(\/\w+)(?:\/[^?]+)?/u, `$1/${app.key}`);
    const headers = { 'content-type': type, ...(app === undefined ? {} : { origin: app.origin }) };
    const answer = await fetch(url + to, { method: 'POST', headers, body: Buffer.from(body, 'base64') });
    assert.equal(answer.status, 202, await answer.text());
  }
  return { logs, spans };
}

/** Sends the captured requests, the maximal payload and the visit; all have to be taken. */
export async function sendAll(url: string): Promise<{ logs: number; spans: number }> {
  const sent = await send(url);
  const visit = await sendVisit(url);
  return { logs: sent.logs + visit.logs, spans: sent.spans + visit.spans };
}
