#include "tests/unit/channels/verdicts.h"

static struct channel_config hook = {.name = "slack", .type = "slack", .webhook_url = "https://hooks.slack.com/services/T/B/" SECRET,
                                     .on_update = UPDATE_REPLY, .max_alerts = 10};
static struct channel_config bot = {.name = "slack", .type = "slack", .bot_token = "xoxb-" SECRET, .slack_channel = "#ops",
                                    .on_update = UPDATE_REPLY, .max_alerts = 10};

static const struct verdict_row hook_replies[] = {
    {"taken", PART_POST, 200, NULL, "ok", OUTCOME_TAKEN, -1, NULL, NULL},
    {"invalid_payload", PART_POST, 400, NULL, "invalid_payload", OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"no_text", PART_POST, 400, NULL, "no_text", OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"some other 400", PART_POST, 400, NULL, "user_not_found", OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"revoked", PART_POST, 404, NULL, "no_service", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"forbidden", PART_POST, 403, NULL, "action_prohibited", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"archived", PART_POST, 410, NULL, "channel_is_archived", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"slow down", PART_POST, 429, "retry-after: 30\n", "rate_limited", OUTCOME_BUSY, 30000, NULL, NULL},
    {"rollup", PART_POST, 500, NULL, "rollup_error", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"200 that is no ok", PART_POST, 200, NULL, "<html>login</html>", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"taken, a line's end behind it", PART_POST, 200, NULL, "ok\n", OUTCOME_TAKEN, -1, NULL, NULL},
    {"a word that begins like it", PART_POST, 200, NULL, "okta: please log in", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"words that hold the hook", PART_POST, 403, NULL, "/services/T/B/" SECRET, OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"a page that holds the hook's key where it is cut", PART_POST, 403, NULL,
     "<html><body>Access to this address was denied by the policy of your company's network: key " SECRET, OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no answer", PART_POST, 0, NULL, NULL, OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"not sent", PART_POST, -1, NULL, NULL, OUTCOME_FAILED, -1, NULL, NULL},
};

#define FALSE(error) 200, NULL, "{\"ok\":false,\"error\":\"" error "\"}"

static const struct verdict_row bot_replies[] = {
    {"taken", PART_POST, 200, NULL, "{\"ok\":true,\"channel\":\"C0OPS0001\",\"ts\":\"1760000000.000001\"}", OUTCOME_TAKEN, -1,
     "C0OPS0001|1760000000.000001", NULL},
    {"not in the channel", PART_POST, FALSE("not_in_channel"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no such channel", PART_POST, FALSE("channel_not_found"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"a bad token", PART_POST, FALSE("invalid_auth"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"something new", PART_POST, FALSE("something_new"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"too long", PART_POST, FALSE("msg_too_long"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"blocks too long", PART_POST, FALSE("msg_blocks_too_long"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"invalid blocks", PART_POST, FALSE("invalid_blocks"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"the first message is gone", PART_EDIT, FALSE("message_not_found"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"too old to edit", PART_EDIT, FALSE("edit_window_closed"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a thread that takes no more", PART_POST, FALSE("restricted_action_thread_locked"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a channel without threads", PART_POST, FALSE("restricted_action_non_threadable_channel"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a message without replies", PART_POST, FALSE("cannot_reply_to_message"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"blocks of another form", PART_POST, FALSE("invalid_blocks_format"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"slow down", PART_POST, 429, "retry-after: 1\n", "{\"ok\":false,\"error\":\"ratelimited\"}", OUTCOME_BUSY, 1000, NULL, NULL},
    {"slow down, as a 200", PART_POST, FALSE("ratelimited"), OUTCOME_BUSY, -1, NULL, NULL},
    {"half done, perhaps", PART_POST, FALSE("fatal_error"), OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"out of service", PART_POST, 503, NULL, "{\"ok\":false,\"error\":\"service_unavailable\"}", OUTCOME_FAILED, -1, NULL, NULL},
    {"a proxy's page", PART_POST, 200, NULL, "<html>login</html>", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"502", PART_POST, 502, NULL, "bad gateway", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"words that hold the token", PART_POST, FALSE("xoxb-" SECRET), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
};

/* No mark of Slack's but ours: links, and the one mention. */
static void check_marks(const char *text, const char *name)
{
    size_t mentions = 0;

    for (const char *at = text; (at = strchr(at, '<')); at++) {
        bool mention = text_starts(at, "<!here>");
        mentions += mention;
        CHECK(mention || text_starts(at, "<https://"), "%s: %.60s", name, at);
    }
    CHECK(mentions <= 1 && !strstr(text, "```"), "%s: %.200s", name, text);
}

static void check_body(const struct request *request, const char *name)
{
    struct cJSON *json = json_parse(request->body, request->body_length, NULL);
    const char *text = json_get_text(json, "text");
    size_t blocks = 0;

    CHECK(text && text[0] && text_runes(text) <= 4000, "%s: text", name);
    check_marks(text_or(text, ""), name);
    for (const struct cJSON *one = json_first(json_get(json, "blocks")); one; one = json_next(one), blocks++) {
        const struct cJSON *inner = json_get(one, "text") ? json_get(one, "text") : json_first(json_get(one, "elements"));
        const char *words = json_get_text(inner, "text");
        CHECK(words && words[0] && text_runes(words) <= 3000, "%s: a block", name);
        check_marks(text_or(words, ""), name);
    }
    CHECK(blocks <= 2 && request->body_length <= 13200, "%s: %zu blocks, %zu bytes", name, blocks, request->body_length);
    json_close(json);
}

/* Words of one's own, longer than a block: neither a link nor an escaped character is cut in two, and the mention stays. */
static void long_words_are_cut_between_marks(void)
{
    for (size_t shift = 0; shift < 60; shift++) {
        struct arena *arena = arena_new();
        struct rendered_part *parts = ARENA_NEW(arena, struct rendered_part, CHANNEL_PARTS_MAX);
        struct sending sending = {.delivery_id = 1, .now_wall_ms = GOLDEN_NOW_MS};
        struct buf words = BUF_EMPTY(1u << 16);
        struct request request;
        struct view view;
        struct err err;

        hostile_view(arena, &view, 1);
        for (size_t i = 0; i < shift; i++)
            buf_add_char(&words, 'x');
        while (words.length < 4000)
            buf_add_text(&words, "a &amp; <https://x.example.org/?a&amp;b|b> ");
        if (shift % 2)
            view.own.title = arena_text(arena, buf_text(&words));
        view.own.text = view.own.footer = arena_text(arena, buf_text(&words));
        buf_free(&words);
        bot.codec->compose(&bot, &view, arena, parts);
        CHECK(bot.codec->write(&bot, &sending, parts, 1, arena, &request, &err), "%s", err.text);
        struct cJSON *json = json_parse(request.body, request.body_length, NULL);
        const struct cJSON *blocks = json_get(json, "blocks"), *context = json_next(json_first(blocks));
        const char *shown[] = {json_get_text(json_get(json_first(blocks), "text"), "text"),
                               json_get_text(json_first(json_get(context, "elements")), "text")};
        for (size_t i = 0; i < LENGTH(shown); i++) {
            const char *text = text_or(shown[i], ""), *open = strrchr(text, '<'), *amp = strrchr(text, '&');
            CHECK(text_runes(text) <= 3000 && text_runes(text) > 2900, "%zu: %zu characters", shift, text_runes(text));
            CHECK(open && strchr(open, '>') && amp && strchr(amp, ';'), "%zu: ends inside: %s", shift, text + strlen(text) - 60);
        }
        CHECK(strstr(text_or(shown[0], ""), "<!here>") && strstr(text_or(json_get_text(json, "text"), ""), "<!here>"), "%zu: the mention", shift);
        json_close(json);
        arena_free(arena);
    }
}

int main(void)
{
    hook.codec = bot.codec = channel_find("slack");
    check_verdicts(&hook, hook_replies, LENGTH(hook_replies));
    check_verdicts(&bot, bot_replies, LENGTH(bot_replies));
    each_hostile_request(&hook, "ok", check_body);
    bot.mentions[0] = (struct pair){"critical", "@here"};
    bot.mention_count = 1;
    each_hostile_request(&bot, "C1|17.1", check_body);
    long_words_are_cut_between_marks();
    return test_end();
}
