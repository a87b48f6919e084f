#!/bin/sh
# Kafka's broker from Maven Central, a reader by its own client, and a script that starts each, into the folder given. Java 17 or newer.
set -eu
mvn -B -q dependency:copy-dependencies -DoutputDirectory="$1/lib"
javac -cp "$1/lib/*" -d "$1/classes" Read.java
cat > "$1/kafka" << END
#!/bin/sh
# format ARGUMENTS | read HOST:PORT TOPIC | SERVER.PROPERTIES
run() { exec java -Xmx256m -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp '$1/lib/*:$1/classes' "\$@"; }
case "\$1" in
format) run kafka.tools.StorageTool "\$@" ;;
read) shift; run Read "\$@" ;;
*) run kafka.Kafka "\$@" ;;
esac
END
chmod +x "$1/kafka"
