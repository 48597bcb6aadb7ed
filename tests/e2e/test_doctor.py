"""notifier doctor: who can really open a secret, judged by the folders on the way as well as by the file; and commands in
root's shell, which see the variables that systemd gives to the service."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from collector import BIN as COLLECTOR
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


@pytest.mark.parametrize("what", ["a folder", "a text"])
def test_a_storage_path_that_leads_to_no_database(make, tmp_path, what):
    """serve refuses it: doctor must not say that all is well."""
    storage = tmp_path / "n.db"
    storage.mkdir() if what == "a folder" else storage.write_text("notes\n" * 40, encoding="utf-8")
    d = make(config(console()), storage=storage)
    done = d.cli("doctor", "--config", str(d.path), url=False)
    line = next(line for line in done.stdout.splitlines() if str(storage) in line)
    assert done.returncode == 1 and line.startswith("PROBLEM") and "name" in line, done


def test_commands_see_the_variables_of_the_service(make):
    """Secrets put into /etc/notifier/environment, as the package says: check-config in a shell said that they are not set."""
    d = make(config(console(), {"name": "hook", "type": "webhook", "url": "${OUR_HOOK}"}, route={"channels": ["console"]}))
    for command in ("check-config", "doctor --config"):
        done = d.cli(*command.split(), str(d.path), url=False)
        assert done.returncode == 2 and "OUR_HOOK is not set" in done.stderr, done
    (d.folder / "environment").write_text("# of notifier.service\nOUR_HOOK='http://127.0.0.1:1/hook'\n", encoding="utf-8")
    for command in ("check-config", "doctor --config"):
        done = d.cli(*command.split(), str(d.path), url=False)
        assert done.returncode == 0, done
    done = d.cli("test", "--channel", "console", "--config", str(d.path), url=False, env={"NOTIFIER_URL": "http://127.0.0.1:1"})
    assert done.returncode == 0 and "delivered" in done.stdout, done


def test_a_restore_needs_the_path_of_the_database_alone(start, tmp_path):
    """A secret by LoadCredential is there only while the service runs; a restore, which needs it stopped, was refused for want of it."""
    d = start(config(console()))
    assert d.cli("backup", str(tmp_path / "copy.db")).returncode == 0
    assert d.stop() == 0
    d.configure(config(console(), {"name": "hook", "type": "webhook", "url": "http://127.0.0.1:1/", "bearer_token_file": "${CREDENTIALS_DIRECTORY}/token"},
                       route={"channels": ["console"]}))
    assert "not set" in d.cli("check-config", str(d.path), url=False).stderr
    done = d.cli("restore", str(tmp_path / "copy.db"), "--config", str(d.path), url=False)
    assert done.returncode == 0 and "is in place" in done.stdout, done
    done = d.cli("migrate", "--config", str(d.path), url=False)
    assert done.returncode == 0, done


def test_the_collectors_commands_see_them_too(tmp_path):
    file = tmp_path / "collector.yaml"
    file.write_text('auth: {tokens: [{name: push, token: "${OUR_TOKEN}", role: operator}]}\n', encoding="utf-8")
    run = [str(COLLECTOR), "check-config", str(file)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "OUR_TOKEN is not set" in done.stderr, done
    (tmp_path / "collector-environment").write_text("OUR_TOKEN=a-token-of-many-letters\n", encoding="utf-8")
    done = subprocess.run(run, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done
