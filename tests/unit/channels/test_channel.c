#include "tests/unit/channels/verdicts.h"

#include "base/memory.h"
#include "notifier/channels/common.h"

static void every_channel_is_found(void)
{
    static const char *const types[] = {"telegram", "discord", "slack", "smtp", "webhook", "console"};
    for (size_t i = 0; i < LENGTH(types); i++) {
        const struct channel *codec = channel_find(types[i]);
        CHECK(codec && strcmp(codec->type, types[i]) == 0 && codec->compose && codec->write && codec->read, "%s", types[i]);
        CHECK(codec && codec->in_flight_max && codec->alerts_max && codec->timeout_ms >= 5000 && codec->limits.measure, "%s: its row", types[i]);
    }
    CHECK(!channel_find("fax"), "no such channel");
}

static const struct {
    const char *name;
    struct channel_config config;
    const char *text, *want;
} secrets[] = {
    {"no secrets", {0}, "hello", "hello"},
    {"a token, whole and without its id", {.bot_token = "1234:AAbbCCdd"}, "/bot1234:AAbbCCdd/x AAbbCCdd", "/bot***/x ***"},
    {"a hook's address and its last part", {.webhook_url = "https://d.example.org/w/1/abcdefghijklmnop"},
     "POST https://d.example.org/w/1/abcdefghijklmnop: abcdefghijklmnop?", "POST ***: ***?"},
    {"a query and a user", {.url = "https://user:pass@h.example.org/in?key=value1"}, "user:pass said key=value1", "*** said ***"},
    {"a password, and as Basic shows it", {.username = "u", .password = "secretpw"}, "secretpw Basic dTpzZWNyZXRwdw==", "*** Basic ***"},
    {"a password, as AUTH PLAIN and AUTH LOGIN show it", {.username = "u", .password = "secretpw"},
     "500 AUTH PLAIN AHUAc2VjcmV0cHc= or c2VjcmV0cHc=", "500 AUTH PLAIN *** or ***"},
    {"a user of an address, as Basic shows it", {.url = "https://user:pass@h.example.org/in"}, "Basic dXNlcjpwYXNz", "Basic ***"},
    {"a proxy's user", {.proxy_url = "http://user:pass@proxy:3128"}, "Proxy-Authorization: Basic dXNlcjpwYXNz of user:pass",
     "Proxy-Authorization: Basic *** of ***"},
    {"a hook with a slash at its end", {.webhook_url = "https://d.example.org/w/1/abcdefghijklmnop/"}, "key abcdefghijklmnop", "key ***"},
    {"a header", {.headers = {{"X-Key", "0123456789"}}, .header_count = 1}, "got 0123456789", "got ***"},
    {"a proxy", {.proxy_url = "http://p:q@proxy:3128"}, "via http://p:q@proxy:3128", "via ***"},
    {"too short to be told from a word", {.password = "of"}, "out of order", "out of order"},
};

static void secrets_are_taken_out(void)
{
    for (size_t i = 0; i < LENGTH(secrets); i++) {
        struct arena *arena = arena_new();
        const char *got = channel_redact(&secrets[i].config, secrets[i].text, arena);
        CHECK(test_same(got, secrets[i].want), "%s: %s", secrets[i].name, got);
        CHECK(!channel_redact(&secrets[i].config, NULL, arena), "nothing stays nothing");
        arena_free(arena);
    }
}

/* Cutting first would leave a half; cleaning first, put one together. */
static void no_part_of_a_secret_stays(void)
{
    struct channel_config config = {.password = SECRET};
    struct arena *arena = arena_new();
    static struct verdict verdict;
    struct buf words = BUF_EMPTY(4096);

    for (size_t i = 0; i < 290; i++)
        buf_add_char(&words, 'x');
    buf_add_text(&words, SECRET);
    verdict_all(&verdict, 1, OUTCOME_FAILED, buf_text(&words), &config, arena);
    CHECK(!strstr(verdict.parts[0].words, "sekret"), "%s", verdict.parts[0].words);
    verdict_all(&verdict, 1, OUTCOME_FAILED, "sekretTest\x01Token0123", &config, arena);
    CHECK_TEXT(verdict.parts[0].words, "***");
    buf_free(&words);
    arena_free(arena);
}

/* Words of one's own that do not fit into what is stored make room for the built-in ones. */
static void words_too_long_to_keep_are_not_lost(void)
{
    static const char *const types[] = {"telegram", "discord", "slack", "smtp", "console"};
    char *marks = memset(memory_get(300001), '<', 300000);

    marks[300000] = '\0';
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct arena *arena = arena_new();
        struct channel_config config = {.type = types[i], .codec = channel_find(types[i]), .to = {"a@example.org"}, .to_count = 1};
        struct rendered_part parts[CHANNEL_PARTS_MAX];
        struct content content;
        struct view view;
        hostile_view(arena, &view, 1);
        view.own = (struct own_words){.text = marks, .html = marks};
        config.codec->compose(&config, &view, arena, parts);
        CHECK(content_read(&parts[0], arena, &content) && content.page.severity, "%s: %s", types[i], content.page.title);
        arena_free(arena);
    }
    free(marks);
}

static const struct {
    const char *headers;
    int64_t want_ms;
} waits[] = {
    {"", -1},
    {"retry-after: 3\n", 3000},
    {"retry-after: 0.65\n", 650},
    {"retry-after:7\r\n", 7000},
    {"content-type: text/plain\nretry-after:  2 \n", 2000},
    {"x-retry-after: 3\n", -1},
    {"retry-after: 99999999\n", 3600000},
    {"retry-after: 1e999\n", -1},
    {"retry-after: -5\n", -1},
    {"retry-after: soon\n", -1},
    {"retry-after: 5 minutes\n", -1},
    {"retry-after: nan\n", -1},
    {"retry-after: Sat, 14 Mar 2026 09:27:53 GMT\n", 59500},
    {"retry-after: Sat, 14 Mar 2026 09:00:00 GMT\n", 0},
    {"retry-after: Sun, 15 Mar 2026 09:27:53 GMT\n", 3600000},
    {"retry-after: Sat, 99 Xyz 2026 09:27:53 GMT\n", -1},
    {"retry-after: Sat, 14 Mar 99999999999 99:99:99 GMT\n", -1},
};

static void wishes_are_understood(void)
{
    for (size_t i = 0; i < LENGTH(waits); i++) {
        struct reply reply = {.headers = waits[i].headers, .body = "", .now_wall_ms = GOLDEN_NOW_MS};
        CHECK(reply_retry_after_ms(&reply) == waits[i].want_ms, "%s: %lld", waits[i].headers, (long long)reply_retry_after_ms(&reply));
    }
    struct reply reply = {.headers = "a: 1\nlong: 0123456789\nb:\n", .body = ""};
    char text[5];
    CHECK(reply_header(&reply, "long", text, sizeof text) && strcmp(text, "0123") == 0, "cut to fit");
    CHECK(reply_header(&reply, "b", text, sizeof text) && !text[0], "an empty one");
    CHECK(!reply_header(&reply, "lon", text, sizeof text), "no such header");
}

static void limits_are_the_providers(void)
{
    static const struct {
        const char *type, *chat_id;
        size_t count;
        struct rate last;
    } rows[] = {
        {"telegram", "5", 1, {1, 1000}},    {"telegram", "-5", 2, {20, 60000}}, {"telegram", "@ops", 2, {20, 60000}},
        {"discord", NULL, 2, {25, 60000}},  {"slack", NULL, 1, {1, 1000}},      {"webhook", NULL, 0, {0, 0}},
        {"smtp", NULL, 0, {0, 0}},          {"console", NULL, 0, {0, 0}},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct channel_config config = {.type = rows[i].type, .chat_id = rows[i].chat_id, .codec = channel_find(rows[i].type)};
        struct rate rates[POLICY_RATES_MAX];
        size_t count;
        channel_default_rates(&config, rates, &count);
        CHECK(count == rows[i].count, "%s: %zu", rows[i].type, count);
        CHECK(!count || (rates[count - 1].count == rows[i].last.count && rates[count - 1].per_ms == rows[i].last.per_ms), "%s", rows[i].type);
    }
}

static void severities_have_mentions_and_silence(void)
{
    struct channel_config config = {.mentions = {{"critical", "@here"}, {"info", ""}}, .mention_count = 2, .silent = {"info"}, .silent_count = 1};
    CHECK_TEXT(channel_mention(&config, "critical"), "@here");
    CHECK(!channel_mention(&config, "info") && !channel_mention(&config, "warning") && !channel_mention(&config, NULL), "no other");
    CHECK(channel_is_silent(&config, "info") && !channel_is_silent(&config, "critical") && !channel_is_silent(&config, NULL), "info only");
}

static void the_lowest_rung_is_short(void)
{
    struct arena *arena = arena_new();
    struct page page = {.reference = "K7Q2", .link_count = 1, .links = {{"Alert K7Q2", "https://notifier.example.org/incidents/K7Q2"}}};
    struct sending sending = {.form = FORM_MINIMAL, .repeat = true};

    CHECK_TEXT(page_minimal(&page, &sending, arena), "alert K7Q2 (repeat) cannot be shown here, see https://notifier.example.org/incidents/K7Q2");
    page.links[0].url = arena_printf(arena, "https://notifier.example.org/%0500d", 1);
    CHECK_TEXT(page_minimal(&page, &sending, arena), "alert K7Q2 (repeat) cannot be shown here, see notifier's history");
    page.title = "t";
    sending.form = FORM_PLAIN;
    const char *cut = page_lower(&page, &sending, 40, arena);
    CHECK(text_runes(cut) == 40 && text_ends(cut, "… (repeat)"), "the mark stays: %s", cut);
    arena_free(arena);
}

int main(void)
{
    every_channel_is_found();
    secrets_are_taken_out();
    no_part_of_a_secret_stays();
    words_too_long_to_keep_are_not_lost();
    wishes_are_understood();
    limits_are_the_providers();
    severities_have_mentions_and_silence();
    the_lowest_rung_is_short();
    return test_end();
}
