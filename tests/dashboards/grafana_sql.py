"""What Grafana does to a query before QuestDB sees it: variables first, then the macros of its PostgreSQL data source.

Macros take what stands before the first closing bracket, as Grafana's do. One we do not know is an error here, as it
would be there.
"""
import datetime
import re

# Grafana rounds range / points to one of these (seconds).
INTERVALS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
POINTS = 800  # of a panel of ordinary width


def iso(second):
    """RFC 3339 with as many digits as needed, as Go's RFC3339Nano prints it."""
    text = datetime.datetime.fromtimestamp(second, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return text + "Z"


def duration(seconds):
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def parse_duration(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]]


def interval_of(start, end, least="15s"):
    wanted = max((end - start) / POINTS, parse_duration(least))
    return next((step for step in INTERVALS if step >= wanted), INTERVALS[-1])


def with_variables(text, variables):
    """${name}, ${name:regex} and $name; a list is several choices, "$__all" the variable's own pattern."""
    def put(match):
        name, form = match.group(1) or match.group(3), match.group(2)
        if name not in variables:
            return match.group(0)
        value = variables[name]
        if value == "$__all":
            return ".*"
        if form == "regex":
            escaped = [re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", one) for one in ([value] if isinstance(value, str) else value)]
            return escaped[0] if len(escaped) == 1 else "(" + "|".join(escaped) + ")"
        if isinstance(value, list):
            return ",".join("'" + one.replace("'", "''") + "'" for one in value)
        return value.replace("'", "''")

    return re.sub(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)", put, text)


def with_macros(sql, start, end, interval_seconds):
    sql = sql.replace("$__interval_ms", str(interval_seconds * 1000)).replace("$__interval", duration(interval_seconds))
    first, last = f"'{iso(start)}'", f"'{iso(end)}'"

    def put(match):
        name, argument = match.group(1), match.group(2).strip()
        if name == "__timeFilter":
            return f"{argument} BETWEEN {first} AND {last}"
        if name == "__timeFrom":
            return first
        if name == "__timeTo":
            return last
        if name == "__time":
            return f'{argument} AS "time"'
        raise ValueError(f"macro ${name} is not expanded: {sql}")

    done = re.sub(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)", put, sql)
    if re.search(r"\$[\w{]", done):  # a lone $ ends a pattern
        raise ValueError(f"something is left to expand: {done}")
    return done


def expand(sql, start, end, variables=None, least="15s"):
    return with_macros(with_variables(sql, variables or {}), start, end, interval_of(start, end, least))
