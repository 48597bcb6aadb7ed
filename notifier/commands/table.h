/* Rows as a person reads them: columns aligned, texts made safe for a terminal. */
#ifndef COMMANDS_TABLE_H
#define COMMANDS_TABLE_H

#include "base/arena.h"
#include "base/json.h"

#define TABLE_COLUMNS_MAX 10
#define TABLE_CELL_RUNES_MAX 60

struct column {
    const char *title;
    const char *path; /* member, or member.member; several with '|': the first that is there */
};

struct table { /* begins zeroed but for columns and arena */
    const struct column *columns;
    size_t column_count;
    struct arena *arena; /* owns the cells */
    size_t widths[TABLE_COLUMNS_MAX]; /* code points */
    const char **cells;  /* row after row */
    size_t row_count, room;
};

void table_add(void *table, const struct cJSON *row); /* fits rows_each */
void table_print(const struct table *table);
/* Text of a value by path; nothing if absent. Into out, cleaned. */
void table_value(const struct cJSON *row, const char *path, struct buf *out);

#endif
