#include "notifier/commands/table.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define ROWS_MAX 1000
#define CELL_RUNES_MAX 60

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

void table_print(const struct cJSON *list, const struct column *columns, size_t count, const char *nothing)
{
    const struct cJSON *items = json_get(list, "items");
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    if (!json_first(items)) {
        printf("%s\n", nothing);
        return;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t c = 0; c < count; c++) {
            widths[c] = widths[c] > strlen(columns[c].title) ? widths[c] : strlen(columns[c].title);
            if (pass)
                printf("%s%-*s", c ? "  " : "", c + 1 < count ? (int)widths[c] : 0, columns[c].title);
        }
        if (pass)
            putchar('\n');
        for (const struct cJSON *row = json_first(items); row; row = json_next(row)) {
            for (size_t c = 0; c < count; c++) {
                struct buf cell = BUF_EMPTY(64 * 1024);
                table_value(row, columns[c].path, &cell);
                buf_cut(&cell, text_prefix(buf_text(&cell), CELL_RUNES_MAX));
                size_t runes = text_runes(buf_text(&cell));
                widths[c] = runes > widths[c] ? runes : widths[c];
                if (pass)
                    printf("%s%s%*s", c ? "  " : "", buf_text(&cell), c + 1 < count ? (int)(widths[c] - runes) : 0, "");
                buf_free(&cell);
            }
            if (pass)
                putchar('\n');
        }
    }
    const char *next = json_get_text(list, "next");
    if (next)
        printf("… and more: --cursor %s\n", next);
}
