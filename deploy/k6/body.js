// What a page that had a lot to say sends: one body of about 20 KB, with the marks by which test traffic is told apart on each board.
// No import of k6's: a test reads it too, and holds it to what the collector takes.

/** Bytes of a body, near enough. */
export const BYTES = 20_000;

const FRAMES = 12;
const WORDS = 'the harbour light turns once in ten seconds and is seen for eighteen miles over the water on a clear night';

const numbered = (count, make) => Array.from({ length: count }, (_, at) => make(at));
/** A span's id out of a body's own. */
const span = (id, at) => id + at.toString(16).padStart(2, '0');

const frame = (at) => ({
  filename: `https://shop.example/assets/part-${at % 4}.js`, function: `renderPart${at}`, lineno: 100 + at, colno: 7 * at + 1,
});

/**
 * A payload.
 * @param {{ run: string, id: string, at: number }} of the test's run, what is this body's own (14 hexadecimal digits), and its time in milliseconds
 */
export const payload = ({ run, id, at }) => {
  const timestamp = new Date(at).toISOString();
  const traceId = `${id}${id}0001`;
  const trace = { trace_id: traceId, span_id: span(id, 1) };
  return {
    meta: {
      sdk: { name: 'farol-web', version: '0.1.0' },
      app: { name: 'load', version: '1.0.0', environment: 'test' },
      browser: { name: 'Chrome', version: '140.0.0.0', os: 'Linux', mobile: false, language: 'en', viewportWidth: '1280', viewportHeight: '720' },
      page: { id: 'load', url: 'https://shop.example/load?sort=price' },
      session: { id: `k6${id}` },
      view: { name: 'load' },
      k6: { isK6Browser: true, testRunId: run },
    },
    logs: numbered(13, (n) => ({ message: `${n}: ${WORDS}`, level: n % 4 === 0 ? 'warn' : 'info', context: { step: n, basket: `b-${n}`, express: n % 2 === 0 }, timestamp, trace })),
    exceptions: numbered(5, (n) => ({
      type: 'TypeError', value: `part ${n} is undefined`, stacktrace: { frames: numbered(FRAMES, frame) }, handled: n % 2 === 0, mechanism: 'onerror', timestamp, trace,
    })),
    measurements: numbered(8, (n) => ({
      type: 'web-vitals', values: { lcp: 900 + 40 * n, delta: 10 + n, element_render_delay: 60.5 },
      context: { id: `v6-${n}-${id}`, rating: 'good', navigation_type: 'navigate', element: 'main>section.products>img.hero' }, timestamp, trace,
    })),
    events: numbered(12, (n) => ({
      name: 'order_step', domain: 'shop', attributes: { step: String(n), article: `lantern-${n}`, note: WORDS.slice(0, 60) }, timestamp, trace,
    })),
    traces: {
      resourceSpans: [{
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'load' } }] },
        scopeSpans: [{
          scope: { name: 'farol.fetch' },
          spans: numbered(6, (n) => ({
            traceId, spanId: span(id, 1 + n), name: 'GET', kind: 3, startTimeUnixNano: `${at}000000`, endTimeUnixNano: `${at}90000${n}`,
            attributes: [
              { key: 'http.request.method', value: { stringValue: 'GET' } },
              { key: 'url.full', value: { stringValue: `https://shop.example/api/products/${n}` } },
              { key: 'http.response.status_code', value: { intValue: '200' } },
            ],
            status: {},
          })),
        }],
      }],
    },
  };
};

const MARK = { run: 'run', id: '0123456789abcd', at: 1_700_000_000_000 };

/**
 * Bodies for one run: written once, and what is each one's own put in its places, so that the generator's processor is not what is measured. Times are
 * those of the second, put in once for all of its bodies.
 * @param {string} run
 * @returns {(id: string, at: number) => string}
 */
export const bodies = (run) => {
  const text = JSON.stringify(payload({ ...MARK, run }));
  const stamp = new Date(MARK.at).toISOString();
  let second = NaN;
  let parts = [];
  return (id, at) => {
    const now = at - (at % 1000);
    if (now !== second) {
      second = now;
      parts = text.split(stamp).join(new Date(now).toISOString()).split(String(MARK.at)).join(String(now)).split(MARK.id);
    }
    return parts.join(id);
  };
};
