package shop;

import static shop.Traced.answer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.opentelemetry.api.trace.Span;
import jakarta.servlet.http.HttpServletRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The API that examples/spa/backend has, in reading order. */
@RestController
@Profile("api")
class Api {
  /** The longest that a request can be made to wait. */
  private static final int MAX_DELAY = 10_000;
  private static final Logger LOG = LoggerFactory.getLogger(Api.class);

  private final Catalogue catalogue;
  private final Orders orders;
  private final Steps steps;
  private final JdbcTemplate database;
  private final ObjectMapper json;
  private final AtomicInteger attempts = new AtomicInteger();

  Api(Catalogue catalogue, Orders orders, Steps steps, JdbcTemplate database, ObjectMapper json) {
    this.catalogue = catalogue;
    this.orders = orders;
    this.steps = steps;
    this.database = database;
    this.json = json;
  }

  @GetMapping("/health")
  Map<String, Object> health() {
    return Map.of("orders", database.queryForObject("SELECT count(*) FROM orders", Long.class));
  }

  @GetMapping("/api/products")
  Map<String, Object> products(HttpServletRequest request) {
    return answer(request, Map.of("products", steps.step("read shelf", catalogue::shelf)));
  }

  @GetMapping("/api/products/{id}")
  Map<String, Object> product(HttpServletRequest request, @PathVariable String id) {
    return answer(request, catalogue.product(id));
  }

  // The body is read as bytes: a converter's own refusal would be an answer without ids.
  @PostMapping("/api/cart")
  Map<String, Object> cart(HttpServletRequest request, @RequestBody(required = false) byte[] body) {
    return answer(request, catalogue.price(body).price());
  }

  @PostMapping("/api/checkout")
  Map<String, Object> checkout(HttpServletRequest request, @RequestBody(required = false) byte[] body) {
    Catalogue.Priced cart = steps.step("price cart", () -> catalogue.price(body));
    String number = Traced.orderNumber();
    int total = cart.price().get("total");
    steps.step("reserve stock", () ->
        database.update("INSERT INTO orders (number, total, lines) VALUES (?, ?, ?::jsonb) ON CONFLICT (number) DO NOTHING", number, total, written(cart)));
    steps.step("charge card", () -> sleep(60));
    orders.publish(number);
    LOG.atInfo().addKeyValue("order.number", number).addKeyValue("order.total", total).log("order placed");
    Map<String, Object> order = new HashMap<>(cart.price());
    order.put("number", number);
    return answer(request, order);
  }

  @RequestMapping("/api/trace")
  Map<String, Object> trace(HttpServletRequest request) {
    return answer(request, Map.of());
  }

  /** The database waits, so that there is a slow query to be found. */
  @GetMapping("/api/slow")
  Map<String, Object> slow(HttpServletRequest request, @RequestParam(defaultValue = "1500") int ms) {
    int waited = Math.max(0, Math.min(ms, MAX_DELAY));
    steps.step("wait for the tide", () -> {
      database.query("SELECT pg_sleep(?)", (RowCallbackHandler) row -> {}, waited / 1000.0);
      return null;
    });
    return answer(request, Map.of("waited", waited));
  }

  @RequestMapping("/api/fail")
  void fail() {
    throw new Problem(500, "lamp_out", "the lamp went out");
  }

  @GetMapping("/api/flaky")
  Map<String, Object> flaky(HttpServletRequest request) {
    int attempt = attempts.getAndIncrement();
    if (attempt % 2 == 0) throw new Problem(503, "fog", "try again in a moment");
    return answer(request, Map.of("attempt", attempt));
  }

  @RequestMapping("/api/**")
  void unknown() {
    throw new Problem(404, "not_found", "there is no such part of the API");
  }

  @ExceptionHandler
  ResponseEntity<Map<String, Object>> problem(HttpServletRequest request, Problem problem) {
    if (problem.status >= 500) {
      Span.current().setAttribute("error.type", problem.code);
      LOG.atError().addKeyValue("error.type", problem.code).log(problem.getMessage());
    }
    ResponseEntity.BodyBuilder response = ResponseEntity.status(problem.status);
    if (problem.status == 503) response.header("retry-after", "1");
    return response.body(answer(request, Map.of("error", problem.code, "message", problem.getMessage())));
  }

  private String written(Catalogue.Priced cart) {
    try {
      return json.writeValueAsString(cart.lines());
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  private static Void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
    return null;
  }
}
