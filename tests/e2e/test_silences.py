"""Silences, inhibition and muted times by our own command line, on real messages."""
import datetime
import json

from daemon import alert, config, console, hook, until


def silenced_setup(start, sink, **more):
    return start(config(hook(sink), route={"group_by": ["alertname"], "group_interval": "1s", **more.pop("route", {})}, **more))


def told(sink, name):
    return [json.loads(m.text)["status"] for m in sink.taken if name in m.text]


def test_add_list_show_update_expire(start, sink):
    d = silenced_setup(start, sink)
    done = d.cli("silence", "add", "alertname=DiskFull", "host=~a|b", "--duration", "2h", "--comment", "swap <b>", "--author", "anna")
    assert done.returncode == 0, done
    made = done.stdout.strip()
    table = d.cli("silence", "list", "--output", "table").stdout
    assert made in table and 'alertname="DiskFull" host=~"a|b"' in table and "active" in table, table
    assert json.loads(d.cli("silence", "list", "--output", "json").stdout)[0]["createdBy"] == "anna"
    assert d.cli("silence", "list", "--output", "csv").stdout.count("\n") == 2
    assert d.cli("silence", "update", made, "--duration", "4h").stdout.strip() == made
    assert json.loads(d.cli("silence", "show", made, "--output", "json").stdout)["comment"] == "swap <b>"
    d.fire(alert("DiskFull", host="a"), alert("DiskFull", host="c"))
    sink.wait(lambda: told(sink, "DiskFull"))
    assert '"host": "a"' not in sink.taken[0].text and '"host":"a"' not in sink.taken[0].text
    d.wait_at_rest()
    assert d.cli("silence", "expire", made).returncode == 0
    sink.wait(lambda: len(told(sink, "DiskFull")) == 2)
    assert d.cli("silence", "list").stdout.strip() == "[]"


def test_expiring_twice_is_no_wrong_usage(start, sink):
    """The second `silence expire ID` ended with 2, as a mistyped flag does; amtool's ends with 0. The silence stays as it ended."""
    d = silenced_setup(start, sink)
    made = d.cli("silence", "add", "alertname=DiskFull", "--duration", "2h", "--comment", "x").stdout.strip()
    assert d.cli("silence", "expire", made).returncode == 0
    ended = d.get(f"/api/v2/silence/{made}").json
    again = d.cli("silence", "expire", made)
    assert again.returncode == 0 and again.stdout == f"{made} expired\n" and not again.stderr, again
    assert d.call("DELETE", f"/api/v2/silence/{made}").status == 200
    assert d.get(f"/api/v2/silence/{made}").json == ended and ended["status"]["state"] == "expired"


def test_mistakes_are_named(start, sink):
    d = silenced_setup(start, sink)
    for arguments, words in (
            (("add", "--duration", "2h", "--comment", "x"), "which alerts"), (("add", "a=b", "--duration", "2h"), "why?"),
            (("add", "a=b", "--comment", "x"), "how long"), (("add", "a=~(", "--duration", "1h", "--comment", "x"), "not valid"),
            (("add", "a=~.*", "--duration", "1h", "--comment", "x"), "empty string"), (("add", "a=b", "--duration", "-1h", "--comment", "x"), "how long"),
            (("update", "x"), "--duration"), (("expire",), "which one"), (("import", "nowhere.json"), "nowhere.json"), (("hush",), "hush")):
        done = d.cli("silence", *arguments)
        assert done.returncode != 0 and words in done.stderr, (arguments, done)
    for verb in ("show", "expire"):
        done = d.cli("silence", verb, "00000000-0000-4000-8000-000000000000")
        assert done.returncode == 1 and "there is no" in done.stderr, done
    for body in ("", "[]", "{}", '{"matchers":[]}', '{"matchers":[{"name":"a"}],"startsAt":"2026-01-01T00:00:00Z","endsAt":"2036-01-01T00:00:00Z"}',
                 '{"matchers":[{"name":"a","value":"b"}],"startsAt":"soon","endsAt":"2036-01-01T00:00:00Z"}'):
        assert d.post(body, path="/api/v2/silences").status == 400, body


def test_export_and_import(start, sink, tmp_path):
    d = silenced_setup(start, sink)
    for host in "ab":
        assert d.cli("silence", "add", f"host={host}", "--duration", "2h", "--comment", "x").returncode == 0
    exported = d.cli("silence", "export").stdout
    other = silenced_setup(start, sink)
    (other.folder / "s.json").write_text(exported)
    assert len(other.cli("silence", "import", "s.json").stdout.split()) == 2
    matchers = [s["matchers"][0]["value"] for s in json.loads(other.cli("silence", "export").stdout)]
    assert sorted(matchers) == ["a", "b"]


def test_told_before_it_was_silenced_hears_its_end(start, sink):
    d = silenced_setup(start, sink)
    d.fire(alert("DiskFull"))
    sink.wait(lambda: told(sink, "DiskFull") == ["firing"])
    assert d.cli("silence", "add", "alertname=DiskFull", "--duration", "2h", "--comment", "x").returncode == 0
    d.fire(alert("DiskFull", status="resolved"))
    sink.wait(lambda: told(sink, "DiskFull") == ["firing", "resolved"])


def test_a_silence_ends_by_itself(start, sink):
    d = silenced_setup(start, sink)
    assert d.cli("silence", "add", "alertname=DiskFull", "--duration", "2s", "--comment", "x").returncode == 0
    d.fire(alert("DiskFull"))
    until(lambda: d.items("/api/v1/history?status=suppressed"), "the hushed transition in the history")
    assert not sink.taken
    sink.wait(lambda: told(sink, "DiskFull") == ["firing"])


def test_inhibited_and_muted_say_so_in_why(start, sink):
    now = datetime.datetime.now(datetime.timezone.utc)
    years = [f"{now.year}:{now.year + 1}"]
    d = silenced_setup(start, sink, inhibit_wait="0s", time_intervals=[{"name": "always", "time_intervals": [{"years": years}]}],
                       inhibit_rules=[{"source_matchers": ['severity="critical"'], "target_matchers": ['severity="warning"'], "equal": ["host"]}],
                       route={"routes": [{"matchers": ["team=web"], "mute_time_intervals": ["always"]}]})
    d.fire(alert("Down", severity="critical", host="a", fingerprint="aaaaaaaaaaaaaaaa"))
    sink.wait(lambda: told(sink, "Down"))
    d.fire(alert("Slow", severity="warning", host="a", fingerprint="bbbbbbbbbbbbbbbb"), alert("Web", team="web", fingerprint="cccccccccccccccc"))
    assert "inhibited by alert" in until(lambda: "inhibited" in d.cli("why", "bbbbbbbbbbbbbbbb").stdout and d.cli("why", "bbbbbbbbbbbbbbbb").stdout, "why")
    assert "muted by time interval always" in d.cli("why", "cccccccccccccccc").stdout
    assert not told(sink, "Slow") and not told(sink, "Web")
    d.fire(alert("Down", severity="critical", host="a", status="resolved", fingerprint="aaaaaaaaaaaaaaaa"))
    sink.wait(lambda: told(sink, "Slow") == ["firing"])


def test_route_test_and_show(make):
    d = make(config(console(), console(name="pager"), console(name="mail"), inhibit_rules=[
        {"source_matchers": ["severity=critical"], "target_matchers": ["severity=warning"], "equal": ["host"]}],
        time_intervals=[{"name": "nights", "time_intervals": [{"times": [{"start_time": "22:00", "end_time": "24:00"}]}]}],
        route={"channels": ["console"], "fallback": ["mail"], "routes": [
            {"matchers": ["team=db"], "channels": ["pager"], "continue": True, "mute_time_intervals": ["nights"]},
            {"matchers": ["severity=~critical|warning"], "channels": ["mail"], "receiver": "duty", "group_by": ["..."], "repeat_interval": "0s", "fallback": []},
            {"matchers": ["team=lag"], "channels": []}]}))
    shown = d.cli("route", "show", "--config", str(d.path), url=False)
    assert shown.returncode == 0 and '    {team="db"} continue -> pager; fallback mail; group_by [alertname, grafana_folder]; wait 0s, interval 30s, repeat 4h; muted in nights' in shown.stdout, shown
    tested = d.cli("route", "test", "--config", str(d.path), "team=db", "severity=warning", "host=a", url=False).stdout
    assert tested.startswith("pager\n") and "\nduty\n    -> mail; group_by [...]; wait 0s, interval 30s, repeat never\n" in tested, tested
    assert 'because line' in tested and '{} > line' in tested and ', and continue' in tested and 'severity counts as warning\n' in tested
    assert 'inhibit_rules[0] hushes it while an alert fires that matches severity="critical" and has host="a"' in tested
    nobody = d.cli("route", "test", "--config", str(d.path), "team=lag", url=False).stdout
    assert nobody.startswith("nobody\n    -> nobody; "), nobody
    assert d.cli("route", "test", "--config", str(d.path), "nolabel", url=False).returncode == 2
    assert d.cli("route", "wander", url=False).returncode == 2
