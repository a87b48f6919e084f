#!/bin/sh
# A build from the registry has no version stamped into it: the module's is what was built.
"$1" --version 2>&1 | sed -n 's/^postgres_exporter, version \([^ (]\{1,\}\).*/\1/p' | grep . ||
  sed -n 's#^.*github.com/prometheus-community/postgres_exporter \(v[^ ]*\).*#\1#p' go.mod
