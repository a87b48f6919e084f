/** Few numbers and their trends, for people who do not run the site but answer for it. */
import { board } from '../board.js';
import { figure, lines, loki, marked, now, prom } from '../panels.js';
import { LIVE, VITALS, family, increase, join, lines as stream, quantile, share } from '../queries.js';

const RANGE = '$__range';
const DAY = '1d';
const [lcp] = VITALS;
const good = (window: string): string => {
  const of = (rating: string): string => increase('farol_web_vital_ratings_total', '', join(LIVE, 'browser_web_vital_name="lcp"', rating), window);
  return share(of('browser_web_vital_rating="good"'), of(''));
};
const untroubled = (window: string): string =>
  `1 - clamp_max(${share(increase('farol_sessions_with_exceptions_total', '', LIVE, window), increase('farol_sessions_total', '', LIVE, window))}, 1)`;
const sessions = (offset: string): string => `sum(increase(farol_sessions_total{${LIVE}}[${DAY}]${offset}))`;

/** From its first event to its last as they happened, of the sessions in the range: Loki's time is that at which a batch came. Grouped where it is taken, since each line has a uid, and would be a series of its own. */
const HAPPENED = '{{ unixEpochMillis (toDate "2006-01-02T15:04:05.999999999Z07:00" .timestamp) }}';
const bound = (of: 'max' | 'min'): string => `${of}_over_time(${stream('event', 'session_id!=""', 'timestamp!=""')} | label_format at=\`${HAPPENED}\` | unwrap at | __error__="" [$__range]) by (session_id)`;
const length = `avg(${bound('max')} - ${bound('min')})`;
/** Loki counts so many series at once, and the board looks back a month. */
const FEW_SESSIONS = '6h';

export const stakeholders = board({
  uid: 'farol-stakeholders',
  title: 'Farol / For stakeholders',
  description: 'How many came, whether it was fast, whether it worked.',
  choices: ['environment'],
  from: 'now-30d',
  parts: [
    figure('Sessions', now(increase('farol_sessions_total', '', LIVE, RANGE)), { width: 6, height: 5, unit: 'short', decimals: 0 }),
    figure('Fast visits', now(good(RANGE)), { width: 6, height: 5, unit: 'percentunit', decimals: 1, bounds: [0.5, 0.75], falling: true, description: 'Visits whose main content was there within 2.5 s.' }),
    figure('Sessions without an error', now(untroubled(RANGE)), { width: 6, height: 5, unit: 'percentunit', decimals: 2, bounds: [0.95, 0.99], falling: true }),
    figure('Error budget left', now('1 - max(job:farol_requests_failed:ratio_rate30d) / 0.001'), { width: 6, height: 5, unit: 'percentunit', decimals: 0, bounds: [0, 0.25], falling: true, description: 'Of what may fail in 30 days (0.1 %).' }),
    lines('Sessions a day, and a week before', [prom(sessions(''), 'this week'), prom(sessions(' offset 1w'), 'the week before')], { description: 'Each point is the 24 hours before it.' }),
    lines('Fast visits', [prom(good(DAY), 'good')], { unit: 'percentunit', max: 1 }),
    lines('Sessions without an error', [prom(untroubled(DAY), 'without an error')], { unit: 'percentunit', max: 1 }),
    lines('How long the main content takes', [marked(prom(quantile(0.75, family(lcp!), '', LIVE, DAY), 'three quarters of the visits wait at most'))], { unit: 'ms', bounds: [lcp!.good, lcp!.poor] }),
    figure('Mean length of a session', { ...loki(length, '', 'instant') }, { width: 6, height: 5, unit: 'ms', from: FEW_SESSIONS, description: 'From its first event to its last as they happened, of the last hours alone: Loki counts at most max_query_series sessions (500 by default).' }),
    figure('Page views a session', now(share(increase('farol_page_views_total', '', LIVE, RANGE), increase('farol_sessions_total', '', LIVE, RANGE))), { width: 6, height: 5, decimals: 1 }),
  ],
});
