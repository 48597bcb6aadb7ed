#include "base/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAMILIES_MAX 256

struct series {
    char *values[METRIC_LABELS_MAX];
    double value, sum;
    uint64_t count, *buckets; /* histogram: not cumulative; the last is +Inf */
};

struct family {
    const struct metric_family *declared;
    size_t label_count, bucket_count;
    struct series *series;
    size_t count, capacity;
};

struct metrics {
    struct family families[FAMILIES_MAX];
    size_t count;
    uint64_t dropped;
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        abort();
    return metrics;
}

static void forget(struct family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        for (size_t l = 0; l < family->label_count; l++)
            free(family->series[i].values[l]);
        free(family->series[i].buckets);
    }
    family->count = 0;
}

void metrics_free(struct metrics *metrics)
{
    for (size_t i = 0; i < metrics->count; i++) {
        forget(&metrics->families[i]);
        free(metrics->families[i].series);
    }
    free(metrics);
}

void metrics_declare(struct metrics *metrics, const struct metric_family *declared)
{
    assert(metrics->count < FAMILIES_MAX);
    struct family *family = &metrics->families[metrics->count++];
    family->declared = declared;
    while (family->label_count < METRIC_LABELS_MAX && declared->labels[family->label_count])
        family->label_count++;
    while (declared->buckets && declared->buckets[family->bucket_count] > 0)
        family->bucket_count++;
}

static struct family *find_family(struct metrics *metrics, const char *name)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (strcmp(metrics->families[i].declared->name, name) == 0)
            return &metrics->families[i];
    assert(!"a metric that was never declared");
    return NULL;
}

static struct series *find_series(struct metrics *metrics, struct family *family, const char *const *labels)
{
    for (size_t i = 0; i < family->count; i++) {
        bool same = true;
        for (size_t l = 0; l < family->label_count && same; l++)
            same = strcmp(family->series[i].values[l], labels[l]) == 0;
        if (same)
            return &family->series[i];
    }
    if (family->count >= METRIC_SERIES_MAX) {
        metrics->dropped++;
        return NULL;
    }
    if (family->count == family->capacity) {
        family->capacity = family->capacity ? family->capacity * 2 : 8;
        family->series = realloc(family->series, family->capacity * sizeof family->series[0]);
        if (!family->series)
            abort();
    }
    struct series *series = &family->series[family->count++];
    *series = (struct series){0};
    for (size_t l = 0; l < family->label_count; l++)
        if (!(series->values[l] = strdup(labels[l])))
            abort();
    if (family->declared->kind == METRIC_HISTOGRAM && !(series->buckets = calloc(family->bucket_count + 1, sizeof(uint64_t))))
        abort();
    return series;
}

void metrics_add(struct metrics *metrics, const char *name, double value, const char *const *labels)
{
    struct series *series = find_series(metrics, find_family(metrics, name), labels);
    if (series)
        series->value += value;
}

void metrics_set(struct metrics *metrics, const char *name, double value, const char *const *labels)
{
    struct series *series = find_series(metrics, find_family(metrics, name), labels);
    if (series)
        series->value = value;
}

void metrics_observe(struct metrics *metrics, const char *name, double value, const char *const *labels)
{
    struct family *family = find_family(metrics, name);
    struct series *series = find_series(metrics, family, labels);
    size_t i = 0;

    assert(family->declared->kind == METRIC_HISTOGRAM);
    if (!series)
        return;
    while (i < family->bucket_count && value > family->declared->buckets[i])
        i++;
    series->buckets[i]++;
    series->count++;
    series->sum += value;
}

void metrics_drop(struct metrics *metrics, const char *name)
{
    forget(find_family(metrics, name));
}

static void write_number(struct buf *out, double value)
{
    if (isnan(value))
        buf_add_text(out, "NaN");
    else if (isinf(value))
        buf_add_text(out, value > 0 ? "+Inf" : "-Inf");
    else if (value == floor(value) && fabs(value) < 1e15)
        buf_addf(out, "%.0f", value);
    else
        buf_addf(out, "%.9g", value);
}

static void write_value(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n') {
            buf_add_text(out, "\\n");
            continue;
        }
        if (*text == '"' || *text == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

static void write_line(struct buf *out, const struct family *family, const struct series *series, const char *suffix,
                       const double *bound, double value)
{
    bool any = false;

    buf_addf(out, "%s%s", family->declared->name, suffix);
    for (size_t l = 0; l < family->label_count; l++, any = true) {
        buf_addf(out, "%s%s=\"", any ? "," : "{", family->declared->labels[l]);
        write_value(out, series->values[l]);
        buf_add_char(out, '"');
    }
    if (bound) {
        buf_addf(out, "%sle=\"", any ? "," : "{");
        write_number(out, *bound);
        buf_add_char(out, '"');
        any = true;
    }
    buf_add_text(out, any ? "} " : " ");
    write_number(out, value);
    buf_add_char(out, '\n');
}

static void write_histogram(struct buf *out, const struct family *family, const struct series *series)
{
    uint64_t sum = 0;
    static const double infinite = INFINITY;

    for (size_t i = 0; i <= family->bucket_count; i++) {
        sum += series->buckets[i];
        write_line(out, family, series, "_bucket", i < family->bucket_count ? &family->declared->buckets[i] : &infinite, (double)sum);
    }
    write_line(out, family, series, "_sum", NULL, series->sum);
    write_line(out, family, series, "_count", NULL, (double)series->count);
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

    for (size_t i = 0; i < metrics->count; i++) {
        const struct family *family = &metrics->families[i];
        buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", family->declared->name, family->declared->help, family->declared->name,
                 kinds[family->declared->kind]);
        for (size_t s = 0; s < family->count; s++)
            if (family->declared->kind == METRIC_HISTOGRAM)
                write_histogram(out, family, &family->series[s]);
            else
                write_line(out, family, &family->series[s], "", NULL, family->series[s].value);
    }
    buf_addf(out, "# HELP notifier_metrics_dropped_total Series beyond the bound of their family.\n"
                  "# TYPE notifier_metrics_dropped_total counter\nnotifier_metrics_dropped_total %llu\n",
             (unsigned long long)metrics->dropped);
}
