#!/bin/sh
# PostgreSQL's exporter from Go's registry, into the folder given: Debian's is older than --collector.stat_statements.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/postgres-exporter" github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter
