/** What breaks in pages: by fingerprint, what a release brought, how many it touched, and the stack. */
import { board, to } from '../board.js';
import { figure, lines, logs, loki, now, prom, table, type Look } from '../panels.js';
import { APP, LIVE, increase, lines as stream, share, times } from '../queries.js';

const RANGE = '$__range';
const exceptions = stream('exception');
const chosen = stream('exception', 'farol_exception_fingerprint=~"$fingerprint"');
const of = (way: '=~' | '!~'): string => stream('exception', `service_version${way}"$release"`);
const BY = 'farol_exception_fingerprint, exception_type';
const WHICH: Look = {
  width: 12, height: 10,
  fields: { 'Value #A': { title: 'Exceptions' }, farol_exception_fingerprint: { title: 'Fingerprint' }, exception_type: { title: 'Type' }, service_version: { title: 'Release' } },
  links: [to('farol-errors', 'This one alone', '&${release:queryparam}&var-fingerprint=${__data.fields.farol_exception_fingerprint:percentencode}')],
};
const sessions = increase('farol_sessions_total', '', LIVE, RANGE);

export const errors = board({
  uid: 'farol-errors',
  title: 'Farol / Errors',
  description: 'Exceptions of pages: how many sessions met one, which ones, since when.',
  choices: ['environment', 'window', 'fingerprint', 'release'],
  parts: [
    figure('Exceptions', now(increase('farol_exceptions_total', '', LIVE, RANGE)), { unit: 'short', decimals: 0 }),
    figure('Sessions that met one', now(increase('farol_sessions_with_exceptions_total', '', LIVE, RANGE)), { unit: 'short', decimals: 0 }),
    figure('Share of sessions', now(`clamp_max(${share(increase('farol_sessions_with_exceptions_total', '', LIVE, RANGE), sessions)}, 1)`), { unit: 'percentunit', decimals: 2, bounds: [0.01, 0.05] }),
    figure('Exceptions a page view', now(share(increase('farol_exceptions_total', '', LIVE, RANGE), increase('farol_page_views_total', '', LIVE, RANGE))), { decimals: 4 }),
    figure('Against the hour a week ago', now(`sum(app:farol_exceptions:increase1h{${APP}}) / (sum(app:farol_exceptions:increase1h{${APP}} offset 1w) > 0)`), {
      width: 8, decimals: 1, bounds: [1.5, 3], description: 'The last hour, as a multiple of the same hour last week.',
    }),
    lines('Sessions with an error', [prom(`clamp_max(${share(increase('farol_sessions_with_exceptions_total', 'job'), increase('farol_sessions_total', 'job'))}, 1)`, '{{job}}')], { unit: 'percentunit', bounds: [0.01, 0.05] }),
    lines('Exceptions by type', [prom(`topk(10, ${increase('farol_exceptions_total', 'exception_type')})`, '{{exception_type}}')], { stacked: true }),
    lines('Caught by the page, and not', [prom(increase('farol_exceptions_total', 'farol_exception_handled'), 'handled: {{farol_exception_handled}}')], { stacked: true }),
    lines('Exceptions by release', [loki(times(exceptions, 'service_version', '[$__auto]'), '{{service_version}}')], { stacked: true }),
    'Which',
    table('By fingerprint', [loki(`topk(50, ${times(exceptions, BY, '[$__range]')})`, '', 'instant')], WHICH),
    table('New: not in the range before this one', [loki(
      `topk(50, ${times(exceptions, `${BY}, service_version`, '[$__range]')} unless on (farol_exception_fingerprint) ${times(exceptions, 'farol_exception_fingerprint', '[$__range] offset $__range')})`, '', 'instant',
    )], WHICH),
    table('New in the chosen release', [loki(
      `topk(50, ${times(of('=~'), BY, '[$__range]')} unless on (farol_exception_fingerprint) ${times(of('!~'), 'farol_exception_fingerprint', '[$__range]')})`, '', 'instant',
    )], { ...WHICH, width: 24, height: 8, description: 'Put a release above, as a regular expression (4.2.0+37 is 4[.]2[.]0[+]37): what no other release of the range has. With a range of weeks that is what it brought.' }),
    'The chosen fingerprint',
    lines('Sessions that it touched', [loki(`count(sum by (session_id) (count_over_time(${chosen} [$__auto])))`, 'sessions')], {
      description: "Each session once. Loki counts at most max_query_series sessions (500 by default); choose a fingerprint, or raise it.",
    }),
    lines('By page', [loki(`topk(10, ${times(chosen, 'url_full', '[$__auto]')})`, '{{url_full}}')], { stacked: true }),
    logs('Stacks', loki(`${chosen} | line_format \`{{.exception_type}}: {{.exception_message}}  ({{.service_version}}, {{.user_agent_name}})\n{{.exception_stacktrace}}\``), {
      height: 14, description: 'The trace id in a line leads to the trace, the session id to everything else that happened.',
    }),
  ],
});
