/* How often something may be tried by one of many: a bucket a name, in a table of fixed size. A bucket holds `most`
 * tries and gains one each every_ms. When the table is full of names that still wait, the one nearest to its end is
 * forgotten. Pure: the caller supplies the time. */
#ifndef ROUTES_LIMITER_H
#define ROUTES_LIMITER_H

#include <stdint.h>

#define LIMITER_NAMES_MAX 1024

struct limiter {
    int64_t every_ms;
    int64_t most;       /* tries at once */
    uint64_t seed;      /* random: nobody can choose names that share a bucket */
    struct {
        uint64_t name;
        int64_t full_ms; /* steady: when it holds all its tries again; in the past: free */
    } buckets[LIMITER_NAMES_MAX];
};

void limiter_init(struct limiter *limiter, int64_t most, int64_t every_ms, uint64_t seed);
/* ms until `name` may try again; 0: now. */
int64_t limiter_wait_ms(const struct limiter *limiter, const char *name, int64_t now_ms);
void limiter_take(struct limiter *limiter, const char *name, int64_t now_ms);      /* it tries */
void limiter_give_back(struct limiter *limiter, const char *name, int64_t now_ms); /* it was right: that try did not count */

#endif
