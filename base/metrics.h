/* Counters, gauges and histograms, written as Prometheus text. Values are read and written by the loop
 * thread only. A family is declared once; a series is found by its label values. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metrics;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_LABELS_MAX 3
#define METRIC_SERIES_MAX 10000 /* series in one family; beyond, new ones are counted in notifier_metrics_dropped_total */

struct metric_family {
    const char *name, *help;
    enum metric_kind kind;
    const char *labels[METRIC_LABELS_MAX + 1]; /* names, NULL-terminated */
    const double *buckets;                     /* histogram: upper bounds, ascending, closed by 0 */
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
void metrics_declare(struct metrics *metrics, const struct metric_family *family); /* borrowed for ever: static; twice is once */
/* Label values in the family's order, as many as it has labels; an unknown family is a bug. */
void metrics_add(struct metrics *metrics, const char *family, double value, const char *const *labels);
void metrics_set(struct metrics *metrics, const char *family, double value, const char *const *labels);
void metrics_observe(struct metrics *metrics, const char *family, double value, const char *const *labels);
void metrics_drop(struct metrics *metrics, const char *family); /* forgets all series of a gauge, before setting them anew */
/* What a counter or gauge holds; `otherwise` where there is no such series yet. Makes none. */
double metrics_get(const struct metrics *metrics, const char *family, const char *const *labels, double otherwise);
struct metric_histogram {
    const double *bounds;   /* upper bounds of all buckets but the last */
    const uint64_t *counts; /* of each bucket alone; bound_count + 1; borrowed until the next observation */
    size_t bound_count;
    uint64_t count;
    double sum;
};
bool metrics_histogram(const struct metrics *metrics, const char *family, const char *const *labels, struct metric_histogram *out);
void metrics_write(const struct metrics *metrics, struct buf *out); /* text format 0.0.4; families without series get their HELP and TYPE */

#endif
