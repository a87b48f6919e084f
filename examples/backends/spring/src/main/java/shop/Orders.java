package shop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.stereotype.Component;

/** The orders' queue: a list in Redis. A message carries the trace of the request that wrote it, so that the worker's spans are part of it. */
@Component
class Orders {
  private static final String QUEUE = "orders";
  private static final TextMapGetter<Map<String, String>> FROM_MAP = new TextMapGetter<>() {
    @Override
    public Iterable<String> keys(Map<String, String> carrier) {
      return carrier.keySet();
    }

    @Override
    public String get(Map<String, String> carrier, String key) {
      return carrier.get(key);
    }
  };

  record Message(String number, long at, Map<String, String> headers) {}

  private final StringRedisTemplate redis;
  private final ObjectMapper json;
  private final Steps steps;
  private final TextMapPropagator propagator;
  private final Counter placed;
  private final Timer waited;

  Orders(StringRedisTemplate redis, ObjectMapper json, Steps steps, OpenTelemetry telemetry, MeterRegistry meters) {
    this.redis = redis;
    this.json = json;
    this.steps = steps;
    this.propagator = telemetry.getPropagators().getTextMapPropagator();
    this.placed = meters.counter("shop.orders.placed");
    this.waited = Timer.builder("shop.orders.wait")
        .serviceLevelObjectives(Duration.ofMillis(10), Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(10)).register(meters);
  }

  void publish(String number) {
    steps.step("send " + QUEUE, Context.current(), SpanKind.PRODUCER, about("send"), () -> {
      Map<String, String> headers = new HashMap<>();
      propagator.inject(Context.current(), headers, Map::put);
      redis.opsForList().leftPush(QUEUE, written(new Message(number, System.currentTimeMillis(), headers)));
      placed.increment();
      return null;
    });
  }

  /** Waits for an order and does `work` with its number, in the trace that it came from. Gives up after a second, so that the caller can end. */
  void take(Consumer<String> work) {
    String found = redis.opsForList().rightPop(QUEUE, Duration.ofSeconds(1));
    if (found == null) return;
    Message message = read(found);
    waited.record(Duration.ofMillis(Math.max(0, System.currentTimeMillis() - message.at())));
    Context from = propagator.extract(Context.root(), message.headers(), FROM_MAP);
    steps.step("process " + QUEUE, from, SpanKind.CONSUMER, about("process"), () -> {
      work.accept(message.number());
      return null;
    });
  }

  private static Attributes about(String operation) {
    return Attributes.builder().put("messaging.system", "redis").put("messaging.destination.name", QUEUE).put("messaging.operation.type", operation).build();
  }

  private String written(Message message) {
    try {
      return json.writeValueAsString(message);
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  private Message read(String text) {
    try {
      return json.readValue(text, Message.class);
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }
}
