#include "base/err.h"
#include "base/text.h"
#include "tests/test.h"

static void says_what_it_was_told(void)
{
    struct err err = {0};

    CHECK(!err_set(&err, ERR_LIMIT, "%s: %d bytes", "body", 7), "err_set is always false");
    CHECK_INT(err.kind, ERR_LIMIT);
    CHECK_TEXT(err.text, "body: 7 bytes");
    CHECK(!err_set(NULL, ERR_INPUT, "nobody listens"), "NULL is fine");
    CHECK(!err_within(NULL, "nobody listens"), "NULL is fine");
    err_set(&err, ERR_INPUT, "again: %s", err.text);
    CHECK_TEXT(err.text, "again: body: 7 bytes");
}

static void context_goes_before(void)
{
    struct err err = {0};

    err_set(&err, ERR_STORAGE, "disk full");
    CHECK(!err_within(&err, "%s", "turn"), "err_within is always false");
    CHECK_TEXT(err.text, "turn: disk full");
    CHECK_INT(err.kind, ERR_STORAGE);
    err_within(&err, "%s", err.text);
    CHECK_TEXT(err.text, "turn: disk full: turn: disk full");
}

static void long_text_is_cut(void)
{
    static const size_t lengths[] = {508, 509, 510, 511, 512, 513, 4000};
    char text[4001];

    for (size_t i = 0; i < LENGTH(lengths); i++) {
        struct err err = {0};
        memset(text, 'x', sizeof text);
        text[lengths[i]] = '\0';
        err_set(&err, ERR_INPUT, "%s", text);
        CHECK_INT(strlen(err.text), lengths[i] < ERR_TEXT_MAX ? lengths[i] : ERR_TEXT_MAX - 1);
        err_within(&err, "%s", "where");
        CHECK_INT(strlen(err.text), ERR_TEXT_MAX - 1);
        CHECK(text_starts(err.text, "where: xxx"), "%zu: %.20s", lengths[i], err.text);
        err_within(&err, "%s", text);
        CHECK(strlen(err.text) < ERR_TEXT_MAX, "%zu", lengths[i]);
    }
}

int main(void)
{
    says_what_it_was_told();
    context_goes_before();
    long_text_is_cut();
    return test_end();
}
