/** Which metrics and labels there are, from where the project itself says it: docs/metrics.md and docs/collector.md, whose tables tests of
 * the collector hold equal to its code, and reasons.rs. What a query names beside them is a finding. */
import { rules, text } from './files.js';
import { used } from './promql.js';

interface Known {
  labels: Set<string>;
  /** What the metric's help says, and so the values of its labels that are words. */
  help: string;
}

/** What the way into Prometheus adds: job and instance (by OTLP the app and the collector that counted), and promoted attributes. */
const COMMON = ['job', 'instance', 'deployment_environment_name'];

/** Metrics of others that rules ask for, as their exporters name them: `up` is the scraper's, ALERTS the rules' own. */
const FOREIGN: Record<string, string[]> = {
  up: [],
  ALERTS: ['alertname', 'alertstate', 'severity', 'area'],
  // OpenTelemetry's semantic conventions for HTTP servers.
  http_server_request_duration_seconds: ['http_response_status_code', 'http_route', 'http_request_method'],
  http_server_request_duration_seconds_bucket: ['http_response_status_code', 'http_route', 'http_request_method', 'le'],
  http_server_request_duration_seconds_count: ['http_response_status_code', 'http_route', 'http_request_method'],
  // What each of examples/backends says of itself (tests/backends).
  process_cpu_time_seconds_total: ['cpu_mode'],
  process_memory_usage_bytes: [],
  shop_orders_placed_total: [],
  shop_orders_wait_seconds: [],
  shop_orders_wait_seconds_bucket: ['le'],
  // node_exporter
  node_memory_MemAvailable_bytes: [],
  node_memory_MemTotal_bytes: [],
  node_filesystem_avail_bytes: ['device', 'fstype', 'mountpoint'],
  node_filesystem_readonly: ['device', 'fstype', 'mountpoint'],
  node_filesystem_size_bytes: ['device', 'fstype', 'mountpoint'],
  // redis_exporter
  redis_keyspace_hits_total: [],
  redis_keyspace_misses_total: [],
  redis_up: [],
  redis_memory_used_bytes: [],
  redis_connected_clients: [],
  redis_evicted_keys_total: [],
  redis_expired_keys_total: [],
  redis_commands_processed_total: [],
  // postgres_exporter with --collector.stat_statements
  pg_stat_statements_seconds_total: ['datname', 'queryid', 'user'],
  pg_stat_statements_calls_total: ['datname', 'queryid', 'user'],
  // and what it says by itself
  pg_up: [],
  pg_database_size_bytes: ['datname'],
  pg_stat_database_numbackends: ['datname'],
  pg_stat_database_blks_hit: ['datname'],
  pg_stat_database_blks_read: ['datname'],
  pg_stat_database_xact_commit: ['datname'],
  pg_stat_database_xact_rollback: ['datname'],
};

/** Labels by which a metric of ours is told from the same one of others'. */
const OF_BACKENDS: Record<string, string[]> = { http_client_request_duration_seconds: ['http_request_method'] };

const cells = (line: string): string[] => line.split('|').slice(1, -1).map((cell) => cell.trim());
const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/gu)].map((match) => match[1]!);
const label = (attribute: string): string => attribute.replaceAll(/[^a-zA-Z0-9]/gu, '_');

const known = (): Map<string, Known> => {
  const found = new Map<string, Known>();
  const add = (name: string, labels: string[], help: string, histogram: boolean): void => {
    found.set(name, { labels: new Set([...labels, ...COMMON]), help });
    if (!histogram) return;
    for (const part of ['_bucket', '_count', '_sum']) {
      found.set(name + part, { labels: new Set([...labels, ...COMMON, ...(part === '_bucket' ? ['le'] : [])]), help });
    }
  };
  for (const line of text('docs/metrics.md').split('\n')) {
    const [, prometheus, kind, , , attributes] = cells(line);
    const name = codes(prometheus ?? '')[0];
    if (!line.startsWith('| `') || name === undefined) continue;
    add(name, [...codes(attributes ?? '').map(label), 'otel_metric_overflow'], '', kind?.includes('histogram') ?? false);
  }
  for (const line of text('docs/collector.md').split('\n')) {
    const [name, kind, labels, help] = cells(line);
    if (!/^\| `\w+` \| (?:counter|gauge|histogram) \|/u.test(line)) continue;
    add(codes(name!)[0]!, codes(labels!), help!, kind === 'histogram');
  }
  for (const [name, labels] of Object.entries(FOREIGN)) add(name, labels, '', false);
  for (const [name, labels] of Object.entries(OF_BACKENDS)) for (const it of labels) for (const part of ['', '_bucket', '_count', '_sum']) found.get(name + part)!.labels.add(it);
  return found;
};

const REASONS = new Set([...text('collector/src/outcome/reasons.rs').matchAll(/= "(\w+)",/gu)].map((match) => match[1]!));
const WORDS = text('docs/metrics.md') + text('protocol/src/names.rs');

/** Whether a label can have this value, where its values are a list. */
const possible = (name: string, value: string, metric: Known): boolean => {
  if (name === 'reason') return value === '' || REASONS.has(value);
  if (['outcome', 'operation', 'state', 'source'].includes(name)) return new RegExp(`\\b${value}\\b`, 'iu').test(metric.help);
  if (name === 'farol_delivery' && value === '') return true; // what came when it was made
  if (['browser_web_vital_name', 'farol_delivery'].includes(name)) return WORDS.includes(`"${value}"`) || WORDS.includes(`\`${value}\``);
  return true;
};

/** The metrics and labels that exist, with those that rules record: a recorded series has labels of what it is made of. */
export class Names {
  private readonly metrics = known();

  constructor() {
    for (const rule of rules()) {
      if (rule.record === undefined) continue;
      const made = used(rule.expr);
      const labels = made.metrics.flatMap(({ name }) => [...(this.metrics.get(name)?.labels ?? [])]);
      this.metrics.set(rule.record, { labels: new Set(labels), help: '' });
    }
  }

  /** How many there are; a table that is no longer read gives none. */
  get size(): number {
    return this.metrics.size;
  }

  /** What an expression names that does not exist. */
  findings(expression: string): string[] {
    const { metrics, groupings } = used(expression);
    const found: string[] = [];
    const all = new Set<string>();
    for (const { name, matchers } of metrics) {
      const metric = this.metrics.get(name);
      if (metric === undefined) {
        found.push(`there is no metric ${name}`);
        continue;
      }
      for (const it of metric.labels) all.add(it);
      for (const matcher of matchers) {
        if (!metric.labels.has(matcher.label)) found.push(`${name} has no label ${matcher.label}`);
        const values = matcher.op.includes('~') && /^[\w|]*$/u.test(matcher.value) ? matcher.value.split('|') : [matcher.value];
        for (const value of values) {
          if (!value.includes('$') && !possible(matcher.label, value, metric)) found.push(`${name}: ${matcher.label} is never ${value}`);
        }
      }
    }
    for (const it of groupings) if (!all.has(it)) found.push(`nothing in it has the label ${it}`);
    return found;
  }
}
