"""Small words for Grafana's dashboard model, so that the dashboards say only what is shown.

Every panel names its id: links, alerts and screenshots refer to it, so an id is never given to another panel.
Queries are SQL for QuestDB through Grafana's PostgreSQL data source. A series query returns `time`, a number, and
where there are several curves the column `metric` that names them.
"""

QUESTDB = {"type": "grafana-postgresql-datasource", "uid": "questdb"}
WIDTH = 24  # columns of Grafana's grid
LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"
UP = {1: ("up", GREEN), 0: ("down", RED)}
DOWN = {0: ("up", GREEN), 1: ("down", RED)}


def target(sql, series, ref="A"):
    return {"refId": ref, "datasource": QUESTDB, "format": "time_series" if series else "table", "rawQuery": True, "editorMode": "code",
            "rawSql": sql.strip() + "\n"}


def steps(limit=None, worse="above", warn=None):
    """Threshold steps: red from the rule's limit on (or below it), orange from `warn` on."""
    if limit is None:
        return [{"color": GREEN, "value": None}]
    if worse == "below":
        return [{"color": RED, "value": None}, {"color": GREEN, "value": limit}]
    middle = [] if warn is None else [{"color": ORANGE, "value": warn}]
    return [{"color": GREEN, "value": None}, *middle, {"color": RED, "value": limit}]


def mapping(words):
    return [{"type": "value", "options": {
        str(value): {"text": text, "color": color, "index": index} for index, (value, (text, color)) in enumerate(words.items())}}]


def panel(kind, id, title, sql, *, series, unit="short", width=6, height=4, limit=None, worse="above", warn=None, words=None, decimals=None,
          description="", options=None, custom=None, overrides=(), least=None, most=None, interval=None):
    """One panel; `sql` is a query or a list of them. `limit` is the rule's threshold, `words` what numbers are called."""
    queries = [sql] if isinstance(sql, str) else sql
    defaults = {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps(limit, worse, warn)},
                "mappings": mapping(words) if words else [],
                "color": {"mode": "palette-classic" if kind in ("timeseries", "barchart") else "thresholds"}, "custom": custom or {}}
    for name, value in (("decimals", decimals), ("min", least), ("max", most)):
        if value is not None:
            defaults[name] = value
    made = {"id": id, "type": kind, "title": title, "description": description, "datasource": QUESTDB, "gridPos": {"w": width, "h": height},
            "targets": [target(query, series, chr(ord("A") + index)) for index, query in enumerate(queries)],
            "fieldConfig": {"defaults": defaults, "overrides": list(overrides)}, "options": options or {}}
    if interval:
        made["interval"] = interval
    return made


def stat(id, title, sql, **more):
    """The newest number, one tile a series. Colour follows the thresholds or the words."""
    colored = "limit" in more or "words" in more
    return panel("stat", id, title, sql, series=True, options={
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "background" if colored else "value",
        "graphMode": "none", "textMode": "auto", "orientation": "auto", "justifyMode": "auto"}, **more)


def gauge(id, title, sql, **more):
    return panel("bargauge", id, title, sql, series=True, options={
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "displayMode": "lcd",
        "orientation": "horizontal", "valueMode": "color"}, **more)


def curves(id, title, sql, *, limit=None, fill=8, stack=False, bars=False, **more):
    """Lines over time; the rule's threshold is drawn as a dashed line."""
    custom = {"drawStyle": "bars" if bars else "line", "lineWidth": 1, "fillOpacity": 60 if bars else fill, "showPoints": "never",
              "spanNulls": False, "stacking": {"mode": "normal" if stack else "none", "group": "A"},
              "thresholdsStyle": {"mode": "off" if limit is None else "dashed"}}
    return panel("timeseries", id, title, sql, series=True, limit=limit, custom=custom, options={
        "legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
        **{"width": 12, "height": 8, **more})


def timeline(id, title, sql, words, **more):
    """States over time; the pointer shows how long each lasted."""
    return panel("state-timeline", id, title, sql, series=True, words=words, custom={"lineWidth": 0, "fillOpacity": 80}, options={
        "mergeValues": True, "showValue": "never", "rowHeight": 0.85, "alignValue": "left",
        "legend": LEGEND, "tooltip": {"mode": "single", "sort": "none"}},
        **{"width": 24, "height": 7, **more})


def unit_of(name, unit, **more):
    """How one column of a table is shown."""
    properties = [{"id": "unit", "value": unit}]
    if "words" in more:
        properties += [{"id": "mappings", "value": mapping(more["words"])},
                       {"id": "custom.cellOptions", "value": {"type": "color-background"}}]
    return {"matcher": {"id": "byName", "options": name}, "properties": properties}


def table(id, title, sql, **more):
    return panel("table", id, title, sql, series=False, custom={"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True},
                 options={"showHeader": True, "footer": {"show": False, "reducer": []}, "cellHeight": "sm"}, **{"width": 24, "height": 7, **more})


def alerts(id, stack, **more):
    """What fires now. Its query is Grafana's own."""
    made = panel("alertlist", id, "Alerts firing", [], series=False, options={
        "viewMode": "list", "groupMode": "default", "groupBy": [], "maxItems": 20, "sortOrder": 1, "dashboardAlerts": False,
        "alertName": "", "alertInstanceLabelFilter": '{stack="%s"}' % stack, "stateFilter": {
            "firing": True, "pending": True, "noData": True, "normal": False, "error": True}}, **more)
    del made["targets"], made["datasource"]
    return made


def variable(name, label, sql):
    """One value, several, or all. "All" is a pattern, so that a new system without values shows empty panels, not errors."""
    return {"type": "query", "name": name, "label": label, "datasource": QUESTDB, "query": sql, "definition": sql, "refresh": 2, "sort": 1,
            "multi": True, "includeAll": True, "allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "options": [], "hide": 0, "regex": ""}


def constant(name, value):
    return {"type": "constant", "name": name, "query": value, "current": {"selected": False, "text": value, "value": value}, "hide": 2,
            "skipUrlSync": True, "options": [{"selected": True, "text": value, "value": value}]}


def place(panels):
    """Left to right, then the next line; a line is as high as its highest panel."""
    x = y = line = 0
    for one in panels:
        grid = one["gridPos"]
        if x + grid["w"] > WIDTH:
            x, y, line = 0, y + line, 0
        grid["x"], grid["y"] = x, y
        x, line = x + grid["w"], max(line, grid["h"])
    return panels


def dashboard(uid, title, panels, variables, *, tags, refresh="30s", span="6h", folder=None):
    ids = [one["id"] for one in panels]
    titles = [one["title"] for one in panels]
    assert len(set(ids)) == len(ids), f"{uid}: a panel id is used twice"
    assert len(set(titles)) == len(titles), f"{uid}: alerts find panels by title, and one is used twice"
    return {
        "uid": uid, "title": title, "tags": tags, "timezone": "browser", "schemaVersion": 39, "version": 1, "editable": False,
        "graphTooltip": 1, "refresh": refresh, "time": {"from": f"now-{span}", "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "15s", "30s", "1m", "5m"]},
        "templating": {"list": [*variables, {
            "type": "textbox", "name": "notifier", "label": "Notifier", "query": "http://127.0.0.1:8686", "hide": 2,
            "current": {"selected": True, "text": "http://127.0.0.1:8686", "value": "http://127.0.0.1:8686"},
            "options": [{"selected": True, "text": "http://127.0.0.1:8686", "value": "http://127.0.0.1:8686"}]}]},
        # Grafana's own annotations: each change of state of a rule that names one of these panels.
        "annotations": {"list": [{"builtIn": 1, "type": "dashboard", "name": "Alerts", "enable": True, "hide": False, "iconColor": "red",
                                  "datasource": {"type": "grafana", "uid": "-- Grafana --"}}]},
        "links": [
            {"type": "link", "title": "Alert history", "tooltip": "What was told, to whom, when", "url": "${notifier}/history", "icon": "bell",
             "targetBlank": True, "asDropdown": False, "includeVars": False, "keepTime": False, "tags": []},
            {"type": "dashboards", "title": "Dashboards", "tags": [tags[0]], "asDropdown": True, "includeVars": True, "keepTime": True,
             "icon": "external link", "targetBlank": False, "url": "", "tooltip": ""}],
        "panels": place(panels)}
