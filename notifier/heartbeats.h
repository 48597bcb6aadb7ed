/* Sources that must be heard every so often: which alerts are only a sign of life, and which source has been silent for
 * longer than it may. (What we send ourselves to an outside switch is heartbeat.h.) Pure: the caller brings the time, on
 * the steady clock. A source is given one whole expect_every from the moment it is first looked at, so that neither a
 * start nor a reload calls it silent. */
#ifndef NOTIFIER_HEARTBEATS_H
#define NOTIFIER_HEARTBEATS_H

#include "notifier/config.h"

struct heartbeats;

struct heartbeats *heartbeats_new(void);
void heartbeats_free(struct heartbeats *heartbeats); /* NULL is fine */
/* The configuration of the moment, borrowed until the next one is followed; the same one again costs nothing. */
void heartbeats_follow(struct heartbeats *heartbeats, const struct config *config, int64_t now_ms);
/* After a restart: people have been told that it is silent. */
void heartbeats_recall(struct heartbeats *heartbeats, const char *source);

/* True for an alert that is only a sign of life of its source: it is no news to anybody. */
bool heartbeats_is_beat(const struct heartbeats *heartbeats, const char *source, const struct alert_input *alert);
/* What came from a source, in one request: takes the heartbeats out of it and returns how many alerts are left. One that
 * fires is a sign of life; where no matchers are set, anything is, an empty list too. */
size_t heartbeats_hear(struct heartbeats *heartbeats, const char *source, struct alert_input *alerts, size_t count, int64_t now_ms);

struct heartbeats_news {
    const char *source; /* borrowed until the next call */
    bool over;          /* heard again, or nothing is expected of it any more */
    bool any;           /* anything counts, there are no matchers */
    int64_t every_ms;
};
/* The next change that people are to hear of; false: none is left. */
bool heartbeats_next(struct heartbeats *heartbeats, int64_t now_ms, struct heartbeats_news *out);
int64_t heartbeats_deadline(const struct heartbeats *heartbeats); /* steady time of the next silence; INT64_MAX: none is waited for */

#endif
