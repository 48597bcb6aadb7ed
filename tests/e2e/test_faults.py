"""Every fault of tests/e2e/trouble.py: nothing lost, nothing told twice unmarked, and the fallback takes over in time.

`make bench-faults` is the long version, with Alertmanager beside it.
"""
import json
import time

import pytest

from daemon import alert, config, hook, until
from fakes import Sink
from test_tls import Authority
from trouble import FAULTS, NAME, Mailbox, Primary, tally, told_by

ALERTS = 3
DELIVER_WITHIN_S = 2
TAKES_OVER_S = 20  # after DELIVER_WITHIN_S; the promise allows 60 s in all


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "ours")


# Mail waits for the end of a notice of our own, 30 s after it.
@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name.replace(" ", "-"), marks=[pytest.mark.long] if fault.kind == "mail" else [])
                                   for fault in FAULTS])
def test_fault(start, authority, fault):
    primary, names = Primary(fault, authority), [NAME % number for number in range(ALERTS)]
    with Sink() as fallback:
        try:
            d = start(config(primary.channel(timeout="2s"), hook(fallback, "fallback"),
                             route={"channels": ["primary"], "fallback": ["fallback"], "group_by": ["alertname"],
                                    "deliver_within": f"{DELIVER_WITHIN_S}s"}))
            began = time.monotonic()
            posted = d.post(json.dumps([{"labels": {"alertname": name, "severity": "warning"}} for name in names]), path="/api/v2/alerts")
            assert posted.status == 200, posted
            until(lambda: {one[0] for one in primary.told() + told_by(fallback)} == set(names), "all to be told somewhere",
                  DELIVER_WITHIN_S + TAKES_OVER_S)
            primary.heal()
            d.wait_at_rest(60)
            got = tally(names, began, primary.told(), told_by(fallback))
            assert got.lost == 0 and got.unmarked == 0, got
            if fault.kind == "mail":
                assert got.primary == ALERTS, "whoever is not refused is told by the primary"
                assert not primary.box.mails[Mailbox.REFUSED]
                told = fallback.wait(lambda: [m for m in fallback.taken if "NotifierDeliveryPartlyRefused" in m.text], "the notice")
                assert len(told) == 1 and f"{Mailbox.REFUSED}: 550 5.1.1 no such mailbox" in told[0].text, told
                for one in d.items("/api/v1/deliveries?channel=primary"):
                    parts = d.get(f"/api/v1/deliveries/{one['id']}").json["messages"][0]["parts"]
                    assert [(part["address"], part["state"]) for part in parts] == [(Mailbox.GOOD, "delivered"), (Mailbox.REFUSED, "failed")]
                d.fire(alert("Mended"))  # it is well again: this one reaches both
                notices = fallback.wait(lambda: (lambda all_of: all_of if len(all_of) == 2 else None)(
                    [m for m in fallback.taken if "NotifierDeliveryPartlyRefused" in m.text]), "the end of the notice, 30 s after it", deadline=60)
                assert notices[1].body["status"] == "resolved", notices[1]
            elif fault.name != "taken, then reset":
                assert {one[0] for one in told_by(fallback)} == set(names), got
        finally:
            primary.close()
