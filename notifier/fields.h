/* The core's shapes as rows of fields, so that each can be written as JSON and read back without a word of its own. A
 * field that has no row in fields.c is lost on the way: tests/unit/notifier/test_fields.c finds it. */
#ifndef NOTIFIER_FIELDS_H
#define NOTIFIER_FIELDS_H

#include "base/arena.h"
#include "base/json.h"
#include "notifier/core/effect.h"
#include "notifier/core/event.h"

enum field_kind { FIELD_TEXT, FIELD_U64, FIELD_I64, FIELD_U32, FIELD_I32, FIELD_U16, FIELD_BOOL, FIELD_DOUBLE, FIELD_LABELS, FIELD_MATCHERS };

struct field {
    const char *name; /* NULL closes the table */
    size_t offset;
    enum field_kind kind;
};

/* What is zero, false, NULL or empty is left out. 64-bit ids are written as text: JSON's numbers would round them. */
void fields_write(struct json_out *out, const struct field *fields, const void *base);
/* base begins zeroed; texts and labels are copied into arena. What is absent stays zero. */
void fields_read(const struct cJSON *json, const struct field *fields, void *base, struct arena *arena);

/* One member "NAME": {...}; false: no such shape (a kind of a later version). */
void record_write(struct json_out *out, const struct record *record);
bool record_read(const struct cJSON *json, struct record *record, struct arena *arena);
/* Without the alerts of EVENT_ALERTS, which are many: each goes by itself with alert_write. Without a quarantined body. */
void event_save(struct json_out *out, const struct event *event);
bool event_restore(const struct cJSON *json, struct event *event, struct arena *arena);
void alert_input_write(struct json_out *out, const struct alert_input *input);
void alert_input_read(const struct cJSON *json, struct alert_input *input, struct arena *arena);
void effect_write(struct json_out *out, const struct effect *effect);

extern const char *const record_names[RECORD_COUNT]; /* "alert", "told" ... */
const struct field *record_fields(enum record_kind kind);
extern const struct field alert_input_fields[];

#endif
