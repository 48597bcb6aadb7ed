/* Our routes as an alertmanager.yml: what `status` shows, and what `amtool config` reads. Names receivers, not where they
 * lead: no secret is in it. */
#ifndef NOTIFIER_AMCONFIG_H
#define NOTIFIER_AMCONFIG_H

#include "base/buf.h"
#include "notifier/config.h"

void amconfig_write(const struct config *config, struct buf *out);

/* Each receiver of the routes once, in their order. Borrowed from the policy. */
size_t amconfig_receivers(const struct policy *policy, const char **out, size_t max);

#endif
