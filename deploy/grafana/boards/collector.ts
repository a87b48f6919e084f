/** The collector itself: what comes in, what becomes of it, what waits, and what it costs. */
import { board } from '../board.js';
import { bars, figure, lines, now, prom } from '../panels.js';
import { COLLECTOR, classicQuantile, rate } from '../queries.js';

const DESTINATION = ', destination=~"$destination"';
const per = (metric: string, by: string, more = ''): string => rate(metric, by, `${COLLECTOR}${more}`);

export const collector = board({
  uid: 'farol-collector',
  title: 'Farol / The collector itself',
  description: 'Requests, items, the queue, destinations, memory.',
  apps: false,
  choices: ['instance', 'destination'],
  from: 'now-6h',
  parts: [
    figure('Collectors', now('count(up{job="farol-collector"} == 1) or vector(0)')),
    figure('Requests a second', now(rate('farol_requests_received_total', '', COLLECTOR, '5m')), { unit: 'reqps' }),
    figure('Items a second', now(rate('farol_items_seen_total', '', COLLECTOR, '5m')), { unit: 'cps' }),
    figure('P95 of answers', now(classicQuantile(0.95, 'farol_request_duration_seconds', '', COLLECTOR, '5m')), { unit: 's', bounds: [0.05, 0.1] }),
    figure('Destinations failing', now(`sum(max by (destination) (farol_destination_failing{${COLLECTOR}}))`), { bounds: [1, 2] }),
    figure('Bugs', now(`sum(farol_bugs_total{${COLLECTOR}})`), { bounds: [1, 1.5], description: 'Anything but 0 is one; please report it.' }),
    'Requests',
    bars('By outcome', [prom(per('farol_requests_total', 'outcome'), '{{outcome}}')], { unit: 'reqps' }),
    lines('Refused and aborted, by reason', [prom(`${per('farol_requests_total', 'outcome, reason', ', outcome=~"refused|aborted"')} > 0`, '{{outcome}}: {{reason}}')], { unit: 'reqps', stacked: true }),
    lines('Time to the answer', [
      prom(classicQuantile(0.5, 'farol_request_duration_seconds', '', COLLECTOR, '$__rate_interval'), 'P50'),
      prom(classicQuantile(0.95, 'farol_request_duration_seconds', '', COLLECTOR, '$__rate_interval'), 'P95'),
      prom(classicQuantile(0.99, 'farol_request_duration_seconds', '', COLLECTOR, '$__rate_interval'), 'P99'),
    ], { unit: 's' }),
    lines('Bytes of bodies', [prom(per('farol_request_body_bytes_sum', 'instance'), '{{instance}}')], { unit: 'Bps' }),
    lines('By key', [prom(per('farol_key_requests_total', 'app, key'), '{{app}} {{key}}')], { unit: 'reqps', stacked: true }),
    lines('Rates exceeded', [prom(`${per('farol_rate_exceeded_total', 'limit, unit, action')} > 0`, '{{limit}} {{unit}} {{action}}')], { unit: 'cps' }),
    'Items',
    bars('By kind', [prom(per('farol_items_enqueued_by_kind_total', 'kind'), '{{kind}}')], { unit: 'cps' }),
    lines('Filtered and dropped before the queue', [prom(`${per('farol_items_total', 'outcome, reason', ', outcome!="enqueued"')} > 0`, '{{outcome}}: {{reason}}')], { unit: 'cps', stacked: true }),
    'The queue',
    lines('What readers have not delivered', [prom(`farol_queue_lag_bytes{${COLLECTOR}}`, '{{instance}}: {{reader}}'), prom(`farol_queue_limit_bytes{${COLLECTOR}}`, '{{instance}}: bound')], { unit: 'bytes', description: 'Of each collector: one that is at its bound loses, whatever room others have.' }),
    lines('Free on its disk', [prom(`farol_queue_disk_free_bytes{${COLLECTOR}}`, '{{instance}}')], { unit: 'bytes' }),
    lines('Time to make a group durable, P99', [prom(classicQuantile(0.99, 'farol_queue_sync_duration_seconds', 'instance', COLLECTOR, '$__rate_interval'), '{{instance}}')], { unit: 's' }),
    lines('Failures of the disk', [prom(per('farol_queue_failures_total', 'operation'), '{{operation}}')], { unit: 'cps' }),
    'Destinations',
    lines('Exported', [prom(per('farol_destination_items_total', 'destination', `, outcome="exported"${DESTINATION}`), '{{destination}}')], { unit: 'cps' }),
    lines('Dropped, by reason', [prom(`${per('farol_destination_items_total', 'destination, reason', `, outcome="dropped"${DESTINATION}`)} > 0`, '{{destination}}: {{reason}}')], { unit: 'cps', stacked: true }),
    lines('Pending', [prom(`sum by (destination) (farol_destination_items_pending{${COLLECTOR}${DESTINATION}})`, '{{destination}}')]),
    lines('Attempts that were retried or refused', [prom(`${per('farol_destination_attempts_total', 'destination, outcome', `, outcome!="accepted"${DESTINATION}`)} > 0`, '{{destination}}: {{outcome}}')], { unit: 'cps' }),
    lines('Snapshots of the metrics of pages', [prom(`${per('farol_destination_snapshots_total', 'destination, outcome', DESTINATION)} > 0`, '{{destination}}: {{outcome}}')], { unit: 'cps', description: 'Refused: the destination has no metrics of pages, or some of them not.' }),
    lines('Circuit breaker open', [prom(`max by (destination) (farol_destination_circuit{${COLLECTOR}${DESTINATION}, state="open"})`, '{{destination}}')], { max: 1 }),
    'Sources',
    lines('Messages of sources', [prom(per('farol_source_messages_total', 'source, outcome'), '{{source}}: {{outcome}}')], { unit: 'cps', description: 'Where collectors read from Kafka; unreadable ones are passed over.' }),
    lines('Sources that cannot be read', [prom(`sum by (source) (farol_source_failing{${COLLECTOR}})`, '{{source}}')], { description: 'By how many collectors.', decimals: 0 }),
    'The process',
    lines('Memory', [prom(`process_resident_memory_bytes{${COLLECTOR}}`, '{{instance}}')], { unit: 'bytes', bounds: [429496730, 536870912] }),
    lines('Processor', [prom(per('process_cpu_seconds_total', 'instance'), '{{instance}}')], { unit: 'none', description: 'Cores in use.' }),
    lines('Connections', [prom(`sum by (instance) (farol_connections_open{${COLLECTOR}})`, '{{instance}}')]),
    lines('Series of the metrics of pages', [prom(`sum by (instance) (farol_aggregate_series{${COLLECTOR}})`, '{{instance}}')]),
  ],
});
