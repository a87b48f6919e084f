#!/bin/sh
# Kustomize from Go's registry, into the folder given.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/kustomize" sigs.k8s.io/kustomize/kustomize/v5
