#include "base/buf.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdlib.h>

static void grows_and_stays_closed(void)
{
    struct buf buf = BUF_EMPTY(100000);

    CHECK_TEXT(buf_text(&buf), "");
    CHECK(buf_add_text(&buf, NULL) && buf_add(&buf, NULL, 0), "nothing is always welcome");
    for (int i = 0; i < 10000; i++)
        CHECK(buf_addf(&buf, "%d,", i % 10), "%d", i);
    CHECK_INT(buf.length, 20000);
    CHECK_INT(strlen(buf_text(&buf)), 20000);
    buf_cut(&buf, 4);
    CHECK_TEXT(buf_text(&buf), "0,1,");
    buf_cut(&buf, 100);
    CHECK_TEXT(buf_text(&buf), "0,1,");
    CHECK(buf_add(&buf, "a\0b", 3), "NUL bytes are bytes");
    CHECK_INT(buf.length, 7);
    CHECK(buf_add_char(&buf, '!'), "one more");
    CHECK(memcmp(buf_text(&buf), "0,1,a\0b!", 9) == 0, "closed by a NUL that does not count");
    buf_free(&buf);
    CHECK_INT(buf.limit, 100000);
    CHECK_TEXT(buf_text(&buf), "");
}

static void the_bound_holds(void)
{
    static const struct {
        const char *name;
        size_t limit;
        const char *first, *second;
        bool fits;
        const char *want;
    } rows[] = {
        {"exactly", 6, "abc", "def", true, "abcdef"},
        {"one too many", 5, "abc", "def", false, "abc"},
        {"the first passes it", 2, "abc", "", false, ""},
        {"room for nothing", 0, "", "a", false, ""},
        {"nothing in no room", 0, "", "", true, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int formatted = 0; formatted < 2; formatted++) {
            struct buf buf;
            buf_init(&buf, rows[i].limit);
            bool fits = formatted ? buf_addf(&buf, "%s", rows[i].first) : buf_add_text(&buf, rows[i].first);
            bool both = (formatted ? buf_addf(&buf, "%s", rows[i].second) : buf_add_text(&buf, rows[i].second)) && fits;
            CHECK(both == rows[i].fits && buf.full == !rows[i].fits, "%s", rows[i].name);
            CHECK_TEXT(buf_text(&buf), rows[i].want);
            buf_free(&buf);
        }
}

static void full_stays_full_until_cleared(void)
{
    struct buf buf = BUF_EMPTY(4);

    CHECK(!buf_add_text(&buf, "hello"), "past the bound");
    CHECK(!buf_add_char(&buf, 'h'), "a later add that would fit is refused too: no holes");
    buf_cut(&buf, 0);
    CHECK(buf.full, "a cut does not forget");
    buf_clear(&buf);
    CHECK(!buf.full && buf_add_text(&buf, "four"), "cleared");
    CHECK(!buf_add(&buf, "x", SIZE_MAX), "no overflow of the sum");
    CHECK_TEXT(buf_text(&buf), "four");
    buf_free(&buf);
    CHECK(!buf.full, "freed is empty again");
}

static void taken_memory_is_the_callers(void)
{
    struct buf buf = BUF_EMPTY(10);
    size_t length = 9;

    char *text = buf_take(&buf, &length);
    CHECK_TEXT(text, "");
    CHECK_INT(length, 0);
    free(text);
    buf_add_text(&buf, "abc");
    text = buf_take(&buf, NULL);
    CHECK_TEXT(text, "abc");
    free(text);
    CHECK(buf.length == 0 && buf.limit == 10 && !buf.data, "empty again");
    buf_add_text(&buf, "0123456789x");
    text = buf_take(&buf, &length); /* even of a full one */
    CHECK_TEXT(text, "");
    free(text);
}

int main(void)
{
    grows_and_stays_closed();
    the_bound_holds();
    full_stays_full_until_cleared();
    taken_memory_is_the_callers();
    return test_end();
}
