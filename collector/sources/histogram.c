#include "collector/sources/histogram.h"

#include <math.h>
#include <string.h>

const double histogram_bounds[HISTOGRAM_BUCKETS] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 5, 10, INFINITY};

void histogram_add(struct histogram *histogram, double seconds, int64_t wall_ms)
{
    int64_t number = wall_ms / HISTOGRAM_SLOT_MS;
    size_t slot = (size_t)(number % HISTOGRAM_SLOTS), bucket = 0;

    if (!(seconds >= 0) || wall_ms < 0)
        return;
    while (seconds > histogram_bounds[bucket])
        bucket++;
    histogram->counts[bucket]++;
    histogram->sum += seconds;
    if (histogram->slots[slot].number != number) {
        memset(histogram->slots[slot].counts, 0, sizeof histogram->slots[slot].counts);
        histogram->slots[slot].number = number;
    }
    histogram->slots[slot].counts[bucket]++;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += histogram->counts[i];
    return count;
}

double histogram_percentile(const struct histogram *histogram, double share, int64_t wall_ms)
{
    uint64_t counts[HISTOGRAM_BUCKETS] = {0}, all = 0;
    int64_t number = wall_ms / HISTOGRAM_SLOT_MS;
    double below = 0, wanted;

    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++)
        for (size_t i = 0; i < HISTOGRAM_BUCKETS && number - histogram->slots[slot].number < HISTOGRAM_SLOTS; i++) {
            counts[i] += histogram->slots[slot].counts[i];
            all += histogram->slots[slot].counts[i];
        }
    if (!all)
        return NAN;
    wanted = share * (double)all;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        double from = i ? histogram_bounds[i - 1] : 0;
        if (counts[i] && below + (double)counts[i] >= wanted)
            return from + (histogram_bounds[i] - from) * (wanted - below) / (double)counts[i];
        below += (double)counts[i];
    }
    return histogram_bounds[HISTOGRAM_BUCKETS - 2];
}
