#!/bin/sh
# Helm from Go's registry, into the folder given.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/" helm.sh/helm/v3/cmd/helm
