#!/bin/sh
# Classify one photo with curl: examples/curl.sh PHOTO [SERVICE]
set -eu
photo=$1
service=${2:-http://localhost:8000}
# curl wants quotes and backslashes of a name escaped, and a name with a comma or a semicolon in quotes.
name=$(printf '%s' "$photo" | sed 's/[\\"]/\\&/g')
curl --silent --show-error --fail-with-body --form "image=@\"$name\"" "$service/v1/classify"
