#!/bin/sh
# The engine's own version.
"$1" --version
