/* When a sign of life goes out, and when it had better stay away. */
#include "notifier/heartbeat.h"
#include "tests/test.h"

static const struct {
    const char *name;
    struct notifier_health health;
    const char *want; /* NULL: it goes out */
} rows[] = {
    {"all well", {.accepting = true, .channel_count = 1}, NULL},
    {"one of two is up", {.accepting = true, .channel_count = 2, .channels = {{.name = "a", .refused = true}, {.name = "b"}}}, NULL},
    {"refused", {.accepting = true, .channel_count = 1, .channels = {{.name = "a", .refused = true}}}, "no channel takes messages"},
    {"failing", {.accepting = true, .channel_count = 1, .channels = {{.name = "a", .failures = 1}}}, "no channel takes messages"},
    {"no channel at all", {.accepting = true}, "no channel takes messages"},
    {"a failing disk", {.accepting = true, .storage_failed = true, .channel_count = 1}, "alerts cannot be stored"},
    {"full", {.accepting = false, .channel_count = 1}, "no more alerts are taken"},
};

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *got = heartbeat_trouble(&rows[i].health);
        CHECK(test_same(got, rows[i].want), "%s: %s", rows[i].name, got ? got : "goes out");
    }
    return test_end();
}
