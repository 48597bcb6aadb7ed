/* How a channel is, in a word and a colour: what the core knows of it now, and what is stored of its last hour. */
#ifndef ROUTES_CHANNEL_VIEW_H
#define ROUTES_CHANNEL_VIEW_H

#include "base/json.h"
#include "notifier/notifier.h"
#include "routes/markup.h"

/* What the core knows of a channel; NULL: it knows none of that name. */
const struct core_channel_state *channel_view_state(const struct notifier_health *health, const char *name);
/* A list for templates, of all channels in their order: .name .type, .class (good, fair, bad), .refused, .failures in a row,
 * .pending, .inFlight, .rates (.count .in), .stored as LIST_CHANNELS and LIST_NOW have it, .speed as below. list: the object
 * those lists give. */
struct value channel_view_list(struct markup *markup, const struct notifier_health *health, const struct cJSON *list);
/* Of all channels or one: .class (good, fair, bad, or "" where nothing was to be sent), .share in percent ("" likewise),
 * .p99 in seconds (nil likewise), .delivered, .dead, .waiting too long, .all of them. */
struct value channel_view_speed(struct markup *markup, const struct cJSON *speed);

#endif
