/* Tables of replies and what must be read from them. */
#ifndef TESTS_CHANNELS_VERDICTS_H
#define TESTS_CHANNELS_VERDICTS_H

#include "tests/unit/channels/golden.h"

#define SECRET_BEGINNING "sekret" /* half a secret is one too */
#define SECRET SECRET_BEGINNING "TestToken0123"

struct verdict_row {
    const char *name;
    enum part_kind kind;
    int status;
    const char *headers, *body; /* NULL: none */
    enum outcome outcome;
    int64_t wait_ms;            /* -1: no wish */
    const char *remote_id, *moved_to;
};

static inline void check_verdicts(const struct channel_config *config, const struct verdict_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        static struct verdict verdict;
        struct arena *arena = arena_new();
        struct rendered_part part = {.kind = rows[i].kind, .content = "{}"};
        struct sending sending = {.delivery_id = 1, .message_id = 2, .root_remote = "7", .host_name = "h", .now_wall_ms = GOLDEN_NOW_MS};
        const char *body = text_or(rows[i].body, "");
        struct reply reply = {.end = rows[i].status ? REPLY_ANSWERED : REPLY_UNCLEAR, .status = rows[i].status,
                              .headers = text_or(rows[i].headers, ""), .body = body, .body_length = strlen(body),
                              .error = "no answer from " SECRET, .now_wall_ms = GOLDEN_NOW_MS};
        if (rows[i].status < 0)
            reply.end = REPLY_NOT_SENT;
        memset(&verdict, 0, sizeof verdict);
        config->codec->read(config, &sending, &part, 1, &reply, arena, &verdict);
        const struct part_verdict *got = &verdict.parts[0];
        CHECK(verdict.part_count == 1 && got->outcome == rows[i].outcome, "%s: %s (%s)", rows[i].name, outcome_text(got->outcome),
              text_or(got->words, ""));
        CHECK(verdict.wait_ms == rows[i].wait_ms, "%s: waits %lld", rows[i].name, (long long)verdict.wait_ms);
        CHECK(test_same(got->remote_id, rows[i].remote_id), "%s: remote %s", rows[i].name, text_or(got->remote_id, "(null)"));
        CHECK(test_same(verdict.moved_to, rows[i].moved_to), "%s: moved to %s", rows[i].name, text_or(verdict.moved_to, "(null)"));
        CHECK(!got->words || !strstr(got->words, SECRET_BEGINNING), "%s: a secret in \"%s\"", rows[i].name, got->words);
        CHECK(got->outcome == OUTCOME_TAKEN || (got->words && got->words[0]), "%s: has words", rows[i].name);
        arena_free(arena);
    }
}

/* Views that try to break out: raw control characters, marks, endless texts, characters of four bytes on every border. */
static inline void hostile_view(struct arena *arena, struct view *view, size_t count)
{
    static const char *const texts[] = {
        "@everyone @here <@123> <@&77> <!channel> <!here>", "<script>alert(1)</script>", "a\r\nBcc: evil@example.org\r\n\r\nbody",
        "```\n**bold** _it_ ~~no~~ ||spoiler||", "\xe2\x80\xae" "gnp.exe\xe2\x81\xa6", "\x1b]0;title\x07\x1b[31m", "\xff\xfe broken \xc3",
        "\"},{\"text\":\"injected\"}", "&amp; &lt;b&gt; %s %n {{ . }}", "=?UTF-8?B?aGk=?=", "https://evil.example.org/_a_|b",
    };
    struct view_alert *alerts = ARENA_NEW(arena, struct view_alert, count);
    struct buf big = BUF_EMPTY(1u << 16);

    for (size_t i = 0; i < 3000; i++)
        buf_add_text(&big, "😀");
    for (size_t i = 0; i < count; i++) {
        struct alert_input *input = ARENA_NEW(arena, struct alert_input, 1);
        struct label *labels = ARENA_NEW(arena, struct label, LENGTH(texts) + 4), *notes = ARENA_NEW(arena, struct label, 3);
        *input = (struct alert_input){.fingerprint = "f", .starts_ms = GOLDEN_NOW_MS - 60000, .labels = {labels, 0}, .annotations = {notes, 3}};
        for (size_t t = 0; t < LENGTH(texts); t++)
            labels[input->labels.count++] = (struct label){texts[(t + 1) % LENGTH(texts)], arena_printf(arena, "%s %zu", texts[t], i)};
        labels[input->labels.count++] = (struct label){"alertname", texts[i % LENGTH(texts)]};
        labels[input->labels.count++] = (struct label){"big", arena_printf(arena, "%.*s%s", (int)(i % 4), "aaa", buf_text(&big))};
        labels[input->labels.count++] = (struct label){"severity", "critical"};
        labels_settle(&input->labels);
        notes[0] = (struct label){"description", arena_text(arena, buf_text(&big))};
        notes[1] = (struct label){"runbook_url", "https://runbooks.example.org/x"};
        notes[2] = (struct label){"summary", i % 3 ? texts[i % LENGTH(texts)] : arena_printf(arena, "%.*s%s", (int)(i % 4), "bbb", buf_text(&big))};
        input->value_string = "[ var='A' labels={} value=1 ]";
        input->panel_url = arena_printf(arena, "https://grafana.example.org/%0400d", (int)i);
        input->generator_url = "javascript:alert(1)";
        alerts[i] = (struct view_alert){.id = i + 1, .input = input, .severity = "critical", .changed = true};
    }
    buf_free(&big);
    *view = (struct view){.channel = "x", .receiver = texts[0], .route = texts[1], .reference = "K7Q2", .severity = "critical",
                          .now_ms = GOLDEN_NOW_MS, .opened_ms = GOLDEN_NOW_MS - 60000, .firing = (uint32_t)count,
                          .news_firing = (uint32_t)count, .alerts = alerts, .alert_count = count, .public_url = "https://notifier.example.org"};
}

/* Every request of a hostile view, for each form and reason, alone and beneath a first message. */
static inline void each_hostile_request(struct channel_config *config, const char *root_remote,
                                        void (*check)(const struct request *request, const char *name))
{
    static const size_t counts[] = {1, 2, 60};
    static const enum reason reasons[] = {REASON_FIRST, REASON_NEW_ALERTS, REASON_ALL_RESOLVED, REASON_REPEAT, REASON_TEST};

    for (size_t n = 0; n < LENGTH(counts) * LENGTH(reasons) * 6; n++) {
        struct arena *arena = arena_new();
        struct rendered_part *parts = ARENA_NEW(arena, struct rendered_part, CHANNEL_PARTS_MAX);
        struct view view;
        hostile_view(arena, &view, counts[n % 3]);
        view.reason = reasons[n / 3 % LENGTH(reasons)];
        view.form = (enum form)(n / 3 / LENGTH(reasons) % 3);
        view.threaded = n / 9 / LENGTH(reasons) % 2 && root_remote;
        struct sending sending = {.delivery_id = 1, .message_id = 2, .incident_id = 3, .form = view.form, .repeat = n % 2,
                                  .host_name = "h\r\nX: y", .now_wall_ms = GOLDEN_NOW_MS, .root_remote = view.threaded ? root_remote : NULL};
        const char *name = arena_printf(arena, "%s %zu alerts, reason %d, form %d%s", config->type, counts[n % 3], view.reason, view.form,
                                        view.threaded ? ", threaded" : "");
        size_t count = config->codec->compose(config, &view, arena, parts), step = config->codec->parts_together ? count : 1;
        CHECK(count >= 1 && count <= CHANNEL_PARTS_MAX, "%s: %zu parts", name, count);
        for (size_t i = 0; i < count; i += step) {
            struct request request = {0};
            struct err err = {0};
            bool ok = config->codec->write(config, &sending, parts + i, step, arena, &request, &err);
            CHECK(ok, "%s: %s", name, err.text);
            if (!ok)
                continue;
            CHECK(text_is_utf8(request.body, request.body_length), "%s: UTF-8", name);
            CHECK(!strstr(request.body, "words were lost"), "%s: its stored words read back", name);
            for (size_t h = 0; h < request.header_count; h++)
                CHECK(!strpbrk(request.headers[h].value, "\r\n"), "%s: header %s", name, request.headers[h].name);
            check(&request, name);
        }
        arena_free(arena);
    }
}

#endif
