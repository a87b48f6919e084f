#!/bin/sh
# A build from the registry has no version stamped into it: the module's is what was built.
"$1" --version 2>&1 | sed -n 's/^tempo, version \([^ (]\{1,\}\).*/\1/p' | grep . ||
  sed -n 's#^.*github.com/grafana/tempo \(v[^ ]*\).*#\1#p' go.mod
