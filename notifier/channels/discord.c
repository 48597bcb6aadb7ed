/* Discord webhooks: one lock-screen line that may mention, one coloured embed; edits by PATCH. */
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/registry.h"

#include <math.h>
#include <string.h>

#define EMBED_UNITS_MAX 1500  /* characters of a description; the limit is 4096, and 6000 over all */
#define EMBED_FIELDS_MAX 6
#define CONTENT_RUNES_MAX 300 /* the limit is 2000 */
#define FLAG_SUPPRESS_NOTIFICATIONS 4096

/* Markdown in a label is shown, not obeyed. Mentions are stopped by allowed_mentions; where that lets @here through
 * because the configuration asks for it, the zero-width space keeps a label's from counting. */
static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\*_~`|>#[]()<", *text))
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
        if (*text == '@')
            buf_add_text(out, "\xe2\x80\x8b");
    }
}

static void add_description(struct buf *out, const struct page *page)
{
    bool over = page->tone == TONE_RESOLVED || page->tone == TONE_STOPPED;

    if (page->late) {
        add_escaped(out, page->late);
        buf_add_char(out, '\n');
    }
    if (page->context) {
        add_escaped(out, page->context);
        buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < page->line_count; i++) {
        buf_addf(out, "%s ", page->lines[i].icon);
        add_escaped(out, page->lines[i].text);
        buf_add_char(out, '\n');
    }
    if (page->more)
        buf_addf(out, page->more_url ? "+%u more: <%s>\n" : "+%u more\n", page->more, text_or(page->more_url, ""));
    if (page->when && !over) {
        add_escaped(out, page->when);
        buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < page->link_count; i++)
        buf_addf(out, "%s[%s](<%s>)", i ? " · " : "", page->links[i].name, page->links[i].url);
}

static size_t discord_measure(const struct page *page)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    add_description(&out, page);
    size_t runes = out.full ? CONTENT_MAX : text_runes(buf_text(&out));
    buf_free(&out);
    return runes;
}

static const char *cut(const char *text, size_t runes, struct arena *arena)
{
    return arena_bytes(arena, text, text_prefix(text, runes));
}

/* What a phone shows: an embed alone previews nothing. */
static const char *content_line(const struct channel_config *config, const struct page *page, const struct sending *sending,
                                struct arena *arena)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    bool over = page->tone == TONE_RESOLVED || page->tone == TONE_STOPPED;
    static const char *const tones[] = {[TONE_CRITICAL] = "critical", [TONE_WARNING] = "warning", [TONE_INFO] = "info"};
    const char *mention = page->tone <= TONE_INFO && !sending->repeat ? channel_mention(config, tones[page->tone]) : NULL;

    buf_addf(&out, "%s ", text_or(page->icon, "🔴"));
    if (page->severity)
        buf_addf(&out, "**%s** ", page->severity);
    add_escaped(&out, cut(page->title, CONTENT_RUNES_MAX, arena));
    if (over && page->when)
        buf_addf(&out, " · %s", page->when);
    if (page->of > 1)
        buf_addf(&out, " (%u of %u)", page->number, page->of);
    buf_addf(&out, " · %s", page_mark(page, sending, arena));
    if (mention && page->number == 1)
        buf_addf(&out, " %s", mention);
    const char *text = arena_text(arena, buf_text(&out));
    buf_free(&out);
    return text;
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

static void put_embed(struct json_out *json, const struct page *page, struct arena *arena)
{
    struct buf text = BUF_EMPTY(CONTENT_MAX);

    add_description(&text, page);
    json_member(json, "embeds");
    json_open(json, '[');
    json_open(json, '{');
    json_set_text(json, "description", cut(buf_text(&text), EMBED_UNITS_MAX + 500, arena));
    json_set_int(json, "color", colour(page->tone));
    json_member(json, "fields");
    json_open(json, '[');
    for (size_t i = 0; i < page->field_count && i < EMBED_FIELDS_MAX; i++) {
        struct buf value = BUF_EMPTY(4096);
        add_escaped(&value, cut(page->fields[i].value, 200, arena));
        json_open(json, '{');
        json_set_text(json, "name", cut(page->fields[i].name, 100, arena));
        json_set_text(json, "value", buf_text(&value));
        json_set_bool(json, "inline", true);
        json_shut(json, '}');
        buf_free(&value);
    }
    json_shut(json, ']');
    if (page->footer) {
        json_member(json, "footer");
        json_open(json, '{');
        json_set_text(json, "text", cut(page->footer, 500, arena));
        json_shut(json, '}');
    }
    json_shut(json, '}');
    json_shut(json, ']');
    buf_free(&text);
}

/* Only what the configuration mentions may be mentioned: @everyone in a label pings nobody. */
static void put_allowed_mentions(struct json_out *json, const struct channel_config *config)
{
    bool everyone = false;

    for (size_t i = 0; i < config->mention_count; i++)
        everyone = everyone || strcmp(config->mentions[i].value, "@here") == 0 || strcmp(config->mentions[i].value, "@everyone") == 0;
    json_member(json, "allowed_mentions");
    json_open(json, '{');
    json_member(json, "parse");
    json_put_raw(json, everyone ? "[\"everyone\"]" : "[]");
    static const struct {
        const char *key, *prefix;
    } kinds[] = {{"roles", "<@&"}, {"users", "<@"}};
    for (size_t k = 0; k < LENGTH(kinds); k++) {
        json_member(json, kinds[k].key);
        json_open(json, '[');
        for (size_t i = 0; i < config->mention_count; i++) {
            const char *value = config->mentions[i].value;
            size_t length = strlen(kinds[k].prefix), digits = text_starts(value, kinds[k].prefix) ? strspn(value + length, "0123456789") : 0;
            char id[24] = "";
            if (!digits || digits >= sizeof id)
                continue;
            memcpy(id, value + length, digits);
            json_put_text(json, id);
        }
        json_shut(json, ']');
    }
    json_shut(json, '}');
}

/* The hook's URL with our arguments behind whatever it has, and for an edit the message's id before them. */
static const char *make_url(const struct channel_config *config, const struct sending *sending, bool edit, bool use_thread,
                            struct arena *arena)
{
    const char *question = strchr(config->webhook_url, '?');
    int path = question ? (int)(question - config->webhook_url) : (int)strlen(config->webhook_url);
    const char *thread = use_thread && config->thread_id ? arena_printf(arena, "&thread_id=%s", config->thread_id) : "";
    const char *message = edit ? arena_printf(arena, "/messages/%s", sending->root_remote) : "";

    return arena_printf(arena, "%.*s%s?wait=true%s%s%s", path, config->webhook_url, message, thread, question ? "&" : "",
                        question ? question + 1 : "");
}

static bool is_snowflake(const char *id)
{
    return id && id[0] && strlen(id) < 24 && strspn(id, "0123456789") == strlen(id);
}

static bool discord_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                          size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf body = BUF_EMPTY(CONTENT_MAX);
    struct json_out json = json_out(&body);
    bool edit = parts[0].kind == PART_EDIT;
    struct page page;

    (void)part_count;
    if (edit && !is_snowflake(sending->root_remote))
        return err_set(err, ERR_INPUT, "there is no first message to edit");
    content_page(&parts[0], arena, &page);
    *out = (struct request){0};
    json_open(&json, '{');
    if (sending->form == FORM_RICH) {
        json_set_text(&json, "content", content_line(config, &page, sending, arena));
        /* A reply beneath the first message is one line; the edit of the first carries the embed. */
        if (edit || !sending->root_remote || page.line_count || page.field_count)
            put_embed(&json, &page, arena);
    } else {
        struct buf plain = BUF_EMPTY(CONTENT_MAX);
        add_escaped(&plain, sending->form == FORM_MINIMAL ? page_minimal(&page, sending, arena) : page_plain(&page, sending, arena));
        json_set_text(&json, "content", cut(buf_text(&plain), 1900, arena));
        buf_free(&plain);
    }
    put_allowed_mentions(&json, config);
    if (!edit && sending->silent)
        json_set_int(&json, "flags", FLAG_SUPPRESS_NOTIFICATIONS);
    json_shut(&json, '}');
    request_json(out, edit ? "PATCH" : "POST", make_url(config, sending, edit, sending->form == FORM_RICH, arena), &body, arena);
    request_header(out, "User-Agent", "DiscordBot (https://example.org/notifier, 1)");
    return true;
}

/* The body's float of seconds first, then Reset-After, then Retry-After. */
static int64_t wish_ms(const struct reply *reply, const struct cJSON *json)
{
    double seconds = json_number(json_get(json, "retry_after"), NAN);
    char text[64];

    if (!isfinite(seconds) && reply_header(reply, "x-ratelimit-reset-after", text, sizeof text)) {
        struct cJSON *number = json_parse(text, strlen(text), NULL);
        seconds = json_number(number, NAN);
        json_close(number);
    }
    if (isfinite(seconds) && seconds >= 0 && seconds <= 3600)
        return (int64_t)ceil(seconds * 1000);
    return reply_retry_after_ms(reply);
}

static enum outcome judge(int status, int64_t code, bool edit)
{
    if (status == 429)
        return OUTCOME_BUSY;
    if (status >= 500)
        return OUTCOME_UNCLEAR;
    if (edit && (code == 10008 || code == 30046))
        return OUTCOME_REFUSED_CONTENT; /* the first message is gone or too old: the post tells */
    if (code == 10003)
        return OUTCOME_REFUSED_CONTENT; /* the thread is gone: the next rung goes without it */
    if (status == 400)
        return code == 220001 || code == 220003 ? OUTCOME_REFUSED_CHANNEL : OUTCOME_REFUSED_CONTENT;
    return OUTCOME_REFUSED_CHANNEL;
}

static void discord_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                         size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    (void)sending;
    if (verdict_of_end(out, part_count, reply, config, arena))
        return;
    struct cJSON *json = json_parse(reply->body, reply->body_length, NULL);
    int64_t code = json_get_int(json, "code", 0);

    if (reply->status >= 200 && reply->status < 300) {
        verdict_all(out, part_count, OUTCOME_TAKEN, NULL, config, arena);
        out->parts[0].remote_id = arena_text(arena, json_get_text(json, "id"));
    } else {
        enum outcome outcome = judge(reply->status, code, parts[0].kind == PART_EDIT);
        const char *words = arena_printf(arena, "%d %s", reply->status, text_or(json_get_text(json, "message"), "no words"));
        if (code)
            words = arena_printf(arena, "%s (code %lld)", words, (long long)code);
        verdict_all(out, part_count, outcome, words, config, arena);
        if (outcome == OUTCOME_BUSY)
            out->wait_ms = wish_ms(reply, json);
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
    .in_flight_max = 4,
    .alerts_max = 10,
    .timeout_ms = 10000,
    .rates = {{4, 2000}, {25, 60 * 1000}},
    .limits = {.alerts_max = 10, .size_max = EMBED_UNITS_MAX, .measure = discord_measure},
    .check = discord_check,
    .compose = compose_chat,
    .write = discord_write,
    .read = discord_read,
};
