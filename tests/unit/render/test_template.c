/* Every row of tests/template/rows.json says what Go's own text/template makes of it (tests/template/generate.go). */
#include "tests/unit/render/template_sample.h"

#define ROWS_MIN 300 /* fewer, and the table was cut */

static struct template_sample sample;

static const struct value *data_of(const char *name)
{
    static struct value none;

    none = value_nothing();
    return text_equal(name, "plain") ? &sample.plain : text_equal(name, "alerts") ? &sample.alert_data : &none;
}

/* "row:LINE:COL: words": mistakes say where they are, and Go agrees on the line. */
static void check_mistake(const struct cJSON *row, const char *text)
{
    const char *name = json_get_text(row, "name");
    int line = 0, column = 0, length = 0;

    CHECK(sscanf(text, "row:%d:%d: %n", &line, &column, &length) == 2 && length && text[length], "%s: \"%s\" says not where", name, text);
    CHECK(line == json_get_int(row, "line", 0), "%s: line %d, Go says %d: %s", name, line, (int)json_get_int(row, "line", 0), text);
    CHECK(column > 0, "%s: %s", name, text);
}

static void check_row(const struct cJSON *row)
{
    const char *name = json_get_text(row, "name"), *text = json_get_text(row, "template"), *fails = json_get_text(row, "fails");
    struct template_set *set = template_set_new();
    struct buf out = BUF_EMPTY(64 * 1024);
    struct err err = {0};
    bool parsed = template_set_parse(set, "row", text, strlen(text), &err);

    if (text_equal(fails, "parse"))
        CHECK(!parsed, "%s: was parsed: %s", name, text);
    else
        CHECK(parsed, "%s: %s", name, err.text);
    bool executed = parsed && template_execute(set, "row", data_of(json_get_text(row, "data")), &sample.options, &out, &err);
    if (text_equal(fails, "execute"))
        CHECK(!executed && !out.length, "%s: became \"%s\"", name, buf_text(&out));
    if (fails) {
        check_mistake(row, err.text);
    } else {
        CHECK(executed, "%s: %s", name, err.text);
        CHECK(test_same(buf_text(&out), json_get_text(row, "want")), "%s:\n%s\n got \"%s\"\nwant \"%s\"", name, text, buf_text(&out), json_get_text(row, "want"));
    }
    buf_free(&out);
    template_set_free(set);
}

/* The data hold < and >. A template that writes none itself, and vouches for nothing, lets none through to HTML. */
static size_t check_escaped(const struct cJSON *row)
{
    const char *name = json_get_text(row, "name"), *text = json_get_text(row, "template");
    struct template_options options = sample.options;
    struct buf out = BUF_EMPTY(64 * 1024);

    if (strpbrk(text, "<>") || strstr(text, "safeHtml") || json_get_text(row, "fails"))
        return 0;
    options.escape = &template_escape_html;
    CHECK(template_execute_text(NULL, "row", text, strlen(text), data_of(json_get_text(row, "data")), &options, &out, NULL), "%s", name);
    CHECK(!strpbrk(buf_text(&out), "<>"), "%s: %s", name, buf_text(&out));
    buf_free(&out);
    return strpbrk(json_get_text(row, "want"), "<>") ? 1 : 0;
}

int main(void)
{
    size_t escaped = 0;
    struct cJSON *rows = sample_json("rows.json");

    sample_open(&sample);
    CHECK(json_count(rows) >= ROWS_MIN, "%zu rows", json_count(rows));
    for (const struct cJSON *row = json_first(rows); row; row = json_next(row)) {
        check_row(row);
        escaped += check_escaped(row);
    }
    CHECK(escaped >= 10, "only %zu rows have anything to escape", escaped);
    sample_close(&sample);
    json_close(rows);
    return test_end();
}
