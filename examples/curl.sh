#!/bin/sh
# Classify one photo with curl: examples/curl.sh PHOTO [SERVICE]
set -eu
photo=$1
service=${2:-http://localhost:8000}
curl --silent --show-error --fail-with-body --form "image=@\"$photo\"" "$service/v1/classify"
