/* config/examples/: whom each severity reaches, and how often it is told again. */
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "notifier/config.h"
#include "tests/test.h"

#include <stdlib.h>

#define MINUTE_MS (60 * 1000LL)

static const struct {
    const char *file, *severity; /* NULL: without one */
    const char *channels, *fallback;
    int64_t repeat_ms;
    bool repeats_info;
} rows[] = {
    {"balanced.yaml", "critical", "email slack hook console", "", 30 * MINUTE_MS, false},
    {"balanced.yaml", "warning", "slack hook console", "email", 120 * MINUTE_MS, false},
    {"balanced.yaml", "info", "console", "", 120 * MINUTE_MS, false},
    {"balanced.yaml", "disaster", "slack hook console", "email", 120 * MINUTE_MS, false},
    {"balanced.yaml", NULL, "slack hook console", "email", 120 * MINUTE_MS, false},
    {"chat-and-mail.yaml", "critical", "telegram discord email", "", 60 * MINUTE_MS, false},
    {"chat-and-mail.yaml", "warning", "telegram discord", "email", 240 * MINUTE_MS, false},
    {"chat-and-mail.yaml", "info", "telegram discord", "email", 240 * MINUTE_MS, false},
};

/* Whatever is asked for is there, in a form that is taken. */
static const char *environment(const char *name)
{
    if (strcmp(name, "SMTP_PORT") == 0)
        return "587";
    if (strcmp(name, "TELEGRAM_BOT_TOKEN") == 0)
        return "1:a";
    if (strcmp(name, "TELEGRAM_CHAT_ID") == 0)
        return "5";
    return strstr(name, "_URL") ? "https://example.org/x" : "ops@example.org";
}

static void add_names(struct buf *out, const struct policy *policy, const uint16_t *indexes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? " " : "", policy->channels[indexes[i]].name);
}

static void check_row(size_t i, const struct config *config)
{
    struct label label = {"severity", rows[i].severity};
    struct labels labels = {&label, rows[i].severity ? 1 : 0};
    const struct policy_node *nodes[POLICY_MATCHES_MAX];
    struct buf told = BUF_EMPTY(1024), fallback = BUF_EMPTY(1024);

    REQUIRE(policy_match(config->policy, &labels, nodes) == 1, "%s: one route each", rows[i].file);
    add_names(&told, config->policy, nodes[0]->channels, nodes[0]->channel_count);
    add_names(&fallback, config->policy, nodes[0]->fallback, nodes[0]->fallback_count);
    CHECK_TEXT(buf_text(&told), rows[i].channels);
    CHECK_TEXT(buf_text(&fallback), rows[i].fallback);
    CHECK_INT(nodes[0]->repeat_interval_ms, rows[i].repeat_ms);
    CHECK_INT(nodes[0]->repeat_info, rows[i].repeats_info);
    buf_free(&told);
    buf_free(&fallback);
}

static void test_row(size_t i)
{
    static struct config_complaints complaints;
    struct buf path = BUF_EMPTY(256), text = BUF_EMPTY(YAML_BYTES_MAX);
    struct err err;

    buf_addf(&path, "config/examples/%s", rows[i].file);
    REQUIRE(file_read(buf_text(&path), &text, &err), "%s", err.text);
    complaints = (struct config_complaints){0};
    struct config *config = config_parse(buf_text(&path), buf_text(&text), text.length, environment, &complaints);
    REQUIRE(config, "%s: %s", rows[i].file, complaints.items[0].text);
    check_row(i, config);
    config_free(config);
    buf_free(&path);
    buf_free(&text);
}

int main(void)
{
    for (size_t i = 0; i < LENGTH(rows); i++)
        test_row(i);
    return test_end();
}
