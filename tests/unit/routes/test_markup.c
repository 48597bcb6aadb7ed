/* The pages' templates: each is read, each form carries what proves that it is ours, and the functions they call. */
#include "base/text.h"
#include "routes/call.h"
#include "routes/markup.h"
#include "tests/test.h"

#include <ctype.h>

static void all_are_read(void)
{
    struct template_set *set = template_set_new();
    struct err err = {0};

    CHECK(markup_parse(set, &err), "%s", err.text);
    CHECK(markup_page_count() > 3, "%zu pages", markup_page_count());
    for (size_t i = 0; i < markup_page_count(); i++)
        CHECK(template_set_has(markup_templates(), markup_page_name(i)), "%s", markup_page_name(i));
    template_set_free(set);
}

/* A definition replaces one of the same name: two pages would share it. */
static void no_name_is_taken_twice(void)
{
    size_t defined = markup_page_count();

    for (size_t i = 0; i < markup_page_count(); i++)
        for (const char *at = markup_page_text(i); (at = strstr(at, "define \"")); at++)
            defined++;
    CHECK_INT(template_set_count(markup_templates()), defined);
}

/* But for signing in: there nobody has a session yet. */
static void forms_carry_a_token(void)
{
    static const char post[] = "<form method=\"post\"", token[] = ">{{ template \"csrf\" }}";
    size_t count = 0;

    for (size_t i = 0; i < markup_page_count(); i++)
        for (const char *at = markup_page_text(i); (at = strstr(at, post)); at++) {
            const char *action = strstr(at, "action=\"");
            const char *end = strchr(at, '\n'), *carried = strstr(at, token);
            CHECK(action && end, "%s: %.100s", markup_page_name(i), at);
            if (text_starts(action, "action=\"/signin\""))
                continue;
            CHECK(carried && carried < end, "%s: a form without {{ template \"csrf\" }}: %.200s", markup_page_name(i), at);
            count++;
        }
    CHECK(count, "no form was looked at");
}

/* Values stand between quotes, in texts and in quoted attributes alone; nobody vouches for markup but for the pictures we draw. */
static void nothing_passes_unescaped(void)
{
    for (size_t i = 0; i < markup_page_count(); i++) {
        CHECK(!strstr(markup_page_text(i), "safeHtml"), "%s", markup_page_name(i));
        for (const char *at = markup_page_text(i); (at = strstr(at, "={{")); at++) {
            const char *name = at;
            while (name > markup_page_text(i) && isalpha((unsigned char)name[-1]))
                name--;
            CHECK(name == at || name[-1] != ' ', "%s: an attribute without quotes: %.40s", markup_page_name(i), name);
        }
        CHECK(text_equal(markup_page_name(i), "layout") || !strstr(markup_page_text(i), "<script"), "%s", markup_page_name(i));
    }
}

static struct config config;
static struct policy policy;

static const struct {
    const char *template, *json, *want;
} parts[] = {
    {"{{ template \"words\" .x }}", "{\"x\":\"<b>&\\\"'\"}", "<bdi>&lt;b&gt;&amp;&#34;&#39;</bdi>"},
    {"{{ template \"words\" .no }}", "{}", "<bdi></bdi>"},
    {"{{ template \"cut\" (cut 2 .x) }}", "{\"x\":\"\xc3\xa4\xc3\xb6\xc3\xbc\"}", "<bdi>\xc3\xa4\xc3\xb6</bdi><span class=\"quiet\">&hellip; (3 characters)</span>"},
    {"{{ template \"cut\" (cut 3 .x) }}", "{\"x\":\"abc\"}", "<bdi>abc</bdi>"},
    {"{{ template \"block\" .x }}", "{\"x\":\"one\\ntwo <b>\"}", "<pre dir=\"auto\">one\ntwo &lt;b&gt;</pre>"},
    {"{{ template \"block\" .x }}", "{\"x\":\"\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n\"}",
     "<details><summary>24 characters</summary><pre dir=\"auto\" tabindex=\"0\">\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n</pre></details>"},
    {"{{ template \"time\" .at }}{{ template \"time\" .no }}", "{\"at\":\"2026-03-14T09:26:53.500Z\"}",
     "<time datetime=\"2026-03-14T09:26:53.500Z\">2026-03-14 09:26:53</time>"},
    {"{{ template \"value\" .x }}", "{\"x\":\"https://a/?b&c\"}", "<a rel=\"noopener noreferrer\" href=\"https://a/?b&amp;c\"><bdi>https://a/?b&amp;c</bdi></a>"},
    {"{{ template \"value\" .x }}", "{\"x\":\"javascript:alert(1)\"}", "<bdi>javascript:alert(1)</bdi>"},
    {"{{ template \"state\" .x }}", "{\"x\":\"dead\"}", "<span class=\"state dead\"><bdi>dead</bdi></span> "},
    {"{{ template \"state\" .x }}", "{\"x\":\"\\\"odd\"}", "<span class=\"state \"><bdi>&#34;odd</bdi></span> "},
    {"{{ template \"severity\" .x }}{{ template \"severity\" .y }}{{ template \"severity\" .no }}", "{\"x\":\"critical\",\"y\":\"info\"}",
     "<span class=\"pill severity-0\"><bdi>critical</bdi></span> <span class=\"pill severity-2\"><bdi>info</bdi></span> "},
    {"{{ template \"labels\" (labels .l .same) }}", "{\"l\":{\"a\":\"<1>\",\"alertname\":\"X\",\"b\":\"2\",\"c\":\"https://c\",\"severity\":\"info\"},\"same\":{\"b\":\"2\"}}",
     "<p class=\"labels\"><span><bdi>a</bdi>=<bdi>&lt;1&gt;</bdi></span><span><bdi>c</bdi>="
     "<a rel=\"noopener noreferrer\" href=\"https://c\"><bdi>https://c</bdi></a></span></p>\n"},
    {"{{ template \"labels\" (labels .no) }}", "{}", "<p class=\"labels\"></p>\n"},
    {"{{ template \"message\" .x }}{{ template \"message\" .no }}", "{\"x\":\"<no>\"}", "<p class=\"message\" role=\"alert\"><bdi>&lt;no&gt;</bdi></p>\n"},
    {"{{ template \"older\" .x }}", "{\"x\":\"/a?b=c&d=e\"}", "<p class=\"more\"><a class=\"button\" rel=\"next\" href=\"/a?b=c&amp;d=e\">Older</a></p>\n"},
    {"{{ number .n }} {{ number .no }} {{ seconds .n }} {{ seconds .f }} {{ seconds .ms }}", "{\"n\":12345678,\"f\":1.25,\"ms\":0.04}",
     "12,345,678 0 12345678 s 1.2 s 40 ms"},
    {"{{ span .a .b }}|{{ span .a .no }}", "{\"a\":\"2026-03-14T09:00:00Z\",\"b\":\"2026-03-14T09:47:00Z\"}", "47 min|"},
    {"/alerts/{{ path .x }}", "{\"x\":\"a b/c?\"}", "/alerts/a%20b%2Fc%3F"},
    {"{{ may \"viewer\" }} {{ may \"operator\" }} {{ room }}", "{}", "true false true"},
};

/* What a template of one line makes of some fields. */
static void say(const char *template, const struct value *data, struct call *call, struct buf *out)
{
    struct markup markup = markup_new(call, &config);
    struct template_options options = {.escape = &template_escape_html, .context = &markup, .limits = {.output = PAGE_MAX}};
    struct err err = {0};

    buf_clear(out);
    CHECK(template_execute_text(markup_templates(), "row", template, strlen(template), data, &options, out, &err), "%s: %s", template, err.text);
    markup_free(&markup);
}

static void parts_say(struct call *call)
{
    struct buf out = BUF_EMPTY(PAGE_MAX);

    for (size_t i = 0; i < LENGTH(parts); i++) {
        struct err err = {0};
        struct cJSON *json = json_parse(parts[i].json, strlen(parts[i].json), &err);
        struct value data = value_from_json(json, call->arena);
        say(parts[i].template, &data, call, &out);
        CHECK_TEXT(buf_text(&out), parts[i].want);
        json_close(json);
    }
    buf_free(&out);
}

static void long_words_are_cut(struct call *call)
{
    static const char marks[] = "<>&\"'x";
    struct buf out = BUF_EMPTY(PAGE_MAX);
    char text[10001] = {0};

    for (size_t i = 0; i < strlen(marks); i++) {
        struct value data = value_text(text);
        memset(text, marks[i], sizeof text - 1);
        data = value_text(text);
        say("{{ template \"words\" . }}", &data, call, &out);
        CHECK(out.length < 2000 && strstr(buf_text(&out), "(10000 characters)"), "%s", buf_text(&out));
        CHECK(!memchr("<>\"'", marks[i], 4) || strstr(buf_text(&out), ";</bdi>"), "never inside an entity: %s", buf_text(&out));
        say("{{ template \"block\" . }}", &data, call, &out);
        CHECK(strstr(buf_text(&out), "<details><summary>10000 characters</summary><pre dir=\"auto\" tabindex=\"0\">"), "%.100s", buf_text(&out));
    }
    buf_free(&out);
}

/* Half a character at the end of what is shown would be no UTF-8. */
static void a_block_is_cut_between_characters(struct call *call)
{
    size_t size = PAGE_BLOCK_MAX + 100;
    char *text = arena_alloc(call->arena, size + 1);
    struct buf out = BUF_EMPTY(PAGE_MAX);

    for (size_t lead = 0; lead < 2; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 1 < size; i += 2)
            memcpy(text + i, "\xc3\xa4", 2);
        text[size - 1 - lead] = text[size] = '\0';
        struct value data = value_text(text);
        say("{{ template \"block\" . }}", &data, call, &out);
        CHECK(text_is_utf8(buf_text(&out), out.length), "after %zu", lead);
        CHECK(strstr(buf_text(&out), "&hellip;</pre>"), "after %zu", lead);
    }
    buf_free(&out);
}

static void labels_are_bounded(struct call *call)
{
    struct buf text = BUF_EMPTY(1u << 20), out = BUF_EMPTY(PAGE_MAX);
    struct err err;

    buf_add_text(&text, "{\"alertname\":\"x\",\"severity\":\"y\",\"a\":\"1\",\"same\":\"1\"");
    for (int i = 0; i < 100; i++)
        buf_addf(&text, ",\"l%d\":\"v\"", i);
    buf_add_char(&text, '}');
    struct cJSON *labels = json_parse(buf_text(&text), text.length, &err);
    struct value data = value_from_json(labels, call->arena);
    say("{{ template \"labels\" (labels . (dict \"same\" \"1\" \"a\" \"2\")) }}", &data, call, &out);
    CHECK(strstr(buf_text(&out), "<bdi>a</bdi>=<bdi>1</bdi>") && strstr(buf_text(&out), "<span>and 77 more</span>"), "%s", buf_text(&out));
    CHECK(!strstr(buf_text(&out), "same") && !strstr(buf_text(&out), "alertname") && !strstr(buf_text(&out), "severity"), "%s", buf_text(&out));
    say("{{ silenceOf . }}", &data, call, &out);
    CHECK(text_starts(buf_text(&out), "/silences/new?matcher=a%3D%221%22&amp;matcher=alertname%3D"), "%s", buf_text(&out));
    json_close(labels);
    buf_free(&text);
    buf_free(&out);
}

static void addresses_grow(void)
{
    struct buf out = BUF_EMPTY(1000);

    markup_add_argument(&out, "none", NULL);
    markup_add_argument(&out, "none", "");
    markup_add_argument(&out, "a", "b c");
    markup_add_argument(&out, "d", "\"<&");
    CHECK_TEXT(buf_text(&out), "?a=b%20c&d=%22%3C%26");
    buf_free(&out);
}

int main(void)
{
    struct call *call = call_new("/");

    config.policy = &policy;
    policy.severity_label = "severity";
    policy.severities[policy.severity_count++] = "critical";
    policy.severities[policy.severity_count++] = "warning";
    policy.severities[policy.severity_count++] = "info";
    call->granted = ACCESS_VIEWER;
    all_are_read();
    no_name_is_taken_twice();
    forms_carry_a_token();
    nothing_passes_unescaped();
    parts_say(call);
    long_words_are_cut(call);
    a_block_is_cut_between_characters(call);
    labels_are_bounded(call);
    addresses_grow();
    call_connection_gone(call);
    return test_end();
}
