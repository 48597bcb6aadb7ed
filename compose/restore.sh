#!/bin/sh
# Puts a copy that backup.sh made in the place of what is there. The stack stands still meanwhile.
#   ./restore.sh FOLDER --yes        --yes: what QuestDB holds now is deleted
# notifier's present database is kept beside the restored one.
set -eu
cd "$(dirname "$0")"

[ $# -eq 2 ] && [ "$2" = --yes ] || { echo "usage: restore.sh FOLDER --yes" >&2; exit 2; }
folder=$1
for file in questdb.tar.gz notifier.db secrets/questdb_password .env; do
    [ -s "$folder/$file" ] || { echo "restore: $folder/$file is missing or empty: this is no backup; nothing was touched" >&2; exit 1; }
done
gzip -t "$folder/questdb.tar.gz"

docker compose stop grafana collector notifier questdb
cp "$folder/.env" .env
[ -d secrets ] || mkdir -m 700 secrets
cp "$folder/secrets/"* secrets/
./setup.sh

# The file _restore tells QuestDB to go back to the checkpoint; it removes the file once it has.
docker compose run --rm -T --no-deps --entrypoint sh questdb -ec '
    cd /var/lib/questdb
    rm -rf db .checkpoint
    tar -xzf -
    touch _restore' <"$folder/questdb.tar.gz"
docker compose run --rm -T --no-deps --entrypoint sh notifier -ec '
    copy=/var/lib/notifier/restore.db
    cat >"$copy"
    notifier restore "$copy" --config /etc/notifier/notifier.yaml
    rm -f "$copy"' <"$folder/notifier.db"
docker compose up -d
echo "restore: done; docker compose ps shows when all is healthy"
