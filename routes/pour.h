/* A list that is answered while it is read: one part in memory at a time, however many alerts there are. */
#ifndef ROUTES_POUR_H
#define ROUTES_POUR_H

#include "notifier/notifier.h"
#include "routes/routes.h"

#define POURS_MAX 50 /* under way at once, a part of 4 MiB each; beyond: ERR_LIMIT */

/* Answers the call: with the whole where one part is all of it, else part by part. refuse answers for a list that fails before
 * its first part, or could not be asked for (ERR_LIMIT). Copies the query. */
void pour_list(struct notifier *notifier, const struct history_query *query, struct call *call,
               void (*refuse)(struct call *call, const struct err *err));

#endif
