#!/bin/sh
# k6 from Go's registry, into the folder given.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/" go.k6.io/k6
