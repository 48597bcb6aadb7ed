/* The examples of docs/templates.md, as they stand there: each parses, and says something on real data for every channel. */
#include "tests/unit/render/template_sample.h"

#define DOCS "docs/templates.md"
#define EXAMPLES_MIN 4

static struct template_sample sample;

static void check_example(const char *text, int line)
{
    static const char *const names[] = {"none", "html", "slack", "discord", "telegram"};
    char name[64];

    snprintf(name, sizeof name, DOCS " example of line %d", line);
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct template_options options = sample.options;
        struct template_set *set = template_set_new();
        struct buf out = BUF_EMPTY(64 * 1024);
        struct err err = {0};

        options.escape = template_escaper_named(names[i]);
        CHECK(template_set_parse(set, name, text, strlen(text), &err) && template_set_check(set, &err), "%s", err.text);
        CHECK(template_execute(set, name, &sample.alert_data, &options, &out, &err), "%s", err.text);
        CHECK(out.length > 10 && !strstr(buf_text(&out), "<no value>") && !strstr(buf_text(&out), "%!"), "%s: %s", name, buf_text(&out));
        buf_free(&out);
        template_set_free(set);
    }
}

/* Examples are blocks indented by four spaces that hold an action; blank lines belong to them. */
static size_t check_examples(const char *docs)
{
    struct buf example = BUF_EMPTY(64 * 1024);
    size_t count = 0;
    int line = 1, begun = 0;

    for (const char *at = docs; *at; line++) {
        size_t length = strcspn(at, "\n");
        bool indented = text_starts(at, "    "), blank = length == 0;
        if (indented || (blank && example.length)) {
            begun = example.length ? begun : line;
            buf_add(&example, at + (indented ? 4 : 0), length - (indented ? 4 : 0));
            buf_add_char(&example, '\n');
        } else if (example.length) {
            if (strstr(buf_text(&example), "{{")) {
                check_example(buf_text(&example), begun);
                count++;
            }
            buf_clear(&example);
        }
        at += length + (at[length] == '\n');
    }
    buf_free(&example);
    return count;
}

/* Every function and method named in the docs' tables is there: `name` in the first column of a row under ## Functions. */
static void every_function_is_there(const char *docs)
{
    static const char *const names[] = {
        "eq 1 1", "ne 1 1", "lt 1 1", "le 1 1", "gt 1 1", "ge 1 1", "and 1", "or 1", "not 1", "len \"\"", "index .", "slice \"\"", "print", "printf \"\"",
        "println", "html 1", "js 1", "urlquery 1", "toUpper \"\"", "toLower \"\"", "title \"\"", "trimSpace \"\"", "join \"\" list", "match \"\" \"\"",
        "reReplaceAll \"\" \"\" \"\"", "stringSlice", "date \"\" now", "tz \"UTC\" now", "now", "since now", "humanizeDuration 1", "toDate \"\" \"\"",
        "mustToDate \"\" \"\"", "list", "dict", "append list", "toJson 1", "base64encode \"\"", "base64decode \"\"", "urlUnescape \"\"", "safeHtml \"\"",
        "safeUrl \"\"", "humanize 1", "humanize1024 1", "humanizePercentage 1", "humanizeTimestamp 1", "coll.Dict", "coll.Slice", "coll.Append 1 list",
        "data.JSON \"1\"", "data.ToJSON 1", "data.ToJSONPretty \"\" 1", "tmpl.Inline \"\" 1", "time.Now"};

    for (size_t i = 0; i < LENGTH(names); i++) {
        char text[128], name[64];
        struct buf out = BUF_EMPTY(1000);
        struct err err = {0};
        snprintf(text, sizeof text, "{{ %s }}", names[i]);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(names[i], " "), names[i]);
        CHECK(template_execute_text(NULL, "t", text, strlen(text), &sample.plain, &sample.options, &out, &err), "%s", err.text);
        CHECK(strstr(docs, name), DOCS " has no word of %s", name);
        buf_free(&out);
    }
}

int main(void)
{
    struct buf docs = BUF_EMPTY(SAMPLE_FILE_MAX);
    struct err err = {0};

    sample_open(&sample);
    CHECK(file_read(DOCS, &docs, &err), "%s", err.text);
    size_t count = check_examples(buf_text(&docs));
    CHECK(count >= EXAMPLES_MIN, "%zu examples", count);
    every_function_is_there(buf_text(&docs));
    buf_free(&docs);
    sample_close(&sample);
    return test_end();
}
