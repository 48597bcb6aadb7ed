#include "notifier/commands/rows.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define PAGE_ROWS 50

/* One page; NULL after a word about what went wrong, with the exit code. *cut: the answer was longer than is kept. */
static struct cJSON *fetch_page(const struct client *client, const char *path, const char *query, size_t rows, const char *cursor,
                                bool *cut, int *code)
{
    struct buf whole = BUF_EMPTY(64 * 1024);
    struct http_reply reply;
    struct cJSON *json = NULL;
    struct err err;

    buf_addf(&whole, "%s%s%slimit=%zu", path, query, query[0] ? "&" : "?", rows);
    if (cursor && cursor[0]) {
        buf_add_text(&whole, "&cursor=");
        text_add_url(&whole, cursor);
    }
    int status = client_call(client, "GET", buf_text(&whole), NULL, &reply, &err);
    buf_free(&whole);
    *cut = false;
    if (!status) {
        *code = client_failed(&err);
        return NULL;
    }
    if (status != 200)
        *code = client_refused(&reply);
    else if (reply.body.length == CLIENT_REPLY_MAX && rows > 1)
        *cut = true;
    else if (!(json = json_parse(buf_text(&reply.body), reply.body.length, &err))) {
        fprintf(stderr, "notifier: the daemon's answer cannot be read: %s\n",
                reply.body.length == CLIENT_REPLY_MAX ? "it is longer than 64 MiB; ask for less" : err.text);
        *code = 1;
    }
    http_reply_free(&reply);
    return json;
}

int rows_each(const struct client *client, const char *path, const char *query, size_t most, const char *cursor, struct buf *next,
              void (*row)(void *context, const struct cJSON *row), void *context)
{
    size_t page = PAGE_ROWS;
    bool cut;
    int code = 0;

    buf_clear(next);
    buf_add_text(next, cursor);
    while (most) {
        struct cJSON *json = fetch_page(client, path, query, page < most ? page : most, buf_text(next), &cut, &code);
        if (cut) {
            page /= 2;
            continue;
        }
        if (!json)
            return code;
        for (const struct cJSON *one = json_first(json_get(json, "items")); one && most; one = json_next(one), most--)
            row(context, one);
        buf_clear(next);
        buf_add_text(next, json_get_text(json, "next"));
        json_close(json);
        if (!next->length)
            return 0;
    }
    return 0;
}

void rows_add_value(struct buf *out, const struct cJSON *value)
{
    if (json_is_text(value))
        buf_add_text(out, json_text(value));
    else if (json_is_array(value))
        for (const struct cJSON *one = json_first(value); one; one = json_next(one)) {
            buf_add_text(out, one == json_first(value) ? "" : "; ");
            if (json_get_text(one, "channel") && json_get_text(one, "settled"))
                buf_addf(out, "%s %s", json_get_text(one, "channel"), json_get_text(one, "settled"));
            else
                rows_add_value(out, one);
        }
    else if (value && !json_is_null(value))
        json_add_value(out, value);
}

void rows_add_csv(struct buf *out, const struct cJSON *row, bool keys)
{
    for (const struct cJSON *member = json_first(row); member; member = json_next(member)) {
        struct buf cell = BUF_EMPTY(CLIENT_ROW_MAX);
        if (keys)
            buf_add_text(&cell, json_key(member));
        else
            rows_add_value(&cell, member);
        buf_add_text(out, member == json_first(row) ? "" : ",");
        text_add_csv(out, buf_text(&cell));
        buf_free(&cell);
    }
    buf_add_text(out, "\r\n");
}
