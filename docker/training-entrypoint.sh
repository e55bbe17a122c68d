#!/bin/sh
# Works as whoever owns models/ on the host, so that runs and bundles belong to that person and not to root.
set -eu
[ "$(id -u)" = 0 ] || exec python -m training "$@"
owner=$(stat -c %u /app/models)
group=$(stat -c %g /app/models)
mkdir -p /runs/.features
chown "$owner:$group" /runs /runs/.features # Docker makes a missing folder as root
exec setpriv --reuid "$owner" --regid "$group" --clear-groups python -m training "$@"
