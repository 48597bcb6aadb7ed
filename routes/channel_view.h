/* How a channel is, in a word and a colour: what the core knows of it now, and what is stored of its last hour. */
#ifndef ROUTES_CHANNEL_VIEW_H
#define ROUTES_CHANNEL_VIEW_H

#include "base/json.h"
#include "notifier/notifier.h"

struct channel_view {
    const struct channel_config *config;
    const struct core_channel_state *state; /* NULL: nothing is known yet */
    const struct cJSON *stored;             /* of LIST_CHANNELS or LIST_NOW; NULL: it never sent anything */
    const char *class;                      /* good, fair or bad */
};

/* list: the object those lists give; NULL where it could not be read. */
struct channel_view channel_view(const struct channel_config *channel, const struct notifier_health *health, const struct cJSON *list);
/* "ok", "refuses us: 403 ...", "failing (3 times), next try 09:26:53". HTML. */
void channel_view_add_words(struct buf *out, const struct channel_view *view);
/* The share in time of all channels or one, as "99.8 %"; "nothing to send" where nothing was. HTML. */
void channel_view_add_share(struct buf *out, const struct cJSON *speed);
const char *channel_view_share_class(const struct cJSON *speed); /* good, fair, bad, or "" where nothing was to be sent */

#endif
