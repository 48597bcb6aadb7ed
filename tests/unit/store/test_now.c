/* What the first page is made of: what fires by group, worst first, and how fast the last hour was. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/store/history.h"
#include "notifier/store/page.h"
#include "tests/unit/store/sample.h"

static struct history *history;
static struct buf out = BUF_EMPTY(16u << 20);

static struct cJSON *ask_for(const struct history_query *query)
{
    struct err err = {0};

    buf_clear(&out);
    CHECK(history_run(history, query, &out, &err), "%s", err.text);
    struct cJSON *json = json_parse(buf_text(&out), out.length, &err);
    CHECK(json, "%s: %s", err.text, buf_text(&out));
    return json;
}

static struct cJSON *run(enum history_list list, int64_t now_ms)
{
    return ask_for(&(struct history_query){.list = list, .now_ms = now_ms});
}

static void add_alert(struct effects *effects, uint64_t id, uint64_t group, const char *severity, const char *rule)
{
    struct label items[] = {{"alertname", "Down"}, {"severity", severity}};
    struct labels labels = {items, 2};

    effects_record(effects, RECORD_ALERT)->alert = (struct record_alert){
        .id = id, .domain = "grafana", .source = "main", .org = 1, .fingerprint = "f", .status = ALERT_FIRING, .seq = 1,
        .starts_ms = SAMPLE_NOW - (int64_t)(id % 100) * 1000, .changed_ms = SAMPLE_NOW, .labels = effects_labels(effects, &labels)};
    effects_record(effects, RECORD_TRANSITION)->transition = (struct record_transition){
        .alert_id = id, .seq = 1, .status = ALERT_FIRING, .at_ms = SAMPLE_NOW, .source = "main", .rule = rule};
    for (int channel = 0; group && channel < 2; channel++)
        effects_record(effects, RECORD_TOLD)->told = (struct record_told){
            .alert_id = id, .group_id = group, .channel = channel ? "mail" : "chat", .owed_seq = 1, .owed_ms = SAMPLE_NOW};
}

static void add_group(struct effects *effects, uint64_t id, const char *reference, unsigned severity, const char *severity_name)
{
    effects_record(effects, RECORD_GROUP)->group = (struct record_group){
        .id = id, .incident_id = id + 1, .created_ms = SAMPLE_NOW, .node_id = "{}", .key = reference};
    effects_record(effects, RECORD_INCIDENT)->incident = (struct record_incident){
        .id = id + 1, .group_id = id, .reference = reference, .opened_ms = SAMPLE_NOW, .severity = severity,
        .severity_name = severity_name, .title = "Down"};
}

static void add_delivery(struct effects *effects, uint64_t id, const char *channel, enum settled state, int64_t accepted_ms,
                         int64_t took_ms, const char *only_test)
{
    effects_record(effects, RECORD_DELIVERY)->delivery = (struct record_delivery){
        .id = id, .group_id = id, .channel = channel, .state = state, .opened_ms = accepted_ms, .accepted_ms = accepted_ms,
        .due_ms = accepted_ms, .settled_ms = state == SETTLED_OPEN ? 0 : accepted_ms + took_ms, .message_id = id,
        .words = state == SETTLED_DEAD ? "gone" : NULL, .only_test = only_test};
    for (uint64_t attempt = 1; attempt <= 2; attempt++)
        effects_record(effects, RECORD_ATTEMPT)->attempt = (struct record_attempt){
            .id = id + attempt, .delivery_id = id, .message_id = id, .part_count = 1, .channel = channel,
            .started_ms = accepted_ms + took_ms, .ended_ms = accepted_ms + took_ms + 1, .outcome = OUTCOME_TAKEN};
}

static void fill(struct store *store)
{
    struct effects effects;

    effects_init(&effects);

    add_group(&effects, 100, "MILD", 2, "info");
    add_group(&effects, 200, "WORS", 0, "critical");
    for (uint64_t i = 0; i < 7; i++)
        add_alert(&effects, 300 + i, 200, "critical", NULL);
    add_alert(&effects, 310, 100, "info", NULL);
    add_alert(&effects, 320, 0, "info", "silence 7 by anna");
    for (uint64_t i = 0; i < 99; i++)
        add_delivery(&effects, 1000 + 10 * i, "chat", SETTLED_DELIVERED, SAMPLE_NOW - 1000000, (int64_t)(i + 1) * 10, NULL);
    add_delivery(&effects, 3000, "mail", SETTLED_DELIVERED, SAMPLE_NOW - 1000000, 61000, NULL);
    add_delivery(&effects, 3010, "mail", SETTLED_DEAD, SAMPLE_NOW - 1000000, 5, NULL);
    add_delivery(&effects, 3020, "chat", SETTLED_DELIVERED, SAMPLE_NOW - 1000000, 500000, "chat");
    add_delivery(&effects, 3030, "chat", SETTLED_DELIVERED, SAMPLE_NOW - 9000000, 5, NULL);
    add_delivery(&effects, 3040, "mail", SETTLED_OPEN, SAMPLE_NOW - 61000, 0, NULL);
    add_delivery(&effects, 3070, "chat", SETTLED_OPEN, SAMPLE_NOW - 90000, 0, NULL); /* taken; an edit beside it waits */
    for (uint32_t part = 0; part < 2; part++)
        effects_record(&effects, RECORD_PART)->part = (struct record_part){
            .message_id = 3070, .index = (uint16_t)part, .kind = part ? PART_EDIT : PART_POST, .state = part ? PART_WAITING : PART_DELIVERED, .optional = part};
    add_delivery(&effects, 3050, "mail", SETTLED_OPEN, SAMPLE_NOW - 1000, 0, NULL);
    effects_record(&effects, RECORD_DELIVERY)->delivery = (struct record_delivery){
        .id = 3060, .group_id = 200, .channel = "chat", .opened_ms = SAMPLE_NOW, .accepted_ms = SAMPLE_NOW, .due_ms = SAMPLE_NOW};
    for (uint64_t attempt = 1; attempt <= 2; attempt++)
        effects_record(&effects, RECORD_ATTEMPT)->attempt = (struct record_attempt){
            .id = 3060 + attempt, .delivery_id = 3060, .channel = "chat", .started_ms = SAMPLE_NOW - 9000000, .ended_ms = SAMPLE_NOW,
            .outcome = OUTCOME_FAILED};
    effects_record(&effects, RECORD_TARGET)->target = (struct record_target){
        .channel = "hook", .failures = 3, .not_before_ms = SAMPLE_NOW + 5000, .last_error_ms = SAMPLE_NOW, .last_error = "403 <b>"};
    CHECK(sample_commit(store, &effects), "filled");
    effects_free(&effects);
}

static const struct cJSON *nth(const struct cJSON *list, size_t n)
{
    const struct cJSON *at = json_first(list);

    while (n-- && at)
        at = json_next(at);
    return at;
}

static void test_now(void)
{
    struct cJSON *json = run(LIST_NOW, SAMPLE_NOW);
    const struct cJSON *groups = json_get(json, "groups"), *worst = nth(groups, 0), *alone = json_get(json, "alone");

    CHECK_INT(json_get_int(json, "firing", 0), 9);
    CHECK_INT(json_count(json_get(json, "severities")), 2);
    CHECK_INT(json_count(groups), 2);
    CHECK_TEXT(json_get_text(worst, "reference"), "WORS");
    CHECK_INT(json_get_int(worst, "firing", 0), 7);
    CHECK_TEXT(json_get_text(worst, "since"), "2023-11-14T22:13:14.000Z"); /* the first of its alerts began before it was heard of */
    CHECK_INT(json_count(json_get(worst, "alerts")), 5);
    CHECK_TEXT(json_get_text(nth(json_get(worst, "alerts"), 0), "id"), "306");
    CHECK_TEXT(json_get_text(nth(groups, 1), "reference"), "MILD");
    CHECK_INT(json_get_int(nth(groups, 1), "firing", 0), 1);
    CHECK_INT(json_get_int(alone, "firing", 0), 1);
    CHECK_TEXT(json_get_text(nth(json_get(alone, "alerts"), 0), "rule"), "silence 7 by anna");
    json_close(json);
}

static void test_speed(void)
{
    struct cJSON *json = run(LIST_CHANNELS, SAMPLE_NOW);
    const struct cJSON *speed = json_get(json, "speed"), *channels = json_get(json, "channels");

    CHECK_INT(json_get_int(speed, "delivered", 0), 100);
    CHECK_INT(json_get_int(speed, "deliveredInTime", 0), 99);
    CHECK_INT(json_get_int(speed, "dead", 0), 1);
    CHECK_INT(json_get_int(speed, "waitingTooLong", 0), 1);
    CHECK(json_number(json_get(speed, "p50"), 0) == 0.5, "%s", buf_text(&out));
    CHECK(json_number(json_get(speed, "p99"), 0) == 0.99, "%s", buf_text(&out));
    CHECK(json_number(json_get(speed, "max"), 0) == 61, "%s", buf_text(&out));
    double share = json_number(json_get(speed, "share"), 0);
    CHECK(share > 0.9705 && share < 0.9707, "99 of 102: %f", share);
    CHECK_INT(json_get_int(json, "dead", 0), 1);
    CHECK_INT(json_count(channels), 3);
    CHECK_TEXT(json_get_text(nth(channels, 0), "channel"), "hook");
    CHECK_TEXT(json_get_text(nth(channels, 0), "lastError"), "403 <b>");
    CHECK_TEXT(json_get_text(nth(channels, 0), "notBefore"), "2023-11-14T22:13:25.000Z");
    CHECK(json_is_null(json_get(json_get(nth(channels, 0), "speed"), "share")), "nothing was to be sent");
    CHECK_INT(json_get_int(nth(channels, 1), "requestsLastMinute", -1), 2);
    json_close(json);
    json = run(LIST_CHANNELS, SAMPLE_NOW + 6000);
    CHECK(json_is_null(json_get(nth(json_get(json, "channels"), 0), "notBefore")), "its time has come");
    json_close(json);
}

static int64_t bar(const struct cJSON *timeline, const char *key, size_t n)
{
    return (int64_t)json_number(nth(json_get(timeline, key), n), -1);
}

/* Nine transitions at SAMPLE_NOW: in the middle of two hours, in the last part of one, and outside. */
static void test_timeline(void)
{
    static const struct {
        const char *name;
        struct history_query query;
        size_t bar;
        int64_t firing;
    } rows[] = {
        {"in the middle", {.since_ms = SAMPLE_NOW - 3600000, .until_ms = SAMPLE_NOW + 3600000}, 30, 9},
        {"at the end", {.since_ms = SAMPLE_NOW - 3600000, .until_ms = SAMPLE_NOW + 1}, 59, 9},
        {"at the beginning", {.since_ms = SAMPLE_NOW, .until_ms = SAMPLE_NOW + 3600000}, 0, 9},
        {"just past it", {.since_ms = SAMPLE_NOW - 3600000, .until_ms = SAMPLE_NOW}, 59, 0},
        {"of a severity", {.since_ms = SAMPLE_NOW, .until_ms = SAMPLE_NOW + 60, .severity = "info"}, 0, 2},
        {"told nobody", {.since_ms = SAMPLE_NOW, .until_ms = SAMPLE_NOW + 60, .status = "suppressed"}, 0, 1},
        {"with a word", {.since_ms = SAMPLE_NOW, .until_ms = SAMPLE_NOW + 60, .text = "SILENCE 7"}, 0, 1},
        {"on a channel", {.since_ms = SAMPLE_NOW, .until_ms = SAMPLE_NOW + 60, .channel = "mail"}, 0, 8},
    };
    struct err err = {0};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct history_query query = rows[i].query;
        query.list = LIST_TIMELINE;
        struct cJSON *json = ask_for(&query);
        CHECK(bar(json, "firing", rows[i].bar) == rows[i].firing, "%s: %s", rows[i].name, buf_text(&out));
        CHECK(json_count(json_get(json, "resolved")) == HISTORY_TIMELINE_BARS && json_get_bool(json, "complete", false), "%s", rows[i].name);
        json_close(json);
    }
    CHECK(!history_run(history, &(struct history_query){.list = LIST_TIMELINE, .since_ms = 5, .until_ms = 5}, &out, &err), "no time");
    CHECK(err.kind == ERR_INPUT, "%s", err.text);
}

/* By number or fingerprint, with everything that told of it. */
static void test_life(void)
{
    struct err err = {0};

    struct cJSON *json = ask_for(&(struct history_query){.list = LIST_LIFE, .id = "306"});
    CHECK_TEXT(json_get_text(json, "id"), "306");
    CHECK_INT(json_get_int(json, "transitionCount", 0), 1);
    CHECK_INT(json_count(json_get(json, "transitions")), 1);
    CHECK_INT(json_count(json_get(nth(json_get(json, "transitions"), 0), "channels")), 2);
    CHECK_INT(json_count(json_get(json, "deliveries")), 1);
    CHECK_TEXT(json_get_text(nth(json_get(json, "deliveries"), 0), "id"), "3060");
    CHECK_INT(json_count(json_get(nth(json_get(json, "deliveries"), 0), "attempts")), 2);
    json_close(json);
    json = ask_for(&(struct history_query){.list = LIST_LIFE, .id = "f"});
    CHECK_TEXT(json_get_text(json, "id"), "320");
    CHECK_INT(json_count(json_get(json, "deliveries")), 0);
    json_close(json);
    buf_clear(&out);
    CHECK(!history_run(history, &(struct history_query){.list = LIST_LIFE, .id = "999"}, &out, &err), "none");
    CHECK(err.kind == ERR_CONFLICT && strstr(err.text, "no alert \"999\""), "%s", err.text);
    CHECK(!history_run(history, &(struct history_query){.list = LIST_LIFE, .id = ""}, &out, &err) && err.kind == ERR_INPUT, "no id");
}

/* Group 100 is of another route, and that is muted: its alert is no longer counted aloud. */
static void test_muted(struct store *store)
{
    static const char *names[] = {"nights", "holidays"};
    const struct history_receiver receivers[] = {{.node_id = "{night}", .name = "duty", .muted_by = names, .muted_count = 2,
                                                  .muted_until_ms = SAMPLE_NOW + 60000}, {.node_id = "{}", .name = "all"}};
    struct history_query query = {.list = LIST_NOW, .now_ms = SAMPLE_NOW, .receivers = receivers, .receiver_count = 2};
    struct effects effects;

    effects_init(&effects);
    effects_record(&effects, RECORD_GROUP)->group = (struct record_group){
        .id = 100, .incident_id = 101, .created_ms = SAMPLE_NOW, .node_id = "{night}", .key = "MILD"};
    CHECK(sample_commit(store, &effects), "another route");
    effects_free(&effects);
    CHECK(history_receiver_order(&receivers[0], &receivers[1]) < 0, "as bsearch wants them");
    struct cJSON *json = ask_for(&query);
    const struct cJSON *worst = nth(json_get(json, "groups"), 0), *mild = nth(json_get(json, "groups"), 1), *alert = nth(json_get(mild, "alerts"), 0);
    CHECK_INT(json_get_int(json, "firing", 0), 9);
    CHECK_INT(json_get_int(json, "hushed", 0), 1);
    CHECK_INT(json_get_int(worst, "hushed", 9), 0);
    CHECK_INT(json_get_int(mild, "hushed", 9), 1);
    CHECK_TEXT(json_get_text(alert, "hushed"), "muted");
    CHECK_INT(json_count(json_get(alert, "mutedBy")), 2);
    CHECK_TEXT(json_get_text(alert, "mutedUntil"), "2023-11-14T22:14:20.000Z");
    CHECK_INT(json_count(json_get(nth(json_get(worst, "alerts"), 0), "mutedBy")), 0);
    json_close(json);
    query.list = LIST_LIFE;
    query.id = "310";
    json = ask_for(&query);
    CHECK_TEXT(json_text(nth(json_get(json_get(json, "hushed"), "mutedBy"), 1)), "holidays");
    CHECK(json_is_null(json_get(json_get(json, "hushed"), "silence")), "%s", buf_text(&out));
    json_close(json);
    query.id = "306";
    json = ask_for(&query);
    CHECK(json_is_null(json_get(json, "hushed")), "%s", buf_text(&out));
    json_close(json);
    query.list = LIST_ALERTS;
    json = ask_for(&query);
    for (const struct cJSON *row = json_first(json_get(json, "items")); row; row = json_next(row))
        CHECK(text_equal(json_get_text(row, "hushed"), text_equal(json_get_text(row, "id"), "310") ? "muted" : NULL), "%s", json_get_text(row, "id"));
    json_close(json);
    effects_init(&effects);
    effects_record(&effects, RECORD_GROUP)->group = (struct record_group){
        .id = 100, .incident_id = 101, .created_ms = SAMPLE_NOW, .node_id = "{}", .key = "MILD"};
    CHECK(sample_commit(store, &effects), "as it was");
    effects_free(&effects);
}

static const char *id_of(const struct cJSON *list, size_t n)
{
    return json_get_text(nth(json_get(list, "items"), n), "id");
}

/* In force and to come before those that are over, each newest first, on any number of pages; and what they hush is set apart. */
static void test_silences(struct store *store)
{
    static const enum silence_state states[] = {SILENCE_EXPIRED, SILENCE_ACTIVE, SILENCE_EXPIRED, SILENCE_PENDING};
    struct silence_matcher matcher = {.name = "team", .value = "a|b", .is_regex = true, .is_equal = true};
    struct effects effects;
    char cursor[64] = "", order[8] = "";

    effects_init(&effects);
    for (size_t i = 0; i < LENGTH(states); i++) {
        char id[40];
        snprintf(id, sizeof id, "00000000-0000-4000-8000-00000000000%zu", i);
        effects_record(&effects, RECORD_SILENCE)->silence = (struct record_silence){
            .number = i + 1, .id = effects_text(&effects, id), .state = states[i], .starts_ms = SAMPLE_NOW, .ends_ms = SAMPLE_NOW + 1000,
            .updated_ms = SAMPLE_NOW, .author = "anna", .comment = i == 3 ? "Tonight" : "work", .matchers = &matcher, .matcher_count = 1};
    }
    effects_record(&effects, RECORD_HUSH)->hush = (struct record_hush){.alert_id = 310, .silence_number = 2};
    effects_record(&effects, RECORD_HUSH)->hush = (struct record_hush){.alert_id = 306, .inhibited_by = 310};
    effects_record(&effects, RECORD_FLAP)->flap = (struct record_flap){.alert_id = 310, .since_ms = SAMPLE_NOW, .damped_ms = SAMPLE_NOW + 5, .changes = 6, .times = "1 2"};
    effects_record(&effects, RECORD_FLAP)->flap = (struct record_flap){.alert_id = 306, .since_ms = SAMPLE_NOW, .damped_ms = SAMPLE_NOW + 5, .changes = 6, .times = "1 2"};
    effects_record(&effects, RECORD_FLAP)->flap = (struct record_flap){.alert_id = 306};
    CHECK(sample_commit(store, &effects), "silences");
    effects_free(&effects);
    for (size_t i = 0; i < LENGTH(states); i++) {
        struct cJSON *json = ask_for(&(struct history_query){.list = LIST_SILENCES, .limit = 1, .cursor = cursor});
        order[i] = id_of(json, 0)[35];
        snprintf(cursor, sizeof cursor, "%s", text_or(json_get_text(json, "next"), ""));
        json_close(json);
    }
    CHECK(text_equal(order, "3120"), "%s", order);
    CHECK(!cursor[0], "%s", cursor);
    struct cJSON *json = ask_for(&(struct history_query){.list = LIST_SILENCES, .status = "pending", .text = "TONIGHT"});
    CHECK_TEXT(id_of(json, 0), "00000000-0000-4000-8000-000000000003");
    CHECK_INT(json_count(json_get(json, "items")), 1);
    json_close(json);
    json = ask_for(&(struct history_query){.list = LIST_LIFE, .id = "310"});
    CHECK_TEXT(json_get_text(json_get(json, "hushed"), "silence"), "00000000-0000-4000-8000-000000000001");
    CHECK_TEXT(json_get_text(json_get(json, "hushed"), "createdBy"), "anna");
    CHECK_INT(json_get_int(json_get(json, "hushed"), "flaps", 0), 6);
    CHECK(json_is_null(json_get(json_get(json, "hushed"), "inhibitedBy")), "%s", buf_text(&out));
    json_close(json);
    json = ask_for(&(struct history_query){.list = LIST_LIFE, .id = "306"});
    CHECK_TEXT(json_get_text(json_get(json, "hushed"), "inhibitedBy"), "310");
    CHECK_TEXT(json_get_text(json_get(json, "hushed"), "inhibitedByName"), "Down");
    json_close(json);
    json = ask_for(&(struct history_query){.list = LIST_LIFE, .id = "305"});
    CHECK(json_is_null(json_get(json, "hushed")), "it is told");
    json_close(json);
    json = run(LIST_NOW, SAMPLE_NOW);
    const struct cJSON *worst = nth(json_get(json, "groups"), 0), *mild = nth(json_get(json, "groups"), 1);
    CHECK_INT(json_get_int(json, "hushed", 0), 2);
    CHECK_INT(json_get_int(worst, "hushed", 0), 1);
    CHECK_TEXT(json_get_text(nth(json_get(worst, "alerts"), 0), "hushed"), "inhibited");
    CHECK_INT(json_get_int(mild, "hushed", 0), 1);
    CHECK_TEXT(json_get_text(nth(json_get(mild, "alerts"), 0), "hushed"), "silenced");
    json_close(json);
}

/* Of a group the alerts as bad as its incident are shown before newer, milder ones, five of all. */
static void test_worst_first(struct store *store)
{
    struct effects effects;

    effects_init(&effects);
    for (uint64_t id = 330; id < 336; id++)
        add_alert(&effects, id, 100, "debug", NULL);
    CHECK(sample_commit(store, &effects), "milder ones");
    effects_free(&effects);
    struct cJSON *json = run(LIST_NOW, SAMPLE_NOW);
    const struct cJSON *mild = nth(json_get(json, "groups"), 1), *shown = json_get(mild, "alerts");
    CHECK_INT(json_get_int(mild, "firing", 0), 7);
    CHECK_INT(json_count(shown), 5);
    CHECK_TEXT(json_get_text(nth(shown, 0), "id"), "310");
    CHECK_TEXT(json_get_text(nth(shown, 1), "id"), "335");
    CHECK_TEXT(json_get_text(nth(shown, 4), "id"), "332");
    json_close(json);
}

/* For a page long texts end in an ellipsis; what a search looks at stays whole. */
static void test_cut(void)
{
    struct cJSON *json = ask_for(&(struct history_query){.list = LIST_ALERTS, .status = "firing", .severity = "critical", .runes = 3, .limit = 1});
    const struct cJSON *alert = nth(json_get(json, "items"), 0);

    CHECK_TEXT(json_get_text(alert, "name"), "Dow\xe2\x80\xa6");
    CHECK_TEXT(json_get_text(json_get(alert, "labels"), "ale"), "Dow\xe2\x80\xa6");
    CHECK_TEXT(json_get_text(alert, "id"), "306");
    json_close(json);
}

/* How many items; cursor has 64 bytes. */
static int64_t look(const struct history_query *query, char *cursor)
{
    struct cJSON *json = ask_for(query);
    int64_t count = (int64_t)json_count(json_get(json, "items"));

    snprintf(cursor, 64, "%s", text_or(json_get_text(json, "next"), ""));
    CHECK(cursor[0], "there is more");
    json_close(json);
    return count;
}

/* The time of the last row that was looked at, which a cursor begins with: base 64, the lowest digit first. */
static int64_t cursor_ms(const char *cursor)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t ms = 0;

    CHECK(strlen(cursor) > 13, "%s", cursor);
    for (int i = 12; i >= 2 && strlen(cursor) > 13; i--)
        ms = ms << 6 | (uint64_t)(strchr(digits, cursor[i]) - digits);
    return (int64_t)ms;
}

/* One change a millisecond: what a first page has looked at is what lies behind its cursor. */
static void test_first_pages(int64_t newest_ms)
{
    static const struct { const char *name; struct history_query query; int64_t effort; } rows[] = {
        {"an alert is looked at once", {.matchers = {"alertname=Nosuch"}, .matcher_count = 1}, 2},
        {"a severity is the alert's", {.severity = "nosuch"}, 2},
        {"a source stands in the change", {.source = "nosuch"}, HISTORY_LOOK + 2},
        {"a word may", {.text = "nosuch"}, HISTORY_LOOK + 2},
        {"what became of it stands elsewhere", {.status = "dead"}, 3 * HISTORY_LOOK},
        {"on a channel likewise", {.channel = "nosuch"}, 3 * HISTORY_LOOK},
    };
    char cursor[64];

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct history_query query = rows[i].query;
        query.list = LIST_HISTORY;
        CHECK_INT(look(&query, cursor), 0);
        int64_t looked = newest_ms - cursor_ms(cursor);
        CHECK(looked > 1000 && looked <= HISTORY_FIRST_EFFORT_MAX / rows[i].effort + 1, "%s: %lld rows", rows[i].name, (long long)looked);
    }
    CHECK_INT(look(&(struct history_query){.list = LIST_HISTORY, .limit = 10}, cursor), 10);
    CHECK_INT(newest_ms - cursor_ms(cursor), 9); /* nothing asked: nothing is looked at in vain */
}

/* Without the index, or with more than the index, each row of a search costs another place in the file. */
static void test_plans(void)
{
    struct err err = {0};
    char sql[600];
    struct db *db = db_open(sample_path, DB_READ, NULL, &err);
    bool row = false;

    REQUIRE(db, "%s", err.text);
    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", page_history.phases(&(struct history_query){.list = LIST_HISTORY})[0]);
    struct db_stmt *stmt = db_prepare(db, sql, &err);
    CHECK(stmt && db_step(stmt, &row, &err) && row, "%s", err.text);
    CHECK(stmt && strstr(db_text(stmt, 3), "SEARCH transitions USING COVERING INDEX transitions_by_time"), "%s", stmt ? db_text(stmt, 3) : "");
    CHECK(stmt && db_step(stmt, &row, &err) && !row, "one step: nothing is sorted");
    db_close(db);
}

/* One page looks at so many rows and no more, then offers where to go on; a timeline says from when it is complete. */
static void test_millions(void)
{
    struct err err = {0};
    char sql[600];
    struct db *db = db_open(sample_path, DB_WRITE, NULL, &err);

    CHECK(db, "%s", err.text);
    /* One a millisecond, all of alert 300; the one looked for is the oldest. */
    snprintf(sql, sizeof sql, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO transitions"
             " (alert_id, seq, status, at_ms, starts_ms, ends_ms, source) SELECT 300, 1 + i, i %% 2, %lld + i, 0, 0, 'main' FROM n",
             HISTORY_SCAN_MAX, SAMPLE_NOW + 10);
    CHECK(db && db_exec(db, sql, &err), "%s", err.text);
    db_close(db);
    test_first_pages(SAMPLE_NOW + 10 + HISTORY_SCAN_MAX);
    struct history_query query = {.list = LIST_HISTORY, .text = "silence 7"};
    char cursor[64];
    CHECK_INT(look(&query, cursor), 0);
    query.cursor = cursor;
    struct cJSON *json = ask_for(&query);
    CHECK_INT(json_count(json_get(json, "items")), 1);
    CHECK(json_is_null(json_get(json, "next")), "that was all");
    json_close(json);

    json = ask_for(&(struct history_query){.list = LIST_TIMELINE, .since_ms = SAMPLE_NOW, .until_ms = SAMPLE_NOW + 600000});
    int64_t sum = 0;
    for (size_t i = 0; i < HISTORY_TIMELINE_BARS; i++)
        sum += bar(json, "firing", i) + bar(json, "resolved", i);
    CHECK_INT(sum, HISTORY_TIMELINE_SCAN_MAX);
    CHECK(!json_get_bool(json, "complete", true), "older ones were not looked at");
    CHECK_TEXT(json_get_text(json, "completeFrom"), "2023-11-14T22:15:50.011Z");
    json_close(json);
}

int main(void)
{
    struct err err = {0};

    sample_begin();
    struct store store = sample_open(&err);
    CHECK(store.commit, "%s", err.text);
    history = history_open(sample_path);
    json_close(run(LIST_NOW, SAMPLE_NOW)); /* of nothing */
    fill(&store);
    test_now();
    test_speed();
    test_timeline();
    test_life();
    test_muted(&store);
    test_silences(&store);
    test_cut();
    test_worst_first(&store);
    sample_close(&store);
    test_plans();
    test_millions();
    history_close(history);
    sample_end();
    buf_free(&out);
    return test_end();
}
