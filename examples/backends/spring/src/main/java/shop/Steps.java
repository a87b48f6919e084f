package shop;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import java.util.function.Supplier;
import org.slf4j.MDC;

/** Steps of the work as spans. What is logged within one has its ids, in the lines for people too. */
record Steps(Tracer tracer) {
  <T> T step(String name, Supplier<T> work) {
    return step(name, Context.current(), SpanKind.INTERNAL, Attributes.empty(), work);
  }

  <T> T step(String name, Context parent, SpanKind kind, Attributes attributes, Supplier<T> work) {
    Span span = tracer.spanBuilder(name).setParent(parent).setSpanKind(kind).setAllAttributes(attributes).startSpan();
    try (Scope scope = span.makeCurrent();
        MDC.MDCCloseable trace = MDC.putCloseable("trace_id", span.getSpanContext().getTraceId());
        MDC.MDCCloseable id = MDC.putCloseable("span_id", span.getSpanContext().getSpanId())) {
      return work.get();
    } catch (RuntimeException error) {
      span.setStatus(StatusCode.ERROR, String.valueOf(error.getMessage()));
      throw error;
    } finally {
      span.end();
    }
  }
}
