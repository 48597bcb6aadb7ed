#!/bin/sh
# Copies what the stack remembers, while it runs: QuestDB's tables, notifier's database, the passwords.
#   ./backup.sh FOLDER        makes FOLDER, which must not exist yet; restore.sh takes it
# Rows that arrive meanwhile are taken as always. Grafana needs no copy: everything in it comes from files.
set -eu
cd "$(dirname "$0")"
umask 077

[ $# -eq 1 ] || { echo "usage: backup.sh FOLDER" >&2; exit 2; }
folder=$1
port=$(sed -n 's/^QUESTDB_PORT=//p' .env)
mkdir "$folder"

# The password goes by standard input, so that no list of processes shows it.
sql() {
    printf 'user = "admin:%s"\n' "$(cat secrets/questdb_password)" |
        curl -fsS -K - -o /dev/null --get --data-urlencode "query=$1" "http://127.0.0.1:${port:-9000}/exec"
}

# From CREATE to RELEASE QuestDB leaves the files it has alone. RELEASE in any case: without it the disk fills.
sql "CHECKPOINT CREATE"
trap 'sql "CHECKPOINT RELEASE"' EXIT
docker compose exec -T questdb tar -C /var/lib/questdb -czf - db .checkpoint >"$folder/questdb.tar.gz"
trap - EXIT
sql "CHECKPOINT RELEASE"

docker compose exec -T notifier sh -ec '
    export NOTIFIER_TOKEN="$(cat /run/secrets/notifier_token)"
    copy=/var/lib/notifier/backup.db
    rm -f "$copy"
    notifier backup "$copy" >&2
    cat "$copy"
    rm "$copy"' >"$folder/notifier.db"
cp -R secrets .env "$folder/"
echo "backup: $(du -sh "$folder" | cut -f1) in $folder; it holds passwords"
