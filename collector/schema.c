#include "collector/schema.h"

#include "base/json.h"
#include "base/text.h"
#include "collector/tables.h"
#include "collector/target.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SQL_MAX (64 * 1024) /* bytes of one statement */
#define APPLY_TRIES_MAX 50  /* 100 ms apart: a view waits for its table's new columns */

struct applying {
    const struct questdb *questdb;
    const struct cJSON *tables, *views; /* rows of tables() and materialized_views() */
    struct buf *out;
    size_t conflicts;
};

/* wal_tables() for the last: 9.2.3's tables() does not tell. */
static const char tables_sql[] = "SELECT t.table_name, t.ttlValue, t.dedup, t.walEnabled, t.designatedTimestamp, w.suspended "
                                 "FROM tables() t LEFT JOIN wal_tables() w ON t.table_name = w.name";
static const char views_sql[] = "SELECT view_name, view_status, view_sql, invalidation_reason FROM materialized_views()";

static void conflict(struct applying *applying, const struct table *table, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void conflict(struct applying *applying, const struct table *table, const char *format, ...)
{
    va_list args;

    applying->conflicts++;
    buf_addf(applying->out, "%s: CONFLICT: ", table->name);
    va_start(args, format);
    buf_addv(applying->out, format, args);
    va_end(args);
    buf_add_char(applying->out, '\n');
}

static const struct cJSON *row_named(const struct cJSON *rows, const char *name)
{
    for (const struct cJSON *row = json_first(rows); row; row = json_next(row))
        if (text_equal(json_text(questdb_cell(row, 0)), name))
            return row;
    return NULL;
}

/* Changes of type that QuestDB makes in place and that lose nothing. */
static bool may_widen(const char *from, const char *to)
{
    static const struct {
        const char *from, *to;
    } ways[] = {
        {"BYTE", "LONG"}, {"SHORT", "LONG"}, {"INT", "LONG"}, {"BYTE", "INT"}, {"SHORT", "INT"}, {"FLOAT", "DOUBLE"}, {"INT", "DOUBLE"}, {"SHORT", "DOUBLE"},
        {"STRING", "VARCHAR"}, {"SYMBOL", "VARCHAR"}, {"STRING", "SYMBOL"}, {"VARCHAR", "SYMBOL"},
    };

    for (size_t i = 0; i < LENGTH(ways); i++)
        if (strcmp(from, ways[i].from) == 0 && strcmp(to, ways[i].to) == 0)
            return true;
    return false;
}

/* Holds all that ours would: it may stay. */
static bool is_wider(const char *is, const char *wanted)
{
    return (strcmp(is, "LONG") == 0 && strcmp(wanted, "INT") == 0) || (strcmp(is, "DOUBLE") == 0 && strcmp(wanted, "FLOAT") == 0);
}

static bool run(struct applying *applying, const struct table *table, struct buf *changes, struct err *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* One ALTER; what it did joins the table's line. */
static bool run(struct applying *applying, const struct table *table, struct buf *changes, struct err *err, const char *format, ...)
{
    struct buf sql = BUF_EMPTY(SQL_MAX);
    va_list args;

    va_start(args, format);
    buf_addf(&sql, "ALTER TABLE %s ", table->name);
    buf_addv(&sql, format, args);
    va_end(args);
    bool ok = questdb_do(applying->questdb, buf_text(&sql), err) || err_within(err, "%s", buf_text(&sql));
    if (ok)
        buf_addf(changes, "%s%s", changes->length ? ", " : "", buf_text(&sql) + strlen("ALTER TABLE ") + strlen(table->name) + 1);
    buf_free(&sql);
    return ok;
}

static bool apply_column(struct applying *applying, const struct table *table, const struct table_column *column, const struct cJSON *row,
                         struct buf *changes, struct err *err)
{
    const char *type = row ? json_text(questdb_cell(row, 1)) : NULL;

    if (!row)
        return run(applying, table, changes, err, "ADD COLUMN IF NOT EXISTS %s %s", column->name, column->type);
    if (text_equal(type, column->type) || is_wider(text_or(type, ""), column->type))
        return true;
    if (strcmp(column->name, "timestamp") == 0) {
        conflict(applying, table, "its time is kept as %s, expected %s, which no ALTER changes; RENAME TABLE %s TO %s_old, run `schema apply`, then "
                                  "INSERT INTO %s (columns) SELECT columns FROM %s_old",
                 text_or(type, "?"), column->type, table->name, table->name, table->name, table->name);
        return true;
    }
    if (may_widen(text_or(type, ""), column->type))
        return run(applying, table, changes, err, "ALTER COLUMN %s TYPE %s", column->name, column->type);
    conflict(applying, table, "column %s is %s, expected %s; if nothing else needs it: ALTER TABLE %s RENAME COLUMN %s TO %s_old, then run `schema apply` again",
             column->name, text_or(type, "?"), column->type, table->name, column->name, column->name);
    return true;
}

/* Without these keys a batch that is sent again would count twice. */
static bool apply_keys(struct applying *applying, const struct table *table, const struct cJSON *columns, const struct cJSON *row,
                       struct buf *changes, struct err *err)
{
    struct buf keys = BUF_EMPTY(SQL_MAX);
    bool same = questdb_is_true(row, 2), ok = true;

    for (size_t i = 0; i < table->column_count; i++) {
        const struct cJSON *column = row_named(columns, table->columns[i].name);
        if (table->columns[i].is_key)
            buf_addf(&keys, "%s%s", keys.length ? ", " : "", table->columns[i].name);
        same = same && column && questdb_is_true(column, 3) == table->columns[i].is_key;
    }
    if (!same)
        ok = run(applying, table, changes, err, "DEDUP ENABLE UPSERT KEYS(%s)", buf_text(&keys));
    buf_free(&keys);
    return ok;
}

static bool apply_columns(struct applying *applying, const struct table *table, const struct cJSON *row, struct buf *changes, struct err *err)
{
    struct buf sql = BUF_EMPTY(SQL_MAX);
    size_t conflicts = applying->conflicts;
    bool ok = true;

    buf_addf(&sql, "SELECT \"column\", type, designated, upsertKey FROM table_columns('%s')", table->name);
    struct cJSON *answer = questdb_ask(applying->questdb, buf_text(&sql), err);
    buf_free(&sql);
    if (!answer)
        return false;
    for (size_t i = 0; ok && i < table->column_count; i++)
        ok = apply_column(applying, table, &table->columns[i], row_named(questdb_rows(answer), table->columns[i].name), changes, err);
    if (ok && applying->conflicts == conflicts)
        ok = apply_keys(applying, table, questdb_rows(answer), row, changes, err);
    json_close(answer);
    return ok;
}

/* A retention somebody set stays; none at all fills the disk. */
static bool apply_table(struct applying *applying, const struct table *table, const struct cJSON *row, struct err *err)
{
    struct buf changes = BUF_EMPTY(SQL_MAX);
    size_t conflicts = applying->conflicts;
    bool ok = true;

    if (!text_equal(json_text(questdb_cell(row, 4)), "timestamp"))
        conflict(applying, table, "its time is column \"%s\", expected \"timestamp\"; RENAME TABLE it out of the way, then run `schema apply` again",
                 text_or(json_text(questdb_cell(row, 4)), ""));
    else if (!questdb_is_true(row, 3))
        conflict(applying, table, "it has no WAL; ALTER TABLE %s SET TYPE WAL, restart QuestDB, then run `schema apply` again", table->name);
    else
        ok = apply_columns(applying, table, row, &changes, err) &&
             (json_number(questdb_cell(row, 1), 0) > 0 || run(applying, table, &changes, err, "SET TTL 90 DAYS"));
    if (questdb_is_true(row, 5))
        conflict(applying, table, "it is suspended: rows are taken and not shown; see wal_tables(), free disk space, then ALTER TABLE %s RESUME WAL", table->name);
    if (ok && applying->conflicts == conflicts)
        buf_addf(applying->out, "%s: %s%s\n", table->name, changes.length ? "changed: " : "up to date", buf_text(&changes));
    else if (changes.length)
        buf_addf(applying->out, "%s: changed: %s\n", table->name, buf_text(&changes));
    buf_free(&changes);
    return ok;
}

/* The same SQL, whatever its white space; comments are only in ours. */
static bool is_within(const char *whole, const char *part)
{
    struct buf texts[2] = {BUF_EMPTY(SQL_MAX), BUF_EMPTY(SQL_MAX)};
    const char *from[2] = {whole, part};

    for (size_t i = 0; i < 2; i++)
        for (const char *at = from[i]; *at; at++)
            if (!isspace((unsigned char)*at))
                buf_add_char(&texts[i], *at);
    bool within = strstr(buf_text(&texts[0]), buf_text(&texts[1])) != NULL;
    buf_free(&texts[0]);
    buf_free(&texts[1]);
    return within;
}

static void apply_view(struct applying *applying, const struct table *view, const struct cJSON *row)
{
    const char *status = json_text(questdb_cell(row, 1)), *sql = json_text(questdb_cell(row, 2));

    if (!text_equal(status, "valid") && !text_equal(status, "refreshing"))
        conflict(applying, view, "it is %s (%s); REFRESH MATERIALIZED VIEW %s FULL rebuilds it from the rows its table still has: older hours go",
                 text_or(status, "?"), text_or(json_text(questdb_cell(row, 3)), "no reason given"), view->name);
    else if (!sql || !is_within(view->sql, sql))
        conflict(applying, view, "it differs from this version's; it goes on working. To have the new one, DROP MATERIALIZED VIEW %s and run `schema apply`: "
                                 "hours older than its table's rows go",
                 view->name);
    else
        buf_addf(applying->out, "%s: up to date\n", view->name);
}

/* Without its comments: the parser of QuestDB 9.2.3 reads on in them behind a quote. */
static void add_bare(struct buf *sql, const char *text)
{
    for (const char *end; *text; text = end) {
        const char *comment = strstr(text, "--");
        buf_add(sql, text, comment ? (size_t)(comment - text) : strlen(text));
        end = comment ? comment + strcspn(comment, "\n") : text + strlen(text);
    }
}

/* A view over columns that were added just now: QuestDB applies an ALTER a moment after it has said OK. */
static bool create(struct applying *applying, const struct table *table, struct err *err)
{
    struct buf sql = BUF_EMPTY(SQL_MAX);
    bool ok;

    add_bare(&sql, table->sql);
    for (int tries = 0;; tries++) {
        ok = questdb_do(applying->questdb, buf_text(&sql), err);
        if (ok || !table->is_view || !strstr(err->text, "Invalid column") || tries == APPLY_TRIES_MAX)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    buf_free(&sql);
    return ok || err_within(err, "%s", table->name);
}

static bool apply_one(struct applying *applying, const struct table *table, struct err *err)
{
    const struct cJSON *row = row_named(applying->tables, table->name), *view = row_named(applying->views, table->name);

    if (!row && !view) {
        if (!create(applying, table, err))
            return false;
        buf_addf(applying->out, "%s: created\n", table->name);
        return true;
    }
    if (table->is_view != (view != NULL)) {
        conflict(applying, table, "it is a %s, expected a %s; rename or drop it", view ? "view" : "table", view ? "table" : "view");
        return true;
    }
    if (!table->is_view)
        return apply_table(applying, table, row, err);
    apply_view(applying, table, view);
    return true;
}

bool schema_apply(const struct questdb *questdb, struct buf *out, struct err *err)
{
    struct applying applying = {.questdb = questdb, .out = out};
    struct cJSON *tables = questdb_ask(questdb, tables_sql, err), *views = tables ? questdb_ask(questdb, views_sql, err) : NULL;
    size_t count;
    const struct table *all = tables_all(&count);
    bool ok = tables && views;

    applying.tables = questdb_rows(tables);
    applying.views = questdb_rows(views);
    for (size_t i = 0; ok && i < count; i++) {
        struct err why = {0};
        ok = apply_one(&applying, &all[i], &why);
        if (!ok && why.kind == ERR_INPUT) { /* QuestDB said no to this one */
            conflict(&applying, &all[i], "%s", why.text);
            ok = true;
        } else if (!ok && err)
            *err = why;
    }
    json_close(tables);
    json_close(views);
    if (ok && applying.conflicts)
        return err_set(err, ERR_CONFLICT, "%zu conflict%s; everything else is as it should be", applying.conflicts, applying.conflicts == 1 ? "" : "s");
    return ok;
}

void schema_print(struct buf *out)
{
    size_t count;
    const struct table *tables = tables_all(&count);

    for (size_t i = 0; i < count; i++)
        buf_addf(out, "%s%s", i ? "\n" : "", tables[i].sql);
}

static int say(bool ok, const struct buf *out, const struct err *err)
{
    fwrite(buf_text(out), 1, out->length, stdout);
    if (!ok)
        fprintf(stderr, "collector: %s\n", err->text);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}

int schema_command(int argc, char **argv)
{
    static const struct option options[] = {TARGET_OPTIONS, {0}};
    struct target_flags flags = {0};
    struct buf out = BUF_EMPTY(4u << 20);
    struct err err = {0};
    struct target target = {0};

    optind = 1;
    for (int flag; (flag = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (!target_flag(&flags, flag, optarg))
            return 2;
    }
    const char *verb = optind + 1 == argc ? argv[optind] : "";
    bool apply = strcmp(verb, "apply") == 0;
    if (!apply && strcmp(verb, "print") != 0) {
        fprintf(stderr, "usage: collector schema apply|print [--config FILE] [--questdb URL]\n");
        return 2;
    }
    int code = 0;
    if (!apply) {
        schema_print(&out);
        code = say(true, &out, &err);
    } else if (target_open(&target, flags.config, flags.questdb, &err))
        code = say(schema_apply(&target.questdb, &out, &err), &out, &err);
    else {
        fprintf(stderr, "collector: %s\n", err.text);
        code = 2;
    }
    target_close(&target);
    buf_free(&out);
    return code;
}
