#include "notifier/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each macro names a member and where it is; the kind is checked against the member's own type. */
#define TYPED(s, f, type, kind_) {#f, _Generic(((struct s *)0)->f, type: offsetof(struct s, f)), kind_}
#define TEXT(s, f) TYPED(s, f, const char *, FIELD_TEXT)
#define U64(s, f) TYPED(s, f, uint64_t, FIELD_U64)
#define I64(s, f) TYPED(s, f, int64_t, FIELD_I64)
#define U32(s, f) TYPED(s, f, uint32_t, FIELD_U32)
#define I32(s, f) TYPED(s, f, int32_t, FIELD_I32)
#define U16(s, f) TYPED(s, f, uint16_t, FIELD_U16)
#define BOOL(s, f) TYPED(s, f, bool, FIELD_BOOL)
#define DOUBLE(s, f) TYPED(s, f, double, FIELD_DOUBLE)
#define LABELS(s, f) TYPED(s, f, struct labels, FIELD_LABELS)
#define SIZE(s, f) TYPED(s, f, size_t, FIELD_U64)
/* A silence's matchers, with the count that stands behind them. */
#define MATCHERS(s, f) TYPED(s, f, const struct silence_matcher *, FIELD_MATCHERS)
/* An enum is an unsigned int here (gcc), or an int. */
#define ENUM(s, f) {#f, offsetof(struct s, f), FIELD_U32}
#define END {NULL, 0, FIELD_TEXT}

const struct field alert_input_fields[] = {
    TEXT(alert_input, fingerprint), I64(alert_input, org), ENUM(alert_input, status), I64(alert_input, starts_ms), I64(alert_input, ends_ms),
    I64(alert_input, expires_ms), LABELS(alert_input, labels), LABELS(alert_input, annotations), TEXT(alert_input, generator_url),
    TEXT(alert_input, silence_url), TEXT(alert_input, dashboard_url), TEXT(alert_input, panel_url), TEXT(alert_input, image_url),
    TEXT(alert_input, rule_uid), TEXT(alert_input, values), TEXT(alert_input, value_string), TEXT(alert_input, state_reason),
    BOOL(alert_input, test), END};

static const struct field sequence_fields[] = {U64(record_sequence, next_id), END};
static const struct field alert_fields[] = {
    U64(record_alert, id), TEXT(record_alert, domain), TEXT(record_alert, source), I64(record_alert, org), TEXT(record_alert, fingerprint),
    ENUM(record_alert, status), U32(record_alert, seq), I64(record_alert, starts_ms), I64(record_alert, ends_ms), I64(record_alert, expires_ms),
    I64(record_alert, changed_ms), I64(record_alert, refreshed_ms), BOOL(record_alert, test), U64(record_alert, content_hash),
    TEXT(record_alert, state_reason), LABELS(record_alert, labels), END};
static const struct field transition_fields[] = {
    U64(record_transition, alert_id), U32(record_transition, seq), ENUM(record_transition, status), I64(record_transition, at_ms),
    I64(record_transition, starts_ms), I64(record_transition, ends_ms), TEXT(record_transition, source), TEXT(record_transition, state_reason),
    TEXT(record_transition, rule), END};
static const struct field group_fields[] = {
    U64(record_group, id), TEXT(record_group, key), TEXT(record_group, node_id), LABELS(record_group, labels), U64(record_group, incident_id),
    I64(record_group, created_ms), I64(record_group, flush_due_ms), I64(record_group, flushed_ms), END};
static const struct field incident_fields[] = {
    U64(record_incident, id), U64(record_incident, group_id), TEXT(record_incident, reference), I64(record_incident, opened_ms),
    I64(record_incident, closed_ms), ENUM(record_incident, severity), TEXT(record_incident, severity_name), TEXT(record_incident, title), END};
static const struct field told_fields[] = {
    U64(record_told, alert_id), U64(record_told, group_id), TEXT(record_told, channel), U16(record_told, slot), U32(record_told, owed_seq),
    I64(record_told, owed_ms), U32(record_told, settled_seq), ENUM(record_told, status), I64(record_told, told_ms),
    ENUM(record_told, hushed), END};
static const struct field settlement_fields[] = {
    U64(record_settlement, alert_id), U32(record_settlement, seq), TEXT(record_settlement, channel), U16(record_settlement, slot),
    ENUM(record_settlement, settled), U64(record_settlement, delivery_id), TEXT(record_settlement, rule), I64(record_settlement, at_ms), END};
static const struct field lane_fields[] = {
    U64(record_lane, group_id), TEXT(record_lane, channel), I64(record_lane, notified_ms), TEXT(record_lane, root_remote), END};
static const struct field delivery_fields[] = {
    U64(record_delivery, id), U64(record_delivery, group_id), U64(record_delivery, incident_id), TEXT(record_delivery, channel),
    ENUM(record_delivery, reason), ENUM(record_delivery, state), ENUM(record_delivery, form), I64(record_delivery, opened_ms),
    I64(record_delivery, accepted_ms), I64(record_delivery, due_ms), U32(record_delivery, tries), BOOL(record_delivery, maybe_sent),
    U64(record_delivery, message_id), I64(record_delivery, settled_ms), U64(record_delivery, carried_by), TEXT(record_delivery, words),
    ENUM(record_delivery, severity), TEXT(record_delivery, only_test), END};
static const struct field item_fields[] = {
    U64(record_item, delivery_id), U64(record_item, alert_id), U32(record_item, seq), U16(record_item, slot), ENUM(record_item, status), END};
static const struct field message_fields[] = {
    U64(record_message, id), U64(record_message, delivery_id), TEXT(record_message, channel), ENUM(record_message, reason),
    I64(record_message, at_ms), TEXT(record_message, text), END};
static const struct field part_fields[] = {
    U64(record_part, message_id), U16(record_part, index), ENUM(record_part, kind), ENUM(record_part, state), BOOL(record_part, optional),
    U32(record_part, tries), TEXT(record_part, address), TEXT(record_part, content), TEXT(record_part, remote_id), END};
static const struct field attempt_fields[] = {
    U64(record_attempt, id), U64(record_attempt, delivery_id), U64(record_attempt, message_id), U16(record_attempt, part_first),
    U16(record_attempt, part_count), TEXT(record_attempt, channel), I64(record_attempt, started_ms), I64(record_attempt, ended_ms),
    ENUM(record_attempt, outcome), I32(record_attempt, status), I64(record_attempt, latency_ms), TEXT(record_attempt, words), END};
static const struct field target_fields[] = {
    TEXT(record_target, channel), I64(record_target, not_before_ms), U32(record_target, failures), I64(record_target, last_ok_ms),
    I64(record_target, last_error_ms), TEXT(record_target, last_error), TEXT(record_target, moved_to), U32(record_target, away_count), U32(record_target, away_summed),
    I64(record_target, away_since_ms), I64(record_target, away_until_ms), TEXT(record_target, away_to), END};
static const struct field quarantine_fields[] = {
    U64(record_quarantine, id), TEXT(record_quarantine, source), I64(record_quarantine, received_ms), TEXT(record_quarantine, why),
    SIZE(record_quarantine, length), END};

static const struct field silence_fields[] = {
    U64(record_silence, number), TEXT(record_silence, id), ENUM(record_silence, state), I64(record_silence, starts_ms),
    I64(record_silence, ends_ms), I64(record_silence, updated_ms), TEXT(record_silence, author), TEXT(record_silence, comment),
    MATCHERS(record_silence, matchers), END};
static const struct field hush_fields[] = {
    U64(record_hush, alert_id), U64(record_hush, silence_number), U64(record_hush, inhibited_by), END};
static const struct field flap_fields[] = {
    U64(record_flap, alert_id), I64(record_flap, since_ms), I64(record_flap, damped_ms), I64(record_flap, calm_ms), U32(record_flap, changes),
    TEXT(record_flap, times), END};

const char *const record_names[RECORD_COUNT] = {
    [RECORD_SEQUENCE] = "sequence", [RECORD_ALERT] = "alert", [RECORD_ALERT_GONE] = "alert_gone", [RECORD_TRANSITION] = "transition",
    [RECORD_GROUP] = "group", [RECORD_GROUP_GONE] = "group_gone", [RECORD_INCIDENT] = "incident", [RECORD_TOLD] = "told",
    [RECORD_TOLD_GONE] = "told_gone", [RECORD_LANE] = "lane", [RECORD_DELIVERY] = "delivery", [RECORD_ITEMS_GONE] = "items_gone",
    [RECORD_ITEM] = "item", [RECORD_MESSAGE] = "message", [RECORD_PART] = "part", [RECORD_ATTEMPT] = "attempt",
    [RECORD_TARGET] = "target", [RECORD_QUARANTINE] = "quarantine", [RECORD_SETTLEMENT] = "settlement",
    [RECORD_SILENCE] = "silence", [RECORD_SILENCE_GONE] = "silence_gone", [RECORD_HUSH] = "hush", [RECORD_FLAP] = "flap"};

const struct field *record_fields(enum record_kind kind)
{
    switch (kind) {
    case RECORD_SEQUENCE: return sequence_fields;
    case RECORD_ALERT: case RECORD_ALERT_GONE: return alert_fields;
    case RECORD_TRANSITION: return transition_fields;
    case RECORD_GROUP: case RECORD_GROUP_GONE: return group_fields;
    case RECORD_INCIDENT: return incident_fields;
    case RECORD_TOLD: case RECORD_TOLD_GONE: return told_fields;
    case RECORD_LANE: return lane_fields;
    case RECORD_DELIVERY: case RECORD_ITEMS_GONE: return delivery_fields;
    case RECORD_ITEM: return item_fields;
    case RECORD_MESSAGE: return message_fields;
    case RECORD_PART: return part_fields;
    case RECORD_ATTEMPT: return attempt_fields;
    case RECORD_TARGET: return target_fields;
    case RECORD_QUARANTINE: return quarantine_fields;
    case RECORD_SETTLEMENT: return settlement_fields;
    case RECORD_SILENCE: case RECORD_SILENCE_GONE: return silence_fields;
    case RECORD_HUSH: return hush_fields;
    case RECORD_FLAP: return flap_fields;
    case RECORD_COUNT: break;
    }
    return NULL;
}

static const struct field event_alerts_fields[] = {
    U64(event_alerts, reply), TEXT(event_alerts, source), TEXT(event_alerts, domain), U32(event_alerts, truncated), END};
static const struct field event_quarantine_fields[] = {
    U64(event_quarantine, reply), TEXT(event_quarantine, source), TEXT(event_quarantine, why), SIZE(event_quarantine, length), END};
static const struct field event_trouble_fields[] = {
    TEXT(event_trouble, alertname), TEXT(event_trouble, subject), TEXT(event_trouble, subject_label), TEXT(event_trouble, severity),
    TEXT(event_trouble, summary), BOOL(event_trouble, over), I64(event_trouble, lasts_ms), END};
static const struct field event_test_fields[] = {
    U64(event_test, reply), TEXT(event_test, channel), TEXT(event_test, severity), TEXT(event_test, sent_by), BOOL(event_test, resolved), END};
static const struct field event_rendered_fields[] = {U64(event_rendered, delivery_id), TEXT(event_rendered, text), END};
static const struct field rendered_part_fields[] = {
    ENUM(rendered_part, kind), BOOL(rendered_part, optional), TEXT(rendered_part, address), TEXT(rendered_part, content), END};
static const struct field event_sent_fields[] = {TEXT(event_sent, channel), I64(event_sent, decided_ms), END};
static const struct field event_verdict_fields[] = {
    U64(event_verdict, attempt_id), I64(event_verdict, wait_ms), I32(event_verdict, status), I64(event_verdict, latency_ms),
    TEXT(event_verdict, moved_to), END};
static const struct field part_verdict_fields[] = {ENUM(part_verdict, outcome), TEXT(part_verdict, remote_id), TEXT(part_verdict, words), END};
static const struct field event_retry_fields[] = {
    U64(event_retry, reply), U64(event_retry, delivery_id), TEXT(event_retry, channel), END};

static const struct field event_silence_fields[] = {
    U64(event_silence, reply), TEXT(event_silence, id), MATCHERS(event_silence, matchers), I64(event_silence, starts_ms),
    I64(event_silence, ends_ms), TEXT(event_silence, author), TEXT(event_silence, comment), END};

static const struct field render_fields[] = {
    U64(effect_render, delivery_id), U64(effect_render, group_id), U64(effect_render, incident_id), TEXT(effect_render, channel),
    TEXT(effect_render, node_id), TEXT(effect_render, receiver), TEXT(effect_render, reference), ENUM(effect_render, reason),
    ENUM(effect_render, form), BOOL(effect_render, silent), BOOL(effect_render, repeat), BOOL(effect_render, can_thread),
    TEXT(effect_render, root_remote), I64(effect_render, opened_ms), I64(effect_render, late_ms), I64(effect_render, due_ms),
    ENUM(effect_render, severity), U32(effect_render, firing), U32(effect_render, resolved), U32(effect_render, news_firing),
    U32(effect_render, news_resolved), U32(effect_render, fired_and_resolved), SIZE(effect_render, alert_count), TEXT(effect_render, sent_by),
    TEXT(effect_render, failover), U32(effect_render, groups), I64(effect_render, since_ms), I64(effect_render, until_ms),
    U32(effect_render, away_count), TEXT(effect_render, away_to), END};
static const struct field reply_fields[] = {
    U64(effect_reply, reply), BOOL(effect_reply, ok), U64(effect_reply, id), TEXT(effect_reply, text), BOOL(effect_reply, refused), TEXT(effect_reply, words), END};
static const struct field send_fields[] = {
    U64(effect_send, attempt_id), U64(effect_send, delivery_id), U64(effect_send, message_id), U64(effect_send, incident_id),
    TEXT(effect_send, channel), U16(effect_send, part_first), U16(effect_send, part_count), U64(effect_send, part_mask),
    BOOL(effect_send, repeat), BOOL(effect_send, paced), I64(effect_send, decided_ms), ENUM(effect_send, form), BOOL(effect_send, silent), TEXT(effect_send, root_remote),
    TEXT(effect_send, moved_to), END};
static const struct field count_fields[] = {
    ENUM(effect_count, what), TEXT(effect_count, source), TEXT(effect_count, status), TEXT(effect_count, channel), TEXT(effect_count, outcome),
    DOUBLE(effect_count, seconds), U64(effect_count, delivery_id), U64(effect_count, incident_id), TEXT(effect_count, words), END};

static void labels_write(struct json_out *out, const char *name, const struct labels *labels)
{
    if (!labels->count)
        return;
    json_member(out, name);
    json_open(out, '[');
    for (size_t i = 0; i < labels->count; i++) {
        json_put_text(out, labels->items[i].name);
        json_put_text(out, labels->items[i].value);
    }
    json_shut(out, ']');
}

struct matcher_list {
    const struct silence_matcher *items;
    size_t count;
};
_Static_assert(offsetof(struct record_silence, matcher_count) == offsetof(struct record_silence, matchers) + offsetof(struct matcher_list, count) &&
                   offsetof(struct event_silence, matcher_count) == offsetof(struct event_silence, matchers) + offsetof(struct matcher_list, count),
               "the count stands behind the matchers");

/* Three texts each: name, operator, value. */
static void matchers_write(struct json_out *out, const char *name, const struct matcher_list *list)
{
    if (!list->count)
        return;
    json_member(out, name);
    json_open(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        const struct silence_matcher *one = &list->items[i];
        json_put_text(out, one->name);
        json_put_text(out, one->is_regex ? (one->is_equal ? "=~" : "!~") : one->is_equal ? "=" : "!=");
        json_put_text(out, one->value);
    }
    json_shut(out, ']');
}

void fields_write(struct json_out *out, const struct field *fields, const void *base)
{
    char text[24];

    for (const struct field *field = fields; field->name; field++) {
        const void *at = (const char *)base + field->offset;
        int64_t number = 0;
        switch (field->kind) {
        case FIELD_TEXT:
            if (*(const char *const *)at)
                json_set_text(out, field->name, *(const char *const *)at);
            continue;
        case FIELD_U64:
            if (*(const uint64_t *)at) {
                snprintf(text, sizeof text, "%" PRIu64, *(const uint64_t *)at);
                json_set_text(out, field->name, text);
            }
            continue;
        case FIELD_DOUBLE:
            if (*(const double *)at > 0) {
                json_member(out, field->name);
                json_put_double(out, *(const double *)at);
            }
            continue;
        case FIELD_LABELS: labels_write(out, field->name, at); continue;
        case FIELD_MATCHERS: matchers_write(out, field->name, at); continue;
        case FIELD_BOOL:
            if (*(const bool *)at)
                json_set_bool(out, field->name, true);
            continue;
        case FIELD_I64: number = *(const int64_t *)at; break;
        case FIELD_U32: number = *(const uint32_t *)at; break;
        case FIELD_I32: number = *(const int32_t *)at; break;
        case FIELD_U16: number = *(const uint16_t *)at; break;
        }
        if (number)
            json_set_int(out, field->name, number);
    }
}

static void labels_read(const struct cJSON *json, struct labels *labels, struct arena *arena)
{
    size_t count = json_count(json) / 2;
    const struct cJSON *one = json_first(json);

    labels->items = count ? ARENA_NEW(arena, struct label, count) : NULL;
    labels->count = count;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_text(one), *value = json_text(json_next(one));
        labels->items[i] = (struct label){arena_text(arena, name ? name : ""), arena_text(arena, value ? value : "")};
        one = json_next(json_next(one));
    }
}

static void matchers_read(const struct cJSON *json, struct matcher_list *list, struct arena *arena)
{
    size_t count = json_count(json) / 3;
    struct silence_matcher *items = ARENA_NEW(arena, struct silence_matcher, count + 1);
    const struct cJSON *one = json_first(json);

    for (size_t i = 0; i < count; i++) {
        const struct cJSON *operator = json_next(one), *value = json_next(operator);
        const char *sign = json_text(operator) ? json_text(operator) : "=";
        items[i] = (struct silence_matcher){.name = arena_text(arena, json_text(one) ? json_text(one) : ""),
                                            .value = arena_text(arena, json_text(value) ? json_text(value) : ""),
                                            .is_regex = strchr(sign, '~') != NULL, .is_equal = sign[0] != '!'};
        one = json_next(value);
    }
    *list = (struct matcher_list){count ? items : NULL, count};
}

void fields_read(const struct cJSON *json, const struct field *fields, void *base, struct arena *arena)
{
    for (const struct field *field = fields; field->name; field++) {
        void *at = (char *)base + field->offset;
        const struct cJSON *value = json_get(json, field->name);
        if (!value)
            continue;
        int64_t number = json_get_int(json, field->name, 0);
        switch (field->kind) {
        case FIELD_TEXT: *(const char **)at = json_text(value) ? arena_text(arena, json_text(value)) : NULL; break;
        case FIELD_U64: *(uint64_t *)at = json_text(value) ? strtoull(json_text(value), NULL, 10) : 0; break;
        case FIELD_DOUBLE: *(double *)at = json_number(value, 0); break;
        case FIELD_LABELS: labels_read(value, at, arena); break;
        case FIELD_MATCHERS: matchers_read(value, at, arena); break;
        case FIELD_BOOL: *(bool *)at = json_get_bool(json, field->name, false); break;
        case FIELD_I64: *(int64_t *)at = number; break;
        case FIELD_U32: *(uint32_t *)at = (uint32_t)number; break;
        case FIELD_I32: *(int32_t *)at = (int32_t)number; break;
        case FIELD_U16: *(uint16_t *)at = (uint16_t)number; break;
        }
    }
}

static void member_write(struct json_out *out, const char *name, const struct field *fields, const void *base)
{
    json_member(out, name);
    json_open(out, '{');
    fields_write(out, fields, base);
    json_shut(out, '}');
}

/* All shapes of the union begin where it begins. */
static void *record_body(struct record *record)
{
    return (char *)record + offsetof(struct record, sequence);
}

void record_write(struct json_out *out, const struct record *record)
{
    member_write(out, record_names[record->kind], record_fields(record->kind), (const char *)record + offsetof(struct record, sequence));
}

bool record_read(const struct cJSON *json, struct record *record, struct arena *arena)
{
    const struct cJSON *member = json_is_object(json) ? json_first(json) : NULL;

    for (unsigned kind = 0; member && kind < RECORD_COUNT; kind++)
        if (strcmp(record_names[kind], json_key(member)) == 0) {
            *record = (struct record){.kind = (enum record_kind)kind};
            fields_read(member, record_fields(record->kind), record_body(record), arena);
            return true;
        }
    return false;
}

void alert_input_write(struct json_out *out, const struct alert_input *input)
{
    member_write(out, "alert", alert_input_fields, input);
}

void alert_input_read(const struct cJSON *json, struct alert_input *input, struct arena *arena)
{
    *input = (struct alert_input){0};
    fields_read(json, alert_input_fields, input, arena);
}

static const struct {
    enum event_kind kind;
    const char *name;
    const struct field *fields;
    size_t offset;
} events[] = {
    {EVENT_ALERTS, "alerts", event_alerts_fields, offsetof(struct event, alerts)},
    {EVENT_QUARANTINE, "quarantine", event_quarantine_fields, offsetof(struct event, quarantine)},
    {EVENT_TROUBLE, "trouble", event_trouble_fields, offsetof(struct event, trouble)},
    {EVENT_TEST, "test", event_test_fields, offsetof(struct event, test)},
    {EVENT_RENDERED, "rendered", event_rendered_fields, offsetof(struct event, rendered)},
    {EVENT_SENT, "sent", event_sent_fields, offsetof(struct event, sent)},
    {EVENT_VERDICT, "verdict", event_verdict_fields, offsetof(struct event, verdict)},
    {EVENT_RETRY, "retry", event_retry_fields, offsetof(struct event, retry)},
    {EVENT_DROP, "drop", event_retry_fields, offsetof(struct event, retry)},
    {EVENT_RELOAD, "reload", NULL, 0},
    {EVENT_SILENCE, "silence", event_silence_fields, offsetof(struct event, silence)},
    {EVENT_SILENCE_EXPIRE, "silence_expire", event_silence_fields, offsetof(struct event, silence)},
};

/* The parts of an event that are many: {"parts": [{...}, ...]}. */
static void list_write(struct json_out *out, const struct field *fields, const void *items, size_t size, size_t count)
{
    json_member(out, "parts");
    json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(out, '{');
        fields_write(out, fields, (const char *)items + i * size);
        json_shut(out, '}');
    }
    json_shut(out, ']');
}

static void ids_write(struct json_out *out, const struct event_retry *retry)
{
    char text[24];

    json_member(out, "alert_ids");
    json_open(out, '[');
    for (size_t i = 0; i < retry->alert_count; i++) {
        snprintf(text, sizeof text, "%" PRIu64, retry->alert_ids[i]);
        json_put_text(out, text);
    }
    json_shut(out, ']');
}

static void event_lists_write(struct json_out *out, const struct event *event)
{
    switch (event->kind) {
    case EVENT_RENDERED:
        list_write(out, rendered_part_fields, event->rendered.parts, sizeof event->rendered.parts[0], event->rendered.part_count);
        break;
    case EVENT_VERDICT:
        list_write(out, part_verdict_fields, event->verdict.parts, sizeof event->verdict.parts[0], event->verdict.part_count);
        break;
    case EVENT_RETRY: ids_write(out, &event->retry); break;
    case EVENT_ALERTS: case EVENT_QUARANTINE: case EVENT_TROUBLE: case EVENT_TEST: case EVENT_DROP: case EVENT_RELOAD: case EVENT_SILENCE:
    case EVENT_SILENCE_EXPIRE: case EVENT_SENT: break;
    }
}

void event_save(struct json_out *out, const struct event *event)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i].kind == event->kind) {
            json_member(out, events[i].name);
            json_open(out, '{');
            if (events[i].fields)
                fields_write(out, events[i].fields, (const char *)event + events[i].offset);
            event_lists_write(out, event);
            json_shut(out, '}');
        }
}

static void *list_read(const struct cJSON *json, const struct field *fields, size_t size, size_t *count, struct arena *arena)
{
    size_t index = 0;

    *count = json_count(json);
    char *items = arena_alloc(arena, size * (*count + 1));
    for (const struct cJSON *one = json_first(json); one; one = json_next(one))
        fields_read(one, fields, items + size * index++, arena);
    return items;
}

static void event_lists_read(const struct cJSON *json, struct event *event, struct arena *arena)
{
    const struct cJSON *ids = json_get(json, "alert_ids");
    size_t index = 0;

    switch (event->kind) {
    case EVENT_RENDERED:
        event->rendered.parts = list_read(json_get(json, "parts"), rendered_part_fields, sizeof event->rendered.parts[0],
                                          &event->rendered.part_count, arena);
        break;
    case EVENT_VERDICT:
        event->verdict.parts = list_read(json_get(json, "parts"), part_verdict_fields, sizeof event->verdict.parts[0],
                                         &event->verdict.part_count, arena);
        break;
    case EVENT_RETRY:
        event->retry.alert_count = json_count(ids);
        uint64_t *numbers = ARENA_NEW(arena, uint64_t, event->retry.alert_count + 1);
        for (const struct cJSON *one = json_first(ids); one; one = json_next(one))
            numbers[index++] = json_text(one) ? strtoull(json_text(one), NULL, 10) : 0;
        event->retry.alert_ids = numbers;
        break;
    case EVENT_ALERTS: case EVENT_QUARANTINE: case EVENT_TROUBLE: case EVENT_TEST: case EVENT_DROP: case EVENT_RELOAD: case EVENT_SILENCE:
    case EVENT_SILENCE_EXPIRE: case EVENT_SENT: break;
    }
}

bool event_restore(const struct cJSON *json, struct event *event, struct arena *arena)
{
    const struct cJSON *member = json_is_object(json) ? json_first(json) : NULL;

    for (size_t i = 0; member && i < sizeof events / sizeof events[0]; i++)
        if (strcmp(events[i].name, json_key(member)) == 0) {
            *event = (struct event){.kind = events[i].kind};
            if (events[i].fields)
                fields_read(member, events[i].fields, (char *)event + events[i].offset, arena);
            event_lists_read(member, event, arena);
            return true;
        }
    return false;
}

void effect_write(struct json_out *out, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_RECORD: record_write(out, &effect->record); break;
    case EFFECT_RENDER: member_write(out, "render", render_fields, &effect->render); break;
    case EFFECT_REPLY: member_write(out, "reply", reply_fields, &effect->reply); break;
    case EFFECT_SEND: member_write(out, "send", send_fields, &effect->send); break;
    case EFFECT_METRIC: member_write(out, "count", count_fields, &effect->count); break;
    case EFFECT_SIDE: break; /* none of the core's */
    }
}
