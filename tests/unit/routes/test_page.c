/* How strangers' texts stand in a page: escaped, in their own direction, cut, and linked only where that is safe. */
#include "base/text.h"
#include "routes/page.h"
#include "routes/timeline.h"
#include "tests/test.h"

#include <stdlib.h>

static struct buf out = BUF_EMPTY(1u << 20);

static const char *words(const char *text)
{
    buf_clear(&out);
    page_add_words(&out, text);
    return buf_text(&out);
}

static const struct { const char *text; bool link; } links[] = {
    {"https://runbooks.example.org/a?b=c&d=e#f", true}, {"http://10.0.0.1:3000/", true}, {"HTTPS://EXAMPLE.ORG", true},
    {"javascript:alert(1)", false}, {"data:text/html,x", false}, {" https://example.org", false}, {"https://", false},
    {"//example.org", false}, {"https://example.org/ and more", false}, {"https://a\"onclick=\"b", false}, {"https://a\nb", false},
    {"https://a<b", false}, {"ftp://example.org", false}, {"", false}, {"https", false},
};

static void which_links(void)
{
    char *far = malloc(5000);

    for (size_t i = 0; i < LENGTH(links); i++) {
        CHECK(page_is_link(links[i].text) == links[i].link, "%s", links[i].text);
        buf_clear(&out);
        page_add_value(&out, links[i].text);
        CHECK(!strstr(buf_text(&out), "href") == !links[i].link, "%s", buf_text(&out));
    }
    memset(far, 'a', 4999);
    far[4999] = '\0';
    memcpy(far, "https://", 8);
    CHECK(!page_is_link(far), "too far");
    free(far);
}

static void which_words(void)
{
    char *long_one = malloc(10001);

    CHECK_TEXT(words("<b>&\"'"), "<bdi>&lt;b&gt;&amp;&quot;&#39;</bdi>");
    CHECK_TEXT(words("\xe2\x80\xae" "abc"), "<bdi>\xe2\x80\xae" "abc</bdi>");
    memset(long_one, 'x', 10000);
    long_one[10000] = '\0';
    CHECK(strlen(words(long_one)) < 500 && strstr(buf_text(&out), "(10000 characters)"), "%s", buf_text(&out));
    memset(long_one, '<', 10000);
    CHECK(!strchr(words(long_one) + 5, '<') || strstr(buf_text(&out), "&lt;</bdi>"), "never inside an entity: %s", buf_text(&out));
    buf_clear(&out);
    page_add_block(&out, long_one);
    CHECK(strstr(buf_text(&out), "<details><summary>10000 characters</summary><pre dir=\"auto\" tabindex=\"0\">&lt;"), "%.100s", buf_text(&out));
    buf_clear(&out);
    page_add_block(&out, "one\ntwo <b>");
    CHECK_TEXT(buf_text(&out), "<pre dir=\"auto\">one\ntwo &lt;b&gt;</pre>");
    free(long_one);
}

/* Half a character at the end of what is shown would be no UTF-8. */
static void a_block_is_cut_between_characters(void)
{
    size_t size = PAGE_BLOCK_MAX + 100;
    char *text = malloc(size + 1);

    for (size_t lead = 0; lead < 2; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 1 < size; i += 2)
            memcpy(text + i, "\xc3\xa4", 2);
        text[size - 1 - lead] = text[size] = '\0';
        buf_clear(&out);
        page_add_block(&out, text);
        CHECK(text_is_utf8(buf_text(&out), out.length), "after %zu", lead);
        CHECK(strstr(buf_text(&out), "&hellip;</pre>"), "after %zu", lead);
    }
    free(text);
}

static void labels_are_bounded(void)
{
    struct policy policy = {.severity_label = "severity"};
    struct config config = {.policy = &policy};
    struct buf text = BUF_EMPTY(1u << 20);
    struct err err;

    buf_add_text(&text, "{\"alertname\":\"x\",\"severity\":\"y\",\"team\":\"a\",\"same\":\"1\"");
    for (int i = 0; i < 100; i++)
        buf_addf(&text, ",\"l%d\":\"v\"", i);
    buf_add_char(&text, '}');
    struct cJSON *labels = json_parse(buf_text(&text), text.length, &err), *without = json_parse("{\"same\":\"1\",\"team\":\"b\"}", 23, &err);
    buf_clear(&out);
    page_add_labels(&out, &config, labels, without);
    CHECK(strstr(buf_text(&out), "<bdi>team</bdi>=<bdi>a</bdi>") && strstr(buf_text(&out), "and 77 more"), "%s", buf_text(&out));
    CHECK(!strstr(buf_text(&out), "same") && !strstr(buf_text(&out), "alertname") && !strstr(buf_text(&out), "severity"), "%s", buf_text(&out));
    json_close(labels);
    json_close(without);
    buf_free(&text);
}

static const struct { double seconds; const char *text; } spans[] = {
    {0, "0 ms"}, {0.0034, "3 ms"}, {0.41, "410 ms"}, {1.24, "1.2 s"}, {61.4, "61 s"}};
static const struct { int64_t number; const char *text; } numbers[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}};

static void figures(void)
{
    for (size_t i = 0; i < LENGTH(spans); i++) {
        buf_clear(&out);
        page_add_seconds(&out, spans[i].seconds);
        CHECK_TEXT(buf_text(&out), spans[i].text);
    }
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        buf_clear(&out);
        page_add_number(&out, numbers[i].number);
        CHECK_TEXT(buf_text(&out), numbers[i].text);
    }
    buf_clear(&out);
    page_add_span(&out, "2026-03-14T09:00:00Z", "2026-03-14T09:47:00Z");
    CHECK_TEXT(buf_text(&out), "47 min");
}

#define TIMELINE(firing, resolved, since, until) \
    "{\"since\":\"" since "\",\"until\":\"" until "\",\"complete\":false,\"completeFrom\":\"" since "\",\"firing\":" firing ",\"resolved\":" resolved "}"

static void add_timeline(const char *text)
{
    struct err err;
    struct cJSON *json = json_parse(text, strlen(text), &err);

    buf_clear(&out);
    timeline_add(&out, json, "/history?status=firing");
    json_close(json);
}

static void a_timeline(void)
{
    add_timeline(TIMELINE("[0,1000,1]", "[0,3,0]", "2026-03-14T09:00:00.000Z", "2026-03-14T12:00:00.000Z"));
    CHECK(strstr(buf_text(&out), "aria-label=\"1001 fired and 3 resolved"), "%s", buf_text(&out));
    CHECK(strstr(buf_text(&out), "href=\"/history?status=firing&amp;since=2026-03-14T10%3A00%3A00.000Z&amp;until=2026-03-14T11%3A00%3A00.000Z\""),
          "%s", buf_text(&out));
    CHECK(strstr(buf_text(&out), "x=\"11\" y=\"0\" width=\"8\" height=\"60\""), "the highest fills it: %s", buf_text(&out));
    CHECK(strstr(buf_text(&out), "x=\"21\" y=\"59\" width=\"8\" height=\"1\""), "one of a thousand is seen: %s", buf_text(&out));
    CHECK(strstr(buf_text(&out), "is not counted"), "%s", buf_text(&out));
    CHECK(!strstr(buf_text(&out), "class=\"unknown\""), "complete from its beginning: %s", buf_text(&out));
    add_timeline("{\"since\":\"2026-03-14T09:00:00.000Z\",\"until\":\"2026-03-14T10:00:00.000Z\",\"complete\":false,"
                 "\"completeFrom\":\"2026-03-14T09:15:00.000Z\",\"firing\":[0,0,0,1],\"resolved\":[0,0,0,0]}");
    CHECK(strstr(buf_text(&out), "class=\"unknown\" x=\"0\" y=\"0\" width=\"10\""), "a quarter of it: %s", buf_text(&out));
    add_timeline(TIMELINE("[1]", "[1]", "2026-03-14T09:00:00.000Z", "2026-03-14T09:00:00.000Z"));
    CHECK(!out.length, "no time at all");
    add_timeline(TIMELINE("[]", "[]", "2026-03-14T09:00:00.000Z", "2026-03-14T10:00:00.000Z"));
    CHECK(!out.length, "no bars");
    add_timeline("{}");
    CHECK(!out.length, "nothing");
}

int main(void)
{
    which_links();
    which_words();
    a_block_is_cut_between_characters();
    labels_are_bounded();
    figures();
    a_timeline();
    buf_free(&out);
    return test_end();
}
