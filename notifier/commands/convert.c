/* notifier convert alertmanager FILE */
#include "notifier/commands/convert.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/convert_private.h"
#include "notifier/render/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct field top_fields[] = {
    {"global", FIELD_MAP, NULL}, {"route", FIELD_MAP, NULL}, {"receivers", FIELD_LIST, NULL}, {"inhibit_rules", FIELD_LIST, NULL},
    {"time_intervals", FIELD_LIST, NULL}, {"mute_time_intervals", FIELD_LIST, NULL}, {"templates", FIELD_TEXTS, NULL},
    {"tracing", FIELD_MAP, "is not carried over: there are no traces"}, {0},
};

/* What speaks of integrations without a counterpart says nothing: they are named where they stand. */
static const struct field global_fields[] = {
    {"resolve_timeout", FIELD_DURATION, NULL}, {"http_config", FIELD_MAP, NULL}, {"smtp_from", FIELD_TEXT, NULL}, {"smtp_smarthost", FIELD_TEXT, NULL},
    {"smtp_hello", FIELD_TEXT, "is not carried over: notifier introduces itself by the machine's name"}, {"smtp_auth_username", FIELD_TEXT, NULL},
    {"smtp_auth_password", FIELD_TEXT, NULL}, {"smtp_auth_password_file", FIELD_TEXT, NULL},
    {"smtp_auth_secret", FIELD_TEXT, "is not carried over: CRAM-MD5 is not spoken; give a password"},
    {"smtp_auth_secret_file", FIELD_TEXT, "is not carried over: CRAM-MD5 is not spoken; give a password"},
    {"smtp_auth_identity", FIELD_TEXT, "is not carried over: the user speaks for itself"}, {"smtp_require_tls", FIELD_BOOL, NULL},
    {"smtp_force_implicit_tls", FIELD_BOOL, NULL}, {"smtp_tls_config", FIELD_MAP, NULL}, {"slack_api_url", FIELD_URL, NULL},
    {"slack_api_url_file", FIELD_TEXT, NULL}, {"slack_app_token", FIELD_TEXT, NULL}, {"slack_app_token_file", FIELD_TEXT, NULL},
    {"slack_app_url", FIELD_URL, NULL}, {"telegram_api_url", FIELD_URL, NULL}, {"telegram_bot_token", FIELD_TEXT, NULL},
    {"telegram_bot_token_file", FIELD_TEXT, NULL}, {"pagerduty_url", FIELD_URL, NULL}, {"opsgenie_api_key", FIELD_TEXT, NULL},
    {"opsgenie_api_key_file", FIELD_TEXT, NULL}, {"opsgenie_api_url", FIELD_URL, NULL}, {"wechat_api_url", FIELD_URL, NULL},
    {"wechat_api_secret", FIELD_TEXT, NULL}, {"wechat_api_secret_file", FIELD_TEXT, NULL}, {"wechat_api_corp_id", FIELD_TEXT, NULL},
    {"victorops_api_key", FIELD_TEXT, NULL}, {"victorops_api_key_file", FIELD_TEXT, NULL}, {"victorops_api_url", FIELD_URL, NULL},
    {"webex_api_url", FIELD_URL, NULL}, {"jira_api_url", FIELD_URL, NULL}, {"rocketchat_api_url", FIELD_URL, NULL},
    {"rocketchat_token", FIELD_TEXT, NULL}, {"rocketchat_token_file", FIELD_TEXT, NULL}, {"rocketchat_token_id", FIELD_TEXT, NULL},
    {"rocketchat_token_id_file", FIELD_TEXT, NULL}, {"mattermost_webhook_url", FIELD_URL, NULL}, {"mattermost_webhook_url_file", FIELD_TEXT, NULL}, {0},
};

static bool global_fits(struct conversion *c)
{
    static const char *const pairs[] = {"slack_api_url", "smtp_auth_password", "slack_app_token", "telegram_bot_token"};

    if (!c->global)
        return true;
    bool fits = convert_fits(c, c->global, global_fields);
    for (size_t i = 0; fits && i < LENGTH(pairs); i++) {
        const char *file = arena_printf(c->arena, "%s_file", pairs[i]);
        if (convert_text(c->global, pairs[i]) && convert_text(c->global, file))
            fits = convert_refuse(c, convert_at(c->global, file), "%s cannot stand beside %s", file, pairs[i]);
    }
    return fits && convert_http_fits(c, convert_at(c->global, "http_config")) && convert_tls_fits(c, convert_at(c->global, "smtp_tls_config"));
}

static bool has_webhooks(const struct conversion *c)
{
    const struct yaml_node *receivers = convert_at(c->root, "receivers");

    for (size_t i = 0; receivers && i < receivers->count; i++) {
        const struct yaml_node *list = convert_at(receivers->items[i], "webhook_configs");
        if (list && list->count)
            return true;
    }
    return false;
}

/* Version 4 of Alertmanager's body; whoever takes it finds all of it where it was. */
static void put_body(struct conversion *c)
{
    buf_add_char(c->out, '\n');
    convert_put_remark(c, 0, "What Alertmanager's webhooks post.");
    convert_put(c, 0, "x-alertmanager-body: &" CONVERT_BODY_ANCHOR " |");
    buf_add_text(c->out,
                 "  {\"version\": \"4\", \"groupKey\": {{ toJson .GroupKey }}, \"truncatedAlerts\": {{ .TruncatedAlerts }},\n"
                 "   \"status\": {{ toJson .Status }}, \"receiver\": {{ toJson .Receiver }}, \"groupLabels\": {{ toJson .GroupLabels }},\n"
                 "   \"commonLabels\": {{ toJson .CommonLabels }}, \"commonAnnotations\": {{ toJson .CommonAnnotations }},\n"
                 "   \"externalURL\": {{ toJson .ExternalURL }}, \"alerts\": {{ toJson .Alerts }}}\n");
}

static void put_head(struct conversion *c, const char *name)
{
    int64_t ms = 5 * 60 * 1000;

    convert_put_remark(c, 0, "Converted from %s by `notifier convert alertmanager`.", name);
    convert_put_remark(c, 0, "Where that file is silent, Alertmanager's own defaults are written out.");
    if (convert_text(c->global, "resolve_timeout"))
        convert_duration(convert_text(c->global, "resolve_timeout"), &ms);
    buf_add_char(c->out, '\n');
    convert_put_duration(c, 0, "resolve_timeout", ms);
    if (has_webhooks(c))
        put_body(c);
}

/* Known only once the routes are written; a map's order means nothing. */
static void put_tail(struct conversion *c)
{
    static const char *const console[] = {"console"};
    const struct yaml_node *route = convert_at(c->root, "route");
    const struct receiver *first = convert_text(route, "receiver") ? convert_receiver(c, convert_text(route, "receiver")) : NULL;
    const struct yaml_node *templates = convert_at(c->root, "templates");
    bool has_channels = first && first->channel_count;

    convert_put(c, 0, "\nflap: {changes: 0}");
    if (templates && templates->count) {
        convert_put(c, 0, "\ntemplates:");
        for (size_t i = 0; i < templates->count; i++) {
            buf_addf(c->out, "  - ");
            convert_add_text(c->out, convert_path(c, templates->items[i]->text));
            buf_add_char(c->out, '\n');
        }
    }
    buf_add_char(c->out, '\n');
    convert_put_remark(c, 0, "Who hears of notifier's own troubles: whoever hears of what no other route takes.");
    convert_put(c, 0, "self:");
    convert_put_texts(c, 2, "channels", has_channels ? first->channels : console, has_channels ? first->channel_count : 1);
}

/* The console's row stands last among the channels, which were written before it was known to be needed. */
static void put_console(struct conversion *c, size_t channels_end)
{
    static const char row[] = "  - {name: console, type: console}\n";
    struct buf *out = c->out;

    if (!c->needs_console && c->channel_count)
        return;
    if (c->channel_count == POLICY_CHANNELS_MAX) {
        convert_give_up(c, c->root, "more than %d channels, the console included", POLICY_CHANNELS_MAX);
        return;
    }
    size_t end = out->length, length = strlen(row);
    if (!buf_add_text(out, row))
        return;
    memmove(out->data + channels_end + length, out->data + channels_end, end - channels_end);
    memcpy(out->data + channels_end, row, length);
}

static void write_all(struct conversion *c, const char *name)
{
    put_head(c, name);
    convert_receivers(c);
    size_t channels_end = c->out->length;
    convert_route(c);
    convert_inhibit_rules(c);
    convert_times(c);
    put_tail(c);
    convert_check_words(c);
    put_console(c, channels_end);
    if (c->out->full)
        convert_give_up(c, c->root, "the result would be larger than %u bytes", CONVERT_OUT_MAX);
}

static const char *folder_of(struct conversion *c, const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? arena_bytes(c->arena, name, (size_t)(slash - name) + 1) : "";
}

/* Of a file that is refused, only why. */
static void drop_warnings(struct config_complaints *all)
{
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++)
        if (!all->items[i].warning)
            all->items[kept++] = all->items[i];
    all->count = kept;
    all->left_out = all->errors - kept;
}

static int compare_places(const void *a, const void *b)
{
    const struct config_complaint *one = a, *other = b;
    return one->line != other->line ? one->line - other->line : one->column - other->column;
}

enum conversion_end convert_alertmanager(const char *name, const char *text, size_t length, struct buf *out,
                                         struct config_complaints *complaints)
{
    struct conversion c = {.complaints = complaints, .out = out};
    size_t begin = out->length;
    struct err err;

    struct yaml *yaml = yaml_parse(name, text, length, &err);
    if (!yaml) {
        complaints->errors++;
        snprintf(complaints->items[complaints->count++].text, ERR_TEXT_MAX, "%s", err.text);
        return CONVERT_INVALID;
    }
    c.arena = arena_new();
    c.templates = template_set_new();
    template_set_add_defaults(c.templates);
    c.folder = folder_of(&c, name);
    c.root = yaml_root(yaml);
    c.global = convert_at(c.root, "global");
    if (convert_fits(&c, c.root, top_fields) && global_fits(&c))
        write_all(&c, name);
    yaml_close(yaml);
    template_set_free(c.templates);
    arena_free(c.arena);
    qsort(complaints->items, complaints->count, sizeof complaints->items[0], compare_places);
    if (!complaints->errors && !c.impossible)
        return CONVERT_DONE;
    if (complaints->errors)
        drop_warnings(complaints);
    buf_cut(out, begin);
    return complaints->errors ? CONVERT_INVALID : CONVERT_IMPOSSIBLE;
}

static void say(const struct config_complaints *complaints, const char *name)
{
    struct buf words = BUF_EMPTY(1u << 20), safe = BUF_EMPTY(4u << 20);

    config_complaints_write(complaints, name, &words);
    text_add_terminal(&safe, buf_text(&words), true);
    fputs(buf_text(&safe), stderr);
    buf_free(&words);
    buf_free(&safe);
}

/* What our own reader has to say of the result, once it stands in a file: secrets' files that are not here, what only
 * we are strict about, and what it understands but does not act on. */
static void check(const struct buf *out)
{
    struct config_complaints *complaints = memory_zeroed(1, sizeof *complaints);
    size_t kept = 0;

    config_free(config_parse("result", buf_text(out), out->length, (const char *(*)(const char *))getenv, complaints));
    for (size_t i = 0; i < complaints->count; i++)
        if (!complaints->items[i].warning || strstr(complaints->items[i].text, "not acted on"))
            complaints->items[kept++] = complaints->items[i];
    complaints->count = kept;
    complaints->left_out = 0;
    say(complaints, "result");
    free(complaints);
}

int command_convert(int argc, char **argv)
{
    struct buf text = BUF_EMPTY(YAML_BYTES_MAX), out = BUF_EMPTY(CONVERT_OUT_MAX);
    struct err err;

    if (argc != 3 || strcmp(argv[1], "alertmanager") != 0 || (argv[2][0] == '-' && argv[2][1])) {
        fprintf(stderr, "usage: notifier convert alertmanager FILE\n");
        return 2;
    }
    if (!file_read(argv[2], &text, &err)) {
        fprintf(stderr, "notifier: %s\n", err.text);
        return 2;
    }
    struct config_complaints *complaints = memory_zeroed(1, sizeof *complaints);
    const char *name = strcmp(argv[2], "-") == 0 ? "stdin" : argv[2];
    enum conversion_end end = convert_alertmanager(name, buf_text(&text), text.length, &out, complaints);
    say(complaints, name);
    if (end == CONVERT_DONE) {
        fputs(buf_text(&out), stdout);
        check(&out);
    }
    free(complaints);
    buf_free(&text);
    buf_free(&out);
    return end == CONVERT_DONE ? fflush(stdout) != 0 : end == CONVERT_IMPOSSIBLE ? 1 : 2;
}
