"""Every query of every panel, and every variable's, by a real QuestDB holding thirty days."""
import dashboards_read as read
import grafana_sql
import pytest
import seed

TARGETS = read.targets()
NAMES = [name for name, *_ in TARGETS]
# Values no panel of that unit may show: the way a wrong macro or a mixed-up unit gives itself away.
SANE = {"percent": (0, 300), "s": (0, 40 * 86400), "ms": (0, 60000), "m": (0, 43200), "h": (0, 24 * 40), "dtdurations": (0, 400 * 86400),
        "mbytes": (1, 65536), "bytes": (1, 1e13), "dateTimeFromNow": (1.5e12, 2.5e12)}


def check_shape(name, panel, answer, start, end, step):
    if panel["type"] in ("timeseries", "state-timeline", "stat", "bargauge"):
        assert "time" in answer.names, f"{name}: no column time among {answer.names}"
        at = answer.names.index("time")
        assert answer.types[at] == read.TIME, f"{name}: time has type {answer.types[at]}"
        times = [row[at] for row in answer.rows]
        assert times == sorted(times), f"{name}: not in the order of time"
        assert min(times).timestamp() >= start - step and max(times).timestamp() <= end, f"{name}: {min(times)} to {max(times)} leaves the range"
        numbers = [index for index, kind in enumerate(answer.types) if kind in read.NUMBERS]
        others = [answer.names[index] for index, kind in enumerate(answer.types) if index != at and kind not in read.NUMBERS | read.TEXT]
        assert numbers and not others, f"{name}: {len(numbers)} numbers, and {others} that are neither number nor text"
        labels = [index for index, kind in enumerate(answer.types) if kind in read.TEXT]
        keys = [(row[at], *(row[index] for index in labels)) for row in answer.rows]
        if panel["type"] in ("timeseries", "state-timeline"):
            assert len(set(keys)) == len(keys), f"{name}: two rows for one moment and one curve"
        values = [row[index] for row in answer.rows for index in numbers if row[index] is not None]
        assert values, f"{name}: only NULL"
        low, high = SANE.get(panel["fieldConfig"]["defaults"]["unit"], (-1e15, 1e15))
        assert low <= min(values) and max(values) <= high, f"{name}: {min(values)} to {max(values)} is no {panel['fieldConfig']['defaults']['unit']}"
        words = {float(value) for mapping in panel["fieldConfig"]["defaults"]["mappings"] for value in mapping["options"]}
        assert not words or set(values) <= words, f"{name}: {set(values) - words} has no word"
    else:
        assert panel["type"] == "table", f"{name}: no check for a {panel['type']}"
        formatted = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
        assert formatted <= set(answer.names), f"{name}: {formatted - set(answer.names)} is formatted but not there"


def utc(rows, index):
    import datetime
    return [tuple(value.replace(tzinfo=datetime.timezone.utc) if at == index else value for at, value in enumerate(row)) for row in rows]


@pytest.mark.parametrize("span", read.RANGES.values(), ids=read.RANGES.keys())
@pytest.mark.parametrize(("name", "board", "panel", "target"), TARGETS, ids=NAMES)
def test_panel(filled, ask, until, name, board, panel, target, span):
    start, end = until - span + 0.123, until + 0.456  # dashboards have milliseconds
    answer = ask(read.sql_of(board, panel, target, start, end))
    assert answer.rows, f"{name}: no row"
    if "time" in answer.names:
        answer.rows = utc(answer.rows, answer.names.index("time"))
    check_shape(name, panel, answer, start, end, grafana_sql.interval_of(start, end, panel.get("interval", "15s")))


@pytest.mark.parametrize(("name", "board", "panel", "target"), TARGETS, ids=NAMES)
def test_panel_obeys_the_range(filled, ask, until, name, board, panel, target):
    """Where there is no data there is no figure: no row, or nothing but NULL and 0."""
    end = until - 60 * seed.DAY
    answer = ask(read.sql_of(board, panel, target, end - 3600, end))
    assert not [row for row in answer.rows if any(value for value in row)], f"{name}: {answer.rows[:3]}"


CHOICES = {"env": "staging", "host": ["fra1", "ams1"], "exchange": ["okx", "bybit"], "strategy": "basis", "region": ["KR", "US"]}


@pytest.mark.parametrize(("name", "board", "panel", "target"), [one for one in TARGETS if "regex" in one[3]["rawSql"]], ids=[one[0] for one in TARGETS if "regex" in one[3]["rawSql"]])
def test_panel_obeys_the_variables(filled, ask, until, name, board, panel, target):
    """A choice that fits nothing shows nothing."""
    queried = [one["name"] for one in board["templating"]["list"] if one["type"] == "query"]
    for variable in queried:
        if "${" + variable + ":regex}" in target["rawSql"]:
            answer = ask(read.sql_of(board, panel, target, until - 3600, until, {variable: "no.such"}))
            assert not [row for row in answer.rows if any(value for value in row)], f"{name} ignores {variable}: {answer.rows[:3]}"


VARIABLES = [(f"{board['uid']}/{one['name']}", board, one) for board in read.dashboards() for one in board["templating"]["list"] if one["type"] == "query"]
WANTED = {"env": {"prod"}, "host": {"fra1", "ams1"}, "exchange": set(seed.EXCHANGES), "strategy": {"momentum", "basis"}, "region": set(seed.REGIONS)}


@pytest.mark.parametrize(("name", "board", "variable"), VARIABLES, ids=[name for name, *_ in VARIABLES])
def test_variable(filled, ask, until, name, board, variable):
    answer = ask(grafana_sql.expand(variable["query"], until - 3600, until))
    assert WANTED[variable["name"]] <= {row[0] for row in answer.rows}, name


def figures(ask, until, uid, title, span=3600, choice=None):
    """The newest value of each series of a panel: {name: value}."""
    board = next(board for board in read.dashboards() if board["uid"] == uid)
    panel = next(panel for panel in board["panels"] if panel["title"] == title)
    found = {}
    for target in panel["targets"]:
        answer = ask(read.sql_of(board, panel, target, until - span, until, choice))
        at, names = answer.names.index("value"), [index for index, kind in enumerate(answer.types) if kind in read.TEXT]
        found.update({" ".join(row[index] or "" for index in names): row[at] for row in answer.rows})
    return found


def rows(ask, until, uid, title, span=3600):
    board = next(board for board in read.dashboards() if board["uid"] == uid)
    panel = next(panel for panel in board["panels"] if panel["title"] == title)
    answer = ask(read.sql_of(board, panel, panel["targets"][0], until - span, until))
    return [dict(zip(answer.names, row)) for row in answer.rows]


KNOWN = [  # dashboard, panel, range, series, from, to: what the seed wrote
    ("nautilus-health", "Daemons", 3600, "collector-main", 0, 0),
    ("nautilus-health", "Uptime", 3600, "collector-main", 1800, 1800),
    ("nautilus-health", "Restarts", 3600, "collector-main", 1, 1),
    ("nautilus-health", "Restarts", 3600, "collector-spare", 0, 0),
    ("nautilus-health", "Restarts", 30 * 86400, "collector-main", 3, 3),
    ("nautilus-health", "Seconds since the last row", 3600, "collector-main", 0, 15),
    ("nautilus-pipeline", "OI fetches per hour", 6 * 3600, "binance", 700, 740),
    ("nautilus-pipeline", "Funding fetches per hour", 6 * 3600, "binance", 0, 120),
    ("nautilus-exchange", "Connection", 3600, "okx", 1, 1),
    ("nautilus-exchange", "Minutes disconnected", 3600, "okx", 0, 0),
    ("nautilus-exchange", "Reconnects", 3600, "okx", 1, 1),
    ("nautilus-trading", "Fill rate", 86400, "momentum", 88, 96),
    ("nautilus-trading", "Orders per minute", 86400, "basis", 0, 6),
    ("spock-overview", "Rows", 86400, "", sum(seed.REGIONS.values()) * 1000, sum(seed.REGIONS.values()) * 1041),
    ("spock-overview", "Rows by region", 86400, "KR", 2800 * 1000, 2800 * 1041),
    ("spock-overview", "Collection success", 86400, "JP", 98, 99),
    ("spock-overview", "API error rate", 86400, "US", 0, 5),
    ("spock-overview", "Hours since the last update", 86400, "HK", 0, 6),
    ("spock-overview", "Rows without a region", 86400, "prod", 0, 0),
    ("spock-kr", "Tickers", 86400, "KR", 2800, 2800),
    ("spock-vn", "Adapter", 86400, "VN", 1, 1),
    ("notifier-delivery", "Delivered within 60 s", 86400, "telegram", 100, 100),
    ("notifier-delivery", "Dead letters", 30 * 86400, "discord", 4, 5),
    ("notifier-delivery", "Channels", 3600, "discord", 1, 1),
    ("collector", "Spool full", 3600, "fra1", 0.5, 1.5),
    ("collector", "Rows in quarantine", 30 * 86400, "ams1", 3, 4),
    ("collector", "Sources", 3600, "spock", 0, 0),
]


@pytest.mark.parametrize(("uid", "title", "span", "series", "low", "high"), KNOWN, ids=[f"{row[0]}/{row[1]}/{row[3]}" for row in KNOWN])
def test_figure_is_what_was_written(filled, ask, until, uid, title, span, series, low, high):
    found = figures(ask, until, uid, title, span)
    assert series in found, found
    assert low <= found[series] <= high, found


RATES = [  # dashboard, panel, series, what it is all the time
    ("nautilus-pipeline", "OI fetches per hour", "binance", {720}),
    ("nautilus-pipeline", "Funding fetches per hour", "bybit", {60}),
    ("nautilus-pipeline", "Liquidations per minute", "okx", {15}),
    ("spock-kr", "Requests per minute", "prices", {30}),
    ("collector", "Rows sent per minute", "fra1", {480}),
]


@pytest.mark.parametrize(("uid", "title", "series", "wanted"), RATES, ids=[f"{row[0]}/{row[1]}" for row in RATES])
@pytest.mark.parametrize("span", [3600, 5 * 3600])
def test_a_rate_does_not_fall_where_the_range_ends(filled, ask, until, uid, title, series, wanted, span):
    """The interval that has just begun, and the one the range cuts, are no figures."""
    board = next(board for board in read.dashboards() if board["uid"] == uid)
    panel = next(panel for panel in board["panels"] if panel["title"] == title)
    for late in (0, 17, 41):
        answer = ask(read.sql_of(board, panel, panel["targets"][0], until - span - late, until - late))
        found = {row[2] for row in answer.rows if row[1] == series}
        # The first row of a counter has none before it.
        assert found == wanted or (title.startswith(("Requests", "Rows")) and found > wanted and max(found) in wanted), found


def test_outages_are_told_with_their_length(filled, ask, until):
    told = {(row["exchange"], row["duration"], row["state"]) for row in rows(ask, until, "nautilus-exchange", "Outages", 86400)}
    assert {("okx", 420.0, "over"), ("okx", 1080.0, "over")} <= told, told
    told = {(row["exchange"], row["duration"], row["state"]) for row in rows(ask, until, "nautilus-exchange", "Outages", 30 * 86400)}
    assert {("hyperliquid", 120.0, "over"), ("binance", 540.0, "over"), ("okx", 10800.0, "over")} <= told, told


def test_gaps_are_told_with_their_length(filled, ask, until):
    told = {(row["exchange"], row["data_type"], row["duration"], row["symbols"]) for row in rows(ask, until, "nautilus-pipeline", "Gaps")}
    assert told == {("okx", "oi", 300.0, "BTCUSDT,ETHUSDT")}


def test_pnl_of_all_is_the_sum_of_the_strategies(filled, ask, until):
    whole = figures(ask, until, "nautilus-trading", "PnL now")[""]
    assert whole == pytest.approx(sum(figures(ask, until, "nautilus-trading", "PnL by strategy").values()))
    over_time = figures(ask, until, "nautilus-trading", "PnL over time")
    assert over_time["total"] == pytest.approx(whole) and over_time["realised"] + over_time["unrealised"] == pytest.approx(whole)


def test_a_choice_narrows(filled, ask, until):
    """Two exchanges of four, an environment of two."""
    assert set(figures(ask, until, "nautilus-exchange", "Connection", choice={"exchange": ["okx", "bybit"]})) == {"okx", "bybit"}
    assert set(figures(ask, until, "nautilus-health", "Daemons", choice={"env": "staging"})) == {"collector-test"}


def test_where_nothing_succeeds_yet_a_panel_says_so(filled, ask, until):
    """What counts successes or failures has no row before the first: that is 0 %, and an adapter that is down, not an empty panel."""
    lines, choice, then = seed.Lines(), {"env": "new"}, until - 3 * 86400  # long ago: no rule is to fire today
    for second in range(then - 1800, then, 60):
        for metric, value in (("data_collection_attempts_total", second), ("api_requests_total", 2 * second)):
            lines.add("market_metrics", second, {"metric": "spock_" + metric, "region": "VN", "endpoint": "prices", "source": "spock", "host": "ams1",
                                                 "env": "new"}, {"value": float(value)})
    seed.write(filled.url, lines.rows)
    filled.wait_applied()
    assert figures(ask, then, "spock-overview", "Collection success", choice=choice) == {"VN": 0}
    assert figures(ask, then, "spock-vn", "Collection success", choice=choice) == {"VN": 0}
    assert figures(ask, then, "spock-vn", "Adapter", choice=choice) == {"VN": 0}
    assert figures(ask, then, "spock-vn", "API error rate", choice=choice) == {"VN": 0}
