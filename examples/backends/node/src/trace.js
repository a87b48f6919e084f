// What a backend does to be part of the browser's trace, beyond what OpenTelemetry does by itself: steps of the work as spans, and the ids of the server's
// span in each answer, in a header that browsers show to scripts (`Server-Timing`) and in the JSON.
import { SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('farol-shop-node');

/** Does a step of the work in a span of its own. */
export const step = (name, work, options = {}) =>
  tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });

/** A middleware: says the ids, and gives handlers `answer` to put them beside their fields. */
export function traced(request, response, next) {
  const { traceId, spanId, traceFlags } = trace.getActiveSpan().spanContext();
  const [, remote, parent] = (request.get('traceparent') ?? '').split('-');
  const ids = { traceId, spanId, parentSpanId: remote === traceId ? parent : null };
  response.set('server-timing', `traceparent;desc="00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}"`);
  response.set('cache-control', 'no-store');
  response.locals.ids = ids;
  response.locals.answer = (body, status = 200) => response.status(status).json({ ...body, ...ids });
  next();
}
