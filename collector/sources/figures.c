#include "collector/sources/figures.h"

#include "base/text.h"
#include "collector/sources/common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 160 /* of a metric, its suffix included */

const char *const figure_labels[FIGURE_LABELS] = {"region", "endpoint", "query_type"};

void figures_begin(struct figures *figures, struct buf *out, int64_t wall_ms)
{
    *figures = (struct figures){.out = json_out(out), .wall_ms = wall_ms};
    json_open(&figures->out, '[');
}

static void add_labels(struct figures *figures, const char *metric, const char *const labels[FIGURE_LABELS])
{
    json_open(&figures->out, '{');
    json_set_text(&figures->out, "metric", metric);
    for (size_t i = 0; labels && i < FIGURE_LABELS; i++)
        if (labels[i] && labels[i][0])
            json_set_text(&figures->out, figure_labels[i], labels[i]);
}

static void add_number(struct figures *figures, const char *key, double value)
{
    if (!isfinite(value))
        return;
    json_member(&figures->out, key);
    json_put_double(&figures->out, value);
}

void figures_add(struct figures *figures, const char *metric, const char *const labels[FIGURE_LABELS], double value)
{
    if (!isfinite(value))
        return;
    add_labels(figures, metric, labels);
    add_number(figures, "value", value);
    json_shut(&figures->out, '}');
}

void figures_add_histogram(struct figures *figures, const char *metric, const char *const labels[FIGURE_LABELS], const struct histogram *histogram)
{
    uint64_t below = 0;

    if (!histogram_count(histogram))
        return;
    add_labels(figures, metric, labels);
    json_member(&figures->out, "buckets");
    json_open(&figures->out, '[');
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += histogram->counts[i];
        json_put_int(&figures->out, (int64_t)below);
    }
    json_shut(&figures->out, ']');
    add_number(figures, "sum", histogram->sum);
    add_number(figures, "p50", histogram_percentile(histogram, 0.50, figures->wall_ms));
    add_number(figures, "p95", histogram_percentile(histogram, 0.95, figures->wall_ms));
    add_number(figures, "p99", histogram_percentile(histogram, 0.99, figures->wall_ms));
    json_shut(&figures->out, '}');
}

void figures_complain(struct figures *figures, const char *words)
{
    json_open(&figures->out, '{');
    json_set_text(&figures->out, "error", words);
    json_shut(&figures->out, '}');
}

void figures_end(struct figures *figures)
{
    json_shut(&figures->out, ']');
}

static struct point *add_row(const struct common *common, const struct cJSON *figure, const char *suffix, const struct cJSON *value,
                             int64_t wall_ms, struct points *points)
{
    char metric[NAME_MAX_BYTES];

    if (!json_is_number(value))
        return NULL;
    struct point *point = common_point(common, points, "market_metrics", wall_ms);
    snprintf(metric, sizeof metric, "%s%s", text_or(json_get_text(figure, "metric"), ""), suffix);
    point_tag(points, point, "metric", metric);
    for (size_t i = 0; i < FIGURE_LABELS; i++)
        point_tag(points, point, figure_labels[i], json_get_text(figure, figure_labels[i]));
    point_tag(points, point, "source", common->source.name);
    point_double(points, point, "value", json_number(value, NAN));
    return point;
}

/* The last one holds all: it is the count. */
static void add_buckets(const struct common *common, const struct cJSON *figure, int64_t wall_ms, struct points *points)
{
    const struct cJSON *bucket = json_first(json_get(figure, "buckets"));

    for (size_t i = 0; bucket && i < HISTOGRAM_BUCKETS; i++, bucket = json_next(bucket)) {
        bool is_last = i + 1 == HISTOGRAM_BUCKETS;
        char le[32];
        snprintf(le, sizeof le, "%g", histogram_bounds[i]);
        struct point *point = add_row(common, figure, "_bucket", bucket, wall_ms, points);
        point_tag(points, point, "le", is_last ? "+Inf" : le);
        if (point)
            point->shown_only = true;
        if (is_last)
            add_row(common, figure, "_count", bucket, wall_ms, points);
    }
}

bool figures_parse(const struct common *common, const char *text, size_t length, int64_t wall_ms, struct points *points, struct err *err)
{
    static const char *const parts[] = {"sum", "p50", "p95", "p99"};
    struct cJSON *json = json_parse(text, length, err);
    bool ok = json != NULL;

    for (const struct cJSON *figure = json_first(json); figure; figure = json_next(figure)) {
        if (json_get_text(figure, "error")) {
            if (ok)
                ok = err_set(err, ERR_INPUT, "%s", json_get_text(figure, "error"));
            continue;
        }
        add_row(common, figure, "", json_get(figure, "value"), wall_ms, points);
        add_buckets(common, figure, wall_ms, points);
        for (size_t i = 0; i < LENGTH(parts); i++) {
            char suffix[8];
            snprintf(suffix, sizeof suffix, "_%s", parts[i]);
            add_row(common, figure, suffix, json_get(figure, parts[i]), wall_ms, points);
        }
    }
    json_close(json);
    return ok;
}
