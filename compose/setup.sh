#!/bin/sh
# Makes what `docker compose up` needs from .env: passwords (once), secret files, config/notifier.yaml and
# config/collector.yaml. Run it again after a change in .env; passwords that exist are kept.
set -eu
cd "$(dirname "$0")"
umask 022

if [ ! -f .env ]; then
    cp .env.example .env
    echo "setup: .env made from .env.example; fill it in and run this again for channels other than the console"
fi

# The value of a variable in .env, without quotes around it.
value() {
    sed -n "s/^$1=//p" .env | tail -n 1 | sed -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/"
}
has() {
    for name; do [ -n "$(value "$name")" ] || return 1; done
}
# Between double quotes of YAML.
quoted() {
    printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

# The folder keeps others out. The files inside are readable to all, as each container reads them as a user of its own
# and Compose hands a file over with the mode and the owner it has here (it heeds no uid, gid or mode of `secrets`).
mkdir -p config/empty
[ -d secrets ] || mkdir -m 700 secrets
chmod 700 secrets
for name in questdb_password questdb_reader_password grafana_admin_password notifier_token notifier_source_token notifier_prometheus_token collector_token; do
    [ -s "secrets/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
done
for name in TELEGRAM_BOT_TOKEN DISCORD_WEBHOOK_URL SLACK_WEBHOOK_URL SMTP_PASSWORD ALERT_WEBHOOK_TOKEN; do
    value "$name" >"secrets/$(printf '%s' "$name" | tr '[:upper:]' '[:lower:]')"
done
chmod 644 secrets/*

# ---- channels: those that are complete, and who hears what
channels=console
add() { channels="$channels $1"; }
{
    cat <<'YAML'
# Written by setup.sh from .env. Every setting: docs/reference/configuration.md.
server: {listen: "0.0.0.0:8686", public_url: PUBLIC_URL}
auth:
  tokens:
    - {name: ops, token_file: /run/secrets/notifier_token, role: operator}
storage: {path: /var/lib/notifier/notifier.db}
time_zone: TIME_ZONE
sources:
  - {name: grafana, auth: {bearer_token_file: /run/secrets/notifier_source_token}}
  - {name: alertmanager, auth: {bearer_token_file: /run/secrets/notifier_prometheus_token}}     # Prometheus
severity: {label: severity, order: [critical, warning, info]}
channels:
  - {name: console, type: console}
YAML
} >config/notifier.yaml.new
if has TELEGRAM_BOT_TOKEN TELEGRAM_CHAT_ID; then
    add telegram
    echo "  - {name: telegram, type: telegram, bot_token_file: /run/secrets/telegram_bot_token, chat_id: $(quoted "$(value TELEGRAM_CHAT_ID)")}" >>config/notifier.yaml.new
fi
if has DISCORD_WEBHOOK_URL; then
    add discord
    echo "  - {name: discord, type: discord, webhook_url_file: /run/secrets/discord_webhook_url}" >>config/notifier.yaml.new
fi
if has SLACK_WEBHOOK_URL; then
    add slack
    echo "  - {name: slack, type: slack, webhook_url_file: /run/secrets/slack_webhook_url}" >>config/notifier.yaml.new
fi
if has SMTP_HOST SMTP_FROM SMTP_TO; then
    add email
    recipients=$(value SMTP_TO | tr ',' '\n' | sed -e 's/^ *//' -e 's/ *$//' | while read -r one; do [ -z "$one" ] || printf '%s, ' "$(quoted "$one")"; done)
    {
        printf '  - {name: email, type: smtp, host: %s, port: %s, starttls: required, from: %s, to: [%s]' \
            "$(quoted "$(value SMTP_HOST)")" "$(value SMTP_PORT)" "$(quoted "$(value SMTP_FROM)")" "${recipients%, }"
        ! has SMTP_USERNAME || printf ', username: %s, password_file: /run/secrets/smtp_password' "$(quoted "$(value SMTP_USERNAME)")"
        echo "}"
    } >>config/notifier.yaml.new
fi
if has ALERT_WEBHOOK_URL; then
    add hook
    {
        printf '  - {name: hook, type: webhook, url: %s' "$(quoted "$(value ALERT_WEBHOOK_URL)")"
        ! has ALERT_WEBHOOK_TOKEN || printf ', bearer_token_file: /run/secrets/alert_webhook_token'
        echo "}"
    } >>config/notifier.yaml.new
fi

# Those of the wanted channels that exist; where none does, all that do: nothing goes to the console alone by accident.
among() {
    found=
    for wanted; do
        for channel in $channels; do
            [ "$channel" = console ] || [ "$channel" != "$wanted" ] || found="$found, $channel"
        done
    done
    [ -n "$found" ] || for channel in $channels; do [ "$channel" = console ] || found="$found, $channel"; done
    printf '[console%s]' "$found"
}
cat >>config/notifier.yaml.new <<YAML
route:
  channels: $(among $channels)
  group_by: [alertname, grafana_folder]
  group_wait: 0s
  group_interval: 30s
  repeat_interval: 4h
  routes:
    # Spock's "balanced" routing.
    - matchers: ['stack="spock"', 'severity="critical"']
      channels: $(among email slack hook)
      repeat_interval: 30m
    - matchers: ['stack="spock"', 'severity="warning"']
      channels: $(among slack hook)
      repeat_interval: 2h
    - matchers: ['severity="info"']
      channels: [console]
    # Trading infrastructure, and this stack itself.
    - matchers: ['stack=~"nautilus|monitoring"', 'severity="critical"']
      channels: $(among telegram discord email)
      repeat_interval: 30m
    - matchers: ['stack=~"nautilus|monitoring"', 'severity="warning"']
      channels: $(among telegram discord)
      repeat_interval: 2h
inhibit_rules:
  # A third of the requests failing is also more than a twentieth: the critical alert says it all.
  - source_matchers: ['alertname="CriticalAPIErrorRate"']
    target_matchers: ['alertname="HighAPIErrorRate"']
    equal: [region, env]
metrics_push: {url: "http://collector:8080/write", every: 15s, bearer_token_file: /run/secrets/collector_token}
YAML
public_url=$(quoted "$(value NOTIFIER_PUBLIC_URL)")
time_zone=$(quoted "$(value TIME_ZONE)")
sed -e "s|PUBLIC_URL|$(printf '%s' "$public_url" | sed 's/[&|\\]/\\&/g')|" -e "s|TIME_ZONE|$(printf '%s' "$time_zone" | sed 's/[&|\\]/\\&/g')|" \
    config/notifier.yaml.new >config/notifier.yaml
rm config/notifier.yaml.new

# ---- what is watched
{
    cat <<'YAML'
# Written by setup.sh from .env.
questdb: {url: "http://questdb:9000", username: admin, password_file: /run/secrets/questdb_password}
spool: {path: /var/lib/collector/spool, max_size: 4GiB}
listen: "0.0.0.0:8080"
HOST
auth:
  tokens:
    - {name: push, token_file: /run/secrets/collector_token, role: operator}
sources:
  - {type: process, name: machine, proc: /host/proc, host: true, disks: [/var/lib/collector]}
YAML
    if has DAEMON_STATUS_URL; then
        url=$(quoted "$(value DAEMON_STATUS_URL)")
        echo "  - {type: daemon, name: daemonrunner, url: $url}"
        echo "  - {type: exchange, name: exchanges, url: $url}"
        echo "  - {type: pipeline, name: pipeline, url: $url}"
        echo "  - {type: trading, name: strategies}"
    fi
    ! has PARQUET_DIR || echo "  - {type: pipeline, name: parquet, every: 5m, storage: [/data/parquet]}"
    ! has SPOCK_DATA_DIR SPOCK_DATABASE || echo "  - {type: market, name: spock, path: $(quoted "/data/spock/$(value SPOCK_DATABASE)")}"
} | sed "s|^HOST\$|host: $(quoted "$(uname -n)")      # the tag of every row; inside a container the machine has no name|" >config/collector.yaml

echo "setup: channels: $channels"
echo "setup: Grafana's password for admin is in $(pwd)/secrets/grafana_admin_password"
echo "next: docker compose up -d"
