package shop;

import com.sun.management.OperatingSystemMXBean;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.metrics.Meter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.stereotype.Component;

/** What the process takes of the machine, by the names that OpenTelemetry has for it. */
@Component
class Process {
  private static final long PAGE = 4096;

  Process(OpenTelemetry telemetry) {
    Meter meter = telemetry.getMeter("farol-shop-spring");
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    meter.counterBuilder("process.cpu.time").ofDoubles().setUnit("s").buildWithCallback(it -> it.record(system.getProcessCpuTime() / 1e9));
    meter.upDownCounterBuilder("process.memory.usage").setUnit("By").buildWithCallback(it -> it.record(resident()));
  }

  /** Where there is no /proc, the heap alone. */
  private static long resident() {
    try {
      return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * PAGE;
    } catch (IOException error) {
      return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
    }
  }
}
