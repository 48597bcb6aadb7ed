#include "collector/latest.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (LATEST_ROWS_MAX * 2) /* of the hash table */
#define PURGE_EVERY_MS 10000        /* how often a full table is looked through for what is old */

/* What a table's fields are called. A row of market_metrics names its figure itself. */
static const struct {
    const char *table, *prefix;
} exposed[] = {
    {"daemon_metrics", "daemon_"},   {"exchange_status", "exchange_"},         {"pipeline_metrics", "pipeline_"},
    {"trading_metrics", "trading_"}, {"process_metrics", "watched_process_"}, {"market_metrics", NULL},
};

bool latest_shows(const char *row)
{
    size_t length = strcspn(row, ", ");

    for (size_t i = 0; i < LENGTH(exposed); i++)
        if (strlen(exposed[i].table) == length && memcmp(exposed[i].table, row, length) == 0)
            return true;
    return false;
}

struct value {
    char *name;
    double number;
};

struct shown {
    uint64_t hash;
    const char *table;
    char *labels; /* {a="b",...}, or "" */
    struct value *values;
    size_t count;
    int64_t time_ns, seen_ms;
    unsigned owner;
};

struct latest {
    struct shown rows[LATEST_ROWS_MAX];
    size_t count, left_out;
    int64_t purged_ms; /* wall clock: when old rows were last looked for */
    uint32_t slots[SLOTS]; /* index plus one */
};

struct latest *latest_new(void)
{
    struct latest *latest = memory_zeroed(1, sizeof *latest);
    return latest;
}

static void forget_values(struct shown *row)
{
    for (size_t i = 0; i < row->count; i++)
        free(row->values[i].name);
    free(row->values);
    row->values = NULL;
    row->count = 0;
}

void latest_free(struct latest *latest)
{
    if (!latest)
        return;
    for (size_t i = 0; i < latest->count; i++) {
        forget_values(&latest->rows[i]);
        free(latest->rows[i].labels);
    }
    free(latest);
}

size_t latest_left_out(const struct latest *latest)
{
    return latest->left_out;
}

/* --- names and labels */

static void add_name(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_add_char(out, *text == '-' || *text == '.' ? '_' : *text);
}

static void add_label(struct buf *out, const struct point_tag *tag, bool first)
{
    buf_add_char(out, first ? '{' : ',');
    add_name(out, tag->name);
    buf_add_text(out, "=\"");
    struct buf clean = BUF_EMPTY(POINT_TEXT_MAX * 4);
    text_add_clean(&clean, tag->value, strlen(tag->value));
    for (const char *c = buf_text(&clean); *c; c++) {
        if (*c == '"' || *c == '\\' || *c == '\n')
            buf_add_char(out, '\\');
        buf_add_char(out, *c == '\n' ? 'n' : *c);
    }
    buf_free(&clean);
    buf_add_char(out, '"');
}

static const char *find_tag(const struct point *point, const char *name)
{
    for (size_t i = 0; i < point->tag_count; i++)
        if (strcmp(point->tags[i].name, name) == 0)
            return point->tags[i].value;
    return NULL;
}

static void add_labels(struct buf *out, const struct point *point, bool names_itself)
{
    bool any = false;

    for (size_t i = 0; i < point->tag_count; i++)
        if (!names_itself || strcmp(point->tags[i].name, "metric") != 0) {
            add_label(out, &point->tags[i], !any);
            any = true;
        }
    buf_add_text(out, any ? "}" : "");
}

static bool is_metric_name(const char *name)
{
    return name && name[0] && strlen(name) <= POINT_NAME_MAX && !(name[0] >= '0' && name[0] <= '9') &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:") == strlen(name);
}

/* --- putting */

static bool to_number(const struct point_field *field, double *number)
{
    switch (field->kind) {
    case FIELD_BOOL: *number = field->boolean; return true;
    case FIELD_LONG: *number = (double)field->integer; return true;
    case FIELD_DOUBLE: *number = field->real; return isfinite(field->real);
    case FIELD_TIME: *number = (double)field->integer / 1e9; return true;
    case FIELD_TEXT: return false;
    }
    return false;
}

static void name_field(struct buf *name, const char *prefix, const char *own, const struct point_field *field)
{
    buf_clear(name);
    if (own) {
        buf_add_text(name, own);
        return;
    }
    if (!text_starts(field->name, prefix))
        buf_add_text(name, prefix);
    add_name(name, field->name);
    if (field->kind == FIELD_TIME && !text_ends(buf_text(name), "_seconds"))
        buf_add_text(name, "_seconds"); /* since 1970, as Prometheus has times */
}

static void set_values(struct shown *row, const struct point *point, const char *prefix, const char *own)
{
    struct buf name = BUF_EMPTY(2 * POINT_NAME_MAX + 32);

    forget_values(row);
    row->values = memory_zeroed(point->field_count ? point->field_count : 1, sizeof *row->values);
    for (size_t i = 0; i < point->field_count; i++) {
        double number;
        if (!to_number(&point->fields[i], &number) || (own && strcmp(point->fields[i].name, "value") != 0))
            continue;
        name_field(&name, prefix, own, &point->fields[i]);
        char *copy = memory_text(buf_text(&name));
        row->values[row->count++] = (struct value){copy, number};
    }
    buf_free(&name);
}

static void insert(struct latest *latest, size_t index)
{
    size_t at = latest->rows[index].hash % SLOTS;

    while (latest->slots[at])
        at = (at + 1) % SLOTS;
    latest->slots[at] = (uint32_t)index + 1;
}

/* Or from a future that our clock was set back from. */
static bool is_old(const struct shown *row, int64_t wall_ms)
{
    return llabs(wall_ms - row->seen_ms) > LATEST_AGE_MS;
}

/* Rows too old to be shown make room. */
static void purge(struct latest *latest, int64_t wall_ms)
{
    size_t kept = 0;

    if (wall_ms >= latest->purged_ms && wall_ms - latest->purged_ms < PURGE_EVERY_MS)
        return;
    latest->purged_ms = wall_ms;
    memset(latest->slots, 0, sizeof latest->slots);
    for (size_t i = 0; i < latest->count; i++) {
        struct shown *row = &latest->rows[i];
        if (!row->count || is_old(row, wall_ms)) {
            forget_values(row);
            free(row->labels);
            continue;
        }
        latest->rows[kept] = *row;
        insert(latest, kept++);
    }
    latest->count = kept;
}

/* The row of this kind and label set, or a new one; NULL: no room. */
static struct shown *find_row(struct latest *latest, const char *table, const char *own, const struct buf *labels, int64_t wall_ms)
{
    uint64_t hash = text_hash(table, strlen(table), 0);

    hash = text_hash(buf_text(labels), labels->length, hash);
    if (own)
        hash = text_hash(own, strlen(own), hash);
    size_t at = hash % SLOTS;
    for (; latest->slots[at]; at = (at + 1) % SLOTS) {
        struct shown *row = &latest->rows[latest->slots[at] - 1];
        if (row->hash == hash && row->table == table && strcmp(row->labels, buf_text(labels)) == 0)
            return row;
    }
    if (latest->count == LATEST_ROWS_MAX)
        purge(latest, wall_ms);
    if (latest->count == LATEST_ROWS_MAX) {
        latest->left_out++;
        return NULL;
    }
    struct shown *row = &latest->rows[latest->count];
    *row = (struct shown){.hash = hash, .table = table, .labels = memory_text(buf_text(labels)), .time_ns = INT64_MIN};
    insert(latest, latest->count++);
    return row;
}

void latest_put(struct latest *latest, const struct point *point, unsigned owner, int64_t wall_ms)
{
    size_t kind = 0;

    while (kind < LENGTH(exposed) && strcmp(exposed[kind].table, point->table) != 0)
        kind++;
    if (kind == LENGTH(exposed))
        return;
    const char *own = exposed[kind].prefix ? NULL : find_tag(point, "metric");
    if (!exposed[kind].prefix && !is_metric_name(own))
        return;
    struct buf labels = BUF_EMPTY(LATEST_LABELS_MAX);
    add_labels(&labels, point, own != NULL);
    latest->left_out += labels.full;
    struct shown *row = labels.full ? NULL : find_row(latest, exposed[kind].table, own, &labels, wall_ms);
    if (row && (point->time_ns >= row->time_ns || row->time_ns > wall_ms * 1000000)) {
        row->time_ns = point->time_ns;
        row->seen_ms = wall_ms;
        row->owner = owner;
        set_values(row, point, exposed[kind].prefix, own);
    }
    buf_free(&labels);
}

void latest_forget(struct latest *latest, unsigned owner, int64_t wall_ms)
{
    for (size_t i = 0; i < latest->count; i++)
        if (latest->rows[i].owner == owner && latest->rows[i].seen_ms != wall_ms)
            forget_values(&latest->rows[i]);
}

/* --- writing */

struct series {
    const char *name, *labels, *table;
    double number;
};

/* A histogram's parts stand together, below one TYPE: ordered by their common name, then by their own. */
static size_t family_length(const char *name)
{
    static const char *const parts[] = {"_bucket", "_sum", "_count"};

    for (size_t i = 0; i < LENGTH(parts); i++)
        if (text_ends(name, parts[i]))
            return strlen(name) - strlen(parts[i]);
    return strlen(name);
}

static int by_name(const void *a, const void *b)
{
    const struct series *left = a, *right = b;
    size_t left_length = family_length(left->name), right_length = family_length(right->name);
    size_t least = left_length < right_length ? left_length : right_length;
    int order = memcmp(left->name, right->name, least);

    if (order == 0 && left_length != right_length)
        order = left_length < right_length ? -1 : 1;
    if (order == 0)
        order = strcmp(left->name, right->name);
    return order ? order : strcmp(left->labels, right->labels);
}

static void add_number(struct buf *out, double number)
{
    if (number == floor(number) && fabs(number) < 1e15)
        buf_addf(out, "%.0f", number);
    else
        buf_addf(out, "%.15g", number);
}

static void write_head(struct buf *out, const struct series *series, const char *name, size_t length, const char *type)
{
    if (strcmp(series->table, "market_metrics") == 0)
        buf_addf(out, "# HELP %.*s About the market database, as last collected.\n", (int)length, name);
    else
        buf_addf(out, "# HELP %.*s From %s, as last collected.\n", (int)length, name, series->table);
    buf_addf(out, "# TYPE %.*s %s\n", (int)length, name, type);
}

static void write_all(struct buf *out, const struct series *all, size_t count)
{
    const char *histogram = NULL, *before = "";

    for (size_t i = 0; i < count; i++) {
        const char *name = all[i].name;
        size_t length = family_length(name);
        if (text_ends(name, "_bucket") && !(histogram && strncmp(histogram, name, length) == 0 && family_length(histogram) == length)) {
            histogram = name;
            write_head(out, &all[i], name, length, "histogram");
        }
        bool of_histogram = histogram && family_length(histogram) == length && strncmp(histogram, name, length) == 0 && name[length];
        if (!of_histogram && strcmp(before, name) != 0)
            write_head(out, &all[i], name, strlen(name), text_ends(name, "_total") ? "counter" : "gauge");
        before = name;
        buf_addf(out, "%s%s ", name, all[i].labels);
        add_number(out, all[i].number);
        buf_add_char(out, '\n');
    }
}

void latest_write(const struct latest *latest, int64_t wall_ms, struct buf *out)
{
    size_t count = 0, at = 0;

    for (size_t i = 0; i < latest->count; i++)
        count += latest->rows[i].count;
    struct series *all = memory_zeroed(count ? count : 1, sizeof *all);
    for (size_t i = 0; i < latest->count; i++) {
        const struct shown *row = &latest->rows[i];
        for (size_t v = 0; !is_old(row, wall_ms) && v < row->count; v++)
            all[at++] = (struct series){row->values[v].name, row->labels, row->table, row->values[v].number};
    }
    qsort(all, at, sizeof *all, by_name);
    write_all(out, all, at);
    free(all);
}
