#include "notifier/commands/queue.h"

#include "base/json.h"
#include "base/text.h"

/* The answer's list; NULL where there is none. */
static struct cJSON *ask(const struct client *client, const char *path)
{
    struct http_reply reply;
    struct cJSON *json = NULL;
    struct err err;

    int status = client_call(client, "GET", path, NULL, &reply, &err);
    if (status == 200)
        json = json_parse(buf_text(&reply.body), reply.body.length, NULL);
    if (status)
        http_reply_free(&reply);
    return json;
}

int64_t queue_length(const struct client *client, const char *channel)
{
    struct cJSON *json = ask(client, "/api/v1/channels");
    int64_t length = -1;

    for (const struct cJSON *one = json_first(json_get(json, "items")); one; one = json_next(one))
        if (text_equal(json_get_text(one, "name"), channel))
            length = json_get_int(one, "pending", -1);
    json_close(json);
    return length;
}

void queue_trouble(const struct client *client, const char *channel, struct buf *words)
{
    struct buf path = BUF_EMPTY(4096);

    buf_add_text(&path, "/api/v1/deliveries?status=open&limit=50&channel=");
    text_add_url(&path, channel);
    struct cJSON *json = ask(client, buf_text(&path));
    buf_free(&path);
    for (const struct cJSON *one = json_first(json_get(json, "items")); one && !words->length; one = json_next(one))
        text_add_terminal(words, text_or(json_get_text(one, "lastError"), ""), false);
    json_close(json);
}
