/* Brings a database to the newest schema, after a backup beside it. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/db.h"

#define SCHEMA_NEWEST 2

/* path is for the backup's name and for words. allowed false: an older schema is refused; an empty file never is. */
bool migrate(struct db *db, const char *path, bool allowed, struct err *err);

#endif
