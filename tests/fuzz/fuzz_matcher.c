/* A matcher, a newline, and label values: what is parsed is written back to the same matcher, and matching ends. */
#include "notifier/core/matcher.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct err err = {0};

    FUZZ_CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';
    char *value = strchr(text, '\n');
    if (value)
        *value++ = '\0';
    struct matcher *matcher = matcher_parse(text, &err), *again;
    if (matcher) {
        struct buf canonical = BUF_EMPTY(1u << 20);
        struct label label = {matcher_name(matcher), value ? value : ""};
        struct labels labels = {&label, label.value[0] ? 1 : 0};
        bool hit = matcher_matches(matcher, &labels);
        matcher_write(matcher, &canonical);
        again = matcher_parse(buf_text(&canonical), &err);
        FUZZ_CHECK(again && matcher_kind(again) == matcher_kind(matcher));
        FUZZ_CHECK(strcmp(matcher_name(again), matcher_name(matcher)) == 0 && strcmp(matcher_value(again), matcher_value(matcher)) == 0);
        FUZZ_CHECK(matcher_matches(again, &labels) == hit);
        matcher_close(again);
        buf_free(&canonical);
    } else
        FUZZ_CHECK(err.text[0]);
    matcher_close(matcher);
    free(text);
    return 0;
}
