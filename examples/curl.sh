#!/bin/sh
# Classify one photo with curl: examples/curl.sh PHOTO [SERVICE]
set -eu
photo=$1
service=${2:-http://localhost:8000}
# curl wants quotes and backslashes of a name escaped, and a name with a comma or a semicolon in quotes.
name=$(printf '%s' "$photo" | sed 's/[\\"]/\\&/g')
# Where a proxy leads elsewhere, to https for instance, curl alone would print its page and end with success.
curl --silent --show-error --fail-with-body --location --max-redirs 0 \
  --form "image=@\"$name\"" "$service/v1/classify"
