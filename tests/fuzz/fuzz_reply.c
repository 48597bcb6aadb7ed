/* What each channel reads from its provider's reply: a verdict for every part, no secret in its words.
 * Input: channel, end, status (2 bytes), then headers, NUL, body. */
#include "notifier/channels/channel.h"
#include "tests/fuzz/fuzz.h"

#define SECRET "sekretFuzzToken"

static struct label label_items[] = {{"alertname", "Fuzz"}, {"severity", "critical"}};
static struct alert_input input = {.fingerprint = "00ff", .labels = {label_items, 2}, .starts_ms = 1795230000000};
static struct view_alert view_alert = {.id = 1, .input = &input, .severity = "critical", .changed = true};

static const struct channel_config *configs(size_t index)
{
    static struct channel_config all[] = {
        {.name = "telegram", .type = "telegram", .bot_token = "1:" SECRET, .chat_id = "-5", .api_url = "https://t.example.org"},
        {.name = "discord", .type = "discord", .webhook_url = "https://d.example.org/api/webhooks/1/" SECRET},
        {.name = "slack", .type = "slack", .webhook_url = "https://s.example.org/services/T/B/" SECRET},
        {.name = "bot", .type = "slack", .bot_token = "xoxb-" SECRET, .slack_channel = "#ops", .api_url = "https://s.example.org/api"},
        {.name = "hook", .type = "webhook", .url = "https://w.example.org/x", .bearer_token = SECRET, .hmac_secret = SECRET},
        {.name = "email", .type = "smtp", .host = "m.example.org", .port = 587, .from = "n@example.org",
         .to = {"a@example.org", "b@example.org"}, .to_count = 2, .username = "u", .password = SECRET},
        {.name = "console", .type = "console"},
    };
    struct channel_config *config = &all[index % (sizeof all / sizeof *all)];
    config->codec = channel_find(config->type);
    config->send_resolved = true;
    config->timeout_ms = 10000;
    config->max_alerts = 10;
    return config;
}

static void check_words(const struct channel_config *config, const char *words)
{
    const char *hook = config->webhook_url ? strrchr(config->webhook_url, '/') + 1 : NULL;
    const char *secrets[] = {config->bot_token, hook, config->hmac_secret, config->bearer_token, config->password};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        FUZZ_CHECK(!words || !secrets[i] || !strstr(words, secrets[i]));
}

static void check(const struct channel_config *config, const struct verdict *verdict, size_t count)
{
    FUZZ_CHECK(verdict->part_count == count && verdict->wait_ms >= -1);
    for (size_t i = 0; i < count; i++) {
        const struct part_verdict *part = &verdict->parts[i];
        FUZZ_CHECK(part->outcome > OUTCOME_PENDING && part->outcome <= OUTCOME_UNCLEAR);
        check_words(config, part->words);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5)
        return 0;
    const struct channel_config *config = configs(data[0]);
    if (!config->codec)
        return 0;
    struct arena *arena = arena_new();
    static struct rendered_part parts[CHANNEL_PARTS_MAX];
    static struct verdict verdict;
    struct view view = {.reason = REASON_FIRST, .channel = config->name, .receiver = "r", .route = "{}", .reference = "K7Q2",
                        .severity = "critical", .now_ms = 1795240000000, .opened_ms = 1795240000000, .firing = 1, .news_firing = 1,
                        .alerts = &view_alert, .alert_count = 1, .public_url = "https://n.example.org"};
    size_t count = config->codec->compose(config, &view, arena, parts);
    FUZZ_CHECK(count >= 1 && count <= CHANNEL_PARTS_MAX);
    if (!config->codec->parts_together)
        count = 1;
    struct sending sending = {.delivery_id = 1, .message_id = 2, .incident_id = 3, .attempt_id = 4, .host_name = "n.example.org",
                              .now_wall_ms = 1795240000000};
    char *text = arena_bytes(arena, data + 4, size - 4);
    size_t head = strlen(text);
    struct recipient_reply recipients[2] = {{.code = data[2], .complete = data[3] & 1, .end = data[1] % 3, .text = text},
                                            {.code = data[2] * 2, .complete = data[3] & 2, .session_failed = data[3] & 4, .text = ""}};
    struct reply reply = {.end = data[1] % 3, .status = 100 + (data[2] * 256 + data[3]) % 500, .headers = text,
                          .body = head + 1 < size - 4 ? text + head + 1 : "", .body_length = head + 1 < size - 4 ? size - 4 - head - 1 : 0,
                          .error = data[1] % 3 ? "no answer" : NULL, .now_wall_ms = 1795240000000};
    if (strcmp(config->type, "smtp") == 0) {
        reply.recipients = recipients;
        reply.recipient_count = count < 2 ? count : 2;
    }
    memset(&verdict, 0, sizeof verdict);
    config->codec->read(config, &sending, parts, count, &reply, arena, &verdict);
    check(config, &verdict, count);
    arena_free(arena);
    return 0;
}
