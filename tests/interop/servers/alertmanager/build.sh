#!/bin/sh
# Alertmanager and amtool from Go's registry, into the folder given. 0.28.1: later modules lack the files of the web page, and do not build.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/" github.com/prometheus/alertmanager/cmd/alertmanager github.com/prometheus/alertmanager/cmd/amtool
