/* Alertmanager's webhook, version "4". Grafana's imported Alertmanager receivers (v0mimir1) send it too, and leave
 * their private labels and annotations in. */
#include "notifier/ingest/shapes.h"

#include "base/text.h"

#include <string.h>

static const char *values_of(struct reading *reading, const char *text)
{
    struct err ignored;
    struct cJSON *json = text ? json_parse(text, strlen(text), &ignored) : NULL;
    const char *values = json ? fields_values(reading, json) : NULL;

    json_close(json);
    return values;
}

static int64_t org_of(const struct reading *reading, const struct cJSON *json, const char *text)
{
    struct err ignored;
    int64_t org = 0;

    if (text && text_to_int(text, &org, &ignored))
        return org;
    return json_get_int(json, "orgId", reading->org);
}

void alertmanager_private(struct reading *reading, const struct cJSON *json, struct alert_input *out)
{
    struct labels hidden, notes;

    fields_take_private(reading->arena, &out->labels, &hidden);
    fields_take_private(reading->arena, &out->annotations, &notes);
    if (!out->labels.count) /* all of them private: then they are what it is called by */
        out->labels = hidden;
    out->org = org_of(reading, json, labels_get(&notes, "__orgId__"));
    out->generator_url = fields_link(reading, json, "generatorURL");
    out->dashboard_url = fields_link_or_null(labels_get(&notes, "__dashboardUid__"));
    out->panel_url = fields_link_or_null(labels_get(&notes, "__panelId__"));
    out->image_url = fields_link_or_null(labels_get(&notes, "__alertImageToken__"));
    out->rule_uid = labels_get(&hidden, "__alert_rule_uid__");
    out->values = values_of(reading, labels_get(&notes, "__values__"));
    out->value_string = labels_get(&notes, "__value_string__");
    out->state_reason = labels_get(&out->annotations, "grafana_state_reason");
}

bool alertmanager_read(struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err)
{
    *out = (struct alert_input){0};
    if (!json_is_object(json))
        return err_set(err, ERR_INPUT, "is not an object");
    if (!fields_labels(reading, json, "labels", 0, &out->labels, err) ||
        !fields_labels(reading, json, "annotations", 0, &out->annotations, err) || !fields_state(reading, json, out, err))
        return false;
    if (!out->labels.count)
        return err_set(err, ERR_INPUT, "has no labels");

    out->fingerprint = fields_fingerprint(reading, json, &out->labels);
    alertmanager_private(reading, json, out);
    return true;
}
