"""The SQL that panels share. A query of a series returns `time`, `metric` (what the curve is called) and `value`.

Everything obeys the dashboard's time range and the variables' choice; nothing says now().
"""

IN_RANGE = "$__timeFilter(timestamp)"
MINUTE, HOUR = 60000, 3600000  # ms
# How long before the end of the range the newest row is, in microseconds.
SINCE_NEWEST = "($__timeTo()::timestamp::long - max(timestamp)::timestamp::long)"


def chosen(*names):
    """The variables' choice. `All` is the pattern .*, which NULL does not match."""
    return " AND ".join(f"{name} ~ '^(${{{name}:regex}})$'" for name in names)


def choices(name, table):
    return f"SELECT DISTINCT {name} FROM {table} WHERE {IN_RANGE} AND {name} IS NOT NULL ORDER BY {name}"


def rows(table, where):
    return f"{table} WHERE {IN_RANGE} AND {where}"


def newest(table, keys, where):
    """The newest row of each thing; `keys` tell things apart."""
    return f"(SELECT * FROM {rows(table, where)} LATEST ON timestamp PARTITION BY {keys})"


def each(value, name, source):
    """One figure a row of `source`, as it stands."""
    return f"SELECT timestamp AS time, {name} AS metric, {value} AS value FROM {source} ORDER BY time"


def total(value, source, name=None):
    """One figure over all rows, or over those of each `name`; an aggregate."""
    metric = f"{name} AS metric, " if name else ""
    return f"SELECT max(timestamp) AS time, {metric}{value} AS value FROM {source}{' ORDER BY time' if name else ''}"


def over_time(value, name, source):
    """A curve for each name; an aggregate of each interval."""
    return f"SELECT timestamp AS time, {name} AS metric, {value} AS value FROM {source} SAMPLE BY $__interval ORDER BY time"


def rate(counted, unit_ms, name, source):
    """A curve for each name: what was counted, a unit of time. Only intervals that lie within the range as a whole: the
    one that has just begun would look like a fall."""
    whole = "time >= $__timeFrom() AND dateadd('T', $__interval_ms, time) <= $__timeTo()"
    value = f"sum({counted}) * {unit_ms}.0 / $__interval_ms"
    sums = f"SELECT timestamp AS time, {name} AS metric, {value} AS value FROM {source} SAMPLE BY $__interval"
    return f"SELECT time, metric, value FROM ({sums}) WHERE {whole} ORDER BY time"


def at_each_time(value, name, source):
    """Sums what was sampled before: `source` has one row a thing and interval. A name in quotes is one curve's."""
    keys = "time" if name.startswith("'") else "time, metric"  # QuestDB does not group by a constant
    return f"SELECT timestamp AS time, {name} AS metric, {value} AS value FROM {source} GROUP BY {keys} ORDER BY time"


def growth(counter, names, keys, table, where, otherwise=None):
    """Rows with `grown`: what a counter gained since the row before. One that starts again counts from 0.
    otherwise: what NULL counts as, where a row without the counter is one before its first step."""
    if otherwise is not None:
        table = f"(SELECT timestamp, {keys}, coalesce({counter}, {otherwise}) AS {counter} FROM {rows(table, where)})"
        where = "true"
    steps = (
        f"SELECT timestamp, {names}, {counter}, lag({counter}) OVER (PARTITION BY {keys} ORDER BY timestamp) AS before "
        f"FROM {rows(table, where)} AND {counter} IS NOT NULL"
    )
    grown = f"CASE WHEN before IS NULL THEN 0 WHEN {counter} >= before THEN {counter} - before ELSE {counter} END"
    return f"(SELECT timestamp, {names}, {grown} AS grown FROM ({steps}))"


def restarts(keys, table, where):
    """Rows with `restarted`: 1 where an uptime fell."""
    steps = (
        f"SELECT timestamp, {keys}, uptime_seconds, lag(uptime_seconds) OVER (PARTITION BY {keys} ORDER BY timestamp) AS before "
        f"FROM {rows(table, where)} AND uptime_seconds IS NOT NULL"
    )
    return f"(SELECT timestamp, {keys}, CASE WHEN uptime_seconds < before THEN 1 ELSE 0 END AS restarted FROM ({steps}))"


def share(part, whole, on="metric"):
    """What one query's value is of another's, in percent, for each of what `on` names; none where the other has 0. What
    nothing counts yet, because it has not happened, is 0."""
    same = " AND ".join(f"p.{name} = w.{name}" for name in on.split(", "))
    return (
        f"SELECT w.time AS time, w.metric AS metric, 100.0 * coalesce(p.value, 0) / w.value AS value "
        f"FROM ({whole}) w LEFT JOIN ({part}) p ON {same} WHERE w.value > 0 ORDER BY time"
    )


def spans(table, start, length, word, lasts, names, where, states):
    """A row for each outage or gap, newest first. One lasts while the newest row of its thing says so: the row that
    should have ended an older one may be missing."""
    keys = f"{names}, host, env"
    same = " AND ".join(f"s.{name} = n.{name}" for name in keys.split(", "))
    shown = ", ".join(f"s.{name} AS {name}" for name in names.split(", "))
    begun = (
        f"SELECT {start} AS started, {keys}, max({length}) AS duration, max({word}) AS {word} "
        f"FROM {rows(table, where)} AND {start} IS NOT NULL"
    )
    now = f"SELECT {keys}, {start} AS started, {lasts} AS lasts FROM {rows(table, where)} LATEST ON timestamp PARTITION BY {keys}"
    state = f"CASE WHEN n.lasts AND n.started = s.started THEN '{states[0]}' ELSE '{states[1]}' END"
    return (
        f"SELECT s.started AS started, {shown}, s.duration AS duration, {state} AS state, s.{word} AS {word} "
        f"FROM ({begun}) s JOIN ({now}) n ON {same} ORDER BY started DESC LIMIT 200"
    )
