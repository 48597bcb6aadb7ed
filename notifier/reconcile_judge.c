#include "notifier/reconcile_judge.h"

#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/map.h"

#include <stdlib.h>
#include <string.h>

struct absence {
    char fingerprint[ALERT_FINGERPRINT_MAX + 1];
    int64_t org;
    uint64_t hash;
    int64_t since_ms;      /* steady: the first read without it */
    int64_t since_wall_ms;
    uint32_t reads;
    uint64_t round;        /* the last read without it */
};

struct reconcile_judge {
    struct map absences;   /* at most as many as alerts are held */
    uint64_t round;
};

struct entry { /* of the list, while it is judged */
    const struct active_alert *active;
    bool is_held;
};

struct absence_key {
    const char *fingerprint;
    int64_t org;
};

static bool absence_is(const void *item, const void *wanted)
{
    const struct absence *absence = item;
    const struct absence_key *key = wanted;

    return absence->org == key->org && strcmp(absence->fingerprint, key->fingerprint) == 0;
}

static bool entry_is(const void *item, const void *fingerprint)
{
    return strcmp(((const struct entry *)item)->active->alert.fingerprint, fingerprint) == 0;
}

static uint64_t hash_of(const char *fingerprint, int64_t org)
{
    return text_hash(fingerprint, strlen(fingerprint), (uint64_t)org);
}

struct reconcile_judge *reconcile_judge_new(void)
{
    struct reconcile_judge *judge = memory_zeroed(1, sizeof *judge);

    map_init(&judge->absences, absence_is);
    return judge;
}

/* Those that were absent in an earlier round, and are not any more; round 0: all. */
static void drop_absences(struct reconcile_judge *judge, uint64_t round)
{
    struct map kept;
    void *item;

    map_init(&kept, absence_is);
    for (size_t at = 0; map_each(&judge->absences, &at, &item);) {
        struct absence *absence = item;
        if (round && absence->round == round)
            map_put(&kept, absence->hash, absence);
        else
            free(absence);
    }
    map_free(&judge->absences);
    judge->absences = kept;
}

void reconcile_judge_free(struct reconcile_judge *judge)
{
    if (!judge)
        return;
    drop_absences(judge, 0);
    map_free(&judge->absences);
    free(judge);
}

static struct absence *absence_of(struct reconcile_judge *judge, const struct core_alert *alert, struct instant now)
{
    struct absence_key key = {alert->fingerprint, alert->org};
    uint64_t hash = hash_of(alert->fingerprint, alert->org);
    struct absence *absence = map_get(&judge->absences, hash, &key);

    if (absence)
        return absence;
    absence = memory_zeroed(1, sizeof *absence);
    *absence = (struct absence){.org = alert->org, .hash = hash, .since_ms = now.steady_ms, .since_wall_ms = now.wall_ms};
    strncpy(absence->fingerprint, alert->fingerprint, sizeof absence->fingerprint - 1);
    map_put(&judge->absences, hash, absence);
    return absence;
}

static struct alert_input *add(struct reconcile_judged *out, struct alert_input alert)
{
    out->alerts[out->count] = alert;
    return &out->alerts[out->count++];
}

/* Absent once more. Whoever hears of it from its sender in between has proof that it is not over. */
static void judge_absent(struct reconcile_judge *judge, const struct reconcile_rules *rules, const struct core_alert *alert, bool empty,
                         struct instant now, struct reconcile_judged *out)
{
    struct absence *absence = absence_of(judge, alert, now);

    if (alert->refreshed_ms > absence->since_wall_ms) {
        absence->since_ms = now.steady_ms;
        absence->since_wall_ms = now.wall_ms;
        absence->reads = 0;
    }
    absence->reads++;
    absence->round = judge->round;
    if (absence->reads < rules->absent_reads || now.steady_ms - absence->since_ms < (empty ? rules->empty_ms : rules->absent_ms))
        return;
    add(out, (struct alert_input){.fingerprint = alert->fingerprint, .org = alert->org, .status = ALERT_RESOLVED,
                                  .starts_ms = alert->starts_ms, .ends_ms = now.wall_ms, .state_reason = ALERT_NOT_AT_SOURCE});
    out->closed++;
}

/* It is held, firing or over, and its sender lists it. */
static void judge_both(const struct core_alert *alert, struct entry *entry, struct instant now, struct reconcile_judged *out)
{
    const struct alert_input *listed = &entry->active->alert;
    bool firing = alert->status == ALERT_FIRING;

    /* Over, but begun anew, or ended only by us: then it is as if it were not held. */
    if (!firing && (alert->is_supposed || listed->starts_ms > alert->starts_ms))
        return;
    entry->is_held = true;
    /* No word came for half the time after which it would end as "no news since": this is one. */
    if (firing && alert->expires_ms && listed->labels.count && now.wall_ms - alert->refreshed_ms > (alert->expires_ms - alert->refreshed_ms) / 2)
        add(out, *listed)->org = alert->org;
}

static bool is_of_org(const struct reconcile_rules *rules, int64_t org)
{
    return !rules->org || !org || org == rules->org;
}

static bool is_found(const struct reconcile_rules *rules, const struct entry *entry, struct instant now)
{
    const struct active_alert *active = entry->active;

    return !entry->is_held && active->is_ours && !active->is_suppressed && active->alert.starts_ms &&
           now.wall_ms - active->alert.starts_ms >= rules->grace_ms;
}

void reconcile_judge_read(struct reconcile_judge *judge, const struct reconcile_rules *rules, const struct active_list *listed,
                          const struct core_alert *held, size_t held_count, struct instant now, struct arena *arena,
                          struct reconcile_judged *out)
{
    struct entry *entries = ARENA_NEW(arena, struct entry, listed->count + 1);
    struct map by_fingerprint;
    bool empty = true;

    *out = (struct reconcile_judged){.alerts = ARENA_NEW(arena, struct alert_input, listed->count + held_count + 1)};
    judge->round++;
    map_init(&by_fingerprint, entry_is);
    for (size_t i = 0; i < listed->count; i++) {
        const char *fingerprint = listed->alerts[i].alert.fingerprint;
        uint64_t hash = hash_of(fingerprint, 0);
        entries[i].active = &listed->alerts[i];
        empty = empty && !listed->alerts[i].is_ours;
        if (map_get(&by_fingerprint, hash, fingerprint))
            entries[i].is_held = true; /* listed twice: once is enough */
        else
            map_put(&by_fingerprint, hash, &entries[i]);
    }
    for (size_t i = 0; i < held_count; i++) {
        const struct core_alert *alert = &held[i];
        if (alert->test || !is_of_org(rules, alert->org))
            continue;
        struct entry *entry = map_get(&by_fingerprint, hash_of(alert->fingerprint, 0), alert->fingerprint);
        int64_t org = entry ? entry->active->alert.org : 0;
        if (entry && (!alert->org || !org || alert->org == org)) /* of two organisations: neither absent nor the same */
            judge_both(alert, entry, now, out);
        else if (!entry && alert->status == ALERT_FIRING)
            judge_absent(judge, rules, alert, empty, now, out);
    }
    for (size_t i = 0; i < listed->count; i++)
        if (is_found(rules, &entries[i], now)) {
            add(out, entries[i].active->alert);
            out->found++;
        }
    drop_absences(judge, judge->round);
    map_free(&by_fingerprint);
}
