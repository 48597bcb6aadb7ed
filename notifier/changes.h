/* What has changed, as it was committed: the last CHANGES_MAX changes, in a ring, for whoever watches. A change says what
 * to look at again, not what it looks like now. */
#ifndef NOTIFIER_CHANGES_H
#define NOTIFIER_CHANGES_H

#include "notifier/core/effect.h"

#define CHANGES_MAX 4096
#define CHANGE_NAME_MAX 64 /* bytes, with the closing NUL; longer names are cut */

enum change_kind { CHANGE_ALERT, CHANGE_INCIDENT, CHANGE_DELIVERY, CHANGE_CHANNEL, CHANGE_SILENCE };

struct change {
    uint64_t seq;               /* from 1, without gaps */
    int64_t at_ms;              /* of the commit */
    enum change_kind kind;
    uint64_t id;                /* 0 for channels and silences, which have names */
    const char *state;          /* lives for ever: firing resolved silenced inhibited; open closed; delivered ...; up failing */
    char name[CHANGE_NAME_MAX]; /* a delivery's channel, a channel's own, an incident's reference, a silence's id; "" */
};

struct changes {
    int64_t begun_ms;           /* when counting began: numbers of another life mean nothing */
    uint64_t newest;            /* 0: none yet */
    struct change ring[CHANGES_MAX];
};

/* After a commit: what the list of effects changed that people can see. Of one thing that changed several times at once
 * the last state stays. */
void changes_take(struct changes *changes, const struct effects *effects, int64_t now_ms);
/* NULL: not there any more, or not yet. */
const struct change *changes_get(const struct changes *changes, uint64_t seq);

#endif
