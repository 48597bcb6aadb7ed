"""The Compose stack without a Docker: what its files say, what setup.sh writes, and QuestDB's settings in a real QuestDB."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import dashboards_read as read
import psycopg2
import pytest
import server  # also the way to tests/e2e
import yaml

from collector import Collector
from daemon import Daemon, alert, config, console

COMPOSE = read.ROOT / "compose"
STACK = yaml.safe_load((COMPOSE / "docker-compose.yml").read_text(encoding="utf-8"))
TEXT = (COMPOSE / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES = STACK["services"]
ONE_SHOT = {"questdb-volume"}
COLLECTOR = os.environ.get("COLLECTOR_BIN", str(read.ROOT / "build/bin/collector"))
NOTIFIER = os.environ.get("NOTIFIER_BIN", str(read.ROOT / "build/bin/notifier"))


def version(image):
    return tuple(int(part) for part in re.fullmatch(r".*:v?(\d+)\.(\d+)\.(\d+)", image).groups())


def test_images_are_pinned_and_new_enough():
    for name, service in SERVICES.items():
        if "build" not in service:
            version(service["image"])
            assert "latest" not in service["image"], name
    assert version(SERVICES["questdb"]["image"]) >= (9, 2, 3)
    assert version(SERVICES["grafana"]["image"]) >= (11, 0, 0)
    assert (
        SERVICES["questdb"]["image"] == SERVICES["questdb-volume"]["image"] == f"questdb/questdb:{server.VERSION}"
    ), "the tests run what is deployed"


@pytest.mark.parametrize("name", SERVICES)
def test_service(name):
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    if name != "questdb-volume":
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), "root"
        assert set(service["networks"]) <= set(STACK["networks"])
    else:
        assert service["network_mode"] == "none" and service["cap_add"] == ["CHOWN", "DAC_OVERRIDE", "FOWNER"]
    if name not in ONE_SHOT:
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
        assert service["cpus"] and service["pids_limit"] and service["restart"] == "unless-stopped"
    for other, when in service.get("depends_on", {}).items():
        assert when["condition"] == (
            "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        ), f"{name} waits for {other}"
    for port in service.get("ports", []):
        assert port.startswith("${BIND_ADDRESS:-127.0.0.1}:"), f"{port} opens to the world"
    for secret in service.get("secrets", []):
        assert secret in STACK["secrets"]


def test_the_collector_finds_its_neighbours():
    """Inside its container `collector healthcheck` looked for notifier on its own loopback, and called it down."""
    for name, value in SERVICES["collector"]["environment"].items():
        if name.endswith("_URL"):
            host, port = re.fullmatch(r"http://(\w+):(\d+)", value).groups()
            assert any(published.endswith(f":{port}") for published in SERVICES[host]["ports"]), value
            assert set(SERVICES[host]["networks"]) & set(SERVICES["collector"]["networks"])
    assert {"NOTIFIER_URL", "GRAFANA_URL"} <= set(SERVICES["collector"]["environment"])


def test_what_is_mounted_is_there():
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mount).split(":")[0]
            if source.startswith("/"):
                continue
            if source.startswith("."):
                made = source.startswith("./config/")  # by setup.sh
                assert made or (COMPOSE / source).exists(), f"{name} mounts {source}"
                assert mount.endswith(":ro"), f"{name} may write {source}"
            else:
                assert source in STACK["volumes"], f"{name}: {source}"


def test_every_variable_is_explained():
    names = set(re.findall(r"^(\w+)=", (COMPOSE / ".env.example").read_text(encoding="utf-8"), re.M))
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT)) | set(
        re.findall(r"\b(?:value|has) ((?:[A-Z_]+ ?)+)", (COMPOSE / "setup.sh").read_text(encoding="utf-8"))
    )
    asked = {word for group in asked for word in group.split()}
    assert asked <= names, f".env.example lacks {asked - names}"
    assert {
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_CHAT_ID",
        "DISCORD_WEBHOOK_URL",
        "MONITORING_BATCH_SIZE",
        "MONITORING_FLUSH_INTERVAL",
        "MONITORING_ENV",
    } <= names  # REQUIREMENTS


def test_no_password_stands_in_a_file():
    for path in (COMPOSE / "docker-compose.yml", COMPOSE / ".env.example", COMPOSE / "questdb/server.conf"):
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.match(r"\s*[\w.]*(PASSWORD|TOKEN|SECRET|password)\w*\s*[:=]\s*(\S.*)$", line)
            assert not found or found.group(2).startswith(("/run/secrets/", "{file: ./secrets/")), f"{path.name}: {line}"
    assert "GF_SECURITY_ADMIN_PASSWORD__FILE" in SERVICES["grafana"]["environment"]


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "compose"
    shutil.copytree(COMPOSE, copy, ignore=shutil.ignore_patterns("secrets", "config", ".env"))
    return copy


def written(folder, **values):
    example = (folder / ".env.example").read_text(encoding="utf-8")
    for name, value in values.items():
        example, count = re.subn(rf"^{name}=.*$", lambda _, line=f"{name}={value}": line, example, flags=re.M)
        assert count == 1, name
    (folder / ".env").write_text(example, encoding="utf-8")
    done = subprocess.run(["sh", str(folder / "setup.sh")], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load((folder / "config/notifier.yaml").read_text(encoding="utf-8")), yaml.safe_load(
        (folder / "config/collector.yaml").read_text(encoding="utf-8")
    )


ALL = {
    "TELEGRAM_BOT_TOKEN": "123456:abcdefghijklmnopqrstuvwxyz012345678",
    "TELEGRAM_CHAT_ID": "-100123",
    "DISCORD_WEBHOOK_URL": "https://discord.example.org/api/webhooks/1/x",
    "SLACK_WEBHOOK_URL": "https://slack.example.org/services/T/B/x",
    "SMTP_HOST": "mail.example.org",
    "SMTP_USERNAME": "anna",
    "SMTP_PASSWORD": "'p &|w'",
    "SMTP_FROM": "a@example.org",
    "SMTP_TO": "b@example.org, c@example.org",
    "ALERT_WEBHOOK_URL": "https://hook.example.org/a?b=1&c=2",
    "ALERT_WEBHOOK_TOKEN": "t0ken",
    "NOTIFIER_PUBLIC_URL": "https://n.example.org/x-y",
    "TIME_ZONE": "Asia/Seoul",
    "DAEMON_STATUS_URL": "http://host.docker.internal:8081/status",
    "SPOCK_DATA_DIR": "/srv/spock",
    "SPOCK_DATABASE": "spock.db",
    "PARQUET_DIR": "/srv/parquet",
}
CASES = {
    "nothing filled in": {},
    "everything": ALL,
    "Telegram alone": {key: value for key, value in ALL.items() if key.startswith("TELEGRAM")},
    "mail without a password": {key: ALL[key] for key in ("SMTP_HOST", "SMTP_FROM", "SMTP_TO")},
    "a token without its chat": {"TELEGRAM_BOT_TOKEN": ALL["TELEGRAM_BOT_TOKEN"]},
}


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_the_programs_take_what_setup_writes(folder, values):
    made, _ = written(folder, **values)
    for name, program in (("notifier", NOTIFIER), ("collector", COLLECTOR)):
        text = (
            (folder / f"config/{name}.yaml")
            .read_text(encoding="utf-8")
            .replace("/run/secrets/", f"{folder}/secrets/")
            .replace(f"/var/lib/{name}/", f"{folder}/")
        )
        (folder / "here.yaml").write_text(text, encoding="utf-8")
        done = subprocess.run([program, "check-config", str(folder / "here.yaml")], capture_output=True, text=True, timeout=30)
        warnings = [line for line in done.stderr.splitlines() if "warning" in line]
        # An https address needs a proxy, whose address only the user knows: one warning says so.
        https = name == "notifier" and values.get("NOTIFIER_PUBLIC_URL", "").startswith("https:")
        assert done.returncode == 0 and len(warnings) == int(https), done.stdout + done.stderr
        assert not https or "server.trusted_proxies" in warnings[0]
        if name == "notifier":
            done = subprocess.run([program, "doctor", "--config", str(folder / "here.yaml")], capture_output=True, text=True, timeout=30)
            assert done.returncode == 0 and "PROBLEM" not in done.stdout, done.stdout
    names = {channel["name"] for channel in made["channels"]}
    for route in (made["route"], *made["route"]["routes"]):
        assert set(route["channels"]) <= names and "console" in route["channels"]


def test_the_secrets_are_readable_in_a_closed_folder(folder):
    """Containers read them as users of their own; on the host nobody else gets that far. Also after somebody has closed the files."""
    for _ in range(2):
        written(folder)
        assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
        for path in (folder / "secrets").iterdir():
            assert path.stat().st_mode & 0o777 == 0o644, path
            path.chmod(0o600)
        (folder / "secrets").chmod(0o755)


def routes(config):
    return {tuple(route["matchers"]): (set(route["channels"]), route.get("repeat_interval")) for route in config["route"]["routes"]}


def test_severities_go_where_they_should(folder):
    """REQUIREMENTS: Spock's "balanced" routing; Nautilus to Telegram, Discord and mail (FR-009)."""
    made, collector = written(folder, **ALL)
    assert routes(made) == {
        ('stack="spock"', 'severity="critical"'): ({"console", "email", "slack", "hook"}, "30m"),
        ('stack="spock"', 'severity="warning"'): ({"console", "slack", "hook"}, "2h"),
        ('severity="info"',): ({"console"}, None),
        ('stack=~"nautilus|monitoring"', 'severity="critical"'): ({"console", "telegram", "discord", "email"}, "30m"),
        ('stack=~"nautilus|monitoring"', 'severity="warning"'): ({"console", "telegram", "discord"}, "2h"),
    }
    assert made["server"]["public_url"] == ALL["NOTIFIER_PUBLIC_URL"] and made["time_zone"] == "Asia/Seoul"
    assert (folder / "secrets/smtp_password").read_text(encoding="utf-8") == "p &|w\n"
    assert [source["type"] for source in collector["sources"]] == [
        "process",
        "daemon",
        "exchange",
        "pipeline",
        "trading",
        "pipeline",
        "market",
    ]


def test_one_channel_hears_everything(folder):
    made, collector = written(folder, **CASES["Telegram alone"])
    assert {frozenset(channels) for matchers, (channels, _) in routes(made).items() if "info" not in matchers[0]} == {
        frozenset({"console", "telegram"})
    }
    assert [source["type"] for source in collector["sources"]] == ["process"]


def test_setup_keeps_passwords_and_hides_them(folder):
    written(folder)
    secrets = {path.name: path.read_bytes() for path in (folder / "secrets").iterdir()}
    assert set(secrets) == set(STACK["secrets"]), "each secret of the stack is written"
    assert all(
        len(secrets[name]) == 48
        for name in (
            "questdb_password",
            "questdb_reader_password",
            "grafana_admin_password",
            "notifier_token",
            "notifier_source_token",
            "notifier_prometheus_token",
            "collector_token",
        )
    )
    assert len({value for value in secrets.values() if value.strip()}) == 7
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    written(folder, **ALL)
    assert {name: (folder / "secrets" / name).read_bytes() for name in secrets if secrets[name].strip()} == {
        name: value for name, value in secrets.items() if value.strip()
    }


def test_git_and_the_images_never_see_secrets():
    ignored = (read.ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert {"compose/.env", "compose/secrets", "compose/config", ".git"} <= set(ignored)
    assert {"/.env", "/secrets/", "/config/"} <= set((COMPOSE / ".gitignore").read_text(encoding="utf-8").split("\n"))


def stages(name):
    """The packages of a Dockerfile's two stages."""
    text = (COMPOSE / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [
        set(re.findall(r"[a-z][a-z0-9.+-]+", part.split("&&")[0])) - {"apt-get", "install"}
        for part in re.findall(r"install -y --no-install-recommends(.*)", text)
    ]


@pytest.mark.parametrize("name", ["notifier", "collector"])
def test_dockerfile(name):
    text = (COMPOSE / f"{name}.Dockerfile").read_text(encoding="utf-8")
    build, runtime = stages(f"{name}.Dockerfile")
    wanted = set(
        re.search(r"DEPS_BUILD := ((?:.*\\\n)*.*)\n", (read.ROOT / "mk/deps.mk").read_text(encoding="utf-8"))
        .group(1)
        .replace("\\\n", " ")
        .split()
    )
    assert wanted - {"tzdata"} <= build | {"gcc", "make"}, f"building needs {wanted - build}"
    assert not {package for package in runtime if package.endswith("-dev") or package == "gcc"}
    user = re.search(r"^USER (\d+):\1$", text, re.M).group(1)
    assert SERVICES[name]["user"] == f"{user}:{user}"
    # --user-group alone takes the next free number, and the state's folder is then another group's.
    assert f"groupadd --system --gid {user} {name}" in text and f"--uid {user} --gid {user}" in text
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["debian:12.11-slim"] * 2


@pytest.mark.parametrize(("name", "program"), [("notifier", NOTIFIER), ("collector", COLLECTOR)])
def test_the_image_holds_the_libraries_it_loads(name, program):
    needed = re.findall(
        r"\(NEEDED\).*\[(.*)\]", subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout
    )
    _, runtime = stages(f"{name}.Dockerfile")
    paths = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    owners = set()
    for library in needed:
        path = pathlib.Path(re.search(rf"^\s*{re.escape(library)} => (\S+)", paths, re.M).group(1)).resolve()
        owner = subprocess.run(["dpkg", "-S", f"*/{path.name}"], check=True, capture_output=True, text=True).stdout.split(":")[0]
        owners.add(owner)
    owners = {owner for owner in owners if not owner.startswith("libc6")}
    assert owners <= runtime, f"the image lacks {owners - runtime}"


def test_questdb_takes_its_settings_and_its_secrets(tmp_path):
    """compose/questdb/server.conf, strict, in a real QuestDB, with passwords from files as in the stack."""
    for name, password in (("admin", "admin-pass-1"), ("reader", "reader-pass-1")):
        (tmp_path / name).write_text(password, encoding="utf-8")
    environment = {
        "QDB_HTTP_USER": "admin",
        "QDB_HTTP_PASSWORD_FILE": str(tmp_path / "admin"),
        "QDB_PG_USER": "admin",
        "QDB_PG_PASSWORD_FILE": str(tmp_path / "admin"),
        "QDB_PG_READONLY_USER": "grafana",
        "QDB_PG_READONLY_PASSWORD_FILE": str(tmp_path / "reader"),
    }
    assert {
        name: value.replace("/run/secrets/questdb_reader_password", str(tmp_path / "reader")).replace(
            "/run/secrets/questdb_password", str(tmp_path / "admin")
        )
        for name, value in SERVICES["questdb"]["environment"].items()
        if name.startswith("QDB_")
    } == environment
    settings = (COMPOSE / "questdb/server.conf").read_text(encoding="utf-8")
    with server.QuestDB(tmp_path / "root", settings=settings, environment=environment, admin="admin-pass-1") as questdb:
        with questdb.connect("grafana", "reader-pass-1") as reader, reader.cursor() as cursor:
            cursor.execute("SELECT count() FROM daemon_metrics")
            assert cursor.fetchall() == [(0,)]
            with pytest.raises(psycopg2.Error, match="(?i)denied"):
                cursor.execute("DROP TABLE daemon_metrics")
        for user, password in (("admin", "quest"), ("grafana", "reader"), ("user", "quest")):
            with pytest.raises(psycopg2.OperationalError):
                questdb.connect(user, password)
        assert healthy("questdb", questdb.url) == 0
        log = (questdb.folder / "log").read_text(encoding="utf-8", errors="replace")
        assert "Invalid settings" not in log and "invalid settings" not in log


REACHED = {  # (stack, severity) -> who hears it, how often again
    ("spock", "critical"): ("console, email, slack, hook", "30m"),
    ("spock", "warning"): ("console, slack, hook", "2h"),
    ("nautilus", "critical"): ("console, telegram, discord, email", "30m"),
    ("nautilus", "warning"): ("console, telegram, discord", "2h"),
    ("monitoring", "critical"): ("console, telegram, discord, email", "30m"),
    ("monitoring", "warning"): ("console, telegram, discord", "2h"),
}


def test_every_rule_reaches_its_channels(folder):
    """The labels of each rule through notifier's own routing, over the configuration that setup.sh writes."""
    written(folder, **ALL)
    text = (
        (folder / "config/notifier.yaml")
        .read_text(encoding="utf-8")
        .replace("/run/secrets/", f"{folder}/secrets/")
        .replace("/var/lib/notifier/", f"{folder}/")
    )
    (folder / "here.yaml").write_text(text, encoding="utf-8")
    for _, rule in read.rules():
        labels = {"alertname": rule["title"], **rule["labels"]}
        done = subprocess.run(
            [NOTIFIER, "route", "test", "--config", str(folder / "here.yaml"), *(f"{name}={value}" for name, value in labels.items())],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        channels, repeat = re.search(r"-> (.*); group_by .*, repeat (\w+)", done.stdout).groups()
        wanted, again = REACHED[labels["stack"], labels["severity"]]
        assert (set(channels.split(", ")), repeat) == (set(wanted.split(", ")), again), rule["title"]


def test_compose_takes_the_file(folder):
    """Debian's docker-compose reads it as its own schema says; no Docker is needed for that."""
    written(folder, **ALL)
    done = subprocess.run(["docker-compose", "--profile", "prometheus", "config"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(SERVICES)


def healthy(name, url):
    """The exit code of a service's health check, sent to another port."""
    words = [word.replace("$$", "$") for word in SERVICES[name]["healthcheck"]["test"]]
    assert words[:3] == ["CMD", "bash", "-c"], name
    return subprocess.run(
        ["bash", "-c", re.sub(r"127\.0\.0\.1/\d+", url.split("//")[1].replace(":", "/"), words[3])], capture_output=True, timeout=10
    ).returncode


def test_health_checks_tell_life_from_death(tmp_path):
    notifier = Daemon(tmp_path / "notifier", config(console())).start()
    collector = Collector(tmp_path / "collector", {"questdb": {"url": "http://127.0.0.1:1"}}).start()
    try:
        assert healthy("notifier", notifier.url) == 0 and healthy("collector", collector.url) == 0
    finally:
        notifier.finish()
        collector.finish()
    assert (
        healthy("notifier", notifier.url) != 0
        and healthy("collector", collector.url) != 0
        and healthy("questdb", "http://127.0.0.1:1") != 0
    )


@pytest.mark.parametrize("name", ["notifier", "collector"])
def test_the_images_have_the_same_health_check(name):
    text = (COMPOSE / f"{name}.Dockerfile").read_text(encoding="utf-8")
    command = json.loads(re.search(r"^    CMD (\[.*\])$", text, re.M).group(1))
    assert command == [word.replace("$$", "$") for word in SERVICES[name]["healthcheck"]["test"][1:]]


def test_a_warning_is_silent_while_its_critical_sister_tells(folder, tmp_path):
    """inhibit_rules of the written configuration, in a running notifier."""
    made, _ = written(folder)
    fired = {"stack": "spock", "team": "data", "region": "KR", "env": "prod"}
    notifier = Daemon(
        tmp_path / "notifier",
        config(console(), route={"group_by": ["alertname", "region"], "group_wait": "0s"}, inhibit_rules=made["inhibit_rules"], inhibit_wait="1s"),
    ).start()
    try:
        notifier.fire(alert("CriticalAPIErrorRate", severity="critical", **fired))
        notifier.fire(alert("HighAPIErrorRate", severity="warning", **fired), alert("HighAPIErrorRate", severity="warning", **{**fired, "region": "US"}))
        notifier.wait_line(lambda line: "US · spock" in line)
        notifier.wait_at_rest()
        told = [line for line in notifier.out if "APIErrorRate" in line]
        assert ["Critical" in told[0], "High" in told[1], len(told)] == [True, True, 2], notifier.out
    finally:
        notifier.finish()
