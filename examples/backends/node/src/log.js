// A line for people and a log record for the pipeline, both with the ids of the span in which it was said.
import { trace } from '@opentelemetry/api';
import { SeverityNumber, logs } from '@opentelemetry/api-logs';

const logger = logs.getLogger('farol-shop-node');

/** The levels' order is OpenTelemetry's: 9 is info, 13 warn, 17 error. */
export function log(level, body, attributes = {}) {
  const span = trace.getActiveSpan()?.spanContext();
  const ids = span ? { trace_id: span.traceId, span_id: span.spanId } : {};
  console.log(JSON.stringify({ level, message: body, ...attributes, ...ids }));
  logger.emit({ severityNumber: SeverityNumber[level.toUpperCase()], severityText: level, body, attributes });
}
