#!/bin/sh
# Jaeger from Go's registry, all in one and in memory, into the folder given.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/" github.com/jaegertracing/jaeger/cmd/jaeger
