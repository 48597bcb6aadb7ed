"""schemathesis against our own openapi.json and a running daemon that has something to show of everything: it breaks on a 5xx,
on an answer the document does not name, on a call the document allows and we refuse without saying so. Seconds, and the same
calls each time."""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import daemon  # noqa: E402
import fakes  # noqa: E402

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
          "missing_required_header,unsupported_method,allow_header_conformance,ignored_auth")
PEOPLE = {"tokens": [{"name": "root", "token": daemon.ADMIN, "role": "admin"}]}
SOURCES = [{"name": name, "auth": {"bearer_token": daemon.SECRETS["source"]}} for name in ("grafana", "alertmanager", "api")]


def busy(folder, sink):
    dead = {"name": "dead", "type": "webhook", "url": "http://127.0.0.1:9/dead", "timeout": "1s"}
    d = daemon.Daemon(folder, daemon.config(daemon.hook(sink), dead, daemon.console(), auth=PEOPLE, sources=SOURCES,
                                            route={"give_up_after": "1s", "group_interval": "1s"}), token=daemon.ADMIN).start()
    d.fire(daemon.alert("DiskFull", severity="critical", number="1"), daemon.alert("Slow", severity="warning"))
    d.fire(daemon.alert("Slow", status="resolved", severity="warning"))
    d.post("no JSON {")
    daemon.until(lambda: d.items("/api/v1/deliveries?status=dead"), "a dead letter")
    return d


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schemathesis", required=True)
    parser.add_argument("--examples", default="12", help="calls of each operation, beside the systematic ones")
    parser.add_argument("--seed", default="1")
    parser.add_argument("more", nargs="*", help="handed on to schemathesis, after --")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="notifier-openapi-") as folder, fakes.Sink() as sink:
        d = busy(folder, sink)
        document = pathlib.Path(folder) / "openapi.json"
        document.write_bytes(d.get("/api/v1/openapi.json").body)
        code = subprocess.run([
            str(pathlib.Path(given.schemathesis).absolute()), "run", str(document), "--url", d.url, "--header", f"Authorization:Bearer {daemon.ADMIN}",
            "--checks", CHECKS, "--exclude-path", "/api/v1/stream", "--max-examples", given.examples, "--seed", given.seed,
            "--generation-deterministic", "--request-timeout", "30", "--no-color", "--warnings", "off",
            "--continue-on-failure", *given.more], cwd=folder, check=False).returncode
        assert d.is_running(), d.said()
        d.finish()
    return code


if __name__ == "__main__":
    sys.exit(main())
