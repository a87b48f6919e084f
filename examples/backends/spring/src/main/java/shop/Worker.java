package shop;

import jakarta.annotation.PreDestroy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;

/** Packs what was ordered, one order after the other, in a thread of its own, which is what keeps this process. */
@Component
@Profile("worker")
class Worker {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

  private final Orders orders;
  private final JdbcTemplate database;
  private final Thread thread = new Thread(this::work, "worker");
  private volatile boolean ended;

  Worker(Orders orders, JdbcTemplate database, Shop.Prepared prepared) {
    this.orders = orders;
    this.database = database;
  }

  /** Not before: only then do log lines go the way of all telemetry. */
  @EventListener(ApplicationReadyEvent.class)
  void begin() {
    thread.start();
    System.out.println("farol-shop-spring worker ready");
  }

  private void work() {
    while (!ended) {
      try {
        orders.take(number -> {
          database.update("UPDATE orders SET packed_at = now() WHERE number = ?", number);
          LOG.atInfo().addKeyValue("order.number", number).log("order packed");
        });
      } catch (RuntimeException error) {
        // One order that fails, or a store that is away, must not end the worker.
        if (ended) return;
        LOG.atWarn().addKeyValue("error.type", error.getClass().getName()).log("an order was not packed");
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(1000);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  @PreDestroy
  void end() throws InterruptedException {
    ended = true;
    thread.join(2000);
  }
}
