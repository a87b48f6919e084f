#!/bin/sh
"$1" --version | grep -o '[0-9][0-9.]*' | head -n 1
