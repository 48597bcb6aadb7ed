#include "notifier/backups.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/work.h"
#include "notifier/store/backup.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct backups {
    char *database;
    struct work *work;
    bool busy;
    atomic_bool stopping;
};

struct copying {
    struct backups *backups;
    char *file;
    backups_done done;
    void *context;
    struct backup_made made;
    struct err err;
    bool ok;
};

struct backups *backups_new(const char *database, void (*wake)(void *context), void *context, struct err *err)
{
    struct backups *backups = memory_zeroed(1, sizeof *backups);

    backups->database = memory_text(database);
    atomic_init(&backups->stopping, false);
    backups->work = work_new(wake, context, err);
    if (backups->work)
        return backups;
    backups_free(backups);
    return NULL;
}

static bool go_on(void *context, const char *doing, int64_t bytes, int64_t all)
{
    struct copying *copying = context;

    (void)doing;
    (void)bytes;
    (void)all;
    return !atomic_load(&copying->backups->stopping);
}

static void copy(void *job)
{
    struct copying *copying = job;
    struct db_watch watch = {go_on, copying};

    copying->ok = backup_make(copying->backups->database, copying->file, &watch, &copying->made, &copying->err);
}

static int status_of(const struct copying *copying)
{
    if (copying->ok)
        return 200;
    switch (copying->err.kind) {
    case ERR_CONFLICT: return 409;
    case ERR_INPUT: return 422;
    case ERR_STORAGE: return 503; /* its disk is full, or fails: another time */
    case ERR_NONE:
    case ERR_SYSTEM:
    case ERR_DAMAGED:
    case ERR_NETWORK:
    case ERR_LIMIT: break;
    }
    return 500;
}

static void finished(void *job)
{
    struct copying *copying = job;
    int status = status_of(copying);

    copying->backups->busy = false;
    if (copying->ok)
        log_say(LOG_INFO, "backup", "%s: %lld bytes, read over", copying->file, (long long)copying->made.bytes);
    else
        log_say(status < 500 ? LOG_WARN : LOG_ERROR, "backup_failed", "%s", copying->err.text);
    copying->done(copying->context, status, copying->ok ? copying->file : copying->err.text,
                  copying->made.bytes);
    free(copying->file);
    free(copying);
}

void backups_start(void *opaque, const char *file, backups_done done, void *context)
{
    struct backups *backups = opaque;

    if (file[0] != '/') {
        done(context, 400, "the file's path must begin with / : it is opened by the daemon, in the daemon's file system", 0);
        return;
    }
    if (strcmp(backups->database, ":memory:") == 0) {
        done(context, 409, "this daemon keeps its database in memory; there is no file to copy", 0);
        return;
    }
    if (backups->busy) {
        done(context, 409, "another backup is being made; try again when it is done", 0);
        return;
    }
    struct copying *copying = memory_zeroed(1, sizeof *copying);
    copying->file = memory_text(file);
    copying->backups = backups;
    copying->done = done;
    copying->context = context;
    backups->busy = true;
    work_add(backups->work, copy, finished, copying); /* alone in its queue: there is room */
}

void backups_run(struct backups *backups)
{
    work_finish(backups->work);
}

void backups_stop(struct backups *backups)
{
    atomic_store(&backups->stopping, true);
}

void backups_free(struct backups *backups)
{
    if (!backups)
        return;
    atomic_store(&backups->stopping, true);
    if (backups->work)
        work_free(backups->work);
    free(backups->database);
    free(backups);
}
