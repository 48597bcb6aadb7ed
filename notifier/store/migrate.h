/* Brings a database to the newest schema, after a backup beside it. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/db.h"

#define SCHEMA_APPLICATION_ID 0x4e544659 /* "NTFY" */
#define SCHEMA_NEWEST 4
#define SCHEMA_FOREIGN_WORDS "%s: is a database of another program; name another file as storage path" /* %s: its path */

struct migrating {
    bool allowed;                 /* false: an older schema is refused; an empty file never is */
    const struct db_watch *watch; /* NULL: nobody looks on */
    int64_t from;                 /* out: the schema that was there; SCHEMA_NEWEST: nothing was to do; 0 of an empty file */
    char backup[4096];            /* out: the copy made before, or "" */
};

/* path is for the backup's name and for words. */
bool migrate(struct db *db, const char *path, struct migrating *migrating, struct err *err);

/* What schema a file of ours has. False: it is empty or of a schema not known yet (ERR_CONFLICT), or another program's (ERR_INPUT). */
bool schema_look(struct db *db, const char *path, int64_t *version, struct err *err);

#endif
