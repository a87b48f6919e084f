#!/bin/sh
"$1" --version | sed 's/.* version //'
