"""notifier doctor: who can really open a secret, judged by the folders on the way as well as by the file."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from daemon import config, console, hook


@pytest.fixture
def open_folder():
    """Everybody on this machine may look into it; pytest's own folders are closed."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="notifier-doctor.", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def mounted_alone(path, where):
    """As Docker puts a secret into a container."""
    assert os.geteuid() == 0 and shutil.which("mount"), "mounting wants root and the program mount: run the tests as root"
    where.touch()
    subprocess.run(["mount", "--bind", str(path), str(where)], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def said_of(make, secret):
    """What doctor says of the file, and its exit code."""
    d = make(config(console(), {"name": "hook", "type": "webhook", "url": "http://127.0.0.1:1/", "bearer_token_file": str(secret)}, route={"channels": ["console"]}))
    done = d.cli("doctor", "--config", str(d.path), url=False)
    return next(line for line in done.stdout.splitlines() if str(secret) in line), done.returncode


def secret_in(folder, mode=0o644):
    secret = folder / "token"
    secret.write_text("a-token-of-many-letters\n", encoding="utf-8")
    secret.chmod(mode)
    return secret


def test_a_secret_open_to_everybody_is_a_problem(make, open_folder):
    line, code = said_of(make, secret_in(open_folder))
    assert line.startswith("PROBLEM") and "mode 644" in line and "chmod 600" in line and code == 1
    line, code = said_of(make, secret_in(open_folder, 0o640))
    assert line.startswith("ok") and "owner and group" in line and code == 0


def test_a_readable_secret_in_a_closed_folder_is_no_problem(make, open_folder):
    """The secrets that compose/setup.sh makes: "everybody on this machine may open it", which nobody could."""
    closed = open_folder / "closed"
    (closed / "deep").mkdir(parents=True)
    closed.chmod(0o700)
    line, code = said_of(make, secret_in(closed / "deep"))
    assert line.startswith("ok") and "folder keeps others out" in line and code == 0
    # A way around the closed folder does not open it.
    (open_folder / "link").symlink_to(closed / "deep/token")
    assert said_of(make, open_folder / "link") == (line.replace(str(closed / "deep/token"), str(open_folder / "link")), 0)


def test_a_secret_that_docker_mounts_is_no_problem(make, open_folder):
    """Inside a container its folder on the host cannot be seen: a note says what to look at there."""
    closed = open_folder / "secrets"
    closed.mkdir(mode=0o700)
    with mounted_alone(secret_in(closed), open_folder / "mounted") as secret:
        line, code = said_of(make, secret)
    assert line.startswith("note") and "chmod 700" in line and code == 0


def test_a_secret_that_is_not_there(make, open_folder):
    secret = secret_in(open_folder)
    d = make(config(console(), hook(type("Sink", (), {"url": "http://127.0.0.1:1"}), bearer_token_file=str(secret)), route={"channels": ["console"]}))
    secret.unlink()
    done = d.cli("doctor", "--config", str(d.path), url=False)
    assert done.returncode == 2 and str(secret) in done.stderr and "No such file" in done.stderr, done
