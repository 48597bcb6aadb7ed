#include "notifier/store/damage.h"

#include "base/clock.h"
#include "base/text.h"
#include "notifier/store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES 100 /* of an SQLite file: its format, section 1.3 */
#define HEADER_APPLICATION 68 /* offset of application_id, big-endian */

enum file_kind { FILE_NONE, FILE_FOREIGN, FILE_BLANK, FILE_DATABASE };

struct header {
    enum file_kind kind;
    uint32_t application;
};

static struct header read_header(const char *path)
{
    static const unsigned char magic[16] = "SQLite format 3", zeros[16];
    unsigned char bytes[HEADER_BYTES] = {0};
    struct header header = {FILE_NONE, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return header; /* absent, or the opening will say why */
    ssize_t got = pread(fd, bytes, sizeof bytes, 0);
    close(fd);
    if (got <= 0)
        return header; /* empty: a new one */
    /* A power cut leaves blocks of zeros on some file systems. */
    header.kind = memcmp(bytes, magic, sizeof magic) == 0 ? FILE_DATABASE : memcmp(bytes, zeros, sizeof zeros) == 0 ? FILE_BLANK : FILE_FOREIGN;
    for (size_t i = 0; i < 4; i++)
        header.application = header.application << 8 | bytes[HEADER_APPLICATION + i];
    return header;
}

static void mark_of(const char *path, char name[BACKUP_PATH_MAX + 16])
{
    snprintf(name, BACKUP_PATH_MAX + 16, "%s.suspect", path);
}

void damage_suspect(const char *path)
{
    char name[BACKUP_PATH_MAX + 16];

    mark_of(path, name);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

bool damage_is_suspected(const char *path)
{
    char name[BACKUP_PATH_MAX + 16];

    mark_of(path, name);
    return access(name, F_OK) == 0;
}

static void clear_suspicion(const char *path)
{
    char name[BACKUP_PATH_MAX + 16];

    mark_of(path, name);
    unlink(name);
}

struct looking {
    const struct db_watch *watch;
    int64_t until_ms; /* steady; INT64_MAX: to the end */
};

static bool go_on(void *context, const char *doing, int64_t bytes, int64_t all)
{
    const struct looking *looking = context;

    if (looking->watch && !looking->watch->go_on(looking->watch->context, doing, bytes, all))
        return false;
    return clock_now(&clock_system).steady_ms < looking->until_ms;
}

enum look { LOOK_FINE, LOOK_DAMAGED, LOOK_FOREIGN };

/* What is wrong with the file stands in what. An error that is no damage (rights, a full disk) is the opening's to tell. */
static enum look look_over(const char *path, const struct header *header, const struct db_watch *watch, char what[ERR_TEXT_MAX])
{
    bool suspected = damage_is_suspected(path), damaged;
    struct looking looking = {watch, suspected ? INT64_MAX : clock_now(&clock_system).steady_ms + DAMAGE_LOOK_MS};
    struct db_watch look = {go_on, &looking};
    int64_t schema;
    struct err err = {0};

    if (header->kind == FILE_BLANK) {
        snprintf(what, ERR_TEXT_MAX, "it begins with zeros");
        return LOOK_DAMAGED;
    }
    struct db *db = db_open(path, DB_READ, NULL, &err);
    if (db && schema_look(db, path, &schema, &err))
        damaged = !db_check(db, suspected ? DB_CHECK_WHOLE : DB_CHECK_QUICK, &look, &err) && err.kind == ERR_DAMAGED;
    else
        damaged = err.kind == ERR_DAMAGED;
    bool foreign = db && err.kind == ERR_INPUT;
    db_close(db);
    snprintf(what, ERR_TEXT_MAX, "%s", err.text);
    if (suspected && !damaged)
        clear_suspicion(path);
    return damaged ? LOOK_DAMAGED : foreign ? LOOK_FOREIGN : LOOK_FINE;
}

static bool set_aside(const char *path, int64_t now_wall_ms, struct damage *damage, struct err *err)
{
    damage->found = backup_set_aside(path, "damaged", now_wall_ms, damage->aside, err);
    if (damage->found)
        clear_suspicion(path);
    return damage->found || err_within(err, "%s: is damaged (%s), and could not be set aside", path, damage->what);
}

bool damage_is_ours(const char *path, struct err *err)
{
    struct header header = read_header(path);

    if (header.kind == FILE_FOREIGN)
        return err_set(err, ERR_INPUT, "%s: is not a database; name another file as storage.path, or move this one away", path);
    if (header.kind == FILE_DATABASE && header.application && header.application != SCHEMA_APPLICATION_ID)
        return err_set(err, ERR_INPUT, SCHEMA_FOREIGN_WORDS, path);
    return true;
}

bool damage_clear(const char *path, int64_t now_wall_ms, const struct db_watch *watch, struct damage *damage, struct err *err)
{
    struct header header = read_header(path);

    *damage = (struct damage){0};
    if (header.kind == FILE_NONE)
        return true;
    switch (look_over(path, &header, watch, damage->what)) {
    case LOOK_FINE: return true;
    case LOOK_FOREIGN: return err_set(err, ERR_INPUT, "%s", damage->what);
    case LOOK_DAMAGED: break;
    }
    if (!now_wall_ms)
        return err_set(err, ERR_STORAGE,
                       "%s: is damaged (%s); put a backup in its place with `notifier restore FILE`, or let `notifier serve` set it aside "
                       "and begin anew", path, damage->what);
    return set_aside(path, now_wall_ms, damage, err);
}
