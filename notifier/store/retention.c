#include "notifier/store/retention.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define KEYS_MAX 3
#define LOOK_MAX 100 /* candidates of one query */

enum age { AGE_HISTORY, AGE_MESSAGES, AGE_QUARANTINE };

/* A kind of thing that grows old. `find` yields what lies behind position ?1..?keys, at most ?(keys+1): its key, when
 * it was born, when it was over, and whether it must stay. `removals` run in order; limited ones take the rows left of
 * the budget as ?(keys+1), and the thing itself is the last, so that an interrupted removal is simply done again. */
static const struct sweep {
    enum age age;
    int keys;
    const char *find;
    struct { const char *sql; bool limited; } removals[5];
} sweeps[] = {
    {AGE_HISTORY, 3,
     "SELECT t.at_ms, t.alert_id, t.seq, t.at_ms, t.at_ms,"
     " EXISTS (SELECT 1 FROM alerts a WHERE a.id = t.alert_id AND a.gone = 0 AND a.seq = t.seq)"
     " OR EXISTS (SELECT 1 FROM told o WHERE o.alert_id = t.alert_id AND o.owed_seq > o.settled_seq)"
     " FROM transitions t INDEXED BY transitions_by_time WHERE (t.at_ms, t.alert_id, t.seq) > (?1, ?2, ?3)"
     " ORDER BY t.at_ms, t.alert_id, t.seq LIMIT ?4",
     /* Whole in one transaction: a settlement must not go before the transitions it answers for. */
     {{"DELETE FROM settlements WHERE alert_id = ?2"
       " AND NOT EXISTS (SELECT 1 FROM transitions WHERE alert_id = ?2 AND seq < ?3) AND (seq <= ?3"
       " OR NOT EXISTS (SELECT 1 FROM transitions WHERE alert_id = ?2 AND seq <> ?3))", false},
      {"DELETE FROM alerts WHERE id = ?2 AND gone = 1"
       " AND NOT EXISTS (SELECT 1 FROM transitions WHERE alert_id = ?2 AND seq <> ?3)", false},
      {"DELETE FROM transitions WHERE alert_id = ?2 AND seq = ?3", false}}},
    {AGE_MESSAGES, 1,
     "SELECT m.id, m.at_ms, m.at_ms, EXISTS (SELECT 1 FROM deliveries d WHERE d.id = m.delivery_id AND d.state = 0)"
     " FROM messages m WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
     {{"DELETE FROM parts WHERE (message_id, part) IN"
       " (SELECT message_id, part FROM parts WHERE message_id = ?1 LIMIT ?2)", true},
      {"DELETE FROM messages WHERE id = ?1", false}}},
    {AGE_HISTORY, 1,
     "SELECT id, opened_ms, settled_ms, state = 0 FROM deliveries WHERE id > ?1 ORDER BY id LIMIT ?2",
     {{"DELETE FROM delivery_items WHERE (delivery_id, alert_id, slot) IN"
       " (SELECT delivery_id, alert_id, slot FROM delivery_items WHERE delivery_id = ?1 LIMIT ?2)", true},
      {"DELETE FROM attempts WHERE (delivery_id, id) IN"
       " (SELECT delivery_id, id FROM attempts WHERE delivery_id = ?1 LIMIT ?2)", true},
      {"DELETE FROM deliveries WHERE id = ?1", false}}},
    {AGE_HISTORY, 1,
     "SELECT i.id, i.opened_ms, i.closed_ms, i.closed_ms = 0"
     " OR EXISTS (SELECT 1 FROM deliveries d WHERE d.incident_id = i.id)"
     " FROM incidents i WHERE i.id > ?1 ORDER BY i.id LIMIT ?2",
     {{"DELETE FROM actions WHERE id IN (SELECT id FROM actions WHERE incident_id = ?1 LIMIT ?2)", true},
      {"DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE incident_id = ?1 LIMIT ?2)", true},
      {"DELETE FROM groups WHERE gone = 1 AND id = (SELECT group_id FROM incidents WHERE id = ?1)", false},
      {"DELETE FROM incidents WHERE id = ?1", false}}},
    {AGE_HISTORY, 1,
     "SELECT number, updated_ms, ends_ms, gone = 0 FROM silences WHERE number > ?1 ORDER BY number LIMIT ?2",
     {{"DELETE FROM silences WHERE number = ?1", false}}},
    {AGE_QUARANTINE, 1,
     "SELECT id, received_ms, received_ms, 0 FROM quarantine WHERE id > ?1 ORDER BY id LIMIT ?2",
     {{"DELETE FROM quarantine WHERE id = ?1", false}}},
    {AGE_HISTORY, 1,
     "SELECT id, at_ms, at_ms, 0 FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2",
     {{"DELETE FROM audit WHERE id = ?1", false}}},
};

#define SWEEP_COUNT (sizeof sweeps / sizeof sweeps[0])

struct candidate {
    int64_t key[KEYS_MAX];
    int64_t born_ms, over_ms;
    bool stays;
};

/* 0: for ever. A message does not outlive the history it belongs to. */
static int64_t age_of(const struct store_retention *ages, enum age age)
{
    switch (age) {
    case AGE_HISTORY: return ages->history_ms;
    case AGE_MESSAGES:
        return ages->messages_ms && (!ages->history_ms || ages->messages_ms < ages->history_ms) ? ages->messages_ms
                                                                                               : ages->history_ms;
    case AGE_QUARANTINE: return ages->quarantine_ms;
    }
    return 0;
}

static void bind_key(struct db_stmt *stmt, const struct sweep *sweep, const int64_t *key)
{
    for (int i = 0; i < sweep->keys; i++)
        db_bind_int(stmt, i + 1, key[i]);
}

static bool find(struct db *db, const struct sweep *sweep, const int64_t *position, struct candidate *out, size_t *count,
                 struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, sweep->find, err);
    bool more;

    *count = 0;
    if (!stmt)
        return false;
    bind_key(stmt, sweep, position);
    db_bind_int(stmt, sweep->keys + 1, LOOK_MAX);
    for (;;) {
        if (!db_step(stmt, &more, err))
            return false;
        if (!more)
            break;
        struct candidate *candidate = &out[(*count)++];
        for (int i = 0; i < sweep->keys; i++)
            candidate->key[i] = db_int(stmt, i);
        candidate->born_ms = db_int(stmt, sweep->keys);
        candidate->over_ms = db_int(stmt, sweep->keys + 1);
        candidate->stays = db_int(stmt, sweep->keys + 2);
    }
    db_reset(stmt);
    return true;
}

/* *whole: nothing of it is left. Takes what it deleted off *budget. */
static bool erase(struct db *db, const struct sweep *sweep, const int64_t *key, int64_t *budget, bool *whole, struct err *err)
{
    *whole = false;
    for (size_t i = 0; i < sizeof sweep->removals / sizeof sweep->removals[0] && sweep->removals[i].sql; i++) {
        struct db_stmt *stmt = db_prepare(db, sweep->removals[i].sql, err);
        if (!stmt)
            return false;
        bind_key(stmt, sweep, key);
        if (sweep->removals[i].limited)
            db_bind_int(stmt, sweep->keys + 1, *budget);
        if (!db_run(stmt, err))
            return false;
        *budget -= db_changes(db);
        if (sweep->removals[i].limited && *budget <= 0)
            return true;
    }
    *whole = true;
    return true;
}

static void next_sweep(struct retention *retention)
{
    retention->sweep++;
    memset(retention->position, 0, sizeof retention->position);
    /* Times before 1970 are older than any cut-off, too. */
    retention->position[0] = INT64_MIN;
}

/* Goes through candidates in order until the budget is used up or the young ones begin. */
static bool erase_old(struct retention *retention, struct db *db, const struct candidate *candidates, size_t count,
                      int64_t now_wall_ms, int64_t *budget, struct err *err)
{
    const struct sweep *sweep = &sweeps[retention->sweep];
    int64_t cut_ms = now_wall_ms - age_of(&retention->ages, sweep->age);

    for (size_t i = 0; i < count && *budget > 0; i++) {
        const struct candidate *candidate = &candidates[i];
        bool whole = true;
        /* Rows are in order of birth but for jumps of the clock; one from the future says nothing about the next. */
        if (candidate->born_ms >= cut_ms && candidate->born_ms <= now_wall_ms) {
            next_sweep(retention);
            return true;
        }
        if (!candidate->stays && candidate->over_ms < cut_ms && !erase(db, sweep, candidate->key, budget, &whole, err))
            return false;
        if (whole)
            memcpy(retention->position, candidate->key, sizeof retention->position);
    }
    if (count < LOOK_MAX && *budget > 0)
        next_sweep(retention);
    return true;
}

static bool sweep_some(struct retention *retention, struct db *db, int64_t now_wall_ms, struct err *err)
{
    struct candidate candidates[LOOK_MAX];
    int64_t budget = RETENTION_ROWS_MAX;
    size_t looks = 0, count;

    while (retention->sweep < SWEEP_COUNT && budget > 0 && looks < RETENTION_LOOKS_MAX) {
        memset(candidates, 0, sizeof candidates);
        if (!age_of(&retention->ages, sweeps[retention->sweep].age)) {
            next_sweep(retention);
            continue;
        }
        if (!find(db, &sweeps[retention->sweep], retention->position, candidates, &count, err) ||
            !erase_old(retention, db, candidates, count, now_wall_ms, &budget, err))
            return false;
        looks += LOOK_MAX;
    }
    return true;
}

static bool give_back(struct db *db, bool *more, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, "PRAGMA freelist_count", err);
    bool row;

    if (!stmt || !db_step(stmt, &row, err))
        return false;
    int64_t pages = row ? db_int(stmt, 0) : 0;
    db_reset(stmt);
    if (pages <= RETENTION_FREE_PAGES)
        return true;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%d)", RETENTION_VACUUM_PAGES);
    *more = pages > RETENTION_FREE_PAGES + RETENTION_VACUUM_PAGES;
    return db_exec(db, sql, err);
}

bool retention_step(struct retention *retention, struct db *db, int64_t now_wall_ms, bool *more, struct err *err)
{
    int64_t rested_ms = now_wall_ms - retention->rested_ms;

    *more = false;
    if (retention->rested_ms && rested_ms >= 0 && rested_ms < RETENTION_REST_MS)
        return true;
    if (retention->sweep >= SWEEP_COUNT) {
        retention->sweep = SIZE_MAX;
        next_sweep(retention);
    }
    bool ok = db_begin(db, err) && sweep_some(retention, db, now_wall_ms, err) && db_commit(db, err);
    if (!ok) {
        db_rollback(db);
        retention->sweep = SWEEP_COUNT; /* from the start, next time */
        return false;
    }
    if (retention->sweep < SWEEP_COUNT) {
        *more = true;
        return true;
    }
    if (!give_back(db, more, err))
        return false;
    if (!*more)
        retention->rested_ms = now_wall_ms;
    return true;
}
