"""The dashboard of collector itself, over what it writes about itself."""
from panels import DOWN, alerts, curves, dashboard, gauge, stat, table, unit_of, variable
from queries import MINUTE, SINCE_NEWEST, choices, chosen, each, growth, newest, over_time, rate, rows, total

CHOSEN = chosen("env", "host")
WHOLE, ONE = f"source IS NULL AND {CHOSEN}", "host, env"
SOURCE, SOURCES = f"source IS NOT NULL AND {CHOSEN}", "source, host, env"


def grown(counter):
    return growth(counter, "host", ONE, "collector_metrics", WHOLE)


def collector(limit):
    now, all_rows = newest("collector_metrics", ONE, WHOLE), rows("collector_metrics", WHOLE)
    sources = newest("collector_metrics", SOURCES, SOURCE)
    told = f"SELECT source, host, env, timestamp AS at, failing, error FROM {sources} ORDER BY failing DESC, source"
    return dashboard("collector", "Collector", [
        stat(1, "Seconds since its last row", total(f"{SINCE_NEWEST} / 1e6", all_rows, "host"), unit="s", decimals=0,
             limit=limit["collector_silent_seconds"], description="It is down, its disk fails, or QuestDB takes nothing from it: CollectorSilent."),
        gauge(2, "Spool full", each("100.0 * spool_bytes / spool_max_bytes", "host", now), unit="percent", least=0, most=100, decimals=1,
              limit=limit["collector_spool_percent"]),
        stat(3, "Rows dropped", total("sum(grown)", grown("dropped_total"), "host"), limit=limit["collector_rows"] + 1,
             description="Within the dashboard's range: no place was found for them."),
        stat(4, "Rows in quarantine", total("sum(grown)", grown("quarantined_total"), "host"), limit=limit["collector_rows"] + 1,
             description="Set aside within the dashboard's range: QuestDB will never take them. `quarantine.lp` in the spool's folder says why."),
        stat(5, "Tables suspended", each("tables_suspended", "host", now), limit=limit["collector_suspended"] + 1,
             description="QuestDB takes their rows and shows none."),
        stat(6, "Sources", each("CASE WHEN failing THEN 1 ELSE 0 END", "source", sources), words=DOWN, width=12),
        alerts(7, "monitoring"),
        curves(8, "Oldest row that waits", over_time("max(oldest_seconds)", "host", all_rows), unit="s", least=0,
               limit=limit["collector_behind_seconds"]),
        curves(9, "From acceptance to QuestDB", over_time("max(lag_seconds)", "host", all_rows), unit="s", least=0),
        curves(10, "Rows taken in per minute", rate("grown", MINUTE, "host", grown("received_total")), least=0, interval="1m"),
        curves(11, "Rows sent per minute", rate("grown", MINUTE, "host", grown("sent_total")), least=0, interval="1m"),
        curves(12, "Spool", over_time("max(spool_bytes)", "host", all_rows), unit="bytes", least=0),
        curves(13, "Memory", over_time("max(memory_bytes)", "host", all_rows), unit="bytes", least=0),
        table(14, "What sources say", told, overrides=[unit_of("at", "dateTimeAsLocal")]),
    ], [variable("env", "Environment", choices("env", "collector_metrics")), variable("host", "Host", choices("host", "collector_metrics"))],
        tags=["collector"])
