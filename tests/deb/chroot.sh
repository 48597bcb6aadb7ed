#!/usr/bin/env bash
# The package on a clean Debian 12: installed, run, upgraded, removed, purged; then once more under that Debian's own systemd
# (booted.sh). As root; the root file system is made by debootstrap, from the mirror that this machine uses.
#   tests/deb/chroot.sh PACKAGE.deb [ROOT]      ROOT: one that debootstrap made before, copied; else one is made
set -eu
package=$(realpath "$1")
made=${2:-}

for tool in debootstrap chroot mount dpkg-deb; do
    command -v "$tool" >/dev/null || { echo "check-deb: $tool is missing: apt-get install debootstrap" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "check-deb: a root file system is made and entered as root" >&2; exit 1; }

work=$(mktemp -d /tmp/notifier-deb.XXXXXX)
root=$work/root
system='' cgroup=''
finish() {
    [ -z "$system" ] || kill -KILL "$system" 2>/dev/null || true
    if [ -d "$cgroup" ]; then # empty as soon as what was killed is gone
        for _ in $(seq 50); do
            find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && break
            sleep 0.1
        done
    fi
    for place in proc dev/pts dev sys; do
        mountpoint -q "$root/$place" && umount -l "$root/$place"
    done
    rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

if [ -n "$made" ]; then
    cp -a "$made" "$root"
else
    debootstrap --variant=minbase bookworm "$root" "${DEB_MIRROR:-http://deb.debian.org/debian}" >"$work/debootstrap.log" 2>&1 ||
        { tail -5 "$work/debootstrap.log" >&2; exit 1; }
fi
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
for settings in /etc/apt/apt.conf.d/*proxy*; do
    [ ! -e "$settings" ] || cp "$settings" "$root/etc/apt/apt.conf.d/"
done

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
fail() { echo "check-deb: $*" >&2; exit 1; }
expect() { # what, wanted, got
    [ "$2" = "$3" ] || fail "$1: expected \"$2\", got \"$3\""
}
mode() { inside stat -c '%U:%G %a' "$1"; }

inside apt-get update -qq
cp "$package" "$root/tmp/notifier.deb"
inside apt-get install -y -qq --no-install-recommends /tmp/notifier.deb >"$work/install.log" 2>&1 || { tail -20 "$work/install.log" >&2; fail "it does not install"; }
collector=$(test -x "$root/usr/bin/collector" && echo yes || echo no)

# --- installed
inside notifier version | grep -q '^notifier [0-9]' || fail "notifier does not run"
[ "$collector" = no ] || inside collector version | grep -q '^collector [0-9]' || fail "collector does not run"
inside getent passwd notifier | grep -q ':/var/lib/notifier:.*nologin' || fail "the account is $(inside getent passwd notifier)"
expect "state" "notifier:notifier 750" "$(mode /var/lib/notifier)"
expect "settings' folder" "root:notifier 750" "$(mode /etc/notifier)"
for file in notifier.yaml environment; do
    expect "$file" "root:notifier 640" "$(mode "/etc/notifier/$file")"
done
inside notifier check-config /etc/notifier/notifier.yaml >/dev/null || fail "the settings that come along are wrong"
[ "$collector" = no ] || inside collector check-config /etc/notifier/collector.yaml >/dev/null || fail "the collector's settings are wrong"
for unit in sockets.target.wants/notifier.socket multi-user.target.wants/notifier.service; do
    [ -L "$root/etc/systemd/system/$unit" ] || fail "$unit is not enabled"
done
[ ! -L "$root/etc/systemd/system/multi-user.target.wants/collector.service" ] || fail "the collector is enabled without settings"
grep -q '^ExecStart=/usr/bin/notifier serve' "$root/usr/lib/systemd/system/notifier.service" || fail "the unit names another program"

# --- the units are ones that systemd understands, and keep the daemons in (no systemd runs in here)
inside apt-get install -y -qq --no-install-recommends systemd >"$work/systemd.log" 2>&1 || { tail -5 "$work/systemd.log" >&2; fail "systemd does not install"; }
units="notifier.service notifier.socket"
[ "$collector" = no ] || units="$units collector.service"
for unit in $units; do
    said=$(inside systemd-analyze verify --man=no --recursive-errors=no "/usr/lib/systemd/system/$unit" 2>&1) || fail "$unit: $said"
    [ -z "$said" ] || fail "$unit: $said"
    case $unit in *.socket) continue ;; esac
    inside systemd-analyze security --no-pager --offline=true --threshold=25 "/usr/lib/systemd/system/$unit" >"$work/security.log" 2>&1 ||
        fail "$unit lets the daemon do more than it needs: $(tail -n 2 "$work/security.log")"
done

# --- runs as its account, and keeps what it is told
run() { inside setpriv --reuid=notifier --regid=notifier --init-groups "$@"; }
life() { # what to send; prints its log
    run notifier serve --config /etc/notifier/notifier.yaml --listen 127.0.0.1:0 >"$work/out" 2>"$work/err" &
    for _ in $(seq 100); do
        url=$(sed -n 's/^notifier listening on //p' "$work/out")
        [ -z "$url" ] || break
        sleep 0.1
    done
    [ -n "$url" ] || fail "it does not start: $(cat "$work/err")"
    [ -z "$1" ] || inside env NOTIFIER_URL="$url" notifier send --title "$1" >/dev/null
    known=$(inside env NOTIFIER_URL="$url" notifier history --output json)
    kill -TERM "$(head -n 1 "$root/var/lib/notifier/notifier.db.lock")"
    wait %% || fail "it did not end well: $(cat "$work/err")"
}
life FirstAlert
case $known in *FirstAlert*) ;; *) fail "the alert is not in the history: $known" ;; esac
expect "database" "notifier:notifier 600" "$(mode /var/lib/notifier/notifier.db)"

# --- upgraded: settings that were changed stay, and so does the database
echo '# changed by the administrator' >>"$root/etc/notifier/notifier.yaml"
chmod 600 "$root/etc/notifier/environment"
dpkg-deb -R "$package" "$work/newer"
sed -i 's/^Version: .*/&+newer/' "$work/newer/DEBIAN/control"
echo '# a new remark' >>"$work/newer/etc/notifier/notifier.yaml"
dpkg-deb --root-owner-group --build "$work/newer" "$root/tmp/newer.deb" >/dev/null
inside dpkg --force-confold -i /tmp/newer.deb >"$work/upgrade.log" 2>&1 || { cat "$work/upgrade.log" >&2; fail "it does not upgrade"; }
grep -q 'changed by the administrator' "$root/etc/notifier/notifier.yaml" || fail "the upgrade has taken the settings away"
expect "a mode that was changed" "root:notifier 600" "$(mode /etc/notifier/environment)"
life ""
case $known in *FirstAlert*) ;; *) fail "the upgrade has lost the history" ;; esac

# --- removed, and installed again: as it was
inside dpkg -r notifier >/dev/null 2>&1 || fail "it does not go"
[ -e "$root/etc/notifier/notifier.yaml" ] && [ -e "$root/var/lib/notifier/notifier.db" ] || fail "a removal has taken settings or state"
[ ! -e "$root/usr/bin/notifier" ] || fail "the program is still there"
inside dpkg --force-confold -i /tmp/notifier.deb >"$work/again.log" 2>&1 || fail "it does not come back"
[ -L "$root/etc/systemd/system/sockets.target.wants/notifier.socket" ] || fail "the socket is not enabled again"
life ""
case $known in *FirstAlert*) ;; *) fail "the removal has lost the history" ;; esac

# --- purged: nothing is left
inside dpkg -P notifier >"$work/purge.log" 2>&1 || { cat "$work/purge.log" >&2; fail "it cannot be purged"; }
left=$(find "$root" -xdev \( -name '*notifier*' -o -name 'collector*' \) ! -path "$root/tmp/*" ! -path "$root/proc/*" ! -path "$root/dev/*" ! -path "$root/sys/*" ! -path "$root/usr/share/*" ! -path "$root/usr/lib/python*" -printf '%P ')
[ -z "$left" ] || fail "a purge leaves $left"
for list in passwd group; do
    ! inside getent "$list" notifier >/dev/null || fail "a purge leaves the account in $list"
done

# --- the same under systemd: the units as they are, and what docs/operations.md tells to type
unified=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || fail "no cgroup2 is mounted here, and systemd needs one"
umount -l "$root/proc" "$root/dev"
rm -rf "$root/var/log/journal"
cp "$package" "$root/root/notifier.deb"
cp "$root/tmp/newer.deb" "$root/root/newer.deb"
cp "$(dirname "$0")/booted.sh" "$root/root/booted.sh"
cgroup=$unified/check-deb-$$
system=$("$(dirname "$0")/boot.sh" "$root" "$cgroup") || fail "systemd does not boot"
nsenter --target "$system" --mount --pid --cgroup --ipc --uts --net \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin /root/booted.sh /root/notifier.deb /root/newer.deb || exit 1
echo "check-deb: installed, run, upgraded, removed and purged on $(cat "$root/etc/debian_version") (collector: $collector)"
