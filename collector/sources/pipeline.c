/* What a data pipeline gathered, into pipeline_metrics: counts of open interest, funding and liquidations per exchange,
 * and gaps, from a daemon's status (url or path); or the size of its files (storage). */
#include "base/json.h"
#include "base/text.h"
#include "collector/sources/registry.h"
#include "collector/sources/status.h"
#include "collector/sources/storage.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define STREAMS_MAX 192 /* exchanges times kinds of data of one pipeline; further ones are left out, with an error */
#define STORAGES_MAX 32 /* folders of one source */
#define GAPS_MAX 1000   /* gaps of one status that are looked at */

struct stream { /* one kind of data of one exchange */
    const char *exchange, *data_type;
    bool seen, has_total;
    int64_t total, moved_ms; /* the counter, and when it last moved */
    bool in_gap;
    int64_t gap_ns; /* since when */
};

struct folder {
    const char *path, *suffix, *exchange, *data_type;
};

struct pipeline {
    struct status_source status;
    int64_t gap_after_ms; /* oi and funding that stand still this long are a gap; 0: only what the status calls one */
    const struct yaml_node *storage;
    struct folder folders[STORAGES_MAX];
    size_t folder_count;
    struct stream streams[STREAMS_MAX];
    size_t stream_count, left_out;
};

static const struct setting pipeline_settings[] = {
    SETTING("gap_after", DURATION, struct pipeline, gap_after_ms, .most = 86400000),
    SETTING("storage", NODE, struct pipeline, storage, ),
    {0},
};
static const struct setting folder_settings[] = {
    SETTING("path", TEXT, struct folder, path, .required = true),
    SETTING("suffix", TEXT, struct folder, suffix, ),
    SETTING("exchange", TEXT, struct folder, exchange, ),
    SETTING("data_type", TEXT, struct folder, data_type, ),
    {0},
};

/* The three kinds, and under which names daemons count them. */
static const struct {
    const char *data_type;
    const char *const *counts, *const *objects;
} kinds[] = {
    {"oi", NAMES("oi_count", "oi_fetch_count", "oi_fetches", "open_interest_count", "open_interest_fetches"), NAMES("oi", "open_interest")},
    {"funding", NAMES("funding_count", "funding_fetch_count", "funding_fetches", "funding_rate_count"), NAMES("funding", "funding_rate")},
    {"liquidation", NAMES("liquidation_count", "liquidations_count"), NAMES("liquidation", "liquidations")},
};

static bool read_folders(struct pipeline *pipeline, struct err *err)
{
    static const struct setting *const tables[] = {folder_settings, NULL};
    const struct yaml_node *node = pipeline->storage;
    size_t count = !node ? 0 : node->kind == YAML_LIST ? node->count : 1;

    if (count > STORAGES_MAX)
        return setting_error(node, err, "more than %d folders", STORAGES_MAX);
    for (; pipeline->folder_count < count; pipeline->folder_count++) {
        const struct yaml_node *one = node->kind == YAML_LIST ? node->items[pipeline->folder_count] : node;
        struct folder *folder = &pipeline->folders[pipeline->folder_count];
        if (one->kind == YAML_SCALAR) {
            if (!(folder->path = setting_text(one, pipeline->status.common.arena, err)))
                return false;
        } else if (!settings_are_known(one, tables, err) || !settings_read(one, folder_settings, folder, pipeline->status.common.arena, err))
            return false;
        if (!folder->data_type)
            folder->data_type = "all";
    }
    return true;
}

static bool check(struct pipeline *pipeline, const struct yaml_node *config, struct err *err)
{
    bool has_status = pipeline->status.url || pipeline->status.path;

    if (!status_check(&pipeline->status, config, false, err) || !read_folders(pipeline, err))
        return false;
    pipeline->storage = NULL; /* the document goes */
    if (has_status == (pipeline->folder_count > 0))
        return setting_error(config, err, "either a status (url or path) or storage (folders to measure) is needed: one of them, as they want "
                                          "different intervals; make two sources");
    return true;
}

static struct source *pipeline_open(const struct yaml_node *config, const struct source_context *context, struct err *err)
{
    static const struct setting *const tables[] = {status_settings, pipeline_settings, NULL};
    struct pipeline *pipeline = common_open(&source_pipeline, sizeof *pipeline, NULL, tables, config, context, err);

    if (!pipeline)
        return NULL;
    if (check(pipeline, config, err))
        return &pipeline->status.common.source;
    common_close(&pipeline->status.common.source);
    return NULL;
}

/* On the work thread: {"folders":[{"bytes":1,"files":1},{"error":"..."}]} in the order of the configuration. */
static bool measure_folders(struct source *source, struct buf *answer, struct err *err)
{
    const struct pipeline *pipeline = (const struct pipeline *)(const void *)source;
    struct json_out out = json_out(answer);

    json_open(&out, '{');
    json_member(&out, "folders");
    json_open(&out, '[');
    for (size_t i = 0; i < pipeline->folder_count; i++) {
        struct storage_size size;
        struct err why = {0};
        bool ok = storage_measure(pipeline->folders[i].path, pipeline->folders[i].suffix, &size, &why);
        json_open(&out, '{');
        if (ok) {
            json_set_int(&out, "bytes", (int64_t)size.bytes);
            json_set_int(&out, "files", (int64_t)size.files);
        } else
            json_set_text(&out, "error", why.text);
        json_shut(&out, '}');
    }
    json_shut(&out, ']');
    json_shut(&out, '}');
    return !answer->full || err_set(err, ERR_LIMIT, "the answer is too long");
}

static bool pipeline_plan(struct source *source, int64_t wall_ms, struct fetch *fetch)
{
    struct pipeline *pipeline = (struct pipeline *)(void *)source;

    (void)wall_ms;
    if (!pipeline->folder_count)
        return status_plan(&pipeline->status, fetch);
    *fetch = (struct fetch){.job = measure_folders};
    return true;
}

static struct point *add_row(const struct pipeline *pipeline, const char *exchange, const char *data_type, int64_t wall_ms, struct points *points)
{
    struct point *point = common_point(&pipeline->status.common, points, "pipeline_metrics", wall_ms);

    point_tag(points, point, "exchange", exchange);
    point_tag(points, point, "data_type", data_type);
    point_tag(points, point, "source", pipeline->status.common.source.name);
    return point;
}

static bool parse_folders(const struct pipeline *pipeline, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    bool ok = true;

    if (answer->failed)
        return err_set(err, answer->failed->kind, "%s", answer->failed->text);
    struct cJSON *json = json_parse(answer->data, answer->length, err);
    if (!json)
        return false;
    const struct cJSON *one = json_first(json_get(json, "folders"));
    for (size_t i = 0; i < pipeline->folder_count && one; i++, one = json_next(one)) {
        const struct folder *folder = &pipeline->folders[i];
        if (json_get_text(one, "error")) {
            ok = err_set(err, ERR_INPUT, "%s", json_get_text(one, "error"));
            continue;
        }
        struct point *point = add_row(pipeline, folder->exchange, folder->data_type, wall_ms, points);
        point_long(points, point, "storage_bytes", json_get_int(one, "bytes", 0));
        point_long(points, point, "storage_files", json_get_int(one, "files", 0));
    }
    json_close(json);
    return ok;
}

static struct stream *stream_of(struct pipeline *pipeline, const char *exchange, const char *data_type)
{
    for (size_t i = 0; i < pipeline->stream_count; i++)
        if (text_equal(pipeline->streams[i].exchange, exchange) && strcmp(pipeline->streams[i].data_type, data_type) == 0)
            return &pipeline->streams[i];
    if (pipeline->stream_count == STREAMS_MAX) {
        pipeline->left_out++;
        return NULL;
    }
    struct stream *stream = &pipeline->streams[pipeline->stream_count++];
    stream->exchange = arena_text(pipeline->status.common.arena, exchange);
    stream->data_type = data_type;
    return stream;
}

static bool is_over(const struct cJSON *gap)
{
    return status_find(gap, NAMES("ended_at", "end", "end_time")) != NULL;
}

/* The first gap that is open in the status for this stream. */
static const struct cJSON *gap_of(const struct cJSON *status, const struct cJSON *object, const struct stream *stream)
{
    const struct cJSON *own = status_find(object, NAMES("gap")), *gap = json_first(status_find(status, NAMES("gaps", "data_gaps")));
    size_t looked = 0;
    bool detected;

    if (json_is_object(own))
        return is_over(own) ? NULL : own;
    if (status_bool(status_find(object, NAMES("gap_detected")), &detected))
        return detected ? object : NULL;
    for (; gap && looked < GAPS_MAX; gap = json_next(gap), looked++) {
        const char *exchange = json_text(status_find(gap, NAMES("exchange", "venue")));
        const char *data_type = json_text(status_find(gap, NAMES("data_type", "type", "kind")));
        if (data_type && strcmp(data_type, "open_interest") == 0)
            data_type = "oi";
        if ((!exchange || text_equal(exchange, stream->exchange)) && (!data_type || strcmp(data_type, stream->data_type) == 0) &&
            !is_over(gap))
            return gap;
    }
    return NULL;
}

/* A gap as the status tells it, else as standing still shows it. The row after it carries its whole length. */
static void add_gap(const struct pipeline *pipeline, struct stream *stream, const struct cJSON *gap, int64_t wall_ms, struct points *points,
                    struct point *point)
{
    bool still = pipeline->gap_after_ms && stream->has_total && strcmp(stream->data_type, "liquidation") != 0 &&
                 wall_ms - stream->moved_ms >= pipeline->gap_after_ms;
    int64_t now_ns = wall_ms * NS_OF_MS, since_ns = 0;
    double seconds;
    struct buf symbols = BUF_EMPTY(STATUS_LIST_MAX);

    point_bool(points, point, "gap_detected", gap || still);
    if (!gap && !still && !stream->in_gap)
        return;
    if (status_number(status_find(gap, NAMES("duration_seconds", "gap_duration_seconds", "duration")), &seconds) && seconds >= 0 && seconds < 1e9)
        since_ns = now_ns - (int64_t)(seconds * 1e9);
    status_time(status_find(gap, NAMES("started_at", "start", "start_time")), &since_ns);
    if (gap || still)
        stream->gap_ns = since_ns && since_ns <= now_ns         ? since_ns
                         : stream->in_gap                       ? stream->gap_ns
                         : still && stream->moved_ms <= wall_ms ? stream->moved_ms * NS_OF_MS
                                                                : now_ns;
    stream->in_gap = gap || still;
    point_time(points, point, "gap_started_at", stream->gap_ns);
    point_double(points, point, "gap_duration_seconds", (double)(now_ns - stream->gap_ns) / 1e9);
    int64_t count;
    if (status_list(status_find(gap, NAMES("symbols", "symbol")), &symbols, &count) && symbols.length)
        point_text(points, point, "symbols", buf_text(&symbols));
    buf_free(&symbols);
}

/* The counter, and what came since the row before; one that went back starts anew. */
static void add_count(struct stream *stream, const struct cJSON *count, int64_t wall_ms, struct points *points, struct point *point)
{
    int64_t total;

    if (!status_integer(count, &total))
        return;
    point_long(points, point, "records_total", total);
    if (stream->has_total)
        point_long(points, point, "records_count", total >= stream->total ? total - stream->total : total);
    if (!stream->has_total || total != stream->total)
        stream->moved_ms = wall_ms;
    stream->has_total = true;
    stream->total = total;
}

/* Our clock was set back: nothing lies in the future, or a gap would not be seen until then. */
static void set_back(struct stream *stream, int64_t wall_ms)
{
    if (stream->moved_ms > wall_ms)
        stream->moved_ms = wall_ms;
    if (stream->gap_ns > wall_ms * NS_OF_MS)
        stream->gap_ns = wall_ms * NS_OF_MS;
}

/* One kind of data of one exchange (NULL: of all together), where the status knows it. */
static void add_stream(struct pipeline *pipeline, size_t kind, const char *exchange, const struct cJSON *status, const struct cJSON *object,
                       int64_t wall_ms, struct points *points)
{
    const struct cJSON *own = status_find(object, kinds[kind].objects), *count = status_find(object, kinds[kind].counts);

    if (!count)
        count = json_is_object(own) ? status_find(own, NAMES("count", "records_count", "records", "total", "fetches", "fetch_count")) : own;
    if (!count)
        return;
    struct stream *stream = stream_of(pipeline, exchange, kinds[kind].data_type);
    if (stream)
        set_back(stream, wall_ms);
    struct point *point = stream ? add_row(pipeline, exchange, stream->data_type, wall_ms, points) : NULL;
    if (!point)
        return;
    add_count(stream, count, wall_ms, points, point);
    status_add_double(points, point, "latency_ms", own, NAMES("latency_ms", "latency"));
    status_add_long(points, point, "storage_bytes", own, NAMES("storage_bytes"));
    add_gap(pipeline, stream, gap_of(status, own, stream), wall_ms, points, point);
}

static bool pipeline_parse(struct source *source, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    struct pipeline *pipeline = (struct pipeline *)(void *)source;
    const struct cJSON *status;
    size_t before = points->count;

    if (pipeline->folder_count)
        return parse_folders(pipeline, answer, wall_ms, points, err);
    struct cJSON *json = status_parse(&pipeline->status, answer, &status, err);
    if (!json)
        return false;
    pipeline->left_out = 0;
    const struct cJSON *all = status_exchanges(status, NAMES("pipeline", "exchanges", "exchange_status"));
    for (size_t kind = 0; kind < LENGTH(kinds); kind++) {
        size_t without = points->count;
        for (const struct cJSON *one = json_first(all); one; one = json_next(one))
            if (status_exchange_name(all, one))
                add_stream(pipeline, kind, status_exchange_name(all, one), status, one, wall_ms, points);
        if (points->count == without) /* counted for all exchanges together */
            add_stream(pipeline, kind, NULL, status, status, wall_ms, points);
    }
    json_close(json);
    if (pipeline->left_out)
        return err_set(err, ERR_LIMIT, "%zu streams were left out: at most %d (exchanges times kinds of data) are kept", pipeline->left_out, STREAMS_MAX);
    return points->count > before ||
           err_set(err, ERR_INPUT, "the status counts no open interest, funding or liquidations (expected exchanges: {NAME: {oi_count: ...}})");
}

const struct source_kind source_pipeline = {
    .type = "pipeline",
    .open = pipeline_open,
    .close = common_close,
    .plan = pipeline_plan,
    .parse = pipeline_parse,
};
