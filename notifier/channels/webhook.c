/* Our own JSON to any URL, signed, with an Idempotency-Key: a receiver can tell a repeat from news. */
#include "base/sign.h"
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/registry.h"
#include "notifier/core/effect.h"
#include "notifier/core/regex.h"

#include <string.h>
#include <strings.h>

#define WEBHOOK_VERSION "1"
#define BODY_MAX (4u << 20) /* bytes */
#define KEY_MARK "{key}"
#define OWN_BODY "own\n"     /* in front of stored headers, a line of JSON, and a body of the user's own making; ours begins with a brace */

static const char *status_name(enum alert_status status)
{
    return status == ALERT_FIRING ? "firing" : "resolved";
}

static void set_time(struct json_out *json, const char *key, int64_t ms)
{
    struct buf text = BUF_EMPTY(64);

    zone_add_rfc3339(&text, ms);
    json_set_text(json, key, ms > 0 ? buf_text(&text) : NULL);
    buf_free(&text);
}

static void set_labels(struct json_out *json, const char *key, const struct labels *labels)
{
    json_member(json, key);
    json_open(json, '{');
    for (size_t i = 0; i < labels->count; i++)
        json_set_text(json, labels->items[i].name, labels->items[i].value);
    json_shut(json, '}');
}

static void put_alert(struct json_out *json, const struct view_alert *alert)
{
    const struct alert_input *input = alert->input;

    json_open(json, '{');
    json_set_text(json, "fingerprint", input->fingerprint);
    json_set_text(json, "status", status_name(input->status));
    json_set_text(json, "severity", alert->severity);
    json_set_bool(json, "new", alert->changed);
    set_labels(json, "labels", &input->labels);
    set_labels(json, "annotations", &input->annotations);
    set_time(json, "startsAt", input->starts_ms);
    set_time(json, "endsAt", input->status == ALERT_RESOLVED ? input->ends_ms : 0);
    json_set_text(json, "stateReason", input->state_reason);
    json_member(json, "values");
    struct cJSON *values = input->values ? json_parse(input->values, strlen(input->values), NULL) : NULL;
    json_put_raw(json, values ? input->values : "null"); /* one broken text would break the whole body */
    json_close(values);
    json_set_text(json, "generatorURL", input->generator_url);
    json_set_text(json, "dashboardURL", input->dashboard_url);
    json_set_text(json, "panelURL", input->panel_url);
    json_set_text(json, "silenceURL", input->silence_url);
    json_shut(json, '}');
}

static void put_body(struct buf *out, const struct view *view, const struct page *page, const char *text, size_t most)
{
    struct json_out json = json_out(out);
    size_t listed = 0;

    json_open(&json, '{');
    json_set_text(&json, "version", WEBHOOK_VERSION);
    json_set_text(&json, "incident", view->reference);
    json_set_text(&json, "reason", reason_text(view->reason));
    json_set_text(&json, "status", status_name(view->firing ? ALERT_FIRING : ALERT_RESOLVED));
    json_set_text(&json, "severity", view->severity);
    json_set_text(&json, "receiver", view->receiver);
    json_set_text(&json, "route", view->route);
    json_set_text(&json, "channel", view->channel);
    json_set_bool(&json, "test", view->reason == REASON_TEST);
    json_set_int(&json, "firing", view->firing);
    json_set_int(&json, "resolved", view->resolved);
    json_set_text(&json, "title", page->title);
    json_set_text(&json, "text", text);
    set_time(&json, "openedAt", view->opened_ms);
    set_labels(&json, "groupLabels", &view->group_labels);
    json_member(&json, "alerts");
    json_open(&json, '[');
    for (; listed < view->alert_count && listed < most; listed++)
        put_alert(&json, &view->alerts[listed]);
    json_shut(&json, ']');
    int64_t left = (int64_t)(view->firing + view->resolved) - (int64_t)listed;
    json_set_int(&json, "notListed", left > 0 ? left : 0);
    json_shut(&json, '}');
}

/* The whole body but for what the moment of sending adds. What is too large lists fewer alerts. */
static size_t webhook_compose(const struct channel_config *config, const struct view *view, struct arena *arena,
                              struct rendered_part parts[CHANNEL_PARTS_MAX])
{
    struct page *pages = ARENA_NEW(arena, struct page, PAGES_MAX);
    struct buf out = BUF_EMPTY(BODY_MAX), text = BUF_EMPTY(CONTENT_MAX);
    size_t most = view->form != FORM_RICH ? 0 : config->max_alerts ? config->max_alerts : channel_webhook.alerts_max;

    if (view->own.body && view->form == FORM_RICH) { /* sent as it is: nothing of ours is added to it */
        parts[0] = (struct rendered_part){.kind = PART_POST, .content = arena_printf(arena, OWN_BODY "%s\n%s", text_or(view->own.headers, "{}"), view->own.body)};
        buf_free(&out);
        buf_free(&text);
        return 1;
    }
    pages_fold(pages, message_pages(view, &channel_webhook.limits, arena, pages));
    page_add_plain(&text, &pages[0]);
    most = most < view->alert_count ? most : view->alert_count;
    for (put_body(&out, view, &pages[0], buf_text(&text), most); out.full && most; most /= 2) {
        buf_clear(&out);
        put_body(&out, view, &pages[0], buf_text(&text), most / 2);
    }
    parts[0] = (struct rendered_part){.kind = PART_POST, .content = arena_text(arena, buf_text(&out))};
    buf_free(&out);
    buf_free(&text);
    return 1;
}

/* A header of the configuration takes the place of ours. */
static void add_header(const struct channel_config *config, struct request *out, const char *name, const char *value)
{
    for (size_t i = 0; i < config->header_count; i++)
        if (strcasecmp(config->headers[i].name, name) == 0)
            return;
    request_header(out, name, value);
}

/* The url, with the key where it says {key}: what providers that know repeats by their address want. */
static const char *address(const struct channel_config *config, const char *key, struct arena *arena)
{
    const char *at = strstr(config->url, KEY_MARK);

    if (!at)
        return config->url;
    return arena_printf(arena, "%.*s%s%s", (int)(at - config->url), config->url, key, at + strlen(KEY_MARK));
}

static bool webhook_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                          size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf body = BUF_EMPTY(BODY_MAX + 1024);
    const char *content = text_or(parts[0].content, "{}");
    size_t length = strlen(content);
    char signature[SIGN_HEX_SIZE], digest[SIGN_HEX_SIZE];

    (void)err;
    (void)part_count;
    *out = (struct request){0};
    bool own = text_starts(content, OWN_BODY);
    const char *headers = own ? content + strlen(OWN_BODY) : "", *line_end = strchr(headers, '\n');
    struct cJSON *own_headers = own && line_end ? json_parse(headers, (size_t)(line_end - headers), NULL) : NULL;
    if (own)
        buf_add_text(&body, line_end ? line_end + 1 : headers);
    else {
        buf_add(&body, content, length - 1);
        buf_addf(&body, "%s\"delivery\":\"%llu\",\"repeat\":%s}", length > 2 ? "," : "", (unsigned long long)sending->delivery_id,
                 sending->repeat ? "true" : "false");
    }
    /* One delivery may be worded anew after a 5xx; a receiver that keeps keys must not take newer words for a repeat. */
    sign_sha256_hex(content, length, digest);
    const char *key = arena_printf(arena, "%llu-%.16s", (unsigned long long)sending->delivery_id, digest);
    request_json(out, text_or(config->method, "POST"), address(config, key, arena), &body, arena);
    out->header_count = 0;
    bool is_json = !own || out->body[0] == '{' || out->body[0] == '[';
    add_header(config, out, "Content-Type", is_json ? "application/json" : "text/plain; charset=utf-8");
    add_header(config, out, "Idempotency-Key", key);
    if (config->hmac_secret) {
        const char *stamp = arena_printf(arena, "%lld", (long long)(sending->now_wall_ms / 1000));
        sign_hmac_hex(config->hmac_secret, arena_printf(arena, "%s:", stamp), out->body, out->body_length, signature);
        add_header(config, out, "X-Notifier-Timestamp", stamp);
        add_header(config, out, "X-Notifier-Signature", arena_text(arena, signature));
    }
    if (config->bearer_token)
        add_header(config, out, "Authorization", arena_printf(arena, "Bearer %s", config->bearer_token));
    out->username = config->username;
    out->password = config->password;
    for (size_t i = 0; i < config->header_count; i++) {
        const char *found = json_get_text(own_headers, config->headers[i].name);
        if (found || !strstr(config->headers[i].value, "{{"))
            request_header(out, config->headers[i].name, found ? arena_text(arena, found) : config->headers[i].value);
    }
    json_close(own_headers);
    return true;
}

/* Some providers say no with 200. An expression that cannot be asked says nothing against the answer. */
static bool is_expected(const struct channel_config *config, const struct reply *reply)
{
    struct regex *regex = config->expect ? regex_open(config->expect, NULL) : NULL;
    struct err ignored;
    bool matches = true;

    if (regex && !regex_matches(regex, reply->body, reply->body_length, &matches, &ignored))
        matches = true;
    regex_close(regex);
    return matches;
}

/* An answer of 5xx may have been given after the work was done; the Idempotency-Key makes asking again harmless. */
static enum outcome judge(int status)
{
    if (status >= 200 && status < 300)
        return OUTCOME_TAKEN;
    if (status == 429 || status == 503)
        return OUTCOME_BUSY;
    if (status == 408 || status == 425 || status >= 500)
        return OUTCOME_FAILED;
    if (status < 400 || status == 401 || status == 403 || status == 404 || status == 405 || status == 407 ||
        status == 410)
        return OUTCOME_REFUSED_CHANNEL;
    return OUTCOME_REFUSED_CONTENT;
}

static void webhook_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                         size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    (void)sending;
    (void)parts;
    if (verdict_of_end(out, part_count, reply, config, arena))
        return;
    enum outcome outcome = judge(reply->status);
    if (outcome == OUTCOME_TAKEN && !is_expected(config, reply)) {
        verdict_all(out, part_count, OUTCOME_REFUSED_CONTENT,
                    arena_printf(arena, "%d, but its answer is not what `expect` wants: %.200s", reply->status, channel_redact(config, reply->body, arena)), config, arena);
        return;
    }
    const char *why = reply->status >= 300 && reply->status < 400 ? " (redirects are not followed; put the final address into url)" : "";
    verdict_all(out, part_count, outcome,
                outcome == OUTCOME_TAKEN ? NULL : arena_printf(arena, "%d%s %.200s", reply->status, why, channel_redact(config, reply->body, arena)), config,
                arena); /* redacted before it is cut: half a secret is one too */
    if (outcome == OUTCOME_BUSY)
        out->wait_ms = reply_retry_after_ms(reply);
}

static void webhook_check(const struct channel_config *config, void (*complain)(void *, const char *, const char *), void *context)
{
    if (!config->url)
        complain(context, "url", "is needed: where to post to");
    else if (!text_starts(config->url, "http://") && !text_starts(config->url, "https://"))
        complain(context, "url", "must begin with http:// or https://");
    if (config->method && strcmp(config->method, "POST") != 0 && strcmp(config->method, "PUT") != 0)
        complain(context, "method", "is POST or PUT");
    struct err err;
    struct regex *regex = config->expect ? regex_open(config->expect, &err) : NULL;
    if (config->expect && !regex)
        complain(context, "expect", err.text);
    regex_close(regex);
    if (config->bearer_token && config->username)
        complain(context, "bearer_token", "cannot stand beside username and password; choose one");
}

const struct channel channel_webhook = {
    .type = "webhook",
    .in_flight_max = 128,
    .alerts_max = VIEW_ALERTS_MAX,
    .timeout_ms = 10000,
    .limits = {.alerts_max = 10, .size_max = 4000, .measure = page_plain_size},
    .check = webhook_check,
    .compose = webhook_compose,
    .write = webhook_write,
    .read = webhook_read,
};
