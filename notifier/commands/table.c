#include "notifier/commands/table.h"

#include "base/text.h"
#include "notifier/commands/colour.h"

#include <stdio.h>
#include <string.h>

static const struct cJSON *follow(const struct cJSON *row, const char *path, size_t length)
{
    char key[64];

    while (row && length) {
        size_t size = strcspn(path, ".");
        if (size > length)
            size = length;
        snprintf(key, sizeof key, "%.*s", (int)size, path);
        row = json_get(row, key);
        size_t step = size < length ? size + 1 : size;
        path += step;
        length -= step;
    }
    return row;
}

static void add_value(struct buf *out, const struct cJSON *value)
{
    struct buf text = BUF_EMPTY(64 * 1024);

    if (json_is_array(value)) {
        for (const struct cJSON *one = json_first(value); one; one = json_next(one)) {
            buf_add_text(out, one == json_first(value) ? "" : ",");
            add_value(out, one);
        }
        return;
    }
    if (json_get_text(value, "channel") && json_get_text(value, "settled"))
        buf_addf(&text, "%s %s", json_get_text(value, "channel"), json_get_text(value, "settled"));
    else if (json_is_text(value))
        buf_add_text(&text, json_text(value));
    else if (value && !json_is_null(value))
        json_add_value(&text, value);
    text_add_terminal(out, buf_text(&text), false);
    buf_free(&text);
}

void table_value(const struct cJSON *row, const char *path, struct buf *out)
{
    while (*path) {
        size_t length = strcspn(path, "|");
        const struct cJSON *value = follow(row, path, length);
        if (value && !json_is_null(value)) {
            add_value(out, value);
            return;
        }
        path += length + (path[length] == '|');
    }
}

void table_add(void *context, const struct cJSON *row)
{
    struct table *table = context;

    if (table->row_count == table->room) {
        size_t room = table->room ? table->room * 2 : 64;
        const char **cells = ARENA_NEW(table->arena, const char *, room * table->column_count);
        if (table->room)
            memcpy(cells, table->cells, table->room * table->column_count * sizeof *cells);
        table->cells = cells;
        table->room = room;
    }
    for (size_t c = 0; c < table->column_count; c++) {
        struct buf cell = BUF_EMPTY(64 * 1024);
        table_value(row, table->columns[c].path, &cell);
        if (text_runes(buf_text(&cell)) > TABLE_CELL_RUNES_MAX) {
            buf_cut(&cell, text_prefix(buf_text(&cell), TABLE_CELL_RUNES_MAX - 1));
            buf_add_text(&cell, "…");
        }
        size_t runes = text_runes(buf_text(&cell));
        table->widths[c] = runes > table->widths[c] ? runes : table->widths[c];
        table->cells[table->row_count * table->column_count + c] = arena_text(table->arena, buf_text(&cell));
        buf_free(&cell);
    }
    table->row_count++;
}

/* Padded by code points, which printf does not count; nothing behind the last. */
static void print_cell(const struct table *table, size_t column, const char *text, bool colours)
{
    size_t title = strlen(table->columns[column].title), width = table->widths[column] > title ? table->widths[column] : title;
    bool last = column + 1 == table->column_count;

    printf("%s%s%s%*s%s", colours ? colour_begin(text) : "", text, colours ? colour_end(text) : "",
           last ? 0 : (int)(width - text_runes(text)), "", last ? "\n" : "  ");
}

/* What strangers name has no colour, whatever the name. */
static bool is_coloured(const struct column *column)
{
    return strcmp(column->title, "STATUS") == 0 || strcmp(column->title, "STATE") == 0 || strcmp(column->title, "SEVERITY") == 0;
}

void table_print(const struct table *table)
{
    bool colours = colour_wanted(stdout);

    for (size_t c = 0; c < table->column_count; c++)
        print_cell(table, c, table->columns[c].title, false);
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        print_cell(table, i % table->column_count, table->cells[i], colours && is_coloured(&table->columns[i % table->column_count]));
}
