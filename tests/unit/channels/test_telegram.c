#include "tests/unit/channels/verdicts.h"

static struct channel_config config = {.name = "telegram", .type = "telegram", .bot_token = "110201543:" SECRET, .chat_id = "-5",
                                       .on_update = UPDATE_REPLY, .max_alerts = 10};

#define ERROR(code, words) code, NULL, "{\"ok\":false,\"error_code\":" #code ",\"description\":\"" words "\"}"

static const struct verdict_row replies[] = {
    {"taken", PART_POST, 200, NULL, "{\"ok\":true,\"result\":{\"message_id\":4242,\"chat\":{\"id\":-5}}}", OUTCOME_TAKEN, -1, "4242", NULL},
    {"edited", PART_EDIT, 200, NULL, "{\"ok\":true,\"result\":{\"message_id\":7}}", OUTCOME_TAKEN, -1, "7", NULL},
    {"a proxy's page", PART_POST, 200, NULL, "<html>hello</html>", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"slow down", PART_POST, 429, NULL,
     "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 3\",\"parameters\":{\"retry_after\":3}}",
     OUTCOME_BUSY, 4000, NULL, NULL},
    {"slow down, an absurd wish", PART_POST, 429, NULL, "{\"ok\":false,\"parameters\":{\"retry_after\":9000000000000000}}", OUTCOME_BUSY,
     3600000, NULL, NULL},
    {"slow down, a fraction", PART_POST, 429, NULL, "{\"ok\":false,\"parameters\":{\"retry_after\":0.65}}", OUTCOME_BUSY, 1650, NULL, NULL},
    {"slow down, a negative wish", PART_POST, 429, "retry-after: 7\n", "{\"ok\":false,\"parameters\":{\"retry_after\":-1}}", OUTCOME_BUSY, 7000, NULL, NULL},
    {"slow down, a wish that is a text", PART_POST, 429, NULL, "{\"ok\":false,\"parameters\":{\"retry_after\":\"3\"}}", OUTCOME_BUSY, -1, NULL, NULL},
    {"slow down, by a proxy", PART_POST, 429, "retry-after: 2\n", "slow", OUTCOME_BUSY, 2000, NULL, NULL},
    {"slow down, no wish", PART_POST, 429, NULL, "", OUTCOME_BUSY, -1, NULL, NULL},
    {"the chat has moved", PART_POST, 400, NULL,
     "{\"ok\":false,\"description\":\"Bad Request: group chat was upgraded to a supergroup chat\",\"parameters\":{\"migrate_to_chat_id\":-1001234567890123}}",
     OUTCOME_MOVED, -1, NULL, "-1001234567890123"},
    {"the chat has moved to where it is", PART_POST, 400, NULL,
     "{\"ok\":false,\"description\":\"Bad Request: group chat was upgraded\",\"parameters\":{\"migrate_to_chat_id\":-5}}",
     OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"an error that names another chat", PART_POST, 500, NULL, "{\"ok\":false,\"parameters\":{\"migrate_to_chat_id\":-6}}", OUTCOME_UNCLEAR, -1,
     NULL, NULL},
    {"not modified", PART_EDIT, ERROR(400, "Bad Request: message is not modified: specified new message content"), OUTCOME_TAKEN, -1, NULL, NULL},
    {"markup", PART_POST, ERROR(400, "Bad Request: can't parse entities: Unexpected end tag"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"too long", PART_POST, ERROR(400, "Bad Request: message is too long"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"entities", PART_POST, ERROR(400, "Bad Request: ENTITIES_TOO_LONG"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"the topic is gone", PART_POST, ERROR(400, "Bad Request: message thread not found"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"the topic is closed", PART_POST, ERROR(400, "Bad Request: TOPIC_CLOSED"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"the first message is gone", PART_EDIT, ERROR(400, "Bad Request: message to edit not found"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"no more edits", PART_EDIT, ERROR(400, "Bad Request: message can't be edited"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"nothing to reply to", PART_POST, ERROR(400, "Bad Request: message to be replied not found"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"no such chat", PART_POST, ERROR(400, "Bad Request: chat not found"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"kicked", PART_POST, ERROR(403, "Forbidden: bot was kicked from the group chat"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"blocked", PART_POST, ERROR(403, "Forbidden: bot was blocked by the user"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no rights", PART_POST, ERROR(400, "Bad Request: not enough rights to send text messages to the chat"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no rights, in other words", PART_POST, ERROR(400, "Bad Request: have no rights to send a message"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no administrator", PART_POST, ERROR(400, "Bad Request: need administrator rights in the channel chat"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"a proxy wants a password", PART_POST, 407, NULL, "<html>407</html>", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"a bad token", PART_POST, ERROR(401, "Unauthorized: invalid token"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"a bad method", PART_POST, ERROR(404, "Not Found"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"filtered by a local server", PART_POST, ERROR(421, "Misdirected"), OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"something new", PART_POST, ERROR(400, "Bad Request: SOMETHING_NEW"), OUTCOME_REFUSED_CONTENT, -1, NULL, NULL},
    {"a redirect", PART_POST, 302, "location: https://x/\n", "", OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"500", PART_POST, ERROR(500, "Internal Server Error"), OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"502 of a proxy", PART_POST, 502, NULL, "<html>bad gateway</html>", OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"words that hold the token", PART_POST, 403, NULL, "{\"description\":\"/bot110201543:" SECRET "/sendMessage " SECRET "\"}",
     OUTCOME_REFUSED_CHANNEL, -1, NULL, NULL},
    {"no answer", PART_POST, 0, NULL, NULL, OUTCOME_UNCLEAR, -1, NULL, NULL},
    {"not sent", PART_POST, -1, NULL, NULL, OUTCOME_FAILED, -1, NULL, NULL},
};

/* What the server counts, once it has parsed what it parses; false where it would refuse it. */
static bool shown(const char *html, size_t *units, size_t *entities)
{
    static const char *const tags[] = {"<b>", "</b>", "</a>"}, *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    int open = 0;

    *units = *entities = 0;
    while (*html) {
        size_t skip = 0;
        for (size_t i = 0; i < LENGTH(tags); i++)
            if (text_starts(html, tags[i])) {
                skip = strlen(tags[i]);
                open += html[1] == '/' ? -1 : 1;
            }
        if (text_starts(html, "<a href=\"https://")) {
            skip = strcspn(html, ">") + 1;
            *entities += skip;
            open++;
        }
        if (!skip && *html == '<')
            return false;
        for (size_t i = 0; !skip && *html == '&' && i < LENGTH(names); i++)
            if (text_starts(html, names[i])) {
                skip = strlen(names[i]);
                ++*units;
            }
        if (!skip && *html == '&')
            return false;
        if (!skip) {
            *units += (((unsigned char)*html & 0xc0) != 0x80) + ((unsigned char)*html >= 0xf0);
            skip = 1;
        }
        html += skip;
    }
    return open == 0;
}

static void check_body(const struct request *request, const char *name)
{
    struct cJSON *json = json_parse(request->body, request->body_length, NULL);
    const char *text = json_get_text(json, "text");
    size_t units = 0, entities = 0;

    CHECK(text && text[0], "%s: text", name);
    CHECK(request->header_count == 1 && strcmp(request->method, "POST") == 0, "%s: method", name);
    if (text && text_equal(json_get_text(json, "parse_mode"), "HTML"))
        CHECK(shown(text, &units, &entities) && units <= 1500 && entities < 9000, "%s: %zu units, %zu of entities: %.200s", name, units, entities, text);
    else if (text)
        CHECK(text_utf16_length(text) <= 4096, "%s: %zu units", name, text_utf16_length(text));
    json_close(json);
}

static void complain(void *context, const char *key, const char *text)
{
    struct buf *out = context;
    buf_addf(out, "%s %s;", key, text[0] ? "wrong" : "");
}

static const struct {
    const char *name, *token, *chat, *topic, *want;
} settings[] = {
    {"all there", "1:abc", "-5", NULL, ""},
    {"a name", "1:abc", "@ops", "7", ""},
    {"nothing", NULL, NULL, NULL, "bot_token wrong;chat_id wrong;"},
    {"no colon", "1abc", "5", NULL, "bot_token wrong;"},
    {"no id", ":abc", "5", NULL, "bot_token wrong;"},
    {"a token that would leave its place", "1:abc/../x", "5", NULL, "bot_token wrong;"},
    {"a chat's title", "1:abc", "Ops room", NULL, "chat_id wrong;"},
    {"a topic's name", "1:abc", "5", "general", "topic_id wrong;"},
};

static void settings_are_checked(void)
{
    for (size_t i = 0; i < LENGTH(settings); i++) {
        struct buf out = BUF_EMPTY(1000);
        struct channel_config one = {.type = "telegram", .bot_token = settings[i].token, .chat_id = settings[i].chat, .topic_id = settings[i].topic};
        config.codec->check(&one, complain, &out);
        CHECK(strcmp(buf_text(&out), settings[i].want) == 0, "%s: %s", settings[i].name, buf_text(&out));
        buf_free(&out);
    }
}

static struct cJSON *body_of(struct arena *arena, struct view *view)
{
    struct rendered_part *parts = ARENA_NEW(arena, struct rendered_part, CHANNEL_PARTS_MAX);
    struct sending sending = {.delivery_id = 1, .now_wall_ms = GOLDEN_NOW_MS, .form = view->form};
    struct request request;
    struct err err;

    config.codec->compose(&config, view, arena, parts);
    CHECK(config.codec->write(&config, &sending, parts, 1, arena, &request, &err), "%s", err.text);
    return json_parse(request.body, request.body_length, NULL);
}

/* What would be refused as too long goes as the built-in words, in plain text; a bare & does not hide what follows it. */
static void long_words_of_ones_own_are_measured(void)
{
    static const struct {
        const char *name, *front;
        size_t length;
        bool html;
    } rows[] = {{"short", "R&D ", 100, true}, {"long", "", 5000, false}, {"long behind a bare &", "R&D ", 5000, false},
                {"long behind a bare & and a far ;", "R&D of a; ", 5000, false}, {"long behind a bare <", "a < b ", 5000, false},
                {"just as long as it may be", "&lt;&gt; ", 3600, true}};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct view view;
        hostile_view(arena, &view, 1);
        view.own.text = arena_printf(arena, "%s%0*d", rows[i].front, (int)rows[i].length, 7);
        struct cJSON *json = body_of(arena, &view);
        CHECK((json_get(json, "parse_mode") != NULL) == rows[i].html, "%s: %zu bytes", rows[i].name, strlen(text_or(json_get_text(json, "text"), "")));
        json_close(json);
        arena_free(arena);
    }
}

/* Markup that Telegram would not take costs the markup, not the person who is to be woken. */
static void the_lower_rungs_mention_too(void)
{
    for (enum form form = FORM_RICH; form <= FORM_MINIMAL; form++) {
        struct arena *arena = arena_new();
        struct view view;
        hostile_view(arena, &view, 1);
        view.form = form;
        config.mentions[0] = (struct pair){"critical", "@anna"};
        config.mention_count = 1;
        struct cJSON *json = body_of(arena, &view);
        CHECK(strstr(text_or(json_get_text(json, "text"), ""), " @anna"), "form %d: %s", form, json_get_text(json, "text"));
        json_close(json);
        config.mention_count = 0;
        arena_free(arena);
    }
}

int main(void)
{
    config.codec = channel_find("telegram");
    check_verdicts(&config, replies, LENGTH(replies));
    each_hostile_request(&config, "4242", check_body);
    long_words_of_ones_own_are_measured();
    the_lower_rungs_mention_too();
    settings_are_checked();
    return test_end();
}
