#!/bin/sh
"$1" version | sed -n 's/^k6\(\.exe\)* \(v[^ ]*\).*/\2/p'
