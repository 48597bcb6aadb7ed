#!/usr/bin/env bash
# Starts the systemd that ROOT holds, as process 1 of namespaces of its own: no network but its own loopback, none of this
# machine's processes, a cgroup of its own. As root. Prints the process's number here; to enter, and to end it:
#   nsenter --target NUMBER --mount --pid --cgroup --ipc --uts --net COMMAND...
#   kill -KILL NUMBER
#   tests/deb/boot.sh ROOT CGROUP      CGROUP: a folder below a cgroup2 mount; made here, whoever ends the system removes it
set -eu

if [ "${1:-}" = --inside ]; then
    root=$2
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ip link set lo up
    cd "$root"
    mkdir -p .old
    pivot_root . .old
    mount --make-rprivate /.old
    umount -l /.old
    # As every machine with systemd has it: credentials are mounted from a namespace aside and reach the services so.
    mount --make-rshared /
    exec env -i container=check-deb PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=journal --unit=multi-user.target
fi

root=$(realpath "$1")
cgroup=$2
for tool in unshare nsenter pivot_root ip pgrep; do
    command -v "$tool" >/dev/null || { echo "boot: $tool is missing: apt-get install util-linux iproute2 procps" >&2; exit 1; }
done
[ -x "$root/lib/systemd/systemd" ] || { echo "boot: $root has no systemd" >&2; exit 1; }
mkdir "$cgroup"
# In the new cgroup before the namespace begins, which then ends there.
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$cgroup" \
    unshare --mount --pid --cgroup --ipc --uts --net --fork --kill-child "$0" --inside "$root" </dev/null >"$root/boot.log" 2>&1 &
outer=$!
for _ in $(seq 100); do
    kill -0 "$outer" 2>/dev/null || break
    first=$(pgrep --parent "$outer" || true)
    if [ -n "$first" ] && [ "$(cat "/proc/$first/comm")" = systemd ] && [ -S "/proc/$first/root/run/systemd/private" ]; then
        echo "$first"
        exit 0
    fi
    sleep 0.1
done
cat "$root/boot.log" >&2
echo "boot: systemd does not come up" >&2
exit 1
