"""Dashboards and provisioning files against what Grafana publishes of them: the foundation SDK's types, and the fields
that its provisioning reads. Grafana reads past a field it does not know, so a slip of the pen is told nowhere else."""
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys

import dashboards_read as read
import grafana_types
import pytest
import yaml

PROVISIONING = read.ROOT / "grafana/provisioning"
SDKS = read.ROOT / "build/tools/grafana-sdk"  # made by `make tools`
NEWEST, OLDEST = "current", "11.0"
# The types of Grafana 11.0 leave out what its code has: the text beside a variable's query, and the state KeepLast.
LEFT_OUT = {OLDEST: (".definition: is not known", ".exec_err_state: 'KeepLast' is not")}


@pytest.mark.parametrize("sdk", [NEWEST, OLDEST])
def test_everything_is_of_grafanas_types(sdk):
    """In a process of its own, as both have the same names."""
    assert (SDKS / sdk).is_dir(), f"{SDKS / sdk} is missing: run `make tools`"
    done = subprocess.run([sys.executable, grafana_types.__file__, str(SDKS / sdk)], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    *found, summary = done.stdout.splitlines()
    assert int(summary.split()[0]) > 30000, summary
    assert [line for line in found if not any(words in line for words in LEFT_OUT.get(sdk, ()))] == []


@pytest.fixture(scope="module")
def reader():
    return grafana_types.Reader(SDKS / NEWEST)


def board(change):
    def spoil(folder):
        path = folder / "dashboards/nautilus-health.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data, {panel["title"]: panel for panel in data["panels"]})
        path.write_text(json.dumps(data), encoding="utf-8")
    return spoil


def rule(change):
    def spoil(folder):
        path = folder / "alerting/rules-nautilus.yaml"
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(data["groups"][0]["rules"][0])
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return spoil


def model(index, **fields):
    return rule(lambda one: one["data"][index]["model"].update(fields))


SLIPS = {  # what is spoilt -> what must be said
    "a field of the dashboard": (board(lambda data, _: data.update(timezon="utc")), "nautilus-health.timezon"),
    "a number that is a text": (board(lambda data, _: data.update(schemaVersion="39")), "schema_version"),
    "a cursor that is none": (board(lambda data, _: data.update(graphTooltip=7)), "graph_tooltip"),
    "a field of a panel": (board(lambda _, panels: panels["Memory"].update(gridPoss={})), "Memory.gridPoss"),
    "a width that is a text": (board(lambda _, panels: panels["Memory"]["gridPos"].update(w="12")), "grid_pos.w"),
    "a stat's option": (board(lambda _, panels: panels["Uptime"]["options"].update(graphMod="none")), "options.graphMod"),
    "a word no stat knows": (board(lambda _, panels: panels["Uptime"]["options"].update(graphMode="bars")), "graph_mode"),
    "how a curve is drawn": (board(lambda _, panels: panels["Memory"]["fieldConfig"]["defaults"]["custom"].update(drawStyle="lines")), "draw_style"),
    "a legend's place": (board(lambda _, panels: panels["Memory"]["options"]["legend"].update(placement="below")), "placement"),
    "a threshold without a colour's name": (board(lambda _, panels: panels["Memory"]["fieldConfig"]["defaults"]["thresholds"]["steps"][0].update(color=3)), "color"),
    "a panel of another kind": (board(lambda _, panels: panels["Memory"].update(type="stat")), "Memory"),
    "a query's field": (board(lambda _, panels: panels["Memory"]["targets"][0].update(rawSQL="")), "rawSQL"),
    "a query's format": (board(lambda _, panels: panels["Memory"]["targets"][0].update(format="timeseries")), "format"),
    "a variable's sort": (board(lambda data, _: data["templating"]["list"][0].update(sort="asc")), "sort"),
    "a link's field": (board(lambda data, _: data["links"][0].update(newTab=True)), "newTab"),
    "the alert list's filter": (board(lambda _, panels: panels["Alerts firing"]["options"]["stateFilter"].update(alerting=True)), "alerting"),
    "a rule's field": (rule(lambda one: one.update(noDataStat="OK")), "noDataStat"),
    "a state there is not": (rule(lambda one: one.update(noDataState="Ok")), "no_data_state"),
    "a wait in seconds": (rule(lambda one: one.update({"for": 30})), "for_val"),
    "a label that is a number": (rule(lambda one: one["labels"].update(severity=1)), "labels.severity"),
    "an annotation that is a number": (rule(lambda one: one["annotations"].update(__panelId__=1)), "__panelId__"),
    "a reducer there is not": (model(1, reducer="newest"), "reducer"),
    "a reducer's mode": (model(1, settings={"mode": "drop"}), "mode"),
    "a comparison there is not": (model(2, conditions=[{"evaluator": {"type": "above", "params": [1]}}]), "type"),
    "a limit that is a text": (model(2, conditions=[{"evaluator": {"type": "gt", "params": ["1"]}}]), "params"),
    "a rule's query": (model(0, rawsql=""), "rawsql"),
}


@pytest.mark.filterwarnings("ignore:Prefer using dashboardv2")
@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_of_the_pen_is_found(name, reader, tmp_path):
    spoil, said = SLIPS[name]
    (tmp_path / "dashboards").mkdir()
    shutil.copy(read.FOLDER / "nautilus-health.json", tmp_path / "dashboards")
    (tmp_path / "alerting").mkdir()
    shutil.copy(PROVISIONING / "alerting/rules-nautilus.yaml", tmp_path / "alerting")
    spoil(tmp_path)
    reader.found = []
    reader.read(tmp_path)
    assert reader.found and said in reader.found[0], reader.found


# ---- provisioning files: the fields Grafana reads (pkg/services/provisioning/*/types.go and the tables of its manual,
# "Provision Grafana" and "Use configuration files to provision alerting resources")


class Needed:
    """A field that must be there and not be empty."""

    def __init__(self, kind):
        self.kind = kind


DURATION = "duration"
TIME_RANGE = {"start_time": str, "end_time": str}
ROUTE = {"receiver": Needed(str), "group_by": [str], "group_wait": DURATION, "group_interval": DURATION, "repeat_interval": DURATION,
         "matchers": [str], "object_matchers": [[str]], "mute_time_intervals": [str], "active_time_intervals": [str], "continue": bool}
ROUTE["routes"] = [ROUTE]
RULE = {"uid": Needed(str), "title": Needed(str), "condition": Needed(str), "for": Needed(DURATION), "keepFiringFor": DURATION,
        "data": Needed([{"refId": Needed(str), "queryType": str, "relativeTimeRange": {"from": int, "to": int},
                         "datasourceUid": Needed(str), "model": Needed(dict)}]),
        "noDataState": {"OK", "Alerting", "NoData", "KeepLast"}, "execErrState": {"OK", "Alerting", "Error", "KeepLast"},
        "missing_series_evals_to_resolve": int, "labels": dict, "annotations": dict, "isPaused": bool, "dashboardUid": str, "panelId": int}
WEBHOOK = {"url": Needed(str), "httpMethod": {"POST", "PUT"}, "maxAlerts": int, "username": str, "password": str,
           "authorization_scheme": str, "authorization_credentials": str, "title": str, "message": str, "headers": dict,
           "hmacConfig": {"secret": Needed(str), "header": str, "timestampHeader": str},
           "tlsConfig": {"insecureSkipVerify": bool, "caCertificate": str, "clientCertificate": str, "clientKey": str}}
ALERTING = {
    "apiVersion": Needed(int),
    "groups": [{"orgId": int, "name": Needed(str), "folder": Needed(str), "interval": Needed(DURATION), "rules": Needed([RULE])}],
    "contactPoints": [{"orgId": int, "name": Needed(str), "receivers": Needed([
        {"uid": Needed(str), "type": {"webhook"}, "disableResolveMessage": bool, "settings": Needed(WEBHOOK)}])}],
    "policies": [{"orgId": int, **ROUTE}],
    "muteTimes": [{"orgId": int, "name": Needed(str), "time_intervals": Needed([
        {"times": [TIME_RANGE], "weekdays": [str], "days_of_month": [str], "months": [str], "years": [str], "location": str}])}],
}
SOURCES = {"apiVersion": Needed(int), "prune": bool, "datasources": [{
    "orgId": int, "name": Needed(str), "uid": str, "type": Needed(str), "access": {"proxy", "direct"}, "url": str, "user": str, "database": str,
    "basicAuth": bool, "basicAuthUser": str, "withCredentials": bool, "isDefault": bool, "editable": bool, "version": int,
    "secureJsonData": dict, "jsonData": {
        "database": str, "sslmode": {"disable", "require", "verify-ca", "verify-full"}, "postgresVersion": int, "timescaledb": bool,
        "maxOpenConns": int, "maxIdleConns": int, "maxIdleConnsAuto": bool, "connMaxLifetime": int, "timeInterval": str,
        "httpMethod": {"GET", "POST"}, "handleGrafanaManagedAlerts": bool, "implementation": str}}]}
PROVIDERS = {"apiVersion": Needed(int), "providers": [{
    "name": Needed(str), "orgId": int, "folder": str, "folderUid": str, "type": {"file"}, "disableDeletion": bool, "editable": bool,
    "allowUiUpdates": bool, "updateIntervalSeconds": int, "options": {"path": Needed(str), "foldersFromFilesStructure": bool}}]}
FILES = {"alerting": ALERTING, "datasources": SOURCES, "dashboards": PROVIDERS}


def wrong(value, kind, path):
    """Each field that is unknown, of another type, or missing."""
    if isinstance(kind, Needed):
        return wrong(value, kind.kind, path) if value not in (None, "", [], {}) else [f"{path} is empty"]
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            return [f"{path} is no map"]
        found = [f"{path}.{name} is not a field of Grafana's" for name in value if name not in kind]
        found += [f"{path}.{name} is missing" for name, one in kind.items() if isinstance(one, Needed) and name not in value]
        return found + [text for name, one in value.items() if name in kind for text in wrong(one, kind[name], f"{path}.{name}")]
    if isinstance(kind, list):
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [text for index, one in enumerate(value) for text in wrong(one, kind[0], f"{path}[{index}]")]
    if isinstance(kind, set):
        return [] if value in kind else [f"{path} is {value!r}, not one of {sorted(kind)}"]
    if kind == DURATION:
        return [] if isinstance(value, str) and re.fullmatch(r"(\d+(ms|[smhdwy]))+", value) else [f"{path} is {value!r}, no duration"]
    return [] if type(value) is kind else [f"{path} is {value!r}, no {kind.__name__}"]


CHECKED_IN = sorted(str(path.relative_to(PROVISIONING)) for path in PROVISIONING.rglob("*.y*ml*"))


@pytest.mark.parametrize("name", CHECKED_IN)
def test_provisioning_file(name):
    data = yaml.safe_load((PROVISIONING / name).read_text(encoding="utf-8"))
    assert wrong(data, FILES[name.split("/")[0]], name) == []
    assert data["apiVersion"] == 1


def test_every_kind_of_file_is_there():
    assert len(CHECKED_IN) >= 9 and {name.split("/")[0] for name in CHECKED_IN} == set(FILES)


PROVISIONING_SLIPS = {
    "a field": ({"apiVersion": 1, "groups": [{"name": "a", "folder": "b", "intervall": "1m", "rules": [{}]}]}, "intervall is not a field"),
    "nothing to ask": ({"apiVersion": 1, "groups": [{"name": "a", "folder": "b", "interval": "1m", "rules": []}]}, "rules is empty"),
    "a duration": ({"apiVersion": 1, "policies": [{"receiver": "n", "group_wait": 30}]}, "group_wait is 30, no duration"),
    "a route below": ({"apiVersion": 1, "policies": [{"receiver": "n", "routes": [{"reciever": "n"}]}]}, "reciever is not a field"),
    "a secret": ({"apiVersion": 1, "contactPoints": [{"name": "n", "receivers": [{"uid": "u", "type": "webhook", "settings": {
        "url": "http://n", "hmacConfig": {"header": "x"}}}]}]}, "secret is missing"),
    "a matcher": ({"apiVersion": 1, "policies": [{"receiver": "n", "object_matchers": ["a = b"]}]}, "is no list"),
}


@pytest.mark.parametrize("name", PROVISIONING_SLIPS)
def test_a_slip_in_a_provisioning_file_is_found(name):
    data, said = PROVISIONING_SLIPS[name]
    assert any(said in text for text in wrong(data, ALERTING, "file")), wrong(data, ALERTING, "file")


def test_the_types_are_those_that_are_pinned():
    """What was installed is what tests/dashboards/grafana-sdk-*.txt name."""
    for sdk in (NEWEST, OLDEST):
        wanted = (read.ROOT / f"tests/dashboards/grafana-sdk-{sdk}.txt").read_text(encoding="utf-8").split("==")[1].split()[0]
        [installed] = importlib.metadata.distributions(path=[str(SDKS / sdk)])
        assert installed.version == f"v{wanted.split('!')[-1]}" or installed.version == wanted
