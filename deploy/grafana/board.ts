/** What every board has: a stable uid, data sources and apps to choose from, releases as annotations, and the way to all others. */
import type { Dashboard, Panel, VariableModel } from '@grafana/schema';
import { layout, source } from './panels.js';
import { APP } from './queries.js';

/** Grafana's own number of its format, which it migrates from; 41 is that of Grafana 12. */
const SCHEMA = 41;

type Choice = 'environment' | 'instance' | 'destination' | 'window' | 'page' | 'fingerprint' | 'release' | 'session' | 'service';

const datasource = (name: string, label: string, type: string): VariableModel => ({ type: 'datasource', name, label, query: type, hide: 0, multi: false, includeAll: false, refresh: 1, regex: '' });

const query = (name: string, label: string, expression: string, all: { allValue?: string } = { allValue: '.*' }): VariableModel => ({
  type: 'query', name, label, datasource: source('prometheus'), query: { query: expression, refId: name },
  refresh: 2, sort: 1, multi: true, includeAll: true, ...all, current: { text: ['All'], value: ['$__all'] }, hide: 0, regex: '',
});

const text = (name: string, label: string): VariableModel => ({ type: 'textbox', name, label, query: '.*', current: { text: '.*', value: '.*' }, hide: 0 });

const WINDOWS = ['5m', '15m', '1h', '6h', '1d'];
const option = (value: string): { text: string; value: string; selected: boolean } => ({ text: value, value, selected: value === '1h' });

const CHOICES: Record<Choice, VariableModel> = {
  environment: query('environment', 'Environment', 'label_values(farol_page_views_total{job=~"$app"}, deployment_environment_name)'),
  instance: query('instance', 'Collector', 'label_values(farol_build_info, instance)'),
  destination: query('destination', 'Destination', 'label_values(farol_destination_items_pending, destination)'),
  window: { type: 'custom', name: 'window', label: 'Look back', query: WINDOWS.join(','), options: WINDOWS.map(option), current: option('1h'), multi: false, includeAll: false, hide: 0 },
  page: query('page', 'Page', `label_values(farol_page_views_total{${APP}}, url_template)`),
  // All of these: any service would be the pages too.
  service: query('service', 'Service', 'label_values(process_memory_usage_bytes, job)', {}),
  fingerprint: text('fingerprint', 'Fingerprint'),
  release: text('release', 'Release'),
  session: text('session', 'Session'),
};
/** Whose traffic, as metrics (`farol_delivery`: nothing, or `test`) and lines (`farol_k6_browser`: nothing, or `true`) say it. */
const TRAFFICS = [['Visitors', '^$'], ['Tests (k6)', 'test|true'], ['Both', '(test|true)?']].map(([text, value]) => ({ text: text!, value: value!, selected: value === '^$' }));
const TRAFFIC: VariableModel = {
  type: 'custom', name: 'traffic', label: 'Traffic', query: TRAFFICS.map((it) => `${it.text} : ${it.value}`).join(','), options: TRAFFICS, current: TRAFFICS[0]!, multi: false, includeAll: false, hide: 0,
};
const APPS = query('app', 'App', 'label_values(farol_page_views_total, job)');

/** The releases that came within ten minutes of a moment, or a little more, and were not there in the week before: a gap, or a weekend without visits, makes none anew. */
const RELEASES = ['farol_web_vital_lcp_by_release_milliseconds', 'farol_web_vital_lcp_by_release_milliseconds_count'];
const seen = `count by (job, service_version) (${RELEASES.map((name) => `${name}{${APP}, service_version!=""}`).join(' or ')})`;
export const releases = `${seen} unless last_over_time(${seen}[7d:10m] offset 10m)`;

const asked = { refId: 'Anno', expr: releases, interval: '60s' };
/** What Grafana's Prometheus plug-in reads of an annotation beside its query. */
const TOLD = { titleFormat: '{{job}} {{service_version}}', textFormat: 'First seen', tagKeys: 'job' };

export interface Board {
  uid: string;
  title: string;
  description: string;
  tags?: string[];
  /** Beside data sources and apps, which all have. */
  choices?: Choice[];
  /** Boards of the collector have no apps. */
  apps?: boolean;
  /** Where every query is Tempo's nobody can ask for visitors alone: no expression matches an attribute that is not there. */
  traffic?: boolean;
  from?: string;
  parts: (string | Panel)[];
}

export const board = (it: Board): Dashboard => ({
  uid: it.uid,
  title: it.title,
  description: it.description,
  tags: ['farol', ...(it.tags ?? [])],
  schemaVersion: SCHEMA,
  version: 1,
  editable: true,
  graphTooltip: 1,
  time: { from: it.from ?? 'now-24h', to: 'now' },
  timezone: 'browser',
  refresh: '1m',
  links: [{ type: 'dashboards', title: 'Farol', tags: ['farol'], asDropdown: true, includeVars: true, keepTime: true, icon: 'external link', tooltip: '', targetBlank: false }],
  templating: {
    list: [
      datasource('metrics', 'Metrics', 'prometheus'),
      datasource('logs', 'Logs', 'loki'),
      datasource('traces', 'Traces', 'tempo'),
      ...(it.apps === false ? [] : [APPS, ...(it.traffic === false ? [] : [TRAFFIC])]),
      ...(it.choices ?? []).map((choice) => CHOICES[choice]),
    ],
  },
  annotations: {
    list: it.apps === false ? [] : [{
      name: 'Releases', enable: true, iconColor: 'blue', datasource: source('prometheus'),
      target: asked, ...TOLD,
    }],
  },
  panels: layout(it.parts),
});

/** What is chosen above every board of pages. */
export const CHOSEN = ['app', 'environment', 'traffic', 'metrics', 'logs', 'traces'];

/** The way to another board, with what is chosen here. */
export const to = (uid: string, title: string, more = '', chosen = [...CHOSEN, 'window']): { title: string; url: string } => ({
  title,
  url: `/d/${uid}?${chosen.map((it) => `\${${it}:queryparam}&`).join('')}\${__url_time_range}${more}`,
});
