import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What a topic holds at this moment, a line of JSON a message, as Kafka's own client reads it: Read HOST:PORT TOPIC */
public class Read {
  public static void main(String[] args) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all = consumer.partitionsFor(args[1]).stream().map(it -> new TopicPartition(args[1], it.partition())).collect(Collectors.toList());
      consumer.assign(all);
      consumer.seekToBeginning(all);
      var ends = consumer.endOffsets(all);
      while (all.stream().anyMatch(it -> consumer.position(it) < ends.get(it))) {
        consumer.poll(Duration.ofMillis(200)).forEach(Read::print);
      }
    }
  }

  private static void print(ConsumerRecord<byte[], byte[]> it) {
    String headers = java.util.stream.StreamSupport.stream(it.headers().spliterator(), false)
        .map(header -> quoted(header.key().getBytes(StandardCharsets.UTF_8)) + ":" + quoted(header.value()))
        .collect(Collectors.joining(","));
    String key = it.key() == null ? "null" : quoted(it.key());
    System.out.printf("{\"partition\":%d,\"key\":%s,\"headers\":{%s},\"value\":\"%s\"}%n", it.partition(), key, headers, Base64.getEncoder().encodeToString(it.value()));
  }

  /** Names and ids have neither quotes nor line ends; what has is written so that it shows. */
  private static String quoted(byte[] text) {
    return '"' + new String(text, StandardCharsets.UTF_8).replaceAll("[\\\\\"\\p{Cntrl}]", "?") + '"';
  }
}
