/* Slack: an incoming webhook, or chat.postMessage and chat.update with a bot token. */
#include "base/text.h"
#include "notifier/channels/common.h"
#include "notifier/channels/registry.h"
#include "notifier/render/summary.h"

#include <string.h>

#define SECTION_RUNES_MAX 3000 /* the limit */
#define TITLE_RUNES_MAX 1000   /* of a title of one's own */
#define CONTEXT_RUNES_MAX 2000 /* of links as they are sent; the limit is 3000 */
#define SLACK_SIZE_MAX 1500
#define PLAIN_RUNES_MAX 700    /* escaped at most five times as long; 4000 are advised */

/* & < > are all that Slack parses; escaped, <!channel> and <@U…> are text too. */
static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&': buf_add_text(out, "&amp;"); break;
        case '<': buf_add_text(out, "&lt;"); break;
        case '>': buf_add_text(out, "&gt;"); break;
        case '*': buf_add_text(out, "∗"); break; /* mrkdwn has no escape for its own marks */
        case '`': buf_add_text(out, "ˋ"); break;
        default: buf_add_char(out, *text);
        }
}

static void add_headline(struct buf *out, const struct page *page, const struct sending *sending, struct arena *arena)
{
    if (page->late)
        buf_addf(out, "%s\n", page->late);
    buf_addf(out, "%s ", text_or(page->icon, "🔴"));
    if (page->severity) {
        buf_add_text(out, "*");
        add_escaped(out, page->severity);
        buf_add_text(out, "* ");
    }
    add_escaped(out, page->title);
    if (page_is_over(page) && page->when)
        buf_addf(out, " · %s", page->when);
    if (page->of > 1)
        buf_addf(out, " (%u of %u)", page->number, page->of);
    buf_addf(out, " · %s", page_mark(page, sending, arena));
}

static void add_url(struct buf *out, const char *url)
{
    for (; *url; url++)
        switch (*url) {
        case '|': buf_add_text(out, "%7C"); break;
        case '&': buf_add_text(out, "&amp;"); break;
        default: buf_add_char(out, *url);
        }
}

static void add_section(struct buf *out, const struct page *page)
{
    if (page->context) {
        buf_add_char(out, '\n');
        add_escaped(out, page->context);
    }
    for (size_t i = 0; i < page->line_count; i++) {
        buf_addf(out, "\n%s ", page->lines[i].icon);
        add_escaped(out, page->lines[i].text);
    }
    if (page->more) {
        buf_addf(out, "\n+%u more", page->more);
        if (page->more_url) {
            buf_add_text(out, ": <");
            add_url(out, page->more_url);
            buf_add_text(out, "|all of them>");
        }
    }
    if (page->when && !page_is_over(page)) {
        buf_add_char(out, '\n');
        add_escaped(out, page->when);
    }
}

static void add_context(struct buf *out, const struct page *page)
{
    for (size_t i = 0; i < page->link_count; i++) {
        buf_add_text(out, i ? " · <" : "<");
        add_url(out, page->links[i].url);
        buf_addf(out, "|%s>", page->links[i].name);
    }
    if (page->footer) {
        buf_add_text(out, out->length ? "\n" : "");
        add_escaped(out, page->footer);
    }
}

/* Counted as it is sent: a section has a limit on that. */
static size_t slack_measure(const struct page *page)
{
    struct buf out = BUF_EMPTY(CONTENT_MAX), links = BUF_EMPTY(CONTENT_MAX);

    add_section(&out, page);
    add_context(&links, page);
    size_t runes = text_runes(buf_text(&links)) > CONTEXT_RUNES_MAX ? CONTENT_MAX : text_runes(buf_text(&out));
    buf_free(&out);
    buf_free(&links);
    return runes;
}

/* At most so many characters, and no half of a <link> or of an &amp; at their end. */
static const char *cut(const char *text, size_t runes, struct arena *arena)
{
    if (text_runes(text) <= runes)
        return text;
    char *kept = arena_bytes(arena, text, text_prefix(text, runes - 1)), *link = strrchr(kept, '<');
    if (link && !strchr(link, '>'))
        *link = '\0';
    char *entity = strrchr(kept, '&');
    if (entity && !strchr(entity, ';'))
        *entity = '\0';
    return arena_printf(arena, "%s…", kept);
}

static void put_block(struct json_out *json, const char *type, const struct buf *text, struct arena *arena)
{
    bool is_context = strcmp(type, "context") == 0;

    json_open(json, '{');
    json_set_text(json, "type", type);
    json_member(json, is_context ? "elements" : "text");
    if (is_context)
        json_open(json, '[');
    json_open(json, '{');
    json_set_text(json, "type", "mrkdwn");
    json_set_text(json, "text", cut(buf_text(text), SECTION_RUNES_MAX, arena));
    json_shut(json, '}');
    if (is_context)
        json_shut(json, ']');
    json_shut(json, '}');
}

static void add_mention(struct buf *out, const char *mention)
{
    static const struct {
        const char *written, *sent;
    } words[] = {{"@here", "<!here>"}, {"@channel", "<!channel>"}, {"@everyone", "<!everyone>"}};

    for (size_t i = 0; mention && i < LENGTH(words); i++)
        if (strcmp(mention, words[i].written) == 0)
            mention = words[i].sent;
    if (mention)
        buf_addf(out, " %s", mention);
}

static void put_rich(struct json_out *json, const struct page *page, const struct sending *sending, const char *mention,
                     struct arena *arena)
{
    struct buf headline = BUF_EMPTY(CONTENT_MAX), section = BUF_EMPTY(CONTENT_MAX), context = BUF_EMPTY(CONTENT_MAX);

    if (page->own.title)
        buf_addf(&headline, "%s%s", cut(page->own.title, TITLE_RUNES_MAX, arena), sending->repeat ? " (repeat)" : "");
    else
        add_headline(&headline, page, sending, arena);
    add_mention(&headline, mention);
    buf_add_text(&section, buf_text(&headline));
    if (page->own.text)
        buf_addf(&section, "\n%s", page->own.text);
    else
        add_section(&section, page);
    if (page->own.footer)
        buf_add_text(&context, page->own.footer);
    else if (!page->own.text)
        add_context(&context, page);
    json_set_text(json, "text", buf_text(&headline));
    json_member(json, "blocks");
    json_open(json, '[');
    put_block(json, "section", &section, arena);
    if (context.length)
        put_block(json, "context", &context, arena);
    json_shut(json, ']');
    buf_free(&headline);
    buf_free(&section);
    buf_free(&context);
}

static void put_lower(struct json_out *json, const struct page *page, const struct sending *sending, const char *mention,
                      struct arena *arena)
{
    struct buf plain = BUF_EMPTY(CONTENT_MAX);

    add_escaped(&plain, page_lower(page, sending, PLAIN_RUNES_MAX, arena));
    add_mention(&plain, mention);
    json_set_text(json, "text", buf_text(&plain));
    buf_free(&plain);
}

/* "C123|1700000000.000100": chat.update wants the channel's id, not its name. */
static bool split_remote(const char *remote, struct arena *arena, const char **channel, const char **ts)
{
    const char *bar = remote ? strchr(remote, '|') : NULL;
    if (!bar)
        return false;
    *channel = arena_bytes(arena, remote, (size_t)(bar - remote));
    *ts = bar + 1;
    return true;
}

/* A reply stands in its thread alone; what made things worse is shown in the channel too. */
static bool is_worse(enum reason reason)
{
    return reason == REASON_NEW_ALERTS || reason == REASON_FAILOVER || reason == REASON_ESCALATION;
}

static bool slack_write(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                        size_t part_count, struct arena *arena, struct request *out, struct err *err)
{
    struct buf body = BUF_EMPTY(CONTENT_MAX);
    struct json_out json = json_out(&body);
    bool edit = parts[0].kind == PART_EDIT;
    const char *channel = config->slack_channel, *ts = NULL;
    struct content content;

    (void)part_count;
    content_read(&parts[0], arena, &content);
    bool threaded = config->bot_token && (edit || content.reply) && split_remote(sending->root_remote, arena, &channel, &ts);
    if (edit && !threaded)
        return err_set(err, ERR_INPUT, "there is no first message to edit");
    const char *mention = content_mention(config, &content);
    *out = (struct request){0};
    json_open(&json, '{');
    if (config->bot_token)
        json_set_text(&json, "channel", channel);
    if (edit)
        json_set_text(&json, "ts", ts);
    else if (threaded && sending->form == FORM_RICH) {
        json_set_text(&json, "thread_ts", ts);
        json_set_bool(&json, "reply_broadcast", is_worse(content.page.reason));
    }
    if (sending->form == FORM_RICH)
        put_rich(&json, &content.page, sending, mention, arena);
    else
        put_lower(&json, &content.page, sending, mention, arena);
    json_set_bool(&json, "unfurl_links", false);
    json_shut(&json, '}');
    if (!config->bot_token) {
        request_json(out, "POST", config->webhook_url, &body, arena);
        return true;
    }
    const char *base = url_base(text_or(config->api_url, "https://slack.com/api"), arena);
    request_json(out, "POST", arena_printf(arena, "%s/%s", base, edit ? "chat.update" : "chat.postMessage"), &body, arena);
    out->headers[0].value = "application/json; charset=utf-8";
    request_header(out, "Authorization", arena_printf(arena, "Bearer %s", config->bot_token));
    return true;
}

/* The words Slack uses, whether as the body of a hook's answer or as "error" of an API's. */
static const struct {
    const char *error;
    enum outcome outcome;
} errors[] = {
    {"ratelimited", OUTCOME_BUSY},             {"rate_limited", OUTCOME_BUSY},
    {"internal_error", OUTCOME_UNCLEAR},       {"fatal_error", OUTCOME_UNCLEAR},
    {"request_timeout", OUTCOME_UNCLEAR},      {"service_unavailable", OUTCOME_FAILED},
    {"rollup_error", OUTCOME_UNCLEAR},         {"msg_too_long", OUTCOME_REFUSED_CONTENT},
    {"msg_blocks_too_long", OUTCOME_REFUSED_CONTENT}, {"invalid_blocks", OUTCOME_REFUSED_CONTENT},
    {"invalid_payload", OUTCOME_REFUSED_CONTENT}, {"no_text", OUTCOME_REFUSED_CONTENT},
    {"message_not_found", OUTCOME_REFUSED_CONTENT}, {"cant_update_message", OUTCOME_REFUSED_CONTENT},
    {"edit_window_closed", OUTCOME_REFUSED_CONTENT}, {"thread_not_found", OUTCOME_REFUSED_CONTENT},
    {"invalid_blocks_format", OUTCOME_REFUSED_CONTENT}, {"cannot_reply_to_message", OUTCOME_REFUSED_CONTENT},
    /* The next rung goes without the thread. */
    {"restricted_action_thread_locked", OUTCOME_REFUSED_CONTENT}, {"restricted_action_non_threadable_channel", OUTCOME_REFUSED_CONTENT},
};

static enum outcome judge(const struct reply *reply, const char *error)
{
    if (reply->status == 429)
        return OUTCOME_BUSY;
    for (size_t i = 0; i < LENGTH(errors); i++)
        if (strcmp(errors[i].error, error) == 0)
            return errors[i].outcome;
    if (reply->status >= 500 || reply->status == 408)
        return OUTCOME_UNCLEAR;
    return reply->status == 400 || reply->status == 413 ? OUTCOME_REFUSED_CONTENT : OUTCOME_REFUSED_CHANNEL;
}

static void slack_read(const struct channel_config *config, const struct sending *sending, const struct rendered_part *parts,
                       size_t part_count, const struct reply *reply, struct arena *arena, struct verdict *out)
{
    (void)sending;
    (void)parts;
    if (verdict_of_end(out, part_count, reply, config, arena))
        return;
    struct cJSON *json = config->bot_token ? json_parse(reply->body, reply->body_length, NULL) : NULL;
    bool good = reply->status >= 200 && reply->status < 300;
    const char *error = config->bot_token ? text_or(json_get_text(json, "error"), "no words")
                                          : summary_clean(channel_redact(config, reply->body, arena), 100, arena);
    bool taken = good && (config->bot_token ? json_get_bool(json, "ok", false) : strcmp(error, "ok") == 0);

    if (taken) {
        const char *ts = json_get_text(json, "ts"), *channel = json_get_text(json, "channel");
        verdict_all(out, part_count, OUTCOME_TAKEN, NULL, config, arena);
        out->parts[0].remote_id = ts && channel ? arena_printf(arena, "%s|%s", channel, ts) : NULL;
    } else if (config->bot_token && good && !json_is_bool(json_get(json, "ok"))) {
        verdict_all(out, part_count, OUTCOME_UNCLEAR, "an answer that is not Slack's", config, arena); /* a proxy's page is no receipt */
    } else {
        enum outcome outcome = judge(reply, error);
        verdict_all(out, part_count, outcome, arena_printf(arena, "%d %s", reply->status, error), config, arena);
        if (outcome == OUTCOME_BUSY)
            out->wait_ms = reply_retry_after_ms(reply);
    }
    json_close(json);
}

/* A webhook's message has no id: nothing to reply to, nothing to edit. */
static size_t slack_compose(const struct channel_config *config, const struct view *view, struct arena *arena,
                            struct rendered_part parts[CHANNEL_PARTS_MAX])
{
    struct view own = *view;
    own.threaded = view->threaded && config->bot_token;
    return compose_chat(config, &own, arena, parts);
}

static void slack_check(const struct channel_config *config, void (*complain)(void *, const char *, const char *), void *context)
{
    if (!config->webhook_url && !config->bot_token)
        complain(context, "webhook_url", "is needed, or bot_token and channel");
    if (config->webhook_url && config->bot_token)
        complain(context, "bot_token", "cannot stand beside webhook_url; choose one");
    if (config->bot_token && !config->slack_channel)
        complain(context, "channel", "is needed with bot_token: the channel's id, C…, or #name");
}

const struct channel channel_slack = {
    .type = "slack",
    .can_edit = true,
    .can_gather = true,
    .in_flight_max = 4,
    .alerts_max = 10,
    .timeout_ms = 10000,
    .rates = {{1, 1000}},
    .limits = {.alerts_max = 10, .size_max = SLACK_SIZE_MAX, .measure = slack_measure},
    .check = slack_check,
    .compose = slack_compose,
    .write = slack_write,
    .read = slack_read,
};
