/* Telegram's Bot API 10: sendMessage and editMessageText, HTML. */
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/registry.h"

#include <string.h>

#define TELEGRAM_UNITS_MAX 1500 /* UTF-16 units of a part as it is read; the limit is 4096, a lock screen's far below */
#define TELEGRAM_UNITS_HARD 4096
#define MARKUP_BYTES_MAX 9000   /* of the whole text: beyond about 9,500 bytes of entities it is ENTITIES_TOO_LONG */
#define PLAIN_RUNES_MAX 2000    /* at most 4000 UTF-16 units */
#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void add_link(struct buf *out, const char *name, const char *url)
{
    buf_add_text(out, "<a href=\"");
    text_add_html(out, url); /* & < > " and &#39;, all of which Telegram takes */
    buf_add_text(out, "\">");
    text_add_html(out, name);
    buf_add_text(out, "</a>");
}

static void add_lines(struct buf *out, const struct page *page)
{
    for (size_t i = 0; i < page->line_count; i++) {
        buf_addf(out, "\n%s ", page->lines[i].icon);
        text_add_html(out, page->lines[i].text);
    }
    if (page->more) {
        buf_addf(out, "\n+%u more", page->more);
        if (page->more_url) {
            buf_add_text(out, ": ");
            add_link(out, "all of them", page->more_url);
        }
    }
}

static void add_line(struct buf *out, const char *text)
{
    if (!text)
        return;
    buf_add_char(out, '\n');
    text_add_html(out, text);
}

static void add_head(struct buf *out, const struct page *page)
{
    if (page->late) {
        text_add_html(out, page->late);
        buf_add_char(out, '\n');
    }
    buf_addf(out, "%s ", text_or(page->icon, "🔴"));
    if (page->severity) {
        buf_add_text(out, "<b>");
        text_add_html(out, page->severity);
        buf_add_text(out, "</b> ");
    }
    text_add_html(out, page->title);
    if (page_is_over(page) && page->when) {
        buf_add_text(out, " · ");
        text_add_html(out, page->when);
    }
    if (page->of > 1)
        buf_addf(out, " (%u of %u)", page->number, page->of);
}

static void add_body(struct buf *out, const struct page *page)
{
    add_line(out, page->context);
    add_lines(out, page);
    if (!page_is_over(page))
        add_line(out, page->when);
    for (size_t i = 0; i < page->link_count; i++) {
        buf_add_text(out, i ? " · " : "\n");
        add_link(out, page->links[i].name, page->links[i].url);
    }
    if (page->reference && !page_links_reference(page)) {
        buf_add_text(out, page_is_line(page) ? " · " : page->link_count ? " · Alert " : "\nAlert ");
        text_add_html(out, page->reference);
    }
}

static void add_rich(struct buf *out, const struct page *page, const struct sending *sending, const char *mention)
{
    if (page->own.title)
        buf_add_text(out, page->own.title);
    else
        add_head(out, page);
    if (page->own.text)
        buf_addf(out, "\n%s", page->own.text);
    else
        add_body(out, page);
    if (sending->repeat)
        buf_add_text(out, " (repeat)");
    if (mention) {
        buf_add_char(out, ' ');
        text_add_html(out, mention);
    }
    if (page->own.footer)
        buf_addf(out, "\n%s", page->own.footer);
    else
        add_line(out, page->footer);
}

/* Bytes of the tag or entity that begins here; 0 where none does, as in "R&D" or "a < b" of a template's own. */
static size_t markup_size(const char *c)
{
    size_t name = *c == '<' ? 1 + (c[1] == '/') : 1 + (c[1] == '#');
    size_t size = name + (*c == '<' ? strcspn(c + name, "<>") : strspn(c + name, LETTERS_AND_DIGITS));

    return strchr(LETTERS_AND_DIGITS, c[name]) && c[size] == (*c == '<' ? '>' : ';') ? size + 1 : 0;
}

/* UTF-16 units once tags and entities are taken for what they show: how the server counts. */
static size_t shown_units(const char *html)
{
    size_t units = 0;

    for (const char *c = html; *c;) {
        size_t markup = *c == '<' || *c == '&' ? markup_size(c) : 0;
        unsigned char byte = (unsigned char)*c;
        if (!markup || byte == '&')
            units += ((byte & 0xc0) != 0x80) + (byte >= 0xf0);
        c += markup ? markup : 1;
    }
    return units;
}

static size_t telegram_measure(const struct page *page)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    static const struct sending repeated = {.repeat = true};

    add_rich(&out, page, &repeated, NULL);
    size_t units = out.full || out.length > MARKUP_BYTES_MAX ? CONTENT_MAX : shown_units(buf_text(&out));
    buf_free(&out);
    return units;
}

static const char *text_of(const struct channel_config *config, const struct content *content, const struct sending *sending,
                           struct arena *arena, bool *html)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX);
    const char *mention = content_mention(config, content);

    if (sending->form == FORM_RICH)
        add_rich(&out, &content->page, sending, mention);
    *html = out.length && !out.full && shown_units(buf_text(&out)) <= TELEGRAM_UNITS_HARD;
    const char *text = *html ? arena_text(arena, buf_text(&out))
                             : arena_printf(arena, "%s%s%s", page_lower(&content->page, sending, PLAIN_RUNES_MAX, arena), mention ? " " : "",
                                            text_or(mention, ""));
    buf_free(&out);
    return text;
}

static bool is_number(const char *text)
{
    const char *c = text + (*text == '-');
    return *c && strlen(c) <= 16 && strspn(c, "0123456789") == strlen(c);
}

static void set_id(struct json_out *json, const char *key, const char *id)
{
    json_member(json, key);
    if (is_number(id))
        json_put_raw(json, id);
    else
        json_put_text(json, id);
}

static bool telegram_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                           size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf body = BUF_EMPTY(CONTENT_MAX);
    struct json_out json = json_out(&body);
    bool edit = parts[0].kind == PART_EDIT, html;
    const char *topic = config->topic_id;
    struct content content;

    (void)part_count;
    if (edit && !(sending->root_remote && is_number(sending->root_remote)))
        return err_set(err, ERR_INPUT, "there is no first message to edit");
    content_read(&parts[0], arena, &content);
    *out = (struct request){0};
    json_open(&json, '{');
    set_id(&json, "chat_id", sending->moved_to ? sending->moved_to : config->chat_id);
    if (edit)
        set_id(&json, "message_id", sending->root_remote);
    json_set_text(&json, "text", text_of(config, &content, sending, arena, &html));
    if (html)
        json_set_text(&json, "parse_mode", "HTML");
    json_member(&json, "link_preview_options");
    json_put_raw(&json, "{\"is_disabled\":true}");
    /* The General topic must not be named; the lower rungs drop what may be what was refused. */
    if (!edit && topic && is_number(topic) && strcmp(topic, "1") != 0 && sending->form == FORM_RICH)
        set_id(&json, "message_thread_id", topic);
    if (content.reply && sending->root_remote && is_number(sending->root_remote) && sending->form == FORM_RICH) {
        json_member(&json, "reply_parameters");
        json_open(&json, '{');
        set_id(&json, "message_id", sending->root_remote);
        json_set_bool(&json, "allow_sending_without_reply", true);
        json_shut(&json, '}');
    }
    if (!edit && (sending->silent || content.silent))
        json_set_bool(&json, "disable_notification", true);
    json_shut(&json, '}');
    const char *base = url_base(text_or(config->api_url, "https://api.telegram.org"), arena);
    request_json(out, "POST", arena_printf(arena, "%s/bot%s/%s", base, config->bot_token, edit ? "editMessageText" : "sendMessage"),
                 &body, arena);
    return true;
}

/* Matched on the code first, then on a part of the description: the server's wording and case vary. */
static const struct {
    int code; /* 0: any */
    const char *words;
    enum outcome outcome;
} refusals[] = {
    {400, "message is not modified", OUTCOME_TAKEN},
    {400, "can't parse entities", OUTCOME_REFUSED_CONTENT},
    {400, "message is too long", OUTCOME_REFUSED_CONTENT},
    {400, "message_too_long", OUTCOME_REFUSED_CONTENT},
    {400, "entities_too_long", OUTCOME_REFUSED_CONTENT},
    {400, "thread not found", OUTCOME_REFUSED_CONTENT},
    {400, "topic_closed", OUTCOME_REFUSED_CONTENT},
    {400, "topic_deleted", OUTCOME_REFUSED_CONTENT},
    {400, "message to edit not found", OUTCOME_REFUSED_CONTENT},
    {400, "message can't be edited", OUTCOME_REFUSED_CONTENT},
    {400, "message_id_invalid", OUTCOME_REFUSED_CONTENT},
    {400, "message to be replied not found", OUTCOME_REFUSED_CONTENT},
    {400, "replied message not found", OUTCOME_REFUSED_CONTENT},
    {400, "chat not found", OUTCOME_REFUSED_CHANNEL},
    {400, "group chat was deleted", OUTCOME_REFUSED_CHANNEL},
    {400, "not enough rights", OUTCOME_REFUSED_CHANNEL},
    {400, "no rights to send", OUTCOME_REFUSED_CHANNEL},
    {400, "need administrator rights", OUTCOME_REFUSED_CHANNEL},
    {400, "chat_write_forbidden", OUTCOME_REFUSED_CHANNEL},
    {400, "user is deactivated", OUTCOME_REFUSED_CHANNEL},
    {400, "", OUTCOME_REFUSED_CONTENT},
    {401, "", OUTCOME_REFUSED_CHANNEL},
    {403, "", OUTCOME_REFUSED_CHANNEL},
    {404, "", OUTCOME_REFUSED_CHANNEL},
    {407, "", OUTCOME_REFUSED_CHANNEL},
    {421, "", OUTCOME_REFUSED_CHANNEL},
};

static enum outcome judge(int status, const char *words)
{
    for (size_t i = 0; i < LENGTH(refusals); i++)
        if (refusals[i].code == status && strcasestr(words, refusals[i].words))
            return refusals[i].outcome;
    if (status >= 300 && status < 400)
        return OUTCOME_REFUSED_CHANNEL;
    return status >= 500 || status == 408 ? OUTCOME_UNCLEAR : OUTCOME_REFUSED_CONTENT;
}

static void telegram_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                          size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    if (verdict_of_end(out, part_count, reply, config, arena))
        return;
    struct cJSON *json = json_parse(reply->body, reply->body_length, NULL);
    const struct cJSON *parameters = json_get(json, "parameters");
    const char *words = text_or(json_get_text(json, "description"), "no words");
    double retry_s = json_number(json_get(parameters, "retry_after"), -1);
    int64_t moved = json_get_int(parameters, "migrate_to_chat_id", 0);
    const char *moved_to = moved ? arena_printf(arena, "%lld", (long long)moved) : NULL;

    (void)parts;
    words = arena_printf(arena, "%d %s", reply->status, words);
    if (reply->status >= 200 && reply->status < 300) {
        int64_t id = json_get_int(json_get(json, "result"), "message_id", 0);
        /* A proxy's page is no receipt. */
        bool ok = json_get_bool(json, "ok", false);
        verdict_all(out, part_count, ok ? OUTCOME_TAKEN : OUTCOME_UNCLEAR, ok ? NULL : "an answer that is not Telegram's", config, arena);
        out->parts[0].remote_id = id ? arena_printf(arena, "%lld", (long long)id) : NULL;
    } else if (reply->status == 429) {
        verdict_all(out, part_count, OUTCOME_BUSY, words, config, arena);
        /* A second more than it says, as its answers count whole ones. */
        out->wait_ms = retry_s >= 0 ? wish_ms(retry_s + 1) : reply_retry_after_ms(reply);
    } else if (moved && reply->status < 500) {
        /* Back to where it was would go round for ever. */
        bool goes_round = text_equal(moved_to, config->chat_id) || text_equal(moved_to, sending->moved_to);
        verdict_all(out, part_count, goes_round ? OUTCOME_REFUSED_CHANNEL : OUTCOME_MOVED, words, config, arena);
        out->moved_to = goes_round ? NULL : moved_to;
    } else
        verdict_all(out, part_count, judge(reply->status, words), words, config, arena);
    json_close(json);
}

static void telegram_check(const struct channel_config *config, void (*complain)(void *, const char *, const char *), void *context)
{
    const char *colon = config->bot_token ? strchr(config->bot_token, ':') : NULL;

    if (!config->bot_token)
        complain(context, "bot_token", "is needed: the token BotFather gave, 123456:ABC-…");
    else if (!colon || colon == config->bot_token || strspn(config->bot_token, "0123456789") != (size_t)(colon - config->bot_token) ||
             strpbrk(config->bot_token, "/?# \r\n"))
        complain(context, "bot_token", "does not look like a bot token, which is digits, a colon and letters");
    if (!config->chat_id)
        complain(context, "chat_id", "is needed: a number or @name; `notifier telegram chats` shows what the bot sees");
    else if (!is_number(config->chat_id) && config->chat_id[0] != '@')
        complain(context, "chat_id", "must be a number (negative for groups) or @name");
    if (config->topic_id && !is_number(config->topic_id))
        complain(context, "topic_id", "must be a number");
}

const struct channel channel_telegram = {
    .type = "telegram",
    .can_edit = true,
    .can_gather = true,
    .credential_rate = {30, 1000},
    .in_flight_max = 4,
    .alerts_max = 10,
    .timeout_ms = 10000,
    .rates = {{1, 1000}},
    .limits = {.alerts_max = 10, .size_max = TELEGRAM_UNITS_MAX, .measure = telegram_measure},
    .check = telegram_check,
    .compose = compose_chat,
    .write = telegram_write,
    .read = telegram_read,
};
