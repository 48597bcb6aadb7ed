/* What the schema says of a route besides what its row says: one row of words each. Generated from the tables of routes,
 * so a path that is not served cannot be in it, and one without words is found by a test. */
#ifndef ROUTES_OPENAPI_H
#define ROUTES_OPENAPI_H

#include "base/buf.h"
#include "routes/routes.h"

struct operation {
    const char *method, *path;
    const char *summary;
    const char *arguments; /* names of openapi_arguments, with blanks between, those that are needed with a '!'; NULL: none */
    const char *body;      /* a schema; NULL: none is needed */
    const char *answer;    /* a schema of JSON; NULL: plain text, or what `type` says */
    const char *type;      /* of an answer that is no JSON; NULL: application/json; "": nothing is answered but the status */
    bool csv;              /* ?format=csv as well; tagged, too */
    bool tagged;           /* JSON with an ETag: 304 where nothing has changed */
    const char *refusals;  /* statuses besides those that follow from the row: "409 422"; NULL: none */
    bool ailing;           /* 503 answers the same shape: it is the news */
};
struct operation_argument { const char *name, *schema, *description; };

extern const struct operation openapi_operations[];         /* closed by a row without a method */
extern const struct operation_argument openapi_arguments[]; /* closed by a row without a name */

bool openapi_covers(const struct route *route); /* pages and what belongs to them are no API */
const struct operation *openapi_operation(const struct route *route); /* NULL: nobody has described it */
bool openapi_takes(const struct operation *operation, const char *argument);
void openapi_write(struct buf *out, const struct route *const *tables);

#endif
