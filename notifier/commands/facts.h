/* One thing as rows for a spreadsheet: why it was told or not, and what came of each attempt. */
#ifndef COMMANDS_FACTS_H
#define COMMANDS_FACTS_H

#include "base/json.h"

/* One channel was concerned by a change, and what is said of it is said of the whole. */
bool facts_repeat_their_part(const struct cJSON *change);
/* thing: what /api/v1/why/ID answers. A line of names, then one for each explanation: an alert's changes by channel, an
 * incident and its deliveries, or a delivery. */
void facts_write_why(const struct cJSON *thing, struct buf *out);
/* delivery: what /api/v1/deliveries/ID answers. A line of names, then one for each attempt; none was made: names only. */
void facts_write_attempts(const struct cJSON *delivery, struct buf *out);

#endif
