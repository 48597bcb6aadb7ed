/* What becomes a link, figures in words, and the picture of a timeline. How strangers' texts stand in a page: test_markup.c. */
#include "base/text.h"
#include "routes/page.h"
#include "routes/timeline.h"
#include "tests/test.h"

#include <stdlib.h>

static struct buf out = BUF_EMPTY(1u << 20);

static const struct { const char *text; bool link; } links[] = {
    {"https://runbooks.example.org/a?b=c&d=e#f", true}, {"http://10.0.0.1:3000/", true}, {"HTTPS://EXAMPLE.ORG", true},
    {"javascript:alert(1)", false}, {"data:text/html,x", false}, {" https://example.org", false}, {"https://", false},
    {"//example.org", false}, {"https://example.org/ and more", false}, {"https://a\"onclick=\"b", false}, {"https://a\nb", false},
    {"https://a<b", false}, {"ftp://example.org", false}, {"", false}, {"https", false},
};

static void which_links(void)
{
    char *far = malloc(5000);

    for (size_t i = 0; i < LENGTH(links); i++)
        CHECK(page_is_link(links[i].text) == links[i].link, "%s", links[i].text);
    memset(far, 'a', 4999);
    far[4999] = '\0';
    memcpy(far, "https://", 8);
    CHECK(!page_is_link(far), "too far");
    free(far);
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
    figures();
    a_timeline();
    buf_free(&out);
    return test_end();
}
