/* What templates ask of regular expressions: matches, replacements, letters' case, and limits. */
#include "notifier/core/regex.h"

#include "base/text.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define HOSTILE 200 /* letters before the one that spoils the match */

static void test_replaced(void)
{
    static const struct {
        const char *pattern, *with, *text, *want;
    } cases[] = {
        {"a", "x", "banana", "bxnxnx"},
        {"(\\w)(\\w)", "$2$1", "abcde", "badce"},
        {"(?P<n>b)", "<${n}>", "abc", "a<b>c"},
        {"b", "$1x$$", "abc", "a$c"},       /* a group "1x" is none */
        {"x*", "-", "ab", "-a-b-"},
        {"b*", "-", "abb", "-a-"},
        {"", ".", "é☺", ".é.☺."},
        {"(?<=a)", "|", "aab", "a|a|b"},
        {"c$", "!", "c\nc", "c\n!"},
        {"\\xff?b", "!", "a\xff" "b", "a\xff!"}, /* what is not UTF-8 is passed over */
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct err err = {0};
        struct buf out = BUF_EMPTY(100);
        struct regex *regex = regex_open(cases[i].pattern, &err);
        REQUIRE(regex, "%s: %s", cases[i].pattern, err.text);
        CHECK(regex_replace(regex, cases[i].text, strlen(cases[i].text), cases[i].with, &out, &err), "%s: %s", cases[i].pattern, err.text);
        CHECK(test_same(buf_text(&out), cases[i].want), "%s: got \"%s\", want \"%s\"", cases[i].pattern, buf_text(&out), cases[i].want);
        regex_close(regex);
        buf_free(&out);
    }
}

static void test_regex_limits(void)
{
    char text[HOSTILE + 2];
    bool matches = true;
    struct err err = {0};
    struct buf out = BUF_EMPTY(100000);
    struct regex *regex = regex_open("(a+)+$", &err);

    memset(text, 'a', HOSTILE);
    text[HOSTILE] = '!';
    text[HOSTILE + 1] = '\0';
    REQUIRE(regex, "%s", err.text);
    CHECK(!regex_matches(regex, text, HOSTILE + 1, &matches, &err) && err.kind == ERR_LIMIT, "%s", err.text);
    err = (struct err){0};
    CHECK(!regex_replace(regex, text, HOSTILE + 1, "", &out, &err) && err.kind == ERR_LIMIT, "%s", err.text);
    regex_close(regex);
    err = (struct err){0};
    CHECK(!regex_open("a(", &err) && strstr(err.text, "not valid"), "%s", err.text);
    regex = regex_open("", &err);
    char *many = calloc(1, 2 * REGEX_REPLACED_MAX);
    REQUIRE(regex && many, "no regex");
    memset(many, 'a', 2 * REGEX_REPLACED_MAX - 1);
    err = (struct err){0};
    CHECK(!regex_replace(regex, many, strlen(many), "", &out, &err) && err.kind == ERR_LIMIT, "%s", err.text);
    free(many);
    regex_close(regex);
    regex_close(NULL);
    buf_free(&out);
}

static void test_letter_case(void)
{
    static const struct {
        enum letter_case to;
        const char *text, *want;
    } cases[] = {
        {CASE_UPPER, "straße 3 éœж", "STRAßE 3 ÉŒЖ"}, {CASE_LOWER, "ÉŒЖ ABC", "éœж abc"}, {CASE_TITLE, "hello WORLD it's élan", "Hello World It's Élan"},
        {CASE_UPPER, "", ""},                          {CASE_LOWER, "A\xff" "B", "a\xef\xbf\xbd" "b"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buf out = BUF_EMPTY(100);
        regex_add_case(&out, cases[i].text, strlen(cases[i].text), cases[i].to);
        CHECK_TEXT(buf_text(&out), cases[i].want);
        buf_free(&out);
    }
}

/* One text of a configuration's list may hold several. */

int main(void)
{
    test_replaced();
    test_regex_limits();
    test_letter_case();
    return test_end();
}
