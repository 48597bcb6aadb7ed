#include "base/text.h"
#include "tests/test.h"

#include <stdlib.h>

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void strangers_text_becomes_utf8(void)
{
    static const struct {
        const char *name, *in;
        size_t length;
        bool valid;
        const char *want;
    } rows[] = {
        {"empty", "", 0, true, ""},
        {"plain", "abc\n\t", 5, true, "abc\n\t"},
        {"all sizes", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, true, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"last of Unicode", "\xf4\x8f\xbf\xbf", 4, true, "\xf4\x8f\xbf\xbf"},
        {"beyond Unicode", "\xf4\x90\x80\x80", 4, false, BAD BAD BAD BAD},
        {"overlong slash", "\xc0\xaf", 2, false, BAD BAD},
        {"overlong in three", "\xe0\x80\xaf", 3, false, BAD BAD BAD},
        {"overlong in four", "\xf0\x80\x80\xaf", 4, false, BAD BAD BAD BAD},
        {"surrogate", "\xed\xa0\x80", 3, false, BAD BAD BAD},
        {"before the surrogates", "\xed\x9f\xbf", 3, true, "\xed\x9f\xbf"},
        {"cut short", "a\xe2\x82", 3, false, "a" BAD BAD},
        {"cut by a letter", "\xc3z", 2, false, BAD "z"},
        {"lone continuation", "\x80z", 2, false, BAD "z"},
        {"never valid", "\xff\xfe", 2, false, BAD BAD},
        {"NUL", "a\0b", 3, true, "a" BAD "b"},
        {"terminal escape", "\x1b[31mred\x07\r", 10, true, "[31mred"},
        {"DEL and C1", "a\x7f\xc2\x9b" "b\xc2\xa0", 7, true, "ab\xc2\xa0"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf out = BUF_EMPTY(100);
        CHECK(text_add_clean(&out, rows[i].in, rows[i].length), "%s", rows[i].name);
        CHECK(test_same(buf_text(&out), rows[i].want), "%s", rows[i].name);
        CHECK(text_is_utf8(rows[i].in, rows[i].length) == rows[i].valid, "%s", rows[i].name);
        CHECK(text_is_utf8(buf_text(&out), out.length), "%s", rows[i].name);
        buf_free(&out);
    }
    struct buf small = BUF_EMPTY(3);
    CHECK(!text_add_clean(&small, "four", 4), "the bound of the buffer holds");
    buf_free(&small);
}

/* No byte sequence of three gets past the cleaning as something else than clean text. */
static void every_three_bytes(void)
{
    static const unsigned char bytes[] = {0, 9, 10, 27, 'a', 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef,
                                          0xf0, 0xf4, 0xf5, 0xff};
    struct buf out = BUF_EMPTY(100);
    size_t wrong = 0;

    for (size_t i = 0; i < sizeof bytes * sizeof bytes * sizeof bytes; i++) {
        char in[3] = {(char)bytes[i % 20], (char)bytes[i / 20 % 20], (char)bytes[i / 400]};
        buf_clear(&out);
        text_add_clean(&out, in, 3);
        wrong += !text_is_utf8(buf_text(&out), out.length) || strlen(buf_text(&out)) != out.length;
        size_t length = out.length;
        char *once = buf_take(&out, NULL);
        text_add_clean(&out, once, length);
        wrong += strcmp(once, buf_text(&out)) != 0; /* clean text stays as it is */
        free(once);
    }
    CHECK_INT(wrong, 0);
    buf_free(&out);
}

/* Every byte at every place of three steps of eight. */
static void plain_text_ends_at_the_first_other_byte(void)
{
    char text[24];
    size_t wrong = 0;

    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < sizeof text; at++) {
            memset(text, 'a', sizeof text);
            text[at] = (char)byte;
            wrong += text_plain(text, sizeof text) != (byte >= 0x20 && byte < 0x7f ? sizeof text : at);
            wrong += text_plain(text, at) != at;
        }
    CHECK_INT(wrong, 0);
}

static void lengths(void)
{
    static const struct {
        const char *in;
        size_t utf16, runes, prefix_of_2;
    } rows[] = {
        {"", 0, 0, 0}, {"a", 1, 1, 1}, {"abc", 3, 3, 2}, {"\xc3\xa9\xc3\xa9\xc3\xa9", 3, 3, 4},
        {"\xe2\x82\xac" "a", 2, 2, 4}, {"\xf0\x9f\x98\x80x\xf0\x9f\x98\x80", 5, 3, 5},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        CHECK_INT(text_utf16_length(rows[i].in), rows[i].utf16);
        CHECK_INT(text_runes(rows[i].in), rows[i].runes);
        CHECK_INT(text_prefix(rows[i].in, 2), rows[i].prefix_of_2);
        CHECK_INT(text_prefix(rows[i].in, 0), 0);
        CHECK_INT(text_prefix(rows[i].in, SIZE_MAX), strlen(rows[i].in));
    }
}

static void comparisons(void)
{
    static const struct {
        const char *a, *b;
        bool equal, secret, starts, ends;
    } rows[] = {
        {"", "", true, true, true, true},         {"a", "", false, false, true, true},
        {"", "a", false, false, false, false},    {"abc", "abc", true, true, true, true},
        {"abc", "ab", false, false, true, false}, {"abc", "bc", false, false, false, true},
        {"aa", "a", false, false, true, true},    {"abab", "ab", false, false, true, true},
        {"ABC", "abc", false, false, false, false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        CHECK(text_equal(rows[i].a, rows[i].b) == rows[i].equal, "equal %zu", i);
        CHECK(text_equal_secret(rows[i].a, rows[i].b) == rows[i].secret, "secret %zu", i);
        CHECK(text_equal_secret(rows[i].b, rows[i].a) == rows[i].secret, "secret, turned, %zu", i);
        CHECK(text_starts(rows[i].a, rows[i].b) == rows[i].starts, "starts %zu", i);
        CHECK(text_ends(rows[i].a, rows[i].b) == rows[i].ends, "ends %zu", i);
    }
    CHECK(text_equal(NULL, NULL) && !text_equal(NULL, "") && !text_equal("", NULL), "NULL equals only NULL");
    CHECK(!text_equal_secret(NULL, NULL) && !text_equal_secret("", NULL), "an absent secret opens nothing");
    CHECK_TEXT(text_or(NULL, "x"), "x");
    CHECK_TEXT(text_or("", "x"), "x");
    CHECK_TEXT(text_or("y", "x"), "y");
}

static void durations(void)
{
    static const struct {
        const char *in;
        int64_t ms; /* -1: refused */
        const char *back;
    } rows[] = {
        {"0", 0, "0"}, {"0s", 0, "0"}, {"500ms", 500, "500ms"}, {"30s", 30000, "30s"}, {"5m", 300000, "5m"},
        {"4h", 14400000, "4h"}, {"90d", 7776000000, "90d"}, {"1w", 604800000, "7d"}, {"1h30m", 5400000, "1h30m"},
        {"90m", 5400000, "1h30m"}, {"1d2h3m4s5ms", 93784005, "1d2h3m4s5ms"}, {"1.5h", 5400000, "1h30m"},
        {"0.25s", 250, "250ms"}, {"1.23456789s", 1234, "1s234ms"}, {"1m1ms", 60001, "1m1ms"},
        {"3600000000ms", 3600000000, "41d16h"}, {"0000000000000000000000000000001s", 1000, "1s"},
        {"", -1, 0}, {"5", -1, 0}, {"00", -1, 0}, {"-5m", -1, 0}, {"+5m", -1, 0}, {"5 m", -1, 0}, {" 5m", -1, 0}, {"5m ", -1, 0},
        {"5x", -1, 0}, {"m", -1, 0}, {"5mm", -1, 0}, {"5M", -1, 0}, {"1h30", -1, 0}, {"1e3s", -1, 0}, {".5s", -1, 0},
        {"1.s", -1, 0}, {"1..5s", -1, 0}, {"5m\n", -1, 0}, {"9223372036854775807w", -1, 0}, {"9223372036854775808ms", -1, 0},
        {"99999999999999999999999999999999999s", -1, 0}, {"9223372036854775807ms1ms", -1, 0}, {"15250284452w", -1, 0},
        {"2305843009213693951ms1ms", -1, 0}, {"99999999999999999999.9w", -1, 0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf back = BUF_EMPTY(100);
        struct err err = {0};
        int64_t ms = -1, again = -2;
        bool ok = text_to_duration(rows[i].in, &ms, &err);
        CHECK(ok == (rows[i].ms >= 0), "\"%s\"", rows[i].in);
        CHECK(ms == rows[i].ms, "\"%s\" is %lld", rows[i].in, (long long)ms);
        CHECK(ok || (err.kind == ERR_INPUT && strstr(err.text, "duration")), "\"%s\": %s", rows[i].in, err.text);
        if (ok) {
            text_add_duration(&back, ms);
            CHECK_TEXT(buf_text(&back), rows[i].back);
            CHECK(text_to_duration(buf_text(&back), &again, NULL) && again == ms, "\"%s\" reads back", buf_text(&back));
        }
        buf_free(&back);
    }
}

static void durations_read_back(void)
{
    uint64_t chance = 1;

    for (int i = 0; i < 5000; i++) {
        struct buf out = BUF_EMPTY(100);
        int64_t ms = (int64_t)((chance = text_hash(&i, sizeof i, chance)) >> (3 + i % 60)), again = -1;
        text_add_duration(&out, ms);
        CHECK(text_to_duration(buf_text(&out), &again, NULL) && again == ms, "%lld as %s", (long long)ms, buf_text(&out));
        buf_free(&out);
    }
    struct buf out = BUF_EMPTY(10);
    text_add_duration(&out, -5);
    CHECK_TEXT(buf_text(&out), "0");
    buf_free(&out);
}

static void sizes_and_numbers(void)
{
    static const struct {
        const char *in;
        long long size, number; /* -1: refused as a size; -99: as a number */
    } rows[] = {
        {"0", 0, 0}, {"512", 512, 512}, {"64KiB", 65536, -99}, {"32MiB", 33554432, -99}, {"1GiB", 1073741824, -99},
        {"1MB", 1000000, -99}, {"7B", 7, -99}, {"-1", -1, -1}, {"", -1, -99}, {" 1", -1, -99}, {"1 ", -1, -99}, {"1 MiB", -1, -99},
        {"1mib", -1, -99}, {"0x10", -1, -99}, {"1.5MiB", -1, -99}, {"MiB", -1, -99}, {"12a", -1, -99},
        {"99999999999999999999", -1, -99}, {"18446744073709551615KiB", -1, -99}, {"9007199254740993", 9007199254740993, 9007199254740993},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        uint64_t size = 0;
        int64_t number = 0;
        struct err err = {0};
        bool ok = text_to_size(rows[i].in, &size, &err);
        CHECK(ok == (rows[i].size >= 0) && (!ok || (long long)size == rows[i].size), "\"%s\" as a size", rows[i].in);
        CHECK(ok || strstr(err.text, "size"), "\"%s\": %s", rows[i].in, err.text);
        ok = text_to_int(rows[i].in, &number, &err);
        CHECK(ok == (rows[i].number != -99) && (!ok || number == rows[i].number), "\"%s\" as a number", rows[i].in);
    }
}

enum escape { TERMINAL, TERMINAL_LINES, HTML, URL, CSV };

static void escapes(void)
{
    static const struct {
        enum escape how;
        const char *in, *want;
    } rows[] = {
        {TERMINAL, "plain \xc3\xa9", "plain \xc3\xa9"},
        {TERMINAL, "\x1b[2J", "\\x1b[2J"},
        {TERMINAL, "a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
        {TERMINAL_LINES, "a\nb\r", "a\nb\\x0d"},
        {TERMINAL, "\xc2\x9b" "31m", "\\xc2\\x9b31m"},
        {TERMINAL, "\xe2\x80\xaegpj.exe", "\\xe2\\x80\\xaegpj.exe"},
        {TERMINAL, "\xe2\x81\xa6x", "\\xe2\\x81\\xa6x"},
        {TERMINAL, "\xff\xc3", "\\xff\\xc3"},
        {HTML, "<a href=\"x\" b='y'>&amp;", "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;"},
        {HTML, "", ""},
        {URL, "aZ09-._~", "aZ09-._~"},
        {URL, "a b/c?d&e=\xc3\xa9%", "a%20b%2Fc%3Fd%26e%3D%C3%A9%25"},
        {URL, "\r\nHost: x", "%0D%0AHost%3A%20x"},
        {CSV, "plain", "plain"},
        {CSV, "", ""},
        {CSV, "a,b", "\"a,b\""},
        {CSV, "say \"hi\"", "\"say \"\"hi\"\"\""},
        {CSV, "two\nlines", "\"two\nlines\""},
        {CSV, "=1+1", "\"'=1+1\""},
        {CSV, "@SUM(A1)", "\"'@SUM(A1)\""},
        {CSV, "-1", "\"'-1\""},
        {CSV, "\t=1", "\"'\t=1\""},
        {CSV, "\n=1", "\"'\n=1\""},
        {CSV, "\r=1", "\"'\r=1\""},
        {CSV, "a=1", "a=1"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf out = BUF_EMPTY(200);
        switch (rows[i].how) {
        case TERMINAL: text_add_terminal(&out, rows[i].in, false); break;
        case TERMINAL_LINES: text_add_terminal(&out, rows[i].in, true); break;
        case HTML: text_add_html(&out, rows[i].in); break;
        case URL: text_add_url(&out, rows[i].in); break;
        case CSV: text_add_csv(&out, rows[i].in); break;
        }
        CHECK_TEXT(buf_text(&out), rows[i].want);
        buf_free(&out);
    }
}

static void hash_spreads(void)
{
    unsigned low[16] = {0};

    CHECK(text_hash("a", 1, 0) == text_hash("a", 1, 0), "the same twice");
    CHECK(text_hash("a", 1, 0) != text_hash("a", 1, 1), "the seed counts");
    CHECK(text_hash("a\0", 2, 0) != text_hash("a", 1, 0), "the length counts");
    for (int i = 0; i < 16000; i++)
        low[text_hash(&i, sizeof i, 7) % 16]++;
    for (size_t i = 0; i < 16; i++)
        CHECK(low[i] > 800 && low[i] < 1200, "bucket %zu has %u of 1000", i, low[i]);
}

static void addresses(void)
{
    static const struct {
        const char *address;
        bool sound;
    } rows[] = {
        {"a@b", true}, {"first.last+tag@example.org", true}, {"o'neill@example.org", true}, {"a@xn--bcher-kva.example", true},
        {"", false}, {"a", false}, {"@b", false}, {"a@", false}, {"a b@c", false}, {"a@b\r\nDATA", false}, {"<a@b>", false},
        {"a@b>", false}, {"\"a\"@b", false}, {"b\xc3\xbc@c", false}, {"a@b,c@d", false}, {"a\\@b", false}, {"a@b@c", false},
    };
    char large[300];

    for (size_t i = 0; i < LENGTH(rows); i++)
        CHECK(text_is_address(rows[i].address) == rows[i].sound, "%s", rows[i].address);
    memset(large, 'a', sizeof large);
    snprintf(large + 253, sizeof large - 253, "@b");
    CHECK(!text_is_address(large), "255 bytes");
}

int main(void)
{
    strangers_text_becomes_utf8();
    every_three_bytes();
    plain_text_ends_at_the_first_other_byte();
    lengths();
    comparisons();
    durations();
    durations_read_back();
    sizes_and_numbers();
    escapes();
    hash_spreads();
    addresses();
    return test_end();
}
