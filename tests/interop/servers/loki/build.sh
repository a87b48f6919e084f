#!/bin/sh
# Loki and lokitool from Go's registry, into the folder given. The module repeats the replace lines of Loki's own.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/" github.com/grafana/loki/v3/cmd/loki github.com/grafana/loki/v3/cmd/lokitool
