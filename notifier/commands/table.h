/* Lists as a person reads them. */
#ifndef COMMANDS_TABLE_H
#define COMMANDS_TABLE_H

#include "base/json.h"

#define TABLE_COLUMNS_MAX 10

struct column {
    const char *title;
    const char *path; /* member, or member.member; several with '|': the first that is there */
};

/* Rows of {"items": [...]} with aligned columns; texts made safe for a terminal. "nothing" where there are none. */
void table_print(const struct cJSON *list, const struct column *columns, size_t count, const char *nothing);
/* Text of a value by path; "" if absent. Into out, cleaned. */
void table_value(const struct cJSON *row, const char *path, struct buf *out);

#endif
