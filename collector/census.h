/* Which tables, columns and values of tags there are, so that a client that puts an id or a time into a tag cannot fill
 * QuestDB with names. Counted since start; in memory alone, and bounded there too. Names know no case, as in QuestDB. */
#ifndef COLLECTOR_CENSUS_H
#define COLLECTOR_CENSUS_H

#include "base/err.h"
#include "collector/point.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CENSUS_TABLES_DEFAULT 200
#define CENSUS_COLUMNS_DEFAULT 200  /* of one table */
#define CENSUS_VALUES_DEFAULT 50000 /* of one tag of one table */
#define CENSUS_NAMES_MAX 100000     /* tables and columns together, whatever is configured: about 100 bytes each */
#define CENSUS_VALUES_MAX 500000    /* of all tags of all tables: at most 16 bytes each */

struct census_limits {
    int64_t tables, columns, values;
};

enum census_kind { CENSUS_TABLES, CENSUS_COLUMNS, CENSUS_VALUES, CENSUS_KINDS };

struct census;

struct census *census_new(const struct census_limits *limits);
void census_free(struct census *census); /* NULL is fine */
void census_set_limits(struct census *census, const struct census_limits *limits); /* what is there stays */

/* A push, or a row of a source: what comes between begin and keep is new for good; undo takes it back. */
void census_begin(struct census *census);
void census_keep(struct census *census);
void census_undo(struct census *census);

/* A row in the order it is read: its table, then each of its columns and the values of tags. False: it would be one
 * more than a limit allows; err (ERR_LIMIT) names the limit, the table and the column. */
bool census_table(struct census *census, const char *name, size_t length, struct err *err);
bool census_tag(struct census *census, const char *name, size_t length, struct err *err);
bool census_field(struct census *census, const char *name, size_t length, struct err *err);
bool census_value(struct census *census, const char *value, size_t length, struct err *err); /* of the last tag, or of a text field: counts where the column is a tag */
bool census_point(struct census *census, const struct point *point, struct err *err); /* all of that */

struct census_state {
    uint64_t counts[CENSUS_KINDS];   /* columns of all tables, values of all tags */
    uint64_t refusals[CENSUS_KINDS]; /* since start */
    const char *words;               /* of the last refusal; "" */
};
struct census_state census_state(const struct census *census);

#endif
