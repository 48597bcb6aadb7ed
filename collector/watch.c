#include "collector/watch.h"

#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_TIMEOUT_MS 10000
#define WATCH_TABLES_MAX 500

/* The second for QuestDB 9.2.3, whose tables() tells less. */
static const char *const questions[] = {
    "SELECT table_name, CASE WHEN table_suspended THEN 1 ELSE 0 END, wal_pending_row_count, table_row_count FROM tables() LIMIT 500",
    "SELECT name, CASE WHEN suspended THEN 1 ELSE 0 END FROM wal_tables() LIMIT 500",
};

struct table_seen {
    char name[128];
    bool suspended;
    double pending, rows; /* NaN: not told */
};

struct watch {
    struct http *http;
    const struct questdb *questdb;
    int64_t due_ms; /* steady */
    bool busy, answered;
    size_t question;
    struct table_seen tables[WATCH_TABLES_MAX];
    size_t count;
    struct buf suspended;
};

struct watch *watch_new(struct http *http, const struct questdb *questdb)
{
    struct watch *watch = memory_zeroed(1, sizeof *watch);

    watch->http = http;
    watch->questdb = questdb;
    buf_init(&watch->suspended, 4096);
    return watch;
}

void watch_renew(struct watch *watch, const struct questdb *questdb)
{
    watch->questdb = questdb;
    watch->due_ms = 0;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    buf_free(&watch->suspended);
    free(watch);
}

const char *watch_suspended(const struct watch *watch)
{
    return buf_text(&watch->suspended);
}

int64_t watch_wait_ms(const struct watch *watch, int64_t steady_ms)
{
    if (watch->busy)
        return -1;
    return watch->due_ms > steady_ms ? watch->due_ms - steady_ms : 0;
}

static void read_tables(struct watch *watch, const struct cJSON *rows)
{
    watch->count = 0;
    for (const struct cJSON *row = json_first(rows); row && watch->count < WATCH_TABLES_MAX; row = json_next(row)) {
        const char *name = json_text(questdb_cell(row, 0));
        struct table_seen *table = &watch->tables[watch->count];
        if (!name || strlen(name) >= sizeof table->name)
            continue;
        *table = (struct table_seen){.suspended = json_number(questdb_cell(row, 1), 0) != 0,
                                     .pending = json_number(questdb_cell(row, 2), NAN), .rows = json_number(questdb_cell(row, 3), NAN)};
        memcpy(table->name, name, strlen(name) + 1);
        watch->count++;
    }
}

static void tell(struct watch *watch)
{
    struct buf now = BUF_EMPTY(4096);

    for (size_t i = 0; i < watch->count; i++)
        if (watch->tables[i].suspended)
            buf_addf(&now, "%s%s", now.length ? "," : "", watch->tables[i].name);
    if (now.length && !text_equal(buf_text(&now), buf_text(&watch->suspended)))
        log_say(LOG_ERROR, "questdb_table_suspended", "%s: QuestDB goes on taking rows for it that nobody will see; look at wal_tables(), "
                "free what it wants for, then ALTER TABLE ... RESUME WAL", buf_text(&now));
    else if (!now.length && watch->suspended.length)
        log_say(LOG_INFO, "questdb_table_resumed", "%s", buf_text(&watch->suspended));
    buf_clear(&watch->suspended);
    buf_add(&watch->suspended, buf_text(&now), now.length);
    buf_free(&now);
}

/* That QuestDB does not answer is the sender's news. */
static void answered(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct watch *watch = context;
    struct err ignored;

    (void)tag;
    watch->busy = false;
    watch->answered = reply->end == HTTP_ANSWERED && reply->status == 200;
    struct cJSON *json = watch->answered ? json_parse(buf_text(&reply->body), reply->body.length, &ignored) : NULL;
    watch->answered = json && json_is_array(questdb_rows(json));
    if (reply->end == HTTP_ANSWERED && reply->status == 400) /* asked the other way round next time */
        watch->question = (watch->question + 1) % LENGTH(questions);
    if (watch->answered) {
        read_tables(watch, questdb_rows(json));
        tell(watch);
    }
    json_close(json);
}

void watch_turn(struct watch *watch, int64_t steady_ms)
{
    struct buf url = BUF_EMPTY(16384);
    struct http_request request;
    struct err ignored;

    if (watch->busy || steady_ms < watch->due_ms)
        return;
    watch->due_ms = steady_ms + WATCH_EVERY_MS;
    if (questdb_request(watch->questdb, "/exec", questions[watch->question], &url, &request)) {
        request.timeout_ms = WATCH_TIMEOUT_MS;
        request.reply_max = 1u << 20;
        watch->busy = http_start(watch->http, &request, 0, answered, watch, &ignored);
    }
    buf_free(&url);
}

static const struct metric_family families[] = {
    {"collector_questdb_tables_suspended", "Tables that take rows and show none.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_questdb_pending_rows", "Rows taken and not visible yet.", METRIC_GAUGE, {"table", NULL}, NULL},
    {"collector_questdb_table_rows", "Rows of the table.", METRIC_GAUGE, {"table", NULL}, NULL},
};

void watch_declare(struct metrics *metrics)
{
    for (size_t i = 0; i < LENGTH(families); i++)
        metrics_declare(metrics, &families[i]);
}

void watch_set(const struct watch *watch, struct metrics *metrics)
{
    double suspended = 0;

    for (size_t i = 0; i < LENGTH(families); i++)
        metrics_drop(metrics, families[i].name);
    if (!watch->answered)
        return;
    for (size_t i = 0; i < watch->count; i++) {
        const char *labels[] = {watch->tables[i].name};
        suspended += watch->tables[i].suspended;
        if (!isnan(watch->tables[i].pending))
            metrics_set(metrics, "collector_questdb_pending_rows", watch->tables[i].pending, labels);
        if (!isnan(watch->tables[i].rows))
            metrics_set(metrics, "collector_questdb_table_rows", watch->tables[i].rows, labels);
    }
    metrics_set(metrics, "collector_questdb_tables_suspended", suspended, NULL);
}
