"""A service of docker-compose.yml as a container under runc, the runtime Docker itself uses: the image's file system
read-only, its user, no capabilities, its limits, its volumes and secrets where the Compose file puts them."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time

STOPPED_WITHIN = 20  # seconds; stop_grace_period of the services
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


def run(*command, timeout=60, check=True, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, **more)
    if check and done.returncode:
        raise SystemExit(f"check-images: {shlex.join(str(word) for word in command)}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


def expanded(text):
    """${NAME:-default} as Compose does without the variable."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text).replace("$$", "$")


def size_of(text):
    return int(text[:-1]) * UNITS[text[-1]]


class Container:
    """`service` of the Compose file over the file system `root` of its image; volumes live in `work`."""

    def __init__(self, name, service, image, root, stack, work):
        self.name, self.service, self.image, self.root = name, service, image, pathlib.Path(root)
        self.stack, self.work = stack, work
        self.bundle, self.process, self.runs = work / f"bundle-{name}", None, 0
        self.bundle.mkdir()

    def volume(self, source, target):
        """A named volume takes over what the image has in its place, owner and mode included, the first time."""
        place = self.work / "volumes" / source
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            inside = self.root / target.lstrip("/")
            run("cp", "-a", inside, place) if inside.exists() else place.mkdir()
        return place

    def mounts(self):
        found = []
        for text in self.service["volumes"]:
            source, target, *mode = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text).split(":")
            host = (self.stack / source).resolve() if source.startswith(".") else pathlib.Path(source) if source.startswith("/") else self.volume(source, target)
            found.append((host, target, "ro" if "ro" in mode else "rw"))
        found += [(self.stack / "secrets" / secret, f"/run/secrets/{secret}", "ro") for secret in self.service["secrets"]]
        found.append((self.work / "hosts", "/etc/hosts", "ro"))
        binds = [{"destination": target, "type": "bind", "source": str(host), "options": ["rbind", mode]} for host, target, mode in found]
        for text in self.service.get("tmpfs", []):
            target, options = text.split(":")
            binds.append({"destination": target, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", *options.split(",")]})
        return binds

    def write(self):
        """The bundle's config.json."""
        (self.bundle / "config.json").unlink(missing_ok=True)
        run("runc", "spec", cwd=self.bundle)
        spec = json.loads((self.bundle / "config.json").read_text(encoding="utf-8"))
        user, group = (int(one) for one in self.image["User"].split(":"))
        environment = [*self.image["Env"], *(f"{name}={expanded(value)}" for name, value in self.service.get("environment", {}).items())]
        assert self.service["cap_drop"] == ["ALL"] and "cap_add" not in self.service
        assert self.service["security_opt"] == ["no-new-privileges:true"]
        spec["root"] = {"path": str(self.root), "readonly": self.service["read_only"]}
        spec["hostname"] = self.service.get("hostname", self.name)
        spec["process"].update(
            terminal=False, args=[*self.image["Entrypoint"], *self.image["Cmd"]], env=environment, cwd=self.image["WorkingDir"] or "/",
            user={"uid": user, "gid": group}, noNewPrivileges=True, capabilities={})
        spec["mounts"] += self.mounts()
        spec["linux"]["namespaces"] = [one for one in spec["linux"]["namespaces"] if one["type"] != "network"]  # that of the check
        spec["linux"]["resources"] = {"memory": {"limit": size_of(self.service["mem_limit"])}, "pids": {"limit": self.service["pids_limit"]}}
        (self.bundle / "config.json").write_text(json.dumps(spec), encoding="utf-8")

    def start(self):
        self.runs += 1
        self.id = f"check-images-{os.getpid()}-{self.name}-{self.runs}"
        self.write()
        self.log = self.work / f"{self.name}-{self.runs}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["runc", "run", "--bundle", str(self.bundle), self.id], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def fail(self, words):
        raise SystemExit(f"check-images: {self.name}: {words}\n{self.text()[-3000:]}")

    def exec(self, *command, timeout=20):
        """As `docker compose exec` does it: the container's user, environment and limits."""
        return run("runc", "exec", self.id, *command, timeout=timeout, check=False)

    def healthy(self):
        words = self.image["Healthcheck"]["Test"]
        assert words[0] == "CMD", words
        return self.exec(*words[1:]).returncode == 0

    def wait(self, condition, what, seconds=40):
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                self.fail(f"ended with {self.process.returncode} before {what}")
            if time.monotonic() > end:
                self.fail(f"not {what} within {seconds} s")
            time.sleep(0.2)

    def stop(self):
        """SIGTERM; the exit code, which comes within the grace period."""
        run("runc", "kill", self.id, self.image["StopSignal"].removeprefix("SIG"))
        try:
            return self.process.wait(timeout=STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.fail(f"still runs {STOPPED_WITHIN} s after {self.image['StopSignal']}")

    def finish(self):
        if self.process and self.process.poll() is None:
            subprocess.run(["runc", "delete", "--force", self.id], capture_output=True, timeout=30)
            self.process.wait(timeout=30)
        shutil.rmtree(self.bundle, ignore_errors=True)
