/* Counters, gauges and histograms, written as Prometheus text. Values are read and written by the loop
 * thread only. A family is declared once; a series is found by its label values. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/buf.h"

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
void metrics_declare(struct metrics *metrics, const struct metric_family *family); /* borrowed for ever: static */
/* Label values in the family's order, as many as it has labels; an unknown family is a bug. */
void metrics_add(struct metrics *metrics, const char *family, double value, const char *const *labels);
void metrics_set(struct metrics *metrics, const char *family, double value, const char *const *labels);
void metrics_observe(struct metrics *metrics, const char *family, double value, const char *const *labels);
void metrics_drop(struct metrics *metrics, const char *family); /* forgets all series of a gauge, before setting them anew */
void metrics_write(const struct metrics *metrics, struct buf *out); /* text format 0.0.4; families without series get their HELP and TYPE */

#endif
