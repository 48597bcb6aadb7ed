#include "collector/collector_private.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "collector/line.h"
#include "collector/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_ROWS_MAX 1000  /* of one push, the last so many are looked at for /metrics */
#define ROWS_KEPT_MAX (4u << 20) /* bytes of memory that stay after a large push */
#define HELD_RETRY_MS 1000
#define SEND_REPLY_MAX 16384 /* bytes of QuestDB's complaint */
#define TABLES_MAX 64
#define LIMIT_TELL_MS 60000 /* between two log lines about a limit that is reached */
#define STAMP_AHEAD_MAX_NS 1000000000 /* our clock has gone back by so much: it counts again, and not the last stamp */

/* --- life */

static bool keep_in_quarantine(void *context, const char *row, size_t length, const char *reason, const char *error_id, struct err *err)
{
    struct collector *collector = context;

    return quarantine_add(collector->quarantine, row, length, reason, error_id, clock_now(&collector->options.clock).wall_ms, err);
}

static struct sender *open_sender(struct collector *collector)
{
    static const char *own[TABLES_MAX + 1];
    const struct config *config = collector->options.config;
    size_t count;
    const struct table *tables = tables_all(&count);

    for (size_t i = 0; i < count && i < TABLES_MAX; i++)
        own[i] = tables[i].name;
    struct sender_options options = {.rows = (size_t)config->batch_rows, .interval_ms = config->batch_interval_ms,
                                     .quarantine = keep_in_quarantine, .context = collector, .own_tables = own};
    return sender_new(collector->spool, &options);
}

char *collector_join_url(const char *base, const char *path)
{
    size_t length = strlen(base);
    struct buf url = BUF_EMPTY(65536);

    while (length && base[length - 1] == '/')
        length--;
    buf_add(&url, base, length);
    buf_add_text(&url, path);
    return buf_take(&url, NULL);
}

struct collector *collector_new(const struct collector_options *options, struct err *err)
{
    struct collector *collector = memory_zeroed(1, sizeof *collector);
    const struct config *config = options->config;

    collector->options = *options;
    collector->started_ms = clock_now(&options->clock).wall_ms;
    buf_init(&collector->rows, SPOOL_PENDING_MAX);
    buf_init(&collector->held, COLLECTOR_HELD_MAX + LINE_ROW_MAX);
    collector->points = points_new();
    collector->latest = latest_new();
    collector->census = census_new(&config->limits);
    collector->metrics = metrics_new();
    metrics_declare_own(collector->metrics);
    metrics_set(collector->metrics, "collector_config_last_reload_successful", 1, NULL);
    metrics_set(collector->metrics, "collector_config_last_reload_success_timestamp_seconds", (double)(collector->started_ms / 1000), NULL);
    collector->watch = watch_new(options->http, &config->questdb);
    collector->write_url = collector_join_url(config->questdb.url, "/write");
    collector->ping_url = collector_join_url(config->questdb.url, "/ping");
    collector->spool = spool_open(config->spool_path, (uint64_t)config->spool_bytes, err);
    collector->quarantine = collector->spool ? quarantine_open(config->spool_path, err) : NULL;
    if (!collector->quarantine) {
        collector_free(collector);
        return NULL;
    }
    collector->sender = open_sender(collector);
    collector->schema.applied = !config->apply_schema;
    if (!options->only_drain)
        sources_open(collector, options->config);
    return collector;
}

void collector_free(struct collector *collector)
{
    if (!collector)
        return;
    sources_close(collector);
    sender_free(collector->sender);
    quarantine_close(collector->quarantine);
    spool_close(collector->spool);
    watch_free(collector->watch);
    metrics_free(collector->metrics);
    latest_free(collector->latest);
    census_free(collector->census);
    points_free(collector->points);
    buf_free(&collector->rows);
    buf_free(&collector->held);
    free(collector->write_url);
    free(collector->ping_url);
    free(collector);
}

int64_t collector_now_ns(const struct collector *collector)
{
    int64_t now_ns = clock_now(&collector->options.clock).wall_ms * 1000000, next_ns = collector->stamped_ns + 1;

    return next_ns > now_ns && next_ns - now_ns < STAMP_AHEAD_MAX_NS ? next_ns : now_ns;
}

size_t collector_body_max(const struct collector *collector)
{
    return (size_t)collector->options.config->max_body;
}

/* --- hear */

static void show(struct collector *collector, size_t rows, int64_t wall_ms)
{
    const char *text = buf_text(&collector->rows);

    for (size_t at = 0, length, row = 0; at < collector->rows.length; at += length, row++) {
        length = line_length(text + at, collector->rows.length - at);
        if (rows - row > SHOWN_ROWS_MAX || !latest_shows(text + at))
            continue;
        points_clear(collector->points);
        latest_put(collector->latest, line_to_point(collector->points, text + at, length), 0, wall_ms);
    }
}

void collector_limit_reached(struct collector *collector, const char *door, const struct err *err)
{
    int64_t wall_ms = clock_now(&collector->options.clock).wall_ms;

    if (!collector->limit_told_ms || wall_ms - collector->limit_told_ms >= LIMIT_TELL_MS || wall_ms < collector->limit_told_ms) {
        log_say(LOG_ERROR, "limit_reached", "%s: %s. Who puts ids, times or addresses into names or tags? Else raise it, and reload", door, err->text);
        collector->limit_told_ms = wall_ms;
    }
    collector->limit_ms = wall_ms;
}

static enum push refuse_push(struct collector *collector, const char *door, const struct err *err)
{
    struct census_state before = census_state(collector->census);
    bool limit = err->kind == ERR_LIMIT && text_equal(before.words, err->text);

    census_undo(collector->census);
    metrics_count(collector, "collector_rows_refused_total", 1, limit ? "limit" : "bad");
    if (limit)
        collector_limit_reached(collector, door, err);
    return PUSH_BAD;
}

static enum push push_rows(struct collector *collector, size_t rows, const char *door, collector_kept kept, void *context, struct err *err)
{
    struct instant now = clock_now(&collector->options.clock);

    if (!rows)
        return PUSH_EMPTY;
    if (collector->rows.length > spool_state(collector->spool).max_bytes) {
        err_set(err, ERR_INPUT, "a push of %zu bytes is more than the whole spool may hold (spool.max_size)", collector->rows.length);
        return refuse_push(collector, door, err);
    }
    bool room = collector->waiting_count < COLLECTOR_WAITING_MAX || err_set(err, ERR_LIMIT, "%d pushes wait for the disk", COLLECTOR_WAITING_MAX);
    if (!room || !spool_add(collector->spool, buf_text(&collector->rows), collector->rows.length, rows, now.wall_ms, err)) {
        if (!collector->full)
            log_say(LOG_ERROR, "spool_full", "%s; pushes are refused until there is room", err->text);
        collector->full = true;
        census_undo(collector->census);
        metrics_count(collector, "collector_rows_refused_total", (double)rows, "full");
        return PUSH_BUSY;
    }
    census_keep(collector->census);
    collector->full = false;
    collector->stamped_ns = collector_now_ns(collector) + (int64_t)rows - 1;
    collector->waiting[collector->waiting_count++] = (struct waiting){kept, context, rows, door};
    show(collector, rows, now.wall_ms);
    if (collector->rows.capacity > ROWS_KEPT_MAX)
        buf_free(&collector->rows);
    return PUSH_WAITS;
}

enum push collector_push_lines(struct collector *collector, const char *text, size_t length, const char *precision,
                               collector_kept kept, void *context, size_t *bad_line, struct err *err)
{
    struct line_options options = {.now_ns = collector_now_ns(collector), .env = collector->options.config->context.env, .census = collector->census};
    size_t rows;

    *bad_line = 0;
    if (!line_precision(precision, &options.unit_ns)) {
        err_set(err, ERR_INPUT, "precision \"%.20s\" is none of ns, us, ms, s, m, h", precision);
        return PUSH_BAD;
    }
    buf_clear(&collector->rows);
    census_begin(collector->census);
    if (line_read(text, length, &options, &collector->rows, &rows, bad_line, err))
        return push_rows(collector, rows, "lines", kept, context, err);
    return refuse_push(collector, "lines", err);
}

/* As line_options.env says, for a row that came as JSON. */
static void give_env(struct collector *collector, struct points *points, struct point *point)
{
    const struct table *table = table_find(point->table);

    if (!table || !table_column(table, "env") || point->tag_count == POINT_TAGS_MAX)
        return;
    for (size_t i = 0; i < point->tag_count; i++)
        if (strcmp(point->tags[i].name, "env") == 0)
            return;
    for (size_t i = 0; i < point->field_count; i++)
        if (strcmp(point->fields[i].name, "env") == 0)
            return;
    point_tag(points, point, "env", collector->options.config->context.env);
}

enum push collector_push_points(struct collector *collector, struct points *points, collector_kept kept, void *context,
                                size_t *bad_line, struct err *err)
{
    int64_t now_ns = collector_now_ns(collector);

    buf_clear(&collector->rows);
    census_begin(collector->census);
    for (size_t i = 0; i < points->count; i++) {
        give_env(collector, points, points->items[i]);
        if (!table_takes(points->items[i], err) || !line_add_point(&collector->rows, points->items[i], now_ns, err) ||
            !census_point(collector->census, points->items[i], err)) {
            *bad_line = i + 1;
            return refuse_push(collector, "json", err);
        }
    }
    return push_rows(collector, points->count, "json", kept, context, err);
}

static void hear_questdb(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct collector *collector = context;

    (void)tag;
    metrics_observe(collector->metrics, "collector_request_seconds", (double)reply->latency_ms / 1000, NULL);
    sender_hear(collector->sender, clock_now(&collector->options.clock), reply);
}

/* --- keep */

static void add_held(struct collector *collector, struct instant now)
{
    struct err err;

    collector->held_added = false;
    if (!collector->held.length || now.steady_ms < collector->held_retry_ms)
        return;
    collector->held_added = spool_add(collector->spool, buf_text(&collector->held), collector->held.length, collector->held_rows, now.wall_ms, &err);
    if (collector->held_added)
        return;
    metrics_count(collector, "collector_rows_refused_total", (double)collector->held_rows, "full");
    if (!collector->full)
        log_say(LOG_ERROR, "spool_full", "%s; what sources say is lost until there is room", err.text);
    collector->full = true;
    buf_clear(&collector->held);
    collector->held_rows = 0;
}

static void after_commit(struct collector *collector, bool ok, const struct err *err, struct instant now)
{
    if (!ok && !collector->storage_failed)
        log_say(LOG_ERROR, "storage_failed", "%s; pushes are answered 503 until it works", err->text);
    else if (ok && collector->storage_failed)
        log_say(LOG_INFO, "storage_works", "%s", collector->options.config->spool_path);
    collector->storage_failed = !ok;
    snprintf(collector->storage_words, sizeof collector->storage_words, "%s", ok ? "" : err->text);
    if (collector->held_added && ok) {
        buf_clear(&collector->held);
        collector->held_rows = 0;
        collector->full = false;
    } else if (collector->held_added)
        collector->held_retry_ms = now.steady_ms + HELD_RETRY_MS;
}

static void count_push(struct collector *collector, const struct waiting *waiting, bool kept)
{
    const char *labels[] = {waiting->door};

    if (!kept) {
        metrics_count(collector, "collector_rows_refused_total", (double)waiting->rows, "disk");
        return;
    }
    metrics_add(collector->metrics, "collector_rows_received_total", (double)waiting->rows, labels);
    collector->received += waiting->rows;
}

/* One sync for all that came. Nobody is told before it. */
static void keep(struct collector *collector)
{
    struct instant before = clock_now(&collector->options.clock);
    struct err err = {0};

    add_held(collector, before);
    if (!spool_has_pending(collector->spool))
        return;
    bool ok = spool_commit(collector->spool, &err);
    struct instant now = clock_now(&collector->options.clock);
    metrics_observe(collector->metrics, "collector_commit_seconds", (double)(now.steady_ms - before.steady_ms) / 1000, NULL);
    after_commit(collector, ok, &err, now);
    size_t count = collector->waiting_count;
    collector->waiting_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct waiting *waiting = &collector->waiting[i];
        count_push(collector, waiting, ok);
        waiting->kept(waiting->context, ok ? NULL : &err);
    }
}

/* --- speak */

static void speak(struct collector *collector)
{
    const struct questdb *questdb = &collector->options.config->questdb;
    struct instant now = clock_now(&collector->options.clock);
    struct sender_request next;
    struct err err;

    if (!collector->schema.applied || !sender_next(collector->sender, now, &next))
        return;
    struct http_request request = {.method = next.ping ? "GET" : "POST", .url = next.ping ? collector->ping_url : collector->write_url,
                                   .body = next.body, .body_length = next.length, .timeout_ms = COLLECTOR_SEND_TIMEOUT_MS,
                                   .reply_max = SEND_REPLY_MAX, .username = questdb->username, .password = questdb->password,
                                   .bearer = questdb->token,
                                   .ca_file = questdb->ca_file};
    if (!next.ping)
        request.headers[request.header_count++] = (struct http_header){"Content-Type", "text/plain; charset=utf-8"};
    if (http_start(collector->options.http, &request, 0, hear_questdb, collector, &err))
        return;
    struct http_reply reply = {.end = HTTP_NOT_SENT, .err = err};
    sender_hear(collector->sender, now, &reply);
}

void collector_turn(struct collector *collector)
{
    struct instant now = clock_now(&collector->options.clock);

    if (!collector->stopping) {
        sessions_turn(collector, now);
        if (!collector->options.only_drain)
            sources_start(collector, now);
        if (!collector->options.only_drain)
            own_turn(collector, now);
        watch_turn(collector->watch, now.steady_ms);
        collector_apply_schema(collector, now);
    }
    struct spool_state spool = spool_state(collector->spool);
    if (collector->full && spool.bytes < spool.max_bytes - spool.max_bytes / 16)
        collector->full = false;
    keep(collector);
    speak(collector);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t collector_wait_ms(struct collector *collector)
{
    int64_t now_ms = clock_now(&collector->options.clock).steady_ms, wait = sender_wait_ms(collector->sender, now_ms);
    int64_t schema_ms = collector->schema.due_ms > now_ms ? collector->schema.due_ms - now_ms : 0;

    if (!collector->schema.applied) /* nothing is sent yet */
        wait = collector->schema.busy ? -1 : schema_ms;
    if (collector->held.length)
        wait = sooner(wait, collector->held_retry_ms > now_ms ? collector->held_retry_ms - now_ms : 0);
    if (spool_has_pending(collector->spool))
        return 0;
    if (collector->stopping)
        return wait;
    wait = sooner(wait, watch_wait_ms(collector->watch, now_ms));
    wait = sooner(wait, sessions_wait_ms(collector));
    if (!collector->options.only_drain)
        wait = sooner(wait, own_wait_ms(collector, now_ms));
    return sooner(wait, schedule_wait_ms(&collector->schedule, now_ms));
}

void collector_stop(struct collector *collector)
{
    collector->stopping = true;
    sessions_stop(collector);
    sender_flush(collector->sender);
}

/* Nothing waits, or QuestDB does not take it: the spool keeps it for the next start. */
bool collector_is_drained(const struct collector *collector)
{
    struct sender_state state;

    sender_state(collector->sender, &state);
    return !spool_has_pending(collector->spool) && (!state.waiting || state.trouble != RETRY_NONE || !collector->schema.applied);
}
