"""What webhook channels post to: doubles of ntfy, Pushover, Matrix, Mattermost and Teams' Workflows. Each refuses what the
provider's documentation says it refuses, with the provider's own answer, and keeps what it took."""
import json
import re
import urllib.parse

from fakes import Answer, Fake, Taken

TOKEN = "not-a-real-token-0123456789abc"  # 30 characters, as Pushover's are
TEAMS_BYTES = 28 * 1024


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(str(body))
        self.answer = Answer(status, body)


class Provider(Fake):
    """A subclass looks at the request and returns (answer, what it took)."""
    method = "POST"

    def handle(self, request):
        try:
            if request.method != self.method:
                raise Refused(405, "method not allowed")
            body = json.loads(request.text)
            answer, took = self.look(request, body)
        except ValueError:
            answer, took = Answer(400, self.wrong("malformed JSON")), None
        except Refused as refused:
            self.violate(f"{type(self).__name__}: {refused}")
            answer, took = refused.answer, None
        if took is not None:
            self.taken.append(Taken(text=took, body=body, path=request.path, headers=request.headers))
        return answer.status, answer.body, answer.headers

    def wrong(self, words):
        return words


class Ntfy(Provider):
    """docs.ntfy.sh/publish, "Publish as JSON": to the root, topic is required; priority 1 to 5; a text beyond 4,096 bytes
    becomes a file."""

    def look(self, request, body):
        def need(fits, words):
            if not fits:
                raise Refused(400, {"code": 40024, "http": 400, "error": f"invalid request: {words}"})
        need(request.path == "/", "JSON is published to the root")
        if request.headers.get("authorization") not in (None, f"Bearer {TOKEN}"):
            raise Refused(401, {"code": 40101, "http": 401, "error": "unauthorized"})
        need(isinstance(body.get("topic"), str) and re.fullmatch(r"[-_A-Za-z0-9]{1,64}", body["topic"]), "topic invalid")
        need(isinstance(body.get("message", ""), str) and isinstance(body.get("title", ""), str), "texts are texts")
        need(body.get("priority", 3) in (1, 2, 3, 4, 5), "priority invalid")
        need(all(isinstance(tag, str) for tag in body.get("tags", [])), "tags are texts")
        need(not body.get("click") or urllib.parse.urlsplit(body["click"]).scheme, "click invalid")
        need(len(body.get("message", "").encode()) <= 4096, "the message would become an attachment")
        return Answer(200, {"id": "sPs71M8A2T", "event": "message", "topic": body["topic"]}), body.get("message") or "triggered"


class Pushover(Provider):
    """pushover.net/api: token, user and message are required; title 250, message 1,024, url 512, url_title 100 characters;
    priority 2 needs retry (at least 30 s) and expire (at most 10,800 s)."""

    def wrong(self, words):
        return {"status": 0, "errors": [words], "request": "r"}

    def look(self, request, body):
        def need(fits, words):
            if not fits:
                raise Refused(400, self.wrong(words))
        need(request.path == "/1/messages.json", "no such resource")
        need(body.get("token") == TOKEN, "application token is invalid")
        need(re.fullmatch(r"[A-Za-z0-9]{30}", str(body.get("user"))), "user identifier is not a valid user, group, or subscribed user key")
        need(isinstance(body.get("message"), str) and body["message"].strip(), "message cannot be blank")
        for key, most in (("message", 1024), ("title", 250), ("url", 512), ("url_title", 100)):
            need(len(body.get(key, "")) <= most, f"{key} is too long")
        need(body.get("priority", 0) in (-2, -1, 0, 1, 2), "priority is invalid")
        if body.get("priority") == 2:
            need("retry" in body, "retry must be supplied with priority=2")
            need("expire" in body, "expire must be supplied with priority=2")
            need(body["retry"] >= 30, "retry must be at least 30 seconds")
            need(1 <= body["expire"] <= 10800, "expire must be at most 10800 seconds")
        return Answer(200, {"status": 1, "request": "r", **({"receipt": "x"} if body.get("priority") == 2 else {})}), body["message"]


class Matrix(Provider):
    """spec.matrix.org, client-server API: PUT …/rooms/{roomId}/send/{eventType}/{txnId}. The same txnId of the same token is the
    same event, whatever is sent with it; an event has at most 65,536 bytes."""
    method = "PUT"

    def __init__(self):
        self.events = {}
        super().__init__()

    def wrong(self, words):
        return {"errcode": "M_NOT_JSON", "error": words}

    def look(self, request, body):
        place = re.fullmatch(r"/_matrix/client/v3/rooms/(![^/]+:[^/]+)/send/m\.room\.message/([^/]+)", urllib.parse.unquote(request.path))
        if not place:
            raise Refused(404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token"})
        if len(request.text.encode()) > 65536:
            raise Refused(413, {"errcode": "M_TOO_LARGE", "error": "event too large"})
        if body.get("msgtype") not in ("m.text", "m.notice") or not isinstance(body.get("body"), str):
            raise Refused(400, {"errcode": "M_BAD_JSON", "error": "an m.room.message has msgtype and body"})
        if ("format" in body) != ("formatted_body" in body) or body.get("format", "org.matrix.custom.html") != "org.matrix.custom.html":
            raise Refused(400, {"errcode": "M_BAD_JSON", "error": "formatted_body needs its format"})
        known = place.group(2) in self.events
        event = self.events.setdefault(place.group(2), f"$event{len(self.events)}")
        return Answer(200, {"event_id": event}), None if known else body["body"]

    @staticmethod
    def busy(seconds):
        return Answer(429, {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": seconds * 1000}, {"Retry-After": str(seconds)})


class Mattermost(Provider):
    """developers.mattermost.com, incoming webhooks: text or attachments; 200 with the body "ok"; a text beyond 16,383 characters
    would be cut into posts."""

    def wrong(self, words):
        return {"id": "web.incoming_webhook.parse.app_error", "message": words, "status_code": 400}

    def look(self, request, body):
        if not re.fullmatch(r"/hooks/[a-z0-9]{26}", request.path):
            raise Refused(404, {"id": "web.incoming_webhook.invalid.app_error", "message": "Invalid webhook.", "status_code": 404})
        if not body.get("text") and not body.get("attachments"):
            raise Refused(400, {"id": "web.incoming_webhook.text.app_error", "message": "No text specified.", "status_code": 400})
        if len(body.get("text", "")) > 16383:
            raise Refused(400, self.wrong("the text is too long for one post"))
        return Answer(200, "ok", {"Content-Type": "text/plain"}), body.get("text", "")


class Teams(Provider):
    """Power Automate's "When a Teams webhook request is received": 202; a message with Adaptive Cards as attachments, at most
    28 KB, in elements of the card's schema."""
    KNOWN = {"TextBlock": ("text",), "FactSet": ("facts",), "Container": ("items",)}

    def look(self, request, body):
        def need(fits, words):
            if not fits:
                raise Refused(400, {"error": {"code": "InvalidRequest", "message": words}})
        need(request.path.startswith("/workflows/"), "no such workflow")
        need(len(request.text.encode()) <= TEAMS_BYTES, "the card is larger than 28 KB")
        need(body.get("type") == "message" and isinstance(body.get("attachments"), list) and body["attachments"], "a message has attachments")
        texts = []
        for attachment in body["attachments"]:
            need(attachment.get("contentType") == "application/vnd.microsoft.card.adaptive", "only Adaptive Cards")
            card = attachment.get("content", {})
            need(card.get("type") == "AdaptiveCard" and re.fullmatch(r"1\.[0-5]", str(card.get("version"))), "an AdaptiveCard of version 1.0 to 1.5")
            need(isinstance(card.get("body"), list) and card["body"], "a card has a body")
            for element in card["body"]:
                need(element.get("type") in self.KNOWN, f"no such element: {element.get('type')}")
                need(all(key in element for key in self.KNOWN[element["type"]]), f"{element['type']} lacks {self.KNOWN[element['type']]}")
                need(all(set(fact) == {"title", "value"} for fact in element.get("facts", [])), "a fact has title and value")
                texts.append(element.get("text", ""))
            for action in card.get("actions", []):
                need(action.get("type") == "Action.OpenUrl" and action.get("url", "").startswith("http"), "an action opens an address")
        return Answer(202, ""), "\n".join(texts)
