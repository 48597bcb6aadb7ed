"""QuestDB behind TLS that wants a token, as QuestDB Enterprise or a proxy before it does: every question and every row goes through, or waits."""
import http.client
import http.server
import ssl
import threading

import pytest

from collector import Collector
from daemon import until
from exchange_server import certificate

TOKEN = "sekretQuestdb"


class Proxy(http.server.BaseHTTPRequestHandler):
    """TLS in front of the real one; only with the token."""
    protocol_version = "HTTP/1.1"
    token, seen = TOKEN, set()

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, kind, answer = 401, "text/plain", b"Unauthorized"
        if self.headers.get("Authorization") == f"Bearer {Proxy.token}":
            connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
            connection.request(self.command, self.path, body or None)
            reply = connection.getresponse()
            status, kind, answer = reply.status, reply.headers.get("Content-Type") or "text/plain", reply.read()
            connection.close()
            Proxy.seen.add(self.path.split("?")[0])
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if status != 204:
            self.wfile.write(answer)

    do_GET = do_POST = pass_on

    def log_message(self, *arguments):
        pass


@pytest.fixture
def proxy(questdb, tmp_path):
    files = certificate(tmp_path / "tls", "20200101000000Z", "20990101000000Z")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.behind = int(questdb.url.rsplit(":", 1)[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Proxy.token, Proxy.seen = TOKEN, set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"url": f"https://localhost:{server.server_port}", "ca_file": str(files[0])}
    server.shutdown()
    server.server_close()


def test_rows_schema_and_questions_go_through_tls_with_a_token(questdb, proxy, tmp_path):
    c = Collector(tmp_path / "c", {"questdb": {**proxy, "token": "${QDB_TOKEN}"}}, env={"QDB_TOKEN": TOKEN}).start()
    try:
        assert c.write("process_metrics,process=tls threads=4i").status == 204
        until(lambda: questdb.ask("SELECT threads FROM process_metrics WHERE process = 'tls'") == [[4]], "the row")
        until(lambda: {"/write", "/exec"} <= Proxy.seen, "rows, schema and watch")
        assert c.metric("collector_questdb_up") == 1
        told = c.cli("export", "SELECT threads FROM process_metrics WHERE process = 'tls'")
        assert told.returncode == 0 and "4" in told.stdout, told.stdout + told.stderr
        assert c.cli("schema", "apply").returncode == 0

        Proxy.token = "another"
        assert c.write("process_metrics,process=tls threads=5i").status == 204, "kept"
        until(lambda: c.metric("collector_questdb_up") == 0, "it to be held")
        assert c.metric("collector_spool_rows") >= 1 and c.metric("collector_rows_quarantined_total") == 0
        assert "questdb.token" in c.cli("schema", "apply").stderr
        c.configure({"questdb": {**proxy, "token": "another"}})
        c.hangup()
        until(lambda: questdb.value("SELECT count() FROM process_metrics WHERE process = 'tls'") == 2, "the row that was held, after a reload")
        assert TOKEN not in c.said() and "another" not in c.said()
    finally:
        c.finish()


def test_who_is_not_vouched_for_gets_no_row(proxy, tmp_path):
    c = Collector(tmp_path / "c", {"questdb": {"url": proxy["url"], "token": TOKEN}}).start()
    try:
        assert c.write("process_metrics,process=stranger threads=4i").status == 204, "kept on disk"
        until(lambda: "certificate" in c.get("/health").json["questdb"]["reason"], "the reason to be said")
        assert c.metric("collector_questdb_up") == 0 and not Proxy.seen and c.metric("collector_spool_rows") == 1
    finally:
        c.finish()
