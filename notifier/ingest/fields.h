/* What the shapes have in common: labels, times, links and status, copied out of parsed JSON into the arena.
 * Lenient where a slip costs nothing (an odd time is no time), strict where it would make another alert. */
#ifndef INGEST_FIELDS_H
#define INGEST_FIELDS_H

#include "base/json.h"
#include "notifier/ingest/ingest.h"

#define VALUES_JSON_MAX (64 * 1024) /* bytes of one alert's values */

struct reading { /* one body being read */
    struct arena *arena;
    int64_t now_wall_ms;
    int64_t org;            /* of the body; 0: it does not say */
    const char *test_stamp; /* Unix seconds of Grafana's Test button, as sent; NULL: no test */
    struct buf scratch;
};

/* Text that is there and not empty, in the arena; NULL otherwise. */
const char *fields_text(const struct reading *reading, const struct cJSON *object, const char *key);
/* The same, and a web link: a message or a page may carry it. */
const char *fields_link(const struct reading *reading, const struct cJSON *object, const char *key);
const char *fields_link_or_null(const char *text); /* NULL unless it is one */
int64_t fields_time_ms(const struct cJSON *object, const char *key); /* 0: absent, unreadable or Go's zero time */

/* An object of texts becomes settled labels; numbers and truths become text, nulls vanish. Absent or null is empty.
 * Room for `more` further ones is left behind them (add, then labels_settle). */
bool fields_labels(struct reading *reading, const struct cJSON *object, const char *key, size_t more, struct labels *out,
                   struct err *err);
/* Takes what stands between double underscores out of `from` and into `out`. */
void fields_take_private(struct arena *arena, struct labels *from, struct labels *out);

/* status, startsAt, endsAt: firing has no end; resolved without an end ended now. */
bool fields_state(const struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err);
/* Of all labels, private ones included, as both of Grafana's ways hash them. */
const char *fields_own_fingerprint(struct arena *arena, const struct labels *labels);
/* The sender's fingerprint where it is usable, else that of the labels. */
const char *fields_fingerprint(const struct reading *reading, const struct cJSON *json, const struct labels *labels);
/* {"A":93.4} of an object of numbers; what is no number is left out; NULL if nothing remains. */
const char *fields_values(struct reading *reading, const struct cJSON *values);

#endif
