import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** One node of OpenSearch, told by `-Ekey=value` as the real program is. What only plugins bring (security, ISM) is not in it. */
public class Main {
    private static final class Bare extends Node {
        Bare(Settings settings) {
            super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "node"), List.of(Netty4Plugin.class), false);
        }
    }

    public static void main(String[] args) throws Exception {
        Settings.Builder settings = Settings.builder().put("transport.type", "netty4").put("http.type", "netty4");
        for (String arg : args) {
            String[] pair = arg.replaceFirst("^-E", "").split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        Path home = Path.of(settings.get("path.data")).toAbsolutePath().getParent();
        Files.createDirectories(home.resolve("config"));
        new Bare(settings.put("path.home", home.toString()).build()).start();
        Thread.currentThread().join();
    }
}
