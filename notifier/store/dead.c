/* Dead letters, and which alerts they should have told. */
#include "notifier/store/load.h"

#include "base/buf.h"

#include <string.h>

#define DEAD_IDS_MAX 100000 /* deliveries retried at once, alerts of one of them */

struct ids {
    struct buf bytes; /* uint64_t after uint64_t */
};

static const uint64_t *ids_get(const struct ids *ids, size_t *count)
{
    *count = ids->bytes.length / sizeof(uint64_t);
    return (const uint64_t *)(const void *)ids->bytes.data;
}

static bool ids_read(struct db_stmt *stmt, struct ids *ids, struct err *err)
{
    bool more;

    while (db_step(stmt, &more, err)) {
        if (!more) {
            db_reset(stmt);
            return true;
        }
        uint64_t id = (uint64_t)db_int(stmt, 0);
        buf_add(&ids->bytes, &id, sizeof id);
    }
    return false;
}

/* What its last message told; and, where it died unworded, what was given up with it. */
static bool dead_alerts(struct db *db, uint64_t delivery_id, struct ids *ids, struct err *err)
{
    static const char sql[] =
        "SELECT alert_id FROM delivery_items WHERE delivery_id = ?1 UNION"
        " SELECT alert_id FROM settlements INDEXED BY settlements_dead WHERE settled = 4 AND delivery_id = ?1 ORDER BY 1";
    struct db_stmt *stmt = db_prepare(db, sql, err);

    if (!stmt)
        return false;
    db_bind_int(stmt, 1, (int64_t)delivery_id);
    return ids_read(stmt, ids, err);
}

static bool dead_one(struct db *db, uint64_t delivery_id, load_dead_row row, void *context, struct err *err)
{
    struct ids alerts = {BUF_EMPTY(DEAD_IDS_MAX * sizeof(uint64_t))};
    struct db_stmt *stmt = db_prepare(db, "SELECT channel FROM deliveries WHERE id = ?1 AND state = 4", err);
    struct buf channel = BUF_EMPTY(4096);
    bool found = false, ok = false;

    if (!stmt)
        goto done;
    db_bind_int(stmt, 1, (int64_t)delivery_id);
    if (!db_step(stmt, &found, err))
        goto done;
    if (found)
        buf_add_text(&channel, db_text(stmt, 0));
    db_reset(stmt);
    ok = !found || dead_alerts(db, delivery_id, &alerts, err);
    if (ok && found) {
        size_t count;
        const uint64_t *ids = ids_get(&alerts, &count);
        row(context, delivery_id, buf_text(&channel), ids, count);
    }

done:
    buf_free(&channel);
    buf_free(&alerts.bytes);
    return ok;
}

bool load_dead(struct db *db, uint64_t delivery_id, const char *channel, size_t max, load_dead_row row, void *context,
               struct err *err)
{
    static const char sql[] = "SELECT id FROM deliveries INDEXED BY deliveries_dead WHERE state = 4 AND channel = ?1"
                              " ORDER BY id DESC LIMIT ?2";
    struct ids dead = {BUF_EMPTY(DEAD_IDS_MAX * sizeof(uint64_t))};
    struct db_stmt *stmt;
    size_t count;
    bool ok;

    if (delivery_id)
        return dead_one(db, delivery_id, row, context, err);
    stmt = db_prepare(db, sql, err);
    if (!stmt)
        return false;
    db_bind_text(stmt, 1, channel);
    db_bind_int(stmt, 2, max < DEAD_IDS_MAX ? (int64_t)max : DEAD_IDS_MAX);
    ok = ids_read(stmt, &dead, err);
    const uint64_t *ids = ids_get(&dead, &count);
    for (size_t i = 0; ok && i < count; i++)
        ok = dead_one(db, ids[i], row, context, err);
    buf_free(&dead.bytes);
    return ok;
}
