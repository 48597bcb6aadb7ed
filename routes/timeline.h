/* A small picture of how much happened when: LIST_TIMELINE as SVG, a bar up for what fired, down for what ended. */
#ifndef ROUTES_TIMELINE_H
#define ROUTES_TIMELINE_H

#include "base/buf.h"
#include "base/json.h"

/* link: where a bar leads, to which since= and until= are added. */
void timeline_add(struct buf *out, const struct cJSON *timeline, const char *link);

#endif
