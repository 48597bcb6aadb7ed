#include "notifier/store/load.h"

#include "base/json.h"
#include "notifier/store/flat.h"
#include "notifier/store/store.h"

#include <string.h>

/* A row being read from left to right. */
struct reader {
    struct db_stmt *stmt;
    int at;
    struct arena *arena; /* emptied after each row */
    bool damaged;        /* some JSON of the row could not be read */
};

static int64_t get_int(struct reader *reader)
{
    return db_int(reader->stmt, reader->at++);
}

static uint64_t get_id(struct reader *reader)
{
    return (uint64_t)get_int(reader);
}

static const char *get_text(struct reader *reader)
{
    return db_text(reader->stmt, reader->at++);
}

static struct labels get_labels(struct reader *reader)
{
    struct labels labels = {0};

    if (!flat_read(get_text(reader), reader->arena, &labels))
        reader->damaged = true;
    return labels;
}

static void read_sequence(struct reader *from, struct record *to)
{
    to->sequence.next_id = get_id(from);
}

static void read_alert(struct reader *from, struct record *to)
{
    struct record_alert *alert = &to->alert;

    alert->id = get_id(from);
    alert->status = (enum alert_status)get_int(from);
    alert->seq = (uint32_t)get_int(from);
    alert->org = get_int(from);
    alert->starts_ms = get_int(from);
    alert->ends_ms = get_int(from);
    alert->expires_ms = get_int(from);
    alert->changed_ms = get_int(from);
    alert->refreshed_ms = get_int(from);
    alert->test = get_int(from);
    alert->content_hash = get_id(from);
    alert->domain = get_text(from);
    alert->source = get_text(from);
    alert->fingerprint = get_text(from);
    alert->state_reason = get_text(from);
    alert->labels = get_labels(from);
}

static void read_group(struct reader *from, struct record *to)
{
    struct record_group *group = &to->group;

    group->id = get_id(from);
    group->incident_id = get_id(from);
    group->created_ms = get_int(from);
    group->flush_due_ms = get_int(from);
    group->flushed_ms = get_int(from);
    group->node_id = get_text(from);
    group->key = get_text(from);
    group->labels = get_labels(from);
}

static void read_incident(struct reader *from, struct record *to)
{
    struct record_incident *incident = &to->incident;

    incident->id = get_id(from);
    incident->group_id = get_id(from);
    incident->opened_ms = get_int(from);
    incident->closed_ms = get_int(from);
    incident->severity = (unsigned)get_int(from);
    incident->reference = get_text(from);
    incident->severity_name = get_text(from);
    incident->title = get_text(from);
}

static void read_told(struct reader *from, struct record *to)
{
    struct record_told *told = &to->told;

    told->alert_id = get_id(from);
    told->channel = get_text(from);
    told->slot = (uint16_t)get_int(from);
    told->group_id = get_id(from);
    told->owed_seq = (uint32_t)get_int(from);
    told->settled_seq = (uint32_t)get_int(from);
    told->owed_ms = get_int(from);
    told->status = (enum told_status)get_int(from);
    told->told_ms = get_int(from);
    told->hushed = (enum hush)get_int(from);
}

static void read_silence(struct reader *from, struct record *to)
{
    struct record_silence *silence = &to->silence;
    struct err err;

    silence->number = get_id(from);
    silence->state = (enum silence_state)get_int(from);
    silence->starts_ms = get_int(from);
    silence->ends_ms = get_int(from);
    silence->updated_ms = get_int(from);
    silence->id = get_text(from);
    silence->author = get_text(from);
    silence->comment = get_text(from);
    const char *text = get_text(from);
    struct cJSON *json = json_parse(text, strlen(text), &err);
    struct silence_matcher *matchers = ARENA_NEW(from->arena, struct silence_matcher, SILENCE_MATCHERS_MAX);
    for (const struct cJSON *one = json_first(json); one && silence->matcher_count < SILENCE_MATCHERS_MAX; one = json_next(one))
        matchers[silence->matcher_count++] = (struct silence_matcher){
            .name = arena_text(from->arena, json_get_text(one, "name")), .value = arena_text(from->arena, json_get_text(one, "value")),
            .is_regex = json_get_bool(one, "isRegex", false), .is_equal = json_get_bool(one, "isEqual", true)};
    for (size_t i = 0; i < silence->matcher_count; i++)
        from->damaged = from->damaged || !matchers[i].name || !matchers[i].value;
    from->damaged = from->damaged || !json;
    silence->matchers = matchers;
    json_close(json);
}

static void read_hush(struct reader *from, struct record *to)
{
    to->hush.alert_id = get_id(from);
    to->hush.silence_number = get_id(from);
    to->hush.inhibited_by = get_id(from);
}

static void read_flap(struct reader *from, struct record *to)
{
    to->flap.alert_id = get_id(from);
    to->flap.since_ms = get_int(from);
    to->flap.damped_ms = get_int(from);
    to->flap.calm_ms = get_int(from);
    to->flap.changes = (uint32_t)get_int(from);
    to->flap.times = get_text(from);
}

static void read_lane(struct reader *from, struct record *to)
{
    to->lane.group_id = get_id(from);
    to->lane.channel = get_text(from);
    to->lane.notified_ms = get_int(from);
    to->lane.root_remote = get_text(from);
}

static void read_delivery(struct reader *from, struct record *to)
{
    struct record_delivery *delivery = &to->delivery;

    delivery->id = get_id(from);
    delivery->group_id = get_id(from);
    delivery->incident_id = get_id(from);
    delivery->reason = (enum reason)get_int(from);
    delivery->state = (enum settled)get_int(from);
    delivery->form = (enum form)get_int(from);
    delivery->severity = (unsigned)get_int(from);
    delivery->maybe_sent = get_int(from);
    delivery->tries = (uint32_t)get_int(from);
    delivery->opened_ms = get_int(from);
    delivery->accepted_ms = get_int(from);
    delivery->due_ms = get_int(from);
    delivery->settled_ms = get_int(from);
    delivery->message_id = get_id(from);
    delivery->carried_by = get_id(from);
    delivery->channel = get_text(from);
    delivery->words = get_text(from);
    delivery->only_test = get_text(from);
}

static void read_item(struct reader *from, struct record *to)
{
    to->item.delivery_id = get_id(from);
    to->item.alert_id = get_id(from);
    to->item.slot = (uint16_t)get_int(from);
    to->item.seq = (uint32_t)get_int(from);
    to->item.status = (enum alert_status)get_int(from);
}

static void read_message(struct reader *from, struct record *to)
{
    to->message.id = get_id(from);
    to->message.delivery_id = get_id(from);
    to->message.reason = (enum reason)get_int(from);
    to->message.at_ms = get_int(from);
    to->message.channel = get_text(from);
}

static void read_part(struct reader *from, struct record *to)
{
    struct record_part *part = &to->part;

    part->message_id = get_id(from);
    part->index = (uint16_t)get_int(from);
    part->kind = (enum part_kind)get_int(from);
    part->state = (enum part_state)get_int(from);
    part->optional = get_int(from);
    part->tries = (uint32_t)get_int(from);
    part->address = get_text(from);
    part->remote_id = get_text(from);
}

static void read_attempt(struct reader *from, struct record *to)
{
    struct record_attempt *attempt = &to->attempt;

    attempt->delivery_id = get_id(from);
    attempt->id = get_id(from);
    attempt->message_id = get_id(from);
    attempt->part_first = (uint16_t)get_int(from);
    attempt->part_count = (uint16_t)get_int(from);
    attempt->started_ms = get_int(from);
    attempt->ended_ms = get_int(from);
    attempt->outcome = (enum outcome)get_int(from);
    attempt->status = (int32_t)get_int(from);
    attempt->latency_ms = get_int(from);
    attempt->channel = get_text(from);
    attempt->words = get_text(from);
}

static void read_target(struct reader *from, struct record *to)
{
    struct record_target *target = &to->target;

    target->channel = get_text(from);
    target->not_before_ms = get_int(from);
    target->failures = (uint32_t)get_int(from);
    target->last_ok_ms = get_int(from);
    target->last_error_ms = get_int(from);
    target->last_error = get_text(from);
    target->moved_to = get_text(from);
    target->away_count = (uint32_t)get_int(from);
    target->away_summed = (uint32_t)get_int(from);
    target->away_since_ms = get_int(from);
    target->away_until_ms = get_int(from);
    target->away_to = get_text(from);
}

/* In the order of enum record_kind. An alert is loaded until the core has said ALERT_GONE: only then does what is
 * loaded equal what lived. ?1 is the time from which attempts count against a rate. */
static const struct source {
    enum record_kind kind;
    void (*read)(struct reader *from, struct record *to);
    const char *sql;
} sources[] = {
    {RECORD_SEQUENCE, read_sequence, "SELECT next_id FROM sequence"},
    {RECORD_ALERT, read_alert,
        "SELECT id, status, seq, org, starts_ms, ends_ms, expires_ms, changed_ms, refreshed_ms, test, content_hash, domain,"
        " source, fingerprint, state_reason, labels FROM alerts INDEXED BY alerts_live WHERE gone = 0 ORDER BY id"},
    {RECORD_GROUP, read_group,
        "SELECT id, incident_id, created_ms, flush_due_ms, flushed_ms, node_id, key, labels"
        " FROM groups INDEXED BY groups_live WHERE gone = 0 ORDER BY id"},
    {RECORD_INCIDENT, read_incident,
        "SELECT i.id, i.group_id, i.opened_ms, i.closed_ms, i.severity, i.reference, i.severity_name, i.title"
        " FROM groups g INDEXED BY groups_live CROSS JOIN incidents i ON i.id = g.incident_id WHERE g.gone = 0 ORDER BY i.id"},
    {RECORD_TOLD, read_told,
        "SELECT alert_id, channel, slot, group_id, owed_seq, settled_seq, owed_ms, status, told_ms, hushed FROM told"
        " ORDER BY alert_id, channel, slot"},
    {RECORD_LANE, read_lane, "SELECT group_id, channel, notified_ms, root_remote FROM lanes ORDER BY group_id, channel"},
    {RECORD_DELIVERY, read_delivery,
        "SELECT id, group_id, incident_id, reason, state, form, severity, maybe_sent, tries, opened_ms, accepted_ms, due_ms,"
        " settled_ms, message_id, carried_by, channel, words, only_test"
        " FROM deliveries INDEXED BY deliveries_open WHERE state = 0 ORDER BY id"},
    {RECORD_ITEM, read_item,
        "SELECT i.delivery_id, i.alert_id, i.slot, i.seq, i.status FROM deliveries d INDEXED BY deliveries_open"
        " CROSS JOIN delivery_items i ON i.delivery_id = d.id WHERE d.state = 0"
        " ORDER BY i.delivery_id, i.alert_id, i.slot"},
    {RECORD_MESSAGE, read_message,
        "SELECT m.id, m.delivery_id, m.reason, m.at_ms, m.channel FROM deliveries d INDEXED BY deliveries_open"
        " CROSS JOIN messages m ON m.id = d.message_id WHERE d.state = 0 ORDER BY m.id"},
    {RECORD_PART, read_part,
        "SELECT p.message_id, p.part, p.kind, p.state, p.optional, p.tries, p.address, p.remote_id"
        " FROM deliveries d INDEXED BY deliveries_open CROSS JOIN parts p ON p.message_id = d.message_id WHERE d.state = 0"
        " ORDER BY p.message_id, p.part"},
    {RECORD_ATTEMPT, read_attempt,
        "SELECT delivery_id, id, message_id, part_first, part_count, started_ms, ended_ms, outcome, status, latency_ms,"
        " channel, words FROM attempts INDEXED BY attempts_by_time WHERE started_ms >= ?1 UNION"
        " SELECT a.delivery_id, a.id, a.message_id, a.part_first, a.part_count, a.started_ms, a.ended_ms, a.outcome,"
        " a.status, a.latency_ms, a.channel, a.words FROM deliveries d INDEXED BY deliveries_open"
        " CROSS JOIN attempts a ON a.delivery_id = d.id WHERE d.state = 0 ORDER BY id"},
    {RECORD_TARGET, read_target,
        "SELECT channel, not_before_ms, failures, last_ok_ms, last_error_ms, last_error, moved_to, away_count, away_summed,"
        " away_since_ms, away_until_ms, away_to FROM targets"
        " ORDER BY channel"},
    {RECORD_SILENCE, read_silence,
        "SELECT number, state, starts_ms, ends_ms, updated_ms, id, author, comment, matchers"
        " FROM silences INDEXED BY silences_live WHERE gone = 0 ORDER BY number"},
    {RECORD_HUSH, read_hush, "SELECT alert_id, silence_number, inhibited_by FROM hushes ORDER BY alert_id"},
    {RECORD_FLAP, read_flap, "SELECT alert_id, since_ms, damped_ms, calm_ms, changes, times FROM flaps ORDER BY alert_id"},
};

static bool load_source(struct db *db, const struct source *source, struct arena *arena, int64_t now_wall_ms, load_row row,
                        void *context, struct err *err)
{
    struct reader reader = {.stmt = db_prepare(db, source->sql, err), .arena = arena};
    bool more;

    if (!reader.stmt)
        return false;
    if (source->kind == RECORD_ATTEMPT)
        db_bind_int(reader.stmt, 1, now_wall_ms - STORE_RING_MS);
    for (;;) {
        if (!db_step(reader.stmt, &more, err))
            return false;
        if (!more)
            break;
        struct record record = {.kind = source->kind};
        reader.at = 0;
        source->read(&reader, &record);
        if (reader.damaged) {
            db_reset(reader.stmt);
            return err_set(err, ERR_STORAGE, "the labels of row %lld (kind %d) are damaged; restore a backup",
                           (long long)record.alert.id, (int)source->kind);
        }
        row(context, &record);
        arena_reset(arena);
    }
    db_reset(reader.stmt);
    return true;
}

bool load_records(struct db *db, int64_t now_wall_ms, load_row row, void *context, struct err *err)
{
    struct arena *arena = arena_new();
    bool ok = db_begin(db, err);

    for (size_t i = 0; ok && i < sizeof sources / sizeof sources[0]; i++)
        ok = load_source(db, &sources[i], arena, now_wall_ms, row, context, err);
    db_rollback(db);
    arena_free(arena);
    return ok;
}

static void read_links(const char *text, struct arena *arena, struct alert_input *out)
{
    struct labels links;

    if (!flat_read(text, arena, &links))
        return;
    out->generator_url = labels_get(&links, "generatorURL");
    out->dashboard_url = labels_get(&links, "dashboardURL");
    out->panel_url = labels_get(&links, "panelURL");
    out->silence_url = labels_get(&links, "silenceURL");
    out->image_url = labels_get(&links, "imageURL");
}

bool load_alert(struct db *db, uint64_t alert_id, struct arena *arena, struct alert_input *out)
{
    static const char sql[] =
        "SELECT fingerprint, org, status, starts_ms, ends_ms, expires_ms, rule_uid, readings, value_string, state_reason, test,"
        " labels, annotations, links FROM alerts WHERE id = ?1";
    struct err err = {0};
    struct reader from = {.stmt = db_prepare(db, sql, &err), .arena = arena};
    bool found = false;

    if (!from.stmt)
        return false;
    db_bind_int(from.stmt, 1, (int64_t)alert_id);
    if (!db_step(from.stmt, &found, &err))
        return false;
    if (found) {
        *out = (struct alert_input){0};
        out->fingerprint = arena_text(arena, get_text(&from));
        out->org = get_int(&from);
        out->status = (enum alert_status)get_int(&from);
        out->starts_ms = get_int(&from);
        out->ends_ms = get_int(&from);
        out->expires_ms = get_int(&from);
        out->rule_uid = arena_text(arena, get_text(&from));
        out->values = arena_text(arena, get_text(&from));
        out->value_string = arena_text(arena, get_text(&from));
        out->state_reason = arena_text(arena, get_text(&from));
        out->test = get_int(&from);
        out->labels = get_labels(&from);
        out->annotations = get_labels(&from);
        read_links(get_text(&from), arena, out);
    }
    db_reset(from.stmt);
    return found && !from.damaged;
}

bool load_parts(struct db *db, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena,
                struct rendered_part *out)
{
    static const char sql[] = "SELECT part, kind, optional, address, content FROM parts"
                              " WHERE message_id = ?1 AND part >= ?2 AND part < ?3 ORDER BY part";
    struct err err = {0};
    struct reader from = {.stmt = db_prepare(db, sql, &err)};
    uint16_t found = 0;
    bool more;

    if (!from.stmt)
        return false;
    db_bind_int(from.stmt, 1, (int64_t)message_id);
    db_bind_int(from.stmt, 2, first);
    db_bind_int(from.stmt, 3, (int64_t)first + count);
    while (db_step(from.stmt, &more, &err) && more && found < count) {
        from.at = 0;
        if (get_int(&from) != first + found)
            break;
        out[found].kind = (enum part_kind)get_int(&from);
        out[found].optional = get_int(&from);
        out[found].address = arena_text(arena, get_text(&from));
        out[found].content = arena_text(arena, get_text(&from));
        if (!out[found].content)
            break;
        found++;
    }
    db_reset(from.stmt);
    return found == count;
}
