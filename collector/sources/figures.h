/* Figures named as Prometheus names them, on their way from the work thread's job to rows and to /metrics: written as
 * JSON, read back, turned into points. */
#ifndef COLLECTOR_SOURCES_FIGURES_H
#define COLLECTOR_SOURCES_FIGURES_H

#include "base/json.h"
#include "collector/sources/histogram.h"
#include "collector/sources/source.h"

#define FIGURE_LABELS 3 /* region, endpoint, query_type */

extern const char *const figure_labels[FIGURE_LABELS];

struct figures { /* writer; the JSON closes with figures_end */
    struct json_out out;
    int64_t wall_ms;
};

void figures_begin(struct figures *figures, struct buf *out, int64_t wall_ms);
/* labels: values in the order of figure_labels; NULL or "": none. A value that is not finite is no figure. */
void figures_add(struct figures *figures, const char *metric, const char *const labels[FIGURE_LABELS], double value);
void figures_add_histogram(struct figures *figures, const char *metric, const char *const labels[FIGURE_LABELS], const struct histogram *histogram);
void figures_complain(struct figures *figures, const char *words); /* something is missing, and why */
void figures_end(struct figures *figures);

/* Rows of market_metrics: a histogram is its _count, _sum, _p50, _p95 and _p99, and, only to be shown, its _bucket rows.
 * False: the first complaint, as err. */
struct common;
bool figures_parse(const struct common *common, const char *text, size_t length, int64_t wall_ms, struct points *points, struct err *err);

#endif
