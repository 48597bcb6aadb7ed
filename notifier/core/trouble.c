#include "notifier/core/state.h"

#include <stdio.h>

/* Our own troubles are alerts like any other, of a domain nobody else may use. */
void intake_trouble(struct core *core, const struct event_trouble *event)
{
    struct label labels[3] = {{"alertname", event->alertname}, {event->subject_label, event->subject}, {"severity", event->severity}};
    struct label annotations[1] = {{"summary", event->summary}};
    struct alert_input input = {.status = event->over ? ALERT_RESOLVED : ALERT_FIRING,
                                .labels = {labels, 3}, .annotations = {annotations, event->summary ? 1 : 0}};
    char fingerprint[17];

    labels_settle(&input.labels);
    snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)labels_fingerprint(&input.labels));
    input.fingerprint = fingerprint;
    if (event->lasts_ms && !event->over)
        input.expires_ms = core->now.wall_ms + event->lasts_ms;
    struct event_alerts alerts = {.source = SELF_DOMAIN, .domain = SELF_DOMAIN, .alerts = &input, .count = 1};
    intake_alerts(core, &alerts);
}
