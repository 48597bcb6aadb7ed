#include "base/text.h"
#include "notifier/core/matcher.h"
#include "tests/test.h"

#include <stdlib.h>

#define HOSTILE 200 /* letters before the one that spoils the match */

static struct label host_items[] = {
    {"alertname", "HighCPU"}, {"instance", "web-01:9100"}, {"lines", "one\ntwo"}, {"path", "C:\\logs"}, {"said", "say \"hi\""},
    {"severity", "critical"}, {"team", "infra"}, {"town", "Köln"},
};
static const struct labels host = {host_items, LENGTH(host_items)};

static const struct {
    const char *text;
    bool matches;
} matching[] = {
    /* = and != compare whole values */
    {"severity=\"critical\"", true},
    {"severity=critical", true},
    {"severity=\"critica\"", false},
    {"severity=\"Critical\"", false},
    {"severity!=\"critical\"", false},
    {"severity!=\"warning\"", true},
    {"severity = \"critical\"", true},
    {"  severity  =  critical  ", true},
    {"instance=web-01:9100", true},
    {"\"severity\"=\"critical\"", true},
    /* =~ and !~ are anchored at both ends */
    {"severity=~\"crit.*\"", true},
    {"severity=~\"crit\"", false},
    {"severity=~\"ritical\"", false},
    {"severity=~\".*itica.*\"", true},
    {"severity!~\"crit\"", true},
    {"severity!~\"crit.*\"", false},
    {"team=~infra|data", true},
    {"team=~data|infra", true},
    {"team=~\"inf|data\"", false}, /* the alternation stands inside the anchors */
    {"team=~\"data|inf\"", false},
    {"team=~\"(?i)INFRA\"", true},
    {"severity=~\".{8}\"", true},
    {"town=~\"K.ln\"", true}, /* one letter, not one byte */
    {"lines=~\"one.two\"", true},
    {"lines=~\"one\"", false}, /* an end of line is no end */
    {"lines=~\"one\\ntwo\"", true},
    {"severity=~\"\"", false},
    /* quotes and escapes */
    {"said=\"say \\\"hi\\\"\"", true},
    {"path=\"C:\\\\logs\"", true},
    {"path=~\"C:\\\\\\\\logs\"", true},
    {"lines=\"one\\ntwo\"", true},
    {"instance=~\"web-\\\\d+:9100\"", true},
    {"instance=~web-\\d+:9100", true}, /* bare: taken as it stands */
    {"team=\"in,fra\"", false},
    /* a missing label is "" */
    {"nothing=\"\"", true},
    {"nothing=", true},
    {"nothing!=\"\"", false},
    {"nothing!=\"x\"", true},
    {"nothing=\"x\"", false},
    {"nothing=~\"\"", true},
    {"nothing=~\".*\"", true},
    {"nothing=~\".+\"", false},
    {"nothing!~\".+\"", true},
    {"nothing!~\"x?\"", false},
    {"severity=\"\"", false},
    {"severity!=\"\"", true},
};

static void test_matching(void)
{
    for (size_t i = 0; i < LENGTH(matching); i++) {
        struct err err = {0};
        struct matcher *matcher = matcher_parse(matching[i].text, &err);
        CHECK(matcher != NULL, "%s: %s", matching[i].text, err.text);
        if (!matcher)
            continue;
        bool got = matcher_matches(matcher, &host);
        CHECK(got == matching[i].matches, "%s: got %d, want %d", matching[i].text, got, matching[i].matches);
        matcher_close(matcher);
    }
}

/* What is read, and that it is written canonically and read back the same. */
static const struct {
    const char *text, *name;
    enum matcher_kind kind;
    const char *value, *written;
} written[] = {
    {"a=b", "a", MATCH_EQUAL, "b", "a=\"b\""},
    {" a != b ", "a", MATCH_NOT_EQUAL, "b", "a!=\"b\""},
    {"a=~\"b|c\"", "a", MATCH_REGEX, "b|c", "a=~\"b|c\""},
    {"a!~b.*", "a", MATCH_NOT_REGEX, "b.*", "a!~\"b.*\""},
    {"a=", "a", MATCH_EQUAL, "", "a=\"\""},
    {"a=\"\"", "a", MATCH_EQUAL, "", "a=\"\""},
    {"a=\"\\\"\"", "a", MATCH_EQUAL, "\"", "a=\"\\\"\""},
    {"a=\"\\\\\"", "a", MATCH_EQUAL, "\\", "a=\"\\\\\""},
    {"a=\"x\\ny\"", "a", MATCH_EQUAL, "x\ny", "a=\"x\\ny\""},
    {"a=~\"\\\\d+\"", "a", MATCH_REGEX, "\\d+", "a=~\"\\\\d+\""},
    {"a=b c", "a", MATCH_EQUAL, "b c", "a=\"b c\""},
    {"a=b=c", "a", MATCH_EQUAL, "b=c", "a=\"b=c\""},
    {"\"odd \\\"name\\\"\"=b", "odd \"name\"", MATCH_EQUAL, "b", "\"odd \\\"name\\\"\"=\"b\""}, /* written bare, it could not be read again */
    {"a=\" b \"", "a", MATCH_EQUAL, " b ", "a=\" b \""},
};

static void check_written(size_t i, const char *text)
{
    struct buf out = BUF_EMPTY(1000);
    struct err err = {0};
    struct matcher *matcher = matcher_parse(text, &err);

    REQUIRE(matcher, "%s: %s", text, err.text);
    CHECK_TEXT(matcher_name(matcher), written[i].name);
    CHECK_INT(matcher_kind(matcher), written[i].kind);
    CHECK_TEXT(matcher_value(matcher), written[i].value);
    matcher_write(matcher, &out);
    CHECK_TEXT(buf_text(&out), written[i].written);
    buf_free(&out);
    matcher_close(matcher);
}

static void test_written(void)
{
    for (size_t i = 0; i < LENGTH(written); i++) {
        check_written(i, written[i].text);
        check_written(i, written[i].written);
    }
}

static const struct {
    const char *text, *words; /* words: what the error says among others */
} bad[] = {
    {"", "expected label=value"},
    {"severity", "expected label=value"},
    {"=\"critical\"", "expected label=value"},
    {"severity~\"critical\"", "expected label=value"},
    {"severity>\"1\"", "expected label=value"},
    {"se verity=\"x\"", "expected label=value"},
    {"severity=\"critical", "closing quote"},
    {"\"severity=critical", "closing quote"},
    {"severity=\"\\q\"", "no escape"},
    {"severity=\"\\", "no escape"},
    {"severity=\"a\" b", "left over"},
    {"severity=\"a\",team=\"b\"", "left over"},
    {"severity=a,team=b", "left over"},
    {"severity=a\"b\"", "left over"},
    {"severity=~\"(\"", "not valid"},
    {"severity=~\"[\"", "not valid"},
    {"severity=~\"*a\"", "not valid"},
    {"severity!~\"a)\"", "not valid"},
    {"severity=~\"\\\\C\"", "not valid"},
};

static void test_bad(void)
{
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct err err = {0};
        struct matcher *matcher = matcher_parse(bad[i].text, &err);
        CHECK(matcher == NULL, "%s: was read", bad[i].text);
        CHECK_INT(err.kind, ERR_INPUT);
        CHECK(strstr(err.text, bad[i].words), "%s: got \"%s\", want \"%s\" in it", bad[i].text, err.text, bad[i].words);
        CHECK(strstr(err.text, "matcher"), "%s: got \"%s\"", bad[i].text, err.text);
        matcher_close(matcher);
    }
}

static void test_too_long(void)
{
    static char text[5000];
    struct err err = {0};

    memset(text, 'a', sizeof text - 1);
    text[3] = '=';
    CHECK(matcher_parse(text, &err) == NULL, "5000 bytes were read");
    CHECK_INT(err.kind, ERR_LIMIT);
    CHECK(strstr(err.text, "longer than"), "%s", err.text);
    err = (struct err){0};
    CHECK(matcher_new("a", MATCH_EQUAL, text, &err) == NULL, "5000 bytes were taken");
    CHECK_INT(err.kind, ERR_LIMIT);
}

/* Nested repeats over a value that almost matches: without a limit this would not come back. */
static void test_catastrophic(void)
{
    static const char *const patterns[] = {"(a+)+$", "(a|aa)+$", "(a*)*b", "([a-z]+)*[0-9]"};
    char value[HOSTILE + 2];
    struct label item = {"a", value};
    struct labels labels = {&item, 1};

    memset(value, 'a', HOSTILE);
    value[HOSTILE] = '!';
    value[HOSTILE + 1] = '\0';
    for (size_t i = 0; i < LENGTH(patterns); i++) {
        struct err err = {0};
        struct matcher *regex = matcher_new("a", MATCH_REGEX, patterns[i], &err);
        struct matcher *none = matcher_new("a", MATCH_NOT_REGEX, patterns[i], &err);
        REQUIRE(regex && none, "%s: %s", patterns[i], err.text);
        CHECK(!matcher_matches(regex, &labels), "%s matches", patterns[i]);
        CHECK(matcher_matches(none, &labels), "!~ %s does not match", patterns[i]);
        matcher_close(regex);
        matcher_close(none);
    }
}

static void test_empty(void)
{
    static const struct {
        const char *text;
        bool matches;
    } cases[] = {{"a=\"\"", true},    {"a=\"x\"", false}, {"a!=\"x\"", true},  {"a!=\"\"", false},
                 {"a=~\"x?\"", true}, {"a=~\"x\"", false}, {"a!~\"x\"", true}, {"a!~\".*\"", false}};

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct matcher *matcher = matcher_parse(cases[i].text, NULL);
        REQUIRE(matcher, "%s", cases[i].text);
        CHECK(matcher_matches_empty(matcher) == cases[i].matches, "%s", cases[i].text);
        matcher_close(matcher);
    }
    matcher_close(NULL);
}

static void test_several(void)
{
    static const struct {
        const char *text, *want; /* NULL: refused */
    } rows[] = {
        {"a=b", "a=\"b\" "}, {"{a=b}", "a=\"b\" "}, {"a=b,c!=d", "a=\"b\" c!=\"d\" "}, {" { a=\"x,y\" , c=~\"}|,\", } ", "a=\"x,y\" c=~\"}|,\" "},
        {"a=b,", "a=\"b\" "}, {"a=\"q\\\",\",b=c", "a=\"q\\\",\" b=\"c\" "}, {"a=b,,c=d", NULL}, {",a=b", NULL}, {"{a=b", NULL}, {"{}", NULL}, {"", NULL}, {"a=b,c", NULL},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct matcher *matchers[MATCHERS_MAX];
        struct buf out = BUF_EMPTY(4096);
        struct err err = {0};
        size_t count = 0;
        bool ok = matchers_parse(rows[i].text, matchers, &count, &err);
        CHECK(ok == (rows[i].want != NULL), "%s: %s", rows[i].text, err.text);
        for (size_t m = 0; ok && m < count; m++) {
            matcher_write(matchers[m], &out);
            buf_add_char(&out, ' ');
            matcher_close(matchers[m]);
        }
        if (ok)
            CHECK_TEXT(buf_text(&out), rows[i].want);
        buf_free(&out);
    }
}

int main(void)
{
    test_matching();
    test_written();
    test_several();
    test_bad();
    test_too_long();
    test_catastrophic();
    test_empty();
    return test_end();
}
