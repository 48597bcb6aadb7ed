#include "base/sign.h"
#include "tests/unit/channels/verdicts.h"

#include <strings.h>

static struct channel_config config = {.name = "hook", .type = "webhook", .url = "https://hook.example.org/in/" SECRET,
                                       .hmac_secret = SECRET, .bearer_token = SECRET, .headers = {{"X-Team", "ops"}}, .header_count = 1,
                                       .max_alerts = 500};

static const struct verdict_row replies[] = {
    {"200", PART_POST, 200, NULL, "fine", OUTCOME_TAKEN, -1, NULL, NULL},
    {"202", PART_POST, 202, NULL, "", OUTCOME_TAKEN, -1, NULL, NULL},
    {"204", PART_POST, 204, NULL, "", OUTCOME_TAKEN, -1, NULL, NULL},
    {"a redirect is not followed", PART_POST, 301, "location: https://x/\n", "", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"400", PART_POST, 400, NULL, "no", OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"401", PART_POST, 401, NULL, "", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"403", PART_POST, 403, NULL, "no entry", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"404", PART_POST, 404, NULL, "", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"407", PART_POST, 407, NULL, "", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"408", PART_POST, 408, NULL, "", OUTCOME_FAILED, -1, NULL, NULL},
    {"410", PART_POST, 410, NULL, "", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"413", PART_POST, 413, NULL, "", OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"422", PART_POST, 422, NULL, "", OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"425", PART_POST, 425, NULL, "", OUTCOME_FAILED, -1, NULL, NULL},
    {"429 with a wish", PART_POST, 429, "retry-after: 7\n", "", OUTCOME_BUSY, 7000, NULL, NULL},
    {"429 without", PART_POST, 429, NULL, "", OUTCOME_BUSY, -1, NULL, NULL},
    {"500", PART_POST, 500, "retry-after: 7\n", "", OUTCOME_FAILED, -1, NULL, NULL},
    {"503 until a date", PART_POST, 503, "retry-after: Sat, 14 Mar 2026 09:27:53 GMT\n", "", OUTCOME_BUSY, 59500, NULL, NULL},
    {"504", PART_POST, 504, NULL, "", OUTCOME_FAILED, -1, NULL, NULL},
    {"words that hold secrets", PART_POST, 400, NULL, "Bearer " SECRET " for https://hook.example.org/in/" SECRET, OUTCOME_REFUSED_CONTENT,
     -1, NULL, NULL},
    {"no answer", PART_POST, 0, NULL, NULL, OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"not sent", PART_POST, -1, NULL, NULL, OUTCOME_FAILED, -1, NULL, NULL},
};

static const char *header(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static void check_body(const struct request *request, const char *name)
{
    struct cJSON *json = json_parse(request->body, request->body_length, NULL);
    char want[SIGN_HEX_SIZE], prefix[64];

    CHECK(json && text_equal(json_get_text(json, "version"), "1") && text_equal(json_get_text(json, "delivery"), "1"), "%s: %.200s", name,
          request->body);
    CHECK(json_count(json_get(json, "alerts")) + (size_t)json_get_int(json, "notListed", 0) ==
              (size_t)json_get_int(json, "firing", 0) + (size_t)json_get_int(json, "resolved", 0), "%s: each is listed or counted", name);
    snprintf(prefix, sizeof prefix, "%s:", text_or(header(request, "x-notifier-timestamp"), "?"));
    sign_hmac_hex(SECRET, prefix, request->body, request->body_length, want);
    CHECK(text_equal(header(request, "x-notifier-signature"), want), "%s: signature", name);
    CHECK(text_equal(header(request, "authorization"), "Bearer " SECRET) && text_equal(header(request, "x-team"), "ops"), "%s: headers", name);
    json_close(json);
}

static const char *key_of(struct arena *arena, uint32_t more, bool repeat)
{
    struct rendered_part parts[CHANNEL_PARTS_MAX];
    struct request request;
    struct view view;
    struct err err;
    struct sending sending = {.delivery_id = 71, .message_id = 72 + more, .repeat = repeat, .now_wall_ms = GOLDEN_NOW_MS + more};

    hostile_view(arena, &view, 1);
    view.firing += more;
    config.codec->compose(&config, &view, arena, parts);
    config.codec->write(&config, &sending, parts, 1, arena, &request, &err);
    return header(&request, "idempotency-key");
}

/* A receiver that keeps keys takes a repeat for what it is, and newer words for what they are. */
static void the_key_goes_with_the_words(void)
{
    struct arena *arena = arena_new();
    const char *first = key_of(arena, 0, false);

    CHECK(text_starts(first, "71-"), "%s", first);
    CHECK_TEXT(key_of(arena, 0, true), first);
    CHECK(strcmp(key_of(arena, 1, false), first) != 0, "another state");
    arena_free(arena);
}

static void a_huge_group_lists_fewer(void)
{
    struct arena *arena = arena_new();
    struct rendered_part parts[CHANNEL_PARTS_MAX];
    struct view view;

    hostile_view(arena, &view, 500);
    CHECK_INT(config.codec->compose(&config, &view, arena, parts), 1);
    size_t length = strlen(parts[0].content);
    struct cJSON *json = json_parse(parts[0].content, length, NULL);
    CHECK(json && length <= 4u << 20 && json_count(json_get(json, "alerts")) >= 60, "%zu bytes, %zu alerts", length,
          json_count(json_get(json, "alerts")));
    json_close(json);
    arena_free(arena);
}

int main(void)
{
    config.codec = channel_find("webhook");
    check_verdicts(&config, replies, LENGTH(replies));
    each_hostile_request(&config, NULL, check_body);
    the_key_goes_with_the_words();
    a_huge_group_lists_fewer();
    return test_end();
}
