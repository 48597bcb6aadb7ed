/* The shapes an alert comes in, a file each: one alert's JSON becomes one alert_input, or an error in words. */
#ifndef INGEST_SHAPES_H
#define INGEST_SHAPES_H

#include "notifier/ingest/fields.h"

typedef bool (*shape_reader)(struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err);

bool grafana_read(struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err);
bool alertmanager_read(struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err);
/* What private labels and annotations say, taken out of both. */
void alertmanager_private(struct reading *reading, const struct cJSON *json, struct alert_input *out);
bool event_read(struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err);

/* True where every member is one of an event's: only then is a strange body taken for one. */
bool event_is_shape(const struct cJSON *json);
/* Unix seconds in the groupKey of Grafana's Test button, webhook-<16 hex>-<digits>; NULL for anything else. */
const char *grafana_test_stamp(const char *group_key);

#endif
