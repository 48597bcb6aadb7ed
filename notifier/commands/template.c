/* template: what a channel's words, or a template of one's own, make of a payload. Sends nothing. */
#include "base/file.h"
#include "base/text.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/local.h"
#include "notifier/ingest/ingest.h"
#include "notifier/own_words.h"
#include "notifier/render/message.h"

#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PAYLOAD_MAX (32u << 20)
#define ALERTS_MAX 500

static const char sample[] =
    "{\"receiver\":\"ops\",\"status\":\"firing\",\"version\":\"1\",\"orgId\":1,\"groupKey\":\"{}:{alertname=\\\"DiskFull\\\"}\","
    "\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"DiskFull\",\"severity\":\"critical\",\"instance\":\"db-1\",\"team\":\"data\"},"
    "\"annotations\":{\"summary\":\"/var is 97 % full on <db-1>\",\"runbook_url\":\"https://runbooks.example.org/disk\"},"
    "\"startsAt\":\"2026-03-14T09:20:53.5Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"https://grafana.example.org/g\","
    "\"fingerprint\":\"c0ffee0000000001\",\"values\":{\"A\":97.3},\"valueString\":\"[ var='A' value=97.3 ]\"},"
    "{\"status\":\"resolved\",\"labels\":{\"alertname\":\"DiskFull\",\"severity\":\"critical\",\"instance\":\"db-2\",\"team\":\"data\"},"
    "\"annotations\":{\"summary\":\"/var is 91 % full on <db-2>\"},\"startsAt\":\"2026-03-14T08:20:53.5Z\",\"endsAt\":\"2026-03-14T09:10:00Z\","
    "\"fingerprint\":\"c0ffee0000000002\",\"values\":{\"A\":91}}]}";

struct rendering {
    const char *config, *channel, *text, *escape, *payload, *templates;
    struct arena *arena;
    struct view view;
};

static bool parse(struct rendering *rendering, int argc, char **argv)
{
    static const struct option flags[] = {{"config", required_argument, NULL, 'c'}, {"channel", required_argument, NULL, 'n'},
                                          {"text", required_argument, NULL, 't'}, {"escape", required_argument, NULL, 'e'},
                                          {"payload", required_argument, NULL, 'p'}, {"templates", required_argument, NULL, 'g'}, {0}};
    int flag;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, NULL)) != -1)
        switch (flag) {
        case 'c': rendering->config = optarg; break;
        case 'n': rendering->channel = optarg; break;
        case 't': rendering->text = optarg; break;
        case 'e': rendering->escape = optarg; break;
        case 'p': rendering->payload = optarg; break;
        case 'g': rendering->templates = optarg; break;
        default: return false;
        }
    if (optind < argc || !rendering->channel == !rendering->text) {
        fprintf(stderr, "notifier: template render takes --channel NAME or --text TEMPLATE\n");
        return false;
    }
    return true;
}

static bool read_payload(struct rendering *rendering, struct ingested *got)
{
    struct buf body = BUF_EMPTY(PAYLOAD_MAX);
    struct timespec now;
    struct err err;

    clock_gettime(CLOCK_REALTIME, &now);
    rendering->view.now_ms = (int64_t)now.tv_sec * 1000;
    if (!rendering->payload)
        buf_add_text(&body, sample);
    else if (!file_read(strcmp(rendering->payload, "-") == 0 ? "/dev/stdin" : rendering->payload, &body, &err)) {
        fprintf(stderr, "notifier: %s\n", err.text);
        return false;
    }
    ingest_webhook(buf_text(&body), body.length, rendering->view.now_ms, rendering->arena, got);
    buf_free(&body);
    if (got->quarantine)
        fprintf(stderr, "notifier: %s: %s\n", text_or(rendering->payload, "the sample"), got->quarantine);
    return got->count > 0;
}

/* As a first message about these alerts would see them. */
static void make_view(struct rendering *rendering, const struct policy *policy, const struct ingested *got)
{
    size_t count = got->count < ALERTS_MAX ? got->count : ALERTS_MAX;
    struct view_alert *alerts = ARENA_NEW(rendering->arena, struct view_alert, count);
    struct view *view = &rendering->view;
    const char *name = labels_get(&got->alerts[0].labels, "alertname");
    struct label *group = ARENA_NEW(rendering->arena, struct label, 1);

    view->severity_rank = UINT8_MAX;
    for (size_t i = 0; i < count; i++) {
        unsigned rank = policy_severity(policy, &got->alerts[i].labels);
        const char *label = labels_get(&got->alerts[i].labels, policy->severity_label);
        alerts[i] = (struct view_alert){.id = i + 1, .input = &got->alerts[i], .changed = true, .severity_rank = rank,
                                        .severity = text_or(label, policy->severities[rank])};
        view->firing += got->alerts[i].status == ALERT_FIRING;
        view->resolved += got->alerts[i].status == ALERT_RESOLVED;
        view->severity_rank = rank < view->severity_rank ? rank : view->severity_rank;
    }
    *group = (struct label){"alertname", name};
    view->group_labels = (struct labels){group, name ? 1 : 0};
    view->alerts = alerts;
    view->alert_count = count;
    view->news_firing = view->firing;
    view->news_resolved = view->resolved;
    view->reason = REASON_FIRST;
    view->severity = policy->severities[view->severity_rank];
    view->reference = "K7Q2";
    view->route = "{}";
    view->receiver = text_or(got->receiver, "ops");
    view->opened_ms = got->alerts[0].starts_ms;
}

static int show_channel(struct rendering *rendering, const struct config *config)
{
    const struct channel_config *channel = config_channel(config, rendering->channel);
    struct page *pages = ARENA_NEW(rendering->arena, struct page, PAGES_MAX);
    struct buf out = BUF_EMPTY(4u << 20);
    struct err err;

    if (!channel) {
        fprintf(stderr, "notifier: there is no channel \"%s\"; `notifier check-config` says what is configured\n", rendering->channel);
        return 1;
    }
    rendering->view.channel = channel->name;
    rendering->view.zone = config->zone;
    rendering->view.public_url = config->public_url;
    if (!own_words_find(config, channel, rendering->arena, &rendering->view, &err)) {
        fprintf(stderr, "notifier: %s\n", err.text);
        return 1;
    }
    const struct own_words *own = &rendering->view.own;
    const struct { const char *what, *text; } parts[] = {{"title", own->title}, {"text", own->text}, {"html", own->html}, {"footer", own->footer}, {"body", own->body}};
    for (size_t i = 0; i < LENGTH(parts); i++)
        if (parts[i].text)
            buf_addf(&out, "--- %s\n%s\n", parts[i].what, parts[i].text);
    size_t count = out.length ? 0 : message_pages(&rendering->view, &channel->codec->limits, rendering->arena, pages);
    for (size_t i = 0; i < count; i++) {
        page_add_plain(&out, &pages[i]);
        buf_add_char(&out, '\n');
    }
    fputs(buf_text(&out), stdout);
    buf_free(&out);
    return 0;
}

static bool add_files(struct template_set *set, const char *pattern)
{
    glob_t found = {0};
    struct err err;
    bool ok = true;

    if (glob(pattern, 0, NULL, &found) != 0) {
        fprintf(stderr, "notifier: no file matches \"%s\"\n", pattern);
        ok = false;
    }
    for (size_t i = 0; ok && i < found.gl_pathc; i++) {
        struct buf text = BUF_EMPTY(TEMPLATE_TEXT_MAX);
        ok = file_read(found.gl_pathv[i], &text, &err) && template_set_parse(set, found.gl_pathv[i], buf_text(&text), text.length, &err);
        if (!ok)
            fprintf(stderr, "notifier: %s\n", err.text);
        buf_free(&text);
    }
    globfree(&found);
    return ok;
}

static int show_text(struct rendering *rendering)
{
    const struct template_escaper *escaper = template_escaper_named(text_or(rendering->escape, "none"));
    struct template_set *set = template_set_new();
    struct buf out = BUF_EMPTY(TEMPLATE_OUTPUT_MAX + 1);
    struct value data = template_data(&rendering->view, rendering->arena);
    struct template_options options = {.escape = escaper, .now_ms = rendering->view.now_ms};
    struct err err;
    int code = 2;

    template_set_add_defaults(set);
    if (!escaper)
        fprintf(stderr, "notifier: --escape is none, html, telegram, slack, discord or json\n");
    else if (!rendering->templates || add_files(set, rendering->templates)) {
        code = 0;
        if (!template_execute_text(set, "--text", rendering->text, strlen(rendering->text), &data, &options, &out, &err)) {
            fprintf(stderr, "notifier: %s\n", err.text);
            code = 1;
        }
        if (code == 0)
            puts(buf_text(&out));
    }
    template_set_free(set);
    buf_free(&out);
    return code;
}

int command_template(int argc, char **argv)
{
    struct rendering rendering = {0};
    struct ingested got;
    int code = 2;

    if (argc < 2 || strcmp(argv[1], "render") != 0) {
        fprintf(stderr, "notifier: template takes render\n");
        return 2;
    }
    if (!parse(&rendering, argc - 1, argv + 1))
        return 2;
    rendering.arena = arena_new();
    struct config *config = rendering.channel ? local_config(config_find(rendering.config), false) : NULL;
    struct policy *policy = config ? NULL : policy_new();
    if ((config || !rendering.channel) && read_payload(&rendering, &got)) {
        make_view(&rendering, config ? config->policy : policy, &got);
        code = rendering.channel ? show_channel(&rendering, config) : show_text(&rendering);
    }
    config_free(config);
    policy_free(policy);
    arena_free(rendering.arena);
    return code;
}
