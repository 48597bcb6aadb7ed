"""What the real duty weighs: a day of rows of ten things in each of four tables, every five seconds, as the dashboards' tests write them, and of the
collector's own figures; how many bytes each takes in QuestDB, and what ninety days of it come to."""
import itertools
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "dashboards"))
import seed  # noqa: E402

DAY, EVERY, THINGS, DAYS, LIMIT = 86400, 5, 10, 90, 10e9
TABLES = {"daemon_metrics": seed.daemons, "exchange_status": seed.exchanges, "pipeline_metrics": seed.pipeline, "trading_metrics": seed.trading,
          "collector_metrics": seed.collector}
OWN = "collector_metrics"  # once in fifteen seconds, and not of ten things


def rows_of(writer, second, until):
    lines = seed.Lines()
    writer(lines, second, until, EVERY)
    return lines.rows


def write_day(server, until):
    """Ten things each: names are numbered anew, so that every table has as many."""
    seed.DAEMONS = [(f"daemon{i}", "fra1", "prod") for i in range(THINGS)]
    seed.EXCHANGES = tuple(f"exchange{i}" for i in range(THINGS))
    seed.POSITIONS = tuple((f"strategy{i % 3}", f"SYMBOL{i}", "okx") for i in range(THINGS))
    for table, writer in TABLES.items():
        stride = 15 if table == OWN else EVERY
        seconds = iter(range(until - DAY, until, stride))
        while some := list(itertools.islice(seconds, 1000)):
            seed.write(server.url, [row for second in some for row in rows_of(writer, second, until)[:THINGS]])
        seed.write(server.url, rows_of(writer, until + 1, until + DAY)[:1])  # the next day has begun: the one before is cut to its size


def weigh(server, count_of, wait_count):
    """Bytes a row of each table, and of ninety days; printed. The bytes of ninety days at the real duty."""
    until = int(time.time()) // DAY * DAY
    write_day(server, until)
    sizes = {}
    for table in TABLES:
        server.ask(f"ALTER TABLE {table} ADD COLUMN settled BOOLEAN")  # ends the writer
        wait_count(server, table, count_of(server, table))
        sizes[table] = server.value(f"SELECT max(diskSize) / max(numRows) FROM table_partitions('{table}') WHERE numRows > 1000")
    own, four = sizes.pop(OWN), sum(sizes.values())
    rate = len(sizes) * THINGS / EVERY
    whole = DAYS * DAY * (rate * four / len(sizes) + own / 15)
    print(f"a day of the real duty ({len(sizes)} tables, {THINGS} things each, every {EVERY} s: {rate:.0f} rows/s), bytes a row: "
          + ", ".join(f"{table} {size:.0f}" for table, size in sizes.items()) + f"; {OWN} {own:.0f}, every 15 s", flush=True)
    print(f"90 days: {rate:.0f} rows/s x 86,400 s x 90 = {rate * DAY * DAYS:,.0f} rows x {four / len(sizes):.0f} bytes, and its own: {whole / 1e9:.1f} GB; "
          f"10 GB hold {LIMIT / (DAYS * DAY * four / len(sizes)):.1f} rows/s for 90 days", flush=True)
    return whole
