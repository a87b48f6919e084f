#!/bin/sh
# The script of the recipe runs a library; the real program knows its version.
grep -q ' Main ' "$1" && sed -n 's#.*<artifactId>opensearch</artifactId><version>\([^<]*\).*#\1#p' pom.xml || "$1" --version
