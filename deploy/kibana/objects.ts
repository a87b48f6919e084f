/** What Kibana's saved objects are made of: data views, saved searches, visualizations and dashboards, each a line of the file that is imported. */

export interface Reference {
  id: string;
  name: string;
  type: string;
}

export interface Saved {
  id: string;
  type: 'index-pattern' | 'search' | 'visualization' | 'dashboard';
  attributes: Record<string, unknown>;
  references: Reference[];
  coreMigrationVersion: string;
  typeMigrationVersion: string;
  managed: boolean;
}

/** The forms in which Kibana 8.9 keeps each type; newer ones read them, older ones refuse the file. */
const FORMS = { 'index-pattern': '8.0.0', search: '8.0.0', visualization: '8.5.0', dashboard: '8.9.0' };

export type View = 'farol-logs' | 'farol-traces';

const SOURCE = 'kibanaSavedObjectMeta.searchSourceJSON';

const saved = (type: Saved['type'], id: string, attributes: Record<string, unknown>, references: Reference[] = []): Saved => ({
  id, type, attributes, references, coreMigrationVersion: '8.8.0', typeMigrationVersion: FORMS[type], managed: false,
});

const searchSource = (query: string): Record<string, unknown> => ({
  kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: { query, language: 'kuery' }, filter: [], indexRefName: `${SOURCE}.index` }) },
});
const from = (view: View): Reference => ({ id: view, name: `${SOURCE}.index`, type: 'index-pattern' });

/** A data view over the streams of one signal, whatever their dataset's end. */
export const view = (id: View, name: string, title: string): Saved => saved('index-pattern', id, { name, title, timeFieldName: '@timestamp', allowNoIndex: true });

/** A view of Discover. */
export const search = (id: string, title: string, description: string, of: View, query: string, columns: string[]): Saved =>
  saved('search', id, { title, description, columns, sort: [['@timestamp', 'desc']], grid: {}, hideChart: false, ...searchSource(query) }, [from(of)]);

/** One aggregation of Elasticsearch's as Kibana names it. */
export interface Aggregation {
  type: 'count' | 'sum' | 'cardinality' | 'percentiles' | 'date_histogram' | 'terms';
  schema: 'metric' | 'segment' | 'group' | 'bucket';
  field?: string;
  label?: string;
  /** What a document that has not the field counts. */
  missing?: number;
  /** Of a percentile. */
  percent?: number;
  /** The most values of terms. */
  size?: number;
}

/** The first metric, by which terms are ordered: of several values Elasticsearch wants to be told which. */
const first = (metric: Aggregation): string => (metric.type === 'percentiles' ? `1.${metric.percent ?? 75}` : '1');

const parameters = (it: Aggregation, orderBy: string): Record<string, unknown> => {
  const label = it.label === undefined ? {} : { customLabel: it.label };
  switch (it.type) {
    case 'count': return label;
    case 'sum': return { field: it.field, ...(it.missing === undefined ? {} : { json: JSON.stringify({ missing: it.missing }) }), ...label };
    case 'cardinality': return { field: it.field, ...label };
    case 'percentiles': return { field: it.field, percents: [it.percent ?? 75], ...label };
    case 'date_histogram': return { field: it.field, interval: 'auto', min_doc_count: 1, useNormalizedEsInterval: true, drop_partials: false, extended_bounds: {}, ...label };
    case 'terms': return { field: it.field, size: it.size ?? 10, order: 'desc', orderBy, otherBucket: false, missingBucket: false, ...label };
  }
};

const axes = (type: 'line' | 'histogram', label: string): Record<string, unknown> => ({
  type, addTooltip: true, addLegend: true, legendPosition: 'right', grid: { categoryLines: false }, times: [], addTimeMarker: false, labels: {}, thresholdLine: { show: false, value: 10, width: 1, style: 'full', color: '#E7664C' },
  categoryAxes: [{ id: 'CategoryAxis-1', type: 'category', position: 'bottom', show: true, style: {}, scale: { type: 'linear' }, labels: { show: true, filter: true, truncate: 100 }, title: {} }],
  valueAxes: [{ id: 'ValueAxis-1', name: 'LeftAxis-1', type: 'value', position: 'left', show: true, style: {}, scale: { type: 'linear', mode: 'normal' }, labels: { show: true, rotate: 0, filter: false, truncate: 100 }, title: { text: label } }],
  seriesParams: [{
    show: true, type, mode: type === 'line' ? 'normal' : 'stacked', data: { id: '1', label }, valueAxis: 'ValueAxis-1', drawLinesBetweenPoints: true, lineWidth: 2, showCircles: true, interpolate: 'linear',
  }],
});

const LOOKS = {
  line: (label: string) => axes('line', label),
  histogram: (label: string) => axes('histogram', label),
  table: () => ({ perPage: 10, showPartialRows: false, showMetricsAtAllLevels: false, showTotal: false, totalFunc: 'sum', percentageCol: '' }),
  metric: () => ({ addTooltip: true, addLegend: false, type: 'metric', metric: { percentageMode: false, useRanges: false, colorSchema: 'Green to Red', metricColorMode: 'None', colorsRange: [{ from: 0, to: 10000 }], labels: { show: true }, invertColors: false, style: { bgFill: '#000', bgColor: false, labelColor: false, subText: '', fontSize: 40 } } }),
};

export interface Picture {
  id: string;
  title: string;
  look: keyof typeof LOOKS;
  of: View;
  query: string;
  aggregations: Aggregation[];
}

export const visualization = ({ id, title, look, of, query, aggregations }: Picture): Saved => {
  const aggs = aggregations.map((it, at) => ({ id: String(at + 1), enabled: true, type: it.type, schema: it.schema, params: parameters(it, first(aggregations[0]!)) }));
  const visState = JSON.stringify({ title, type: look, params: LOOKS[look](aggregations[0]!.label ?? ''), aggs });
  return saved('visualization', id, { title, description: '', uiStateJSON: '{}', version: 1, visState, ...searchSource(query) }, [from(of)]);
};

export interface Placed {
  of: Saved;
  /** Of 48 columns. */
  width: number;
  height: number;
}

/** Panels from the left, a new row where one does not fit. */
export const dashboard = (id: string, title: string, description: string, query: string, placed: Placed[]): Saved => {
  let [x, y, tallest] = [0, 0, 0];
  const panels = placed.map(({ of, width, height }, at) => {
    if (x + width > 48) [x, y, tallest] = [0, y + tallest, 0];
    const i = String(at + 1);
    const panel = { version: '8.9.0', type: of.type, gridData: { x, y, w: width, h: height, i }, panelIndex: i, embeddableConfig: { enhancements: {} }, panelRefName: `panel_${i}` };
    [x, tallest] = [x + width, Math.max(tallest, height)];
    return panel;
  });
  return saved(
    'dashboard', id,
    {
      title, description, version: 1, timeRestore: true, timeFrom: 'now-24h', timeTo: 'now', refreshInterval: { pause: true, value: 60_000 },
      optionsJSON: JSON.stringify({ useMargins: true, syncColors: false, syncCursor: true, syncTooltips: false, hidePanelTitles: false }),
      panelsJSON: JSON.stringify(panels),
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: { query, language: 'kuery' }, filter: [] }) },
    },
    placed.map(({ of }, at) => ({ id: of.id, name: `${at + 1}:panel_${at + 1}`, type: of.type })),
  );
};
