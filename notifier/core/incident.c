/* An incident is a group from its first firing to quiet, under a reference a person can say on the phone. */
#include "base/text.h"
#include "notifier/core/state.h"

#include <string.h>

/* Four characters without those that are misread; five and more only when four are taken. The first is a letter,
 * so that no reference looks like an id. */
void incident_reference(const struct core *core, uint64_t id, char out[REFERENCE_SIZE])
{
    static const char alphabet[] = "ABCDEFGHJKMNPQRSTVWXYZ23456789";

    for (uint64_t round = 0;; round++) {
        uint64_t seed[3] = {core->seed, id, round};
        uint64_t hash = text_hash(seed, sizeof seed, 7);
        size_t length = 4 + (round > 8 ? 4 : round / 2);
        for (size_t i = 0; i < length; i++, hash /= 30)
            out[i] = alphabet[hash % (i ? 30 : 22)];
        out[length] = '\0';
        if (!map_get(&core->references, text_hash(out, length, 3), out))
            return;
    }
}

const char *incident_title(const struct group *group)
{
    const char *name = group->gathers ? "digest" : kept_get(group->labels, "alertname");
    struct label_room room;

    return name ? name : kept_count(group->labels) ? kept_open(group->labels, &room).items[0].value : "all alerts";
}

void incident_write(struct core *core, const struct group *group, int64_t closed_ms)
{
    struct record_incident *row = &effects_record(core->effects, RECORD_INCIDENT)->incident;
    row->id = group->incident.id;
    row->group_id = group->id;
    row->reference = effects_text(core->effects, group->incident.reference);
    row->opened_ms = group->incident.opened_ms;
    row->closed_ms = closed_ms;
    row->severity = group->incident.severity;
    row->severity_name = group->incident.severity < core->policy->severity_count
                             ? effects_text(core->effects, core->policy->severities[group->incident.severity])
                             : "";
    row->title = effects_text(core->effects, incident_title(group));
}

void incident_worsen(struct core *core, struct group *group, uint8_t severity)
{
    if (severity >= group->incident.severity)
        return;
    group->incident.severity = severity;
    incident_write(core, group, 0);
}
