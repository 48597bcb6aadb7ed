"""The collector on a disk that is full: what was answered 204 is kept, what cannot be kept is answered 503, and it heals by itself."""
import http.server
import os
import threading
import time

import pytest

from collector import Collector
from daemon import until
from ports import free_port
from test_storage_full import fill, small_disk  # noqa: F401


@pytest.mark.smoke
def test_a_full_disk_under_the_spool(tmp_path, small_disk):  # noqa: F811
    c = Collector(tmp_path / "c", {"questdb": {"url": "http://127.0.0.1:1"}, "spool": {"path": str(small_disk / "spool"), "max_size": "64MiB"},
                                   "sources": [{"type": "process", "name": "machine", "host": True, "every": "100ms"}]}).start()
    c.spool = small_disk / "spool"
    stamp, kept, refused = time.time_ns(), 0, 0
    fill(small_disk / "ballast")
    while refused < 5:
        assert kept < 100000, "the disk never filled"
        reply = c.write("".join(f"numbers,pad={'x' * 500} number={kept + i}i {stamp + kept + i}\n" for i in range(10)))
        assert reply.status in (204, 503), reply
        if reply.status == 204:
            kept += 10
        else:
            assert int(reply.headers["retry-after"]) > 0 and "No space left" in reply.json["message"], reply
            refused += 1
    until(lambda: c.get("/health").status == 503 and c.get("/ready").status == 503 and c.metric("collector_storage_failed") == 1,
          "it to say so: a row of its own source may fit once more")
    assert c.metric("collector_commits_total", outcome="failed") >= 5
    assert (c.metric("collector_rows_received_total", source="lines") or 0) == kept and c.metric("collector_rows_refused_total", reason="disk") == 10 * refused
    waiting = c.metric("collector_spool_rows")
    (small_disk / "ballast").unlink()
    until(lambda: c.get("/health").status == 200, "it to heal: the rows of its own source are kept meanwhile, and go first")
    reply = c.write(f"numbers number={kept}i {stamp + kept}")
    assert reply.status == 204, reply
    kept += 1
    rows = c.metric("collector_spool_rows")
    assert rows >= waiting + 1
    c.kill()
    c.start()
    assert c.metric("collector_spool_rows") >= rows and c.metric("collector_spool_torn_bytes") == 0
    assert c.stop() == 0
    numbers = [int(word.split(b"i ")[0]) for segment in sorted(c.spool.glob("*.seg")) for word in segment.read_bytes().split(b" number=")[1:]]
    assert sorted(set(numbers)) == list(range(kept)) and len(numbers) == kept, "what was answered 204, each once"
    assert c.cli("spool", "verify").returncode == 0
    c.finish()


class Takes(http.server.BaseHTTPRequestHandler):
    """A QuestDB that takes every row."""

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


def test_a_disk_that_its_own_spool_filled_empties_by_itself(tmp_path, small_disk):  # noqa: F811
    """QuestDB was away since the first start, and all of the disk is spool: its return alone makes room."""
    port = free_port()
    c = Collector(tmp_path / "c", {"questdb": {"url": f"http://127.0.0.1:{port}", "apply_schema": False},
                                   "spool": {"path": str(small_disk / "spool"), "max_size": "16MiB"}}).start()
    row, status = 0, 204
    while status == 204:
        assert row < 100000, "the disk never filled"
        status = c.write("".join(f"numbers,pad={'x' * 500} number={row + i}i {time.time_ns()}\n" for i in range(10))).status
        row += 10
    assert status == 503
    fill(small_disk / "spool" / "ballast")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Takes)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        until(lambda: c.metric("collector_spool_rows") == 0, "all of it to be taken", 60)
        until(lambda: c.write("numbers number=1i").status == 204, "room for a row, and nobody removed a file")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    c.finish()


def test_a_file_system_that_hangs_does_not_hold_up_the_end(tmp_path):
    """A job that reads from it never comes back."""
    os.mkfifo(tmp_path / "hangs")
    c = Collector(tmp_path / "c", {"questdb": {"url": "http://127.0.0.1:1"}, "sources": [{"type": "daemon", "path": str(tmp_path / "hangs")}]}).start()
    assert c.write(f"numbers number=1i {time.time_ns()}").status == 204
    assert c.stop() == 0
    c.wait_line(lambda line: "stop_hangs" in line, "err")
    assert "waiting    1 rows" in c.cli("spool", "status").stdout
