#include "notifier/store/sides.h"

static bool write_session(struct db *db, const struct side_session *session, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, "INSERT OR REPLACE INTO sessions (digest, who, credential, address, created_ms, expires_ms)"
                                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)", err);

    if (!stmt)
        return false;
    db_bind_text(stmt, 1, session->digest);
    db_bind_text(stmt, 2, session->who);
    db_bind_text(stmt, 3, session->credential);
    db_bind_text(stmt, 4, session->address);
    db_bind_int(stmt, 5, session->created_ms);
    db_bind_int(stmt, 6, session->expires_ms);
    if (!db_run(stmt, err))
        return false;
    /* Those that are over are few: they go with whoever signs in next. */
    stmt = db_prepare(db, "DELETE FROM sessions WHERE expires_ms <= ?1", err);
    if (!stmt)
        return false;
    db_bind_int(stmt, 1, session->created_ms);
    return db_run(stmt, err);
}

static bool end_session(struct db *db, const char *digest, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, "DELETE FROM sessions WHERE digest = ?1", err);

    if (!stmt)
        return false;
    db_bind_text(stmt, 1, digest);
    return db_run(stmt, err);
}

static bool write_audit(struct db *db, const struct side_audit *audit, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, "INSERT OR IGNORE INTO audit (id, at_ms, status, who, via, address, method, target, detail)"
                                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", err);

    if (!stmt)
        return false;
    db_bind_int(stmt, 1, (int64_t)audit->id);
    db_bind_int(stmt, 2, audit->at_ms);
    db_bind_int(stmt, 3, audit->status);
    db_bind_text(stmt, 4, audit->who);
    db_bind_text(stmt, 5, audit->via);
    db_bind_text(stmt, 6, audit->address);
    db_bind_text(stmt, 7, audit->method);
    db_bind_text(stmt, 8, audit->target);
    db_bind_text(stmt, 9, audit->detail);
    return db_run(stmt, err);
}

static bool end_audit(struct db *db, const struct side_audit *audit, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, "UPDATE audit SET status = ?2, detail = coalesce(?3, detail) WHERE id = ?1", err);

    if (!stmt)
        return false;
    db_bind_int(stmt, 1, (int64_t)audit->id);
    db_bind_int(stmt, 2, audit->status);
    db_bind_text(stmt, 3, audit->detail);
    return db_run(stmt, err);
}

bool sides_write(struct db *db, const struct side *side, struct err *err)
{
    switch (side->kind) {
    case SIDE_SESSION: return write_session(db, &side->session, err);
    case SIDE_SESSION_END: return end_session(db, side->session.digest, err);
    case SIDE_AUDIT: return write_audit(db, &side->audit, err);
    case SIDE_AUDIT_END: return end_audit(db, &side->audit, err);
    }
    return true;
}

bool sides_read(struct db *db, int64_t now_wall_ms, sides_row row, void *context, uint64_t *audit_id, struct err *err)
{
    struct db_stmt *stmt = db_prepare(db, "SELECT coalesce(max(id), 0) FROM audit", err);
    bool more = false;

    if (!stmt || !db_step(stmt, &more, err))
        return false;
    *audit_id = more ? (uint64_t)db_int(stmt, 0) : 0;
    db_reset(stmt);
    stmt = row ? db_prepare(db, "SELECT digest, who, credential, address, created_ms, expires_ms FROM sessions"
                                " WHERE expires_ms > ?1 ORDER BY created_ms, digest", err) : NULL;
    if (!stmt)
        return !row;
    db_bind_int(stmt, 1, now_wall_ms);
    for (;;) {
        if (!db_step(stmt, &more, err))
            return false;
        if (!more)
            break;
        struct side_session session = {db_text(stmt, 0), db_text(stmt, 1), db_text(stmt, 2), db_text(stmt, 3), db_int(stmt, 4),
                                       db_int(stmt, 5)};
        row(context, &session);
    }
    db_reset(stmt);
    return true;
}
