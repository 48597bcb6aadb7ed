#include "collector/sources/figures.h"

#include "base/text.h"
#include "collector/sources/common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 160 /* of a metric, its suffix included */

const char *const figure_labels[FIGURE_LABELS] = {"region", "endpoint", "query_type"};

/* What the ones we know are; others are counters where they end in _total, else gauges. */
static const struct {
    const char *name, *type, *help;
} known[] = {
    {"spock_up", "gauge", "Whether the market database could be read."},
    {"spock_ohlcv_rows_total", "gauge", "Price rows of the region."},
    {"spock_ohlcv_null_regions_total", "gauge", "Price rows without a region."},
    {"spock_cross_region_contamination_total", "gauge", "Tickers that stand in more than one region."},
    {"spock_unique_tickers_total", "gauge", "Different tickers of the region."},
    {"spock_last_data_update_timestamp", "gauge", "Newest price row of the region, seconds since 1970."},
    {"spock_database_size_bytes", "gauge", "Size of the database and its write-ahead log."},
    {"spock_db_query_duration_seconds", "histogram", "How long our own queries took."},
    {"spock_last_backup_timestamp", "gauge", "When the newest back-up was made, seconds since 1970."},
    {"spock_memory_usage_percent", "gauge", "Memory of the machine in use."},
    {"spock_disk_free_bytes", "gauge", "Free space where the database lives."},
    {"spock_data_collection_attempts_total", "counter", "Collections begun."},
    {"spock_data_collection_success_total", "counter", "Collections that succeeded."},
    {"spock_api_requests_total", "counter", "Requests to data providers."},
    {"spock_api_requests_failed_total", "counter", "Requests to data providers that failed."},
    {"spock_api_request_duration_seconds", "histogram", "How long requests to data providers took."},
    {"spock_api_rate_limit_usage_percent", "gauge", "Share of the provider's rate limit in use."},
};

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

static void add_row(const struct common *common, const struct cJSON *figure, const char *suffix, const struct cJSON *value, int64_t wall_ms,
                    struct points *points)
{
    char metric[NAME_MAX_BYTES];

    if (!json_is_number(value))
        return;
    struct point *point = common_point(common, points, "market_metrics", wall_ms);
    snprintf(metric, sizeof metric, "%s%s", text_or(json_get_text(figure, "metric"), ""), suffix);
    point_tag(points, point, "metric", metric);
    for (size_t i = 0; i < FIGURE_LABELS; i++)
        point_tag(points, point, figure_labels[i], json_get_text(figure, figure_labels[i]));
    point_tag(points, point, "source", common->source.name);
    point_double(points, point, "value", json_number(value, NAN));
}

bool figures_parse(const struct common *common, const char *text, size_t length, int64_t wall_ms, struct points *points, struct err *err)
{
    static const char *const parts[] = {"sum", "p50", "p95", "p99"};
    struct cJSON *json = json_parse(text, length, err);
    bool ok = json != NULL;

    for (const struct cJSON *figure = json_first(json); figure; figure = json_next(figure)) {
        const struct cJSON *buckets = json_get(figure, "buckets"), *last = json_first(buckets);
        if (json_get_text(figure, "error")) {
            if (ok)
                ok = err_set(err, ERR_INPUT, "%s", json_get_text(figure, "error"));
            continue;
        }
        add_row(common, figure, "", json_get(figure, "value"), wall_ms, points);
        while (last && json_next(last))
            last = json_next(last);
        add_row(common, figure, "_count", last, wall_ms, points);
        for (size_t i = 0; i < LENGTH(parts); i++) {
            char suffix[8];
            snprintf(suffix, sizeof suffix, "_%s", parts[i]);
            add_row(common, figure, suffix, json_get(figure, parts[i]), wall_ms, points);
        }
    }
    json_close(json);
    return ok;
}

static void add_label(struct buf *out, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    buf_addf(out, "%s=\"", name);
    for (; *value; value++)
        if (*value == '\n')
            buf_add_text(out, "\\n");
        else {
            if (*value == '"' || *value == '\\')
                buf_add_char(out, '\\');
            buf_add_char(out, *value);
        }
    buf_add_text(out, "\",");
}

static void expose_one(const struct common *common, const struct cJSON *figure, const char *metric, const char *suffix, const char *le, double value,
                       struct buf *out)
{
    buf_addf(out, "%s%s{", metric, suffix);
    for (size_t i = 0; i < FIGURE_LABELS; i++)
        add_label(out, figure_labels[i], json_get_text(figure, figure_labels[i]));
    add_label(out, "source", common->source.name);
    add_label(out, "host", common->context->host);
    add_label(out, "env", common->context->env);
    add_label(out, "le", le);
    buf_cut(out, out->length - 1); /* the last comma: source is always there */
    buf_addf(out, "} %.17g\n", value);
}

static void expose_head(const char *metric, bool is_histogram, struct buf *out)
{
    const char *type = is_histogram ? "histogram" : text_ends(metric, "_total") ? "counter" : "gauge", *help = "Of a configured query.";

    for (size_t i = 0; i < LENGTH(known); i++)
        if (strcmp(known[i].name, metric) == 0) {
            type = is_histogram ? "histogram" : known[i].type;
            help = known[i].help;
        }
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

/* Figures of one metric stand together in the list. */
void figures_expose(const struct common *common, const char *text, size_t length, struct buf *out)
{
    struct cJSON *json = json_parse(text, length, NULL);
    const char *before = "";

    for (const struct cJSON *figure = json_first(json); figure; figure = json_next(figure)) {
        const char *metric = json_get_text(figure, "metric");
        const struct cJSON *buckets = json_get(figure, "buckets"), *bucket = json_first(buckets);
        if (!metric)
            continue;
        if (strcmp(metric, before) != 0)
            expose_head(metric, buckets != NULL, out);
        before = metric;
        if (!buckets)
            expose_one(common, figure, metric, "", NULL, json_number(json_get(figure, "value"), NAN), out);
        for (size_t i = 0; bucket && i < HISTOGRAM_BUCKETS; i++, bucket = json_next(bucket)) {
            char le[32];
            snprintf(le, sizeof le, "%g", histogram_bounds[i]);
            expose_one(common, figure, metric, "_bucket", i + 1 < HISTOGRAM_BUCKETS ? le : "+Inf", json_number(bucket, 0), out);
            if (i + 1 == HISTOGRAM_BUCKETS)
                expose_one(common, figure, metric, "_count", NULL, json_number(bucket, 0), out);
        }
        if (buckets)
            expose_one(common, figure, metric, "_sum", NULL, json_number(json_get(figure, "sum"), 0), out);
    }
    json_close(json);
}
