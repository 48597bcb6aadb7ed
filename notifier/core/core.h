/* The only door to what decides. Pure: the caller brings events and the time, and takes effects away.
 * No clock, file, socket, log, global or thread in here. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/buf.h"
#include "base/zone.h"
#include "notifier/core/effect.h"
#include "notifier/core/event.h"
#include "notifier/core/kept.h"

#define CORE_LEAVING_MAX_MS 5000 /* an attempt leaves within that of being decided: a commit that takes longer counts as failing */
#define CORE_SENDS_PER_TICK 256   /* core_tick yields after so many, that replies are not kept waiting */
#define ALERT_REFRESH_STEP_MS 60000 /* refreshed_ms is written at most this often */

struct core;

/* policy is borrowed until the next EVENT_RELOAD. seed makes references unguessable and runs repeatable. */
struct core *core_new(const struct policy *policy, uint64_t seed);
void core_free(struct core *core);

/* Start and crash share one path: each stored row that is still alive, in the order of enum record_kind, then
 * core_load_done. Whatever was being sent has an unclear outcome and goes again, marked. */
void core_load(struct core *core, const struct record *record, struct instant now);
void core_load_done(struct core *core, struct instant now, struct effects *effects);

void core_step(struct core *core, const struct event *event, struct instant now, struct effects *effects);
/* What time alone brings: groups due, repeats, expiries, sends that pacing now admits. */
void core_tick(struct core *core, struct instant now, struct effects *effects);
/* Steady time of the next thing that time brings; INT64_MAX if there is none. */
int64_t core_deadline(const struct core *core);

/* What the core knows of an alert (for views). Borrowed until the next step; false if it is gone. */
struct core_alert {
    const struct kept *labels;
    enum alert_status status;
    int64_t starts_ms, ends_ms;
    const char *state_reason; /* NULL: none */
    unsigned severity;
    bool test;
    const char *fingerprint;
    int64_t org;
    int64_t expires_ms, refreshed_ms; /* wall; expires 0: never. refreshed is as coarse as ALERT_REFRESH_STEP_MS */
    bool is_supposed;         /* over, and nobody has said so: we have ended it ourselves */
};
bool core_alert(const struct core *core, uint64_t alert_id, struct core_alert *out);
/* Each alert held of a domain, in no order; what it shows is borrowed for the call. */
void core_alerts(const struct core *core, const char *domain, void (*row)(void *context, const struct core_alert *alert),
                 void *context);

/* Twice limits.alerts are held, those included that are over and wait to be told so: no more alerts are to be taken now. */
bool core_is_full(const struct core *core);

/* Accepted transitions that are neither open nor settled on some channel. Always 0. */
uint64_t core_unaccounted(const struct core *core);

struct core_channel_state {
    const char *name;
    uint32_t pending;         /* open deliveries */
    uint32_t in_flight;
    int64_t oldest_accepted_ms; /* wall; 0: nothing pending */
    uint32_t failures;
    bool refused;             /* it refuses us for good (token, chat): up again only by a success */
};
size_t core_channels(const struct core *core, struct core_channel_state *out, size_t max);

struct core_totals {
    uint32_t alerts, firing, groups, deliveries_open, memory_kib;
};
struct core_totals core_totals(const struct core *core);

/* All persisted state as text, in an order that only depends on the state: two cores are equal where their dumps are. */
void core_dump(const struct core *core, struct buf *out);

#endif
