/** Farol in Kibana: two data views, views of Discover for what one looks for by hand, and a dashboard for vitals and one for errors. */
import { dashboard, search, view, visualization, type Aggregation, type Placed, type Saved } from './objects.js';

const LOGS = 'farol-logs';
const TRACES = 'farol-traces';

/** Visitors alone: what k6 sends says so on every document. Take it out of the query bar to see tests. */
const VISITORS = 'not farol.k6.browser: true';

const EXCEPTIONS = 'farol.item.kind: "exception"';
const VITALS = 'event.action: "browser.web_vital"';
const vital = (name: string): string => `${VITALS} and browser.web_vital.name: "${name}"`;

const time: Aggregation = { type: 'date_histogram', schema: 'segment', field: '@timestamp' };
const count = (label: string): Aggregation => ({ type: 'count', schema: 'metric', label });
/** The SDK sends the same exception of a batch once, with a count. */
const times = (label: string): Aggregation => ({ type: 'sum', schema: 'metric', field: 'farol.exception.count', missing: 1, label });
const p75 = (label: string): Aggregation => ({ type: 'percentiles', schema: 'metric', field: 'browser.web_vital.value', percent: 75, label });
const distinct = (field: string, label: string): Aggregation => ({ type: 'cardinality', schema: 'metric', field, label });
const by = (field: string, label: string, schema: 'group' | 'bucket' = 'bucket', size = 10): Aggregation => ({ type: 'terms', schema, field, label, size });

const views = [view(LOGS, 'Farol: logs', 'logs-farol-*'), view(TRACES, 'Farol: traces', 'traces-farol-*')];

const errors = search('farol-search-errors', 'Farol: errors', 'Exceptions of pages, the newest first', LOGS, EXCEPTIONS, [
  'service.name', 'error.type', 'error.message', 'farol.exception.fingerprint', 'browser.document.url.full', 'session.id',
]);
const poor = search('farol-search-poor-vitals', 'Farol: poor visits', 'Vitals that were poor, with the page and the session', LOGS, `${VITALS} and browser.web_vital.rating: "poor"`, [
  'service.name', 'browser.web_vital.name', 'browser.web_vital.value', 'browser.document.url.full', 'user_agent.name', 'session.id',
]);
const searches = [
  errors,
  poor,
  search('farol-search-session', 'Farol: what a session did', 'Everything in order; add session.id to the query', LOGS, '', [
    'event.action', 'farol.item.kind', 'message', 'error.message', 'browser.web_vital.name', 'browser.web_vital.value', 'farol.view.name',
  ]),
  search('farol-search-logs', 'Farol: lines of pages', 'What pages log', LOGS, 'farol.item.kind: "log"', ['service.name', 'log.level', 'message', 'browser.document.url.full', 'session.id']),
  search('farol-search-requests', 'Farol: requests of pages', 'Spans of requests, with the trace that the backend continues', TRACES, 'span.kind: "CLIENT"', [
    'service.name', 'http.request.method', 'url.full', 'http.response.status_code', 'event.duration', 'event.outcome', 'trace.id',
  ]),
];

const line = (name: string, title: string): Saved =>
  visualization({ id: `farol-${name}-p75`, title, look: 'line', of: LOGS, query: vital(name), aggregations: [p75(`${name.toUpperCase()} p75`), time, by('service.name', 'App', 'group', 5)] });
const pages = (name: string, title: string): Saved =>
  visualization({
    id: `farol-${name}-pages`, title, look: 'table', of: LOGS, query: `${vital(name)} and browser.web_vital.rating: "poor"`,
    aggregations: [distinct('browser.web_vital.id', 'Poor visits'), p75('p75 of their reports'), by('browser.document.url.full', 'Page')],
  });

const third = (of: Saved): Placed => ({ of, width: 16, height: 12 });
const half = (of: Saved): Placed => ({ of, width: 24, height: 14 });
const whole = (of: Saved, height: number): Placed => ({ of, width: 48, height });

const vitalParts: Placed[] = [
  third(line('lcp', 'LCP at the 75th percentile, ms')),
  third(line('inp', 'INP at the 75th percentile of all reports, ms')),
  third(line('cls', 'CLS at the 75th percentile of all reports')),
  whole(visualization({
    id: 'farol-ratings', title: 'Reports by vital and rating', look: 'histogram', of: LOGS, query: VITALS,
    aggregations: [count('Reports'), by('browser.web_vital.name', 'Vital', 'bucket', 6), by('browser.web_vital.rating', 'Rating', 'group', 3)].map((it) => (it.schema === 'bucket' ? { ...it, schema: 'segment' as const } : it)),
  }), 12),
  third(pages('lcp', 'LCP: pages with poor visits')),
  third(pages('inp', 'INP: pages with poor visits')),
  third(pages('cls', 'CLS: pages with poor visits')),
  whole(poor, 14),
];

const errorParts: Placed[] = [
  third(visualization({ id: 'farol-exceptions', title: 'Exceptions', look: 'metric', of: LOGS, query: EXCEPTIONS, aggregations: [times('exceptions')] })),
  third(visualization({ id: 'farol-exceptions-sessions', title: 'Sessions that met one', look: 'metric', of: LOGS, query: EXCEPTIONS, aggregations: [distinct('session.id', 'sessions')] })),
  third(visualization({ id: 'farol-exceptions-kinds', title: 'Different ones', look: 'metric', of: LOGS, query: EXCEPTIONS, aggregations: [distinct('farol.exception.fingerprint', 'fingerprints')] })),
  half(visualization({ id: 'farol-exceptions-time', title: 'Exceptions by type', look: 'histogram', of: LOGS, query: EXCEPTIONS, aggregations: [times('Exceptions'), time, by('error.type', 'Type', 'group', 8)] })),
  half(visualization({ id: 'farol-exceptions-release', title: 'Exceptions by release', look: 'histogram', of: LOGS, query: EXCEPTIONS, aggregations: [times('Exceptions'), time, by('service.version', 'Release', 'group', 8)] })),
  half(visualization({
    id: 'farol-exceptions-fingerprints', title: 'By fingerprint', look: 'table', of: LOGS, query: EXCEPTIONS,
    aggregations: [times('Exceptions'), distinct('session.id', 'Sessions'), by('farol.exception.fingerprint', 'Fingerprint', 'bucket', 50), by('error.type', 'Type', 'bucket', 1)],
  })),
  half(visualization({
    id: 'farol-exceptions-pages', title: 'By page', look: 'table', of: LOGS, query: EXCEPTIONS, aggregations: [times('Exceptions'), distinct('session.id', 'Sessions'), by('browser.document.url.full', 'Page', 'bucket', 50)],
  })),
  whole(errors, 16),
];

const dashboards = [
  dashboard('farol-vitals', 'Farol: Web Vitals', 'What people wait for and what moves under them', VISITORS, vitalParts),
  dashboard('farol-errors', 'Farol: errors', 'What breaks, since when, and for how many', VISITORS, errorParts),
];

/** Every object once, what is referred to before what refers. */
export const objects: Saved[] = [...views, ...searches, ...[...vitalParts, ...errorParts].map((it) => it.of).filter((it) => it.type === 'visualization'), ...dashboards];

/** As Kibana imports it: an object a line. */
export const written = (): string => objects.map((it) => `${JSON.stringify(it)}\n`).join('');
