/** A page that uses OpenTelemetry's own web SDK as its documentation says, with Farol's collector as its receiver. */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { WebTracerProvider } from '@opentelemetry/sdk-trace-web';

declare global {
  interface Window {
    playOtel(url: string): Promise<void>;
  }
}

window.playOtel = async (url) => {
  const resource = resourceFromAttributes({ 'service.name': 'otel-page', 'service.version': '3.2.1' });
  // A header of its own makes the browser ask first.
  const headers = { 'x-of-mine': '1' };
  const exporters = [new OTLPTraceExporter({ url: `${url}/v1/traces`, headers }), new ProtobufExporter({ url: `${url}/v1/traces`, headers })];
  const tracers = new WebTracerProvider({ resource, spanProcessors: exporters.map((it) => new SimpleSpanProcessor(it)) });
  const tracer = tracers.getTracer('page', '1.0');
  const span = tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes: { 'http.request.method': 'GET', 'url.full': `${location.origin}/api/ok?sig=secret`, 'http.response.status_code': 503, 'a.list': ['x', 'y'] } });
  span.addEvent('half way');
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' });
  span.end();

  const loggers = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs`, headers }) })] });
  const logger = loggers.getLogger('page', '1.0');
  logger.emit({ severityNumber: SeverityNumber.WARN, severityText: 'WARN', body: 'a log from OpenTelemetry', attributes: { c: 'd', n: 7 } });
  logger.emit({ eventName: 'basket.filled', severityNumber: SeverityNumber.INFO, body: { lines: 3 }, attributes: { 'session.id': 's-7' } });
  await tracers.forceFlush();
  await loggers.forceFlush();
};
