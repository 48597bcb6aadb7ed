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
        CHECK(!strstr(markup_page_text(i), "<script"), "%s", markup_page_name(i));
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

static void parts_say(void)
{
    struct call *call = call_new("/");
    struct markup markup = markup_new(call, &config);
    struct template_options options = {.escape = &template_escape_html, .context = &markup};

    config.policy = &policy;
    policy.severity_label = "severity";
    policy.severities[policy.severity_count++] = "critical";
    policy.severities[policy.severity_count++] = "warning";
    policy.severities[policy.severity_count++] = "info";
    call->granted = ACCESS_VIEWER;
    for (size_t i = 0; i < LENGTH(parts); i++) {
        struct buf out = BUF_EMPTY(64 * 1024);
        struct err err = {0};
        struct cJSON *json = json_parse(parts[i].json, strlen(parts[i].json), &err);
        struct value data = value_from_json(json, call->arena);
        bool ok = template_execute_text(markup_templates(), "row", parts[i].template, strlen(parts[i].template), &data, &options, &out, &err);
        CHECK(ok, "%s: %s", parts[i].template, err.text);
        CHECK_TEXT(buf_text(&out), parts[i].want);
        json_close(json);
        buf_free(&out);
    }
    call_connection_gone(call);
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
    all_are_read();
    no_name_is_taken_twice();
    forms_carry_a_token();
    nothing_passes_unescaped();
    parts_say();
    addresses_grow();
    return test_end();
}
