/* The arguments of a list: matcher= (repeated), status, channel, source, severity, text, who, since, until, cursor, limit, format. */
#ifndef ROUTES_QUERY_H
#define ROUTES_QUERY_H

#include "base/json.h"
#include "notifier/notifier.h"
#include "routes/routes.h"

/* Texts are the call's. since and until are RFC 3339 or a duration before now_ms. False: err says which argument. */
bool query_read(struct call *call, enum history_list list, int64_t now_ms, struct history_query *out, struct err *err);
/* False: an argument that other lists know and this one does not, or one given twice where one counts. Passed over, more would be answered than
 * was asked for. Names that no list knows are the caller's own business. For rows of the API. */
bool query_check(const struct call *call, struct err *err);
/* query_read and query_for_page, without matchers. */
bool query_read_page(struct call *call, enum history_list list, int64_t now_ms, uint32_t rows, struct history_query *out, struct err *err);
/* What of a query a page shows: rows, `rows` of them where it does not say, and never more than PAGE_ROWS_MAX. */
void query_for_page(struct history_query *query, uint32_t rows);
/* The number in the path's {id}; false: it is none. */
bool query_read_id(struct call *call, uint64_t *id);
/* What a failed list becomes: 400, 404 or 500. */
int query_status(const struct err *err);

/* What a page's list came to: json, which the caller closes, and 200; or NULL, a status and the reason. */
struct query_answer {
    struct cJSON *json;
    int status;
    struct err failure;
};
/* err is read only where not ok. */
struct query_answer query_answer(bool ok, const struct buf *out, const struct err *err);

#endif
