#include "collector/retention.h"

#include "base/json.h"
#include "base/text.h"
#include "collector/tables.h"
#include "collector/target.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct keeping { /* one table or view as it is now */
    const char *name;
    int64_t value;    /* 0: for ever */
    const char *unit; /* HOUR DAY WEEK MONTH YEAR */
};

static int64_t days_of(const struct keeping *keeping)
{
    static const struct {
        const char *unit;
        int64_t days;
    } units[] = {{"DAY", 1}, {"WEEK", 7}, {"MONTH", 30}, {"YEAR", 365}};

    for (size_t i = 0; i < LENGTH(units); i++)
        if (text_equal(keeping->unit, units[i].unit))
            return keeping->value * units[i].days;
    return (keeping->value + 23) / 24;
}

static void add_span(struct buf *out, const struct keeping *keeping)
{
    if (!keeping->value) {
        buf_add_text(out, "for ever");
        return;
    }
    buf_addf(out, "%lld ", (long long)keeping->value);
    for (const char *at = text_or(keeping->unit, ""); *at; at++)
        buf_add_char(out, (char)(*at | 0x20)); /* lower case: ASCII words */
    if (keeping->value != 1)
        buf_add_char(out, 's');
}

/* What a shorter retention removes: whole days. QuestDB does it with the table's next rows. */
static bool add_loss(const struct questdb *questdb, const char *table, int64_t days, struct buf *out, struct err *err)
{
    struct buf sql = BUF_EMPTY(1024);

    buf_addf(&sql, "SELECT count(), sum(numRows), sum(diskSize) FROM table_partitions('%s') WHERE maxTimestamp < dateadd('d', -%lld, now())", table,
             (long long)days);
    struct cJSON *answer = questdb_ask(questdb, buf_text(&sql), err);
    buf_free(&sql);
    if (!answer)
        return false;
    const struct cJSON *row = json_first(questdb_rows(answer));
    double partitions = json_number(questdb_cell(row, 0), 0);
    if (partitions > 0)
        buf_addf(out, "; %.0f partition%s with %.0f rows (%.1f MB) go%s", partitions, partitions == 1 ? "" : "s", json_number(questdb_cell(row, 1), 0),
                 json_number(questdb_cell(row, 2), 0) / 1e6, partitions == 1 ? "es" : "");
    json_close(answer);
    return true;
}

static bool set_table(const struct questdb *questdb, const struct keeping *keeping, int64_t days, bool dry_run, struct buf *out, struct err *err)
{
    struct buf sql = BUF_EMPTY(1024);
    bool ok = true;

    buf_addf(out, "%s: ", keeping->name);
    add_span(out, keeping);
    if (days && days_of(keeping) != days) {
        buf_addf(out, " -> %lld day%s", (long long)days, days == 1 ? "" : "s");
        buf_addf(&sql, "ALTER TABLE %s SET TTL %lld DAYS", keeping->name, (long long)days);
        ok = add_loss(questdb, keeping->name, days, out, err) && (dry_run || questdb_do(questdb, buf_text(&sql), err));
    }
    buf_add_char(out, '\n');
    buf_free(&sql);
    return ok;
}

/* A view is there to remember longer: it is only ever prolonged, to whole years, as its partitions are months. */
static bool set_view(const struct questdb *questdb, const struct keeping *keeping, int64_t days, bool dry_run, struct buf *out, struct err *err)
{
    struct buf sql = BUF_EMPTY(1024);
    int64_t years = (days + 364) / 365;
    bool ok = true;

    buf_addf(out, "%s: ", keeping->name);
    add_span(out, keeping);
    if (days && keeping->value && days_of(keeping) < days) {
        buf_addf(out, " -> %lld years", (long long)years);
        buf_addf(&sql, "ALTER MATERIALIZED VIEW %s SET TTL %lld YEARS", keeping->name, (long long)years);
        ok = dry_run || questdb_do(questdb, buf_text(&sql), err);
    }
    buf_add_char(out, '\n');
    buf_free(&sql);
    return ok;
}

static bool set_one(const struct questdb *questdb, const struct table *table, const struct cJSON *all, int64_t days, bool dry_run, struct buf *out,
                    struct err *err)
{
    for (const struct cJSON *row = json_first(all); row; row = json_next(row)) {
        struct keeping keeping = {json_text(questdb_cell(row, 0)), (int64_t)json_number(questdb_cell(row, 1), 0), json_text(questdb_cell(row, 2))};
        if (text_equal(keeping.name, table->name))
            return table->is_view ? set_view(questdb, &keeping, days, dry_run, out, err) : set_table(questdb, &keeping, days, dry_run, out, err);
    }
    return err_set(err, ERR_INPUT, "QuestDB has no %s; run `collector schema apply`", table->name);
}

bool retention_apply(const struct questdb *questdb, int64_t days, bool dry_run, struct buf *out, struct err *err)
{
    struct cJSON *answer = questdb_ask(questdb, "SELECT table_name, ttlValue, ttlUnit FROM tables()", err);
    size_t count;
    const struct table *tables = tables_all(&count);
    bool ok = answer != NULL;

    for (size_t i = 0; ok && i < count; i++)
        ok = set_one(questdb, &tables[i], questdb_rows(answer), days, dry_run, out, err);
    json_close(answer);
    return ok;
}

static int usage(void)
{
    fprintf(stderr, "usage: collector retention [--retention-days N] [--dry-run] [--config FILE] [--questdb URL]\n"
                    "  Without --retention-days it tells how long each table keeps its rows; the usual is %d days.\n",
            RETENTION_DAYS_DEFAULT);
    return 2;
}

int retention_command(int argc, char **argv)
{
    static const struct option options[] = {TARGET_OPTIONS, {"retention-days", required_argument, NULL, 'r'}, {"dry-run", no_argument, NULL, 'd'}, {0}};
    struct target_flags flags = {0};
    struct target target = {0};
    struct buf out = BUF_EMPTY(64 * 1024);
    struct err err = {0};
    int64_t days = 0;
    bool dry_run = false;

    optind = 1;
    for (int flag; (flag = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (flag == 'r' && (!text_to_int(optarg, &days, &err) || days < 1 || days > RETENTION_DAYS_MAX)) {
            fprintf(stderr, "collector: --retention-days: expected a number of days from 1 to %d\n", RETENTION_DAYS_MAX);
            return 2;
        }
        dry_run = dry_run || flag == 'd';
        if (flag != 'r' && flag != 'd' && !target_flag(&flags, flag, optarg))
            return usage();
    }
    if (optind < argc)
        return usage();
    bool opened = target_open(&target, flags.config, flags.questdb, &err);
    bool ok = opened && retention_apply(&target.questdb, days, dry_run, &out, &err);
    fwrite(buf_text(&out), 1, out.length, stdout);
    if (ok && days)
        printf("%s\n", dry_run ? "Nothing was changed (--dry-run)." : "Done. A table removes what is too old with its next rows.");
    if (!ok)
        fprintf(stderr, "collector: %s\n", err.text);
    target_close(&target);
    buf_free(&out);
    return ok ? 0 : opened ? 1 : 2;
}
