#!/bin/sh
# The script of the recipe runs a library of this version.
sed -n 's#.*<artifactId>kafka_2.13</artifactId><version>\([^<]*\).*#\1#p' pom.xml
