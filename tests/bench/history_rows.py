"""A database with years of alerts, written straight into the tables that a daemon made: for measuring lists, not for reading.

400 days and ten more that retention takes away; alerts that change a hundred times each, as those of a machine do that comes
and goes, and as many that change twice; two channels, of which the second takes only what is critical."""
import pathlib
import sqlite3
import time

DAY_MS = 86_400_000
SPAN_DAYS = 410

# Ten changes after the other are told in one message: the delivery, its group and its incident have one number.
DELIVERY = "20000000 + (i - i % 10 + 1) * 2"
SEVERITY = "CASE WHEN alert % 10 = 0 THEN 'critical' WHEN alert % 3 = 0 THEN 'info' ELSE 'warning' END"
CHANNELS = "(SELECT 'chat' AS channel UNION ALL SELECT 'pager')"
SILENCED, DEAD, SELDOM = "i % 50 = 3", "i % 100000 = 11", "alert % 20000 = 7"

# Nine of ten changes belong to the alerts that change often.
NUMBERED = """
CREATE TEMP TABLE numbered AS
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1),
  moves AS (SELECT i, CASE WHEN i % 10 THEN (i / 10 * 9 + i % 10 - 1) % :often + 1 ELSE :often + 1 + i / 20 END AS alert, :begin + i * :step AS at_ms FROM n)
  SELECT i, alert, at_ms, row_number() OVER (PARTITION BY alert ORDER BY i) AS seq FROM moves
"""
TABLES = {
    "transitions": f"""SELECT alert, seq, (seq + 1) % 2, at_ms, at_ms, CASE seq % 2 WHEN 0 THEN at_ms ELSE 0 END,
        CASE WHEN {SELDOM} THEN 'seldom' ELSE 'grafana' END, NULL, CASE WHEN {SILENCED} THEN 'silenced by 1' END
        FROM temp.numbered ORDER BY alert, seq""",
    "settlements": f"""SELECT alert, seq, channel, 0, at_ms + 900, CASE WHEN {SILENCED} THEN 3 WHEN {DEAD} THEN 4 ELSE 1 END,
        CASE WHEN {SILENCED} THEN 0 ELSE {DELIVERY} + (channel = 'pager') END, CASE WHEN {SILENCED} THEN 'silenced by 1' WHEN {DEAD} THEN 'no answer' END
        FROM temp.numbered, {CHANNELS} WHERE channel = 'chat' OR alert % 10 = 0 ORDER BY alert, seq, channel""",
    "alerts": f"""SELECT alert, alert > 1000, 1 - max(seq) % 2, max(seq), 1, max(at_ms), 0, max(at_ms) + 300000, max(at_ms), max(at_ms), 0, alert, 'grafana',
        CASE WHEN {SELDOM} THEN 'seldom' ELSE 'grafana' END, printf('%016x', alert), NULL, 'Alert' || alert % 500, NULL, 'rule' || alert % 500,
        printf('{{"alertname":"Alert%d","instance":"host-%d:9100","job":"node","region":"eu-%d","severity":"%s","team":"team-%d"}}',
            alert % 500, alert, alert % 4, {SEVERITY}, alert % 30),
        printf('{{"summary":"host-%d is not well","description":"The value of Alert%d on host-%d is above its threshold; see the runbook."}}',
            alert, alert % 500, alert),
        '{{"generator":"https://grafana.example.org/alerting/x"}}', '{{"A":1}}', NULL FROM temp.numbered GROUP BY alert""",
    "incidents": f"""SELECT {DELIVERY}, {DELIVERY}, at_ms, at_ms + 600000, 1, 0, 0, 0, printf('R%07X', i), {SEVERITY}, 'Alert' || alert % 500
        FROM temp.numbered WHERE i % 10 = 1 ORDER BY i""",
    "groups": f"""SELECT {DELIVERY}, 1, {DELIVERY}, at_ms, 0, at_ms, 'root', 'k' || i, printf('{{"alertname":"Alert%d"}}', alert % 500)
        FROM temp.numbered WHERE i % 10 = 1 ORDER BY i""",
    "deliveries": f"""SELECT {DELIVERY} + (channel = 'pager'), {DELIVERY}, {DELIVERY}, i % 5, CASE WHEN {DEAD} THEN 4 ELSE 1 END, 0, 1, 0, 1,
        at_ms, at_ms, at_ms, at_ms + 900, {DELIVERY} + (channel = 'pager'), 0, channel, '', CASE WHEN {DEAD} THEN 'no answer' END, NULL
        FROM temp.numbered, {CHANNELS} WHERE i % 10 = 1 ORDER BY i, channel""",
    "attempts": "SELECT id, 1, id, 0, 1, opened_ms, settled_ms, CASE state WHEN 4 THEN 4 ELSE 1 END, 200, 40, channel, NULL FROM deliveries",
    "messages": "SELECT id, id, reason, opened_ms, channel, 'CRITICAL Alert: ten alerts' FROM deliveries WHERE opened_ms > :young",
}


def write(path, rows, report=lambda words: None):
    """`path`: a database that a daemon made and left. Returns how many alerts there are."""
    began = time.monotonic()
    now_ms = int(time.time() * 1000)
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; PRAGMA cache_size=-400000; PRAGMA temp_store=MEMORY; BEGIN;")
    db.execute(NUMBERED, {"rows": rows, "often": rows // 100, "begin": now_ms - SPAN_DAYS * DAY_MS, "step": SPAN_DAYS * DAY_MS // rows})
    for table, select in TABLES.items():
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        width = len(db.execute(f"SELECT * FROM ({select.replace(':young', '0')}) LIMIT 0").description)
        db.execute(f"INSERT INTO {table} ({', '.join(columns[:width])}) {select}", {"young": now_ms - 90 * DAY_MS} if ":young" in select else {})
        report(f"{time.monotonic() - began:.0f} s: {table}")
    db.execute("UPDATE sequence SET next_id = ?", (30_000_000 + 2 * rows,))
    count = db.execute("SELECT count(*) FROM alerts").fetchone()[0]
    db.execute("COMMIT")
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    report(f"{time.monotonic() - began:.0f} s: {rows:,} changes of {count:,} alerts, {pathlib.Path(path).stat().st_size / 1e9:.2f} GB")
    return count
