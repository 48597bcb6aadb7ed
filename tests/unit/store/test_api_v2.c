/* Alertmanager's lists in parts: put behind one another they are the list, also where a group is longer than a part. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/store/history.h"
#include "tests/unit/store/sample.h"

#define ALERTS 5000
#define FIRST_GROUP 4500 /* of them in the first group */

static const char *muted_names[] = {"nights"};
static const struct history_receiver receivers[] = {{.node_id = "{night}", .name = "duty", .muted_by = muted_names, .muted_count = 1},
                                                    {.node_id = "{}", .name = "all"}};

static void fill(struct store *store)
{
    struct effects effects;
    char name[32];

    effects_init(&effects);
    for (uint64_t group = 1; group <= 2; group++)
        effects_record(&effects, RECORD_GROUP)->group = (struct record_group){
            .id = group, .incident_id = group, .created_ms = SAMPLE_NOW, .node_id = group == 1 ? "{}" : "{night}", .key = "k"};
    for (uint64_t i = 0; i < ALERTS; i++) {
        snprintf(name, sizeof name, i % 100 ? "Down%llu" : "<\u00e9\"\\%llu", (unsigned long long)i);
        struct label items[] = {{"alertname", effects_text(&effects, name)}, {"b", "same"}};
        struct labels labels = {items, 2};
        effects_record(&effects, RECORD_ALERT)->alert = (struct record_alert){
            .id = 100 + i, .domain = "api", .source = "api", .fingerprint = "f", .status = ALERT_FIRING, .seq = 1,
            .starts_ms = SAMPLE_NOW, .changed_ms = SAMPLE_NOW, .labels = effects_labels(&effects, &labels)};
        for (int channel = 0; channel < 2; channel++)
            effects_record(&effects, RECORD_TOLD)->told = (struct record_told){.alert_id = 100 + i, .group_id = i < FIRST_GROUP ? 1 : 2,
                                                                              .channel = channel ? "mail" : "chat", .owed_seq = 1};
    }
    CHECK(sample_commit(store, &effects), "filled");
    effects_free(&effects);
}

static struct cJSON *list(struct history *history, struct history_query query, size_t *parts)
{
    struct buf all = BUF_EMPTY(16u << 20);
    struct err err = {0};

    query.now_ms = SAMPLE_NOW;
    query.receivers = receivers;
    query.receiver_count = 2;
    if (parts)
        query.walk = history_walk_new();
    do {
        struct buf part = BUF_EMPTY(16u << 20);
        CHECK(history_run(history, &query, &part, &err), "%s", err.text);
        buf_add(&all, buf_text(&part), part.length);
        buf_free(&part);
        if (parts)
            ++*parts;
    } while (parts && !history_walk_ended(query.walk));
    history_walk_free(query.walk);
    struct cJSON *json = json_parse(buf_text(&all), all.length, &err);
    CHECK(json, "%s", err.text);
    buf_free(&all);
    return json;
}

static size_t muted_of(const struct cJSON *alerts)
{
    size_t muted = 0;

    for (const struct cJSON *alert = json_first(alerts); alert; alert = json_next(alert))
        muted += json_count(json_get(json_get(alert, "status"), "mutedBy"));
    return muted;
}

static void test_parts(struct history *history)
{
    size_t parts = 0;
    struct cJSON *json = list(history, (struct history_query){.list = LIST_API_ALERTS}, &parts);

    CHECK_INT(json_count(json), ALERTS);
    CHECK_INT(parts, 3);
    CHECK_INT(muted_of(json), ALERTS - FIRST_GROUP);
    json_close(json);
    json = list(history, (struct history_query){.list = LIST_API_ALERTS}, NULL);
    CHECK_INT(json_count(json), ALERTS);
    json_close(json);
    parts = 0;
    json = list(history, (struct history_query){.list = LIST_API_GROUPS}, &parts);
    const struct cJSON *first = json_first(json), *second = json_next(first);
    CHECK_INT(json_count(json), 2);
    CHECK_INT(parts, 3);
    CHECK_INT(json_count(json_get(first, "alerts")), FIRST_GROUP);
    CHECK_INT(json_count(json_get(second, "alerts")), ALERTS - FIRST_GROUP);
    CHECK_INT(muted_of(json_get(second, "alerts")), ALERTS - FIRST_GROUP);
    CHECK_TEXT(json_get_text(json_get(second, "receiver"), "name"), "duty");
    json_close(json);
}

/* What is looked for in labels as they are stored is found whatever has to be escaped there. */
static void test_filters(struct history *history)
{
    static const struct {
        const char *name;
        struct history_query query;
        size_t count;
    } rows[] = {
        {"a value", {.matchers = {"b=same"}, .matcher_count = 1}, ALERTS},
        {"half of a value", {.matchers = {"b=sam"}, .matcher_count = 1}, 0},
        {"escaped in the file", {.matchers = {"alertname=\"<\u00e9\\\"\\\\200\""}, .matcher_count = 1}, 1},
        {"no value", {.matchers = {"c=\"\""}, .matcher_count = 1}, ALERTS},
        {"two", {.matchers = {"b=same", "alertname=Down7"}, .matcher_count = 2}, 1},
        {"another label's", {.matchers = {"a=same"}, .matcher_count = 1}, 0},
        {"not this one", {.matchers = {"alertname!=Down7"}, .matcher_count = 1}, ALERTS - 1},
        {"a receiver", {.receiver_regex = "du.*"}, ALERTS - FIRST_GROUP},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct history_query query = rows[i].query;
        size_t parts = 0, in_groups = 0;
        query.list = LIST_API_ALERTS;
        struct cJSON *json = list(history, query, &parts);
        CHECK(json_count(json) == rows[i].count, "%s: %zu", rows[i].name, json_count(json));
        json_close(json);
        query.list = LIST_API_GROUPS;
        json = list(history, query, &parts);
        for (const struct cJSON *group = json_first(json); group; group = json_next(group))
            in_groups += json_count(json_get(group, "alerts"));
        CHECK(in_groups == rows[i].count, "%s, by group: %zu", rows[i].name, in_groups);
        json_close(json);
    }
    struct cJSON *json = list(history, (struct history_query){.list = LIST_API_GROUPS, .hide_muted = true}, NULL);
    CHECK_INT(json_count(json), 1);
    json_close(json);
}

static void test_nothing(struct history *history)
{
    for (int i = 0; i < 2; i++) {
        size_t parts = 0;
        struct cJSON *json = list(history, (struct history_query){.list = i ? LIST_API_GROUPS : LIST_API_ALERTS}, &parts);
        CHECK_INT(json_count(json), 0);
        CHECK_INT(parts, 1);
        json_close(json);
    }
}

int main(void)
{
    struct err err = {0};

    sample_begin();
    struct store store = sample_open(&err);
    CHECK(store.commit, "%s", err.text);
    struct history *history = history_open(sample_path);
    test_nothing(history);
    fill(&store);
    test_parts(history);
    test_filters(history);
    history_close(history);
    sample_close(&store);
    sample_end();
    return test_end();
}
