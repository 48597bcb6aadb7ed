"""The dashboard of notifier itself, over what it pushes."""
from panels import GREEN, RED, UP, alerts, curves, dashboard, gauge, stat, table, timeline, variable
from queries import MINUTE, choices, chosen, each, growth, newest, over_time, rate, rows, share, total

ENV = chosen("env")
CHANNEL, CHANNELS = f"channel IS NOT NULL AND {ENV}", "channel, host, env"
SOURCE, SOURCES = f"source IS NOT NULL AND {ENV}", "source, host, env"
WHOLE = f"channel IS NULL AND source IS NULL AND {ENV}"
OUTCOMES = ("delivered", "retried", "failed_over", "carried", "suppressed", "dead", "rate_limited")


def grown(counter, otherwise=None):
    return growth(counter, "channel", CHANNELS, "notifier_metrics", CHANNEL, otherwise)


def outcomes():
    """Each channel's counters over the range, in one row."""
    window = f"OVER (PARTITION BY {CHANNELS} ORDER BY timestamp)"
    steps = ", ".join(f"{name}_total, lag({name}_total) {window} AS before_{name}" for name in OUTCOMES)
    sums = ", ".join(
        f"sum(CASE WHEN {name}_total >= before_{name} THEN {name}_total - before_{name} ELSE {name}_total END) AS {name}"
        for name in OUTCOMES)
    return (
        f"SELECT channel, {sums} FROM (SELECT channel, {steps} FROM {rows('notifier_metrics', CHANNEL)}) "
        "WHERE before_delivered IS NOT NULL ORDER BY channel")


def delivery(limit):
    pushes, whole = rows("notifier_metrics", CHANNEL), rows("notifier_metrics", WHOLE)
    channels, self = newest("notifier_metrics", CHANNELS, CHANNEL), newest("notifier_metrics", "host, env", WHOLE)
    in_time = share(total("sum(grown)", grown("in_time_total", otherwise=0), "channel"),
                    total("sum(grown)", grown("delivered_total"), "channel"))
    heard = growth("received_total", "source", SOURCES, "notifier_metrics", SOURCE)
    quantiles = [over_time(f"max(delivery_seconds_{quantile})", f"concat(channel, ' {quantile}')", pushes) for quantile in ("p50", "p95")]
    return dashboard("notifier-delivery", "Notifier / Delivery", [
        gauge(1, "Delivered within 60 s", in_time, unit="percent", least=0, most=100, decimals=2, limit=100, worse="below", height=6,
              description="SC-003, from the durable acceptance to the receipt, within the dashboard's range."),
        stat(2, "Channels", each("CASE WHEN channel_up THEN 1 ELSE 0 END", "channel", channels), words=UP, height=6),
        stat(3, "Dead letters", total("sum(grown)", grown("dead_total"), "channel"), limit=limit["dead_letters"] + 1, height=6,
             description="Given up within the dashboard's range. `notifier deliveries list --status dead` shows them."),
        stat(4, "Unaccounted alerts", each("unaccounted_alerts", "host", self), limit=1, width=3, height=6, description="Always 0."),
        stat(5, "Storage", each("CASE WHEN storage_failed THEN 1 ELSE 0 END", "host", self),
             words={0: ("writes", GREEN), 1: ("fails", RED)}, width=3, height=6),
        curves(6, "Delivery time p99", over_time("max(delivery_seconds_p99)", "channel", pushes), unit="s", limit=limit["sc003_seconds"],
               least=0),
        curves(7, "Delivery time p50 and p95", quantiles, unit="s", least=0),
        curves(8, "Queue depth", over_time("max(pending)", "channel", pushes), least=0),
        curves(9, "Oldest waiting", over_time("max(oldest_pending_seconds)", "channel", pushes), unit="s", least=0,
               limit=limit["sc003_seconds"]),
        timeline(10, "Channels over time", over_time("min(CASE WHEN channel_up THEN 1 ELSE 0 END)", "channel", pushes), UP),
        curves(11, "Alerts heard per minute", rate("grown", MINUTE, "source", heard), least=0, interval="1m"),
        curves(12, "Delivered over time", over_time("sum(grown)", "channel", grown("delivered_total")), bars=True, stack=True,
               interval="1m"),
        table(13, "Outcomes", outcomes(), width=12, height=8),
        curves(14, "Commit p99", over_time("max(commit_seconds_p99)", "host", whole), unit="s", least=0),
        alerts(15, "monitoring", width=24),
    ], [variable("env", "Environment", choices("env", "notifier_metrics"))], tags=["notifier"])
