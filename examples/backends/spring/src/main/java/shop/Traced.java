package shop;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.MDC;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * What a backend does to be part of the browser's trace, beyond what OpenTelemetry does by itself: the ids of the server's span in each answer, in a header that
 * browsers show to scripts (`Server-Timing`) and in the JSON.
 */
@Component
@Profile("api")
class Traced extends OncePerRequestFilter {
  private static final String IDS = Traced.class.getName();

  @Override
  protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain) throws ServletException, IOException {
    SpanContext span = Span.current().getSpanContext();
    String[] header = (String.valueOf(request.getHeader("traceparent")) + "---").split("-", -1);
    Map<String, String> ids = new LinkedHashMap<>();
    ids.put("traceId", span.getTraceId());
    ids.put("spanId", span.getSpanId());
    ids.put("parentSpanId", header[1].equals(span.getTraceId()) ? header[2] : null);
    request.setAttribute(IDS, ids);
    response.setHeader("server-timing", "traceparent;desc=\"00-%s-%s-%s\"".formatted(span.getTraceId(), span.getSpanId(), span.getTraceFlags().asHex()));
    response.setHeader("cache-control", "no-store");
    try (MDC.MDCCloseable trace = MDC.putCloseable("trace_id", span.getTraceId());
        MDC.MDCCloseable id = MDC.putCloseable("span_id", span.getSpanId())) {
      chain.doFilter(request, response);
    }
  }

  /** Puts the ids beside the answer's own fields. */
  @SuppressWarnings("unchecked")
  static Map<String, Object> answer(HttpServletRequest request, Map<String, ?> body) {
    Map<String, Object> all = new LinkedHashMap<>(body);
    all.putAll((Map<String, String>) request.getAttribute(IDS));
    return all;
  }

  /** The start of the trace's id ties an order to its trace. */
  static String orderNumber() {
    return "KS-" + Span.current().getSpanContext().getTraceId().substring(0, 8).toUpperCase();
  }
}
