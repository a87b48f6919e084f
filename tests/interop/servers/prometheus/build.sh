#!/bin/sh
# Prometheus and promtool from Go's registry, into the folder given. The module repeats the replace lines of Prometheus' own.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/" github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool
