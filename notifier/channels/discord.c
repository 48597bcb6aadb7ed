/* Discord webhooks: one lock-screen line that may mention, one coloured embed; edits by PATCH. */
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/registry.h"
#include "notifier/render/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EMBED_RUNES_MAX 1500        /* characters of the embed; the limits are 4096 a description and 6000 over all */
#define DESCRIPTION_RUNES_HARD 4000 /* with what the links cost */
#define EMBED_FIELDS_MAX 6
#define FIELD_NAME_RUNES_MAX 100    /* the limit is 256 */
#define FIELD_VALUE_RUNES_MAX 200   /* the limit is 1024, and escaping may double it */
#define FOOTER_RUNES_MAX 500        /* the limit is 2048 */
#define CONTENT_RUNES_MAX 1900      /* of a plain text */
#define CONTENT_RUNES_HARD 2000     /* the limit */
#define FLAG_SUPPRESS_NOTIFICATIONS 4096

/* Markdown in a label is shown, not obeyed; inside an address a backslash would break it, and marks mean nothing there.
 * Mentions are not stopped here but by allowed_mentions. */
static void add_escaped(struct buf *out, const char *text)
{
    bool address = false;

    for (; *text; text++) {
        if (text_starts(text, "https://") || text_starts(text, "http://"))
            address = true;
        else if (*text == ' ' || *text == '\n')
            address = false;
        if (strchr("\\*`|>[]<", *text) || (!address && strchr("_~#", *text)))
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

/* Beside a configured @here a label's would be hidden among the allowed: a zero-width space makes it a text. */
static const char *disarm(const char *text, struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);

    for (; *text; text++) {
        buf_add_char(&out, *text);
        if (*text == '@')
            buf_add_text(&out, "\xe2\x80\x8b");
    }
    const char *safe = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return safe;
}

/* links: with their addresses, or only as they show. */
static void add_description(struct buf *out, const struct page *page, bool links)
{
    /* Its labels and values are the fields; only a test says something else there. */
    if (page->context && page->tone == TONE_TEST) {
        add_escaped(out, page->context);
        buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < page->line_count; i++) {
        buf_addf(out, "%s ", page->lines[i].icon);
        add_escaped(out, page->lines[i].text);
        buf_add_char(out, '\n');
    }
    if (page->more && page->more_url && links)
        buf_addf(out, "+%u more: [all of them](<%s>)\n", page->more, page->more_url);
    else if (page->more)
        buf_addf(out, "+%u more\n", page->more);
    if (page->when && !page_is_over(page)) {
        add_escaped(out, page->when);
        buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < page->link_count; i++) {
        buf_add_text(out, i ? " · " : "");
        if (links)
            buf_addf(out, "[%s](<%s>)", page->links[i].name, page->links[i].url);
        else
            buf_add_text(out, page->links[i].name);
    }
}

/* The alert's frame stands in the line above: its six fields are for the rest. */
static bool is_shown(const struct page_field *field)
{
    return !summary_is_frame(&(struct label){.name = field->name, .value = field->value}, NULL);
}

static size_t field_count(const struct page *page)
{
    size_t count = 0;
    for (size_t i = 0; i < page->field_count; i++)
        count += is_shown(&page->fields[i]);
    return count < EMBED_FIELDS_MAX ? count : EMBED_FIELDS_MAX;
}

static const char *cut(const char *text, size_t runes, struct arena *arena)
{
    return text_runes(text) <= runes ? text : arena_printf(arena, "%.*s…", (int)text_prefix(text, runes - 1), text);
}

static size_t discord_measure(const struct page *page)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    size_t fields = field_count(page), runes = page->footer ? text_runes(page->footer) : 0, whole;

    for (size_t i = 0; i < page->field_count && fields; i++) {
        size_t value = text_runes(page->fields[i].value);
        if (!is_shown(&page->fields[i]))
            continue;
        runes += text_runes(page->fields[i].name) + (value < FIELD_VALUE_RUNES_MAX ? value : FIELD_VALUE_RUNES_MAX);
        fields--;
    }
    add_description(&out, page, true);
    whole = text_runes(buf_text(&out));
    buf_clear(&out);
    add_description(&out, page, false);
    runes += text_runes(buf_text(&out));
    buf_free(&out);
    return whole > DESCRIPTION_RUNES_HARD ? CONTENT_MAX : runes;
}

static void add_headline(struct buf *out, const struct page *page, const struct sending *sending, bool mentions, struct arena *arena)
{
    if (page->late)
        buf_addf(out, "%s\n", page->late);
    buf_addf(out, "%s ", text_or(page->icon, "🔴"));
    if (page->severity) {
        buf_add_text(out, "**");
        add_escaped(out, page->severity);
        buf_add_text(out, "** ");
    }
    add_escaped(out, mentions ? disarm(page->title, arena) : page->title);
    if (page_is_over(page) && page->when)
        buf_addf(out, " · %s", page->when);
    if (page->of > 1)
        buf_addf(out, " (%u of %u)", page->number, page->of);
    buf_addf(out, " · %s", page_mark(page, sending, arena));
}

/* What a phone shows: an embed alone previews nothing, and pings nobody. footer: no embed follows that has it. */
static const char *content_line(const struct page *page, const struct sending *sending, const char *mention, bool footer,
                                struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);

    if (page->own.title)
        buf_add_text(&out, mention ? disarm(page->own.title, arena) : page->own.title);
    else
        add_headline(&out, page, sending, mention != NULL, arena);
    if (footer && page->footer) {
        buf_add_char(&out, '\n');
        add_escaped(&out, mention ? disarm(page->footer, arena) : page->footer);
    }
    /* Whatever is cut, these stay. */
    const char *tail = arena_printf(arena, "%s%s%s", page->own.title && sending->repeat ? " (repeat)" : "", mention ? " " : "",
                                    text_or(mention, ""));
    size_t room = text_runes(tail) < CONTENT_RUNES_HARD / 2 ? CONTENT_RUNES_HARD - text_runes(tail) : CONTENT_RUNES_HARD / 2;
    const char *text = arena_printf(arena, "%s%s", cut(buf_text(&out), room, arena), tail);
    buf_free(&out);
    return cut(text, CONTENT_RUNES_HARD, arena);
}

static int colour(enum page_tone tone)
{
    switch (tone) {
    case TONE_CRITICAL: return 0xd92d20;
    case TONE_WARNING: return 0xf79009;
    case TONE_INFO: return 0x2e90fa;
    case TONE_RESOLVED: return 0x12b76a;
    case TONE_STOPPED: return 0x98a2b3;
    case TONE_TEST: return 0x7a5af8;
    }
    return 0;
}

static void put_fields(struct json_out *json, const struct page *page, size_t left, struct arena *arena)
{
    json_member(json, "fields");
    json_open(json, '[');
    for (size_t i = 0; i < page->field_count && left; i++) {
        struct buf value = BUF_EMPTY(8192);
        if (!is_shown(&page->fields[i]))
            continue;
        add_escaped(&value, cut(page->fields[i].value, FIELD_VALUE_RUNES_MAX, arena));
        json_open(json, '{');
        json_set_text(json, "name", cut(page->fields[i].name, FIELD_NAME_RUNES_MAX, arena));
        json_set_text(json, "value", buf_text(&value));
        json_set_bool(json, "inline", true);
        json_shut(json, '}');
        buf_free(&value);
        left--;
    }
    json_shut(json, ']');
}

/* No embed where it would be empty: the list is written all the same, so that an edit takes away what was there. */
static void put_embed(struct json_out *json, const struct page *page, struct arena *arena)
{
    struct buf text = BUF_EMPTY(CONTENT_MAX);
    size_t fields = page->own.text ? 0 : field_count(page);
    const char *footer = text_or(page->own.footer, page->footer);

    if (page->own.text)
        buf_add_text(&text, page->own.text);
    else
        add_description(&text, page, true);
    json_member(json, "embeds");
    json_open(json, '[');
    if (text.length || fields || footer) {
        json_open(json, '{');
        if (text.length)
            json_set_text(json, "description", cut(buf_text(&text), DESCRIPTION_RUNES_HARD, arena));
        json_set_int(json, "color", colour(page->tone));
        put_fields(json, page, fields, arena);
        if (footer) {
            json_member(json, "footer");
            json_open(json, '{');
            json_set_text(json, "text", cut(footer, FOOTER_RUNES_MAX, arena));
            json_shut(json, '}');
        }
        json_shut(json, '}');
    }
    json_shut(json, ']');
    buf_free(&text);
}

static void put_ids(struct json_out *json, const char *key, const char *mention, const char *prefix)
{
    json_member(json, key);
    json_open(json, '[');
    for (const char *at = mention; (at = strstr(at, prefix)); at++) {
        const char *id = at + strlen(prefix) + (at[strlen(prefix)] == '!');
        size_t digits = strspn(id, "0123456789");
        char text[24] = "";
        if (!digits || digits >= sizeof text)
            continue;
        memcpy(text, id, digits);
        json_put_text(json, text);
    }
    json_shut(json, ']');
}

/* Only what the configuration mentions, and only where it does: @everyone in a label pings nobody. */
static void put_allowed_mentions(struct json_out *json, const char *mention)
{
    mention = text_or(mention, "");
    json_member(json, "allowed_mentions");
    json_open(json, '{');
    json_member(json, "parse");
    json_put_raw(json, strstr(mention, "@here") || strstr(mention, "@everyone") ? "[\"everyone\"]" : "[]");
    put_ids(json, "roles", mention, "<@&");
    put_ids(json, "users", mention, "<@");
    json_shut(json, '}');
}

static bool names_thread(const struct channel_config *config, const struct sending *sending)
{
    return config->thread_id && sending->form == FORM_RICH; /* a lower rung goes without: it may be what was refused */
}

/* The hook's URL with our arguments before whatever it has; for an edit the message's id ends its path. */
static const char *make_url(const struct channel_config *config, const struct sending *sending, bool edit, struct arena *arena)
{
    const char *question = strchr(config->webhook_url, '?');
    size_t length = question ? (size_t)(question - config->webhook_url) : strlen(config->webhook_url);
    const char *path = url_base(arena_bytes(arena, config->webhook_url, length), arena);
    const char *thread = names_thread(config, sending) ? arena_printf(arena, "thread_id=%s", config->thread_id) : "";
    const char *rest = question ? question + 1 : "";
    struct buf url = BUF_EMPTY(8192);

    buf_add_text(&url, path);
    if (edit)
        buf_addf(&url, "/messages/%s", sending->root_remote);
    const char *arguments[] = {edit ? "" : "wait=true", thread, rest};
    for (size_t i = 0, any = 0; i < LENGTH(arguments); i++)
        if (arguments[i][0])
            buf_addf(&url, "%s%s", any++ ? "&" : "?", arguments[i]);
    const char *text = arena_text(arena, buf_text(&url));
    buf_free(&url);
    return text;
}

static bool is_snowflake(const char *id)
{
    return id && id[0] && strlen(id) < 24 && strspn(id, "0123456789") == strlen(id);
}

static void put_lower(struct json_out *json, const struct page *page, const struct sending *sending, const char *mention, struct arena *arena)
{
    struct buf plain = BUF_EMPTY(CONTENT_MAX);
    const char *text = page_lower(page, sending, CONTENT_RUNES_MAX / 2, arena);

    /* Escaped at most twice as long. */
    add_escaped(&plain, mention ? disarm(text, arena) : text);
    if (mention)
        buf_addf(&plain, " %s", mention);
    json_set_text(json, "content", cut(buf_text(&plain), CONTENT_RUNES_HARD, arena));
    buf_free(&plain);
}

static bool discord_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                          size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf body = BUF_EMPTY(CONTENT_MAX);
    struct json_out json = json_out(&body);
    bool edit = parts[0].kind == PART_EDIT;
    struct content content;

    (void)part_count;
    if (edit && !is_snowflake(sending->root_remote))
        return err_set(err, ERR_INPUT, "there is no first message to edit");
    content_read(&parts[0], arena, &content);
    const char *mention = content_mention(config, &content);
    *out = (struct request){0};
    json_open(&json, '{');
    if (sending->form == FORM_RICH) {
        json_set_text(&json, "content", content_line(&content.page, sending, mention, content.reply, arena));
        /* Beneath a first message goes one line: its edit carries the embed. */
        if (!content.reply)
            put_embed(&json, &content.page, arena);
    } else
        put_lower(&json, &content.page, sending, mention, arena);
    put_allowed_mentions(&json, mention);
    if (!edit && (sending->silent || content.silent))
        json_set_int(&json, "flags", FLAG_SUPPRESS_NOTIFICATIONS);
    json_shut(&json, '}');
    request_json(out, edit ? "PATCH" : "POST", make_url(config, sending, edit, arena), &body, arena);
    return true;
}

/* The body's float of seconds first, then Reset-After, then Retry-After. */
static int64_t read_wish(const struct reply *reply, const struct cJSON *json)
{
    int64_t wait_ms = wish_ms(json_number(json_get(json, "retry_after"), NAN));
    char text[64], *end;

    if (wait_ms < 0 && reply_header(reply, "x-ratelimit-reset-after", text, sizeof text)) {
        double seconds = strtod(text, &end);
        wait_ms = end != text && !*end ? wish_ms(seconds) : -1;
    }
    return wait_ms < 0 ? reply_retry_after_ms(reply) : wait_ms;
}

static enum outcome judge(int status, int64_t code, bool edit, bool threaded)
{
    if (edit && (code == 10008 || code == 30046))
        return OUTCOME_REFUSED_CONTENT; /* the first message is gone, or edited too often: the post tells */
    if (status == 429)
        return OUTCOME_BUSY;
    if (status >= 500 || status == 408)
        return OUTCOME_UNCLEAR;
    if (code == 10003) /* unknown channel: the thread's, or the hook's own */
        return threaded ? OUTCOME_REFUSED_CONTENT : OUTCOME_REFUSED_CHANNEL;
    if (status == 400 || status == 413)
        return code == 220001 || code == 220003 ? OUTCOME_REFUSED_CHANNEL : OUTCOME_REFUSED_CONTENT;
    return OUTCOME_REFUSED_CHANNEL;
}

static void discord_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                         size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    if (verdict_of_end(out, part_count, reply, config, arena))
        return;
    struct cJSON *json = json_parse(reply->body, reply->body_length, NULL);
    int64_t code = json_get_int(json, "code", 0);

    if (reply->status >= 200 && reply->status < 300) {
        /* A proxy's page is no receipt; a relay that says less than Discord is one. */
        bool ok = json || !reply->body_length;
        verdict_all(out, part_count, ok ? OUTCOME_TAKEN : OUTCOME_UNCLEAR, ok ? NULL : "an answer that is not Discord's", config, arena);
        out->parts[0].remote_id = arena_text(arena, json_get_text(json, "id"));
    } else {
        enum outcome outcome = judge(reply->status, code, parts[0].kind == PART_EDIT, names_thread(config, sending));
        const char *words = arena_printf(arena, "%d %s", reply->status, text_or(json_get_text(json, "message"), "no words"));
        if (code)
            words = arena_printf(arena, "%s (code %lld)", words, (long long)code);
        verdict_all(out, part_count, outcome, words, config, arena);
        if (outcome == OUTCOME_BUSY)
            out->wait_ms = read_wish(reply, json);
    }
    json_close(json);
}

static void discord_check(const struct channel_config *config, void (*complain)(void *, const char *, const char *), void *context)
{
    if (!config->webhook_url)
        complain(context, "webhook_url", "is needed: Server settings, Integrations, Webhooks, Copy URL");
    else if (!text_starts(config->webhook_url, "https://") && !text_starts(config->webhook_url, "http://"))
        complain(context, "webhook_url", "must begin with https://");
    if (config->thread_id && !is_snowflake(config->thread_id))
        complain(context, "thread_id", "must be a number");
}

const struct channel channel_discord = {
    .type = "discord",
    .can_edit = true,
    .can_gather = true,
    .in_flight_max = 4,
    .alerts_max = 10,
    .timeout_ms = 10000,
    .rates = {{4, 2000}, {25, 60 * 1000}},
    .limits = {.alerts_max = 10, .size_max = EMBED_RUNES_MAX, .measure = discord_measure},
    .check = discord_check,
    .compose = compose_chat,
    .write = discord_write,
    .read = discord_read,
};
