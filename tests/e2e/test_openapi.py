"""The schema is true: every path of it is served as it says, every answer has the shape it names, and nothing is served besides."""
import json
import re

import pytest

from daemon import ADMIN, OPS, ROOT, VIEWER, alert, config, console, grafana, hook, until

PEOPLE = {"tokens": [{"name": "ops", "token": OPS, "role": "operator"}, {"name": "wall", "token": VIEWER, "role": "viewer"},
                     {"name": "root", "token": ADMIN, "role": "admin"}]}
TOKENS = {"viewer": VIEWER, "operator": OPS, "admin": ADMIN, "source": OPS}


def resolve(schema, document):
    while "$ref" in schema:
        target = document
        for name in schema["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        schema = target
    return schema


def complaints(value, schema, document, where="answer"):
    """What of a value a schema of OpenAPI 3.0 does not allow; the part of it that we use."""
    schema = resolve(schema, document)
    if "allOf" in schema:
        merged = {"type": "object", "properties": {}, "required": []}
        for part in (resolve(part, document) for part in schema["allOf"]):
            merged["properties"] |= part["properties"]
            merged["required"] += part["required"]
        schema = merged
    if value is None:
        return [] if schema.get("nullable") or not schema.get("type") else [f"{where} is null"]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    wanted = schema.get("type")
    if wanted and (not isinstance(value, kinds[wanted]) or (isinstance(value, bool) and wanted != "boolean")):
        return [f"{where} is {value!r:.60}, not {wanted}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where} is {value!r}, none of {schema['enum']}")
    if schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
        found.append(f"{where} is {value!r}, no time")
    if wanted == "array":
        for index, item in enumerate(value):
            found += complaints(item, schema["items"], document, f"{where}[{index}]")
    if wanted == "object":
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties", not properties)
        found += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            if name in properties:
                found += complaints(inner, properties[name], document, f"{where}.{name}")
            elif isinstance(more, dict):
                found += complaints(inner, more, document, f"{where}.{name}")
            elif not more:
                found.append(f"{where}.{name} is not in the schema")
    return found


@pytest.fixture
def busy(start, sink):
    """A daemon that has something to show of everything."""
    dead = {"name": "dead", "type": "webhook", "url": "http://127.0.0.1:9/dead", "timeout": "1s"}
    d = start(config(hook(sink), dead, console(), auth=PEOPLE, route={"give_up_after": "1s", "group_interval": "1s"}), token=OPS)
    d.fire(alert("DiskFull", severity="critical", number="1"), alert("Slow", severity="warning"))
    d.fire(alert("Slow", status="resolved", severity="warning"))
    d.post("no JSON {")
    silence = {"matchers": [{"name": "alertname", "value": "Nothing", "isRegex": False, "isEqual": True}], "startsAt": "2026-01-01T00:00:00Z",
               "endsAt": "2099-01-01T00:00:00Z", "createdBy": "ops", "comment": "tests"}
    made = d.post(json.dumps(silence), path="/api/v2/silences")
    assert made.status == 200, made
    until(lambda: d.items("/api/v1/deliveries?status=dead"), "a dead letter")
    d.silence, d.silence_id = silence, made.json["silenceID"]
    return d


def sample(d, method, path):
    """(path, body) of a call that is expected to succeed."""
    items = lambda name: d.items(f"/api/v1/{name}")
    dead = lambda: d.items("/api/v1/deliveries?status=dead&channel=dead")[0]["id"]
    paths = {
        "/api/v1/webhook/{source}": lambda: "/api/v1/webhook/grafana", "/api/v1/deliveries/{id}": lambda: f"/api/v1/deliveries/{dead()}",
        "/api/v1/why/{id}": lambda: f"/api/v1/why/{items('alerts')[0]['id']}", "/api/v1/channels/{name}/test": lambda: "/api/v1/channels/console/test",
        "/api/v1/deliveries/retry": lambda: "/api/v1/deliveries/retry?channel=dead", "/api/v1/deliveries/{id}/retry": lambda: f"/api/v1/deliveries/{dead()}/retry",
        "/api/v1/quarantine/{id}": lambda: f"/api/v1/quarantine/{items('quarantine')[0]['id']}",
        "/api/v1/quarantine/{id}/body": lambda: f"/api/v1/quarantine/{items('quarantine')[0]['id']}/body",
        "/api/v2/silence/{id}": lambda: f"/api/v2/silence/{d.silence_id}",
    }
    bodies = {
        "/api/v1/webhook/{source}": grafana(alert("DiskFull", number="2")).decode(), "/api/v1/events": json.dumps({"title": "A script says"}),
        "/api/v1/backup": json.dumps({"file": str(d.folder / "copy.db")}), "/api/v2/silences": json.dumps(d.silence),
        "/api/v2/alerts": json.dumps([{"labels": {"alertname": "Posted"}}]),
    }
    return paths.get(path, lambda: path)(), bodies.get(path) if method in ("post", "put") else None


# A success of these needs what a test of its own makes: here the refusal is looked at.
REFUSED = {("post", "/api/v1/deliveries/{id}/drop"): ("/api/v1/deliveries/999999999/drop", 404),
           ("post", "/api/v1/sessions/{id}/end"): ("/api/v1/sessions/0123456789abcdef/end", 404)}


def operations(document):
    return [(method, path, operation) for path, methods in document["paths"].items() for method, operation in methods.items()]


@pytest.mark.smoke
def test_every_path_is_served_as_the_document_says(busy):
    d = busy
    document = d.get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.0")
    wrong = []
    order = sorted(operations(document), key=lambda row: row[0] == "delete")
    for method, path, operation in order:
        if path == "/api/v1/stream":
            continue  # has no end: test_stream.py
        token = TOKENS.get(operation.get("x-role"), OPS)
        headers = {"Authorization": f"Bearer {token}"}
        if (method, path) in REFUSED:
            target, status = REFUSED[method, path]
            reply = d.call(method.upper(), target, None, headers)
            shape = document["components"]["schemas"]["Error"]
        else:
            target, body = sample(d, method, path)
            status = 200
            reply = d.call(method.upper(), target, body, {**headers, **({"Content-Type": "application/json"} if body else {})})
            content = operation["responses"]["200"].get("content", {})
            kind = reply.headers.get("content-type", "").split(";")[0]
            if reply.status == 200 and (kind not in content if content else reply.body):
                wrong.append((method, path, f"{kind}, not {list(content)}"))
            shape = content.get(kind, {}).get("schema", {})
            if ("etag" in reply.headers) != ("304" in operation["responses"]):
                wrong.append((method, path, "an ETag, and 304 is not in the document, or the other way round"))
        if reply.status != status:
            wrong.append((method, path, reply))
        elif reply.headers.get("content-type", "").startswith("application/json") and reply.body:
            wrong += [(method, path, line) for line in complaints(reply.json, shape, document)][:5]
    assert not wrong, "\n".join(map(str, wrong))


def test_roles_are_as_the_document_says(busy):
    d = busy
    document = d.get("/api/v1/openapi.json").json
    below = {"operator": VIEWER, "admin": OPS}
    wrong = []
    for method, path, operation in operations(document):
        target = re.sub(r"\{\w+\}", "grafana", path)
        role = operation.get("x-role")
        bare = d.call(method.upper(), target, None, token=False)
        if role in (None, "source"):
            assert role or operation["security"] == []
            if role is None and bare.status in (401, 403):
                wrong.append((method, path, bare))
        elif bare.status != 401 or complaints(bare.json, document["components"]["schemas"]["Error"], document) if path.startswith("/api/") else bare.status != 401:
            wrong.append((method, path, bare))
        if role in below:
            reply = d.call(method.upper(), target, None, {"Authorization": f"Bearer {below[role]}"})
            if reply.status != 403:
                wrong.append((method, path, reply))
    assert not wrong, "\n".join(map(str, wrong))


def test_nothing_of_the_api_is_served_besides(busy):
    """The rows of routes/*.c, read as text, are the paths of the document."""
    document = busy.get("/api/v1/openapi.json").json
    rows = {(method.lower(), path) for file in (ROOT / "routes").glob("*.c") if file.name != "openapi_table.c"
            for method, path in re.findall(r'\{"(GET|POST|PUT|DELETE|PATCH)", "(/[^"]*)", ACCESS_', file.read_text())}
    api = {(method, path) for method, path in rows if path.startswith(("/api/", "/-/")) or path in ("/ready", "/health", "/metrics")}
    assert api == {(method, path) for method, path, _ in operations(document)} and len(api) > 30


def test_what_has_not_changed_is_not_sent_again(busy):
    d = busy
    for path in ("/api/v1/silences", "/api/v1/quarantine", "/api/v1/history?limit=1&until=2026-01-01T00:00:00Z"):
        first = d.get(path)
        tag = first.headers["etag"]
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = d.get(path, headers={"If-None-Match": known})
            assert (again.status, again.body) == (304, b""), (path, known)
        assert d.get(path, headers={"If-None-Match": '"other"'}).status == 200
    before = d.get("/api/v1/silences").headers["etag"]
    d.call("DELETE", f"/api/v2/silence/{d.silence_id}")
    assert d.get("/api/v1/silences", headers={"If-None-Match": before}).status == 200


def test_groups(busy):
    groups = {one["labels"].get("alertname"): one for one in busy.pages("/api/v1/groups", limit=1)}
    assert groups["DiskFull"]["reference"] and groups["DiskFull"]["severity"] == "critical"
    assert [one["labels"]["alertname"] for one in busy.items('/api/v1/groups?matcher=alertname="DiskFull"')] == ["DiskFull"]
    csv = busy.get("/api/v1/groups?format=csv").text.splitlines()
    assert csv[0].startswith("id,route,labels,") and len(csv) == len(groups) + 1
