#!/usr/bin/env bash
# Runs inside a Debian whose process 1 is systemd: the package as docs/operations.md tells to use it. The hardened units
# hold it, the socket keeps the port while the service is away, the watchdog ends what hangs, an upgrade closes nothing.
#   booted.sh PACKAGE.deb NEWER.deb
set -eu
package=$1 newer=$2
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
system=$(systemctl is-system-running --wait || true)
[ "$system" = running ] || { systemctl --failed --no-pager >&2; echo "check-deb: under systemd: the system is $system before anything is installed" >&2; exit 1; }
work=$(mktemp -d)

fail() { echo "check-deb: under systemd: $*" >&2; journalctl --no-pager --output=cat --unit=notifier.service --unit=notifier.socket --unit=collector.service | tail -n 20 >&2; exit 1; }
active() { for unit; do [ "$(systemctl is-active "$unit")" = active ] || fail "$unit is $(systemctl is-active "$unit")"; done; }
main() { systemctl show --property=MainPID --value "$1"; }
said() { journalctl --no-pager --output=cat --unit="$1" >"$work/said" && grep -q -- "$2" "$work/said"; }
within() { # seconds, command...
    local end=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || return 1
        sleep 0.1
    done
}
install() { apt-get install -y -qq "$1" >"$work/install.log" 2>&1 || { tail -n 20 "$work/install.log" >&2; fail "$1 does not install"; }; }
inside_of() { cat "/proc/$(main "$1")/status"; }
confined() { # unit, what it may write
    local status
    status=$(inside_of "$1")
    for line in "CapPrm:	0000000000000000" "CapBnd:	0000000000000000" "NoNewPrivs:	1" "Seccomp:	2"; do
        grep -q "^$line" <<<"$status" || fail "$1 runs without $line: $(grep "^${line%%:*}" <<<"$status")"
    done
    [ "$(awk '/^Uid:/ { print $2 }' <<<"$status")" = "$(id -u notifier)" ] || fail "$1 runs as another than notifier"
    for place in /etc /usr/bin /var /home; do
        ! nsenter --target "$(main "$1")" --mount -- touch "$place/written" 2>/dev/null || fail "$1 may write below $place"
    done
    nsenter --target "$(main "$1")" --mount -- sh -c "touch $2/written && rm $2/written" || fail "$1 may not write below $2"
}

# --- installed and started, and it tells
install "$package"
active notifier.socket notifier.service
[ "$(systemctl is-active collector.service || true)" = inactive ] || fail "the collector runs without settings"
notifier send --title FirstAlert --severity critical >/dev/null || fail "the alert is not taken"
within 10 said notifier.service "CRITICAL FirstAlert" || fail "the alert is not told"
confined notifier.service /var/lib/notifier

# --- a secret by LoadCredential; the mail worker starts from within the confinement
mkdir -p /etc/systemd/system/notifier.service.d
printf '[Service]\nLoadCredential=token:/etc/notifier/token\n' >/etc/systemd/system/notifier.service.d/credential.conf
(umask 077 && echo a-token-of-many-letters >/etc/notifier/token)
echo "HOOK_URL=http://127.0.0.1:1/" >>/etc/notifier/environment
sed -i -e "s|^route:|  - {name: hook, type: webhook, url: \"\${HOOK_URL}\", bearer_token_file: \"\${CREDENTIALS_DIRECTORY}/token\"}\n  - {name: email, type: smtp, host: 127.0.0.1, port: 1, starttls: off, from: a@example.org, to: [b@example.org]}\nroute:|" /etc/notifier/notifier.yaml
systemctl daemon-reload
systemctl restart notifier.service || fail "it does not start with a credential"
notifier check-config /etc/notifier/notifier.yaml >"$work/check" 2>&1 || fail "check-config in a shell does not see what the service sees: $(cat "$work/check")"
for channel in hook email; do
    notifier test --channel "$channel" >/dev/null 2>&1 &
    within 10 said notifier.service "channel=$channel .*\(onnection refused\|onnect to server\)" || fail "$channel was not tried"
    kill %% && wait %% 2>/dev/null || true
done

# --- reload: a wrong file changes nothing, a right one is taken
cp /etc/notifier/notifier.yaml "$work/right.yaml"
echo 'nonsense: [' >>/etc/notifier/notifier.yaml
systemctl reload notifier.service
within 5 said notifier.service "event=reload_failed" || fail "a wrong file is reloaded without a word"
cp "$work/right.yaml" /etc/notifier/notifier.yaml
systemctl reload notifier.service
within 5 said notifier.service "event=reloaded" || fail "a right file is not reloaded"
active notifier.service

# --- the socket: who posts while the service is away waits, and is answered; many restarts do not close it
systemctl stop notifier.service 2>/dev/null
notifier send --title WhileAway >/dev/null || fail "an alert is refused while the service is away"
active notifier.service
for _ in 1 2 3 4 5 6 7; do
    systemctl restart notifier.service || fail "the seventh restart within ten seconds is refused, and the socket goes with it"
done
active notifier.socket notifier.service

# --- backup and restore, as the page says it
notifier backup /var/lib/notifier/copy.db >/dev/null || fail "no backup"
notifier send --title AfterTheCopy >/dev/null
systemctl stop notifier.socket notifier.service
notifier restore /var/lib/notifier/copy.db >/dev/null || fail "no restore"
[ "$(systemctl is-active notifier.service || true)" = inactive ] || fail "something has started it during the restore"
systemctl start notifier.socket notifier.service
notifier history --output csv >"$work/history"
grep -q WhileAway "$work/history" || fail "the copy has not what was before it"
! grep -q AfterTheCopy "$work/history" || fail "the copy has what was after it"

# --- the watchdog ends a daemon that hangs, and systemd starts another
printf '[Service]\nWatchdogSec=1s\nRestartSec=0\n' >/etc/systemd/system/notifier.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart notifier.service
hung=$(main notifier.service)
kill -STOP "$hung"
within 15 said notifier.service "Watchdog timeout" || fail "a daemon that hangs goes unnoticed"
within 10 systemctl --quiet is-active notifier.service
[ "$(main notifier.service)" != "$hung" ] || fail "the hung daemon is still there"
rm /etc/systemd/system/notifier.service.d/watchdog.conf
systemctl daemon-reload

# --- the collector, once it is wanted; no QuestDB is needed for it to keep rows
systemctl enable --now --quiet collector.service || fail "the collector does not start"
confined collector.service /var/lib/collector
collector spool status >/dev/null || fail "collector spool status"

# --- an upgrade: both run anew, the socket was never closed
opened=$(systemctl show --property=ActiveEnterTimestampMonotonic --value notifier.socket)
before="$(main notifier.service) $(main collector.service)"
apt-get install -y -qq -o Dpkg::Options::=--force-confold "$newer" >"$work/upgrade.log" 2>&1 || { tail "$work/upgrade.log" >&2; fail "it does not upgrade"; }
active notifier.socket notifier.service collector.service
[ "$(systemctl show --property=ActiveEnterTimestampMonotonic --value notifier.socket)" = "$opened" ] || fail "the upgrade has closed the socket"
for number in $before; do
    [ ! -e "/proc/$number" ] || fail "the upgrade leaves the old program running"
done
notifier history --output csv | grep -q WhileAway || fail "the upgrade has lost the history"

# --- removed: nothing runs; purged: nothing is left
apt-get remove -y -qq notifier >/dev/null 2>&1 || fail "it does not go"
for unit in notifier.socket notifier.service collector.service; do
    ! systemctl --quiet is-active "$unit" || fail "$unit runs on"
done
! pgrep -u notifier >/dev/null || fail "a process of notifier's stays"
apt-get purge -y -qq notifier >/dev/null 2>&1 || fail "it cannot be purged"
[ ! -e /etc/notifier ] && [ ! -e /var/lib/notifier ] && [ ! -e /var/lib/collector ] || fail "a purge leaves settings or state"
[ "$(systemctl --failed --no-legend | wc -l)" = 0 ] || fail "failed: $(systemctl --failed --no-legend)"
echo "check-deb: under systemd: started, confined, reloaded, restored, watched, upgraded and purged"
