"""HTTPS, certificates of callers, and callers who take their time."""
import calendar
import http.client
import json
import os
import re
import resource
import socket
import ssl
import subprocess
import time
import urllib.parse
import warnings

import pytest

from daemon import ADMIN, OPS, SLOW, alert, config, console, grafana, until


class Authority:
    """Certificates by the openssl command, all of one folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
                 "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def run(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def certificate(self):
        return str(self.folder / f"{self.name}.pem")

    def issue(self, name, days=1, extensions="subjectAltName=IP:127.0.0.1,DNS:localhost\n"):
        (self.folder / f"{name}.ext").write_text(extensions)
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
                 "-out", f"{name}.csr", "-subj", f"/CN={name}")
        if days > 0:
            dates = ["-days", str(days)]
            self.run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key", "-CAcreateserial",
                     "-out", f"{name}.pem", "-extfile", f"{name}.ext", *dates)
        else:
            # One that is over: only `openssl ca` takes dates as such everywhere.
            (self.folder / "index.txt").write_text("")
            (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
            (self.folder / "serial").write_text("1001\n")
            (self.folder / "ca.cnf").write_text(
                "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n"
                "[any]\ncommonName=supplied\n")
            self.run("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-cert", f"{self.name}.pem", "-keyfile", f"{self.name}.key",
                     "-out", f"{name}.pem", "-notext", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")


def ask(d, authority, path="/-/healthy", client=None, method="GET", body=None, headers=None):
    """(status, headers, body) of one request over TLS; None where the handshake is refused."""
    context = ssl.create_default_context(cafile=authority.certificate)
    if client:
        context.load_cert_chain(*client)
    address = urllib.parse.urlsplit(d.url)
    connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=20, context=context)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode()
    except ssl.SSLError:
        return None
    finally:
        connection.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "ours")


@pytest.fixture(scope="session")
def server(authority):
    return authority.issue("server")


def tls(server, **more):
    return {"tls": {"cert_file": server[0], "key_file": server[1], **more}}


PEOPLE = {"tokens": [{"name": "ops", "token": OPS, "role": "operator"}, {"name": "root", "token": ADMIN, "role": "admin"}]}


def test_https(start, authority, server):
    d = start(config(console(), server=tls(server), auth=PEOPLE))
    assert d.url.startswith("https://")
    status, headers, _ = ask(d, authority)
    assert status == 200 and headers["strict-transport-security"].startswith("max-age=")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": d.url}
    status, headers, _ = ask(d, authority, "/signin", method="POST", body=urllib.parse.urlencode({"name": "ops", "password": OPS}), headers=form)
    assert status == 303 and headers["set-cookie"].startswith("__Host-notifier_session=") and "; Secure" in headers["set-cookie"]
    cookie = headers["set-cookie"].split(";")[0]
    status, _, body = ask(d, authority, "/api/v1/me", headers={"Cookie": cookie})
    assert status == 200 and json.loads(body)["via"] == "session"
    # The same port without TLS: no answer, no harm.
    address = urllib.parse.urlsplit(d.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as plain:
        plain.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            assert b"200" not in plain.recv(1000)
        except ConnectionResetError:
            pass
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(raw)
    assert ask(d, authority)[0] == 200
    text = ask(d, authority, "/metrics", headers={"Authorization": f"Bearer {OPS}"})[2]
    ends = int(re.search(r"^notifier_certificate_ends_timestamp_seconds (\d+)$", text, re.M)[1])
    said = authority.run("x509", "-in", server[0], "-noout", "-enddate").split("=")[1].strip()
    assert ends == calendar.timegm(time.strptime(said, "%b %d %H:%M:%S %Y GMT"))
    d.wait_line(lambda line: "certificate_ends" in line and "14 days" in line, stream="err")


@pytest.mark.smoke
def test_callers_show_certificates(start, authority, server, tmp_path):
    ours = authority.issue("collector")
    expired = authority.issue("expired", days=0)
    theirs = Authority(tmp_path / "theirs", "ours").issue("collector")  # an authority of the same name, but not ours
    d = start(config(console(), server=tls(server, client_ca_file=authority.certificate)))
    assert ask(d, authority, client=ours)[0] == 200
    for name, client in {"none": None, "expired": expired, "another authority's": theirs}.items():
        refused = ask(d, authority, client=client)
        assert refused is None or refused[0] == 403, (name, refused)
        posted = ask(d, authority, "/api/v1/webhook/grafana", client, "POST", grafana(alert("Stranger")))
        assert posted is None or posted[0] == 403, (name, posted)
    posted = ask(d, authority, "/api/v1/webhook/grafana", ours, "POST", grafana(alert("Known")))
    assert posted[0] == 200, posted
    names = [one["name"] for one in json.loads(ask(d, authority, "/api/v1/alerts", ours)[2])["items"]]
    assert "Known" in names and "Stranger" not in names


@pytest.mark.parametrize("cert,key", [("ours.key", "server.key"), ("server.pem", "ours.key"), ("nosuch.pem", "server.key")])
def test_a_wrong_certificate_ends_the_start(make, authority, server, cert, key):
    d = make(config(console(), server={"tls": {"cert_file": str(authority.folder / cert), "key_file": str(authority.folder / key)}}))
    d.spawn()
    assert d.wait() == 1
    d.process.returncode = 0
    assert any(cert in line or "certificate" in line for line in d.err), d.said()


# -- slow callers

def allow_many():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 5000:
        pytest.fail(f"this test opens 2100 sockets and the system allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (5000 if hard == resource.RLIM_INFINITY else min(hard, 5000), hard))
    return soft, hard


@pytest.mark.parametrize("words", [b"", b"POST /api/v1/webhook/grafana HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"],
                         ids=["silent", "dribbling"])
def test_a_crowd_of_slow_callers_keeps_nobody_out(start, words):
    limits = allow_many()
    d = start(config(console()))
    address = urllib.parse.urlsplit(d.url)
    crowd = []
    try:
        for _ in range(2100):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((address.hostname, address.port))
            crowd.append(one)
        for one in crowd:
            try:
                one.send(words)
            except OSError:
                pass
        began = time.monotonic()
        reply = d.fire(alert("Through"), timeout=60 * SLOW)
        assert reply.status == 200
        assert time.monotonic() - began < 25 * SLOW, "places are given back long before the ordinary deadline"

        def gone():
            closed = 0
            for one in crowd:
                try:
                    closed += one.recv(4096) == b""
                except BlockingIOError:
                    pass
                except OSError:
                    closed += 1
            return closed

        until(lambda: gone() >= 300, "slow callers to be let go", 30)
        assert d.get("/-/healthy").status == 200
        assert len(os.listdir(f"/proc/{d.pid}/fd")) < 2200
    finally:
        for one in crowd:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
