/* What the tests of the store share: a folder that goes away, a store in it, and one whole life of an alert as records. */
#ifndef TESTS_STORE_SAMPLE_H
#define TESTS_STORE_SAMPLE_H

#include "base/db.h"
#include "notifier/store/store.h"
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

#define SAMPLE_NOW 1700000000000LL

static char sample_folder[64];
static char sample_path[96];

static inline void sample_begin(void)
{
    snprintf(sample_folder, sizeof sample_folder, "/tmp/notifier-store-XXXXXX");
    if (!mkdtemp(sample_folder))
        abort();
    snprintf(sample_path, sizeof sample_path, "%s/deep/notifier.db", sample_folder);
}

static inline void sample_end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", sample_folder);
    if (system(command) != 0)
        abort();
}

static inline struct store sample_open(struct err *err)
{
    struct store_sqlite_options options = {.path = sample_path, .migrate = true};
    struct store store = {0};
    store_open_sqlite(&options, &store, err);
    return store;
}

static inline void sample_close(struct store *store)
{
    if (store->close)
        store->close(store->context);
    *store = (struct store){0};
}

static inline bool sample_commit(struct store *store, struct effects *effects)
{
    struct err err = {0};
    bool ok = store->commit(store->context, effects, &err);
    if (!ok)
        fprintf(stderr, "commit: %s\n", err.text);
    effects_clear(effects);
    return ok;
}

#define SAMPLE_LABELS(name, ...) \
    struct label name##_items[] = {__VA_ARGS__}; \
    struct labels name = {name##_items, sizeof name##_items / sizeof name##_items[0]}

static inline struct alert_input *input_of(struct arena *arena, const char *name)
{
    struct alert_input *input = ARENA_NEW(arena, struct alert_input, 1);
    input->fingerprint = "f";
    input->labels.items = ARENA_NEW(arena, struct label, 1);
    input->labels.items[0] = (struct label){"alertname", name};
    input->labels.count = 1;
    return input;
}

/* One number from the file, through a connection that only reads. */
static inline int64_t ask(const char *sql)
{
    struct err err = {0};
    struct db *db = db_open(sample_path, DB_READ, NULL, &err);
    int64_t answer = -1;
    bool row = false;

    CHECK(db, "%s", err.text);
    struct db_stmt *stmt = db ? db_prepare(db, sql, &err) : NULL;
    CHECK(stmt, "%s", err.text);
    if (stmt && db_step(stmt, &row, &err) && row)
        answer = db_int(stmt, 0);
    db_close(db);
    return answer;
}

/* Ids of the life below, after `base`. */
enum { ID_ALERT = 1, ID_GROUP, ID_INCIDENT, ID_DELIVERY, ID_MESSAGE, ID_ATTEMPT, ID_NEXT };

static inline void sample_alert(struct effects *effects, uint64_t base, const struct alert_input *input, int64_t at_ms)
{
    static char fingerprint[32];
    snprintf(fingerprint, sizeof fingerprint, "fp%llu", (unsigned long long)base);
    effects_record(effects, RECORD_ALERT)->alert = (struct record_alert){
        .id = base + ID_ALERT, .domain = "grafana", .source = "main", .org = 1, .fingerprint = effects_text(effects, fingerprint),
        .status = ALERT_FIRING, .seq = 1, .starts_ms = at_ms - 5, .changed_ms = at_ms, .refreshed_ms = at_ms,
        .content_hash = 0xfedcba9876543210u, .labels = effects_labels(effects, &input->labels),
        .detail = effects_input(effects, input)};
    effects_record(effects, RECORD_TRANSITION)->transition = (struct record_transition){
        .alert_id = base + ID_ALERT, .seq = 1, .status = ALERT_FIRING, .at_ms = at_ms, .starts_ms = at_ms - 5, .source = "main"};
}

/* Accepted, grouped and owed to one channel, which waits for its group. */
static inline void sample_accept(struct effects *effects, uint64_t base, const char *reference, const char *channel,
                                 const struct alert_input *input, int64_t at_ms)
{
    sample_alert(effects, base, input, at_ms);
    effects_record(effects, RECORD_GROUP)->group = (struct record_group){
        .id = base + ID_GROUP, .key = "{}:{alertname=\"Down\"}", .node_id = "{}", .labels = effects_labels(effects, &input->labels),
        .incident_id = base + ID_INCIDENT, .created_ms = at_ms, .flush_due_ms = at_ms + 10000};
    effects_record(effects, RECORD_INCIDENT)->incident = (struct record_incident){
        .id = base + ID_INCIDENT, .group_id = base + ID_GROUP, .reference = effects_text(effects, reference), .opened_ms = at_ms,
        .severity = 0, .severity_name = "critical", .title = "Down"};
    effects_record(effects, RECORD_LANE)->lane = (struct record_lane){.group_id = base + ID_GROUP, .channel = channel};
    effects_record(effects, RECORD_TOLD)->told = (struct record_told){
        .alert_id = base + ID_ALERT, .group_id = base + ID_GROUP, .channel = channel, .owed_seq = 1, .owed_ms = at_ms};
    effects_record(effects, RECORD_SEQUENCE)->sequence.next_id = base + ID_NEXT;
}

/* The group has flushed: a delivery is open, worded, and its first attempt under way. */
static inline void sample_send(struct effects *effects, uint64_t base, const char *channel, int64_t at_ms)
{
    effects_record(effects, RECORD_DELIVERY)->delivery = (struct record_delivery){
        .id = base + ID_DELIVERY, .group_id = base + ID_GROUP, .incident_id = base + ID_INCIDENT, .channel = channel,
        .reason = REASON_FIRST, .opened_ms = at_ms, .accepted_ms = at_ms - 500, .due_ms = at_ms, .message_id = base + ID_MESSAGE};
    effects_record(effects, RECORD_ITEM)->item = (struct record_item){
        .delivery_id = base + ID_DELIVERY, .alert_id = base + ID_ALERT, .seq = 1, .status = ALERT_FIRING};
    effects_record(effects, RECORD_MESSAGE)->message = (struct record_message){
        .id = base + ID_MESSAGE, .delivery_id = base + ID_DELIVERY, .channel = channel, .reason = REASON_FIRST, .at_ms = at_ms,
        .text = "Down <b>now</b>"};
    effects_record(effects, RECORD_PART)->part = (struct record_part){
        .message_id = base + ID_MESSAGE, .state = PART_SENDING, .tries = 1, .content = "{\"title\":\"Down\"}"};
    effects_record(effects, RECORD_ATTEMPT)->attempt = (struct record_attempt){
        .id = base + ID_ATTEMPT, .delivery_id = base + ID_DELIVERY, .message_id = base + ID_MESSAGE, .part_count = 1,
        .channel = channel, .started_ms = at_ms};
}

/* The channel has taken it, or refused it for good. */
static inline void sample_settle(struct effects *effects, uint64_t base, const char *channel, int64_t at_ms, bool taken)
{
    effects_record(effects, RECORD_ATTEMPT)->attempt = (struct record_attempt){
        .id = base + ID_ATTEMPT, .delivery_id = base + ID_DELIVERY, .message_id = base + ID_MESSAGE, .part_count = 1,
        .channel = channel, .started_ms = at_ms - 80, .ended_ms = at_ms, .outcome = taken ? OUTCOME_TAKEN : OUTCOME_REFUSED_CHANNEL,
        .status = taken ? 200 : 403, .latency_ms = 80, .words = taken ? NULL : "bot was kicked"};
    effects_record(effects, RECORD_PART)->part = (struct record_part){
        .message_id = base + ID_MESSAGE, .state = taken ? PART_DELIVERED : PART_FAILED, .tries = 1, .remote_id = taken ? "42" : NULL};
    effects_record(effects, RECORD_DELIVERY)->delivery = (struct record_delivery){
        .id = base + ID_DELIVERY, .group_id = base + ID_GROUP, .incident_id = base + ID_INCIDENT, .channel = channel,
        .reason = REASON_FIRST, .state = taken ? SETTLED_DELIVERED : SETTLED_DEAD, .opened_ms = at_ms - 100,
        .accepted_ms = at_ms - 600, .due_ms = at_ms - 100, .message_id = base + ID_MESSAGE, .settled_ms = at_ms,
        .words = taken ? NULL : "bot was kicked"};
    effects_record(effects, RECORD_TOLD)->told = (struct record_told){
        .alert_id = base + ID_ALERT, .group_id = base + ID_GROUP, .channel = channel, .owed_seq = 1, .owed_ms = at_ms - 600,
        .settled_seq = 1, .status = taken ? TOLD_FIRING : TOLD_NOTHING, .told_ms = taken ? at_ms : 0};
    effects_record(effects, RECORD_SETTLEMENT)->settlement = (struct record_settlement){
        .alert_id = base + ID_ALERT, .seq = 1, .channel = channel, .settled = taken ? SETTLED_DELIVERED : SETTLED_DEAD,
        .delivery_id = base + ID_DELIVERY, .rule = taken ? NULL : "bot was kicked", .at_ms = at_ms};
}

#endif
