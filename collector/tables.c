#include "collector/tables.h"

#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const unsigned char daemon_metrics[] = {
#include "schemas/questdb/0001_daemon_metrics.sql.inc"
    0};
static const unsigned char exchange_status[] = {
#include "schemas/questdb/0002_exchange_status.sql.inc"
    0};
static const unsigned char pipeline_metrics[] = {
#include "schemas/questdb/0003_pipeline_metrics.sql.inc"
    0};
static const unsigned char trading_metrics[] = {
#include "schemas/questdb/0004_trading_metrics.sql.inc"
    0};
static const unsigned char market_metrics[] = {
#include "schemas/questdb/0005_market_metrics.sql.inc"
    0};
static const unsigned char process_metrics[] = {
#include "schemas/questdb/0006_process_metrics.sql.inc"
    0};
static const unsigned char notifier_metrics[] = {
#include "schemas/questdb/0007_notifier_metrics.sql.inc"
    0};
static const unsigned char collector_metrics[] = {
#include "schemas/questdb/0008_collector_metrics.sql.inc"
    0};
static const unsigned char daemon_metrics_1h[] = {
#include "schemas/questdb/0101_daemon_metrics_1h.sql.inc"
    0};
static const unsigned char exchange_status_1h[] = {
#include "schemas/questdb/0102_exchange_status_1h.sql.inc"
    0};
static const unsigned char pipeline_metrics_1h[] = {
#include "schemas/questdb/0103_pipeline_metrics_1h.sql.inc"
    0};
static const unsigned char trading_metrics_1h[] = {
#include "schemas/questdb/0104_trading_metrics_1h.sql.inc"
    0};
static const unsigned char market_metrics_1h[] = {
#include "schemas/questdb/0105_market_metrics_1h.sql.inc"
    0};
static const unsigned char process_metrics_1h[] = {
#include "schemas/questdb/0106_process_metrics_1h.sql.inc"
    0};
static const unsigned char notifier_metrics_1h[] = {
#include "schemas/questdb/0107_notifier_metrics_1h.sql.inc"
    0};
static const unsigned char collector_metrics_1h[] = {
#include "schemas/questdb/0108_collector_metrics_1h.sql.inc"
    0};

static const unsigned char *const files[] = {
    daemon_metrics,    exchange_status,    pipeline_metrics,    trading_metrics,    market_metrics,    process_metrics,    notifier_metrics,    collector_metrics,
    daemon_metrics_1h, exchange_status_1h, pipeline_metrics_1h, trading_metrics_1h, market_metrics_1h, process_metrics_1h, notifier_metrics_1h, collector_metrics_1h,
};

/* The next word of SQL, or one other character; comments and white space are passed over. False at the end. */
static bool next_word(const char **at, char *word, size_t size)
{
    size_t length = 0;

    for (;;) {
        while (isspace((unsigned char)**at))
            ++*at;
        if (strncmp(*at, "--", 2) != 0)
            break;
        *at += strcspn(*at, "\n");
    }
    if (!**at)
        return false;
    while ((isalnum((unsigned char)**at) || **at == '_') && length + 1 < size)
        word[length++] = *(*at)++;
    if (!length)
        word[length++] = *(*at)++;
    word[length] = '\0';
    return true;
}

static bool skip_to(const char **at, const char *wanted, char *word, size_t size)
{
    while (next_word(at, word, size))
        if (strcmp(word, wanted) == 0)
            return true;
    return false;
}

static void read_columns(struct table *table, const char **at)
{
    char word[64];

    while (next_word(at, word, sizeof word) && strcmp(word, ")") != 0) {
        assert(table->column_count < TABLE_COLUMNS_MAX);
        struct table_column *column = &table->columns[table->column_count++];
        memcpy(column->name, word, sizeof word);
        next_word(at, column->type, sizeof column->type);
        while (next_word(at, word, sizeof word) && strcmp(word, ",") != 0)
            if (strcmp(word, ")") == 0)
                return;
    }
}

static void read_keys(struct table *table, const char **at)
{
    char word[64];

    if (!skip_to(at, "KEYS", word, sizeof word))
        return;
    while (next_word(at, word, sizeof word) && strcmp(word, ")") != 0)
        for (size_t i = 0; i < table->column_count; i++)
            if (strcmp(table->columns[i].name, word) == 0)
                table->columns[i].is_key = true;
}

/* CREATE TABLE IF NOT EXISTS name ( columns ) ... KEYS ( keys ); CREATE MATERIALIZED VIEW IF NOT EXISTS name ... */
static void read_file(struct table *table, const char *sql)
{
    const char *at = sql;
    char word[64] = "";

    table->sql = sql;
    next_word(&at, word, sizeof word);
    next_word(&at, word, sizeof word);
    table->is_view = strcmp(word, "MATERIALIZED") == 0;
    bool found = skip_to(&at, "EXISTS", word, sizeof word) && next_word(&at, table->name, sizeof table->name);
    assert(found);
    next_word(&at, word, sizeof word);
    if (table->is_view)
        return;
    read_columns(table, &at);
    read_keys(table, &at);
}

static struct table tables[LENGTH(files)];

static void read_files(void)
{
    for (size_t i = 0; i < LENGTH(files); i++)
        read_file(&tables[i], (const char *)files[i]);
}

const struct table *tables_all(size_t *count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* the loop and the work thread both ask */

    pthread_once(&once, read_files);
    *count = LENGTH(files);
    return tables;
}

const struct table *table_find(const char *name)
{
    size_t count;
    const struct table *all = tables_all(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

const struct table_column *table_column(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcasecmp(table->columns[i].name, name) == 0) /* QuestDB's columns know no case */
            return &table->columns[i];
    return NULL;
}

/* What QuestDB 9.3.4 does: a whole number goes into DOUBLE and FLOAT, a fraction not into LONG; a text into SYMBOL. A
 * boolean in a number is taken without a word, and is a mistake all the same. */
static bool fits(const struct table_column *column, const struct point_field *field)
{
    const char *type = column->type;

    switch (field->kind) {
    case FIELD_BOOL:
        return strcmp(type, "BOOLEAN") == 0;
    case FIELD_LONG:
        return strcmp(type, "INT") == 0 ? field->integer >= -INT32_MAX && field->integer <= INT32_MAX /* INT32_MIN is NULL */
                                        : strcmp(type, "LONG") == 0 || strcmp(type, "DOUBLE") == 0 || strcmp(type, "FLOAT") == 0;
    case FIELD_DOUBLE:
        return strcmp(type, "DOUBLE") == 0 || strcmp(type, "FLOAT") == 0;
    case FIELD_TEXT:
        return strcmp(type, "VARCHAR") == 0 || strcmp(type, "SYMBOL") == 0;
    case FIELD_TIME:
        return strcmp(type, "TIMESTAMP_NS") == 0;
    }
    return false;
}

bool table_takes(const struct point *point, struct err *err)
{
    static const char *const kinds[] = {
        [FIELD_BOOL] = "a boolean", [FIELD_LONG] = "a whole number", [FIELD_DOUBLE] = "a number", [FIELD_TEXT] = "text", [FIELD_TIME] = "a time",
    };
    const struct table *table = table_find(point->table);

    if (!table)
        return true;
    if (table->is_view)
        return err_set(err, ERR_INPUT, "%s is a view: rows go into its table", table->name);
    for (size_t i = 0; i < point->tag_count; i++) {
        const struct table_column *column = table_column(table, point->tags[i].name);
        if (!column || strcmp(column->type, "SYMBOL") != 0)
            return err_set(err, ERR_INPUT, "%s has no tag \"%.60s\"", table->name, point->tags[i].name);
    }
    for (size_t i = 0; i < point->field_count; i++) {
        const struct point_field *field = &point->fields[i];
        const struct table_column *column = table_column(table, field->name);
        if (!column || strcmp(column->name, "timestamp") == 0)
            return err_set(err, ERR_INPUT, "%s has no field \"%.60s\"", table->name, field->name);
        if (!fits(column, field))
            return err_set(err, ERR_INPUT, "%s: field \"%.60s\" is %s, expected %s", table->name, field->name, kinds[field->kind], column->type);
    }
    return true;
}
