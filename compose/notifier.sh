#!/bin/sh
# notifier's commands, asked of the running stack: ./notifier.sh deliveries list --status dead
set -eu
cd "$(dirname "$0")"
[ -t 0 ] && [ -t 1 ] && tty= || tty=-T
# shellcheck disable=SC2016,SC2086 # the container's shell reads the secret; tty is one word or none
exec docker compose exec $tty notifier sh -c 'NOTIFIER_TOKEN="$(cat /run/secrets/notifier_token)" exec notifier "$@"' notifier "$@"
