/** Panels as Grafana has them, with as few words as a board needs, and their places in rows. */
import { FieldColorModeId, ThresholdsMode, type Panel, type RowPanel, type ThresholdsConfig } from '@grafana/schema';

export type Source = 'prometheus' | 'loki' | 'tempo';

/** Which data source is chosen above the board. */
const CHOSEN: Record<Source, string> = { prometheus: '$metrics', loki: '$logs', tempo: '$traces' };
export const source = (type: Source): { type: string; uid: string } => ({ type, uid: CHOSEN[type] });

export interface Query {
  source: Source;
  target: Record<string, unknown>;
}

/** A query of Prometheus over time; `legend` names its lines. */
export const prom = (expr: string, legend = ''): Query => ({ source: 'prometheus', target: { expr, legendFormat: legend, range: true, instant: false, editorMode: 'code' } });

/** With the traces of single requests and visits among its points. One query of a chart says it: they are those of the metric, whatever is made of it. */
export const marked = (query: Query): Query => ({ ...query, target: { ...query.target, exemplar: true } });

/** A query of Prometheus for the moment at the end of the range, as a table's rows or as a figure. */
export const now = (expr: string, legend = '', format: 'table' | 'time_series' = 'time_series'): Query => ({
  source: 'prometheus',
  target: { expr, legendFormat: legend, range: false, instant: true, format, editorMode: 'code' },
});
export const rows = (expr: string): Query => now(expr, '', 'table');

/** Loki: its lines, or a figure made of them. */
export const loki = (expr: string, legend = '', queryType: 'range' | 'instant' = 'range'): Query => ({ source: 'loki', target: { expr, legendFormat: legend, queryType, editorMode: 'code' } });

/** Tempo: traces that a TraceQL query finds. */
export const traceql = (query: string): Query => ({ source: 'tempo', target: { query, queryType: 'traceql', limit: 50, tableType: 'traces' } });

export interface Look {
  description?: string;
  unit?: string;
  /** Values from which on it is yellow, and red. `falling`: a small one is the bad one. */
  bounds?: [number, number];
  falling?: boolean;
  width?: number;
  height?: number;
  decimals?: number;
  max?: number;
  /** How far back it looks, whatever range the board has. */
  from?: string;
  stacked?: boolean;
  /** Where a click on a value or a row leads. */
  links?: { title: string; url: string }[];
  /** Other fields by name. */
  fields?: Record<string, { unit?: string; title?: string; bounds?: [number, number]; hidden?: boolean }>;
}

const thresholds = (look: Pick<Look, 'bounds' | 'falling'>): ThresholdsConfig | undefined => {
  if (look.bounds === undefined) return undefined;
  const [first, second] = look.bounds;
  const [low, middle, high] = look.falling === true ? ['red', 'yellow', 'green'] as const : ['green', 'yellow', 'red'] as const;
  return { mode: ThresholdsMode.Absolute, steps: [{ value: null, color: low }, { value: first, color: middle }, { value: second, color: high }] };
};

const REF = 'ABCDEFGHIJKLMNOP';

const panel = (type: string, title: string, queries: Query[], look: Look, options: Record<string, unknown>, custom: Record<string, unknown> = {}): Panel => {
  const kinds = new Set(queries.map((query) => query.source));
  if (kinds.size !== 1) throw new Error(`${title}: a panel asks one kind of source`);
  const bounds = thresholds(look);
  const overrides = Object.entries(look.fields ?? {}).map(([name, field]) => ({
    matcher: { id: 'byName', options: name },
    properties: [
      ...(field.unit === undefined ? [] : [{ id: 'unit', value: field.unit }]),
      ...(field.title === undefined ? [] : [{ id: 'displayName', value: field.title }]),
      ...(field.hidden === true ? [{ id: 'custom.hidden', value: true }] : []),
      ...(field.bounds === undefined ? [] : [
        { id: 'thresholds', value: thresholds(field) },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      ]),
    ],
  }));
  return {
    type,
    title,
    ...(look.description === undefined ? {} : { description: look.description }),
    ...(look.from === undefined ? {} : { timeFrom: look.from }),
    datasource: source(queries[0]!.source),
    targets: queries.map((query, at) => ({ refId: REF[at], datasource: source(query.source), ...query.target })),
    fieldConfig: {
      defaults: {
        ...(look.unit === undefined ? {} : { unit: look.unit }),
        ...(look.decimals === undefined ? {} : { decimals: look.decimals }),
        ...(look.max === undefined ? {} : { max: look.max }),
        ...(bounds === undefined ? {} : { thresholds: bounds, color: { mode: type === 'timeseries' ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds } }),
        ...(look.links === undefined ? {} : { links: look.links }),
        custom: { ...custom, ...(type === 'timeseries' && bounds !== undefined ? { thresholdsStyle: { mode: 'line' } } : {}) },
      },
      overrides: overrides,
    },
    options,
    gridPos: { x: 0, y: 0, w: look.width ?? 12, h: look.height ?? 8 },
  };
};

export const lines = (title: string, queries: Query[], look: Look = {}): Panel =>
  panel('timeseries', title, queries, look, { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } }, {
    drawStyle: 'line', lineWidth: 1, fillOpacity: look.stacked === true ? 30 : 8, showPoints: 'auto', spanNulls: true,
    stacking: { mode: look.stacked === true ? 'normal' : 'none', group: 'A' },
  });

export const bars = (title: string, queries: Query[], look: Look = {}): Panel =>
  panel('timeseries', title, queries, look, { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } }, {
    drawStyle: 'bars', lineWidth: 0, fillOpacity: 80, showPoints: 'never', stacking: { mode: 'normal', group: 'A' },
  });

/** As lines, one upon the other and filled: how much there is in all, and of what. */
export const areas = (title: string, queries: Query[], look: Look = {}): Panel => lines(title, queries, { ...look, stacked: true });

/** What each has of the whole. */
export const share = (title: string, query: Query, look: Look = {}): Panel =>
  panel('piechart', title, [query], look, {
    pieType: 'donut', reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' }, displayLabels: ['percent'],
    legend: { displayMode: 'table', placement: 'right', showLegend: true, values: ['value', 'percent'] }, tooltip: { mode: 'single', sort: 'none' },
  });

export const figure = (title: string, query: Query, look: Look = {}): Panel =>
  panel('stat', title, [query], { width: 4, height: 4, ...look }, {
    reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' }, graphMode: 'area', colorMode: look.bounds === undefined ? 'none' : 'value', textMode: 'auto', justifyMode: 'auto', orientation: 'auto',
  });

/** Rows of instant queries, joined where they have the same labels. */
export const table = (title: string, queries: Query[], look: Look = {}): Panel => {
  const fields = { Time: { hidden: true }, ...look.fields };
  const made = panel('table', title, queries, { ...look, fields }, { showHeader: true, cellHeight: 'sm', footer: { show: false, reducer: ['sum'], countRows: false, fields: '' } }, { align: 'auto', filterable: true });
  return { ...made, transformations: [{ id: 'merge', options: {} }] };
};

export const logs = (title: string, query: Query, look: Look = {}): Panel =>
  panel('logs', title, [query], { width: 24, height: 10, ...look }, {
    showTime: true, wrapLogMessage: true, enableLogDetails: true, sortOrder: 'Descending', dedupStrategy: 'none', showLabels: false, showCommonLabels: false, prettifyLogMessage: false,
  });

/** From the first on: also where there are more than the source gives at once. */
export const story = (title: string, query: Query, look: Look = {}): Panel => {
  const made = logs(title, { ...query, target: { ...query.target, direction: 'forward' } }, look);
  return { ...made, options: { ...made.options, sortOrder: 'Ascending' } };
};

export const traces = (title: string, query: Query, look: Look = {}): Panel => panel('table', title, [query], { width: 24, height: 10, ...look }, { showHeader: true, cellHeight: 'sm' });

/** Grafana's grid is 24 wide. Panels fill it from left to right; a title opens a new part. */
export const layout = (parts: (string | Panel)[]): (Panel | RowPanel)[] => {
  let [x, y, tall, id] = [0, 0, 0, 0];
  const next = (): void => {
    [x, y, tall] = [0, y + tall, 0];
  };
  return parts.map((part) => {
    id += 1;
    if (typeof part === 'string') {
      next();
      const row = { type: 'row', title: part, collapsed: false, panels: [], gridPos: { x: 0, y, w: 24, h: 1 }, id };
      y += 1;
      return row;
    }
    const { w, h } = part.gridPos!;
    if (x + w > 24) next();
    const placed = { ...part, id, gridPos: { x, y, w, h } };
    x += w;
    tall = Math.max(tall, h);
    return placed;
  });
};
