#include "notifier/commands/facts.h"

#include "base/text.h"
#include "notifier/commands/rows.h"

#include <string.h>

#define LEVELS 3 /* the thing, what happened to it, one channel's part in that */

struct cell {
    const char *name;
    size_t level;
    const char *key; /* of the object at that level; NULL: the cell stays empty */
};

/* The same names whatever is asked about: one sheet can hold the answers to several questions. */
#define WHY_CELLS 10
static const struct cell of_alert[WHY_CELLS] = {
    {"kind", 0, "kind"}, {"id", 0, "id"}, {"name", 0, "name"}, {"at", 1, "at"}, {"status", 1, "status"}, {"channel", 2, "channel"},
    {"state", 2, "settled"}, {"settledAt", 2, "at"}, {"delivery", 2, "delivery"}, {"explanation", LEVELS, "explanation"}};
static const struct cell of_incident[WHY_CELLS] = {
    {"kind", 0, "kind"}, {"id", 0, "reference"}, {"name", 0, "title"}, {"at", 1, "openedAt"}, {"status", 0, "state"}, {"channel", 2, "channel"},
    {"state", 2, "state"}, {"settledAt", 2, "settledAt"}, {"delivery", 2, "id"}, {"explanation", LEVELS, "explanation"}};
static const struct cell of_delivery[WHY_CELLS] = {
    {"kind", 0, "kind"}, {"id", 0, "id"}, {"name", 0, "title"}, {"at", 1, "openedAt"}, {"status", 0, NULL}, {"channel", 2, "channel"},
    {"state", 2, "state"}, {"settledAt", 2, "settledAt"}, {"delivery", 2, "id"}, {"explanation", LEVELS, "explanation"}};
static const struct cell of_attempt[] = {
    {"delivery", 0, "id"}, {"channel", 0, "channel"}, {"incident", 0, "incident"}, {"title", 0, "title"}, {"state", 0, "state"},
    {"attempt", 1, "id"}, {"message", 1, "message"}, {"partFirst", 1, "partFirst"}, {"partCount", 1, "partCount"}, {"startedAt", 1, "startedAt"},
    {"endedAt", 1, "endedAt"}, {"outcome", 1, "outcome"}, {"status", 1, "status"}, {"latencyMs", 1, "latencyMs"}, {"words", 1, "words"}};

static void add_names(struct buf *out, const struct cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? "," : "", cells[i].name);
    buf_add_text(out, "\r\n");
}

/* LEVELS as a level: the deepest that there is. */
static void add_row(struct buf *out, const struct cell *cells, size_t count, const struct cJSON *const levels[LEVELS])
{
    size_t deepest = LEVELS - 1;

    while (deepest && !levels[deepest])
        deepest--;
    for (size_t i = 0; i < count; i++) {
        struct buf value = BUF_EMPTY(CLIENT_REPLY_MAX);
        const struct cJSON *level = levels[cells[i].level < LEVELS ? cells[i].level : deepest];
        if (level && cells[i].key)
            rows_add_value(&value, json_get(level, cells[i].key));
        buf_add_text(out, i ? "," : "");
        text_add_csv(out, buf_text(&value));
        buf_free(&value);
    }
    buf_add_text(out, "\r\n");
}

static void add_why(struct buf *out, const struct cell cells[WHY_CELLS], const struct cJSON *thing, const struct cJSON *happened,
                    const struct cJSON *part)
{
    add_row(out, cells, WHY_CELLS, (const struct cJSON *const[LEVELS]){thing, happened, part});
}

bool facts_repeat_their_part(const struct cJSON *json)
{
    const struct cJSON *channels = json_get(json, "channels");
    return json_count(channels) == 1 && text_equal(json_get_text(json, "explanation"), json_get_text(json_first(channels), "explanation"));
}

void facts_write_why(const struct cJSON *thing, struct buf *out)
{
    add_names(out, of_alert, WHY_CELLS);
    if (text_equal(json_get_text(thing, "kind"), "delivery"))
        add_why(out, of_delivery, thing, thing, thing);
    else if (text_equal(json_get_text(thing, "kind"), "incident")) {
        add_why(out, of_incident, thing, thing, NULL);
        for (const struct cJSON *one = json_first(json_get(thing, "deliveries")); one; one = json_next(one))
            add_why(out, of_incident, thing, one, one);
    }
    for (const struct cJSON *change = json_first(json_get(thing, "transitions")); change; change = json_next(change)) {
        if (!facts_repeat_their_part(change))
            add_why(out, of_alert, thing, change, NULL);
        for (const struct cJSON *part = json_first(json_get(change, "channels")); part; part = json_next(part))
            add_why(out, of_alert, thing, change, part);
    }
}

void facts_write_attempts(const struct cJSON *delivery, struct buf *out)
{
    add_names(out, of_attempt, LENGTH(of_attempt));
    for (const struct cJSON *attempt = json_first(json_get(delivery, "attempts")); attempt; attempt = json_next(attempt))
        add_row(out, of_attempt, LENGTH(of_attempt), (const struct cJSON *const[LEVELS]){delivery, attempt});
}
