/** API calls as browsers see them: rate, errors and duration by route, and the same beside what servers say of themselves. */
import { board, to } from '../board.js';
import { bars, figure, lines, marked, now, prom, rows, table, traceql, traces } from '../panels.js';
import { REQUESTS, SPANS, WINDOW, among, increase, join, observed, quantile, share } from '../queries.js';

const RANGE = '$__range';
const METRIC = 'http_client_request_duration_seconds';
const SERVER = 'http_server_request_duration_seconds';
const failed = (by = '', window = RANGE): string => observed(METRIC, by, join(REQUESTS, 'farol_http_status_class=~"5xx|error"'), window);
/** Histograms take sampled sessions alone, and no weights: beside page views, which stand for all, they are few. */
const SAMPLED = 'Of sampled sessions, each request once: with a rate of 0.1 a tenth of what pages sent.';
const MOST = `topk(30, ${observed(METRIC, 'url_template', REQUESTS, RANGE)})`;
/** A server is another job than the app whose pages ask it. */
const ALL = 'http_response_status_code=~".*"';

export const api = board({
  uid: 'farol-api',
  title: 'Farol / API calls as browsers see them',
  description: 'Requests that pages make: how many, how many fail, how long they take.',
  choices: ['environment', 'window'],
  parts: [
    figure('Requests', now(observed(METRIC, '', REQUESTS, RANGE)), { unit: 'short', decimals: 0, width: 6, description: SAMPLED }),
    figure('Failed', now(share(failed(), observed(METRIC, '', REQUESTS, RANGE))), { unit: 'percentunit', decimals: 2, bounds: [0.001, 0.01], width: 6, description: 'Answered with 5xx, or not at all: a visitor who left counts too; what the page itself took back does not.' }),
    figure('Half of them within', now(quantile(0.5, METRIC, '', REQUESTS, RANGE)), { unit: 's', width: 6 }),
    figure('95 % within', now(quantile(0.95, METRIC, '', REQUESTS, RANGE)), { unit: 's', bounds: [0.5, 2], width: 6 }),
    bars('Requests by status', [prom(observed(METRIC, 'farol_http_status_class', REQUESTS), '{{farol_http_status_class}}')], { description: SAMPLED }),
    lines('Duration', [prom(quantile(0.5, METRIC, '', REQUESTS), 'P50'), marked(prom(quantile(0.95, METRIC, '', REQUESTS), 'P95')), prom(quantile(0.99, METRIC, '', REQUESTS), 'P99')], { unit: 's' }),
    lines('Failed, by route', [prom(`topk(10, ${share(failed('url_template', WINDOW), observed(METRIC, 'url_template', REQUESTS))} > 0)`, '{{url_template}}')], { unit: 'percentunit' }),
    lines('P95 by route', [marked(prom(`topk(10, ${quantile(0.95, METRIC, 'url_template', REQUESTS)})`, '{{url_template}}'))], { unit: 's' }),
    'Routes',
    table('Requests by route', [
      rows(MOST),
      rows(among(MOST, 'url_template', quantile(0.95, METRIC, 'url_template', REQUESTS, RANGE))),
      rows(among(MOST, 'url_template', share(failed('url_template'), observed(METRIC, 'url_template', REQUESTS, RANGE)))),
    ], {
      width: 24, height: 10, description: SAMPLED,
      fields: {
        url_template: { title: 'Route' },
        'Value #A': { title: 'Requests', unit: 'short' },
        'Value #B': { title: 'P95', unit: 's' },
        'Value #C': { title: 'Failed', unit: 'percentunit', bounds: [0.001, 0.01] },
      },
      links: [to('farol-traces', 'Traces')],
    }),
    'From the browser against from the server',
    lines('P95: what people wait, and what the server says', [marked(prom(quantile(0.95, METRIC, '', REQUESTS), 'browser')), prom(quantile(0.95, SERVER, 'job', ALL), 'server {{job}}')], {
      unit: 's', description: 'The difference is the network, the queue in the browser, and what stands between. Servers that say http.server.request.duration.',
    }),
    lines('Requests: what sampled pages sent, and what the server counted', [prom(observed(METRIC, '', REQUESTS), 'browser'), prom(observed(SERVER, 'job', ALL), 'server {{job}}')], { description: SAMPLED }),
    'Failed requests',
    traces('Traces with an error', traceql(`{${SPANS} && kind=client && status=error}`)),
    lines('Page views beside it', [prom(increase('farol_page_views_total', 'job'), '{{job}}')], { width: 24, height: 6 }),
  ],
});
