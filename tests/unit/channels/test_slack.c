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
    {"words that hold the hook", PART_POST, 403, NULL, "/services/T/B/" SECRET, OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
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

int main(void)
{
    hook.codec = bot.codec = channel_find("slack");
    check_verdicts(&hook, hook_replies, LENGTH(hook_replies));
    check_verdicts(&bot, bot_replies, LENGTH(bot_replies));
    each_hostile_request(&hook, "ok", check_body);
    bot.mentions[0] = (struct pair){"critical", "@here"};
    bot.mention_count = 1;
    each_hostile_request(&bot, "C1|17.1", check_body);
    return test_end();
}
