"""Telegram, Discord and Slack, as strict as the real ones."""
import html
import json
import re
import time

from fakes import Answer, Fake, Taken


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
