package shop;

import io.opentelemetry.api.OpenTelemetry;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.jdbc.DataSourceBuilder;
import org.springframework.boot.web.servlet.context.ServletWebServerInitializedEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.JdbcTemplate;

/** The program: profile `api` answers requests, profile `worker` packs what was ordered. */
@SpringBootApplication
public class Shop {
  public static void main(String[] args) throws Exception {
    // Without an address the ids are said in answers and log lines all the same, and nothing is sent.
    boolean wanted = System.getenv().keySet().stream().anyMatch(it -> it.matches("OTEL_EXPORTER_OTLP_(\\w+_)?ENDPOINT"));
    for (String signal : new String[] {"traces", "metrics", "logs"}) {
      if (!wanted) System.setProperty("otel." + signal + ".exporter", "none");
    }
    // The stable names: db.system.name, db.query.text.
    System.setProperty("otel.semconv-stability.opt-in", "database");
    SpringApplication.run(Shop.class, args);
  }

  /** DATABASE_URL is what all the backends understand; Java's drivers have a form of their own. */
  @Bean
  DataSource dataSource() {
    URI url = URI.create(System.getenv().getOrDefault("DATABASE_URL", "postgres://shop@127.0.0.1:5432/shop"));
    String[] user = url.getUserInfo().split(":", 2);
    return DataSourceBuilder.create()
        .url("jdbc:postgresql://%s:%d%s".formatted(url.getHost(), url.getPort() < 0 ? 5432 : url.getPort(), url.getPath()))
        .username(user[0])
        .password(user.length > 1 ? user[1] : "")
        .build();
  }

  @Bean
  Prepared prepared(JdbcTemplate database) throws Exception {
    database.execute(Files.readString(Path.of(System.getenv().getOrDefault("SHOP_SCHEMA", "../schema.sql"))));
    return new Prepared();
  }

  /** The tables are there. */
  record Prepared() {}

  @Bean
  Steps steps(OpenTelemetry telemetry) {
    return new Steps(telemetry.getTracer("farol-shop-spring"));
  }

  @EventListener
  void listening(ServletWebServerInitializedEvent event) {
    String host = System.getenv().getOrDefault("HOST", "127.0.0.1");
    System.out.printf("farol-shop-spring ready on http://%s:%d%n", host, event.getWebServer().getPort());
  }
}
