#include "collector/healthcheck.h"

#include "base/json.h"
#include "base/text.h"
#include "collector/tables.h"
#include "collector/target.h"

#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MEASURED_MIN 1000 /* rows of whole partitions before their size is believed */
#define TEXT_BYTES 20          /* of a text: a header of 16, and mostly NULL */

struct checking {
    const struct health_places *places;
    struct buf *out;
    bool failed;
    double rows_per_s, bytes_per_s; /* of all tables */
    double newest_s;                /* age of the newest row; NaN: there is none */
};

static void say(struct checking *checking, const char *what, const char *how, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void say(struct checking *checking, const char *what, const char *how, const char *format, ...)
{
    va_list args;

    checking->failed = checking->failed || strcmp(how, "failed") == 0;
    buf_addf(checking->out, "%-10s %-8s ", what, how);
    va_start(args, format);
    buf_addv(checking->out, format, args);
    va_end(args);
    buf_add_char(checking->out, '\n');
}

static bool check_questdb(struct checking *checking)
{
    struct err err = {0};
    struct buf name = BUF_EMPTY(300);
    struct cJSON *answer = questdb_ask(checking->places->questdb, "SELECT build()", &err);
    const char *build = json_text(questdb_cell(json_first(questdb_rows(answer)), 0));

    questdb_add_name(&name, checking->places->questdb);
    if (answer)
        say(checking, "questdb", "ok", "%s, %s", buf_text(&name), text_or(build, "of an unknown version"));
    else
        say(checking, "questdb", "failed", "%s", err.text);
    json_close(answer);
    buf_free(&name);
    return answer != NULL;
}

/* Is it there, is it suspended (rows are taken and not shown)? */
static void check_tables(struct checking *checking)
{
    struct err err = {0};
    struct buf missing = BUF_EMPTY(2048), suspended = BUF_EMPTY(2048);
    size_t count;
    const struct table *tables = tables_all(&count);
    struct cJSON *answer = questdb_ask(checking->places->questdb, "SELECT name, suspended FROM wal_tables()", &err);

    for (size_t i = 0; answer && i < count; i++) {
        const struct cJSON *row = json_first(questdb_rows(answer));
        while (row && !text_equal(json_text(questdb_cell(row, 0)), tables[i].name))
            row = json_next(row);
        if (!row)
            buf_addf(&missing, " %s", tables[i].name);
        else if (questdb_is_true(row, 1))
            buf_addf(&suspended, " %s", tables[i].name);
    }
    if (!answer)
        say(checking, "tables", "failed", "%s", err.text);
    else if (suspended.length)
        say(checking, "tables", "failed", "suspended, their rows are taken and not shown:%s; see wal_tables(), free disk space, then ALTER TABLE ... RESUME WAL",
            buf_text(&suspended));
    else if (missing.length)
        say(checking, "tables", "failed", "missing:%s; run `collector schema apply`", buf_text(&missing));
    else
        say(checking, "tables", "ok", "%zu tables and views, none suspended", count);
    json_close(answer);
    buf_free(&missing);
    buf_free(&suspended);
}

double health_row_bytes(const struct table *table)
{
    static const struct {
        const char *type;
        double bytes;
    } widths[] = {{"BOOLEAN", 1}, {"SYMBOL", 4}, {"INT", 4}, {"FLOAT", 4}, {"LONG", 8}, {"DOUBLE", 8}, {"TIMESTAMP_NS", 8}, {"VARCHAR", TEXT_BYTES}};
    double bytes = 0;

    for (size_t i = 0; i < table->column_count; i++)
        for (size_t w = 0; w < LENGTH(widths); w++)
            if (strcmp(table->columns[i].type, widths[w].type) == 0)
                bytes += widths[w].bytes;
    return bytes;
}

static double cell(const struct cJSON *answer, size_t column)
{
    return json_number(questdb_cell(json_first(questdb_rows(answer)), column), NAN);
}

/* Measured on the days that are over; those still open are padded. */
static bool measure_bytes(struct checking *checking, const struct table *table, double *bytes, struct err *err)
{
    struct buf sql = BUF_EMPTY(1024);

    buf_addf(&sql, "SELECT sum(numRows), sum(diskSize) FROM table_partitions('%s') WHERE active = false", table->name);
    struct cJSON *answer = questdb_ask(checking->places->questdb, buf_text(&sql), err);
    *bytes = cell(answer, 0) >= ROWS_MEASURED_MIN ? cell(answer, 1) / cell(answer, 0) : health_row_bytes(table);
    json_close(answer);
    buf_free(&sql);
    return answer != NULL;
}

/* The last day, or as much of it as there is. */
static bool check_table(struct checking *checking, const struct table *table, struct err *err)
{
    struct buf sql = BUF_EMPTY(1024);
    double bytes;

    buf_addf(&sql, "SELECT count(), datediff('s', min(timestamp), now()), datediff('s', max(timestamp), now()) FROM %s WHERE timestamp > dateadd('d', -1, now())",
             table->name);
    struct cJSON *answer = questdb_ask(checking->places->questdb, buf_text(&sql), err);
    buf_free(&sql);
    if (!answer || !measure_bytes(checking, table, &bytes, err)) {
        json_close(answer);
        return false;
    }
    double rows = cell(answer, 0), span_s = cell(answer, 1), newest_s = cell(answer, 2);
    double rate = rows > 1 && span_s > newest_s ? (rows - 1) / (span_s - newest_s) : 0;
    json_close(answer);
    checking->rows_per_s += rate;
    checking->bytes_per_s += rate * bytes;
    if (!isnan(newest_s) && !(newest_s >= checking->newest_s))
        checking->newest_s = newest_s;
    if (checking->places->verbose && isnan(newest_s))
        buf_addf(checking->out, "           %s: no rows within a day\n", table->name);
    else if (checking->places->verbose)
        buf_addf(checking->out, "           %s: %.0f rows within a day (%.2f a second, %.0f bytes each), the newest %.0f s ago\n", table->name, rows, rate, bytes,
                 newest_s);
    return true;
}

static void check_rows(struct checking *checking)
{
    struct err err = {0};
    size_t count;
    const struct table *tables = tables_all(&count);
    bool ok = true;

    checking->newest_s = NAN;
    for (size_t i = 0; ok && i < count; i++)
        ok = tables[i].is_view || check_table(checking, &tables[i], &err);
    double bytes = checking->bytes_per_s * HEALTH_DAYS * 86400;
    if (!ok)
        say(checking, "rows", "failed", "%s", err.text);
    else if (isnan(checking->newest_s))
        say(checking, "rows", "warning", "none within a day; is the collector running, and does it have sources?");
    else
        say(checking, "rows", checking->newest_s > 300 ? "warning" : "ok", "%.1f a second, the newest %.0f s ago", checking->rows_per_s, checking->newest_s);
    if (ok && !isnan(checking->newest_s))
        say(checking, "storage", bytes > (double)HEALTH_BYTES_MAX ? "warning" : "ok", "%d days at this rate: about %.2f GB%s", HEALTH_DAYS, bytes / 1e9,
            bytes > (double)HEALTH_BYTES_MAX ? ", more than 10 GB; longer intervals, or a shorter retention" : " of 10 GB");
}

/* The first words that an answer has for what is wrong; NULL: it says in none of these places. */
static const char *wrong_in(const struct cJSON *json)
{
    static const struct {
        const char *below, *key;
    } places[] = {{NULL, "storageError"}, {"questdb", "reason"}, {"questdb", "suspendedTables"}, {"limits", "reason"}};

    for (size_t i = 0; i < LENGTH(places); i++) {
        const struct cJSON *at = places[i].below ? json_get(json, places[i].below) : json;
        const char *words = at ? json_get_text(at, places[i].key) : NULL;
        if (words && words[0])
            return words;
    }
    return NULL;
}

/* True where the answer itself says that all is not well. words: what it says of that, else all of it. */
static bool is_degraded(const struct http_reply *reply, struct buf *words)
{
    struct cJSON *json = json_parse(buf_text(&reply->body), reply->body.length, NULL);
    const char *status = json_get_text(json, "status");
    bool degraded = text_equal(status, "degraded") || text_equal(status, "down");

    text_add_terminal(words, text_or(wrong_in(json), buf_text(&reply->body)), false);
    json_close(json);
    return degraded;
}

/* GET url + path answers 200. */
static void check_http(struct checking *checking, const char *what, const char *url, const char *path, const char *token, const char *cure)
{
    struct buf whole = BUF_EMPTY(4096), body = BUF_EMPTY(8192), wrong = BUF_EMPTY(8192), bearer = BUF_EMPTY(8192);
    struct http_reply reply = {0};
    struct err err = {0};
    size_t length = strlen(url);

    while (length && url[length - 1] == '/')
        length--;
    buf_add(&whole, url, length);
    buf_add_text(&whole, path);
    struct http_request request = {.method = "GET", .url = buf_text(&whole), .timeout_ms = HEALTH_TIMEOUT_MS};
    if (token && buf_addf(&bearer, "Bearer %s", token))
        request.headers[request.header_count++] = (struct http_header){"Authorization", buf_text(&bearer)};
    bool answered = http_fetch(&request, &reply, &err);
    while (reply.body.length && isspace((unsigned char)buf_text(&reply.body)[reply.body.length - 1]))
        buf_cut(&reply.body, reply.body.length - 1);
    text_add_terminal(&body, buf_text(&reply.body), false);
    buf_cut(&body, body.length > 2000 ? 2000 : body.length);
    bool well = answered && reply.status == 200, degraded = well && is_degraded(&reply, &wrong);
    if (degraded)
        say(checking, what, "warning", "it works, and says that something is wrong: %.300s", buf_text(&wrong));
    else if (well)
        say(checking, what, "ok", "answered in %" PRId64 " ms", reply.latency_ms);
    else if (answered)
        say(checking, what, "failed", "answered HTTP %d: %.300s", reply.status, buf_text(&body));
    else
        say(checking, what, "failed", "%s; %s", err.text, cure);
    if (checking->places->verbose && answered)
        buf_addf(checking->out, "           %s\n", buf_text(&body));
    http_reply_free(&reply);
    buf_free(&whole);
    buf_free(&body);
    buf_free(&wrong);
    buf_free(&bearer);
}

/* What it listens on is not always where it can be reached: every address is, here, loopback. */
static void check_collector(struct checking *checking)
{
    const char *listen = checking->places->collector, *colon = strrchr(listen, ':');
    struct buf url = BUF_EMPTY(1024);

    if (text_starts(listen, "unix:"))
        buf_addf(&url, "%s:", listen);
    else if (colon && (colon == listen || text_starts(listen, "0.0.0.0:") || text_starts(listen, "[::]:") || text_starts(listen, "*:")))
        buf_addf(&url, "http://127.0.0.1%s", colon);
    else
        buf_addf(&url, "http://%s", listen);
    check_http(checking, "collector", buf_text(&url), "/health", checking->places->token, "is it running? `collector serve`");
    buf_free(&url);
}

bool health_check(const struct health_places *places, struct buf *out)
{
    struct checking checking = {.places = places, .out = out};

    if (check_questdb(&checking)) {
        check_tables(&checking);
        check_rows(&checking);
    }
    check_collector(&checking);
    if (places->notifier && places->notifier[0])
        check_http(&checking, "notifier", places->notifier, "/health", NULL, "is it running? `notifier serve`; --notifier URL or $NOTIFIER_URL says where");
    else
        say(&checking, "notifier", "skipped", "not asked for");
    if (places->grafana && places->grafana[0])
        check_http(&checking, "grafana", places->grafana, "/api/health", NULL, "is it running?");
    else
        say(&checking, "grafana", "skipped", "--grafana URL or $GRAFANA_URL says where it is");
    return !checking.failed;
}

static int usage(void)
{
    fprintf(stderr, "usage: collector healthcheck [--verbose] [--config FILE] [--questdb URL] [--notifier URL|\"\"] [--grafana URL]\n");
    return 2;
}

int healthcheck_command(int argc, char **argv)
{
    static const struct option options[] = {
        TARGET_OPTIONS, {"verbose", no_argument, NULL, 'v'}, {"notifier", required_argument, NULL, 'n'}, {"grafana", required_argument, NULL, 'g'}, {0},
    };
    const char *notifier = getenv("NOTIFIER_URL");
    struct health_places places = {.notifier = notifier ? notifier : "http://127.0.0.1:8686", .grafana = getenv("GRAFANA_URL")};
    struct target_flags flags = {0};
    struct target target = {0};
    struct buf out = BUF_EMPTY(64 * 1024);
    struct err err = {0};

    optind = 1;
    for (int flag; (flag = getopt_long(argc, argv, "v", options, NULL)) != -1;)
        if (flag == 'v')
            places.verbose = true;
        else if (flag == 'n')
            places.notifier = optarg;
        else if (flag == 'g')
            places.grafana = optarg;
        else if (!target_flag(&flags, flag, optarg))
            return usage();
    if (optind < argc)
        return usage();
    int code = 2;
    if (target_open(&target, flags.config, flags.questdb, &err)) {
        places.questdb = &target.questdb;
        places.collector = target.listen;
        places.token = target.token;
        code = health_check(&places, &out) ? 0 : 1;
        fwrite(buf_text(&out), 1, out.length, stdout);
    } else
        fprintf(stderr, "collector: %s\n", err.text);
    target_close(&target);
    buf_free(&out);
    return code;
}
