"""The wall clock jumps by a day under the running daemon: nothing is fired for it, and nothing freezes."""
import datetime
import glob
import json
import time

import pytest

from daemon import alert, config, hook, telegram_channel, until

LIBRARY = (glob.glob("/usr/lib/*/faketime/libfaketime.so.1") or [None])[0]
QUIET_S = 2  # in which all that a jump could set off would be told


class Clock:
    """What the daemon takes for the time of day: ours and an offset, read anew at each look. Its steady clock stays."""

    def __init__(self, folder):
        assert LIBRARY, "libfaketime is missing: run `make deps`"
        self.file = folder / "offset"
        self.jump("+0")

    def jump(self, offset):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(offset + "\n")
        fresh.rename(self.file)

    @property
    def env(self):
        return {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}


def rfc3339(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize("offset, days", (("+1d", 1), ("-1d", -1)))
def test_a_day_s_jump(start, telegram, sink, tmp_path, offset, days):
    clock = Clock(tmp_path)
    route = {"channels": ["hook"], "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s",
             "routes": [{"matchers": ['alertname="Waiting"'], "channels": ["telegram"]}]}
    d = start(config(telegram_channel(telegram), hook(sink), route=route, self={"channels": ["hook"]}), env=clock.env)
    about = lambda name, state: [m for m in sink.taken if f'"{name}"' in m.text and f'"status":"{state}"' in m.text.replace(" ", "")]

    telegram.always(telegram.error(500, "Internal Server Error"))
    d.fire(alert("Waiting", severity="warning"))
    d.fire(alert("Steady", severity="critical"))
    d.post(json.dumps([{"labels": {"alertname": "Short"}, "endsAt": rfc3339(6)}]), path="/api/v2/alerts")
    sink.wait(lambda: about("Steady", "firing") and about("Short", "firing"), "what fires before the jump")
    telegram.wait_requests()

    clock.jump(offset)
    told = len(sink.taken)
    d.fire(alert("After"))
    sink.wait(lambda: about("After", "firing"), "what fires after the jump", 10)
    day = until(lambda: [i for i in d.get("/api/v1/deliveries").json["items"] if i["title"] == "After"], "its delivery")[0]["openedAt"][:10]
    assert day in {str(datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days + shift)) for shift in (-1, 0)}, day
    sink.wait(lambda: about("Short", "resolved"), "its own end, as long after its beginning as it was meant to be", 20)
    time.sleep(QUIET_S)
    names = [name for m in sink.taken[told:] for name in ("Steady", "Waiting", "NotifierDeliveryDead") if name in m.text]
    assert not names, f"the jump told what was told, or gave up: {names}"
    assert d.metric("notifier_unaccounted_alerts") == 0

    telegram.always(None)
    telegram.wait(lambda: any("Waiting" in m.text for m in telegram.taken), "what waited for its channel", 30)
    clock.jump("+0")
    d.fire(alert("Steady", status="resolved", severity="critical"))
    sink.wait(lambda: about("Steady", "resolved"), "an end after the way back", 10)
    d.wait_at_rest()
