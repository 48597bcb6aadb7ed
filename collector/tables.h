/* QuestDB's tables and views as schemas/questdb declares them: the only list of their columns. They travel inside the
 * binary and are read once. */
#ifndef COLLECTOR_TABLES_H
#define COLLECTOR_TABLES_H

#include "base/err.h"
#include "collector/point.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 64

struct table_column {
    char name[64], type[24]; /* type in QuestDB's words: SYMBOL INT LONG FLOAT DOUBLE BOOLEAN VARCHAR TIMESTAMP_NS */
    bool is_key;             /* of DEDUP UPSERT KEYS */
};

struct table {
    char name[64];
    bool is_view;
    const char *sql;                                /* the whole file */
    struct table_column columns[TABLE_COLUMNS_MAX]; /* of a table; a view has none here */
    size_t column_count;
};

const struct table *tables_all(size_t *count); /* tables first, then views, in the order of their numbers */
const struct table *table_find(const char *name);
const struct table_column *table_column(const struct table *table, const char *name); /* NULL: none */

/* Would QuestDB take the row? Where not, in words: which column, what it is and what was expected. A table that is
 * not ours passes. */
bool table_takes(const struct point *point, struct err *err);

#endif
