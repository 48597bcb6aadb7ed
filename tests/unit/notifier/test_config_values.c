/* What comes out of a configuration: values, variables, secrets, the environment, a flag. */
#include "base/file.h"
#include "base/password.h"
#include "base/text.h"
#include "notifier/config.h"
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

static const char *(*variables)[2]; /* the environment of the test at hand; closed by NULL */

static const char *environment(const char *name)
{
    for (size_t i = 0; variables && variables[i][0]; i++)
        if (strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

static struct config *parse(const char *text, struct config_complaints *complaints)
{
    return config_parse("f", text, strlen(text), environment, complaints);
}

static const struct {
    const char *text, *want;
} expansions[] = {
    {"plain", "plain"},
    {"\"${A}\"", "alpha"},
    {"${A}", "alpha"},
    {"x${A}y${B}z", "xalphaybetaz"},
    {"\"${NOPE:-other}\"", "other"},
    {"\"${EMPTY:-other}\"", "other"},
    {"\"${A:-other}\"", "alpha"},
    {"\"a${NOPE:-}b\"", "ab"},
    {"\"$${A}\"", "${A}"},
    {"\"$$${A}\"", "$${A}"},
    {"\"$A $\"", "$A $"},
    {"\"${SLY}\"", "b: {c: ${A}}"}, /* what a variable holds is neither YAML nor expanded again */
    {"|\n  two\n  lines\n", "two\nlines\n"},
};

static void variables_expand(void)
{
    static const char *const set[][2] = {{"A", "alpha"}, {"B", "beta"}, {"EMPTY", ""}, {"SLY", "b: {c: ${A}}"}, {NULL, NULL}};
    static struct config_complaints complaints;

    variables = (const char *(*)[2])(uintptr_t)set;
    for (size_t i = 0; i < LENGTH(expansions); i++) {
        struct buf text = BUF_EMPTY(4096);
        buf_addf(&text, "storage:\n path: %s\n", expansions[i].text);
        struct config *config = parse(buf_text(&text), &complaints);
        CHECK(config, "%s: %s", expansions[i].text, complaints.items[0].text);
        CHECK_TEXT(config ? config->storage_path : NULL, expansions[i].want);
        config_free(config);
        buf_free(&text);
    }
    variables = NULL;
}

static void secrets_come_from_files(void)
{
    static struct config_complaints complaints;
    char folder[] = "/tmp/notifier-config-XXXXXX";
    struct buf path = BUF_EMPTY(4096), text = BUF_EMPTY(4096);
    struct err err;

    REQUIRE(mkdtemp(folder), "a folder");
    buf_addf(&path, "%s/token", folder);
    REQUIRE(file_write(buf_text(&path), "123:${A}\nmore\n", 14, 0600, &err), "%s", err.text);
    buf_addf(&text, "channels: [{name: t, type: telegram, bot_token_file: %s, chat_id: \"-5\"}]\n", buf_text(&path));
    struct config *config = parse(buf_text(&text), &complaints);
    REQUIRE(config, "%s", complaints.items[0].text);
    CHECK(text_starts(config->channels[0].bot_token, "123:${A}"), "%s", "what a file holds is not expanded");
    CHECK(!strchr(config->channels[0].bot_token, '\n'), "one line");
    CHECK_INT(config->channels[0].rate_count, 2); /* a group's limit beside the chat's */
    config_free(config);
    REQUIRE(file_write(buf_text(&path), "\n", 1, 0600, &err), "%s", err.text);
    CHECK(!parse(buf_text(&text), &complaints) && complaints.count == 1 && complaints.items[0].column == 54, "an empty secret: %s", complaints.items[0].text);
    unlink(buf_text(&path));
    rmdir(folder);
    buf_free(&path);
    buf_free(&text);
}

static const char whole[] =
    "server: {listen: \"[::1]:0\", max_body: 1MiB, tls: {cert_file: c.pem, key_file: k.pem}}\n"
    "auth: {tokens: [{name: ops, token: " TOKEN ", role: operator}]}\n"
    "storage: {path: x.db, retention: {history: 10d, quarantine: 0}}\n"
    "sources:\n"
    "  - {name: grafana, domain: lab, auth: {hmac_secret: s, hmac_timestamp_header: X-T, max_skew: 1m}, forget_after: 2h}\n"
    "severity: {label: level, order: [P1, P2, P3]}\n"
    "time_zone: Europe/Berlin\n"
    "channels:\n"
    "  - {name: t, type: telegram, bot_token: \"1:abcdefghijkl\", chat_id: \"5\", mention: {critical: \"@here\", P2: x}, silent: [P3], on_update: new}\n"
    "  - {name: m, type: smtp, host: h, starttls: implicit, from: a@b.cd, to: a@b.cd, timeout: 30s, max_alerts: 5}\n"
    "  - {name: w, type: webhook, url: \"http://x/\", headers: {X-A: \"1\"}, rate_limit: [{count: 3, per: 2s}], send_resolved: false}\n"
    "route:\n"
    "  channels: [t]\n"
    "  fallback: m\n"
    "  deliver_within: 20s\n"
    "  group_by: ['...']\n"
    "  routes:\n"
    "    - matchers: ['team=\"a\"']\n"
    "      channels: [w, m]\n"
    "      group_by: [alertname]\n"
    "      continue: true\n"
    "      repeat_interval: 0\n"
    "    - {matchers: 'team=\"b\"', receiver: bees}\n"
    "limits: {alerts: 1000}\n"
    "self: {channels: [w]}\n";

static void check_channels(const struct config *config)
{
    const struct channel_config *telegram = config_channel(config, "t"), *mail = config_channel(config, "m"), *hook = config_channel(config, "w");

    REQUIRE(telegram && mail && hook && config->channel_count == 3 && config->policy->channel_count == 3, "channels");
    CHECK_TEXT(channel_mention(telegram, "P1"), "@here"); /* "critical" is the first of the order */
    CHECK(channel_is_silent(telegram, "P3") && !channel_is_silent(telegram, "P1"), "silent");
    CHECK(telegram->on_update == UPDATE_NEW && telegram->send_resolved && telegram->timeout_ms == 10000, "telegram");
    CHECK_INT(telegram->rate_count, 1);
    CHECK_INT(telegram->line, 9);
    CHECK(mail->port == 465 && mail->to_count == 1 && mail->timeout_ms == 30000 && mail->max_alerts == 5, "mail");
    CHECK(hook->rate_count == 1 && hook->rates[0].count == 3 && hook->rates[0].per_ms == 2000 && hook->header_count == 1, "webhook");
    CHECK(!config->policy->channels[2].send_resolved && config->policy->channels[0].can_edit && config->policy->channels[1].parts_together, "policy");
}

static void check_route(const struct policy *policy)
{
    const struct policy_node *root = policy->root;

    REQUIRE(root->child_count == 2 && root->channel_count == 1 && root->fallback_count == 1, "routes");
    CHECK(root->group_by_all && root->deliver_within_ms == 20000 && root->repeat_interval_ms == 4 * 3600 * 1000, "root");
    CHECK_TEXT(root->receiver, "t");
    const struct policy_node *a = root->children[0], *b = root->children[1];
    CHECK(a->channel_count == 2 && a->continues && !a->group_by_all && a->group_by_count == 1 && a->repeat_interval_ms == 0, "a");
    CHECK_TEXT(a->receiver, "w+m");
    CHECK_INT(a->deliver_within_ms, 20000);
    CHECK_INT(a->line, 18);
    CHECK(b->channel_count == 1 && b->matcher_count == 1 && b->group_by_all && !b->continues, "b inherits");
    CHECK_TEXT(b->receiver, "bees");
    CHECK(policy->self->channel_count == 1 && policy->self->channels[0] == 2, "self");
    CHECK(policy->alerts_max == 1000 && policy->severity_count == 3, "limits");
}

static void a_whole_file_is_read(void)
{
    static struct config_complaints complaints;
    struct config *config = parse(whole, &complaints);

    REQUIRE(config, "%d: %s", complaints.items[0].line, complaints.items[0].text);
    CHECK_INT(complaints.count, 0);
    CHECK(config->max_body == 1 << 20 && config->retention.history_ms == 10LL * 24 * 3600 * 1000 && config->retention.quarantine_ms == 0, "numbers");
    CHECK_INT(config->retention.messages_ms, 90LL * 24 * 3600 * 1000);
    CHECK_TEXT(config->public_url, "https://[::1]:0");
    CHECK(config_listens_on_loopback(config), "loopback");
    const struct config_source *source = config_source(config, "grafana");
    REQUIRE(source && config_source(config, "api") && !config_source(config, "alertmanager"), "sources");
    CHECK_TEXT(source->domain, "lab");
    CHECK_TEXT(source->hmac_header, "X-Grafana-Alerting-Signature");
    CHECK(source->max_skew_ms == 60000 && source->forget_after_ms == 7200000 && !source->built_in, "grafana");
    CHECK(config->token_count == 1 && config->tokens[0].role == ROLE_OPERATOR, "token");
    check_channels(config);
    check_route(config->policy);
    config_free(config);
}

static void a_user_may_log_in(void)
{
    static struct config_complaints complaints;
    char hash[PASSWORD_HASH_SIZE];
    struct buf text = BUF_EMPTY(4096);
    struct err err;

    REQUIRE(password_hash("correct horse", hash, &err), "%s", err.text);
    buf_addf(&text, "auth: {users: [{name: anna, password_hash: \"%s\", role: admin}]}\n", hash);
    struct config *config = parse(buf_text(&text), &complaints);
    REQUIRE(config, "%s", complaints.items[0].text);
    CHECK(config->user_count == 1 && config->users[0].role == ROLE_ADMIN && password_matches("correct horse", config->users[0].password_hash), "anna");
    config_free(config);
    buf_free(&text);
}

static const struct {
    const char *url, *host, *username, *password;
    int port;
    enum starttls starttls;
} mail_urls[] = {
    {"smtp://mx.example.org", "mx.example.org", NULL, NULL, 587, STARTTLS_REQUIRED},
    {"smtp://u:p@mx.example.org:25", "mx.example.org", "u", "p", 25, STARTTLS_REQUIRED},
    {"smtp://u%40example.org:p%3a%2F@mx:2525/", "mx", "u@example.org", "p:/", 2525, STARTTLS_REQUIRED},
    {"smtps://u:p@ss@mx", "mx", "u", "p@ss", 465, STARTTLS_IMPLICIT},
    {"smtp://localhost:25", "localhost", NULL, NULL, 25, STARTTLS_OFF},
    {"smtp://u:p@localhost", "localhost", "u", "p", 587, STARTTLS_REQUIRED},
    {"smtp://u:100%@mx", "mx", "u", "100%", 587, STARTTLS_REQUIRED},
    {"mx.example.org", NULL, NULL, NULL, 0, 0},
    {"smtp://", NULL, NULL, NULL, 0, 0},
    {"smtp://mx:0", NULL, NULL, NULL, 0, 0},
    {"smtp://mx:port", NULL, NULL, NULL, 0, 0},
    {"smtp://mx/path", NULL, NULL, NULL, 0, 0},
    {"smtp://u@mx", NULL, NULL, NULL, 0, 0},
};

static void mail_urls_are_taken_apart(void)
{
    static struct config_complaints complaints;

    for (size_t i = 0; i < LENGTH(mail_urls); i++) {
        const char *set[][2] = {{"SMTP_URL", mail_urls[i].url}, {"SMTP_FROM", "a@b.cd"}, {"SMTP_TO", "c@d.ef, g@h.ij"}, {NULL, NULL}};
        variables = set;
        struct config *config = config_load(NULL, environment, &complaints);
        const struct channel_config *mail = config ? config_channel(config, "email") : NULL;
        CHECK((mail != NULL) == (mail_urls[i].host != NULL), "%s: %s", mail_urls[i].url, complaints.items[0].text);
        CHECK(mail || text_starts(complaints.items[0].text, "SMTP_URL"), "%s: %s", mail_urls[i].url, complaints.items[0].text);
        if (mail) {
            CHECK_TEXT(mail->host, mail_urls[i].host);
            CHECK_TEXT(mail->username, mail_urls[i].username);
            CHECK_TEXT(mail->password, mail_urls[i].password);
            CHECK_INT(mail->port, mail_urls[i].port);
            CHECK_INT(mail->starttls, mail_urls[i].starttls);
            CHECK_INT(mail->to_count, 2);
        }
        config_free(config);
    }
    variables = NULL;
}

static const struct {
    const char *name;
    const char *variables[6][2];
    const char *want; /* what is said */
    const char *channels;
} environments[] = {
    {"nothing", {{NULL}}, "", "console"},
    {"the first step", {{"TELEGRAM_BOT_TOKEN", "1:abcdefghijkl"}, {"TELEGRAM_CHAT_ID", "5"}}, "", "telegram console"},
    {"half of it", {{"TELEGRAM_BOT_TOKEN", "1:abcdefghijkl"}},
     "environment: warning: TELEGRAM_CHAT_ID is not set, so TELEGRAM_BOT_TOKEN makes no channel\n", "console"},
    {"the other half", {{"TELEGRAM_CHAT_ID", "5"}},
     "environment: warning: TELEGRAM_BOT_TOKEN is not set, so TELEGRAM_CHAT_ID makes no channel\n", "console"},
    {"a token that is none", {{"TELEGRAM_BOT_TOKEN", "abc"}, {"TELEGRAM_CHAT_ID", "5"}},
     "environment: TELEGRAM_BOT_TOKEN: bot_token does not look like a bot token, which is digits, a colon and letters\n", NULL},
    {"hooks", {{"DISCORD_WEBHOOK_URL", "https://d.example.org/x"}, {"SLACK_WEBHOOK_URL", "https://s.example.org/x"}}, "", "discord slack console"},
    {"open without a token", {{"NOTIFIER_LISTEN", "0.0.0.0:80"}, {"NOTIFIER_SOURCE_TOKEN", TOKEN}},
     "environment: listening on 0.0.0.0:80 lets others in: set NOTIFIER_TOKEN, or write auth: into a file, or listen on 127.0.0.1\n", NULL},
    {"open with one", {{"NOTIFIER_LISTEN", "0.0.0.0:80"}, {"NOTIFIER_SOURCE_TOKEN", TOKEN}, {"NOTIFIER_TOKEN", TOKEN}}, "", "console"},
};

static void the_environment_is_enough(void)
{
    static struct config_complaints complaints;

    for (size_t i = 0; i < LENGTH(environments); i++) {
        struct buf said = BUF_EMPTY(4096), names = BUF_EMPTY(4096);
        variables = (const char *(*)[2])(uintptr_t)environments[i].variables;
        struct config *config = config_load(NULL, environment, &complaints);
        config_complaints_write(&complaints, "environment", &said);
        CHECK(strcmp(buf_text(&said), environments[i].want) == 0, "%s: %s", environments[i].name, buf_text(&said));
        for (size_t c = 0; config && c < config->channel_count; c++)
            buf_addf(&names, "%s%s", c ? " " : "", config->channels[c].name);
        CHECK(test_same(config ? buf_text(&names) : NULL, environments[i].channels), "%s: %s", environments[i].name, buf_text(&names));
        if (config) {
            CHECK(config->policy->root->channel_count == config->channel_count, "%s: everything goes to all", environments[i].name);
            CHECK(config_source(config, "grafana") && config_source(config, "alertmanager") && config_source(config, "api"), "%s", environments[i].name);
        }
        config_free(config);
        buf_free(&said);
        buf_free(&names);
    }
    variables = NULL;
}

static void tokens_of_the_environment(void)
{
    static const char *const set[][2] = {{"NOTIFIER_TOKEN", TOKEN}, {"NOTIFIER_SOURCE_TOKEN", "s"}, {"NOTIFIER_PUBLIC_URL", "https://n.example.org"},
                                         {"NOTIFIER_LISTEN", "127.0.0.1:0"}, {NULL, NULL}};
    static struct config_complaints complaints;

    variables = (const char *(*)[2])(uintptr_t)set;
    struct config *config = config_load(NULL, environment, &complaints);
    REQUIRE(config, "%s", complaints.items[0].text);
    CHECK(config->token_count == 1 && config->tokens[0].role == ROLE_OPERATOR, "people's token");
    CHECK_TEXT(config_source(config, "grafana")->bearer_token, "s");
    CHECK_TEXT(config->public_url, "https://n.example.org");
    CHECK_TEXT(config->listen, "127.0.0.1:0");
    config_free(config);
    config = parse("", &complaints); /* a file, though empty, says it all */
    REQUIRE(config, "%s", complaints.items[0].text);
    CHECK(!config->token_count && strcmp(config->listen, "127.0.0.1:8686") == 0, "a file says it all");
    CHECK_TEXT(config_source(config, "grafana")->bearer_token, "s"); /* but for the built-in sources, which no file names */
    config_free(config);
    variables = NULL;
}

static const struct {
    const char *listen;
    bool ok, loopback;
    const char *url;
} listeners[] = {
    {"127.0.0.1:8686", true, true, "http://127.0.0.1:8686"},
    {"127.9.9.9:1", true, true, "http://127.9.9.9:1"},
    {"localhost:8686", true, true, "http://localhost:8686"},
    {"[::1]:8686", true, true, "http://[::1]:8686"},
    {"unix:/run/x.sock", true, true, "http://localhost"},
    {"0.0.0.0:8686", false, false, NULL},
    {"[::]:8686", false, false, NULL},
    {":8686", false, false, NULL},
    {"192.168.1.5:8686", false, false, NULL},
    {"127.0.0.1.example.org:80", false, false, NULL},
    {"[::ffff:127.0.0.1]:80", false, false, NULL},
    {"unix:", false, true, NULL},
    {"8686", false, true, NULL},
    {"127.0.0.1:-1", false, true, NULL},
};

static void a_flag_beats_the_file(void)
{
    static struct config_complaints complaints;
    struct err err;

    for (size_t i = 0; i < LENGTH(listeners); i++) {
        struct config *config = parse("", &complaints);
        bool ok = config_set_listen(config, listeners[i].listen, &err);
        CHECK(ok == listeners[i].ok, "%s: %s", listeners[i].listen, ok ? "taken" : err.text);
        CHECK(config_listens_on_loopback(config) == listeners[i].loopback, "%s", listeners[i].listen);
        if (ok)
            CHECK_TEXT(config->public_url, listeners[i].url);
        config_free(config);
    }
    struct config *config = parse("server: {public_url: \"https://n.example.org\"}\nauth: {tokens: [{name: o, token: " TOKEN ", role: viewer}]}\n", &complaints);
    CHECK(config_set_listen(config, "0.0.0.0:80", &err), "%s", err.text);
    CHECK_TEXT(config->public_url, "https://n.example.org");
    config_free(config);
}

int main(void)
{
    variables_expand();
    secrets_come_from_files();
    a_whole_file_is_read();
    a_user_may_log_in();
    mail_urls_are_taken_apart();
    the_environment_is_enough();
    tokens_of_the_environment();
    a_flag_beats_the_file();
    return test_end();
}
