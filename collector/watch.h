/* Looks at QuestDB's own tables now and then: a suspended one goes on saying 204 while nothing becomes visible. */
#ifndef COLLECTOR_WATCH_H
#define COLLECTOR_WATCH_H

#include "base/http.h"
#include "base/metrics.h"
#include "collector/questdb.h"

#define WATCH_EVERY_MS 5000

struct watch;

struct watch *watch_new(struct http *http, const struct questdb *questdb); /* both borrowed */
void watch_free(struct watch *watch);
void watch_renew(struct watch *watch, const struct questdb *questdb); /* a reload; borrowed */
void watch_turn(struct watch *watch, int64_t steady_ms); /* asks, when it is time */
int64_t watch_wait_ms(const struct watch *watch, int64_t steady_ms);
const char *watch_suspended(const struct watch *watch); /* names joined by commas; "" */
void watch_declare(struct metrics *metrics);
void watch_set(const struct watch *watch, struct metrics *metrics);

#endif
