"""What a rule's words become at night: its annotations filled in as Grafana does, posted as Grafana posts, read in Telegram."""
import datetime
import re

import pytest
import server  # the way to tests/e2e

import chats
import generate_alerts
from daemon import Daemon, grafana, telegram_channel

assert server
RUNBOOKS = "https://docs.example.org"
ALERTS = {**generate_alerts.load(), "runbooks_url": RUNBOOKS + "/"}
RULES = {
    rule["title"]: (group, generate_alerts.grafana_rule(ALERTS, group, rule, generate_alerts.panel_ids()))
    for group, rule in generate_alerts.rules_of(ALERTS)
}
LABELS = {
    "daemon": "daemonrunner",
    "host": "fra1",
    "env": "prod",
    "exchange": "okx",
    "source": "ws",
    "data_type": "oi",
    "region": "KR",
    "endpoint": "prices",
    "channel": "telegram",
}
LOCK_SCREEN = 60  # characters that must stand alone
# rule -> value, what the lock screen says
SAID = {
    "NautilusDaemonDown": (1, "daemonrunner is down"),
    "NautilusErrorRate": (24.4, "daemonrunner: 24 errors/min"),
    "NautilusMemory": (3000.2, "daemonrunner uses 3000 MiB of memory"),
    "NautilusLatency": (812.7, "okx: latency 813 ms"),
    "NautilusExchangeDisconnected": (5.1, "okx disconnected 5 min"),
    "NautilusDataGap": (300, "okx oi: no data for 300 s"),
    "NautilusNoData": (400, "No metrics from daemonrunner"),
    "NullRegionDetected": (3, "3 price rows have no region"),
    "CrossRegionContamination": (1, "1 tickers are in a foreign region"),
    "CriticalAPIErrorRate": (33.3, "KR: 33 % of API requests fail"),
    "SpockServiceDown": (180, "Spock's database is not read any more"),
    "LowDataCollectionRate": (70, "KR: only 70 % of collections succeed"),
    "HighAPIErrorRate": (10, "KR: 10 % of API requests fail"),
    "HighAPILatency": (4.63, "KR prices: p95 4.6 s"),
    "StaleMarketData": (25.2, "KR: no new prices for 25 h"),
    "QuestDBUnreachable": (None, "QuestDB does not answer Grafana"),
    "NotifierSlow": (75, "telegram: messages take 75 s"),
    "NotifierDeadLetters": (2, "2 messages to telegram were given up"),
    "CollectorSilent": (180, "The collector says nothing any more"),
    "CollectorSpoolFilling": (84.6, "The collector's spool is 85 % full"),
    "CollectorBehind": (150, "Rows have waited for QuestDB for 150 s"),
    "CollectorRowsDropped": (12, "The collector dropped 12 rows or pushes"),
    "CollectorQuarantine": (3, "3 rows went into quarantine"),
    "QuestDBTableSuspended": (1, "1 tables of QuestDB are suspended"),
    "CollectorSourceFailing": (1, "ws cannot be asked"),
}


def fill(template, labels, value):
    """The part of Go's templates that the generator writes; anything else is a mistake in it."""
    text = re.sub(
        r'\{\{ with \$values\.B \}\}\{\{ printf "%\.(\d)f" \.Value \}\}\{\{ else \}\}\?\{\{ end \}\}',
        lambda found: "?" if value is None else f"{value:.{found.group(1)}f}",
        template,
    )
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found.group(1)], text)
    assert "{{" not in text and "$" not in text, f"Grafana would not understand: {text}"
    return text


def labels_of(rule):
    """Those the rule's query returns, and its own."""
    last = re.sub(r"\s+", " ", rule["data"][0]["model"]["rawSql"].split(" FROM ")[0].removeprefix("SELECT "))
    names = [name for name in LABELS if re.search(rf"\b{name}\b", last)]
    return {**{name: LABELS[name] for name in names}, **rule["labels"], "alertname": rule["title"], "grafana_folder": "x"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Every rule fires once; title -> what Telegram got."""
    with chats.Telegram() as telegram:
        channel = telegram_channel(telegram, rate_limit=[{"count": 1000, "per": "1s"}])
        notifier = Daemon(
            tmp_path_factory.mktemp("messages"),
            {"channels": [channel], "route": {"channels": ["telegram"], "group_by": ["alertname"], "group_wait": "0s"}},
        ).start()
        try:
            started = datetime.datetime.now(datetime.timezone.utc).isoformat()
            for number, (title, (value, _)) in enumerate(SAID.items()):
                _, rule = RULES[title]
                labels = labels_of(rule)
                annotations = {name: fill(text, labels, value) for name, text in rule["annotations"].items() if not name.startswith("__")}
                notifier.post(
                    grafana(
                        {
                            "status": "firing",
                            "labels": labels,
                            "annotations": annotations,
                            "startsAt": started,
                            "endsAt": "0001-01-01T00:00:00Z",
                            "fingerprint": f"{number:016x}",
                            "ruleUID": rule["uid"],
                            "orgId": 1,
                            "generatorURL": f"https://grafana.example.org/alerting/grafana/{rule['uid']}/view",
                            "silenceURL": "",
                            "values": None if value is None else {"B": value, "C": 1},
                            "valueString": "",
                            "dashboardURL": f"https://grafana.example.org/d/{rule['dashboardUid']}",
                            "panelURL": f"https://grafana.example.org/d/{rule['dashboardUid']}?viewPanel={rule['panelId']}",
                        }
                    )
                )
            telegram.wait_taken(len(SAID), deadline=60)
            yield {
                title: next((message for message in telegram.taken if words in message.text), None) for title, (_, words) in SAID.items()
            }
        finally:
            notifier.finish()


def test_every_rule_is_told_of():
    assert set(SAID) == set(RULES)


@pytest.mark.parametrize("title", SAID)
def test_message(told, title):
    message = told[title]
    assert message, f"no message says {SAID[title][1]!r}"
    _, rule = RULES[title]
    first = message.text.split("\n")[0]
    assert SAID[title][1] in first[:LOCK_SCREEN], f"cut on a lock screen: {first}"
    assert first.startswith({"critical": "🔴 CRITICAL", "warning": "🟠 WARNING"}[rule["labels"]["severity"]]), first
    assert f"{RUNBOOKS}/{rule['annotations']['runbook']}" in message.raw, "no way to the runbook"
    assert f"viewPanel={rule['panelId']}" in message.raw, "no way to the panel"
