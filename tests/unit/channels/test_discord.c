#include "tests/unit/channels/verdicts.h"

static struct channel_config config = {.name = "discord", .type = "discord", .webhook_url = "https://discord.com/api/webhooks/12/" SECRET,
                                       .on_update = UPDATE_REPLY, .max_alerts = 10};

#define ERROR(status, code) status, NULL, "{\"message\":\"words\",\"code\":" #code "}"

static const struct verdict_row replies[] = {
    {"taken", PART_POST, 200, NULL, "{\"id\":\"1325000000000000007\",\"channel_id\":\"99\"}", OUTCOME_TAKEN, -1, "1325000000000000007", NULL},
    {"taken, unseen", PART_POST, 204, NULL, "", OUTCOME_TAKEN, -1, NULL, NULL},
    {"edited", PART_EDIT, 200, NULL, "{\"id\":\"7\"}", OUTCOME_TAKEN, -1, "7", NULL},
    {"slow down, a fraction", PART_POST, 429, "retry-after: 1\nx-ratelimit-reset-after: 0.7\n", "{\"retry_after\":0.65,\"global\":false}",
     OUTCOME_BUSY, 650, NULL, NULL},
    {"slow down, by header", PART_POST, 429, "retry-after: 1\nx-ratelimit-reset-after: 0.7\n", "{}", OUTCOME_BUSY, 700, NULL, NULL},
    {"slow down, by a proxy", PART_POST, 429, "retry-after: 40\n", "<html>1015</html>", OUTCOME_BUSY, 40000, NULL, NULL},
    {"slow down, an absurd wish", PART_POST, 429, NULL, "{\"retry_after\":1e300}", OUTCOME_BUSY, 3600000, NULL, NULL},
    {"slow down, a negative wish", PART_POST, 429, NULL, "{\"retry_after\":-1}", OUTCOME_BUSY, -1, NULL, NULL},
    {"revoked", PART_POST, ERROR(404, 10015), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"revoked, seen at an edit", PART_EDIT, ERROR(404, 10015), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"the hook's own channel is gone", PART_POST, ERROR(404, 10003), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"the first message is gone", PART_EDIT, ERROR(404, 10008), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"edited too often", PART_EDIT, ERROR(429, 30046), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"too old to edit", PART_EDIT, ERROR(400, 30046), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a bad token", PART_POST, ERROR(401, 50027), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no user agent", PART_POST, ERROR(403, 40333), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"an invalid form", PART_POST, ERROR(400, 50035), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a forum without a thread", PART_POST, ERROR(400, 220001), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"too large", PART_POST, 413, NULL, "", OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a redirect", PART_POST, 301, NULL, "", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"502", PART_POST, 502, NULL, "", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"a proxy's page", PART_POST, 200, NULL, "<html>hello</html>", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"a proxy's page, at an edit", PART_EDIT, 200, NULL, "<html>hello</html>", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"half an answer", PART_POST, 200, NULL, "{\"id\":\"13250", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"a relay that says no more than that", PART_POST, 200, NULL, "", OUTCOME_TAKEN, -1, NULL, NULL},
    {"a relay with words of its own", PART_POST, 200, NULL, "{\"success\":true}", OUTCOME_TAKEN, -1, NULL, NULL},
    {"words that hold the token", PART_POST, 403, NULL, "{\"message\":\"https://discord.com/api/webhooks/12/" SECRET " and " SECRET "\"}",
     OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no answer", PART_POST, 0, NULL, NULL, OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"not sent", PART_POST, -1, NULL, NULL, OUTCOME_FAILED, -1, NULL, NULL},
};

static const struct verdict_row replies_in_a_thread[] = {
    {"no such thread", PART_POST, ERROR(404, 10003), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a locked thread", PART_POST, ERROR(400, 160005), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
};

static size_t runes_of(const struct cJSON *json, const char *key)
{
    return text_runes(text_or(json_get_text(json, key), ""));
}

/* Discord's documented limits, and ours below them. */
static void check_embed(const struct cJSON *embed, const char *name)
{
    size_t total = runes_of(embed, "description") + runes_of(json_get(embed, "footer"), "text"), fields = 0;

    CHECK(runes_of(embed, "description") <= 4096, "%s: description %zu", name, runes_of(embed, "description"));
    for (const struct cJSON *one = json_first(json_get(embed, "fields")); one; one = json_next(one), fields++) {
        total += runes_of(one, "name") + runes_of(one, "value");
        CHECK(runes_of(one, "name") >= 1 && runes_of(one, "name") <= 256, "%s: a field's name", name);
        CHECK(runes_of(one, "value") >= 1 && runes_of(one, "value") <= 1024, "%s: a field's value", name);
    }
    CHECK(fields <= 6 && total <= 6000, "%s: %zu fields, %zu characters", name, fields, total);
}

static void check_body(const struct request *request, const char *name)
{
    struct cJSON *json = json_parse(request->body, request->body_length, NULL);
    const struct cJSON *allowed = json_get(json, "allowed_mentions"), *parse = json_get(allowed, "parse");
    const char *content = json_get_text(json, "content");

    CHECK(content && content[0] && text_runes(content) <= 2000, "%s: content", name);
    CHECK(json_is_array(parse), "%s: a label could ping", name);
    CHECK(!json_first(json_get(allowed, "users")) && !json_first(json_get(allowed, "roles")), "%s: only configured ids", name);
    if (json_first(parse)) {
        const char *first = strstr(content, "@here");
        CHECK(first && !strstr(first + 1, "@here") && !strstr(content, "@everyone"), "%s: only our own: %.300s", name, content);
    }
    CHECK(json_count(json_get(json, "embeds")) <= 1, "%s: one embed", name);
    if (json_first(json_get(json, "embeds")))
        check_embed(json_first(json_get(json, "embeds")), name);
    CHECK(strcmp(request->method, "PATCH") == 0 ? strstr(request->url, "/messages/77") != NULL : strstr(request->url, "?wait=true") != NULL,
          "%s: %s", name, request->url);
    json_close(json);
}

static void the_url_keeps_what_it_has(void)
{
    static const struct {
        const char *url, *thread, *want;
        bool edit;
    } rows[] = {
        {"https://d.example.org/w/1/t", NULL, "https://d.example.org/w/1/t?wait=true", false},
        {"https://d.example.org/w/1/t/", "9", "https://d.example.org/w/1/t?wait=true&thread_id=9", false},
        {"https://d.example.org/w/1/t?x=y", "9", "https://d.example.org/w/1/t?wait=true&thread_id=9&x=y", false},
        {"https://d.example.org/w/1/t", NULL, "https://d.example.org/w/1/t/messages/77", true},
        {"https://d.example.org/w/1/t", "9", "https://d.example.org/w/1/t/messages/77?thread_id=9", true},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct channel_config one = {.type = "discord", .webhook_url = rows[i].url, .thread_id = rows[i].thread, .codec = config.codec};
        struct rendered_part part = {.kind = rows[i].edit ? PART_EDIT : PART_POST, .content = "{}"};
        struct sending sending = {.root_remote = "77"};
        struct request request;
        struct err err;
        CHECK(config.codec->write(&one, &sending, &part, 1, arena, &request, &err), "%s", rows[i].want);
        CHECK_TEXT(request.url, rows[i].want);
        sending.root_remote = "77/../8";
        CHECK(config.codec->write(&one, &sending, &part, 1, arena, &request, &err) == !rows[i].edit, "an id is digits");
        arena_free(arena);
    }
}

/* Discord takes no embed without anything in it; an edit must still take away the one that was there. */
static void an_embed_has_something_to_show(void)
{
    struct arena *arena = arena_new();
    struct rendered_part *parts = ARENA_NEW(arena, struct rendered_part, CHANNEL_PARTS_MAX);
    struct label label = {"alertname", "FeedDown"};
    struct alert_input input = {.fingerprint = "f", .status = ALERT_RESOLVED, .starts_ms = GOLDEN_NOW_MS - 60000, .ends_ms = GOLDEN_NOW_MS, .labels = {&label, 1}};
    struct view_alert alert = {.id = 1, .input = &input, .severity = "critical", .changed = true, .was_told_firing = true};
    struct view view = {.reason = REASON_ALL_RESOLVED, .channel = "x", .receiver = "r", .route = "{}", .reference = "K7Q2", .severity = "critical",
                        .now_ms = GOLDEN_NOW_MS, .opened_ms = GOLDEN_NOW_MS - 60000, .resolved = 1, .news_resolved = 1, .alerts = &alert, .alert_count = 1,
                        .public_url = "http://127.0.0.1:8686", .threaded = true};
    struct sending sending = {.delivery_id = 1, .now_wall_ms = GOLDEN_NOW_MS, .root_remote = "77"};
    size_t count = config.codec->compose(&config, &view, arena, parts);

    for (size_t i = 0; i < count; i++) {
        struct request request;
        struct err err;
        CHECK(config.codec->write(&config, &sending, parts + i, 1, arena, &request, &err), "%s", err.text);
        if (parts[i].kind == PART_EDIT)
            CHECK(strstr(request.body, "\"embeds\":[],"), "%s", request.body);
        else
            CHECK(!strstr(request.body, "\"embeds\""), "%s", request.body);
    }
    arena_free(arena);
}

/* A title of one's own may be as long as it likes: whoever is to be woken is woken. */
static void a_long_title_keeps_the_mention(void)
{
    struct arena *arena = arena_new();
    struct rendered_part *parts = ARENA_NEW(arena, struct rendered_part, CHANNEL_PARTS_MAX);
    struct sending sending = {.delivery_id = 1, .now_wall_ms = GOLDEN_NOW_MS, .repeat = true};
    struct request request;
    struct view view;
    struct err err;

    hostile_view(arena, &view, 1);
    view.own.title = arena_printf(arena, "%03000d", 7);
    config.codec->compose(&config, &view, arena, parts);
    CHECK(config.codec->write(&config, &sending, parts, 1, arena, &request, &err), "%s", err.text);
    struct cJSON *json = json_parse(request.body, request.body_length, NULL);
    const char *content = text_or(json_get_text(json, "content"), "");
    CHECK(text_runes(content) <= 2000 && text_ends(content, "… (repeat) @here"), "%zu characters, at their end %s", text_runes(content),
          content + strlen(content) - 30);
    json_close(json);
    arena_free(arena);
}

int main(void)
{
    config.codec = channel_find("discord");
    check_verdicts(&config, replies, LENGTH(replies));
    config.thread_id = "998";
    check_verdicts(&config, replies_in_a_thread, LENGTH(replies_in_a_thread));
    config.thread_id = NULL;
    each_hostile_request(&config, "77", check_body);
    config.mentions[0] = (struct pair){"critical", "@here"};
    config.mention_count = 1;
    each_hostile_request(&config, "77", check_body);
    an_embed_has_something_to_show();
    a_long_title_keeps_the_mention();
    the_url_keeps_what_it_has();
    return test_end();
}
