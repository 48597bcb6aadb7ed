#include "base/sign.h"
#include "notifier/channels/mail_format.h"
#include "tests/unit/channels/verdicts.h"

static struct channel_config config = {.name = "email", .type = "smtp", .host = "mail.example.org", .from = "notifier@example.org",
                                       .to = {"a@example.org", "b@example.org", "c@example.org"}, .to_count = 3, .username = "u",
                                       .password = SECRET, .max_alerts = 50};

static const struct {
    const char *name;
    struct recipient_reply reply;
    enum outcome outcome;
    const char *words; /* part of them, or of the remote id */
} rows[] = {
    {"taken", {250, true, REPLY_ANSWERED, false, "2.0.0 Ok: queued as 4XyZ"}, OUTCOME_TAKEN, "queued as 4XyZ"},
    {"taken without words", {250, true, REPLY_ANSWERED, false, NULL}, OUTCOME_TAKEN, "taken"},
    {"not finished", {250, false, REPLY_ANSWERED, false, ""}, OUTCOME_UNCLEAR, "250"},
    {"greylisted", {450, false, REPLY_ANSWERED, false, "4.7.1 try later"}, OUTCOME_FAILED, "a@example.org: 450 4.7.1 try later"},
    {"greylisted, said to be complete", {450, true, REPLY_ANSWERED, false, "4.7.1 try later"}, OUTCOME_FAILED, "450"},
    {"closing", {421, false, REPLY_ANSWERED, false, "4.3.2 closing"}, OUTCOME_FAILED, "421"},
    {"unknown", {550, true, REPLY_ANSWERED, false, "5.1.1 no such user, see version 4.2"}, OUTCOME_REFUSED_CONTENT, "550 5.1.1"},
    {"550 that says 4.x.x", {550, true, REPLY_ANSWERED, false, "4.2.1 mailbox busy"}, OUTCOME_FAILED, "4.2.1"},
    {"550 that says so with its code", {550, true, REPLY_ANSWERED, false, "550 4.2.1 mailbox busy"}, OUTCOME_FAILED, "4.2.1"},
    {"too large", {552, true, REPLY_ANSWERED, false, "5.3.4 too big"}, OUTCOME_REFUSED_CONTENT, "552"},
    {"credentials wanted", {530, true, REPLY_ANSWERED, false, "5.7.0 authentication required"}, OUTCOME_REFUSED_CHANNEL, "530"},
    {"credentials refused", {535, true, REPLY_NOT_SENT, true, "5.7.8 bad password"}, OUTCOME_REFUSED_CHANNEL, "535"},
    {"no TLS", {0, false, REPLY_NOT_SENT, true, "certificate"}, OUTCOME_REFUSED_CHANNEL, "certificate"},
    {"lost after the dot", {0, false, REPLY_UNCLEAR, false, "connection lost"}, OUTCOME_UNCLEAR, "connection lost"},
    {"lost before it", {0, false, REPLY_NOT_SENT, false, "connection lost"}, OUTCOME_FAILED, "connection lost"},
    {"no code", {0, false, REPLY_ANSWERED, false, NULL}, OUTCOME_UNCLEAR, "no answer"},
    {"354", {354, true, REPLY_ANSWERED, false, "go ahead"}, OUTCOME_UNCLEAR, "354"},
    {"words that hold the password", {550, true, REPLY_ANSWERED, false, "5.7.1 " SECRET}, OUTCOME_REFUSED_CONTENT, "5.7.1 ***"},
};

static void each_recipient_has_a_verdict(void)
{
    struct rendered_part parts[3];

    for (size_t i = 0; i < 3; i++)
        parts[i] = (struct rendered_part){.kind = PART_RECIPIENT, .address = config.to[i]};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        static struct verdict verdict;
        struct arena *arena = arena_new();
        struct recipient_reply replies[2] = {rows[i].reply, {250, true, REPLY_ANSWERED, false, "queued"}};
        struct reply reply = {.end = REPLY_ANSWERED, .headers = "", .body = "", .recipients = replies, .recipient_count = 2};

        config.codec->read(&config, &(struct sending){0}, parts, 3, &reply, arena, &verdict);
        const struct part_verdict *got = &verdict.parts[0];
        const char *words = text_or(got->outcome == OUTCOME_TAKEN ? got->remote_id : got->words, "");
        CHECK(verdict.part_count == 3 && got->outcome == rows[i].outcome, "%s: %s", rows[i].name, outcome_text(got->outcome));
        CHECK(strstr(words, rows[i].words) && !strstr(words, SECRET), "%s: %s", rows[i].name, words);
        CHECK(verdict.parts[1].outcome == OUTCOME_TAKEN, "%s: the other has its mail", rows[i].name);
        CHECK(verdict.parts[2].outcome == OUTCOME_UNCLEAR, "%s: the one without an answer", rows[i].name);
        CHECK(verdict.wait_ms == -1, "%s: no wish", rows[i].name);
        arena_free(arena);
    }
}

/* The library goes on behind an AUTH that failed for now: what it heard last says nothing about why. */
static void the_reason_comes_before_the_last_words(void)
{
    static struct verdict verdict;
    struct arena *arena = arena_new();
    struct rendered_part part = {.kind = PART_RECIPIENT, .address = config.to[0]};
    struct recipient_reply one = {0, false, REPLY_NOT_SENT, false, "354 go on"};
    struct reply reply = {.end = REPLY_NOT_SENT, .headers = "", .body = "", .recipients = &one, .recipient_count = 1,
                          .error = "the server refused username and password: 454 4.7.0 later"};

    config.codec->read(&config, &(struct sending){0}, &part, 1, &reply, arena, &verdict);
    CHECK(verdict.parts[0].outcome == OUTCOME_FAILED, "%s", outcome_text(verdict.parts[0].outcome));
    CHECK_TEXT(verdict.parts[0].words, reply.error);
    arena_free(arena);
}

/* RFC 5322: CRLF, lines bounded; the head holds our headers and no others. */
static void check_head(const char *message, const char *name)
{
    static const char *const ours[] = {"Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "List-Id", "Auto-Submitted",
                                       "X-Auto-Response-Suppress", "Importance", "X-Priority", "MIME-Version", "Content-Type"};
    for (const char *line = message; *line && !text_starts(line, "\r\n");) {
        size_t length = strcspn(line, "\r\n"), known = line[0] == ' ';
        for (size_t i = 0; i < LENGTH(ours); i++)
            known += text_starts(line, ours[i]) && line[strlen(ours[i])] == ':';
        CHECK(known == 1, "%s: %.*s", name, (int)length, line);
        CHECK(length <= 78, "%s: %zu octets: %.*s", name, length, (int)length, line);
        line += length + 2;
    }
}

static void check_body(const struct request *request, const char *name)
{
    size_t line = 0;

    CHECK(request->kind == REQUEST_MAIL && request->recipient_count == 3, "%s: recipients", name);
    for (size_t i = 0; i < request->body_length; i++) {
        unsigned char c = (unsigned char)request->body[i];
        line = c == '\n' ? 0 : line + 1;
        bool ok = c == '\r' ? request->body[i + 1] == '\n' : c == '\n' ? i && request->body[i - 1] == '\r' : c >= 0x20 && c < 0x7f;
        if (!ok || line > 79) {
            CHECK(false, "%s: byte 0x%02x at %zu, line of %zu", name, c, i, line);
            return;
        }
    }
    check_head(request->body, name);
    CHECK(!strstr(request->body, "\r\nBcc:") && strstr(request->body, "@hXy>"), "%s: nothing is injected", name);
}

static const struct {
    const char *name, *value, *want;
} headers[] = {
    {"plain", "hello world", "S: hello world\r\n"},
    {"empty", "", "S:\r\n"},
    {"injection", "a\r\nBcc: x@y\r\n\r\nbody", "S: a Bcc: x@y body\r\n"},
    {"a word that looks encoded", "=?UTF-8?B?aGk=?=", "S: =?UTF-8?B?PT9VVEYtOD9CP2FHaz0/PQ==?=\r\n"},
    {"folded", "aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc dddddddddddddd",
     "S: aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc\r\n dddddddddddddd\r\n"},
    {"umlaut", "Börse", "S: =?UTF-8?B?QsO2cnNl?=\r\n"},
    {"four bytes on every border", "😀😀😀😀😀😀😀😀😀😀", "S: =?UTF-8?B?8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA?=\r\n =?UTF-8?B?8J+YgA==?=\r\n"},
    {"broken UTF-8", "a\xff", "S: =?UTF-8?B?Ye+/vQ==?=\r\n"},
};

static void headers_are_encoded(void)
{
    for (size_t i = 0; i < LENGTH(headers); i++) {
        struct buf out = BUF_EMPTY(4096);
        mail_add_header(&out, "S", headers[i].value);
        CHECK(strcmp(buf_text(&out), headers[i].want) == 0, "%s: %s", headers[i].name, buf_text(&out));
        buf_free(&out);
    }
}

static const char *message_of(struct arena *arena, enum reason reason, bool told, uint64_t delivery_id, bool repeat)
{
    struct rendered_part parts[CHANNEL_PARTS_MAX];
    struct request request;
    struct view view;
    struct err err;
    struct sending sending = {.delivery_id = delivery_id, .message_id = delivery_id + 1, .incident_id = 70, .repeat = repeat,
                              .host_name = "alerts.example.org", .now_wall_ms = GOLDEN_NOW_MS, .zone_offset_s = -(9 * 3600 + 1800)};
    hostile_view(arena, &view, 1);
    view.reason = reason;
    ((struct view_alert *)(uintptr_t)view.alerts)->was_told_firing = told;
    config.codec->compose(&config, &view, arena, parts);
    CHECK(config.codec->write(&config, &sending, parts, 1, arena, &request, &err), "%s", err.text);
    CHECK_INT(request.recipient_count, 1);
    return request.body;
}

static void mails_thread(void)
{
    struct arena *arena = arena_new();
    const char *first = message_of(arena, REASON_FIRST, false, 71, false), *later = message_of(arena, REASON_NEW_ALERTS, true, 80, false);

    CHECK(strstr(first, "Message-ID: <g-70@alerts.example.org>\r\n") && !strstr(first, "References:"), "%s", first);
    CHECK(strstr(message_of(arena, REASON_FIRST, false, 71, true), "Message-ID: <g-70@alerts.example.org>\r\n"), "a repeat has the same id");
    CHECK(strstr(later, "Message-ID: <d-80@alerts.example.org>\r\nIn-Reply-To: <g-70@alerts.example.org>\r\n"
                        "References: <g-70@alerts.example.org>\r\n"), "%s", later);
    CHECK(strstr(message_of(arena, REASON_FIRST, true, 90, false), "Message-ID: <d-90@"), "told before: the first mail's id is taken");
    CHECK(strstr(first, "Date: Fri, 13 Mar 2026 23:56:53 -0930\r\n"), "%.60s", first);
    CHECK(strstr(first, "To: a@example.org,\r\n b@example.org,\r\n c@example.org\r\n"), "all are named, whoever this session is for");
    arena_free(arena);
}

/* An address cannot be written as an encoded word (RFC 2047, 5), however long it is. */
static void a_long_sender_stays_an_address(void)
{
    struct arena *arena = arena_new();
    const char *plain = config.from;

    config.from = "notifications.of.the.alerting.system@monitoring.infrastructure.example.org";
    CHECK(strstr(message_of(arena, REASON_FIRST, false, 71, false), arena_printf(arena, "\r\nFrom: %s\r\n", config.from)), "%.300s",
          message_of(arena, REASON_FIRST, false, 71, false));
    config.from = plain;
    arena_free(arena);
}

static void complain(void *context, const char *key, const char *text)
{
    (void)text;
    buf_addf(context, "%s;", key);
}

static void settings_are_checked(void)
{
    static const struct {
        struct channel_config config;
        const char *want;
    } settings[] = {
        {{.host = "m.example.org", .from = "a@example.org", .to_count = 1}, ""},
        {{0}, "host;from;to;"},
        {{.host = "m.example.org:25", .from = "Ops <a@example.org>", .to_count = 1}, "host;from;"},
        {{.host = "m.example.org", .from = "a@example.org\r\nRCPT TO:<x>", .to_count = 1}, "from;"},
        {{.host = "m.example.org", .from = "a@example.org", .to_count = 1, .username = "u"}, "username;"},
        {{.host = "m.example.org", .from = "a@example.org", .to_count = 1, .username = "u", .password = "p", .starttls = STARTTLS_OFF}, "starttls;"},
        {{.host = "127.0.0.1", .from = "a@example.org", .to_count = 1, .username = "u", .password = "p", .starttls = STARTTLS_OFF}, ""},
    };
    for (size_t i = 0; i < LENGTH(settings); i++) {
        struct buf out = BUF_EMPTY(1000);
        config.codec->check(&settings[i].config, complain, &out);
        CHECK_TEXT(buf_text(&out), settings[i].want);
        buf_free(&out);
    }
}

int main(void)
{
    config.codec = channel_find("smtp");
    each_recipient_has_a_verdict();
    the_reason_comes_before_the_last_words();
    each_hostile_request(&config, NULL, check_body);
    headers_are_encoded();
    mails_thread();
    a_long_sender_stays_an_address();
    settings_are_checked();
    return test_end();
}
