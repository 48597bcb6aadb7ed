"""The dashboards and rules as they are checked in, and what a query in them becomes."""
import json
import pathlib

import grafana_sql
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "grafana/dashboards"
TIME, TEXT, NUMBERS = 1114, {25, 1043}, {20, 21, 23, 700, 701}
RANGES = {"1h": 3600, "24h": 86400, "30d": 30 * 86400}


def dashboards():
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def targets():
    """(name, dashboard, panel, target) of every query of every panel."""
    return [(f"{board['uid']}/{panel['title']}/{target['refId']}", board, panel, target)
            for board in dashboards() for panel in board["panels"] for target in panel.get("targets", [])]


def variables(board, choice=None):
    """Everything is "All", but for what `choice` says; constants are themselves."""
    values = {one["name"]: "$__all" if one["type"] == "query" else one["query"] for one in board["templating"]["list"]}
    values.update({name: value for name, value in (choice or {}).items() if name in values})
    return values


def sql_of(board, panel, target, start, end, choice=None):
    return grafana_sql.expand(target["rawSql"], start, end, variables(board, choice), panel.get("interval", "15s"))


def rules():
    """(group, rule) of every Grafana rule."""
    return [(group, rule) for path in sorted((ROOT / "grafana/provisioning/alerting").glob("rules-*.yaml"))
            for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
