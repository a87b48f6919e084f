/** The objectives of docs/slo.md: where each stands, and what is left of the error budget. */
import { CHOSEN, board, to } from '../board.js';
import { figure, lines, now, prom } from '../panels.js';
import { COLLECTOR, LIVE, VITALS, classicQuantile, family, increase, quantile, share } from '../queries.js';

const RANGE = '$__range';
const [lcp] = VITALS;
const BUDGET = 0.001;
const left = (window: string): string => `1 - max(job:farol_requests_failed:ratio_rate${window}) / ${BUDGET}`;
const burn = (window: string): string => `job:farol_requests_failed:ratio_rate${window} / ${BUDGET}`;
/** As destination:farol_items_lost:ratio1h has it, over any window. */
const items = (which: string, window: string): string => `sum by (destination) (increase(farol_destination_items_total{${COLLECTOR}, ${which}, reason!~"erased|destination_removed"}[${window}]))`;
const lost = (window: string): string => share(items('outcome="dropped"', window), items('outcome!="filtered"', window));

export const slo = board({
  uid: 'farol-slo',
  title: 'Farol / SLOs',
  description: 'The objectives, and what is left of the budgets. docs/slo.md says how each is measured.',
  choices: ['environment', 'instance'],
  from: 'now-7d',
  parts: [
    'What people get',
    figure('LCP, p75 (< 2.5 s)', now(quantile(0.75, family(lcp!), '', LIVE, RANGE)), { width: 6, unit: 'ms', bounds: [lcp!.good, lcp!.poor], links: [to('farol-web-vitals', 'Web Vitals', '', CHOSEN)] }),
    figure('Sessions with an error (< 1 %)', now(`clamp_max(${share(increase('farol_sessions_with_exceptions_total', '', LIVE, RANGE), increase('farol_sessions_total', '', LIVE, RANGE))}, 1)`), {
      width: 6, unit: 'percentunit', decimals: 2, bounds: [0.01, 0.05], links: [to('farol-errors', 'Errors', '', CHOSEN)],
    }),
    figure('Availability of 30 days (≥ 99.9 %)', now('1 - max(job:farol_requests_failed:ratio_rate30d)'), { width: 6, unit: 'percentunit', decimals: 3, bounds: [0.999, 0.9995], falling: true }),
    figure('Error budget left', now(left('30d')), { width: 6, unit: 'percentunit', decimals: 1, bounds: [0, 0.25], falling: true, description: 'Of the 0.1 % of 30 days. Below 0 it is spent.' }),
    lines('How fast the budget burns', [prom(burn('1h'), '1 h'), prom(burn('6h'), '6 h'), prom(burn('3d'), '3 days')], {
      width: 24, bounds: [1, 14.4], description: '1 spends exactly the budget in 30 days. Alerts: 14.4 over 1 h, 6 over 6 h, 3 over a day, 1 over 3 days.',
    }),
    'What the collector does',
    figure('P95 of answers (< 100 ms)', now(classicQuantile(0.95, 'farol_request_duration_seconds', '', COLLECTOR, RANGE)), { width: 6, unit: 's', bounds: [0.05, 0.1] }),
    figure('Memory (< 512 MiB)', now(`max(process_resident_memory_bytes{${COLLECTOR}})`), { width: 6, unit: 'bytes', bounds: [429496730, 536870912] }),
    figure('Taken in at most', now(`max_over_time(sum(rate(farol_request_body_bytes_sum{${COLLECTOR}}[5m]))[${RANGE}:5m])`), { width: 6, unit: 'Bps', description: 'The busiest five minutes of the range, in bytes of bodies as sent. What it can take is measured by `cargo xtask bench collector`.' }),
    figure('Lost (< 0.01 %)', now(`max(${lost(RANGE)})`), { width: 6, unit: 'percentunit', decimals: 4, bounds: [0.00005, 0.0001], description: 'Of the destination that lost most.' }),
    lines('Answers', [prom(classicQuantile(0.95, 'farol_request_duration_seconds', 'instance', COLLECTOR, '$__rate_interval'), '{{instance}}')], { unit: 's', bounds: [0.05, 0.1] }),
    lines('Memory', [prom(`process_resident_memory_bytes{${COLLECTOR}}`, '{{instance}}')], { unit: 'bytes', bounds: [429496730, 536870912] }),
    lines('Lost', [prom(lost('1h'), '{{destination}}')], { unit: 'percentunit', bounds: [0.00005, 0.0001] }),
    lines('Requests refused for reasons of ours', [prom(`sum by (reason) (rate(farol_requests_total{${COLLECTOR}, outcome="refused", reason=~"queue_full|disk_full|storage|busy|shutting_down|internal"}[$__rate_interval]))`, '{{reason}}')], { unit: 'reqps', stacked: true }),
  ],
});
