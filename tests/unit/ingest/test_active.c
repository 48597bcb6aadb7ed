/* What a source lists as active: whose it is, whether it is silenced there, and what cannot be understood. */
#include "tests/unit/ingest/payload.h"

static const struct active_options options = {"notifier", 7};

#define LIST(more) "[{\"labels\":{\"alertname\":\"A\",\"__alert_rule_uid__\":\"r\"},\"annotations\":{\"summary\":\"s\",\"__orgId__\":\"3\"}," \
                   "\"startsAt\":\"2026-03-14T09:20:53.5Z\",\"endsAt\":\"2026-03-14T09:29:53.5Z\",\"fingerprint\":\"00000000000000aa\"" more "}]"

static bool read_list(const char *text, struct arena *arena, struct active_list *out, struct err *err)
{
    char *copy = strdup(text); /* nothing may point into it */
    bool ok = ingest_active(copy, strlen(copy), &options, arena, out, err);
    free(copy);
    return ok;
}

static void whose_it_is(void)
{
    static const struct {
        const char *name, *text;
        bool ours, suppressed;
    } rows[] = {
        {"one of its receivers", LIST(",\"receivers\":[{\"name\":\"x\"},{\"name\":\"notifier\"}],\"status\":{\"state\":\"active\"}"), true, false},
        {"another receiver's", LIST(",\"receivers\":[{\"name\":\"notifier2\"}],\"status\":{\"state\":\"active\"}"), false, false},
        {"nobody's", LIST(",\"receivers\":[],\"status\":{\"state\":\"active\"}"), false, false},
        {"it does not say", LIST(""), true, false},
        {"silenced", LIST(",\"receivers\":[{\"name\":\"notifier\"}],\"status\":{\"state\":\"suppressed\",\"silencedBy\":[\"s\"]}"), true, true},
        {"not looked at yet", LIST(",\"status\":{\"state\":\"unprocessed\"}"), true, false},
        {"odd receivers", LIST(",\"receivers\":[7,null,{\"name\":8}]"), false, false},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct active_list list;
        struct err err = {0};
        bool ok = read_list(rows[i].text, arena, &list, &err) && list.count == 1;
        CHECK(ok, "%s: %s", rows[i].name, err.text);
        if (ok) {
            const struct alert_input *alert = &list.alerts[0].alert;
            CHECK(list.alerts[0].is_ours == rows[i].ours && list.alerts[0].is_suppressed == rows[i].suppressed, "%s", rows[i].name);
            CHECK_TEXT(alert->fingerprint, "00000000000000aa");
            CHECK_INT(alert->org, 3);
            CHECK_INT(alert->labels.count, 1);
            CHECK_TEXT(labels_get(&alert->annotations, "summary"), "s");
            CHECK_TEXT(alert->rule_uid, "r");
            CHECK_INT(alert->starts_ms, NOW_MS - 360000);
            CHECK(alert->status == ALERT_FIRING && !alert->ends_ms && !alert->expires_ms, "%s: it fires", rows[i].name);
        }
        arena_free(arena);
    }
}

static void the_organisation_of_those_that_name_none(void)
{
    struct arena *arena = arena_new();
    struct active_list list;
    struct err err = {0};

    CHECK(read_list("[{\"labels\":{\"alertname\":\"A\"}}]", arena, &list, &err), "%s", err.text);
    CHECK_INT(list.alerts[0].alert.org, 7);
    CHECK_INT(strlen(list.alerts[0].alert.fingerprint), 16);
    arena_free(arena);
}

/* It cannot be told, but it is there: it is not over. */
static void only_its_fingerprint_can_be_read(void)
{
    struct arena *arena = arena_new();
    struct active_list list;
    struct err err = {0};

    CHECK(read_list("[{\"labels\":{\"a\":{}},\"fingerprint\":\"f1\"},{\"fingerprint\":\"f2\"}]", arena, &list, &err), "%s", err.text);
    CHECK_INT(list.count, 2);
    for (size_t i = 0; i < list.count; i++)
        CHECK(!list.alerts[i].is_ours && !list.alerts[i].alert.labels.count && text_starts(list.alerts[i].alert.fingerprint, "f"), "%zu", i);
    arena_free(arena);
}

static void what_is_no_list(void)
{
    static const struct { const char *text, *want; } rows[] = {
        {"", NULL}, {"<html>", NULL}, {"{\"alerts\":[]}", "expected a JSON list of alerts"}, {"null", "expected a JSON list of alerts"},
        {"[7]", "alert 0: is not an object"}, {"[{}]", "alert 0: has neither labels nor a fingerprint"},
        {"[{\"fingerprint\":\"f\"},{\"labels\":{}}]", "alert 1: has neither labels nor a fingerprint"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct active_list list;
        struct err err = {0};
        CHECK(!read_list(rows[i].text, arena, &list, &err) && err.text[0], "%s", rows[i].text);
        if (rows[i].want)
            CHECK_TEXT(err.text, rows[i].want);
        arena_free(arena);
    }
}

int main(void)
{
    struct arena *arena = arena_new();
    struct active_list list;
    struct err err = {0};

    CHECK(read_list("[]", arena, &list, &err) && !list.count, "%s", err.text);
    arena_free(arena);
    whose_it_is();
    the_organisation_of_those_that_name_none();
    only_its_fingerprint_can_be_read();
    what_is_no_list();
    return test_end();
}
