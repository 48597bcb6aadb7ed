/* A list of the daemon's, page after page: small pages, because an answer longer than CLIENT_REPLY_MAX is cut. */
#ifndef COMMANDS_ROWS_H
#define COMMANDS_ROWS_H

#include "base/json.h"
#include "notifier/commands/client.h"

#define ROWS_TABLE_DEFAULT 100    /* rows of a table, unless --limit says otherwise */
#define ROWS_EXPORT_DEFAULT 100000 /* rows of JSON or CSV */

/* Calls row for at most `most` rows. cursor: where to begin (NULL: at the beginning); afterwards where to go on, or NULL.
 * Exit code; what went wrong has been said. */
int rows_each(const struct client *client, const char *path, const char *query, size_t most, const char *cursor, struct buf *next,
              void (*row)(void *context, const struct cJSON *row), void *context);

/* One line of CSV: the row's values, or its keys. Objects as JSON, lists with "; " between. */
/* As a cell shows it, not quoted yet: a text as it is, a list with semicolons, null as nothing. */
void rows_add_value(struct buf *out, const struct cJSON *value);
void rows_add_csv(struct buf *out, const struct cJSON *row, bool keys);

#endif
