#!/bin/sh
# versitygw, an S3 server over a folder, from Go's registry, into the folder given.
set -eu
GOFLAGS=-mod=readonly go build -o "$1/" github.com/versity/versitygw/cmd/versitygw
