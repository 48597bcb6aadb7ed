/* How the notifier's answer to an intake or an action becomes an HTTP answer. */
#ifndef ROUTES_REPLY_H
#define ROUTES_REPLY_H

#include "notifier/notifier.h"
#include "routes/routes.h"

/* A notifier_done; context is the call. {"status":"ok"}, with "delivery" where one was made. */
void reply_done(void *call, const struct notifier_answer *answer);
/* 200 with an ETag, or 304 where If-None-Match has it: whoever asks again and again is spared what has not changed. */
void reply_tagged(struct call *call, const struct buf *json);
/* 503 with Retry-After. */
void reply_busy(struct call *call, int retry_after_s, const char *words);

#endif
