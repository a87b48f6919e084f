#!/bin/sh
# OpenSearch's libraries from Maven Central, a main class for them, and a script that runs it, into the folder given. Java 17 or newer.
set -eu
mvn -B -q dependency:copy-dependencies -DoutputDirectory="$1/lib"
javac -cp "$1/lib/*" -d "$1/classes" Main.java
cat > "$1/opensearch" << END
#!/bin/sh
exec java -Xmx400m -XX:TieredStopAtLevel=1 -cp '$1/lib/*:$1/classes' Main "\$@"
END
chmod +x "$1/opensearch"
