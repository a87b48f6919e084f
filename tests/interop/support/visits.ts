/** Visits of an invented app that meet everything the boards show: slow and poor pages, errors, clicks that led nowhere, failed requests. */
import { randomBytes } from 'node:crypto';

/* eslint-disable-next-line -- the wire's shape, as docs/wire.md has it */
type Json = any;

export const APP = 'boards';
export const KEY = 'boards-key';
/** Where its pages are. */
export const ORIGIN = 'http://shop.example';

/** The app as a collector's settings declare it; more of its settings may follow. */
export const DECLARED = `[[apps]]
name = "${APP}"
keys = ["${KEY}"]
origins = ["${ORIGIN}"]
`;

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

const vital = (name: string, value: number, context: Record<string, string>): Json => ({
  type: 'web-vitals', timestamp: new Date().toISOString(), values: { [name]: value, delta: value }, context: { id: hex(8), rating: 'poor', navigation_type: 'navigate', ...context },
});

const event = (name: string, attributes: Record<string, string> = {}): Json => ({ name, timestamp: new Date().toISOString(), attributes });

const span = (status: number, milliseconds: bigint): Json => {
  const now = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId: hex(16), spanId: hex(8), name: 'GET', kind: 3, startTimeUnixNano: String(now - milliseconds * 1_000_000n), endTimeUnixNano: String(now),
    attributes: [
      { key: 'http.request.method', value: { stringValue: 'GET' } },
      { key: 'url.full', value: { stringValue: `${ORIGIN}/api/cart` } },
      { key: 'http.response.status_code', value: { intValue: status } },
    ],
  };
};

/** One visit: a session of its own, with an error in it. */
export const visit = (): Json => ({
  meta: {
    app: { name: APP, version: '1.0.0', environment: 'test' },
    session: { id: hex(8) },
    page: { url: `${ORIGIN}/cart` },
    browser: { name: 'Chrome', version: '150', mobile: false },
    geo: { countryISOCode: 'DE' },
  },
  farol: { client: hex(8), first: ['exception'] },
  events: [
    event('session_start'),
    event('farol.frustration', { 'farol.frustration.type': 'rage', 'farol.element.name': 'buy' }),
    event('browser.user_action.click', { 'farol.action.name': 'buy', 'farol.action.duration': '420' }),
    event('farol.long_frame', { 'farol.frame.blocking_duration': '180', 'farol.script.url': `${ORIGIN}/app.js` }),
    event('farol.failed_load', { 'url.full': `${ORIGIN}/logo.png` }),
  ],
  measurements: [
    vital('lcp', 5200, { element: 'main>img' }),
    vital('inp', 640, { interaction_target: 'button' }),
    vital('cls', 0.4, { largest_shift_target: 'main' }),
    vital('fcp', 3400, {}),
    vital('ttfb', 1900, {}),
  ],
  exceptions: [{ type: 'TypeError', value: 'x is not a function', timestamp: new Date().toISOString(), stacktrace: { frames: [{ filename: `${ORIGIN}/app.js`, function: 'buy', lineno: 1, colno: 2 }] } }],
  traces: { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: 'farol.fetch' }, spans: [span(200, 250n), span(500, 1500n)] }] }] },
});

/** The trace context of a visit's first request, as its page would have sent it. */
export const traceparent = (of: Json): string => {
  const { traceId, spanId } = of.traces.resourceSpans[0].scopeSpans[0].spans[0];
  return `00-${traceId}-${spanId}-01`;
};

/** Sends it as a page does; what is answered is the caller's to judge. */
export const post = async (url: string, body: string, late = false): Promise<number> => {
  const answer = await fetch(`${url}/collect/${KEY}?id=${hex(8)}${late ? '&late=1' : ''}`, { method: 'POST', headers: { 'content-type': 'text/plain', origin: ORIGIN }, body });
  await answer.arrayBuffer();
  return answer.status;
};
