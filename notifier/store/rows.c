#include "notifier/store/rows.h"

#include "base/json.h"
#include "notifier/store/flat.h"

#include <assert.h>
#include <string.h>

#define ROW_TEXT_MAX (64u << 20) /* bytes of one alert's labels, annotations or links as JSON */

/* A statement being filled from left to right. */
struct row {
    struct db_stmt *stmt;
    int at;
    struct rows *rows;
};

static void put_int(struct row *row, int64_t value)
{
    db_bind_int(row->stmt, ++row->at, value);
}

static void put_id(struct row *row, uint64_t id)
{
    db_bind_int(row->stmt, ++row->at, (int64_t)id);
}

static void put_text(struct row *row, const char *text)
{
    db_bind_text(row->stmt, ++row->at, text);
}

static const char *flat_text(struct buf *buf, const struct labels *labels)
{
    buf_clear(buf);
    flat_add(buf, labels);
    return buf_text(buf);
}

static const char *links_text(struct buf *buf, const struct alert_input *detail)
{
    const struct { const char *key, *url; } links[] = {
        {"generatorURL", detail->generator_url}, {"dashboardURL", detail->dashboard_url}, {"panelURL", detail->panel_url},
        {"silenceURL", detail->silence_url},     {"imageURL", detail->image_url},
    };
    buf_clear(buf);
    struct json_out json = json_out(buf);
    json_open(&json, '{');
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (links[i].url)
            json_set_text(&json, links[i].key, links[i].url);
    json_shut(&json, '}');
    return buf_text(buf);
}

static void put_alert_state(struct row *row, const struct record_alert *alert)
{
    put_id(row, alert->id);
    put_int(row, alert->status);
    put_int(row, alert->seq);
    put_int(row, alert->starts_ms);
    put_int(row, alert->ends_ms);
    put_int(row, alert->expires_ms);
    put_int(row, alert->changed_ms);
    put_int(row, alert->refreshed_ms);
    put_int(row, alert->test);
    put_id(row, alert->content_hash);
    put_text(row, alert->source);
    put_text(row, alert->state_reason);
    put_text(row, flat_text(&row->rows->labels, &alert->labels));
    put_text(row, labels_get(&alert->labels, "alertname"));
    put_text(row, labels_get(&alert->labels, "rulename"));
}

static void put_alert_detail(struct row *row, const struct record_alert *alert)
{
    static const struct alert_input nothing = {0};
    const struct alert_input *detail = alert->detail ? alert->detail : &nothing;

    put_int(row, alert->org);
    put_text(row, alert->domain);
    put_text(row, alert->fingerprint);
    put_text(row, flat_text(&row->rows->annotations, &detail->annotations));
    put_text(row, links_text(&row->rows->links, detail));
    put_text(row, detail->values);
    put_text(row, detail->value_string);
    put_text(row, detail->rule_uid);
}

static const char alert_state[] =
    "UPDATE alerts SET status = ?2, seq = ?3, starts_ms = ?4, ends_ms = ?5, expires_ms = ?6, changed_ms = ?7,"
    " refreshed_ms = ?8, test = ?9, content_hash = ?10, source = ?11, state_reason = ?12, labels = ?13,"
    " name = ?14, rule_name = ?15 WHERE id = ?1";
static const char alert_whole[] =
    "INSERT INTO alerts (id, status, seq, starts_ms, ends_ms, expires_ms, changed_ms, refreshed_ms, test, content_hash,"
    " source, state_reason, labels, name, rule_name, org, domain, fingerprint, annotations, links, readings, value_string,"
    " rule_uid) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23)"
    " ON CONFLICT (id) DO UPDATE SET status = ?2, seq = ?3, starts_ms = ?4, ends_ms = ?5, expires_ms = ?6,"
    " changed_ms = ?7, refreshed_ms = ?8, test = ?9, content_hash = ?10, source = ?11, state_reason = ?12, labels = ?13,"
    " name = ?14, rule_name = ?15, annotations = ?19, links = ?20, readings = ?21, value_string = ?22, rule_uid = ?23";

static bool run_alert(struct rows *rows, struct db *db, const char *sql, const struct record_alert *alert, struct err *err)
{
    struct row row = {.stmt = db_prepare(db, rows->sql = sql, err), .rows = rows};

    if (!row.stmt)
        return false;
    put_alert_state(&row, alert);
    if (sql == alert_whole)
        put_alert_detail(&row, alert);
    return db_run(row.stmt, err);
}

/* Most words about a known alert change only its state: its texts are then neither built nor written. */
static bool write_alert(struct rows *rows, struct db *db, const struct record *record, struct err *err)
{
    if (!record->alert.detail) {
        if (!run_alert(rows, db, alert_state, &record->alert, err))
            return false;
        if (db_changes(db) == 1)
            return true;
    }
    return run_alert(rows, db, alert_whole, &record->alert, err);
}

static void bind_sequence(struct row *row, const struct record *record)
{
    put_id(row, record->sequence.next_id);
}

static void bind_alert_gone(struct row *row, const struct record *record)
{
    put_id(row, record->alert.id);
}

static void bind_transition(struct row *row, const struct record *record)
{
    const struct record_transition *transition = &record->transition;

    put_id(row, transition->alert_id);
    put_int(row, transition->seq);
    put_int(row, transition->status);
    put_int(row, transition->at_ms);
    put_int(row, transition->starts_ms);
    put_int(row, transition->ends_ms);
    put_text(row, transition->source);
    put_text(row, transition->state_reason);
    put_text(row, transition->rule);
}

static void bind_group(struct row *row, const struct record *record)
{
    const struct record_group *group = &record->group;

    put_id(row, group->id);
    put_id(row, group->incident_id);
    put_int(row, group->created_ms);
    put_int(row, group->flush_due_ms);
    put_int(row, group->flushed_ms);
    put_text(row, group->node_id);
    put_text(row, group->key);
    put_text(row, flat_text(&row->rows->labels, &group->labels));
}

static void bind_group_gone(struct row *row, const struct record *record)
{
    put_id(row, record->group.id);
}

static void bind_incident(struct row *row, const struct record *record)
{
    const struct record_incident *incident = &record->incident;

    put_id(row, incident->id);
    put_id(row, incident->group_id);
    put_int(row, incident->opened_ms);
    put_int(row, incident->closed_ms);
    put_int(row, incident->severity);
    put_text(row, incident->reference);
    put_text(row, incident->severity_name);
    put_text(row, incident->title);
}

static void bind_told(struct row *row, const struct record *record)
{
    const struct record_told *told = &record->told;

    put_id(row, told->alert_id);
    put_text(row, told->channel);
    put_int(row, told->slot);
    put_id(row, told->group_id);
    put_int(row, told->owed_seq);
    put_int(row, told->settled_seq);
    put_int(row, told->owed_ms);
    put_int(row, told->status);
    put_int(row, told->told_ms);
    put_int(row, told->hushed);
}

static void bind_told_gone(struct row *row, const struct record *record)
{
    put_id(row, record->told.alert_id);
    put_text(row, record->told.channel);
    put_int(row, record->told.slot);
}

static void bind_lane(struct row *row, const struct record *record)
{
    put_id(row, record->lane.group_id);
    put_text(row, record->lane.channel);
    put_int(row, record->lane.notified_ms);
    put_text(row, record->lane.root_remote);
}

static void bind_delivery(struct row *row, const struct record *record)
{
    const struct record_delivery *delivery = &record->delivery;

    put_id(row, delivery->id);
    put_id(row, delivery->group_id);
    put_id(row, delivery->incident_id);
    put_int(row, delivery->reason);
    put_int(row, delivery->state);
    put_int(row, delivery->form);
    put_int(row, delivery->severity);
    put_int(row, delivery->maybe_sent);
    put_int(row, delivery->tries);
    put_int(row, delivery->opened_ms);
    put_int(row, delivery->accepted_ms);
    put_int(row, delivery->due_ms);
    put_int(row, delivery->settled_ms);
    put_id(row, delivery->message_id);
    put_id(row, delivery->carried_by);
    put_text(row, delivery->channel);
    put_text(row, delivery->words);
    put_text(row, delivery->only_test);
}

static void bind_items_gone(struct row *row, const struct record *record)
{
    put_id(row, record->delivery.id);
}

static void bind_item(struct row *row, const struct record *record)
{
    put_id(row, record->item.delivery_id);
    put_id(row, record->item.alert_id);
    put_int(row, record->item.slot);
    put_int(row, record->item.seq);
    put_int(row, record->item.status);
}

static void bind_message(struct row *row, const struct record *record)
{
    put_id(row, record->message.id);
    put_id(row, record->message.delivery_id);
    put_int(row, record->message.reason);
    put_int(row, record->message.at_ms);
    put_text(row, record->message.channel);
    put_text(row, record->message.text);
}

static void bind_part(struct row *row, const struct record *record)
{
    const struct record_part *part = &record->part;

    put_id(row, part->message_id);
    put_int(row, part->index);
    put_int(row, part->kind);
    put_int(row, part->state);
    put_int(row, part->optional);
    put_int(row, part->tries);
    put_text(row, part->address);
    put_text(row, part->remote_id);
    put_text(row, part->content);
}

static void bind_attempt(struct row *row, const struct record *record)
{
    const struct record_attempt *attempt = &record->attempt;

    put_id(row, attempt->delivery_id);
    put_id(row, attempt->id);
    put_id(row, attempt->message_id);
    put_int(row, attempt->part_first);
    put_int(row, attempt->part_count);
    put_int(row, attempt->started_ms);
    put_int(row, attempt->ended_ms);
    put_int(row, attempt->outcome);
    put_int(row, attempt->status);
    put_int(row, attempt->latency_ms);
    put_text(row, attempt->channel);
    put_text(row, attempt->words);
}

static void bind_target(struct row *row, const struct record *record)
{
    const struct record_target *target = &record->target;

    put_text(row, target->channel);
    put_int(row, target->not_before_ms);
    put_int(row, target->failures);
    put_int(row, target->last_ok_ms);
    put_int(row, target->last_error_ms);
    put_text(row, target->last_error);
    put_text(row, target->moved_to);
    put_int(row, target->away_count);
    put_int(row, target->away_summed);
    put_int(row, target->away_since_ms);
    put_int(row, target->away_until_ms);
    put_text(row, target->away_to);
}

static void bind_quarantine(struct row *row, const struct record *record)
{
    const struct record_quarantine *quarantine = &record->quarantine;

    put_id(row, quarantine->id);
    put_int(row, quarantine->received_ms);
    put_text(row, quarantine->source);
    put_text(row, quarantine->why);
    db_bind_blob(row->stmt, ++row->at, quarantine->length ? quarantine->body : "", quarantine->length);
}

static void bind_settlement(struct row *row, const struct record *record)
{
    const struct record_settlement *settlement = &record->settlement;

    put_id(row, settlement->alert_id);
    put_int(row, settlement->seq);
    put_text(row, settlement->channel);
    put_int(row, settlement->slot);
    put_int(row, settlement->at_ms);
    put_int(row, settlement->settled);
    put_id(row, settlement->delivery_id);
    put_text(row, settlement->rule);
}

static void bind_silence(struct row *row, const struct record *record)
{
    const struct record_silence *silence = &record->silence;
    struct buf *matchers = &row->rows->labels;

    put_id(row, silence->number);
    put_int(row, silence->state);
    put_int(row, silence->starts_ms);
    put_int(row, silence->ends_ms);
    put_int(row, silence->updated_ms);
    put_text(row, silence->id);
    put_text(row, silence->author);
    put_text(row, silence->comment);
    buf_clear(matchers);
    struct json_out json = json_out(matchers);
    json_open(&json, '[');
    for (size_t i = 0; i < silence->matcher_count; i++) {
        json_open(&json, '{');
        json_set_text(&json, "name", silence->matchers[i].name);
        json_set_text(&json, "value", silence->matchers[i].value);
        json_set_bool(&json, "isRegex", silence->matchers[i].is_regex);
        json_set_bool(&json, "isEqual", silence->matchers[i].is_equal);
        json_shut(&json, '}');
    }
    json_shut(&json, ']');
    put_text(row, buf_text(matchers));
}

static void bind_silence_gone(struct row *row, const struct record *record)
{
    put_id(row, record->silence.number);
}

static void bind_hush(struct row *row, const struct record *record)
{
    put_id(row, record->hush.alert_id);
    put_id(row, record->hush.silence_number);
    put_id(row, record->hush.inhibited_by);
}

static void bind_flap(struct row *row, const struct record *record)
{
    const struct record_flap *flap = &record->flap;

    put_id(row, flap->alert_id);
    put_int(row, flap->since_ms);
    put_int(row, flap->damped_ms);
    put_int(row, flap->calm_ms);
    put_int(row, flap->changes);
    put_text(row, flap->times ? flap->times : "");
}

/* Either write, or up to two statements with the same parameters. */
struct writer {
    bool (*write)(struct rows *rows, struct db *db, const struct record *record, struct err *err);
    void (*bind)(struct row *row, const struct record *record);
    const char *sql[2];
};

static const struct writer writers[RECORD_COUNT] = {
    [RECORD_SEQUENCE] = {NULL, bind_sequence,
        {"INSERT INTO sequence (only, next_id) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET next_id = ?1"}},
    [RECORD_ALERT] = {.write = write_alert},
    [RECORD_ALERT_GONE] = {NULL, bind_alert_gone,
        {"UPDATE alerts SET gone = 1 WHERE id = ?1", "DELETE FROM told WHERE alert_id = ?1"}},
    [RECORD_TRANSITION] = {NULL, bind_transition,
        {"INSERT OR REPLACE INTO transitions (alert_id, seq, status, at_ms, starts_ms, ends_ms, source, state_reason, rule)"
         " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"}},
    [RECORD_GROUP] = {NULL, bind_group,
        {"INSERT INTO groups (id, incident_id, created_ms, flush_due_ms, flushed_ms, node_id, key, labels)"
         " VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (id) DO UPDATE SET incident_id = ?2, created_ms = ?3,"
         " flush_due_ms = ?4, flushed_ms = ?5, node_id = ?6, key = ?7, labels = ?8"}},
    [RECORD_GROUP_GONE] = {NULL, bind_group_gone,
        {"UPDATE groups SET gone = 1 WHERE id = ?1", "DELETE FROM lanes WHERE group_id = ?1"}},
    [RECORD_INCIDENT] = {NULL, bind_incident,
        {"INSERT INTO incidents (id, group_id, opened_ms, closed_ms, severity, reference, severity_name, title)"
         " VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (id) DO UPDATE SET group_id = ?2, opened_ms = ?3, closed_ms = ?4,"
         " severity = ?5, reference = ?6, severity_name = ?7, title = ?8"}},
    [RECORD_TOLD] = {NULL, bind_told,
        {"INSERT OR REPLACE INTO told (alert_id, channel, slot, group_id, owed_seq, settled_seq, owed_ms, status, told_ms,"
         " hushed) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"}},
    [RECORD_TOLD_GONE] = {NULL, bind_told_gone,
        {"DELETE FROM told WHERE alert_id = ?1 AND channel = ?2 AND slot = ?3"}},
    [RECORD_LANE] = {NULL, bind_lane,
        {"INSERT OR REPLACE INTO lanes (group_id, channel, notified_ms, root_remote) VALUES (?1,?2,?3,?4)"}},
    [RECORD_DELIVERY] = {NULL, bind_delivery,
        {"INSERT INTO deliveries (id, group_id, incident_id, reason, state, form, severity, maybe_sent, tries, opened_ms,"
         " accepted_ms, due_ms, settled_ms, message_id, carried_by, channel, words, only_test)"
         " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)"
         " ON CONFLICT (id) DO UPDATE SET group_id = ?2, incident_id = ?3, reason = ?4, state = ?5, form = ?6,"
         " severity = ?7, maybe_sent = ?8, tries = ?9, opened_ms = ?10, accepted_ms = ?11, due_ms = ?12, settled_ms = ?13,"
         " message_id = ?14, carried_by = ?15, channel = ?16, words = ?17, only_test = ?18"}},
    [RECORD_ITEMS_GONE] = {NULL, bind_items_gone, {"DELETE FROM delivery_items WHERE delivery_id = ?1"}},
    [RECORD_ITEM] = {NULL, bind_item,
        {"INSERT OR REPLACE INTO delivery_items (delivery_id, alert_id, slot, seq, status) VALUES (?1,?2,?3,?4,?5)"}},
    [RECORD_MESSAGE] = {NULL, bind_message,
        {"INSERT INTO messages (id, delivery_id, reason, at_ms, channel, text) VALUES (?1,?2,?3,?4,?5,?6)"
         " ON CONFLICT (id) DO UPDATE SET delivery_id = ?2, reason = ?3, at_ms = ?4, channel = ?5,"
         " text = COALESCE(?6, text)"}},
    [RECORD_PART] = {NULL, bind_part,
        {"INSERT INTO parts (message_id, part, kind, state, optional, tries, address, remote_id, content)"
         " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT (message_id, part) DO UPDATE SET kind = ?3, state = ?4,"
         " optional = ?5, tries = ?6, address = COALESCE(?7, address), remote_id = COALESCE(?8, remote_id),"
         " content = COALESCE(?9, content)"}},
    [RECORD_ATTEMPT] = {NULL, bind_attempt,
        {"INSERT INTO attempts (delivery_id, id, message_id, part_first, part_count, started_ms, ended_ms, outcome, status,"
         " latency_ms, channel, words) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
         " ON CONFLICT (delivery_id, id) DO UPDATE SET message_id = ?3, part_first = ?4, part_count = ?5, started_ms = ?6,"
         " ended_ms = ?7, outcome = ?8, status = ?9, latency_ms = ?10, channel = ?11, words = ?12"}},
    [RECORD_TARGET] = {NULL, bind_target,
        {"INSERT OR REPLACE INTO targets (channel, not_before_ms, failures, last_ok_ms, last_error_ms, last_error, moved_to,"
         " away_count, away_summed, away_since_ms, away_until_ms, away_to) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"}},
    [RECORD_QUARANTINE] = {NULL, bind_quarantine,
        {"INSERT OR REPLACE INTO quarantine (id, received_ms, source, why, body) VALUES (?1,?2,?3,?4,?5)"}},
    [RECORD_SETTLEMENT] = {NULL, bind_settlement,
        {"INSERT OR REPLACE INTO settlements (alert_id, seq, channel, slot, at_ms, settled, delivery_id, rule)"
         " VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"}},
    [RECORD_SILENCE] = {NULL, bind_silence,
        {"INSERT INTO silences (number, state, starts_ms, ends_ms, updated_ms, id, author, comment, matchers)"
         " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT (number) DO UPDATE SET state = ?2, starts_ms = ?3, ends_ms = ?4,"
         " updated_ms = ?5, id = ?6, author = ?7, comment = ?8, matchers = ?9"}},
    [RECORD_SILENCE_GONE] = {NULL, bind_silence_gone, {"UPDATE silences SET gone = 1 WHERE number = ?1"}},
    [RECORD_HUSH] = {NULL, bind_hush,
        {"INSERT OR REPLACE INTO hushes (alert_id, silence_number, inhibited_by) VALUES (?1,?2,?3)",
         "DELETE FROM hushes WHERE alert_id = ?1 AND ?2 = 0 AND ?3 = 0"}},
    [RECORD_FLAP] = {NULL, bind_flap,
        {"DELETE FROM flaps WHERE alert_id = ?1 AND ?2 >= 0 AND ?3 >= 0 AND ?4 >= 0 AND ?5 = 0 AND ?6 = ''",
         "INSERT OR REPLACE INTO flaps (alert_id, since_ms, damped_ms, calm_ms, changes, times) SELECT ?1,?2,?3,?4,?5,?6 WHERE ?5 > 0"}},
};

void rows_init(struct rows *rows)
{
    *rows = (struct rows){0};
    buf_init(&rows->labels, ROW_TEXT_MAX);
    buf_init(&rows->annotations, ROW_TEXT_MAX);
    buf_init(&rows->links, ROW_TEXT_MAX);
}

void rows_free(struct rows *rows)
{
    buf_free(&rows->labels);
    buf_free(&rows->annotations);
    buf_free(&rows->links);
}

bool rows_write(struct rows *rows, struct db *db, const struct record *record, struct err *err)
{
    assert(record->kind < RECORD_COUNT);
    const struct writer *writer = &writers[record->kind];

    if (writer->write)
        return writer->write(rows, db, record, err);
    for (size_t i = 0; i < 2 && writer->sql[i]; i++) {
        struct row row = {.stmt = db_prepare(db, rows->sql = writer->sql[i], err), .rows = rows};
        if (!row.stmt)
            return false;
        writer->bind(&row, record);
        if (!db_run(row.stmt, err))
            return false;
    }
    return true;
}
