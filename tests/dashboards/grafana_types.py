#!/usr/bin/python3
"""What Grafana's own types say about the dashboards and rules that are checked in.

    grafana_types.py SDK [FOLDER]   SDK: an installed grafana-foundation-sdk, the types Grafana publishes for one version.
                                    FOLDER: dashboards/ and alerting/ below it are read; the tree's, unless said.

Everything is read into the types and written again. What comes back must hold each field as it was (a field the types
do not know is lost there), and each value must be of its field's type. Prints a line for each deviation.
"""
import enum
import json
import pathlib
import sys
import types
import typing

import yaml

GRAFANA = pathlib.Path(__file__).resolve().parents[2] / "grafana"

# The SDK has no types for these two. Fields and their types as Grafana declares them:
# SQLQuery in packages/grafana-sql/src/types.ts, UnifiedAlertListOptions in public/app/plugins/panel/alertlist/types.ts.
SQL_QUERY = {"refId": str, "datasource": {"type": str, "uid": str}, "format": {"time_series", "table"}, "rawQuery": bool,
             "editorMode": {"code", "builder"}, "rawSql": str}
ALERT_LIST = {"viewMode": {"list", "stat"}, "groupMode": {"default", "custom"}, "groupBy": list, "maxItems": int,
              "sortOrder": {1, 2, 3, 4, 5}, "dashboardAlerts": bool, "alertName": str, "alertInstanceLabelFilter": str,
              "stateFilter": {"firing": bool, "pending": bool, "noData": bool, "normal": bool, "error": bool}}


class Reader:
    """One version of the SDK, and what it finds."""

    def __init__(self, sdk):
        sys.path.insert(0, str(sdk))
        from grafana_foundation_sdk.cog import encoder, plugins, runtime
        from grafana_foundation_sdk.models import alerting, dashboard, expr

        plugins.register_default_plugins()
        self.encode, self.unknown_query = encoder.JSONEncoder, runtime.UnknownDataquery
        self.types = {"dashboard": dashboard.Dashboard, "panel": dashboard.Panel, "rule": alerting.Rule,
                      "reduce": expr.TypeReduce, "threshold": expr.TypeThreshold}
        self.found, self.values = [], 0

    def report(self, path, text):
        self.found.append(f"{path}: {text}")

    def check(self, kind, data, path):
        made = kind.from_json(data)
        self.kept(data, json.loads(json.dumps(made, cls=self.encode)), path)
        self.typed(made, path)
        return made

    def kept(self, before, after, path):
        """Everything of `before` is in `after`, which may say more: defaults."""
        if isinstance(before, dict) and isinstance(after, dict):
            for name, value in before.items():
                if name not in after and value is not None:
                    self.report(f"{path}.{name}", "is not known to Grafana's types")
                elif name in after:
                    self.kept(value, after[name], f"{path}.{name}")
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            for index, pair in enumerate(zip(before, after)):
                self.kept(*pair, f"{path}[{index}]")
        elif before != after:
            self.report(path, f"{before!r} became {after!r}")

    def typed(self, made, path):
        for name, hint in typing.get_type_hints(type(made)).items():
            self.conforms(getattr(made, name, None), hint, f"{path}.{name}")

    def matches(self, value, hint, path):
        """Whether `value` is a `hint`, without telling."""
        before, self.found = self.found, []
        try:
            self.conforms(value, hint, path)
            return not self.found
        finally:
            self.found = before

    def conforms(self, value, hint, path):
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        self.values += 1
        if origin in (typing.Union, types.UnionType):
            if not any(self.matches(value, one, path) for one in arguments):
                rest = [one for one in arguments if one is not type(None)]
                if len(rest) == 1 and value is not None:
                    self.conforms(value, rest[0], path)
                else:
                    self.report(path, f"{value!r} is none of {hint}")
        elif origin is typing.Literal:
            self.told(value in arguments, path, value, hint)
        elif origin is list:
            if self.told(isinstance(value, list), path, value, hint):
                for index, one in enumerate(value):
                    self.conforms(one, arguments[0], f"{path}[{index}]")
        elif origin is dict:
            if self.told(isinstance(value, dict), path, value, hint):
                for name, one in value.items():
                    self.conforms(one, arguments[1], f"{path}.{name}")
        elif hint is object or hint is typing.Any:
            if hasattr(value, "to_json"):  # options and custom fields of a panel's own type
                self.typed(value, path)
        elif isinstance(hint, type) and issubclass(hint, enum.Enum):
            self.told(value in [one.value for one in hint], path, value, hint)
        elif isinstance(value, self.unknown_query):
            self.listed(value.to_json(), SQL_QUERY, path)
        elif hasattr(hint, "from_json") and isinstance(value, dict):
            self.check(hint, value, path)
        elif hasattr(value, "to_json"):
            self.told(isinstance(value, hint), path, type(value), hint)
            self.typed(value, path)
        else:
            right = isinstance(value, (int, float) if hint is float else hint) and isinstance(value, bool) == (hint is bool)
            self.told(right, path, value, hint)

    def told(self, right, path, value, hint):
        if not right:
            self.report(path, f"{value!r} is not {getattr(hint, '__name__', hint)}")
        return right

    def listed(self, data, fields, path):
        """Against a table of fields: a type, a set of words, or a table again."""
        for name, value in data.items():
            kind, where = fields.get(name), f"{path}.{name}"
            if kind is None:
                self.report(where, "is not a field of Grafana's")
            elif isinstance(kind, dict):
                self.listed(value, kind, where)
            elif isinstance(kind, set):
                self.told(value in kind, where, value, kind)
            else:
                self.told(type(value) is kind, where, value, kind)

    def dashboard(self, data, name):
        self.check(self.types["dashboard"], {**data, "panels": []}, name)
        for panel in data["panels"]:
            where = f"{name}/{panel.get('title')}"
            self.check(self.types["panel"], panel, where)
            if panel.get("type") == "alertlist":
                self.listed(panel.get("options", {}), ALERT_LIST, f"{where}.options")

    def rule(self, group, data, name):
        """A rule of a provisioning file as the API's type has it: the file spells a few fields another way."""
        known = {**data, "folderUID": group["folder"], "ruleGroup": group["name"], "orgID": group.get("orgId", 1)}
        for file_name, api_name in (("missing_series_evals_to_resolve", "missingSeriesEvalsToResolve"), ("keepFiringFor", "keep_firing_for")):
            if file_name in known:
                known[api_name] = known.pop(file_name)
        for only_in_files in ("dashboardUid", "panelId"):
            known.pop(only_in_files, None)
        if not hasattr(self.types["rule"](), "missing_series_evals_to_resolve"):
            known.pop("missingSeriesEvalsToResolve", None)  # Grafana before 12 reads past it
        self.check(self.types["rule"], known, name)
        for step in data["data"]:
            model, where = step["model"], f"{name}/{step['refId']}"
            if step["datasourceUid"] == "__expr__":
                self.check(self.types[model["type"]], model, where)
            else:
                self.listed(model, SQL_QUERY, where)


    def read(self, folder):
        for path in sorted(folder.glob("dashboards/*.json")):
            self.dashboard(json.loads(path.read_text(encoding="utf-8")), path.stem)
        for path in sorted(folder.glob("**/alerting/rules-*.yaml")):
            for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
                for rule in group["rules"]:
                    self.rule(group, rule, rule["title"])


def main(sdk, folder=GRAFANA):
    reader = Reader(sdk)
    reader.read(pathlib.Path(folder))
    print("\n".join([*reader.found, f"{reader.values} values, {len(reader.found)} deviations"]))
    return 1 if reader.found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
