/** The five vitals: at the 75th percentile, how many visits were good, and where those that were not come from. */
import { board } from '../board.js';
import { bars, figure, lines, loki, logs, marked, now, prom, rows, table } from '../panels.js';
import { LIVE, VITALS, family, increase, join, lines as stream, quantile, share, type Vital } from '../queries.js';

const RANGE = '$__range';
const OF_PAGE = join(LIVE, 'url_template=~"$page"');

const ratings = (it: Vital): string => increase('farol_web_vital_ratings_total', 'browser_web_vital_rating', join(LIVE, `browser_web_vital_name="${it.name}"`));
const good = (it: Vital): string => {
  const of = (rating: string): string => increase('farol_web_vital_ratings_total', '', join(LIVE, `browser_web_vital_name="${it.name}"`, rating), RANGE);
  return share(of('browser_web_vital_rating="good"'), of(''));
};

const worst = (it: Vital, title: string, by: '' | '_by_country' | '_by_release', label: string, matchers: string): ReturnType<typeof table> =>
  table(`${it.name.toUpperCase()} by ${title}`, [rows(`topk(15, ${quantile(0.75, family(it, by), label, matchers, RANGE)})`)], {
    width: 8, fields: { Value: { title: 'p75', unit: it.unit, bounds: [it.good, it.poor] }, [label]: { title } },
  });

const part = (it: Vital): (string | ReturnType<typeof lines>)[] => [
  it.title,
  lines(`${it.name.toUpperCase()} by device`, [marked(prom(quantile(0.75, family(it), 'farol_device_type', OF_PAGE), '{{farol_device_type}}'))], {
    unit: it.unit, bounds: [it.good, it.poor], description: 'At the 75th percentile of the visits in the window above.',
  }),
  bars(`${it.name.toUpperCase()}: good, needs improvement, poor`, [prom(ratings(it), '{{browser_web_vital_rating}}')], { description: 'Visits by rating. Of all pages: ratings are not kept by page.' }),
  worst(it, 'page', '', 'url_template', OF_PAGE),
  worst(it, 'country', '_by_country', 'geo_country_iso_code', LIVE),
  worst(it, 'release', '_by_release', 'service_version', LIVE),
];

/** What the slow visits have in common: a line each, with the element and the longest part among its attributes. */
const culprits = (name: string, format: string): ReturnType<typeof logs> =>
  logs(`${name.toUpperCase()}: visits that were poor`, loki(
    `${stream('measurement', 'event_name="browser.web_vital"', `browser_web_vital_name="${name}"`, 'browser_web_vital_rating="poor"')} | line_format \`${format}\``,
  ), { width: 24, height: 8, description: 'One line a visit; open it for the rest of its attribution, and its session.' });

export const vitals = board({
  uid: 'farol-web-vitals',
  title: 'Farol / Web Vitals',
  description: 'What people wait for and what moves under them, by page, device, country and release.',
  choices: ['environment', 'window', 'page'],
  parts: [
    ...VITALS.slice(0, 3).map((it) => figure(`${it.name.toUpperCase()}, p75`, now(quantile(0.75, family(it), '', OF_PAGE, RANGE)), { unit: it.unit, bounds: [it.good, it.poor] })),
    ...VITALS.slice(0, 3).map((it) => figure(`${it.name.toUpperCase()}: good visits`, now(good(it)), { unit: 'percentunit', decimals: 1, bounds: [0.5, 0.75], falling: true, description: 'Of all pages. Three quarters are the aim.' })),
    ...VITALS.flatMap(part),
    'Culprits',
    culprits('lcp', '{{.browser_web_vital_value}} ms  {{.farol_web_vital_element}}  {{.url_full}}'),
    culprits('inp', '{{.browser_web_vital_value}} ms  {{.farol_web_vital_interaction_target}}  {{.url_full}}'),
    culprits('cls', '{{.browser_web_vital_value}}  {{.farol_web_vital_largest_shift_target}}  {{.url_full}}'),
  ],
});
