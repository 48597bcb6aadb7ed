"""A sender with the published defaults of Telegraf's agent and of its output influxdb_v2, which Debian has not: rows gather in memory until a thousand
are there (metric_batch_size) or ten seconds are over (flush_interval); ten thousand at most (metric_buffer_limit), then the oldest are lost; each
batch is one POST /api/v2/write, packed with gzip, over one connection. What failed goes out with the next flush.

The lines come ready-made, so no time goes into making them: it is what Telegraf does at its best, not Telegraf."""
import collections
import http.client
import threading
import time
import zlib

BATCH, INTERVAL, BUFFER = 1000, 10, 10000


def gzip(data):
    packer = zlib.compressobj(-1, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


class TelegrafLike:
    def __init__(self, address):
        host, port = address.removeprefix("http://").split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=5)  # the output's timeout
        self.buffer, self.dropped, self.sent = collections.deque(), 0, 0
        self.turn, self.ending = threading.Condition(), False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def add(self, lines):
        with self.turn:
            self.buffer.extend(lines)
            while len(self.buffer) > BUFFER:
                self.buffer.popleft()
                self.dropped += 1
            if len(self.buffer) >= BATCH:
                self.turn.notify_all()

    def has_room(self, lines):
        """For a sender who waits, as inputs of Telegraf cannot."""
        with self.turn:
            return len(self.buffer) + lines <= BUFFER

    def close(self):
        with self.turn:
            self.ending = True
            self.turn.notify_all()
        self.thread.join()
        self.connection.close()

    def _run(self):
        flush = time.monotonic() + INTERVAL
        while True:
            with self.turn:
                self.turn.wait_for(lambda: self.ending or len(self.buffer) >= BATCH, max(0, flush - time.monotonic()))
                batch = [self.buffer.popleft() for _ in range(min(BATCH, len(self.buffer)))]
                ending = self.ending and not batch
            if time.monotonic() >= flush:
                flush = time.monotonic() + INTERVAL
            if ending:
                return
            if batch and not self._post(batch):
                with self.turn:
                    self.buffer.extendleft(reversed(batch))
                time.sleep(0.1)

    def _post(self, batch):
        try:
            self.connection.request("POST", "/api/v2/write?org=any&bucket=any&precision=ns", gzip(b"".join(batch)),
                                    {"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"})
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return False
        self.sent += len(batch) if answer.status == 204 else 0
        return answer.status == 204
