#!/usr/bin/python3
"""Both images built by their Dockerfiles and run as docker-compose.yml says, without a Docker daemon: buildah builds
them, runc runs them. As root. FROM's Debian is made by debootstrap, as no image registry may be within reach.

    check.py [--root DIR]       DIR: what debootstrap made before, instead of making it
"""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml
from container import Container, run

TREE = pathlib.Path(__file__).resolve().parents[2]
STACK = yaml.safe_load((TREE / "compose/docker-compose.yml").read_text(encoding="utf-8"))["services"]
PROGRAMS = {"notifier": 8686, "collector": 8080}  # and the port each listens on
BUILD_SECONDS, BASE_SECONDS = 900, 600
SIZE_MAX = 40 * 2**20  # bytes above Debian itself
CLONE_NEWNET = 0x40000000


def say(words):
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def expect(condition, words):
    if not condition:
        raise SystemExit(f"check-images: {words}")


def image_name(program):
    return f"localhost/{STACK[program]['image']}"


class Store:
    """buildah with images of its own, which go with the check."""

    def __init__(self, work):
        self.options = ["--root", work / "store", "--runroot", work / "run"]
        self.work = work

    def do(self, *words, timeout=60):
        environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(self.work)}
        return run("buildah", *self.options, *words, timeout=timeout, env=environment).stdout.strip()

    def base(self, name, made):
        root = made
        if not root:
            root = self.work / "debian"
            run("debootstrap", "--variant=minbase", "bookworm", root, os.environ.get("DEB_MIRROR", "http://deb.debian.org/debian"), timeout=BASE_SECONDS)
            for settings in pathlib.Path("/etc/apt/apt.conf.d").glob("*proxy*"):
                shutil.copy(settings, root / "etc/apt/apt.conf.d")
        one = self.do("from", "scratch")
        self.do("copy", "--quiet", one, root, "/", timeout=300)
        self.do("config", "--cmd", "bash", one)
        self.do("commit", "--quiet", one, f"docker.io/library/{name}", timeout=300)
        self.do("rm", one)
        return du(root)

    def build(self, program):
        self.do("build", "--pull-never", "--layers=false", "--format", "docker", "--file", TREE / f"compose/{program}.Dockerfile",
                "--tag", image_name(program), TREE, timeout=BUILD_SECONDS)
        return json.loads(self.do("inspect", "--type", "image", image_name(program)))["Docker"]["config"]

    def mount(self, program):
        return pathlib.Path(self.do("mount", self.do("from", "--pull-never", image_name(program), timeout=300)))


def du(root):
    return int(run("du", "-sbx", "--exclude=var/cache", "--exclude=var/lib/apt", root).stdout.split()[0])


def check_image(program, port, image, root, base_bytes):
    """What an image says of itself is what Compose relies on, and what it holds is what it needs."""
    service = STACK[program]
    expect(image["User"] == service["user"], f"{program}: USER {image['User']}, but Compose says {service['user']}")
    expect(list(image["ExposedPorts"]) == [f"{port}/tcp"], f"{program}: EXPOSE {image['ExposedPorts']}")
    expect(list(image["Volumes"]) == [f"/var/lib/{program}"], f"{program}: VOLUME {image['Volumes']}")
    check = [word.replace("$$", "$") for word in service["healthcheck"]["test"]]
    expect(image["Healthcheck"]["Test"] == check, f"{program}: HEALTHCHECK {image['Healthcheck']}")
    expect(image["Entrypoint"] == [program] and image["StopSignal"] == "SIGTERM", f"{program}: {image}")
    state = (root / "var/lib" / program).stat()
    owner = f"{state.st_uid}:{state.st_gid} {state.st_mode & 0o777:o}"
    expect(owner == f"{image['User']} 750", f"{program}: its state's folder is {owner}")
    for unwanted in ("usr/bin/gcc", "usr/bin/make", "src", "usr/include/curl"):
        expect(not (root / unwanted).exists(), f"{program}: /{unwanted} is in the image")
    libraries = run("chroot", root, "ldd", f"/usr/local/bin/{program}").stdout
    expect("not found" not in libraries, f"{program}: {libraries}")
    more = du(root) - base_bytes
    expect(more < SIZE_MAX, f"{program}: {more >> 20} MiB above Debian's, more than {SIZE_MAX >> 20}")
    say(f"{program}: user {image['User']}, {du(root) >> 20} MiB, {more >> 20} of them above Debian's")


def ask(url, token=None, body=None, kind="application/json"):
    headers = {"Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def stack(work):
    """compose/ as a user has it after setup.sh, and names for the services."""
    folder = work / "compose"
    shutil.copytree(TREE / "compose", folder, ignore=shutil.ignore_patterns("secrets", "config", ".env"))
    run("sh", folder / "setup.sh", cwd=folder)
    (work / "hosts").write_text("127.0.0.1 localhost " + " ".join(STACK) + "\n", encoding="utf-8")
    return folder


def confined(one):
    """What the kernel says of the program: its user, no capability, a root it cannot write."""
    pid = json.loads(run("runc", "state", one.id).stdout)["pid"]
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    user = one.image["User"].split(":")[0]
    expect(status["Uid"].split() == [user] * 4 and status["Gid"].split() == [user] * 4, f"{one.name} runs as {status['Uid']}")
    expect(all(int(status[f"Cap{name}"], 16) == 0 for name in ("Prm", "Eff", "Bnd", "Inh", "Amb")), f"{one.name} has capabilities")
    expect(status["NoNewPrivs"] == "1", f"{one.name} may gain privileges")
    for place, may in (("/", False), ("/usr/local/bin", False), ("/etc", False), ("/tmp", True), (f"/var/lib/{one.name}", True)):
        done = one.exec("sh", "-c", f"touch {place}/written && rm {place}/written")
        expect((done.returncode == 0) == may, f"{one.name}: writing below {place}: {done.returncode}, {done.stderr}")
    return pid


def webhook(name):
    return json.dumps({"receiver": "notifier", "status": "firing", "orgId": 1, "groupKey": "{}", "groupLabels": {}, "commonLabels": {},
                       "commonAnnotations": {}, "externalURL": "http://localhost:3000/", "version": "1", "title": name, "state": "alerting",
                       "truncatedAlerts": 0, "message": "", "alerts": [{
                           "status": "firing", "labels": {"alertname": name, "severity": "critical", "stack": "nautilus"},
                           "annotations": {"summary": f"{name} is told"}, "startsAt": "2026-03-14T09:20:53Z", "endsAt": "0001-01-01T00:00:00Z",
                           "fingerprint": "00000000000000aa", "values": {"B": 1}}]}).encode()


def try_notifier(one):
    """An alert goes in by the door Grafana uses and comes out at the console; a restart remembers it."""
    secrets = one.stack / "secrets"
    url, token = f"http://127.0.0.1:{PROGRAMS['notifier']}", (secrets / "notifier_source_token").read_text(encoding="utf-8")
    one.start().wait(one.healthy, "healthy")
    confined(one)
    expect(ask(f"{url}/api/v1/webhook/grafana", None, webhook("X"))[0] == 401, "notifier takes alerts without a token")
    status, text = ask(f"{url}/api/v1/webhook/grafana", token, webhook("ImageCheck"))
    expect(status == 200, f"notifier answers {status}: {text}")
    one.wait(lambda: "ImageCheck is told" in one.text(), "told on the console")
    # The words of compose/notifier.sh.
    command = re.search(r"(sh -c '.*' notifier) \"\$@\"$", (TREE / "compose/notifier.sh").read_text(encoding="utf-8"), re.M).group(1)
    script = re.search(r"'(.*)'", command).group(1)

    def deliveries():
        return one.exec("sh", "-c", script, "notifier", "deliveries", "list")
    doctor = one.exec("notifier", "doctor")
    expect(doctor.returncode == 0 and "PROBLEM" not in doctor.stdout, f"notifier.sh doctor: {doctor.stdout}{doctor.stderr}")
    listed = deliveries()
    expect(listed.returncode == 0 and "console" in listed.stdout, f"notifier.sh deliveries list: {listed.stdout}{listed.stderr}")
    expect(one.stop() == 0, "notifier does not end cleanly")
    one.start().wait(one.healthy, "healthy again")
    expect(deliveries().stdout == listed.stdout, f"after a restart: {deliveries().stdout} instead of {listed.stdout}")


def try_collector(one):
    """Rows are taken while QuestDB is away, and are still there after a restart."""
    url, token = f"http://127.0.0.1:{PROGRAMS['collector']}", (one.stack / "secrets/collector_token").read_text(encoding="utf-8")
    one.start().wait(one.healthy, "healthy")
    confined(one)
    row = b"trading_metrics,strategy=s,symbol=x,venue=v pnl_realised=1.5\n"
    expect(ask(f"{url}/write", None, row, "text/plain")[0] == 401, "collector takes rows without a token")
    status, text = ask(f"{url}/write", token, row, "text/plain")
    expect(status == 204, f"collector answers {status}: {text}")

    def waiting():
        done = one.exec("collector", "spool", "status")
        expect(done.returncode == 0, f"collector spool status: {done.stdout}{done.stderr}")
        return int(re.search(r"(\d+) rows?", done.stdout).group(1))
    before = waiting()
    expect(before >= 1, "nothing waits for QuestDB")
    status, text = ask(f"{url}/metrics", token)
    expect(status == 200 and "collector_rows_received_total" in text, f"/metrics answers {status}: {text[:500]}")
    expect(one.stop() == 0, "collector does not end cleanly")
    one.start().wait(one.healthy, "healthy again")
    expect(waiting() >= before, "a restart loses rows")


def check(work, made):
    base_names = {name for program in PROGRAMS for name in re.findall(
        r"^FROM (\S+)", (TREE / f"compose/{program}.Dockerfile").read_text(encoding="utf-8"), re.M)}
    expect(len(base_names) == 1, f"one Debian for all, not {base_names}")
    store = Store(work)
    base_bytes = store.base(base_names.pop(), made)
    say("Debian is there")
    images, roots = {}, {}
    for program in PROGRAMS:
        images[program] = store.build(program)
        roots[program] = store.mount(program)
        say(f"{program}: built")
        check_image(program, PROGRAMS[program], images[program], roots[program], base_bytes)
    # From here on in a network of its own, so that no port of this machine is taken.
    expect(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0, "no network of its own")
    run("ip", "link", "set", "lo", "up")
    folder = stack(work)
    running = []
    try:
        for program, attempt in (("collector", try_collector), ("notifier", try_notifier)):
            running.append(Container(program, STACK[program], images[program], roots[program], folder, work))
            attempt(running[-1])
            say(f"{program}: runs confined, is healthy, ends cleanly and remembers")
        for one in running:
            one.stop()
    finally:
        for one in running:
            one.finish()


def clear(work):
    """Nothing stays: what was mounted below, innermost first, then the files."""
    mounted = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    for place in reversed([one for one in mounted if one.startswith(f"{work}/")]):
        subprocess.run(["umount", "-l", place], check=False)
    subprocess.run(["rm", "-rf", "--one-file-system", str(work)], check=False)


def main(*arguments):
    made = pathlib.Path(arguments[1]) if arguments[:1] == ("--root",) else None
    for tool, package in (("buildah", "buildah"), ("runc", "runc"), ("debootstrap", "debootstrap"), ("ip", "iproute2")):
        expect(shutil.which(tool), f"{tool} is missing: apt-get install {package}")
    expect(os.geteuid() == 0, "images are built and containers made as root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("check-images: out of time"))
    work = pathlib.Path(tempfile.mkdtemp(prefix="notifier-images.", dir="/var/tmp"))
    try:
        check(work, made)
    finally:
        clear(work)
    say("check-images: all passed")


if __name__ == "__main__":
    main(*sys.argv[1:])
