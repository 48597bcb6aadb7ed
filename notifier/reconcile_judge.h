/* Two lists, what a source says is active and what we hold of it, become what has to be told: the alerts that never
 * reached us, and the ends that never did. Keeps how often and for how long an alert has been absent. Pure: the caller
 * brings the time. */
#ifndef NOTIFIER_RECONCILE_JUDGE_H
#define NOTIFIER_RECONCILE_JUDGE_H

#include "base/arena.h"
#include "base/zone.h"
#include "notifier/core/core.h"
#include "notifier/ingest/ingest.h"

#define RECONCILE_ABSENT_READS 3               /* an alert is over once so many reads in a row did not list it, */
#define RECONCILE_ABSENT_MS (5 * 60 * 1000)    /* over at least this time; */
#define RECONCILE_EMPTY_MS (15 * 60 * 1000)    /* over this, where the list is empty: its sender may just have lost them */

struct reconcile_rules {
    int64_t grace_ms;       /* how long after its start an alert may take to reach us by itself */
    int64_t org;            /* what is held of another organisation is none of this list's business; 0: all of it is */
    uint32_t absent_reads;
    int64_t absent_ms, empty_ms;
};

struct reconcile_judged {
    struct alert_input *alerts; /* to be heard from that source, in this order; in the arena, texts borrowed from the lists */
    size_t count;
    size_t found, closed;       /* of them; the rest are still there and must not end for want of news */
};

struct reconcile_judge;

struct reconcile_judge *reconcile_judge_new(void);
void reconcile_judge_free(struct reconcile_judge *judge); /* NULL is fine */
/* One read. Firing alerts of ours that began before the grace and are not held are found; what is held and absent for long
 * enough is closed. Silenced and inhibited ones are neither. */
void reconcile_judge_read(struct reconcile_judge *judge, const struct reconcile_rules *rules, const struct active_list *listed,
                          const struct core_alert *held, size_t held_count, struct instant now, struct arena *arena,
                          struct reconcile_judged *out);

#endif
