"""What test_collector_clients.py runs with the clients' own Python (build/clients): rows pushed as an application would, with the
official clients as they come. Says on stdout, as JSON, how it ended.

    client_pushes.py questdb|influx URL TABLE FIRST COUNT STAMP [--token T] [--bad] [--patience SECONDS] [--batches]"""
import argparse
import datetime
import json
import time
import urllib.parse
import warnings

TEXT = 'say "no" \\ and\nnew line, é 😀 = x'
TAG = "a b,c=d"
MOMENT = datetime.datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=datetime.timezone.utc)


def questdb(options, rows):
    from questdb.ingress import IngressError, Sender, TimestampNanos
    text = f"http::addr={urllib.parse.urlsplit(options.url).netloc};auto_flush=off;retry_timeout={options.patience * 1000};request_timeout=20000;"
    if options.token:
        text += f"token={options.token};"
    began = time.monotonic()
    try:
        with Sender.from_conf(text) as sender:
            for number, stamp in rows:
                sender.row(options.table, symbols={"client": TAG}, at=TimestampNanos(stamp), columns={
                    "number": number, "value": number + .5, "truth": number % 2 == 0, "words": TEXT, "moment": MOMENT})
                if number % 400 == 399:
                    sender.flush()
            sender.flush()
    except IngressError as problem:
        return {"error": str(problem), "kind": str(problem.code), "seconds": time.monotonic() - began}
    return {"seconds": time.monotonic() - began}


def influx(options, rows):
    from influxdb_client import InfluxDBClient, Point, WriteOptions
    from influxdb_client.client.exceptions import InfluxDBError
    from influxdb_client.client.write.retry import WritesRetry
    from influxdb_client.client.write_api import SYNCHRONOUS
    from influxdb_client.rest import ApiException
    retries = WritesRetry(total=20, retry_interval=1, max_retry_delay=2, max_retry_time=options.patience, allowed_methods=["POST"]) if options.patience else False
    problems = []
    began = time.monotonic()
    with InfluxDBClient(url=options.url, token=options.token or "none", org="any", retries=retries) as client:
        assert client.ping(), "ping"
        points = [Point(options.table).tag("client", TAG).field("number", number).field("value", number + .5).field("truth", number % 2 == 0)
                  .field("words", TEXT).time(stamp) for number, stamp in rows]
        try:
            if options.batches:
                batches = WriteOptions(batch_size=400, flush_interval=200, retry_interval=500, max_retry_delay=1000, max_retries=20, exponential_base=2)
                with client.write_api(write_options=batches, error_callback=lambda _, __, problem: problems.append(str(problem))) as api:
                    api.write(bucket="any", record=points)
            else:
                client.write_api(write_options=SYNCHRONOUS).write(bucket="any", record=points)
        except (ApiException, InfluxDBError) as problem:
            return {"error": str(getattr(problem, "body", None) or problem), "message": problem.message, "status": problem.status,
                    "seconds": time.monotonic() - began}
    return {"error": problems[0]} if problems else {"seconds": time.monotonic() - began}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("client", choices=("questdb", "influx"))
    options.add_argument("url")
    options.add_argument("table")
    options.add_argument("first", type=int)
    options.add_argument("count", type=int)
    options.add_argument("stamp", type=int)
    options.add_argument("--token")
    options.add_argument("--bad", action="store_true", help="the last row is of the year 1990")
    options.add_argument("--patience", type=int, default=0, help="seconds of retries")
    options.add_argument("--batches", action="store_true", help="InfluxDB's background writer")
    options = options.parse_args()
    rows = [(number, options.stamp + number) for number in range(options.first, options.first + options.count)]
    if options.bad:
        rows[-1] = (rows[-1][0], 631152000 * 10**9)
    warnings.simplefilter("ignore")
    print(json.dumps((questdb if options.client == "questdb" else influx)(options, rows)))


if __name__ == "__main__":
    main()
