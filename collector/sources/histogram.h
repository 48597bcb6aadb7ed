/* Durations counted into Prometheus' buckets since the start, and into slots of half a minute, so that the percentiles
 * tell of the last five minutes. Used by one thread at a time. */
#ifndef COLLECTOR_SOURCES_HISTOGRAM_H
#define COLLECTOR_SOURCES_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 14 /* with +Inf */
#define HISTOGRAM_SLOTS 10
#define HISTOGRAM_SLOT_MS 30000

extern const double histogram_bounds[HISTOGRAM_BUCKETS]; /* seconds; the last is infinite */

struct histogram { /* zeroed: empty */
    uint64_t counts[HISTOGRAM_BUCKETS]; /* each bucket's own, not cumulative */
    double sum;
    struct {
        int64_t number; /* of the slot, since 1970 */
        uint64_t counts[HISTOGRAM_BUCKETS];
    } slots[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *histogram, double seconds, int64_t wall_ms); /* negative or not a number: dropped */
uint64_t histogram_count(const struct histogram *histogram);
/* share: 0.95. NaN: nothing in the last five minutes. Within a bucket values count as evenly spread; what lies beyond
 * the last bound counts as that bound. */
double histogram_percentile(const struct histogram *histogram, double share, int64_t wall_ms);

#endif
