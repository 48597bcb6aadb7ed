"""What is checked in: written by the generators, complete, and in the shapes Grafana and Prometheus read."""
import json
import pathlib
import re
import subprocess
import sys

import dashboards_read as read
import grafana_sql
import pytest
import yaml

PROVISIONING = read.ROOT / "grafana/provisioning"
ALERTS = yaml.safe_load((read.ROOT / "grafana/alerts.yaml").read_text(encoding="utf-8"))
BOARDS = {board["uid"]: board for board in read.dashboards()}
RULES = read.rules()
TITLES = [rule["title"] for _, rule in RULES]


def load(path):
    return yaml.safe_load((PROVISIONING / path).read_text(encoding="utf-8"))


def test_generated_files_are_up_to_date(tmp_path):
    for script, out in (("dashboards.py", tmp_path / "dashboards"), ("generate_alerts.py", tmp_path)):
        subprocess.run([sys.executable, str(read.ROOT / "grafana" / script), str(out)], check=True, timeout=60)
    pairs = [(path, read.FOLDER / path.name) for path in (tmp_path / "dashboards").glob("*.json")]
    pairs += [(path, read.ROOT / path.relative_to(tmp_path)) for path in tmp_path.rglob("rules-*.y*ml")]
    assert len(pairs) >= 16
    stale = [str(kept.relative_to(read.ROOT)) for made, kept in pairs if not kept.exists() or kept.read_bytes() != made.read_bytes()]
    assert not stale, f"run `make dashboards`: {stale}"
    assert {path.name for path in read.FOLDER.glob("*.json")} == {made.name for made, _ in pairs if made.suffix == ".json"}


# ---- dashboards

WANTED = {  # REQUIREMENTS: dashboard -> panels, with their kind and unit
    "nautilus-health": {
        "Uptime": ("stat", "dtdurations"),
        "Memory now": ("stat", "mbytes"),
        "Memory": ("timeseries", "mbytes"),
        "CPU": ("timeseries", "percent"),
        "Restarts": ("stat", "short"),
        "Last error": ("table", "short"),
        "Error rate": ("timeseries", "short"),
        "Status": ("table", "short"),
    },
    "nautilus-pipeline": {
        "OI fetches per hour": ("timeseries", "short"),
        "Funding fetches per hour": ("timeseries", "short"),
        "Liquidations per minute": ("timeseries", "short"),
        "Gaps over time": ("state-timeline", "short"),
        "Gaps": ("table", "short"),
        "Storage": ("timeseries", "bytes"),
        "Storage now": ("stat", "bytes"),
    },
    "nautilus-exchange": {
        "Connection": ("stat", "short"),
        "Latency": ("timeseries", "ms"),
        "Reconnects": ("stat", "short"),
        "Last message": ("table", "short"),
        "Rate limit used": ("bargauge", "percent"),
        "Connection over time": ("state-timeline", "short"),
        "Outages": ("table", "short"),
    },
    "nautilus-trading": {
        "PnL now": ("stat", "short"),
        "PnL over time": ("timeseries", "short"),
        "Orders per minute": ("timeseries", "short"),
        "Fill rate": ("bargauge", "percent"),
        "Exposure by symbol": ("timeseries", "short"),
        "Open orders": ("stat", "short"),
    },
    "spock-overview": {
        "Rows": ("stat", "short"),
        "Rows by region": ("bargauge", "short"),
        "Collection success": ("bargauge", "percent"),
        "API latency p95": ("timeseries", "s"),
        "Rows without a region": ("stat", "short"),
        "Contamination": ("stat", "short"),
        "Database size": ("stat", "bytes"),
        "Seconds since the last reading": ("stat", "s"),
    },
    **{
        f"spock-{region}": {
            "Rows": ("stat", "short"),
            "Tickers": ("stat", "short"),
            "Adapter": ("stat", "short"),
            "Collection success": ("bargauge", "percent"),
            "API latency": ("timeseries", "s"),
            "API error rate": ("timeseries", "percent"),
            "Rate limit used": ("bargauge", "percent"),
        }
        for region in ("kr", "us", "cn", "hk", "jp", "vn")
    },
    "notifier-delivery": {
        "Delivered within 60 s": ("bargauge", "percent"),
        "Delivery time p99": ("timeseries", "s"),
        "Queue depth": ("timeseries", "short"),
        "Channels over time": ("state-timeline", "short"),
        "Dead letters": ("stat", "short"),
    },
    "collector": {
        "Spool full": ("bargauge", "percent"),
        "Rows dropped": ("stat", "short"),
        "Rows in quarantine": ("stat", "short"),
        "Tables suspended": ("stat", "short"),
        "Sources": ("stat", "short"),
        "Oldest row that waits": ("timeseries", "s"),
        "Rows taken in per minute": ("timeseries", "short"),
        "What sources say": ("table", "short"),
    },
}


def test_every_wanted_dashboard_and_panel():
    assert set(BOARDS) == set(WANTED)
    for uid, panels in WANTED.items():
        there = {panel["title"]: (panel["type"], panel["fieldConfig"]["defaults"]["unit"]) for panel in BOARDS[uid]["panels"]}
        assert {title: there.get(title) for title in panels} == panels, uid


@pytest.mark.parametrize("uid", WANTED)
def test_dashboard(uid):
    board = BOARDS[uid]
    assert board["timezone"] == "browser" and board["time"]["to"] == "now"
    assert board["refresh"] == ("5s" if uid == "nautilus-trading" else "30s")
    assert any(link["url"] == "${notifier}/history" for link in board["links"])
    assert board["annotations"]["list"][0]["enable"] and board["annotations"]["list"][0]["datasource"]["uid"] == "-- Grafana --"
    names = {one["name"] for one in board["templating"]["list"]}
    for panel in board["panels"]:
        assert "timeFrom" not in panel and "timeShift" not in panel, f"{panel['title']} has a range of its own"
        for target in panel.get("targets", []):
            sql = target["rawSql"]
            assert "$__timeFilter(timestamp)" in sql and not re.search(r"\bnow\(\)|\bsystimestamp|\bto_timestamp", sql), panel["title"]
            assert not re.search(r"\bHAVING\b|count\(\*\)|FILTER \(", sql), f"{panel['title']}: QuestDB does not have that"
            used = {match for match in re.findall(r"\$\{?(\w+)", sql) if not match.startswith("__")}
            assert used <= names, f"{panel['title']} uses {used - names}"
            assert target["datasource"]["uid"] == "questdb"
    boxes = [
        (panel["gridPos"]["x"], panel["gridPos"]["y"], panel["gridPos"]["w"], panel["gridPos"]["h"], panel["title"])
        for panel in board["panels"]
    ]
    for index, (x, y, w, h, title) in enumerate(boxes):
        assert x + w <= 24, title
        for x2, y2, w2, h2, other in boxes[index + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y, f"{title} lies on {other}"


# ---- rules


@pytest.mark.parametrize(("group", "rule"), RULES, ids=TITLES)
def test_rule(group, rule):
    """The fields of Grafana's file provisioning, and nothing Grafana would expand from its environment by accident."""
    assert set(rule) == {
        "uid",
        "title",
        "condition",
        "data",
        "for",
        "noDataState",
        "execErrState",
        "missing_series_evals_to_resolve",
        "labels",
        "annotations",
        "dashboardUid",
        "panelId",
        "isPaused",
    }
    assert group["interval"] in ("10s", "30s") and rule["isPaused"] is False
    assert re.fullmatch(r"[a-z0-9-]{1,40}", rule["uid"])
    assert rule["labels"]["severity"] in ("critical", "warning", "info") and set(rule["labels"]) == {"severity", "team", "stack"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook", "__dashboardUid__", "__panelId__"}
    # Grafana expands $NAME everywhere but here and in the model; in annotations, later versions expand ${NAME} alone.
    assert not [text for text in rule["annotations"].values() if "${" in text or "$$" in text]
    assert "$" not in json.dumps({name: value for name, value in rule.items() if name not in ("annotations", "data")})
    assert rule["missing_series_evals_to_resolve"] * grafana_sql.parse_duration(group["interval"]) == 300
    assert (rule["annotations"]["__dashboardUid__"], rule["annotations"]["__panelId__"]) == (rule["dashboardUid"], str(rule["panelId"]))
    assert rule["panelId"] in [panel["id"] for panel in BOARDS[rule["dashboardUid"]]["panels"]]
    page, anchor = rule["annotations"]["runbook"].split("#")
    assert f"### {rule['title']}\n" in (read.ROOT / page).read_text(
        encoding="utf-8"
    ), f"{page} does not say what to do about {rule['title']}"
    assert anchor == rule["title"].lower()


WANTED_RULES = {  # REQUIREMENTS: rule -> stack, severity, comparison, threshold, how long; what silence and a failing query mean
    "NautilusDaemonDown": ("nautilus", "critical", "gt", 0, "30s", "OK", "KeepLast"),
    "NautilusErrorRate": ("nautilus", "warning", "gt", 10, "0s", "OK", "KeepLast"),  # errors a minute
    "NautilusLatency": ("nautilus", "warning", "gt", 500, "1m", "OK", "KeepLast"),  # ms
    "NautilusExchangeDisconnected": ("nautilus", "critical", "gt", 5, "0s", "OK", "KeepLast"),  # minutes: US3
    "NautilusDataGap": ("nautilus", "warning", "gt", 0, "0s", "OK", "KeepLast"),
    "NautilusMemory": ("nautilus", "warning", "gt", 2048, "2m", "OK", "KeepLast"),
    "NautilusNoData": ("nautilus", "critical", "gt", 360, "1m", "OK", "KeepLast"),
    "NullRegionDetected": ("spock", "critical", "gt", 0, "0s", "OK", "KeepLast"),
    "CrossRegionContamination": ("spock", "critical", "gt", 0, "0s", "OK", "KeepLast"),
    "CriticalAPIErrorRate": ("spock", "critical", "gt", 20, "0s", "OK", "KeepLast"),  # percent
    "SpockServiceDown": ("spock", "critical", "gt", 120, "0s", "OK", "KeepLast"),  # seconds of silence
    "LowDataCollectionRate": ("spock", "warning", "lt", 80, "5m", "OK", "KeepLast"),  # percent
    "HighAPIErrorRate": ("spock", "warning", "gt", 5, "1m", "OK", "KeepLast"),  # percent
    "HighAPILatency": ("spock", "warning", "gt", 2, "1m", "OK", "KeepLast"),  # p95, seconds
    "StaleMarketData": ("spock", "warning", "gt", 24, "0s", "OK", "KeepLast"),  # hours
    "QuestDBUnreachable": ("monitoring", "critical", "gt", 0, "30s", "Alerting", "Alerting"),
    "NotifierSlow": ("monitoring", "warning", "gt", 60, "1m", "OK", "KeepLast"),  # seconds: SC-003
    "NotifierDeadLetters": ("monitoring", "critical", "gt", 0, "0s", "OK", "KeepLast"),
    "CollectorSilent": ("monitoring", "critical", "gt", 120, "0s", "Alerting", "KeepLast"),  # seconds
    "CollectorSpoolFilling": ("monitoring", "critical", "gt", 80, "0s", "OK", "KeepLast"),  # percent
    "CollectorBehind": ("monitoring", "warning", "gt", 60, "1m", "OK", "KeepLast"),  # seconds
    "CollectorRowsDropped": ("monitoring", "critical", "gt", 0, "0s", "OK", "KeepLast"),
    "CollectorQuarantine": ("monitoring", "warning", "gt", 0, "0s", "OK", "KeepLast"),
    "QuestDBTableSuspended": ("monitoring", "critical", "gt", 0, "30s", "OK", "KeepLast"),
    "CollectorSourceFailing": ("monitoring", "warning", "gt", 0, "5m", "OK", "KeepLast"),
}


def test_every_wanted_rule():
    assert {
        rule["title"]: (
            rule["labels"]["stack"],
            rule["labels"]["severity"],
            rule["data"][2]["model"]["conditions"][0]["evaluator"]["type"],
            rule["data"][2]["model"]["conditions"][0]["evaluator"]["params"][0],
            rule["for"],
            rule["noDataState"],
            rule["execErrState"],
        )
        for _, rule in RULES
    } == WANTED_RULES


def test_uids_are_unique_and_stable():
    uids = sorted(rule["uid"] for _, rule in RULES)
    assert len(set(uids)) == len(uids)
    # A changed uid is a new rule to Grafana: its state and history begin anew. Add, never rename.
    assert uids == [
        "collector-behind",
        "collector-quarantine",
        "collector-rows-dropped",
        "collector-silent",
        "collector-source-failing",
        "collector-spool-filling",
        "nautilus-daemon-down",
        "nautilus-data-gap",
        "nautilus-error-rate",
        "nautilus-exchange-disconnected",
        "nautilus-latency",
        "nautilus-memory",
        "nautilus-no-data",
        "notifier-dead-letters",
        "notifier-slow",
        "questdb-table-suspended",
        "questdb-unreachable",
        "spock-api-errors",
        "spock-api-errors-critical",
        "spock-api-latency",
        "spock-collection-rate",
        "spock-contamination",
        "spock-null-region",
        "spock-service-down",
        "spock-stale-data",
    ]


@pytest.mark.parametrize(("group", "rule"), RULES, ids=TITLES)
def test_the_panel_draws_the_rules_threshold(group, rule):
    panel = next(panel for panel in BOARDS[rule["dashboardUid"]]["panels"] if panel["id"] == rule["panelId"])
    if (
        rule["title"] == "QuestDBUnreachable"
        or panel["fieldConfig"]["defaults"]["mappings"]
        or panel["type"] in ("state-timeline", "alertlist")
    ):
        return  # words, not a line
    evaluator = rule["data"][2]["model"]["conditions"][0]["evaluator"]
    drawn = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"] if step["value"] is not None]
    # A count's line is at 1 where the rule says "more than 0".
    assert evaluator["params"][0] in drawn or (evaluator["params"][0] == 0 and drawn == [1]), f"{drawn} instead of {evaluator['params']}"


def test_the_rules_of_both_routes_are_equal():
    """Prometheus and Grafana have the same Spock rules: name, severity, threshold, wait."""
    grafana = {rule["title"]: rule for group, rule in RULES if group["name"] == "spock"}
    groups = yaml.safe_load((read.ROOT / "compose/prometheus/rules-spock.yml").read_text(encoding="utf-8"))["groups"]
    prometheus = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    assert set(grafana) == set(prometheus) and len(grafana) == 8
    for title, rule in prometheus.items():
        other = grafana[title]
        assert rule["labels"] == other["labels"], title
        if title != "SpockServiceDown":  # up and absent instead of an age
            evaluator = other["data"][2]["model"]["conditions"][0]["evaluator"]
            assert re.search(r"([<>]) ([\d.]+)$", rule["expr"]).groups() == (
                "<" if evaluator["type"] == "lt" else ">",
                str(evaluator["params"][0]),
            ), title
            assert rule["for"] == other["for"], title


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_files():
    run("promtool", "check", "config", "--syntax-only", str(read.ROOT / "compose/prometheus/prometheus.yml"))
    run("promtool", "check", "rules", *(str(path) for path in (read.ROOT / "compose/prometheus").glob("rules-*.yml")))


def test_prometheus_rules_fire_and_end():
    run("promtool", "test", "rules", str(pathlib.Path(__file__).with_name("prometheus_rules.yml")))


# ---- contact points, policies, sources


@pytest.mark.parametrize("name", ["contact-points.yaml", "contact-points-hmac.yaml.example"])
def test_contact_point(name):
    [point] = load(f"alerting/{name}")["contactPoints"]
    [receiver] = point["receivers"]
    settings = receiver["settings"]
    assert (point["name"], receiver["uid"], receiver["type"], receiver["disableResolveMessage"]) == (
        "notifier",
        "notifier",
        "webhook",
        False,
    )
    assert (
        settings["url"] == "http://notifier:8686/api/v1/webhook/grafana" and settings["maxAlerts"] == 0 and settings["httpMethod"] == "POST"
    )
    assert ("hmacConfig" in settings) != ("authorization_credentials" in settings)
    secret = settings["hmacConfig"]["secret"] if "hmacConfig" in settings else settings["authorization_credentials"]
    assert secret.startswith("$__file{/run/secrets/"), "a secret is a file"


def test_policies():
    policies = load("alerting/policies.yaml")
    [root] = policies["policies"]
    intervals = {one["name"] for one in policies["muteTimes"]}
    for policy in (root, *root["routes"]):
        assert policy["receiver"] == "notifier" and policy["group_by"] == ["grafana_folder", "alertname"]
        assert [policy[key] for key in ("group_wait", "group_interval", "repeat_interval")] == ["0s", "30s", "15m"]
        assert set(policy.get("mute_time_intervals", [])) <= intervals
        assert {matcher[2] for matcher in policy.get("object_matchers", [])} <= set(TITLES)


def test_data_sources():
    [questdb] = load("datasources/questdb.yaml")["datasources"]
    assert (questdb["uid"], questdb["type"], questdb["jsonData"]["sslmode"], questdb["jsonData"]["database"]) == (
        "questdb",
        "grafana-postgresql-datasource",
        "disable",
        "qdb",
    )
    assert questdb["secureJsonData"]["password"].startswith("$__file{/run/secrets/")
    [provider] = load("dashboards/monitoring.yaml")["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards" and not provider["allowUiUpdates"]


# ---- the expander itself: Grafana's words for what it does to a query

MACROS = [
    ("$__timeFilter(ts)", "ts BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-01T01:00:00.25Z'"),
    ("$__timeTo()::timestamp", "'2026-01-01T01:00:00.25Z'::timestamp"),
    ("SAMPLE BY $__interval, $__interval_ms", "SAMPLE BY 15s, 15000"),
    ("x ~ '^(${name:regex})$'", "x ~ '^((a\\.b|c))$'"),
    ("x ~ '^(${all:regex})$'", "x ~ '^(.*)$'"),
    ("x = '${one}' AND y IN ($name)", "x = 'o''clock' AND y IN ('a.b','c')"),
]


@pytest.mark.parametrize(("before", "after"), MACROS, ids=[before for before, _ in MACROS])
def test_expansion(before, after):
    begin = 1767225600  # 2026-01-01
    assert grafana_sql.expand(before, begin, begin + 3600.25, {"name": ["a.b", "c"], "all": "$__all", "one": "o'clock"}) == after


def test_an_unknown_macro_is_an_error():
    with pytest.raises(ValueError, match="__unixEpochFilter"):
        grafana_sql.expand("$__unixEpochFilter(ts)", 0, 1)  # QuestDB takes it and finds nothing


def test_long_ranges_have_long_steps():
    assert [grafana_sql.duration(grafana_sql.interval_of(0, span)) for span in read.RANGES.values()] == ["15s", "2m", "1h"]


def test_rules_and_dashboards_do_not_make_the_same_folder():
    """Grafana provisions both at its start, each with a folder of its own making."""
    [provider] = load("dashboards/monitoring.yaml")["providers"]
    assert provider["folder"] not in {group["folder"] for group, _ in RULES}
