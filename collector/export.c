#include "collector/export.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "collector/sources/when.h"
#include "collector/target.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define URL_MAX (64 * 1024)   /* bytes: QuestDB takes no longer one */
#define PROGRESS_BYTES (1u << 20)

/* A line break within quotes would belong to a value (QuestDB 9.3.4 writes \n there). */
static void count(struct export *export, const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '"')
            export->in_quotes = !export->in_quotes;
        export->rows += data[i] == '\n' && !export->in_quotes;
    }
}

static bool take(void *context, const char *data, size_t length)
{
    struct export *export = context;
    uint64_t before = export->bytes;

    export->failed = fwrite(data, 1, length, export->out) != length;
    if (export->failed)
        return false;
    count(export, data, length);
    export->bytes += length;
    if (export->progress && export->bytes / PROGRESS_BYTES != before / PROGRESS_BYTES)
        export->progress(export->context, export);
    return true;
}

static bool judge(const struct http_reply *reply, struct err *err)
{
    if (reply->status == 200)
        return true;
    struct cJSON *json = json_parse(buf_text(&reply->body), reply->body.length, NULL);
    const char *words = json_get_text(json, "error");
    if (words)
        err_set(err, ERR_INPUT, "%s", words);
    else if (reply->status == 401 || reply->status == 403)
        err_set(err, ERR_INPUT, "it does not accept our name and password, or token (HTTP %d); see questdb.username, questdb.password and questdb.token", reply->status);
    else
        err_set(err, ERR_NETWORK, "it answered HTTP %d", reply->status);
    json_close(json);
    return false;
}

bool export_run(const struct questdb *questdb, const char *sql, struct export *export, struct err *err)
{
    struct buf url = BUF_EMPTY(URL_MAX), name = BUF_EMPTY(300);
    struct http_request request;
    struct http_reply reply = {0};

    if (!questdb_request(questdb, "/exp", sql, &url, &request)) {
        buf_free(&url);
        return err_set(err, ERR_LIMIT, "the query is longer than %d bytes", URL_MAX);
    }
    request.take = take;
    request.take_context = export;
    request.timeout_ms = EXPORT_WAIT_MS;
    bool ok = http_fetch(&request, &reply, err) && judge(&reply, err);
    questdb_add_name(&name, questdb);
    if (!ok)
        err_within(err, "%s", buf_text(&name));
    if (fflush(export->out) != 0 || export->failed)
        ok = err_set(err, ERR_SYSTEM, "the rows could not be written: %s", strerror(errno));
    if (export->rows)
        export->rows--; /* the header */
    if (!ok && export->bytes)
        err_within(err, "incomplete, only %" PRIu64 " rows were written", export->rows);
    http_reply_free(&reply);
    buf_free(&url);
    buf_free(&name);
    return ok;
}

/* The time the table is ordered by; not every table is ours. */
static bool find_time(const struct questdb *questdb, const char *table, struct buf *column, struct err *err)
{
    struct buf sql = BUF_EMPTY(1024);

    buf_add_text(&sql, "SELECT designatedTimestamp FROM tables() WHERE table_name = ");
    questdb_add_quoted(&sql, table);
    struct cJSON *answer = questdb_ask(questdb, buf_text(&sql), err);
    const struct cJSON *row = json_first(questdb_rows(answer));
    const char *name = json_text(questdb_cell(row, 0));
    bool ok = answer && row;

    if (answer && !row)
        err_set(err, ERR_INPUT, "QuestDB has no table \"%.100s\"", table);
    buf_add_text(column, name);
    json_close(answer);
    buf_free(&sql);
    return ok;
}

static bool read_time(const char *flag, const char *text, int64_t now_ms, int64_t *ms, struct err *err)
{
    int64_t ns;

    if (text_to_duration(text, ms, NULL) && *ms > 0)
        *ms = now_ms - *ms;
    else if (when_text(text, &ns))
        *ms = ns / 1000000;
    else
        return err_set(err, ERR_INPUT, "%s %.60s: expected a time as 2026-03-14T09:00:00Z, a date as 2026-03-14, or how long ago as 24h", flag, text);
    return true;
}

static bool add_bound(struct buf *sql, const char *flag, const char *text, const char *column, const char *sign, int64_t now_ms, struct err *err)
{
    int64_t ms;

    if (!read_time(flag, text, now_ms, &ms, err))
        return false;
    buf_addf(sql, "%s \"%s\" %s '", strstr(buf_text(sql), " WHERE ") ? " AND" : " WHERE", column, sign);
    zone_add_rfc3339(sql, ms);
    buf_add_char(sql, '\'');
    return true;
}

bool export_sql(const struct questdb *questdb, const char *table, const char *from, const char *to, int64_t now_ms, struct buf *sql, struct err *err)
{
    struct buf column = BUF_EMPTY(300);
    bool ok = false;

    if (strpbrk(table, "\"'\\ \n\r\t;") || !table[0] || strlen(table) > 127) {
        err_set(err, ERR_INPUT, "--table %.60s: this is no table's name", table);
        return false;
    }
    if (!find_time(questdb, table, &column, err))
        goto done;
    if ((from || to) && !column.length) {
        err_set(err, ERR_INPUT, "%s has no time of its own; give a query instead of --from and --to", table);
        goto done;
    }
    buf_addf(sql, "SELECT * FROM \"%s\"", table);
    ok = (!from || add_bound(sql, "--from", from, buf_text(&column), ">=", now_ms, err)) &&
         (!to || add_bound(sql, "--to", to, buf_text(&column), "<", now_ms, err));
done:
    buf_free(&column);
    return ok;
}

static void say_progress(void *context, const struct export *export)
{
    (void)context;
    fprintf(stderr, "\r%" PRIu64 " rows, %.1f MB", export->rows, (double)export->bytes / 1e6);
}

static int run(const struct questdb *questdb, const char *sql)
{
    bool tty = isatty(STDERR_FILENO);
    struct export export = {.out = stdout, .progress = tty ? say_progress : NULL};
    struct err err = {0};
    int64_t begun_ms = clock_now(&clock_system).steady_ms;
    bool ok = export_run(questdb, sql, &export, &err);

    if (ok)
        fprintf(stderr, "%s%" PRIu64 " rows, %.1f MB in %.1f s\n", tty ? "\r" : "", export.rows, (double)export.bytes / 1e6,
                (double)(clock_now(&clock_system).steady_ms - begun_ms) / 1000);
    else
        fprintf(stderr, "%scollector: %s\n", tty && export.bytes ? "\n" : "", err.text);
    return ok ? 0 : 1;
}

static int usage(void)
{
    fprintf(stderr, "usage: collector export QUERY | --table T [--from T] [--to T] [--config FILE] [--questdb URL] > rows.csv\n"
                    "  T is a time as 2026-03-14T09:00:00Z, a date, or how long ago as 24h; --to is not included.\n");
    return 2;
}

int export_command(int argc, char **argv)
{
    static const struct option options[] = {
        TARGET_OPTIONS, {"table", required_argument, NULL, 't'}, {"from", required_argument, NULL, 'f'}, {"to", required_argument, NULL, 'u'}, {0},
    };
    struct target_flags flags = {0};
    struct target target = {0};
    const char *table = NULL, *from = NULL, *to = NULL;
    struct buf sql = BUF_EMPTY(URL_MAX);
    struct err err = {0};
    int64_t ms, now_ms = clock_now(&clock_system).wall_ms;

    optind = 1;
    for (int flag; (flag = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (flag == 't')
            table = optarg;
        else if (flag == 'f')
            from = optarg;
        else if (flag == 'u')
            to = optarg;
        else if (!target_flag(&flags, flag, optarg))
            return usage();
    if (table ? optind < argc : optind + 1 != argc || from || to)
        return usage();
    if ((from && !read_time("--from", from, now_ms, &ms, &err)) || (to && !read_time("--to", to, now_ms, &ms, &err))) {
        fprintf(stderr, "collector: %s\n", err.text);
        return 2;
    }
    bool opened = target_open(&target, flags.config, flags.questdb, &err);
    if (opened && !table)
        buf_add_text(&sql, argv[optind]);
    int code = opened && (!table || export_sql(&target.questdb, table, from, to, now_ms, &sql, &err))
                   ? run(&target.questdb, buf_text(&sql)) : -1;
    if (code < 0) {
        fprintf(stderr, "collector: %s\n", err.text);
        code = opened ? 1 : 2;
    }
    target_close(&target);
    buf_free(&sql);
    return code;
}
