/* Labels as they are kept in memory: one block of values, and names that all with the same ones share. Where there are a
 * hundred thousand alerts of a few rules, the names and a pointer to each would be two thirds of it. */
#ifndef CORE_KEPT_H
#define CORE_KEPT_H

#include "notifier/core/alert.h"
#include "notifier/core/map.h"

struct kept; /* never changed once made */

/* The sets of names in use; zero it, then kept_names_init. Empty again when the last kept is gone. */
struct kept_names {
    struct map sets;
};

struct label_room { /* where kept_open puts what its labels point to */
    struct label items[ALERT_LABELS_MAX];
};

void kept_names_init(struct kept_names *names);
void kept_names_free(struct kept_names *names);
/* At most ALERT_LABELS_MAX labels, sorted. extra is kept with them: what they belong to is known by it. */
struct kept *kept_new(struct kept_names *names, const struct labels *labels, const char *extra);
void kept_free(struct kept_names *names, struct kept *kept); /* NULL is fine */

const char *kept_extra(const struct kept *kept);
const char *kept_get(const struct kept *kept, const char *name); /* NULL if absent; lives as long as kept */
bool kept_equal(const struct kept *kept, const struct labels *labels); /* labels settled */
size_t kept_count(const struct kept *kept);
/* The items lie in the room, their texts in kept. */
struct labels kept_open(const struct kept *kept, struct label_room *room);

#endif
