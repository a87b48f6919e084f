/** The site in a minute: how many people, what they met, how fast it was, and whether the collector keeps up. */
import { board, to } from '../board.js';
import { bars, figure, lines, marked, now, prom, rows, table } from '../panels.js';
import { APP, LIVE, REQUESTS, VITALS, family, increase, quantile, share } from '../queries.js';

const RANGE = '$__range';
const sessions = increase('farol_sessions_total', '', LIVE, RANGE);
const failed = increase('farol_sessions_with_exceptions_total', '', LIVE, RANGE);
const [lcp, inp, cls] = VITALS;

export const overview = board({
  uid: 'farol-overview',
  title: 'Farol / Overview',
  description: 'The golden signals of the frontend: traffic, errors, latency, saturation.',
  choices: ['environment', 'window'],
  parts: [
    figure('Sessions', now(sessions), { unit: 'short', decimals: 0, links: [to('farol-sessions', 'Sessions and actions')] }),
    figure('Page views', now(increase('farol_page_views_total', '', LIVE, RANGE)), { unit: 'short', decimals: 0 }),
    figure('Sessions without an error', now(`1 - clamp_max(${share(failed, sessions)}, 1)`), {
      unit: 'percentunit', decimals: 2, bounds: [0.95, 0.99], falling: true, links: [to('farol-errors', 'Errors')],
    }),
    ...[lcp!, inp!, cls!].map((it) => figure(it.name.toUpperCase(), now(quantile(0.75, family(it), '', LIVE, RANGE)), {
      unit: it.unit, bounds: [it.good, it.poor], description: `${it.title}, at the 75th percentile of the visits.`, links: [to('farol-web-vitals', 'Web Vitals')],
    })),
    'Traffic',
    bars('Page views by app', [prom(increase('farol_page_views_total', 'job'), '{{job}}')], { description: 'In the window above, up to each moment.' }),
    lines('Sessions by device', [prom(increase('farol_sessions_total', 'farol_device_type'), '{{farol_device_type}}')], { stacked: true }),
    'Errors',
    lines('Sessions with an error', [prom(`clamp_max(${share(increase('farol_sessions_with_exceptions_total', 'job'), increase('farol_sessions_total', 'job'))}, 1)`, '{{job}}')], {
      unit: 'percentunit', bounds: [0.01, 0.05], links: [to('farol-errors', 'Errors')],
    }),
    lines('Exceptions by type', [prom(`topk(8, ${increase('farol_exceptions_total', 'exception_type')})`, '{{exception_type}}')], { stacked: true, links: [to('farol-errors', 'Errors')] }),
    'Latency',
    lines('LCP at the 75th percentile', [marked(prom(quantile(0.75, family(lcp!), 'job'), '{{job}}'))], { unit: 'ms', bounds: [lcp!.good, lcp!.poor], links: [to('farol-web-vitals', 'Web Vitals')] }),
    lines('Requests of pages', [
      prom(quantile(0.5, 'http_client_request_duration_seconds', '', REQUESTS), 'half of them'),
      marked(prom(quantile(0.95, 'http_client_request_duration_seconds', '', REQUESTS), '95 %')),
    ], { unit: 's', links: [to('farol-api', 'API calls')] }),
    'Saturation',
    lines('What the collector lags behind, of its queue', [
      prom('max by (reader) (farol_queue_lag_bytes / on (job, instance) group_left () farol_queue_limit_bytes)', '{{reader}}'),
    ], { unit: 'percentunit', bounds: [0.25, 0.9], links: [to('farol-collector', 'The collector itself')] }),
    lines('Requests that the collector refused', [prom(`sum by (reason) (rate(farol_requests_total{outcome="refused"}[$__rate_interval])) > 0`, '{{reason}}')], { unit: 'reqps', stacked: true }),
    'Pages',
    table('Pages by views', [rows(`topk(20, ${increase('farol_page_views_total', 'job, url_template', LIVE, RANGE)})`)], {
      width: 24, unit: 'short', decimals: 0,
      fields: { Value: { title: 'Views' }, url_template: { title: 'Page' }, job: { title: 'App' } },
      links: [to('farol-web-vitals', 'Web Vitals of this page', '&var-page=${__data.fields.url_template:percentencode}')],
    }),
    lines('What waited offline before it came', [prom(increase('farol_page_views_total', 'job', `${APP}, farol_delivery="deferred"`), '{{job}}')], {
      width: 24, height: 6, unit: 'short', description: 'Page views that came in the window above and are about another hour, and so in no other chart.',
    }),
  ],
});
