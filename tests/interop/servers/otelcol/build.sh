#!/bin/sh
# The OpenTelemetry Collector with the receivers that are asked and the file exporter that keeps what came, from Go's registry, into the folder given.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/otelcol" .
