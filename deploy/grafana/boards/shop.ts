/** The example system, a board a part: its API, its processes, its database, its cache. What they name comes from OpenTelemetry and from the exporters that ../../compose/ starts. */
import { board } from '../board.js';
import { areas, bars, figure, lines, logs, loki, now, prom, rows, share as pie, table } from '../panels.js';
import { among, observed, quantile, share } from '../queries.js';

const WINDOW = '$__rate_interval';
const RANGE = '$__range';
const SERVER = 'http_server_request_duration_seconds';
const JOB = 'job=~"$service"';
const failed = (by: string, window: string): string => observed(SERVER, by, `${JOB}, http_response_status_code=~"5.."`, window);
const all = (by: string, window: string): string => observed(SERVER, by, JOB, window);
const MOST = `topk(20, ${all('http_route', RANGE)})`;

export const shopApi = board({
  uid: 'farol-shop-api',
  title: 'Farol / Example system: API',
  description: 'What the backends say of their requests: how long, how many, which fail.',
  apps: false,
  choices: ['service'],
  from: 'now-6h',
  parts: [
    figure('Requests', now(all('', RANGE)), { unit: 'short', decimals: 0, width: 6 }),
    figure('Failed', now(share(failed('', RANGE), all('', RANGE))), { unit: 'percentunit', decimals: 2, bounds: [0.0005, 0.001], width: 6 }),
    figure('95 % within', now(quantile(0.95, SERVER, '', JOB, RANGE)), { unit: 's', bounds: [0.1, 0.2], width: 6 }),
    figure('Orders', now(`sum(increase(shop_orders_placed_total{${JOB}}[${RANGE}]))`), { unit: 'short', decimals: 0, width: 6 }),
    lines('Latency', [prom(quantile(0.5, SERVER, '', JOB, WINDOW), 'P50'), prom(quantile(0.95, SERVER, '', JOB, WINDOW), 'P95'), prom(quantile(0.99, SERVER, '', JOB, WINDOW), 'P99')], { unit: 's', bounds: [0.1, 0.2] }),
    bars('Requests by status', [prom(all('http_response_status_code', WINDOW), '{{http_response_status_code}}')]),
    bars('Errors by kind', [prom(observed(SERVER, 'http_response_status_code, http_route', `${JOB}, http_response_status_code=~"[45].."`, WINDOW), '{{http_response_status_code}} {{http_route}}')]),
    lines('P95 by route', [prom(`topk(10, ${quantile(0.95, SERVER, 'http_route', JOB, WINDOW)})`, '{{http_route}}')], { unit: 's' }),
    table('Routes', [
      rows(MOST),
      rows(among(MOST, 'http_route', quantile(0.95, SERVER, 'http_route', JOB, RANGE))),
      rows(among(MOST, 'http_route', share(failed('http_route', RANGE), all('http_route', RANGE)))),
    ], {
      width: 24,
      fields: { http_route: { title: 'Route' }, 'Value #A': { title: 'Requests', unit: 'short' }, 'Value #B': { title: 'P95', unit: 's' }, 'Value #C': { title: 'Failed', unit: 'percentunit', bounds: [0.0005, 0.001] } },
    }),
    logs('Recent errors, with their traces', loki('{service_name=~"$service", service_name!=""} | severity_text=~"(?i)error"'), { description: 'Log records that the backends send by OTLP; each has its trace.' }),
  ],
});

const CPU = 'process_cpu_time_seconds_total';
const MEMORY = 'process_memory_usage_bytes';

export const shopProcesses = board({
  uid: 'farol-shop-processes',
  title: 'Farol / Example system: Worker and frontend',
  description: 'What each process takes of the machine, and whether the worker keeps up.',
  apps: false,
  choices: ['service'],
  from: 'now-6h',
  parts: [
    areas('Processor', [prom(`sum by (job) (rate(${CPU}{${JOB}}[${WINDOW}]))`, '{{job}}'), prom(`sum by (job) (rate(process_cpu_seconds_total[${WINDOW}]))`, '{{job}}')], { unit: 'none', description: 'Cores in use.' }),
    areas('Memory', [prom(`sum by (job) (${MEMORY}{${JOB}})`, '{{job}}'), prom('sum by (job) (process_resident_memory_bytes)', '{{job}}')], { unit: 'bytes' }),
    pie('Processor, by process', now(`sum by (job) (increase(${CPU}{${JOB}}[${RANGE}])) or sum by (job) (increase(process_cpu_seconds_total[${RANGE}]))`, '{{job}}'), { unit: 's' }),
    pie('Memory, by process', now(`sum by (job) (${MEMORY}{${JOB}}) or sum by (job) (process_resident_memory_bytes)`, '{{job}}'), { unit: 'bytes' }),
    'The worker',
    bars('Orders placed', [prom(`sum by (job) (increase(shop_orders_placed_total{${JOB}}[${WINDOW}]))`, '{{job}}')]),
    lines('Time that orders wait', [prom(quantile(0.5, 'shop_orders_wait_seconds', '', JOB, WINDOW), 'P50'), prom(quantile(0.95, 'shop_orders_wait_seconds', '', JOB, WINDOW), 'P95')], { unit: 's' }),
    'The machine',
    lines('Memory in use', [prom('1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', '{{instance}}')], { unit: 'percentunit', max: 1, bounds: [0.7, 0.8] }),
    lines('Disk in use', [prom('1 - node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay|squashfs"} / node_filesystem_size_bytes', '{{mountpoint}}')], { unit: 'percentunit', max: 1, bounds: [0.75, 0.85] }),
  ],
});

const STATEMENTS = 'pg_stat_statements';
const SLOWEST = `topk(20, sum by (datname, queryid) (increase(${STATEMENTS}_seconds_total[${RANGE}])) / (sum by (datname, queryid) (increase(${STATEMENTS}_calls_total[${RANGE}])) > 0))`;
const DATABASE = 'datname!~"template.*|"';

export const shopPostgres = board({
  uid: 'farol-shop-postgres',
  title: 'Farol / Example system: PostgreSQL',
  description: 'Query time, queries a second, cache. By postgres_exporter with --collector.stat_statements.',
  apps: false,
  from: 'now-6h',
  parts: [
    figure('Up', now('min(pg_up)'), { bounds: [0.5, 1], falling: true, width: 6 }),
    figure('Connections', now(`sum(pg_stat_database_numbackends{${DATABASE}})`), { width: 6 }),
    figure('Found in its cache', now(share(`sum(rate(pg_stat_database_blks_hit{${DATABASE}}[5m]))`, `(sum(rate(pg_stat_database_blks_hit{${DATABASE}}[5m])) + sum(rate(pg_stat_database_blks_read{${DATABASE}}[5m])))`)), { unit: 'percentunit', decimals: 2, bounds: [0.9, 0.99], falling: true, width: 6 }),
    figure('Size', now(`sum(pg_database_size_bytes{${DATABASE}})`), { unit: 'bytes', width: 6 }),
    lines('Queries a second', [prom(`sum by (datname) (rate(${STATEMENTS}_calls_total[${WINDOW}]))`, '{{datname}}')], { unit: 'reqps' }),
    lines('Time of a query', [prom(`sum by (datname) (rate(${STATEMENTS}_seconds_total[${WINDOW}])) / (sum by (datname) (rate(${STATEMENTS}_calls_total[${WINDOW}])) > 0)`, '{{datname}}')], { unit: 's', bounds: [0.1, 0.2], description: 'On average.' }),
    lines('Transactions', [prom(`sum by (datname) (rate(pg_stat_database_xact_commit{${DATABASE}}[${WINDOW}]))`, '{{datname}} committed'), prom(`sum by (datname) (rate(pg_stat_database_xact_rollback{${DATABASE}}[${WINDOW}]))`, '{{datname}} rolled back')], { unit: 'ops' }),
    lines('Blocks: found in the cache, and read from the disk', [prom(`sum(rate(pg_stat_database_blks_hit{${DATABASE}}[${WINDOW}]))`, 'found'), prom(`sum(rate(pg_stat_database_blks_read{${DATABASE}}[${WINDOW}]))`, 'read')], { unit: 'ops' }),
    table('Slowest statements', [
      rows(SLOWEST),
      rows(among(SLOWEST, 'datname, queryid', `sum by (datname, queryid) (increase(${STATEMENTS}_calls_total[${RANGE}]))`)),
    ], {
      width: 24, description: 'By mean time. `SELECT query FROM pg_stat_statements WHERE queryid = …` says which one it is.',
      fields: { datname: { title: 'Database' }, queryid: { title: 'Statement' }, 'Value #A': { title: 'Mean', unit: 's', bounds: [0.1, 0.2] }, 'Value #B': { title: 'Calls', unit: 'short' } },
    }),
  ],
});

const ASKED = (window: string): string => `(sum by (instance) (rate(redis_keyspace_hits_total[${window}])) + sum by (instance) (rate(redis_keyspace_misses_total[${window}])) > 0)`;

export const shopRedis = board({
  uid: 'farol-shop-redis',
  title: 'Farol / Example system: Redis',
  description: 'Hits and misses, memory, commands. By redis_exporter.',
  apps: false,
  from: 'now-6h',
  parts: [
    figure('Up', now('min(redis_up)'), { bounds: [0.5, 1], falling: true, width: 6 }),
    figure('Found', now(`sum by (instance) (rate(redis_keyspace_hits_total[5m])) / ${ASKED('5m')}`), { unit: 'percentunit', decimals: 1, bounds: [0.5, 0.8], falling: true, width: 6 }),
    figure('Memory', now('sum(redis_memory_used_bytes)'), { unit: 'bytes', width: 6 }),
    figure('Clients', now('sum(redis_connected_clients)'), { width: 6 }),
    bars('Hits and misses', [prom(`sum(rate(redis_keyspace_hits_total[${WINDOW}]))`, 'hits'), prom(`sum(rate(redis_keyspace_misses_total[${WINDOW}]))`, 'misses')], { unit: 'ops' }),
    lines('Share found', [prom(`sum by (instance) (rate(redis_keyspace_hits_total[${WINDOW}])) / ${ASKED(WINDOW)}`, '{{instance}}')], { unit: 'percentunit', max: 1, bounds: [0.5, 0.8], falling: true }),
    areas('Memory', [prom('redis_memory_used_bytes', '{{instance}}')], { unit: 'bytes' }),
    lines('Keys that went', [prom(`sum(rate(redis_evicted_keys_total[${WINDOW}]))`, 'evicted'), prom(`sum(rate(redis_expired_keys_total[${WINDOW}]))`, 'expired')], { unit: 'ops' }),
    lines('Commands', [prom(`sum by (instance) (rate(redis_commands_processed_total[${WINDOW}]))`, '{{instance}}')], { unit: 'ops', width: 24 }),
  ],
});
