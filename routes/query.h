/* The arguments of a list: matcher= (repeated), status, channel, source, severity, text, who, since, until, cursor, limit, format. */
#ifndef ROUTES_QUERY_H
#define ROUTES_QUERY_H

#include "notifier/notifier.h"
#include "routes/routes.h"

/* Texts are the call's. since and until are RFC 3339 or a duration before now_ms. False: err says which argument. */
bool query_read(struct call *call, enum history_list list, int64_t now_ms, struct history_query *out, struct err *err);
/* What a failed list becomes: 400, 404 or 500. */
int query_status(const struct err *err);

#endif
