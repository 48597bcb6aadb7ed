"""The bench's rows by QuestDB's own Python client, in the clients' own Python (build/clients): prints the seconds it took.

    push_by_client.py ADDRESS TABLE ROWS START_NS BATCH"""
import sys
import time
import warnings

from questdb.ingress import Sender, TimestampNanos


def main(address, name, rows, start_ns, batch):
    begun = time.perf_counter()
    with Sender.from_conf(f"http::addr={address};auto_flush_rows={batch};auto_flush_interval=off;auto_flush_bytes=off;protocol_version=1;") as sender:
        for i in range(rows):
            sender.row(name, symbols={"host": f"h{i % 10}", "env": "prod", "exchange": "binance"},
                       columns={"a": i + .25, "b": .125, "c": 1234.5, "d": i, "e": 1000000, "f": -5, "g": i * 7}, at=TimestampNanos(start_ns + i * 1000))
        sender.flush()
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], *(int(word) for word in sys.argv[3:]))
