/* The tables of fields: none forgotten, and what is written is read back. */
#include "notifier/fields.h"
#include "tests/test.h"

#include <stddef.h>

static size_t size_of(enum field_kind kind)
{
    switch (kind) {
    case FIELD_TEXT: return sizeof(char *);
    case FIELD_U64: case FIELD_I64: return 8;
    case FIELD_U32: case FIELD_I32: return 4;
    case FIELD_U16: return 2;
    case FIELD_BOOL: return sizeof(bool);
    case FIELD_DOUBLE: return sizeof(double);
    case FIELD_LABELS: return sizeof(struct labels);
    case FIELD_MATCHERS: return sizeof(void *) + sizeof(size_t);
    }
    return 0;
}

static const struct field *at(const struct field *fields, size_t offset)
{
    for (const struct field *field = fields; field->name; field++)
        if (field->offset == offset)
            return field;
    return NULL;
}

/* Walks a shape from its first byte to its last: where no row begins there may only be padding, or what is left out on purpose. */
static void check_whole(const char *name, const struct field *fields, size_t size, size_t skip, size_t skip_size)
{
    size_t offset = 0;

    while (offset < size) {
        const struct field *field = at(fields, offset);
        if (field)
            offset += size_of(field->kind);
        else if (skip_size && offset == skip)
            offset += skip_size;
        else {
            size_t next = offset + 1;
            while (next < size && !at(fields, next) && !(skip_size && next == skip))
                next++;
            size_t alignment = next == size ? 8 : at(fields, next) ? size_of(at(fields, next)->kind) : 8;
            alignment = alignment > 8 ? 8 : alignment;
            CHECK(next % alignment == 0 && next - offset < alignment, "%s: bytes %zu to %zu have no row in fields.c", name, offset, next);
            offset = next;
        }
    }
    CHECK(offset == size, "%s: %zu of %zu bytes", name, offset, size);
}

static void test_records_are_whole(void)
{
    static const size_t sizes[RECORD_COUNT] = {
        [RECORD_SEQUENCE] = sizeof(struct record_sequence), [RECORD_ALERT] = sizeof(struct record_alert),
        [RECORD_ALERT_GONE] = sizeof(struct record_alert), [RECORD_TRANSITION] = sizeof(struct record_transition),
        [RECORD_GROUP] = sizeof(struct record_group), [RECORD_GROUP_GONE] = sizeof(struct record_group),
        [RECORD_INCIDENT] = sizeof(struct record_incident), [RECORD_TOLD] = sizeof(struct record_told),
        [RECORD_TOLD_GONE] = sizeof(struct record_told), [RECORD_LANE] = sizeof(struct record_lane),
        [RECORD_DELIVERY] = sizeof(struct record_delivery), [RECORD_ITEMS_GONE] = sizeof(struct record_delivery),
        [RECORD_ITEM] = sizeof(struct record_item), [RECORD_MESSAGE] = sizeof(struct record_message),
        [RECORD_PART] = sizeof(struct record_part), [RECORD_ATTEMPT] = sizeof(struct record_attempt),
        [RECORD_TARGET] = sizeof(struct record_target), [RECORD_QUARANTINE] = sizeof(struct record_quarantine),
        [RECORD_SETTLEMENT] = sizeof(struct record_settlement), [RECORD_SILENCE] = sizeof(struct record_silence),
        [RECORD_SILENCE_GONE] = sizeof(struct record_silence), [RECORD_HUSH] = sizeof(struct record_hush),
        [RECORD_FLAP] = sizeof(struct record_flap)};

    for (unsigned kind = 0; kind < RECORD_COUNT; kind++) {
        bool alert = kind == RECORD_ALERT || kind == RECORD_ALERT_GONE, quarantine = kind == RECORD_QUARANTINE;
        REQUIRE(record_names[kind] && sizes[kind], "kind %u has a name and a size", kind);
        check_whole(record_names[kind], record_fields((enum record_kind)kind), sizes[kind],
                    alert ? offsetof(struct record_alert, detail) : offsetof(struct record_quarantine, body), alert || quarantine ? 8 : 0);
    }
    check_whole("alert_input", alert_input_fields, sizeof(struct alert_input), 0, 0);
}

/* Every field of a shape with a value of its own. */
static void fill(const struct field *fields, void *base, unsigned seed)
{
    static struct label items[] = {{"alertname", "Ünïcode \"quoted\"\n<b>"}, {"job", "a"}};

    static const struct silence_matcher matchers[] = {{"a", "b.*", true, false}, {"c", "", false, true}};

    for (const struct field *field = fields; field->name; field++, seed++) {
        void *to = (char *)base + field->offset;
        switch (field->kind) {
        case FIELD_TEXT: *(const char **)to = field->name; break;
        case FIELD_U64: *(uint64_t *)to = UINT64_MAX - seed; break;
        case FIELD_I64: *(int64_t *)to = -1700000000000 - (int)seed; break;
        case FIELD_U32: *(uint32_t *)to = UINT32_MAX - seed; break;
        case FIELD_I32: *(int32_t *)to = -5 - (int)seed; break;
        case FIELD_U16: *(uint16_t *)to = (uint16_t)(UINT16_MAX - seed); break;
        case FIELD_BOOL: *(bool *)to = true; break;
        case FIELD_DOUBLE: *(double *)to = 0.25; break;
        case FIELD_LABELS: *(struct labels *)to = (struct labels){items, 2}; break;
        case FIELD_MATCHERS: *(const struct silence_matcher **)to = matchers; *(size_t *)((char *)to + sizeof(void *)) = 2; break;
        }
    }
}

static void test_records_come_back(void)
{
    struct arena *arena = arena_new();

    for (unsigned kind = 0; kind < RECORD_COUNT; kind++) {
        struct record from = {.kind = (enum record_kind)kind}, to = {0};
        struct buf first = BUF_EMPTY(65536), second = BUF_EMPTY(65536);
        struct err err = {0};
        fill(record_fields(from.kind), &from.sequence, kind);
        for (int i = 0; i < 2; i++) {
            struct json_out out = json_out(i ? &second : &first);
            json_open(&out, '{');
            record_write(&out, i ? &to : &from);
            json_shut(&out, '}');
            struct cJSON *json = i ? NULL : json_parse(buf_text(&first), first.length, &err);
            CHECK(i || (json && record_read(json, &to, arena) && to.kind == from.kind), "%s: %s", record_names[kind], err.text);
            json_close(json);
        }
        CHECK_TEXT(buf_text(&second), buf_text(&first));
        CHECK(first.length > 20, "%s: %s", record_names[kind], buf_text(&first));
        buf_free(&first);
        buf_free(&second);
    }
    arena_free(arena);
}

static void test_events_come_back(void)
{
    static const struct rendered_part parts[] = {{PART_EDIT, true, "a", "b"}, {PART_POST, false, NULL, "c"}};
    static const struct part_verdict verdicts[] = {{OUTCOME_BUSY, NULL, "slow down"}, {OUTCOME_TAKEN, "42", NULL}};
    static const struct silence_matcher matchers[] = {{"a", "b", false, false}};
    static const uint64_t ids[] = {1, UINT64_MAX};
    const struct event events[] = {
        {.kind = EVENT_ALERTS, .alerts = {.reply = 1ull << 60, .source = "grafana", .domain = "d", .truncated = 3}},
        {.kind = EVENT_QUARANTINE, .quarantine = {.reply = 2, .source = "s", .why = "no JSON", .length = 17}},
        {.kind = EVENT_TROUBLE, .trouble = {"A", "b", "channel", "critical", "words", true, 5000}},
        {.kind = EVENT_TEST, .test = {7, "hook", "info", "anna", true}},
        {.kind = EVENT_RENDERED, .rendered = {9, "text", parts, 2}},
        {.kind = EVENT_VERDICT, .verdict = {.attempt_id = 9, .parts = verdicts, .part_count = 2, .wait_ms = -1, .status = 429, .latency_ms = 5, .moved_to = "-100"}},
        {.kind = EVENT_SENT, .sent = {"hook", 1234}},
        {.kind = EVENT_RETRY, .retry = {.reply = 1, .delivery_id = 5, .channel = "hook", .alert_ids = ids, .alert_count = 2}},
        {.kind = EVENT_DROP, .retry = {.reply = 1, .delivery_id = 5}},
        {.kind = EVENT_RELOAD},
        {.kind = EVENT_SILENCE, .silence = {1, NULL, matchers, 1, 5, 6, "anna", "works"}},
        {.kind = EVENT_SILENCE_EXPIRE, .silence = {.reply = 1, .id = "x"}},
    };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct buf first = BUF_EMPTY(65536), second = BUF_EMPTY(65536);
        struct event back = {.kind = EVENT_RELOAD};
        struct err err = {0};
        for (int again = 0; again < 2; again++) {
            struct json_out out = json_out(again ? &second : &first);
            json_open(&out, '{');
            event_save(&out, again ? &back : &events[i]);
            json_shut(&out, '}');
            struct cJSON *json = again ? NULL : json_parse(buf_text(&first), first.length, &err);
            CHECK(again || (json && event_restore(json, &back, arena)), "event %zu: %s", i, err.text);
            json_close(json);
        }
        CHECK_TEXT(buf_text(&second), buf_text(&first));
        CHECK_INT(back.kind, events[i].kind);
        buf_free(&first);
        buf_free(&second);
    }
    arena_free(arena);
}

static void test_what_is_unknown(void)
{
    static const char *const texts[] = {"{}", "{\"nosuch\":{}}", "[]", "[{\"alerts\":{}}]", "7", "{\"alerts\":7}", "{\"verdict\":{\"parts\":7}}", "{\"retry\":{\"alert_ids\":[7,null]}}"};
    struct arena *arena = arena_new();
    struct record record;
    struct event event;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cJSON *json = json_parse(texts[i], strlen(texts[i]), NULL);
        CHECK(json && !record_read(json, &record, arena), "%s is no record", texts[i]);
        CHECK(event_restore(json, &event, arena) == (i > 4), "%s", texts[i]);
        json_close(json);
    }
    arena_free(arena);
}

int main(void)
{
    test_records_are_whole();
    test_records_come_back();
    test_events_come_back();
    test_what_is_unknown();
    return test_end();
}
