#!/bin/sh
# A build from the registry has no version stamped into it: the module's is what was built.
"$1" --version 2>/dev/null | sed -n 's/^Version *: *v*\([0-9][^ ]*\)$/\1/p' | grep . ||
  sed -n 's#^.*github.com/versity/versitygw v\([^ ]*\).*#\1#p' go.mod
