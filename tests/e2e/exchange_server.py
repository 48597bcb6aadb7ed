"""A WebSocket exchange, over TLS or plain, as clients of real ones know them: it acknowledges subscriptions, pings, and misbehaves on demand.

The path says how: /ws behaves; /drop hangs up without an answer, /close ends the session at once with code 1013, /cut ends it in the midst of
the headers, /silent never answers, /NNN refuses the upgrade with that status, /proxy says 101 but is no WebSocket. /live reads what the client
sends: it answers pings after `pong_delay` (None: never), sends a message to who subscribed, and what tests `say` to all sessions."""
import base64
import contextlib
import hashlib
import json
import socket
import ssl
import struct
import subprocess
import threading
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CA = """[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:localhost,IP:127.0.0.1
basicConstraints = CA:TRUE
"""


def certificate(folder, begin, end):
    """A self-signed one for localhost, valid between two times as 20300101000000Z: the files of certificate and key."""
    folder.mkdir()
    for name, text in (("ca.cnf", CA), ("index", ""), ("serial", "01")):
        (folder / name).write_text(text)
    openssl = lambda *words: subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)  # noqa: E731
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "csr.pem")
    openssl("ca", "-config", "ca.cnf", "-batch", "-selfsign", "-notext", "-startdate", begin, "-enddate", end, "-keyfile", "key.pem", "-in", "csr.pem", "-out", "cert.pem")
    return folder / "cert.pem", folder / "key.pem"


def frame(code, data):
    return bytes([0x80 | code, len(data)]) + data


def frames(client):
    """What a client sends: (code, body, masked)."""
    def read(count):
        data = b""
        while len(data) < count:
            piece = client.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data
    while True:
        first, second = read(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(read(2 if length == 126 else 8), "big")
        mask = read(4) if second & 0x80 else b"\0\0\0\0"
        yield first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(read(length))), bool(second & 0x80)


class Exchange:
    """Without a certificate it is plain. `down`: it hangs up on everybody before TLS. `tls_delay`, `delay`: seconds before the handshake goes on,
    and before the upgrade is answered."""

    def __init__(self, cert=None, key=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if cert else None
        if cert:
            self.context.load_cert_chain(cert, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.down, self.tls_delay, self.delay, self.tried = False, 0, 0, 0
        self.closing = threading.Event()
        self.sessions = []  # of those that were upgraded: what the client sent afterwards
        self.pong_delay, self.live, self.heard, self.upgrades = 0, [], [], []  # of /live: sockets, frames, and when each upgrade came
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path="/ws"):
        return f"{'wss' if self.context else 'ws'}://localhost:{self.port}{path}"

    def say(self, *pieces, hang_up=False):
        """To every session of /live, each piece in a write of its own."""
        for client in self.live[:]:
            for piece in pieces:
                client.sendall(piece)
            if hang_up:
                self.live.remove(client)
                client.shutdown(socket.SHUT_RDWR)

    def sent(self, code):
        return [body for kind, body, _ in self.heard if kind == code]

    def close(self):
        self.closing.set()
        self.listener.close()

    def _accept(self):
        while not self.closing.is_set():
            with contextlib.suppress(OSError):
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    def _serve(self, plain):
        with contextlib.suppress(OSError, ValueError, KeyError), plain:
            self.tried += 1
            if self.down:
                return
            time.sleep(self.tls_delay)  # a handshake over a long way
            with self.context.wrap_socket(plain, server_side=True) if self.context else plain as client:
                client.settimeout(20)
                self._answer(client)

    def _answer(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        path, headers = head.split()[1].decode(), dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
        time.sleep(self.delay)
        if path == "/drop":
            return
        if path == "/silent":
            self.closing.wait(20)
            return
        if path == "/cut":
            client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso")
            return
        if path[1:].isdigit():
            more = f"Location: https://localhost:{self.port}/ws\r\n" if path.startswith("/3") else "Retry-After: 30\r\n"
            client.sendall(f"HTTP/1.1 {path[1:]} No\r\nContent-Length: 5\r\n{more}\r\nnope\n".encode())
            return
        self._session(client, path, headers["Sec-WebSocket-Key"])

    def _session(self, client, path, key):
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if path == "/proxy":
            accept = "none"
        first = frame(8, struct.pack("!H", 1013) + b"try again later") if path == "/close" else frame(9, b"ping") + frame(1, json.dumps({"event": "welcome"}).encode())
        # Headers and first frames in one piece, as they come from a server in a hurry.
        client.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
                       "X-Used-Weight: 600\r\n\r\n".encode() + first)
        if path == "/live":
            self._live(client)
            return
        sent = b""
        with contextlib.suppress(OSError):
            while piece := client.recv(4096):
                sent += piece
        self.sessions.append(sent)

    def _live(self, client):
        self.upgrades.append(time.monotonic())
        self.live.append(client)
        with contextlib.suppress(OSError, EOFError):
            for code, body, masked in frames(client):
                self.heard.append((code, body, masked))
                if code == 9 and self.pong_delay is not None:
                    time.sleep(self.pong_delay)
                    client.sendall(frame(10, body))
                elif code == 1:
                    client.sendall(frame(1, b'{"event":"subscribed"}'))
                elif code == 8:
                    break
        if client in self.live:
            self.live.remove(client)
