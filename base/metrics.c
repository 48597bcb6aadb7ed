#include "base/metrics.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAMILIES_MAX 256

struct series {
    uint64_t hash; /* of its label values */
    char *values[METRIC_LABELS_MAX];
    double value, sum;
    uint64_t count, *buckets; /* histogram: not cumulative; the last is +Inf */
};

struct family {
    const struct metric_family *declared;
    size_t label_count, bucket_count;
    struct series *series;
    size_t count, capacity;
    uint32_t *slots; /* open addressing by hash: index of a series plus one, 0 where free; twice the capacity */
};

struct metrics {
    struct family families[FAMILIES_MAX];
    size_t count;
    uint64_t dropped;
};

struct metrics *metrics_new(void)
{
    return memory_zeroed(1, sizeof(struct metrics));
}

static void forget(struct family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        for (size_t l = 0; l < family->label_count; l++)
            free(family->series[i].values[l]);
        free(family->series[i].buckets);
    }
    family->count = 0;
    if (family->slots)
        memset(family->slots, 0, 2 * family->capacity * sizeof family->slots[0]);
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->count; i++) {
        forget(&metrics->families[i]);
        free(metrics->families[i].series);
        free(metrics->families[i].slots);
    }
    free(metrics);
}

void metrics_declare(struct metrics *metrics, const struct metric_family *declared)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (metrics->families[i].declared == declared)
            return;
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

static uint64_t hash_of(const struct family *family, const char *const *labels)
{
    uint64_t hash = 0;
    for (size_t l = 0; l < family->label_count; l++)
        hash = text_hash(labels[l], strlen(labels[l]), hash);
    return hash;
}

static bool is_labelled(const struct family *family, const struct series *series, const char *const *labels)
{
    for (size_t l = 0; l < family->label_count; l++)
        if (strcmp(series->values[l], labels[l]) != 0)
            return false;
    return true;
}

/* Room for one more series; capacity is a power of two. */
static void grow(struct family *family)
{
    if (family->count < family->capacity)
        return;
    family->capacity = family->capacity ? family->capacity * 2 : 8;
    family->series = memory_resized(family->series, family->capacity * sizeof family->series[0]);
    free(family->slots);
    family->slots = memory_zeroed(2 * family->capacity, sizeof family->slots[0]);
    for (size_t i = 0; i < family->count; i++) {
        size_t at = family->series[i].hash & (2 * family->capacity - 1);
        while (family->slots[at])
            at = (at + 1) & (2 * family->capacity - 1);
        family->slots[at] = (uint32_t)i + 1;
    }
}

static struct series *find_series(struct metrics *metrics, struct family *family, const char *const *labels)
{
    uint64_t hash = hash_of(family, labels);

    grow(family);
    size_t at = hash & (2 * family->capacity - 1);
    for (; family->slots[at]; at = (at + 1) & (2 * family->capacity - 1)) {
        struct series *known = &family->series[family->slots[at] - 1];
        if (known->hash == hash && is_labelled(family, known, labels))
            return known;
    }
    if (family->count >= METRIC_SERIES_MAX) {
        metrics->dropped++;
        return NULL;
    }
    struct series *series = &family->series[family->count++];
    family->slots[at] = (uint32_t)family->count;
    *series = (struct series){.hash = hash};
    for (size_t l = 0; l < family->label_count; l++)
        series->values[l] = memory_text(labels[l]);
    if (family->declared->kind == METRIC_HISTOGRAM)
        series->buckets = memory_zeroed(family->bucket_count + 1, sizeof(uint64_t));
    return series;
}

void metrics_add(struct metrics *metrics, const char *name, double value, const char *const *labels)
{
    struct family *family = find_family(metrics, name);
    assert(family->declared->kind != METRIC_HISTOGRAM);
    struct series *series = find_series(metrics, family, labels);
    if (series)
        series->value += value;
}

void metrics_set(struct metrics *metrics, const char *name, double value, const char *const *labels)
{
    struct family *family = find_family(metrics, name);
    assert(family->declared->kind != METRIC_HISTOGRAM);
    struct series *series = find_series(metrics, family, labels);
    if (series)
        series->value = value;
}

void metrics_observe(struct metrics *metrics, const char *name, double value, const char *const *labels)
{
    struct family *family = find_family(metrics, name);
    size_t i = 0;

    assert(family->declared->kind == METRIC_HISTOGRAM);
    struct series *series = find_series(metrics, family, labels);
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

static const struct series *look_up(const struct metrics *metrics, const char *name, const char *const *labels, const struct family **family)
{
    size_t i = 0;

    while (i < metrics->count && strcmp(metrics->families[i].declared->name, name) != 0)
        i++;
    assert(i < metrics->count);
    *family = &metrics->families[i];
    uint64_t hash = hash_of(*family, labels);
    for (size_t s = 0; s < (*family)->count; s++)
        if ((*family)->series[s].hash == hash && is_labelled(*family, &(*family)->series[s], labels))
            return &(*family)->series[s];
    return NULL;
}

double metrics_get(const struct metrics *metrics, const char *name, const char *const *labels, double otherwise)
{
    const struct family *family;
    const struct series *series = look_up(metrics, name, labels, &family);

    assert(family->declared->kind != METRIC_HISTOGRAM);
    return series ? series->value : otherwise;
}

bool metrics_histogram(const struct metrics *metrics, const char *name, const char *const *labels, struct metric_histogram *out)
{
    const struct family *family;
    const struct series *series = look_up(metrics, name, labels, &family);

    assert(family->declared->kind == METRIC_HISTOGRAM);
    if (!series)
        return false;
    *out = (struct metric_histogram){.bounds = family->declared->buckets, .counts = series->buckets, .bound_count = family->bucket_count,
                                     .count = series->count, .sum = series->sum};
    return true;
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
        buf_addf(out, "%.15g", value);
}

/* Escaped as the format asks, after cleaning: one invalid byte would have the whole page refused. */
static void write_value(struct buf *out, const char *text)
{
    size_t length = strlen(text);
    struct buf clean = BUF_EMPTY(3 * length);

    text_add_clean(&clean, text, length);
    for (const char *c = buf_text(&clean); *c; c++) {
        if (*c == '"' || *c == '\\' || *c == '\n')
            buf_add_char(out, '\\');
        buf_add_char(out, *c == '\n' ? 'n' : *c);
    }
    buf_free(&clean);
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
