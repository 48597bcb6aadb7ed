/* The contract between the turn and whatever keeps its rows. sqlite.c fulfils it; another back end may
 * stand beside it. One transaction a turn; nothing is kept before store_commit has returned true. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "notifier/core/effect.h"

enum store_end { STORE_UNDER_WAY, STORE_STORED, STORE_FAILED };

struct store {
    void *context;
    /* Writes every EFFECT_RECORD and EFFECT_SIDE of the list, in order, as one durable transaction. Idempotent: the same list may
     * come again after a failure. On false nothing of it counts as stored. */
    bool (*commit)(void *context, const struct effects *effects, struct err *err);
    /* The same beside the turn, one list at a time: begin takes the list, which nobody changes until ended says how it went
     * (and, where it failed, why). wait: for that. Meanwhile every other call waits for it too, for some seconds, and fails
     * then. NULL: there is commit alone. */
    void (*begin)(void *context, const struct effects *effects);
    enum store_end (*ended)(void *context, bool wait, struct err *err);
    /* Every row the core still needs, in the order of enum record_kind: its sequence; alerts until
     * ALERT_GONE has been said of them; live groups with incidents, told, lanes; open deliveries with
     * items, message (no text), parts (no content); attempts of the last STORE_RING_MS and those of open deliveries; targets. */
    bool (*load)(void *context, int64_t now_wall_ms, void (*row)(void *row_context, const struct record *record),
                 void *row_context, struct err *err);
    /* Everything about one alert, as committed; false if absent or unreadable. Borrowed from arena. */
    bool (*alert)(void *context, uint64_t alert_id, struct arena *arena, struct alert_input *out);
    /* Contents of parts [first, first+count) of a message, as committed. */
    bool (*parts)(void *context, uint64_t message_id, uint16_t first, uint16_t count, struct arena *arena,
                  struct rendered_part *out);
    /* Dead deliveries for an operator's retry: one by id, or (id 0) a channel's newest `max`. alert_ids: its items. */
    bool (*dead)(void *context, uint64_t delivery_id, const char *channel, size_t max,
                 void (*row)(void *row_context, uint64_t delivery_id, const char *channel, const uint64_t *alert_ids, size_t count),
                 void *row_context, struct err *err);
    /* People's sessions that are not over, and the newest id of the audit. row NULL: none wanted. NULL: keeps no sides. */
    bool (*sides)(void *context, int64_t now_wall_ms, void (*row)(void *row_context, const struct side_session *session),
                  void *row_context, uint64_t *audit_id, struct err *err);
    /* Called when nothing else is to do: checkpoints, then retention in small batches. True if more waits (with a thread: of the
     * last time). */
    bool (*idle)(void *context, int64_t now_wall_ms);
    void (*close)(void *context);
};

#define STORE_RECENT_MS (24 * 3600 * 1000LL) /* resolved alerts stay known so that late and doubled words are recognised */
#define STORE_RING_MS (3600 * 1000LL)        /* attempts that may count against a rate */

struct store_retention {
    int64_t history_ms, messages_ms, quarantine_ms; /* 0: for ever */
};

struct db_watch; /* base/db.h */

struct store_sqlite_options {
    const char *path;                /* ":memory:" for tests and `test --channel` */
    const char *vfs;                 /* NULL: the default; tests tear writes here */
    bool migrate;                    /* false: refuse an older schema */
    struct store_retention retention;
    int64_t now_wall_ms;             /* names a damaged file that is set aside for a new one; 0: such a file is refused */
    const struct db_watch *watch;    /* looks on at long work while opening; NULL: nobody */
    /* What opening has done to files ("migrated", "database_damaged"), for the log; NULL: nobody listens. */
    void (*said)(void *context, const char *event, const char *words);
    void *said_context;
};

/* Opens (creating the folder, migrating after a backup PATH.before-N), takes the lock. A newer schema is refused. */
bool store_open_sqlite(const struct store_sqlite_options *options, struct store *out, struct err *err);
/* What was read from the file was wrong: opening it anew looks all of it over, and sets it aside if it must. */
bool store_is_suspect(const char *path);
/* The folder of a database's path, with its parents, mode 0750. */
bool store_make_folder(const char *path, struct err *err);
/* The conservation query: accepted transitions neither open nor settled. -1 on error. For tests, doctor and metrics. */
int64_t store_unaccounted(struct store *store, struct err *err);

#endif
