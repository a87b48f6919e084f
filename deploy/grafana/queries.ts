/** The queries' common parts: whose data, which histograms, which windows. A panel's query is put together here, so that all boards mean
 * the same by "the 75th percentile". */

/** The app and its environment as chosen above the board, and whether visitors or tests. What waited offline is about another hour, and left out as in the alerts. */
export const APP = 'job=~"$app", deployment_environment_name=~"$environment"';
export const LIVE = `${APP}, farol_delivery=~"$traffic"`;

/** Requests of pages: a backend's own client says the same metric, and its method with each, which Farol does not. */
export const OF_PAGES = 'http_request_method=""';
export const REQUESTS = `${LIVE}, ${OF_PAGES}`;

/** Spans of pages, for TraceQL: a backend's own client has spans of the kind `client` too. No expression matches an attribute that is not there: an app that says no environment is in none but all. */
export const SPANS = 'resource.service.name=~"$app" && resource.telemetry.sdk.language=~"webjs|dart" && (resource.deployment.environment.name=~"$environment" || "$environment"=".*")';

/** The collectors as chosen above the board. */
export const COLLECTOR = 'job="farol-collector", instance=~"$instance"';

/** Visits are few beside requests: charts of them look back over the window that stands above the board. */
export const WINDOW = '$window';

export const join = (...labels: string[]): string => labels.filter((it) => it !== '').join(', ');

const summed = (by: string, what: string): string => `sum${by === '' ? '' : ` by (${by})`} (${what})`;

/** A quantile of a histogram that is native (by OTLP) or classic (by a plain scrape). */
export const quantile = (q: number, metric: string, by = '', matchers = LIVE, window = WINDOW): string =>
  `histogram_quantile(${q}, ${summed(by, `rate(${metric}{${matchers}}[${window}])`)})\n` +
  `or histogram_quantile(${q}, ${summed(join(by, 'le'), `rate(${metric}_bucket{${matchers}}[${window}])`)})`;

/** A quantile of a histogram of the collector's own, which is classic. */
export const classicQuantile = (q: number, metric: string, by: string, matchers: string, window: string): string =>
  `histogram_quantile(${q}, ${summed(join(by, 'le'), `rate(${metric}_bucket{${matchers}}[${window}])`)})`;

/** How many observations a histogram of either form took. */
export const observed = (metric: string, by = '', matchers = LIVE, window = WINDOW): string =>
  `histogram_count(${summed(by, `increase(${metric}{${matchers}}[${window}])`)})\n` +
  `or ${summed(by, `increase(${metric}_count{${matchers}}[${window}])`)}`;

/** A counter's increase. */
export const increase = (metric: string, by = '', matchers = LIVE, window = WINDOW): string =>
  summed(by, `increase(${metric}{${matchers}}[${window}])`);

/** A counter's rate a second. */
export const rate = (metric: string, by = '', matchers = LIVE, window = '$__rate_interval'): string => summed(by, `rate(${metric}{${matchers}}[${window}])`);

/** A share of sums: unknown, not endless, where there is nothing to divide by; 0 where only the part is missing. */
export const share = (part: string, whole: string): string => `((${part}) or 0 * (${whole})) / ((${whole}) > 0)`;

/** What there is of those that another query names by these labels: the columns of a table are of the same rows, however many else there are. */
export const among = (of: string, by: string, expr: string): string => `(${expr})\nand on (${by}) ${of}`;

/** A stream of Loki's `loki` destination, by its label `kind`: as in metrics without what waited offline, which is about another hour. */
export const lines = (kind: string, ...filters: string[]): string =>
  [`{service_name=~"$app", deployment_environment_name=~"$environment", kind="${kind}"}`, '| farol_batch_deferred!="true" | farol_k6_browser=~"$traffic"', ...filters.map((filter) => `| ${filter}`)].join(' ');

/** How often what the lines of exceptions tell came: the SDK sends the same one of a batch once, with a count. */
export const times = (of: string, by: string, window: string): string => `sum by (${by}) (sum_over_time(${of} | label_format times=\`{{ or .farol_exception_count "1" }}\` | unwrap times | __error__="" ${window}))`;

export interface Vital {
  name: string;
  title: string;
  metric: string;
  unit: string;
  /** Up to here good, and up to here no worse than "needs improvement". */
  good: number;
  poor: number;
}

/** The unit is part of a metric's name; CLS has none. */
const vital = (name: string, title: string, unit: string, good: number, poor: number): Vital => ({ name, title, metric: `farol_web_vital_${name}`, unit, good, poor });

export const VITALS: Vital[] = [
  vital('lcp', 'LCP: the main content is there', 'ms', 2500, 4000),
  vital('inp', 'INP: the page answers', 'ms', 200, 500),
  vital('cls', 'CLS: the page moves', 'none', 0.1, 0.25),
  vital('fcp', 'FCP: something is there', 'ms', 1800, 3000),
  vital('ttfb', 'TTFB: the first byte', 'ms', 800, 1800),
];

/** A family of a vital: by page and device, by country, or by release. */
export const family = (it: Vital, by: '' | '_by_country' | '_by_release' = ''): string => `${it.metric}${by}${it.unit === 'ms' ? '_milliseconds' : ''}`;
