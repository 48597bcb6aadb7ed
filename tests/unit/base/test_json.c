#include "base/json.h"
#include "base/text.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static const struct {
    const char *name, *in;
    size_t length; /* 0: up to the NUL */
    const char *want; /* NULL: refused */
} texts[] = {
    {"object", "{\"a\":1,\"b\":[true,false,null,\"x\"]}", 0, "{\"a\":1,\"b\":[true,false,null,\"x\"]}"},
    {"empties", " [ { } , [ ] , \"\" ]\r\n\t ", 0, "[{},[],\"\"]"},
    {"scalars at the top", "7", 0, "7"},
    {"byte order mark", "\xef\xbb\xbf{}", 0, "{}"},
    {"byte order mark and one digit", "\xef\xbb\xbf" "1", 0, "1"},
    {"whole numbers stay whole", "[100,-1001234567890123,9007199254740992,1e3,-0]", 0, "[100,-1001234567890123,9007199254740992,1000,-0]"},
    {"fractions", "[0.1,-2.5e-3,1e300]", 0, "[0.1,-0.0025,1e+300]"},
    {"too large a number", "1e400", 0, "null"},
    {"markup is defused", "\"</script>&\"", 0, "\"\\u003c/script\\u003e\\u0026\""},
    {"escapes", "\"\\\"\\\\\\/\\n\\t\\u0041\"", 0, "\"\\\"\\\\/\\n\\tA\""},
    {"controls are dropped", "\"a\\u0001\\u001b[31m\\b\\f\\r\\u007f\\u009b\"", 0, "\"a[31m\""},
    {"raw controls are dropped", "\"a\x01\x1b\x7f\"", 0, "\"a\""},
    {"escaped NUL", "\"a\\u0000b\"", 0, "\"a" BAD "b\""},
    {"escaped NUL in a key", "{\"k\\u0000x\":1}", 0, "{\"k" BAD "x\":1}"},
    {"a backslash before u0000", "\"\\\\u0000\"", 0, "\"\\\\u0000\""},
    {"two backslashes, then NUL", "\"\\\\\\u0000\"", 0, "\"\\\\" BAD "\""},
    {"NUL after a quote escape", "\"\\\"\\u0000\"", 0, "\"\\\"" BAD "\""},
    {"raw NUL in a string", "\"a\0b\"", 5, "\"a" BAD "b\""},
    {"pair", "\"\\ud83d\\ude00\"", 0, "\"\xf0\x9f\x98\x80\""},
    {"pair in capitals", "\"\\uD83D\\uDE00\"", 0, "\"\xf0\x9f\x98\x80\""},
    {"lone high", "\"\\ud83d\"", 0, "\"" BAD "\""},
    {"lone high, then text", "\"\\ud83dx\"", 0, "\"" BAD "x\""},
    {"lone high, then a letter's escape", "\"\\ud83d\\u0041\"", 0, "\"" BAD "A\""},
    {"lone high, then NUL", "\"\\ud83d\\u0000\"", 0, "\"" BAD BAD "\""},
    {"two highs and a low", "\"\\ud83d\\ud83d\\ude00\"", 0, "\"" BAD "\xf0\x9f\x98\x80\""},
    {"lone low", "\"\\ude00\"", 0, "\"" BAD "\""},
    {"high, then an escaped backslash", "\"\\ud83d\\\\ude00\"", 0, "\"" BAD "\\\\ude00\""},
    {"invalid bytes", "\"\xff\xc3\"", 0, "\"" BAD BAD "\""},
    {"surrogate bytes in a key", "{\"\xed\xa0\x80\":1}", 0, "{\"" BAD BAD BAD "\":1}"},
    {"quotes hide brackets", "\"[[[[{{{{,,,,\\\"[\"", 0, "\"[[[[{{{{,,,,\\\"[\""},
    {"nothing", "", 0, NULL},
    {"space alone", "  \n", 0, NULL},
    {"byte order mark alone", "\xef\xbb\xbf", 0, NULL},
    {"cut short", "{\"a\":1", 0, NULL},
    {"cut in an escape", "\"\\u00", 0, NULL},
    {"cut after a backslash", "\"\\", 0, NULL},
    {"no hex digits", "\"\\u00zz\"", 0, NULL},
    {"cut in a pair", "\"\\ud83d\\u\"", 0, NULL},
    {"something follows", "{} x", 0, NULL},
    {"another value follows", "1 2", 0, NULL},
    {"NUL follows", "{}\0", 3, NULL},
    {"form feed follows", "{}\f", 0, NULL},
    {"comma at the end", "[1,]", 0, NULL},
    {"single quotes", "{'a':1}", 0, NULL},
    {"comment", "{}//", 0, NULL},
    {"NaN", "NaN", 0, NULL},
    {"unbalanced", "]", 0, NULL},
    {"backslash outside", "\\u0000", 0, NULL},
};

static void parses_and_writes_back(void)
{
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct buf out = BUF_EMPTY(1000);
        struct err err = {0};
        size_t length = texts[i].length ? texts[i].length : strlen(texts[i].in);
        char *exact = malloc(length + !length); /* so that a sanitizer sees a read behind the end */
        memcpy(exact, texts[i].in, length);
        struct cJSON *json = json_parse(exact, length, &err);
        free(exact);
        CHECK((json != NULL) == (texts[i].want != NULL), "%s: %s", texts[i].name, err.text);
        CHECK(json || (err.kind == ERR_INPUT && err.text[0]), "%s", texts[i].name);
        if (json)
            json_add_value(&out, json);
        CHECK(test_same(buf_text(&out), texts[i].want ? texts[i].want : ""), "%s: %s", texts[i].name, buf_text(&out));
        json_close(json);
        buf_free(&out);
    }
    CHECK(!json_parse("{", 1, NULL), "without err");
    json_close(NULL);
}

static void repeat(struct buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_add_text(buf, text);
}

static void bounds(void)
{
    static const struct {
        const char *name, *open, *middle, *close;
        size_t times;
        bool ok;
        size_t values;
    } rows[] = {
        {"64 deep", "[", "1", "]", 64, true, 0},
        {"65 deep", "[", "1", "]", 65, false, 0},
        {"64 objects deep", "{\"a\":", "1", "}", 64, true, 0},
        {"65 objects deep", "{\"a\":", "1", "}", 65, false, 0},
        {"never closed", "[", "", "", 100000, false, 0},
        {"never closed, in objects", "{\"a\":[", "", "", 100000, false, 0},
        {"as many values as may be", "[", "0", "]", 1, true, JSON_VALUES_MAX - 2},
        {"one more", "[", "0", "]", 1, false, JSON_VALUES_MAX - 1},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf text = BUF_EMPTY(4 << 20);
        struct err err = {0};
        repeat(&text, rows[i].open, rows[i].times);
        repeat(&text, "0,", rows[i].values);
        buf_add_text(&text, rows[i].middle);
        repeat(&text, rows[i].close, rows[i].times);
        struct cJSON *json = json_parse(buf_text(&text), text.length, &err);
        CHECK((json != NULL) == rows[i].ok, "%s: %s", rows[i].name, err.text);
        CHECK(json || err.kind == ERR_LIMIT, "%s", rows[i].name);
        struct buf out = BUF_EMPTY(4 << 20);
        if (json)
            json_add_value(&out, json);
        CHECK(!json || test_same(buf_text(&out), buf_text(&text)), "%s is written back", rows[i].name);
        json_close(json);
        buf_free(&text);
        buf_free(&out);
    }
}

static void reading(void)
{
    static const char text[] = "{\"text\":\"t\",\"Text\":\"other\",\"int\":42,\"neg\":-7.9,\"huge\":1e30,\"yes\":true,\"no\":false,"
                               "\"nil\":null,\"list\":[1,2,3],\"text\":\"again\"}";
    struct cJSON *json = json_parse(text, sizeof text - 1, NULL);
    REQUIRE(json, "parses");

    CHECK_TEXT(json_get_text(json, "text"), "t"); /* the first of two */
    CHECK_TEXT(json_get_text(json, "Text"), "other");
    CHECK_TEXT(json_get_text(json, "TEXT"), NULL);
    CHECK_TEXT(json_get_text(json, "int"), NULL);
    CHECK_INT(json_get_int(json, "int", -1), 42);
    CHECK_INT(json_get_int(json, "neg", -1), -7);
    CHECK_INT(json_get_int(json, "huge", -1), -1);
    CHECK_INT(json_get_int(json, "text", -1), -1);
    CHECK(json_get_bool(json, "yes", false) && !json_get_bool(json, "no", true) && json_get_bool(json, "int", true), "bools");
    CHECK(json_is_null(json_get(json, "nil")) && !json_is_null(json_get(json, "absent")) && !json_is_null(NULL), "null is not absent");
    CHECK(json_is_object(json) && !json_is_array(json) && json_is_array(json_get(json, "list")), "kinds");
    CHECK(json_is_number(json_get(json, "int")) && json_is_bool(json_get(json, "no")) && json_is_text(json_get(json, "text")), "kinds");
    CHECK_INT(json_count(json), 10);
    CHECK_INT(json_count(json_get(json, "list")), 3);
    CHECK_INT(json_count(NULL), 0);
    CHECK_TEXT(json_key(json_next(json_first(json))), "Text");
    CHECK(json_number(json_next(json_first(json_get(json, "list"))), 0) == 2, "second of the list");
    CHECK(json_number(NULL, 1.5) == 1.5, "absent");
    CHECK(!json_get(NULL, "a") && !json_get(json_get(json, "list"), "a") && !json_text(NULL) && !json_first(NULL), "NULL is harmless");
    json_close(json);
}

static void writing(void)
{
    struct buf buf = BUF_EMPTY(1000);
    struct json_out out = json_out(&buf);

    json_open(&out, '{');
    json_set_text(&out, "id", "7");
    json_set_int(&out, "n", INT64_MIN);
    json_set_bool(&out, "b", true);
    json_member(&out, "list");
    json_open(&out, '[');
    json_put_int(&out, 1);
    json_open(&out, '[');
    json_shut(&out, ']');
    json_put_null(&out);
    json_put_text(&out, NULL);
    json_put_double(&out, 0.1);
    json_put_double(&out, NAN);
    json_put_double(&out, -INFINITY);
    json_put_raw(&out, "{\"raw\":1}");
    json_open(&out, '{');
    json_shut(&out, '}');
    json_shut(&out, ']');
    json_set_text(&out, "bad \xff\"", "a\x1b\x7f\n<\xc3\xa9");
    json_shut(&out, '}');
    CHECK_TEXT(buf_text(&buf), "{\"id\":\"7\",\"n\":-9223372036854775808,\"b\":true,\"list\":[1,[],null,null,0.1,null,null,{\"raw\":1},{}],"
                               "\"bad " BAD "\\\"\":\"a\\u001b\\u007f\\n\\u003c\xc3\xa9\"}");
    struct cJSON *json = json_parse(buf_text(&buf), buf.length, NULL);
    CHECK(json != NULL, "what is written can be read");
    json_close(json);
    buf_free(&buf);
}

static void doubles_read_back(void)
{
    for (int i = 0; i < 2000; i++) {
        uint64_t bits = text_hash(&i, sizeof i, 3);
        struct buf buf = BUF_EMPTY(100);
        struct json_out out = json_out(&buf);
        double value, again;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        json_put_double(&out, value);
        again = strtod(buf_text(&buf), NULL);
        CHECK(memcmp(&again, &value, sizeof value) == 0, "%s", buf_text(&buf));
        buf_free(&buf);
    }
}

/* Any cut and any changed byte of a text is refused or cleaned, never a crash. */
static void mutilated(void)
{
    static const char text[] = "{\"a\\u0000\":[1.5e3,\"\\ud83d\\ude00\\\\\",{\"b\":null}],\"c\":\"\xf0\x9f\x98\x80\\n\"}";
    static const char bytes[] = "\0\"\\u{}[]:,0\x80\xff";
    size_t unclean = 0;

    for (size_t i = 0; i < sizeof text; i++)
        for (size_t k = 0; k <= sizeof bytes; k++) {
            char copy[sizeof text];
            struct buf out = BUF_EMPTY(10000);
            memcpy(copy, text, sizeof text);
            if (k < sizeof bytes)
                copy[i] = bytes[k];
            struct cJSON *json = json_parse(copy, k < sizeof bytes ? sizeof text - 1 : i, NULL);
            if (json)
                json_add_value(&out, json);
            unclean += !text_is_utf8(buf_text(&out), out.length) || strlen(buf_text(&out)) != out.length;
            struct cJSON *again = json ? json_parse(buf_text(&out), out.length, NULL) : NULL;
            unclean += json && !again;
            json_close(again);
            json_close(json);
            buf_free(&out);
        }
    CHECK_INT(unclean, 0);
}

int main(void)
{
    parses_and_writes_back();
    bounds();
    reading();
    writing();
    doubles_read_back();
    mutilated();
    return test_end();
}
