/* Grafana's webhook, version "1": the default body, and the same keys in any order from a payload template. */
#include "notifier/ingest/shapes.h"

#include "base/text.h"

#include <string.h>

#define TEST_STAMP_DIGITS_MAX 19

bool grafana_read(struct reading *reading, const struct cJSON *json, struct alert_input *out, struct err *err)
{
    struct labels hidden, notes;

    *out = (struct alert_input){0};
    if (!json_is_object(json))
        return err_set(err, ERR_INPUT, "is not an object");
    if (!fields_labels(reading, json, "labels", 0, &out->labels, err) ||
        !fields_labels(reading, json, "annotations", 0, &out->annotations, err) || !fields_state(reading, json, out, err))
        return false;
    if (!out->labels.count)
        return err_set(err, ERR_INPUT, "has no labels");

    out->fingerprint = fields_fingerprint(reading, json, &out->labels);
    fields_take_private(reading->arena, &out->labels, &hidden);
    fields_take_private(reading->arena, &out->annotations, &notes);
    out->org = json_get_int(json, "orgId", reading->org);
    out->generator_url = fields_link(reading, json, "generatorURL");
    out->silence_url = fields_link(reading, json, "silenceURL");
    out->dashboard_url = fields_link(reading, json, "dashboardURL");
    out->panel_url = fields_link(reading, json, "panelURL");
    out->image_url = fields_link(reading, json, "imageURL");
    out->rule_uid = fields_text(reading, json, "ruleUID");
    if (!out->rule_uid)
        out->rule_uid = labels_get(&hidden, "__alert_rule_uid__");
    out->values = fields_values(reading, json_get(json, "values"));
    out->value_string = fields_text(reading, json, "valueString");
    out->state_reason = labels_get(&out->annotations, "grafana_state_reason");
    out->test = reading->test_stamp;
    return true;
}

const char *grafana_test_stamp(const char *group_key)
{
    static const char prefix[] = "webhook-";
    const char *hex = group_key + strlen(prefix);

    if (!text_starts(group_key, prefix) || strspn(hex, "0123456789abcdef") != 16 || hex[16] != '-')
        return NULL;
    const char *stamp = hex + 17;
    size_t digits = strspn(stamp, "0123456789");
    return digits && digits <= TEST_STAMP_DIGITS_MAX && !stamp[digits] ? stamp : NULL;
}
