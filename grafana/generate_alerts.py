#!/usr/bin/python3
"""Writes Grafana's rule groups and Prometheus' rules from alerts.yaml: `make alerts`.

    generate_alerts.py [FOLDER]     FOLDER: the tree to write into; this one, unless said

A rule becomes three steps: A asks QuestDB, B drops what is not a number, C compares. Panels are named by
"dashboard/title" and looked up in the dashboards, so `make dashboards` comes first.
"""
import json
import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
QUESTDB = "questdb"  # the data source's uid
STATES = {"no_data": ("OK", "Alerting", "NoData"), "on_error": ("KeepLast", "Alerting", "Error")}
KEYS = {"uid", "title", "severity", "panel", "above", "below", "for", "window", "no_data", "on_error", "summary", "description", "sql",
        "expr", "expr_for", "expr_description"}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
WRITTEN = "# Written by `make alerts` from grafana/alerts.yaml; change it there.\n"


class Dumper(yaml.SafeDumper):
    """Texts of several lines stay readable."""


def _text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _text)
Dumper.ignore_aliases = lambda *_: True


def load(path=HERE / "alerts.yaml"):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def rules_of(alerts):
    return [(group, rule) for group in alerts["groups"] for rule in group["rules"]]


def seconds(duration):
    return int(duration[:-1]) * SECONDS[duration[-1]]


def panel_ids(folder=HERE / "dashboards"):
    """"dashboard/title" -> (uid, id)."""
    ids = {}
    for path in sorted(folder.glob("*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            ids[f"{dashboard['uid']}/{panel['title']}"] = (dashboard["uid"], panel["id"])
    return ids


def check(alerts):
    """What a slip of the pen would break, said before anything is written."""
    base, seen = alerts["runbooks_url"], set()
    assert re.fullmatch(r"(https?://[^\s$]+)?", base), f"runbooks_url: {base} is no http address"
    for group, rule in rules_of(alerts):
        name = rule.get("title", "a rule without title")
        assert not set(rule) - KEYS, f"{name}: unknown {set(rule) - KEYS}"
        assert ("above" in rule) != ("below" in rule), f"{name}: give either above or below"
        assert rule.get("no_data") in STATES["no_data"], f"{name}: no_data is one of {STATES['no_data']}"
        assert rule.get("on_error", "KeepLast") in STATES["on_error"], f"{name}: on_error is one of {STATES['on_error']}"
        assert rule["uid"] not in seen and len(rule["uid"]) <= 40, f"{name}: uid {rule['uid']} is taken or longer than 40"
        assert "now()" not in rule["sql"], f"{name}: now() would make the rule impossible to test; use $__timeTo()"
        assert "${" not in rule["summary"] + rule["description"], f"{name}: Grafana would expand ${{...}} from its environment"
        seen.add(rule["uid"])


def threshold(alerts, rule):
    """("above" or "below", the number)."""
    direction = "above" if "above" in rule else "below"
    name = rule[direction]
    return direction, alerts["thresholds"][name] if isinstance(name, str) else name


def for_grafana(text):
    """A template in which the value may be missing: an alert raised by silence has none."""
    return re.sub(r"\{value:([^}]+)\}", r'{{ with $values.B }}{{ printf "\1" .Value }}{{ else }}?{{ end }}', text)


def for_prometheus(text):
    return re.sub(r"\{value:([^}]+)\}", r'{{ $value | printf "\1" }}', text)


def query(ref, model, source, window):
    return {"refId": ref, "relativeTimeRange": {"from": window, "to": 0}, "datasourceUid": source, "model": {"refId": ref, **model}}


def runbook(alerts, group, rule):
    """What to do, as a place in this tree and, where that is served, as a link."""
    place = f"{group['docs']}#{rule['title'].lower()}"
    base = alerts["runbooks_url"].rstrip("/")
    return {"runbook": place, **({"runbook_url": f"{base}/{place}"} if base else {})}


def grafana_rule(alerts, group, rule, panels):
    direction, limit = threshold(alerts, rule)
    dashboard, panel = panels[rule["panel"]]
    window = seconds(rule["window"])
    expression = {"type": "__expr__", "uid": "__expr__"}
    return {
        "uid": rule["uid"], "title": rule["title"], "condition": "C",
        "data": [
            query("A", {"datasource": {"type": "grafana-postgresql-datasource", "uid": QUESTDB}, "format": "table", "rawQuery": True,
                        "editorMode": "code", "rawSql": rule["sql"]}, QUESTDB, window),
            query("B", {"datasource": expression, "type": "reduce", "expression": "A", "reducer": "last",
                        "settings": {"mode": "dropNN"}}, "__expr__", 0),
            query("C", {"datasource": expression, "type": "threshold", "expression": "B",
                        "conditions": [{"evaluator": {"type": "gt" if direction == "above" else "lt", "params": [limit]}}]}, "__expr__", 0),
        ],
        "for": rule["for"], "noDataState": rule["no_data"], "execErrState": rule.get("on_error", "KeepLast"),
        "missing_series_evals_to_resolve": seconds(alerts["missing_series"]) // seconds(group["interval"]),
        "labels": {"severity": rule["severity"], **group["labels"]},
        "annotations": {
            "summary": for_grafana(rule["summary"]), "description": for_grafana(rule["description"]),
            **runbook(alerts, group, rule), "__dashboardUid__": dashboard, "__panelId__": str(panel)},
        "dashboardUid": dashboard, "panelId": panel, "isPaused": False}


def grafana_file(alerts, group, panels):
    return {"apiVersion": 1, "groups": [{"orgId": 1, "name": group["name"], "folder": group["folder"], "interval": group["interval"],
                                         "rules": [grafana_rule(alerts, group, rule, panels) for rule in group["rules"]]}]}


def prometheus_rule(alerts, group, rule):
    _, limit = threshold(alerts, rule)
    wait = rule.get("expr_for", rule["for"])
    return {
        "alert": rule["title"], "expr": rule["expr"].replace("{threshold}", str(limit)),
        "for": wait if wait not in alerts["thresholds"] else f"{alerts['thresholds'][wait]}s",
        "labels": {"severity": rule["severity"], **group["labels"]},
        "annotations": {"summary": for_prometheus(rule["summary"]),
                        "description": for_prometheus(rule.get("expr_description", rule["description"])),
                        **runbook(alerts, group, rule)}}


def files(alerts, panels):
    """Path below the tree -> text."""
    written = {}
    for group in alerts["groups"]:
        with_expression = [rule for rule in group["rules"] if "expr" in rule]
        outputs = {f"grafana/provisioning/alerting/rules-{group['name']}.yaml": grafana_file(alerts, group, panels)}
        if with_expression:
            outputs[f"compose/prometheus/rules-{group['name']}.yml"] = {"groups": [{
                "name": group["name"], "interval": group["interval"],
                "rules": [prometheus_rule(alerts, group, rule) for rule in with_expression]}]}
        for path, content in outputs.items():
            written[path] = WRITTEN + yaml.dump(content, Dumper=Dumper, sort_keys=False, width=1000, allow_unicode=True)
    return written


def main(folder=HERE.parent):
    alerts = load()
    check(alerts)
    for path, text in files(alerts, panel_ids()).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*(pathlib.Path(argument) for argument in sys.argv[1:2]))
