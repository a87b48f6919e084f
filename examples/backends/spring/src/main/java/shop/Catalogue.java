package shop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.jdbc.core.namedparam.NamedParameterJdbcTemplate;
import org.springframework.stereotype.Component;

/** The goods, and what a cart of them costs. Redis has what was looked up lately. */
@Component
class Catalogue {
  /** How long goods are kept in Redis: short, so that a demo shows misses too. */
  private static final Duration KEPT = Duration.ofSeconds(10);
  private static final String COLUMNS = "id, name, line, story, price, stock";
  /** Longer carts are refused, so that a request stays small work. */
  private static final int MAX_LINES = 20;
  private static final int MAX_QUANTITY = 99;
  private static final int SHIPPING = 690;
  private static final int FREE_SHIPPING_FROM = 15_000;

  record Line(String id, int quantity) {}

  record Priced(List<Line> lines, Map<String, Integer> price) {}

  private final NamedParameterJdbcTemplate database;
  private final StringRedisTemplate redis;
  private final ObjectMapper json;

  Catalogue(NamedParameterJdbcTemplate database, StringRedisTemplate redis, ObjectMapper json, Shop.Prepared prepared) {
    this.database = database;
    this.redis = redis;
    this.json = json;
  }

  List<Map<String, Object>> shelf() {
    return cached("shelf", new TypeReference<>() {}, () -> database.queryForList("SELECT " + COLUMNS + " FROM products ORDER BY place", Map.of()));
  }

  Map<String, Object> product(String id) {
    Map<String, Object> found = cached("product:" + id, new TypeReference<>() {}, () ->
        database.queryForList("SELECT " + COLUMNS + " FROM products WHERE id = :id", Map.of("id", id)).stream().findFirst().orElse(null));
    if (found == null) throw new Problem(404, "no_such_product", "nothing on the shelf has that name");
    return found;
  }

  Priced price(byte[] body) {
    List<Line> lines = parse(body);
    if (lines.isEmpty() || lines.size() > MAX_LINES) throw new Problem(422, "bad_cart", "a cart holds 1 to 20 lines");
    Map<String, Map<String, Object>> goods = database
        .queryForList("SELECT id, price, stock FROM products WHERE id IN (:ids)", Map.of("ids", lines.stream().map(Line::id).toList()))
        .stream().collect(Collectors.toMap(it -> (String) it.get("id"), Function.identity()));
    int subtotal = 0;
    for (Line line : lines) {
      Map<String, Object> found = goods.get(line.id());
      if (found == null) throw new Problem(422, "no_such_product", "nothing on the shelf has that name");
      if (line.quantity() == 0 || line.quantity() > MAX_QUANTITY) throw new Problem(422, "bad_quantity", "a line holds 1 to 99 of a thing");
      if ((int) found.get("stock") == 0) throw new Problem(409, "sold_out", "that one is sold out; take it off the cart");
      subtotal += (int) found.get("price") * line.quantity();
    }
    int shipping = subtotal >= FREE_SHIPPING_FROM ? 0 : SHIPPING;
    return new Priced(lines, Map.of("subtotal", subtotal, "shipping", shipping, "total", subtotal + shipping));
  }

  private List<Line> parse(byte[] body) {
    try {
      JsonNode lines = json.readTree(body == null ? new byte[0] : body).path("lines");
      List<Line> found = new ArrayList<>();
      for (JsonNode line : lines) {
        JsonNode id = line.path("id");
        JsonNode quantity = line.path("quantity");
        if (!id.isTextual() || !quantity.canConvertToInt() || !quantity.isIntegralNumber() || quantity.asInt() < 0) throw bad();
        found.add(new Line(id.asText(), quantity.asInt()));
      }
      if (lines.isArray()) return found;
    } catch (IOException error) {
      // Said below.
    }
    throw bad();
  }

  private static Problem bad() {
    return new Problem(400, "bad_cart", "want {\"lines\":[{\"id\",\"quantity\"}]}");
  }

  /** What Redis has under a key, else what is read, kept for the next. What is not there is not kept. */
  private <T> T cached(String key, TypeReference<T> type, Supplier<T> read) {
    try {
      String there = redis.opsForValue().get(key);
      if (there != null) return json.readValue(there, type);
      T found = read.get();
      if (found != null) redis.opsForValue().set(key, json.writeValueAsString(found), KEPT);
      return found;
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }
}
