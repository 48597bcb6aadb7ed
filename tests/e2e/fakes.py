"""The providers, as strict as the real ones: Telegram, Discord, Slack and a generic webhook receiver.

Each is a threaded HTTP server on 127.0.0.1:0 which checks what its provider checks, keeps every request, and
can be told how to misbehave: `fake.script(Answer(500), HANG, TAKE_AND_RESET)` is used up call by call,
`fake.always(HANG)` lasts. What a provider accepted is in `taken`, oldest first.
"""
import collections
import hashlib
import hmac
import html
import http.server
import json
import re
import socket
import struct
import threading
import time
import urllib.parse

DEADLINE = 30  # seconds any awaited event gets; nothing asserts on how long it took


class Answer:
    """A scripted reply. `take` keeps the message although the answer is an error."""

    def __init__(self, status=200, body=None, headers=None, take=False):
        self.status, self.body, self.headers, self.take = status, body, dict(headers or {}), take


HANG = Answer(0)                        # no answer until the server is closed or released
RESET = Answer(-1)                      # connection reset before taking
TAKE_AND_RESET = Answer(-1, take=True)  # taken, then reset: the sender cannot know
TAKE_AND_HANG = Answer(0, take=True)


class Request:
    """One recorded request."""

    def __init__(self, method, target, headers, body):
        parsed = urllib.parse.urlsplit(target)
        self.at = time.monotonic()
        self.method, self.target, self.path = method, target, parsed.path
        self.query = dict(urllib.parse.parse_qsl(parsed.query, keep_blank_values=True))
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.status = None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8")

    def __repr__(self):
        return f"<{self.method} {self.target} -> {self.status} {self.body[:300]!r}>"


class Taken(dict):
    """A message that a provider accepted; `history` holds its earlier texts where it was edited."""

    def __init__(self, **fields):
        super().__init__(**fields)
        self.history = []

    __getattr__ = dict.__getitem__


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        pass  # the peer went away: the tests kill it on purpose


class Fake:
    """What all providers share."""

    def __init__(self):
        self._changed = threading.Condition(threading.RLock())
        self._script = collections.deque()
        self._always = None
        self._released = threading.Event()
        self._gate = threading.Event()
        self._gate.set()
        self.requests, self.taken, self.violations = [], [], []
        self.in_flight = self.in_flight_max = 0
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 65536

            def log_message(self, *_):
                pass

            def _serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(self.command, self.path, self.headers, self.rfile.read(length))
                fake._serve(self, request)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    # -- how it behaves

    def script(self, *answers):
        with self._changed:
            self._script.extend(answers)

    def always(self, answer):
        """None: well again."""
        with self._changed:
            self._always = answer

    def hold(self):
        """Messages are taken, their answers wait until let_go()."""
        self._gate.clear()

    def let_go(self):
        self._gate.set()

    def release(self):
        """Lets go of what hangs: those connections are closed."""
        self._released.set()
        with self._changed:
            self._released = threading.Event()

    def close(self):
        self._released.set()
        self._gate.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- what it saw

    def wait(self, condition, what="", deadline=DEADLINE):
        """Waits until condition() is true, looking after every request; returns its value."""
        end = time.monotonic() + deadline
        with self._changed:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{type(self).__name__} never saw {what or 'it'}; requests: {self.requests[-8:]}; "
                                         f"violations: {self.violations}")
                self._changed.wait(min(left, 0.5))

    def wait_taken(self, count=1, deadline=DEADLINE):
        return self.wait(lambda: len(self.taken) >= count and list(self.taken), f"{count} accepted messages", deadline)

    def wait_requests(self, count=1, deadline=DEADLINE):
        return self.wait(lambda: len(self.requests) >= count and list(self.requests), f"{count} requests", deadline)

    def most_within(self, seconds, select=lambda request: True):
        """The largest number of requests inside any window of so many seconds."""
        with self._changed:
            times = [request.at for request in self.requests if select(request)]
        best = first = 0
        for last, at in enumerate(times):
            while at - times[first] >= seconds:
                first += 1
            best = max(best, last - first + 1)
        return best

    # -- for the providers

    def violate(self, words):
        self.violations.append(words)

    def handle(self, request):
        """The provider's own answer: (status, body, headers). Called under the lock."""
        raise NotImplementedError

    def is_scriptable(self, request):
        return True

    def _serve(self, handler, request):
        with self._changed:
            self.requests.append(request)
            self.in_flight += 1
            self.in_flight_max = max(self.in_flight_max, self.in_flight)
            released = self._released
            scripted = None
            if self.is_scriptable(request):
                scripted = self._script.popleft() if self._script else self._always
            answer = None
            if scripted is None or scripted.take or scripted.status in (200, 201, 204):
                answer = self.handle(request)
            if scripted is not None and not (scripted.status in (200, 201, 204) and scripted.body is None):
                answer = scripted.status, scripted.body, scripted.headers
            elif scripted is not None:
                answer = answer[0], answer[1], {**answer[2], **scripted.headers}
            request.status = answer[0]
            self._changed.notify_all()
        self._gate.wait(600)
        try:
            self._reply(handler, released, *answer)
        except (ConnectionError, OSError):
            handler.close_connection = True
        finally:
            with self._changed:
                self.in_flight -= 1
                self._changed.notify_all()

    @staticmethod
    def _reply(handler, released, status, body, headers):
        if status == 0:
            released.wait(600)
            handler.close_connection = True
            return
        if status == -1:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
            return
        content_type = "text/plain"
        if body is None:
            body = b""
        elif isinstance(body, (dict, list)):
            body, content_type = json.dumps(body).encode(), "application/json"
        elif isinstance(body, str):
            body = body.encode()
        handler.send_response(status)
        for name, value in {"Content-Type": content_type, **headers}.items():
            handler.send_header(name, str(value))
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if status != 204 and handler.command != "HEAD":
            handler.wfile.write(body)
        handler.wfile.flush()


def utf16_length(text):
    return len(text.encode("utf-16-le")) // 2


# ---------------------------------------------------------------------------------------------- Telegram

TELEGRAM_TOKEN = "110201543:AAsekretTelegramBotToken-abcdefghijk"
TELEGRAM_CHAT = "424242"


class TelegramMarkup(Exception):
    pass


_TELEGRAM_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "code", "pre",
                  "blockquote", "tg-emoji", "tg-time"}


def telegram_plain(text):
    """The text after Telegram's HTML entities were parsed, or TelegramMarkup with the server's words."""
    plain, stack, position = [], [], 0
    for match in re.finditer(r"<(/?)([^<>\s]*)([^<>]*)>|&([^;\s&<>]*;?)|<", text):
        plain.append(text[position:match.start()])
        position = match.end()
        token = match.group(0)
        if token == "<":
            raise TelegramMarkup(f"Unclosed start tag at byte offset {match.start()}")
        if token.startswith("&"):
            name = match.group(4)
            if name in ("lt;", "gt;", "amp;", "quot;") or re.fullmatch(r"#(\d+|x[0-9a-fA-F]+);", name):
                plain.append(html.unescape(token))
            else:
                plain.append(token)  # the server leaves unknown entities as they stand
            continue
        closing, name = match.group(1), match.group(2).lower()
        if name not in _TELEGRAM_TAGS:
            raise TelegramMarkup(f'Unsupported start tag "{name}" at byte offset {match.start()}')
        if not closing:
            stack.append(name)
        elif not stack or stack.pop() != name:
            raise TelegramMarkup(f'Unexpected end tag at byte offset {match.start()}')
    plain.append(text[position:])
    if stack:
        raise TelegramMarkup(f'Can\'t find end tag corresponding to start tag "{stack[-1]}"')
    return "".join(plain)


class Telegram(Fake):
    """Bot API: sendMessage, editMessageText, getUpdates, getMe, getChat."""

    def __init__(self, token=TELEGRAM_TOKEN, chats=(TELEGRAM_CHAT,)):
        super().__init__()
        self.token, self.chats = token, set(chats)
        self.next_id = 100
        self.moved = {}      # old chat -> new chat
        self.kicked = set()
        self.updates = []

    # scripted answers, in the server's words
    @staticmethod
    def error(status, description, take=False, **parameters):
        body = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        return Answer(status, body, take=take)

    @classmethod
    def busy(cls, seconds):
        return cls.error(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    @classmethod
    def parse_error(cls):
        return cls.error(400, "Bad Request: can't parse entities: Unexpected end tag at byte offset 5")

    def is_scriptable(self, request):
        return request.path.endswith(("/sendMessage", "/editMessageText"))

    def handle(self, request):
        match = re.fullmatch(r"/bot([^/]+)/(\w+)", request.path)
        if not match:
            return self._error(404, "Not Found")
        if match.group(1) != self.token:
            return self._error(401, "Unauthorized")
        arguments = dict(request.query)
        if request.body:
            arguments.update(request.json)
        method = getattr(self, "do_" + match.group(2), None)
        return method(arguments) if method else self._error(404, "Not Found: method not found")

    @staticmethod
    def _error(status, description, **parameters):
        body = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        return status, body, {}

    @staticmethod
    def _ok(result):
        return 200, {"ok": True, "result": result}, {}

    def _chat(self, arguments):
        chat = str(arguments.get("chat_id", ""))
        if chat in self.moved:
            return None, self._error(400, "Bad Request: group chat was upgraded to a supergroup chat",
                                     migrate_to_chat_id=int(self.moved[chat]))
        if chat in self.kicked:
            return None, self._error(403, "Forbidden: bot was kicked from the group chat")
        if chat not in self.chats:
            return None, self._error(400, "Bad Request: chat not found")
        return chat, None

    def _text(self, arguments):
        text = arguments.get("text")
        if not text:
            return None, self._error(400, "Bad Request: message text is empty")
        if arguments.get("parse_mode") not in (None, "HTML"):
            self.violate(f"parse_mode {arguments['parse_mode']}")
        if arguments.get("parse_mode") == "HTML":
            try:
                text = telegram_plain(text)
            except TelegramMarkup as markup:
                self.violate(f"markup: {markup}: {arguments['text']!r}")
                return None, self._error(400, f"Bad Request: can't parse entities: {markup}")
        if utf16_length(text) > 4096:
            self.violate(f"text of {utf16_length(text)} UTF-16 units")
            return None, self._error(400, "Bad Request: message is too long")
        return text, None

    def _limits(self, chat):
        if self.most_within(1.0, lambda r: r.status == 200 and self.is_scriptable(r)) >= 30:
            self.violate("more than 30 messages in a second")
            return self._error(429, "Too Many Requests: retry after 1", retry_after=1)
        now = time.monotonic()
        if chat.startswith("-"):
            recent = [m for m in self.taken if m.chat == chat and now - m.at < 60]
            if len(recent) >= 20:
                wait = int(60 - (now - recent[0].at)) + 1
                self.violate("more than 20 messages a minute in a group")
                return self._error(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        return None

    def _message(self, taken):
        chat = int(taken.chat)
        return {"message_id": taken.id, "date": int(time.time()), "text": taken.text,
                "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"}}

    def do_sendMessage(self, arguments):
        chat, error = self._chat(arguments)
        if error:
            return error
        text, error = self._text(arguments)
        if error:
            return error
        error = self._limits(chat)
        if error:
            return error
        reply = arguments.get("reply_parameters") or {}
        if isinstance(reply, str):
            reply = json.loads(reply)
        reply_to = reply.get("message_id")
        if reply_to is not None:
            known = any(m.id == reply_to and m.chat == chat and m.topic == arguments.get("message_thread_id") for m in self.taken)
            if not known and not reply.get("allow_sending_without_reply"):
                return self._error(400, "Bad Request: message to be replied not found")
        self.next_id += 1
        self.taken.append(Taken(id=self.next_id, chat=chat, text=text, raw=arguments["text"], at=time.monotonic(),
                                silent=bool(arguments.get("disable_notification")), reply_to=reply_to,
                                topic=arguments.get("message_thread_id"), arguments=arguments))
        return self._ok(self._message(self.taken[-1]))

    def do_editMessageText(self, arguments):
        chat, error = self._chat(arguments)
        if error:
            return error
        text, error = self._text(arguments)
        if error:
            return error
        for message in self.taken:
            if message.chat == chat and message.id == arguments.get("message_id"):
                if message.text == text:
                    return self._error(400, "Bad Request: message is not modified: specified new message content and reply "
                                            "markup are exactly the same as a current content and reply markup of the message")
                message.history.append(message.text)
                message["text"] = text
                return self._ok(self._message(message))
        return self._error(400, "Bad Request: message to edit not found")

    def do_getUpdates(self, arguments):
        offset = int(arguments.get("offset", 0))
        return self._ok([update for update in self.updates if update["update_id"] >= offset])

    def do_getMe(self, _):
        return self._ok({"id": int(self.token.split(":")[0]), "is_bot": True, "first_name": "notifier", "username": "notifier_bot"})

    def do_getChat(self, arguments):
        chat, error = self._chat(arguments)
        return error or self._ok({"id": int(chat), "type": "private", "first_name": "Ops"})


# ---------------------------------------------------------------------------------------------- Discord

DISCORD_TOKEN = "sekretDiscordWebhookToken-abcdefghijklmnopqrstuvwxyz0123456789"


class Discord(Fake):
    """An incoming webhook."""

    def __init__(self, token=DISCORD_TOKEN):
        super().__init__()
        self.hook = f"/api/webhooks/1234567890123456789/{token}"
        self.webhook_url = self.url + self.hook
        self.deleted = False
        self.next_id = 1325000000000000000  # beyond 2^53 on purpose
        self.remaining = 5

    @staticmethod
    def busy(seconds, scope="user"):
        return Answer(429, {"message": "You are being rate limited.", "retry_after": seconds, "global": False},
                      {"Retry-After": int(seconds) + 1, "X-RateLimit-Limit": 5, "X-RateLimit-Remaining": 0,
                       "X-RateLimit-Reset-After": seconds, "X-RateLimit-Bucket": "b1", "X-RateLimit-Scope": scope})

    @staticmethod
    def gone():
        return Answer(404, {"message": "Unknown Webhook", "code": 10015})

    def _refuse(self, status, code, message, field=None):
        if status == 400:
            self.violate(f"{message} {field or ''}")
        body = {"message": message, "code": code}
        if field:
            body["errors"] = {field: {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "too long"}]}}
        return status, body, {}

    def _check(self, body):
        content, embeds = body.get("content") or "", body.get("embeds") or []
        if len(content) > 2000:
            return "content"
        if len(embeds) > 10:
            return "embeds"
        total = 0
        for embed in embeds:
            author, footer = embed.get("author") or {}, embed.get("footer") or {}
            fields = embed.get("fields") or []
            texts = [(embed.get("title"), 256), (embed.get("description"), 4096), (footer.get("text"), 2048),
                     (author.get("name"), 256)]
            for field in fields:
                if not field.get("name") or not field.get("value"):
                    return "embeds.fields"
                texts += [(field["name"], 256), (field["value"], 1024)]
            if len(fields) > 25 or any(text and len(text) > limit for text, limit in texts):
                return "embeds"
            url = embed.get("url")
            if url is not None and not re.match(r"https?://|discord://", url):
                return "embeds.url"
            total += sum(len(text) for text, _ in texts if text)
        return "embeds" if total > 6000 else None

    def handle(self, request):
        headers = {"X-RateLimit-Limit": 5, "X-RateLimit-Remaining": 4, "X-RateLimit-Reset-After": 2.0, "X-RateLimit-Bucket": "b1"}
        if not request.path.startswith(self.hook) or self.deleted:
            return self._refuse(404, 10015, "Unknown Webhook")
        if not request.headers.get("user-agent"):
            self.violate("no User-Agent")
            return self._refuse(403, 40333, "internal network error")
        if request.method == "GET":
            return 200, {"type": 1, "id": "1234567890123456789", "name": "notifier", "channel_id": "99"}, headers
        body = request.json
        if "parse" not in (body.get("allowed_mentions") or {}):
            self.violate("no allowed_mentions: a label could ping everyone")
        wrong = self._check(body)
        if wrong:
            return self._refuse(400, 50035, "Invalid Form Body", wrong)
        if request.method == "POST":
            if not body.get("content") and not body.get("embeds"):
                return self._refuse(400, 50006, "Cannot send an empty message")
            self.next_id += 7
            self.taken.append(Taken(id=str(self.next_id), content=body.get("content") or "", embeds=body.get("embeds") or [],
                                    text=json.dumps(body, ensure_ascii=False), silent=bool(body.get("flags", 0) & 4096),
                                    mentions=body.get("allowed_mentions"), at=time.monotonic()))
            if request.query.get("wait") != "true":
                self.violate("without wait=true errors stay unseen")
                return 204, None, headers
            return 200, {"id": str(self.next_id), "channel_id": "99", "type": 0, "content": body.get("content") or ""}, headers
        match = re.fullmatch(re.escape(self.hook) + r"/messages/(\d+)", request.path)
        if request.method == "PATCH" and match:
            for message in self.taken:
                if message.id == match.group(1):
                    message.history.append(message.text)
                    message.update(text=json.dumps(body, ensure_ascii=False), content=body.get("content", message.content) or "",
                                   embeds=body.get("embeds", message.embeds) or [])
                    return 200, {"id": message.id, "channel_id": "99"}, headers
            return self._refuse(404, 10008, "Unknown Message")
        return self._refuse(405, 0, "405: Method Not Allowed")


# ---------------------------------------------------------------------------------------------- Slack

SLACK_TOKEN = "xoxb-sekretSlackBotToken-0123456789"
SLACK_HOOK = "/services/T00000000/B00000000/sekretSlackHookToken0123"


class Slack(Fake):
    """An incoming webhook and the two methods of the Web API that a bot needs."""

    def __init__(self, token=SLACK_TOKEN, channels=None):
        super().__init__()
        self.token = token
        self.channels = channels or {"#ops": "C0OPS0001", "C0OPS0001": "C0OPS0001"}
        self.webhook_url = self.url + SLACK_HOOK
        self.api_url = self.url + "/api"
        self.next_ts = 1

    @staticmethod
    def busy(seconds):
        return Answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": seconds})

    @staticmethod
    def failing(error):
        return Answer(200, {"ok": False, "error": error})

    def _wrong(self, body):
        blocks = body.get("blocks") or [b for a in body.get("attachments") or [] for b in a.get("blocks") or []]
        if len(blocks) > 50:
            return "invalid_blocks"
        for block in blocks:
            if block.get("type") == "section" and len((block.get("text") or {}).get("text", "")) > 3000:
                return "invalid_blocks"
            if block.get("type") == "header" and len((block.get("text") or {}).get("text", "")) > 150:
                return "invalid_blocks"
            if block.get("type") == "section" and not block.get("text") and not block.get("fields"):
                return "invalid_blocks"
            if block.get("type") == "context" and not 1 <= len(block.get("elements") or []) <= 10:
                return "invalid_blocks"
        if len(json.dumps(blocks)) > 13200:
            return "msg_blocks_too_long"
        if len(body.get("text") or "") > 40000:
            return "msg_too_long"
        if not body.get("text") and not blocks and not body.get("attachments"):
            return "no_text"
        return None

    def _take(self, channel, body):
        ts = f"1760000000.{self.next_ts:06d}"
        self.next_ts += 1
        self.taken.append(Taken(id=ts, channel=channel, text=body.get("text") or "", whole=json.dumps(body, ensure_ascii=False),
                                thread=body.get("thread_ts"), broadcast=bool(body.get("reply_broadcast")), at=time.monotonic()))
        return ts

    def handle(self, request):
        if request.path.startswith("/services/"):
            if request.path != SLACK_HOOK:
                return 404, "no_service", {}
            try:
                body = request.json
            except ValueError:
                self.violate("invalid JSON")
                return 400, "invalid_payload", {}
            wrong = self._wrong(body)
            if wrong:
                self.violate(wrong)
                return 400, "no_text" if wrong == "no_text" else "invalid_payload", {}
            self._take("hook", body)
            return 200, "ok", {}
        method = request.path.rsplit("/", 1)[-1]
        if method == "auth.test":
            good = request.headers.get("authorization") == f"Bearer {self.token}"
            return 200, ({"ok": True, "team": "T", "user": "notifier"} if good else {"ok": False, "error": "invalid_auth"}), {}
        if method not in ("chat.postMessage", "chat.update"):
            return 200, {"ok": False, "error": "unknown_method"}, {}
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return 200, {"ok": False, "error": "invalid_auth"}, {}
        body = request.json
        wrong = self._wrong(body)
        if wrong:
            self.violate(wrong)
            return 200, {"ok": False, "error": wrong}, {}
        if method == "chat.update":
            if body.get("channel") not in self.channels.values():
                self.violate("chat.update wants the channel's id")
                return 200, {"ok": False, "error": "channel_not_found"}, {}
            for message in self.taken:
                if message.id == body.get("ts"):
                    message.history.append(message.text)
                    message.update(text=body.get("text") or "", whole=json.dumps(body, ensure_ascii=False))
                    return 200, {"ok": True, "channel": body["channel"], "ts": message.id}, {}
            return 200, {"ok": False, "error": "message_not_found"}, {}
        channel = self.channels.get(body.get("channel"))
        if not channel:
            return 200, {"ok": False, "error": "channel_not_found"}, {}
        if body.get("thread_ts") and not any(m.id == body["thread_ts"] for m in self.taken):
            return 200, {"ok": False, "error": "thread_not_found"}, {}
        return 200, {"ok": True, "channel": channel, "ts": self._take(channel, body)}, {}


# ---------------------------------------------------------------------------------------------- generic webhook

class Sink(Fake):
    """Any webhook receiver. With a secret it checks the signature, over the body or "timestamp:body"."""

    def __init__(self, secret=None):
        super().__init__()
        self.secret = secret
        self.signed = 0

    @staticmethod
    def unavailable(seconds=None):
        return Answer(503, "later", {"Retry-After": seconds} if seconds is not None else {})

    @staticmethod
    def redirect(to, status=301):
        return Answer(status, None, {"Location": to})

    def _is_signed(self, request):
        given = [value.removeprefix("sha256=") for name, value in request.headers.items() if "signature" in name]
        stamps = [value for name, value in request.headers.items() if "timestamp" in name]
        signed = [request.body] + [stamp.encode() + b":" + request.body for stamp in stamps]
        return any(hmac.compare_digest(value, hmac.new(self.secret.encode(), data, hashlib.sha256).hexdigest())
                   for value in given for data in signed)

    def handle(self, request):
        if self.secret is not None:
            if not self._is_signed(request):
                self.violate(f"signature: {request.headers}")
                return 401, "bad signature", {}
            self.signed += 1
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        self.taken.append(Taken(path=request.path, body=body, text=request.body.decode("utf-8", "replace"), at=time.monotonic(),
                                key=request.headers.get("idempotency-key"), headers=request.headers))
        return 200, "ok", {}
