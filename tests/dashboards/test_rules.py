"""Every Grafana rule, evaluated as Grafana does: what should fire fires, at the threshold it does not, and it ends.

A story has an environment of its own, so that all of them lie in the same tables at the same time. It is a list of
phases: how long, what is written every fifteen seconds, what each rule's state is when the phase ends.
"""
import dashboards_read as read
import psycopg2
import pytest
import rule_state
import seed
import yaml

RULES = {rule["title"]: (group, rule) for group, rule in read.rules()}
EVERY = 15
LEAD = 2 * seed.HOUR  # after the newest of the thirty days


def daemon(**fields):
    return [("daemon_metrics", {"daemon": "d", "host": "h"}, {"running": True, "answered": True, **fields})]


def exchange(**fields):
    return [("exchange_status", {"exchange": "okx", "source": "s", "host": "h"}, fields)]


def gap(**fields):
    return [("pipeline_metrics", {"exchange": "okx", "data_type": "oi", "source": "s", "host": "h"}, fields)]


def figure(name, value, **tags):
    return [("market_metrics", {"metric": "spock_" + name, **tags, "source": source, "host": "h"}, {"value": value}) for source in ("spock", "spock2")]


def channel(**fields):
    return [("notifier_metrics", {"channel": "telegram", "host": "h"}, fields)]


def own(**fields):
    return [("collector_metrics", {"host": "h"}, fields)]


def source(failing):
    return [("collector_metrics", {"source": "exchanges", "host": "h"}, {"failing": failing})]


class Counter:
    """Grows by `by` each time a row is written; the same for both sources."""

    def __init__(self, name, by, start=0.0, **tags):
        self.name, self.by, self.value, self.tags = name, by, start, tags

    def __call__(self, _):
        self.value += self.by
        return figure(self.name, self.value, **self.tags)


def counters(*phases):
    """For each phase the increments of pairs of counters that go on over all phases: [{name: by}, ...]."""
    made = {}

    def write(increments):
        def rows(_):
            out = []
            for name, by in increments.items():
                one = made.setdefault(name, Counter(name, 0, 1000.0, region="US", **({"endpoint": "prices"} if "api" in name else {})))
                one.by = by
                out += one(None)
            return out
        return rows
    return [write(increments) for increments in phases]


def api(*failed_of_100):
    return counters(*({"api_requests_total": 100.0, "api_requests_failed_total": float(failed)} for failed in failed_of_100))


def collection(*good_of_10):
    return counters(*({"data_collection_attempts_total": 10.0, "data_collection_success_total": float(good)} for good in good_of_10))


def since(start):
    """The row of an exchange that went away `start` seconds after the story began."""
    return lambda story, second: exchange(connected=False, disconnected_at=("ns", story + start), disconnected_seconds=float(second - story - start))


def stale(hours):
    return lambda story, second: figure("last_data_update_timestamp", float(second - hours * 3600), region="HK")


N, F, P, GONE = "Normal", "Firing", "Pending", None
API = api(5, 10, 33, 0)
RESET = counters({"api_requests_total": 100.0, "api_requests_failed_total": 0.0})
GOOD = collection(8, 7, 10)

# name, [(seconds, rows, {rule: state of its one alert at the end})]. rows: a list, f(second), f(story, second), or None.
STORIES = [
    ("a daemon stops and comes back", [
        (120, daemon(), {"NautilusDaemonDown": N}),
        (15, [("daemon_metrics", {"daemon": "d", "host": "h"}, {"running": False, "answered": False})], {"NautilusDaemonDown": P}),
        (60, daemon(), {"NautilusDaemonDown": N}),
        (60, [("daemon_metrics", {"daemon": "d", "host": "h"}, {"running": False, "answered": False})], {"NautilusDaemonDown": F}),
        (60, daemon(), {"NautilusDaemonDown": N})]),
    ("errors: ten a minute, then more", [
        (180, daemon(errors_per_minute=10.0), {"NautilusErrorRate": N}),
        (90, daemon(errors_per_minute=30.0), {"NautilusErrorRate": F}),
        (150, daemon(errors_per_minute=0.5), {"NautilusErrorRate": N})]),
    ("a daemon's restart is no error", [
        (120, daemon(errors_per_minute=1.0), {"NautilusErrorRate": N}),
        (150, daemon(), {"NautilusErrorRate": N}),  # its series is gone, but not for five minutes yet
        (330, daemon(), {"NautilusErrorRate": GONE})]),
    ("memory grows beyond 2 GiB", [
        (180, daemon(memory_bytes=2048 * 2 ** 20), {"NautilusMemory": N}),
        (100, daemon(memory_bytes=3000 * 2 ** 20), {"NautilusMemory": P}),
        (60, daemon(memory_bytes=3000 * 2 ** 20), {"NautilusMemory": F}),
        (60, daemon(memory_bytes=500 * 2 ** 20), {"NautilusMemory": N})]),
    ("an exchange becomes slow", [
        (180, exchange(connected=True, latency_ms=500.0), {"NautilusLatency": N, "NautilusExchangeDisconnected": N}),
        (180, exchange(connected=True, latency_ms=900.0), {"NautilusLatency": F}),
        (180, exchange(connected=True, latency_ms=40.0), {"NautilusLatency": N})]),
    ("an exchange is away for five minutes", [
        (60, exchange(connected=True), {"NautilusExchangeDisconnected": N}),
        (290, since(60), {"NautilusExchangeDisconnected": N}),
        (30, since(60), {"NautilusExchangeDisconnected": F}),
        (600, since(60), {"NautilusExchangeDisconnected": F}),
        (30, exchange(connected=True), {"NautilusExchangeDisconnected": N})]),
    ("an exchange is away, and nobody looks more often than every five minutes", [
        (60, exchange(connected=True), {"NautilusExchangeDisconnected": N}),
        (15, since(60), {"NautilusExchangeDisconnected": N}),
        (330, None, {"NautilusExchangeDisconnected": F}),
        (30, exchange(connected=True), {"NautilusExchangeDisconnected": N})]),
    ("a gap in the data", [
        (120, gap(gap_detected=False), {"NautilusDataGap": N}),
        (15, gap(gap_detected=True), {"NautilusDataGap": F}),
        (60, gap(gap_detected=True, gap_duration_seconds=90.0), {"NautilusDataGap": F}),
        (60, gap(gap_detected=False, gap_duration_seconds=120.0), {"NautilusDataGap": N})]),
    ("the collector falls silent", [
        (60, daemon(), {"NautilusNoData": N}),
        (330, None, {"NautilusNoData": N}),
        (120, None, {"NautilusNoData": F}),
        (30, daemon(), {"NautilusNoData": N})]),
    ("rows without a region", [
        (60, figure("ohlcv_null_regions_total", 0.0), {"NullRegionDetected": N}),
        (30, figure("ohlcv_null_regions_total", 1.0), {"NullRegionDetected": F}),
        (60, figure("ohlcv_null_regions_total", 0.0), {"NullRegionDetected": N})]),
    ("a ticker in a foreign region", [
        (60, figure("cross_region_contamination_total", 0.0), {"CrossRegionContamination": N}),
        (30, figure("cross_region_contamination_total", 2.0), {"CrossRegionContamination": F}),
        (60, figure("cross_region_contamination_total", 0.0), {"CrossRegionContamination": N})]),
    ("requests fail: 5 %, 10 %, 33 %, none", [
        (600, API[0], {"HighAPIErrorRate": N, "CriticalAPIErrorRate": N}),
        (480, API[1], {"HighAPIErrorRate": F, "CriticalAPIErrorRate": N}),
        (480, API[2], {"HighAPIErrorRate": F, "CriticalAPIErrorRate": F}),
        (420, API[3], {"HighAPIErrorRate": N, "CriticalAPIErrorRate": N})]),
    ("no request, no rate", [
        (120, RESET[0], {"HighAPIErrorRate": N}),
        (780, figure("api_requests_total", 5000.0, region="US", endpoint="prices") + figure("api_requests_failed_total", 4000.0, region="US", endpoint="prices"),
         {"HighAPIErrorRate": GONE, "CriticalAPIErrorRate": GONE})]),
    ("Spock stops", [
        (60, figure("up", 1.0)[:1], {"SpockServiceDown": N}),
        (90, None, {"SpockServiceDown": N}),
        (90, None, {"SpockServiceDown": F}),
        (60, figure("up", 1.0)[:1], {"SpockServiceDown": N})]),
    ("Spock's database cannot be read", [
        (60, figure("up", 1.0)[:1], {"SpockServiceDown": N}),
        (180, figure("up", 0.0)[:1] + figure("database_size_bytes", 5.0)[:1], {"SpockServiceDown": F}),
        (60, figure("up", 1.0)[:1], {"SpockServiceDown": N})]),
    ("Spock's database could never be read", [
        (90, figure("up", 0.0)[:1], {"SpockServiceDown": N}),
        (60, figure("up", 0.0)[:1], {"SpockServiceDown": F}),
        (60, figure("up", 1.0)[:1], {"SpockServiceDown": N})]),
    ("collections: eight of ten, seven, all", [
        (900, GOOD[0], {"LowDataCollectionRate": N}),
        (240, GOOD[1], {"LowDataCollectionRate": P}),
        (420, GOOD[1], {"LowDataCollectionRate": F}),
        (420, GOOD[2], {"LowDataCollectionRate": N})]),
    ("slow answers", [
        (120, figure("api_request_duration_seconds_p95", 2.0, region="JP", endpoint="prices"), {"HighAPILatency": N}),
        (120, figure("api_request_duration_seconds_p95", 4.6, region="JP", endpoint="prices"), {"HighAPILatency": F}),
        (60, figure("api_request_duration_seconds_p95", 0.3, region="JP", endpoint="prices"), {"HighAPILatency": N})]),
    ("a day without prices", [
        (60, stale(23.9), {"StaleMarketData": N}),
        (60, stale(24.1), {"StaleMarketData": F}),
        (60, stale(0.1), {"StaleMarketData": N})]),
    ("messages take long", [
        (120, channel(delivery_seconds_p99=60.0), {"NotifierSlow": N}),
        (120, channel(delivery_seconds_p99=75.0), {"NotifierSlow": F}),
        (60, channel(delivery_seconds_p99=2.0), {"NotifierSlow": N})]),
    ("a message is given up", [
        (120, channel(dead_total=3), {"NotifierDeadLetters": N}),
        (30, channel(dead_total=4), {"NotifierDeadLetters": F}),
        (960, channel(dead_total=4), {"NotifierDeadLetters": N}),
        (60, channel(dead_total=0), {"NotifierDeadLetters": N})]),  # a restart of notifier
    ("the collector says nothing any more", [
        (60, own(spool_rows=0), {"CollectorSilent": N}),
        (90, None, {"CollectorSilent": N}),
        (60, source(False), {"CollectorSilent": F}),  # late rows of a source are no sign of life
        (30, own(spool_rows=0), {"CollectorSilent": N})]),
    ("the spool fills", [
        (60, own(spool_bytes=800, spool_max_bytes=1000), {"CollectorSpoolFilling": N}),
        (30, own(spool_bytes=810, spool_max_bytes=1000), {"CollectorSpoolFilling": F}),
        (30, own(spool_bytes=100, spool_max_bytes=1000), {"CollectorSpoolFilling": N})]),
    ("rows wait for QuestDB", [
        (60, own(oldest_seconds=60.0), {"CollectorBehind": N}),
        (45, own(oldest_seconds=90.0), {"CollectorBehind": P}),
        (60, own(oldest_seconds=150.0), {"CollectorBehind": F}),
        (30, own(oldest_seconds=0.1), {"CollectorBehind": N})]),
    ("rows are dropped", [
        (120, own(dropped_total=7), {"CollectorRowsDropped": N}),
        (30, own(dropped_total=9), {"CollectorRowsDropped": F}),
        (960, own(dropped_total=9), {"CollectorRowsDropped": N}),
        (60, own(dropped_total=0), {"CollectorRowsDropped": N})]),  # a restart
    ("a row is set aside", [
        (120, own(quarantined_total=0), {"CollectorQuarantine": N}),
        (30, own(quarantined_total=1), {"CollectorQuarantine": F}),
        (960, own(quarantined_total=1), {"CollectorQuarantine": N})]),
    ("a table is suspended", [
        (60, own(tables_suspended=0), {"QuestDBTableSuspended": N}),
        (20, own(tables_suspended=1), {"QuestDBTableSuspended": P}),
        (60, own(tables_suspended=1), {"QuestDBTableSuspended": F}),
        (30, own(tables_suspended=0), {"QuestDBTableSuspended": N})]),
    ("a source cannot be asked", [
        (15, source(False), {"CollectorSourceFailing": N}),
        (285, None, {"CollectorSourceFailing": N}),
        (240, source(True), {"CollectorSourceFailing": P}),
        (90, source(True), {"CollectorSourceFailing": F}),
        (30, source(False), {"CollectorSourceFailing": N})]),
]


def env_of(number):
    return f"story{number}"


def rows_of(rows, story, second):
    if rows is None or isinstance(rows, list):
        return rows or []
    return rows(story, second) if rows.__code__.co_argcount == 2 else rows(second)


@pytest.fixture(scope="module")
def stories(filled, until):
    """All stories in their tables; the second they begin at."""
    begin, lines = until + LEAD, seed.Lines()
    for number, (_, phases) in enumerate(STORIES):
        second = begin
        for length, rows, _ in phases:
            for at in range(second, second + length, EVERY):
                for table, tags, fields in rows_of(rows, begin, at):
                    lines.add(table, at, {**tags, "env": env_of(number)}, fields)
            second += length
    seed.write(filled.url, lines.rows)
    filled.wait_applied()
    return begin


def only(state, env):
    """The state of the one alert of a story; None without one."""
    found = [value for labels, value in state.items() if dict(labels).get("env") == env]
    assert len(found) <= 1, state
    return found[0] if found else None


@pytest.mark.parametrize("number", range(len(STORIES)), ids=[name for name, _ in STORIES])
def test_story(stories, ask, number):
    _, phases = STORIES[number]
    titles = {title for *_, wanted in phases for title in wanted}
    for title in sorted(titles):
        group, rule = RULES[title]
        step = rule_state.seconds(group["interval"])
        state, at, end = rule_state.State(rule), stories + step, stories
        for index, (length, _, wanted) in enumerate(phases):
            end += length
            while at < end:
                now = state.step(ask, at + 0.25)  # Grafana's ticks are no whole seconds of ours
                at += step
            if title in wanted:
                assert only(now, env_of(number)) == wanted[title], f"{title}, at the end of phase {index + 1}: {now}"


def test_every_rule_has_a_story():
    told = {title for _, phases in STORIES for *_, wanted in phases for title, state in wanted.items() if state == F}
    assert told | {"QuestDBUnreachable"} == set(RULES)


@pytest.mark.parametrize("title", RULES)
def test_nothing_fires_on_a_quiet_system(filled, ask, until, title):
    _, rule = RULES[title]
    assert not [labels for labels, (_, holds) in rule_state.evaluate(rule, ask, until).items() if holds]


@pytest.mark.parametrize("title", RULES)
def test_silence(filled, ask, until, title):
    """Long before the first row: there is always a collector, and its silence is told. Not everybody has daemons and Spock."""
    _, rule = RULES[title]
    state, at = rule_state.State(rule), until - 80 * seed.DAY
    for second in range(0, 300, 10):
        state.step(ask, at + second)
    # QuestDBUnreachable asks for no table and has its answer.
    assert state.state == {rule_state.NO_LABELS: F if title == "CollectorSilent" else N}


@pytest.mark.parametrize("title", RULES)
def test_questdb_does_not_answer(filled, ask, until, title):
    """One alert, not eighteen: the others keep the state they had."""
    _, rule = RULES[title]

    def fails(_):
        try:
            psycopg2.connect(host="127.0.0.1", port=1, user="grafana", connect_timeout=2)
        except psycopg2.OperationalError as problem:
            raise rule_state.QueryFails(str(problem)) from None
        raise AssertionError("something listens on port 1")

    state = rule_state.State(rule)
    state.step(ask, until)
    before = dict(state.state)
    for second in range(10, 60, 10):
        state.step(fails, until + second)
    if title == "QuestDBUnreachable":
        assert state.state == {rule_state.NO_LABELS: F}
        state.step(ask, until + 60)
        assert state.state == {rule_state.NO_LABELS: N}
    else:
        assert state.state == before


def test_two_regions_are_two_alerts(filled, ask, until):
    _, rule = RULES["StaleMarketData"]
    assert {dict(labels)["region"] for labels in rule_state.evaluate(rule, ask, until)} == set(seed.REGIONS)


def test_the_limits_are_those_of_the_list():
    alerts = yaml.safe_load((read.ROOT / "grafana/alerts.yaml").read_text(encoding="utf-8"))
    wanted = {"NautilusErrorRate": 10, "NautilusLatency": 500, "NautilusExchangeDisconnected": 5, "NullRegionDetected": 0, "CrossRegionContamination": 0,
              "CriticalAPIErrorRate": 20, "HighAPIErrorRate": 5, "HighAPILatency": 2, "LowDataCollectionRate": 80, "StaleMarketData": 24}
    for title, limit in wanted.items():
        assert RULES[title][1]["data"][2]["model"]["conditions"][0]["evaluator"]["params"] == [limit], title
    assert alerts["thresholds"]["errors_per_minute"] == 10
