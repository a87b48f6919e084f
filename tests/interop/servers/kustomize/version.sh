#!/bin/sh
# A build from the registry has no version stamped into it: the module's is what was built.
sed -n 's#^.*sigs.k8s.io/kustomize/kustomize/v5 \(v[^ ]*\).*#\1#p' go.mod
