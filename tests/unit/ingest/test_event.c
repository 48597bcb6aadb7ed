#include "tests/unit/ingest/payload.h"

static const struct {
    const char *name, *body;
    size_t count;
    const char *error; /* part of it; NULL: taken */
} bodies[] = {
    {"a title", "{\"title\":\"Backup failed\"}", 1, NULL},
    {"all of it",
     "{\"title\":\"T\",\"severity\":\"critical\",\"labels\":{\"host\":\"a\"},\"annotations\":{\"x\":\"y\"},\"description\":\"D\","
     "\"status\":\"firing\",\"key\":\"k\",\"url\":\"https://example.org/\"}", 1, NULL},
    {"a list", "[{\"title\":\"A\"},{\"title\":\"B\",\"status\":\"resolved\"}]", 2, NULL},
    {"an empty list", "[]", 0, NULL},
    {"nothing", "", 0, "empty"},
    {"no JSON", "title: x", 0, ""},
    {"no title", "{\"severity\":\"info\"}", 0, "title is missing"},
    {"an empty title", "{\"title\":\"\"}", 0, "title is missing"},
    {"a typo", "{\"title\":\"T\",\"severty\":\"info\"}", 0, "\"severty\" is not known"},
    {"a number for a text", "{\"title\":7}", 0, "title is not a text"},
    {"odd status", "{\"title\":\"T\",\"status\":\"done\"}", 0, "status is neither"},
    {"labels are a list", "{\"title\":\"T\",\"labels\":[]}", 0, "labels is not an object"},
    {"a link that runs", "{\"title\":\"T\",\"url\":\"javascript:1\"}", 0, "url does not begin"},
    {"one bad in a list: none is taken", "[{\"title\":\"A\"},{}]", 0, "events[1]: title is missing"},
    {"a number", "7", 0, "is not an object"},
};

static void bodies_are_read_strictly(void)
{
    for (size_t i = 0; i < LENGTH(bodies); i++) {
        struct arena *arena = arena_new();
        struct ingested got;
        struct err err = {0};
        bool ok = ingest_events(bodies[i].body, strlen(bodies[i].body), NOW_MS, arena, &got, &err);

        CHECK(ok == !bodies[i].error && got.count == bodies[i].count, "%s: %zu %s", bodies[i].name, got.count, err.text);
        CHECK(ok || strstr(err.text, bodies[i].error), "%s: %s", bodies[i].name, err.text);
        arena_free(arena);
    }
}

static const char *fingerprint_of(const char *body, struct arena *arena)
{
    struct ingested got;
    struct err err;

    return ingest_events(body, strlen(body), NOW_MS, arena, &got, &err) && got.count ? got.alerts[0].fingerprint : "";
}

static void the_same_alert_is_found_again(void)
{
    struct arena *arena = arena_new();
    const char *first = fingerprint_of("{\"title\":\"T\",\"severity\":\"info\",\"labels\":{\"a\":\"b\"}}", arena);

    CHECK_INT(strlen(first), 16);
    CHECK_TEXT(fingerprint_of("{\"title\":\"T\",\"severity\":\"critical\",\"labels\":{\"a\":\"b\"},\"status\":\"resolved\"}", arena), first);
    CHECK(strcmp(fingerprint_of("{\"title\":\"T\"}", arena), first) != 0, "other labels are another alert");
    const char *keyed = fingerprint_of("{\"title\":\"T\",\"key\":\"k\"}", arena);
    CHECK_TEXT(fingerprint_of("{\"title\":\"Other\",\"key\":\"k\",\"labels\":{\"x\":\"y\"}}", arena), keyed);
    CHECK(strcmp(keyed, first) != 0, "a key of its own");
    arena_free(arena);
}

static void fields(void)
{
    struct arena *arena = arena_new();
    struct ingested got;
    struct err err;
    const char *body = bodies[1].body;

    if (ingest_events(body, strlen(body), NOW_MS, arena, &got, &err) && got.count == 1) {
        CHECK_TEXT(labels_get(&got.alerts[0].labels, "alertname"), "T");
        CHECK_TEXT(labels_get(&got.alerts[0].labels, "severity"), "critical");
        CHECK_TEXT(labels_get(&got.alerts[0].labels, "host"), "a");
        CHECK_TEXT(labels_get(&got.alerts[0].annotations, "description"), "D");
        CHECK_TEXT(got.alerts[0].generator_url, "https://example.org/");
        CHECK_INT(got.alerts[0].starts_ms, 0);
    } else
        CHECK(got.count == 1, "%s", err.text);

    got = text_ingest("{\"title\":\"T\",\"status\":\"resolved\"}", arena);
    CHECK(got.shape == SHAPE_EVENT && got.count == 1 && got.alerts[0].ends_ms == NOW_MS, "an event on the webhook's path");
    got = text_ingest("{\"title\":\"T\",\"text\":\"a payload template\"}", arena);
    CHECK(got.shape == SHAPE_UNKNOWN && got.quarantine, "is no event");
    arena_free(arena);
}

int main(void)
{
    bodies_are_read_strictly();
    the_same_alert_is_found_again();
    fields();
    return test_end();
}
