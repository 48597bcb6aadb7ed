/* A record has a bound, one predecessor, and says a decision the same way each time. */
#include "base/log.h"
#include "notifier/recorder.h"
#include "tests/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[96], before[100];

static size_t size_of(const char *name)
{
    struct stat status;
    return stat(name, &status) == 0 ? (size_t)status.st_size : 0;
}

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static void test_bound(void)
{
    struct config_complaints complaints;
    struct config *config = config_parse("test", "", 0, no_environment, &complaints);
    struct event event = {.kind = EVENT_TROUBLE, .trouble = {"A", "b", "channel", "critical", "words", false, 0}};
    struct instant now = {5, 1700000000000};
    struct err err = {0};

    REQUIRE(config && config->outline && strstr(config->outline, "console"), "an outline of the defaults");
    struct recorder *recorder = recorder_open(path, 2000, &err);
    REQUIRE(recorder, "%s", err.text);
    recorder_begin(recorder, config, 7, now);
    for (int i = 0; i < 100; i++) {
        now.steady_ms++;
        recorder_event(recorder, &event, config, now);
        recorder_tick(recorder, now);
        recorder_flush(recorder);
    }
    size_t size = size_of(path);
    CHECK(size >= 2000 && size < 2300, "stopped at its bound: %zu bytes", size);
    recorder_close(recorder);
    CHECK_INT(size_of(path), size);
    recorder = recorder_open(path, 0, &err);
    REQUIRE(recorder, "%s", err.text);
    CHECK_INT(size_of(before), size);
    recorder_begin(recorder, config, 7, now);
    recorder_flush(recorder);
    size = size_of(path);
    recorder_tick(recorder, now);
    recorder_flush(recorder);
    CHECK(size_of(path) - size < 60, "a turn in which nothing happened: %zu bytes", size_of(path) - size);
    recorder_begin(recorder, config, 8, now);
    recorder_flush(recorder);
    CHECK(size_of(path) == size, "a start begun anew begins the record anew");
    recorder_close(recorder);
    config_free(config);
    CHECK(!recorder_open("/nosuch/record", 0, &err) && strstr(err.text, "/nosuch/record"), "%s", err.text);
}

/* An outline decides as what it is made of, and holds none of its secrets. */
static void test_outline(void)
{
    static const char text[] =
        "channels:\n"
        "  - {name: a, type: telegram, bot_token: '77:secretOne', chat_id: '-100', rate_limit: [{count: 7, per: 90s}]}\n"
        "  - {name: b, type: telegram, bot_token: '77:secretOne', chat_id: '5', on_update: new}\n"
        "  - {name: c, type: telegram, bot_token: '78:secretTwo', chat_id: '-100', send_resolved: false}\n"
        "  - {name: d, type: smtp, host: secret.example.org, username: u, password: secretThree, from: secret@example.org, to: [secret@example.com]}\n"
        "  - {name: e, type: slack, webhook_url: 'https://hooks.slack.com/services/secretFour'}\n"
        "  - {name: f, type: webhook, url: 'https://secret.example.org/', headers: {X-Key: secretFive}, hmac_secret: secretSix}\n"
        "  - {name: g, type: discord, webhook_url: 'https://discord.com/api/webhooks/1/secretSeven'}\n"
        "route:\n  channels: [a, b]\n  group_by: [alertname, 'x$${y}']\n  routes:\n    - {matchers: ['team=\"web\"'], channels: [c, d, e, f, g], continue: true}\n"
        "auth: {tokens: [{name: ops, token: secretEightIsLongEnough, role: operator}]}\n"
        "limits: {alerts: 500}\n";
    struct config_complaints complaints;
    struct buf words = BUF_EMPTY(65536);
    struct config *from = config_parse("test", text, strlen(text), no_environment, &complaints), *to = NULL;

    config_complaints_write(&complaints, "test", &words);
    REQUIRE(from && from->outline, "%s", buf_text(&words));
    CHECK(!strstr(from->outline, "secret"), "%s", from->outline);
    to = config_parse("outline", from->outline, strlen(from->outline), no_environment, &complaints);
    buf_clear(&words);
    config_complaints_write(&complaints, "outline", &words);
    REQUIRE(to, "%s", buf_text(&words));
    CHECK_TEXT(to->outline, from->outline);
    CHECK(to->policy->channel_count == 7 && to->policy->alerts_max == 500, "%zu channels", to->policy->channel_count);
    for (size_t i = 0; i < to->policy->channel_count; i++) {
        const struct policy_channel *now = &to->policy->channels[i], *then = &from->policy->channels[i];
        CHECK_TEXT(now->name, then->name);
        CHECK(now->rate_count == then->rate_count && memcmp(now->rates, then->rates, sizeof now->rates) == 0, "%s: its pace", then->name);
        CHECK(now->send_resolved == then->send_resolved && now->on_update == then->on_update && now->can_edit == then->can_edit &&
                  now->can_gather == then->can_gather && now->parts_together == then->parts_together && now->in_flight_max == then->in_flight_max,
              "%s", then->name);
        for (size_t j = 0; j < i; j++)
            CHECK((now->credential == to->policy->channels[j].credential) == (then->credential == from->policy->channels[j].credential),
                  "%s and %s share a bot", then->name, from->policy->channels[j].name);
    }
    CHECK_TEXT(to->policy->root->group_by[1], "x${y}");
    CHECK_TEXT(to->policy->root->children[0]->id, from->policy->root->children[0]->id);
    config_free(to);
    config_free(from);
    buf_free(&words);
}

static void test_words(void)
{
    char text[4000];
    struct buf first = BUF_EMPTY(8192), second = BUF_EMPTY(8192);
    struct effect effect = {.kind = EFFECT_RECORD, .record = {.kind = RECORD_MESSAGE, .message = {.id = 1, .channel = "hook", .text = text}}};

    for (size_t i = 0; i < sizeof text - 1; i++) /* two bytes a character, so that a cut may fall inside one */
        text[i] = i % 2 ? '\xa9' : '\xc3';
    text[sizeof text - 2] = text[sizeof text - 1] = '\0';
    recorder_words(&effect, &first);
    CHECK(first.length < 300 && strstr(buf_text(&first), "\"message\"") && strstr(buf_text(&first), "… #"), "%s", buf_text(&first));
    recorder_words(&effect, &second);
    CHECK_TEXT(buf_text(&second), buf_text(&first));
    text[3000] = 'x';
    text[3001] = 'y';
    buf_clear(&second);
    recorder_words(&effect, &second);
    CHECK(strcmp(buf_text(&second), buf_text(&first)) != 0, "what is behind the cut counts too");
    buf_free(&first);
    buf_free(&second);
}

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_recorder.XXXXXX");
    if (!mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/record", folder);
    snprintf(before, sizeof before, "%s.1", path);
    log_start(LOG_LOGFMT, LOG_ERROR);
    test_bound();
    test_words();
    test_outline();
    log_stop();
    unlink(path);
    unlink(before);
    CHECK(rmdir(folder) == 0, "nothing else is left");
    return test_end();
}
