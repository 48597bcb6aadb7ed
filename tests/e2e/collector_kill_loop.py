"""kill -9 of the collector, of QuestDB and of both, at random instants, under load. Then: every row answered 204 is in QuestDB, once.

Not a pytest: `make check-kill-collector`. A failure names its seed; the instants are the seed's, the load is not."""
import argparse
import pathlib
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from collector import Collector  # noqa: E402
from daemon import until  # noqa: E402
from questdb_server import QuestDB  # noqa: E402
from test_collector import NUMBERS, Pushers, judge  # noqa: E402


def both(c, server, chance):
    """QuestDB goes, and half of the time the collector while it is away."""
    server.kill()
    killed = chance.random() < 0.5
    if killed:
        c.kill()
        c.start()
    server.start()
    return int(killed)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--seconds", type=float, default=60)
    options = options.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"collector_kill_loop: seed {seed} (again with --seed {seed})", flush=True)
    chance = random.Random(seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="collector-kill-", dir="/var/tmp"))
    server = QuestDB(folder / "questdb").start()
    server.ask(NUMBERS.format("numbers"))
    c = Collector(folder / "c", {"questdb": {"url": server.url}, "batch": {"rows": chance.choice((50, 500, 1000)), "interval": "20ms"},
                                 "spool": {"max_size": "16MiB"}}).start()
    c.path.write_text(c.path.read_text().replace("127.0.0.1:0", c.url.removeprefix("http://")))
    pushers = Pushers(c, "numbers", rows=chance.choice((1, 25, 400)))
    end, kills, outages = time.monotonic() + options.seconds, 0, 0
    try:
        while time.monotonic() < end:
            # The instant is the point of the exercise, so this one waits for no event.
            time.sleep(chance.choice((chance.uniform(0, 0.05), chance.uniform(0.05, 0.4), chance.uniform(0.4, 1.5))))
            if chance.random() < 0.06:
                kills += both(c, server, chance)
                outages += 1
            else:
                c.kill()
                c.start()
                kills += 1
        pushers.stop()
        until(lambda: c.metric("collector_spool_rows") == 0, "an empty spool", 120)
        kept = judge(server, "numbers", pushers, pushers.rows)
        odd = {name: c.metric(f"collector_rows_{name}_total") for name in ("quarantined", "damaged")}
        assert not any(odd.values()), odd
        c.finish()
    except AssertionError as problem:
        print(f"collector_kill_loop: FAILED, seed {seed}; everything is kept in {folder}\n{problem}")
        return 1
    finally:
        pushers.stopping.set()
        if c.is_running():
            c.kill()
        server.kill()
    shutil.rmtree(folder)
    print(f"collector_kill_loop: passed; {kills} kills of the collector, {outages} of QuestDB, {kept} rows answered 204 and there once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
