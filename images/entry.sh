#!/bin/sh
# Started as root, what is started here becomes `agent`, and may never become more again. Started as anyone else, as
# Caisson does, it stays that.
set -eu
[ "$(id -u)" = 0 ] || exec "$@"
export HOME=/home/agent USER=agent LOGNAME=agent
exec setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
