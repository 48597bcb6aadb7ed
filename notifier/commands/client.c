#include "notifier/commands/client.h"

#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool client_flag(struct client *client, const char *name, const char *value)
{
    if (strcmp(name, "url") == 0)
        client->url = value;
    else if (strcmp(name, "output") == 0)
        client->output = value;
    else
        return false;
    return true;
}

static const char *base_url(const struct client *client)
{
    return text_or(client->url, text_or(getenv("NOTIFIER_URL"), "http://127.0.0.1:8686"));
}

struct answer {
    struct http_reply *reply;
    bool there;
};

static void keep_answer(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct answer *answer = context;

    (void)tag;
    *answer->reply = *reply;
    answer->reply->body = answer->reply->headers = (struct buf)BUF_EMPTY(CLIENT_REPLY_MAX);
    buf_add(&answer->reply->body, buf_text(&reply->body), reply->body.length);
    answer->there = true;
}

/* http_fetch, with somebody who is called meanwhile. */
static bool fetch_watched(const struct client *client, const struct http_request *request, struct http_reply *reply, struct err *err)
{
    struct answer answer = {reply, false};
    struct http *http = http_new(err);

    *reply = (struct http_reply){.end = HTTP_NOT_SENT};
    bool begun = http && http_start(http, request, 1, keep_answer, &answer, err);
    while (begun && !answer.there) {
        http_wait(http, -1, CLIENT_WAITING_EVERY_MS);
        http_run(http);
        client->waiting(client->waiting_context);
    }
    http_free(http);
    return answer.there && reply->end == HTTP_ANSWERED;
}

/* An address without the password that may stand in it. */
static void add_shown(struct buf *out, const char *url)
{
    const char *scheme = strstr(url, "://"), *host = scheme ? scheme + 3 : url;
    const char *at = memrchr(host, '@', strcspn(host, "/?#"));

    buf_addf(out, "%.*s%s%s", (int)(host - url), url, at ? "***" : "", at ? at : host);
}

int client_call(const struct client *client, const char *method, const char *path, const char *body, struct http_reply *reply,
                struct err *err)
{
    struct buf url = BUF_EMPTY(64 * 1024), authorization = BUF_EMPTY(4096), shown = BUF_EMPTY(ERR_TEXT_MAX);
    const char *base = base_url(client), *token = getenv("NOTIFIER_TOKEN");
    struct http_request request = {.method = method, .body = body, .body_length = body ? strlen(body) : 0,
                                   .timeout_ms = client->timeout_ms ? client->timeout_ms : CLIENT_TIMEOUT_MS, .reply_max = CLIENT_REPLY_MAX};
    size_t length = strlen(base);

    while (length && base[length - 1] == '/')
        length--;
    buf_addf(&url, text_starts(base, "unix:") ? "%.*s:%s" : "%.*s%s", (int)length, base, path);
    request.url = buf_text(&url);
    if (body)
        request.headers[request.header_count++] = (struct http_header){"Content-Type", "application/json"};
    if (token && token[0]) {
        buf_addf(&authorization, "Bearer %s", token);
        request.headers[request.header_count++] = (struct http_header){"Authorization", buf_text(&authorization)};
    }
    bool ok = client->waiting ? fetch_watched(client, &request, reply, err) : http_fetch(&request, reply, err);
    add_shown(&shown, base);
    if (!ok)
        err_set(err, ERR_NETWORK, "no notifier answers at %s (%s); start one with `notifier serve`, or name it with --url", buf_text(&shown),
                reply->err.text[0] ? reply->err.text : "no connection");
    buf_free(&shown);
    buf_free(&url);
    buf_free(&authorization);
    return ok ? reply->status : 0;
}

int client_failed(const struct err *err)
{
    fprintf(stderr, "notifier: %s\n", err->text);
    return 1;
}

int client_refused(const struct http_reply *reply)
{
    struct buf words = BUF_EMPTY(8192), clean = BUF_EMPTY(8192);
    struct cJSON *json = json_parse(buf_text(&reply->body), reply->body.length, NULL);
    const char *detail = text_or(json_get_text(json, "detail"), json_get_text(json, "error"));

    detail = text_or(detail, json_text(json)); /* Alertmanager's errors are plain texts */

    /* A plain answer is a line, and ends as one: its end is not shown as \x0a. */
    buf_add_text(&words, detail ? detail : text_or(buf_text(&reply->body), "no words"));
    while (words.length && strchr("\r\n", buf_text(&words)[words.length - 1]))
        buf_cut(&words, words.length - 1);
    text_add_terminal(&clean, buf_text(&words), false);
    fprintf(stderr, "notifier: the daemon answered %d: %s%s\n", reply->status, buf_text(&clean),
            reply->status == 401 ? " (set NOTIFIER_TOKEN)" : "");
    json_close(json);
    buf_free(&words);
    buf_free(&clean);
    return reply->status == 400 ? 2 : 1; /* 400: what was asked for makes no sense */
}

bool client_wants(const struct client *client, const char *output)
{
    const char *wanted = client->output ? client->output : isatty(STDOUT_FILENO) ? "table" : "json";
    return strcmp(wanted, output) == 0;
}

bool client_output_is_known(const struct client *client)
{
    const char *output = client->output;

    if (!output || strcmp(output, "table") == 0 || strcmp(output, "json") == 0 || strcmp(output, "csv") == 0)
        return true;
    fprintf(stderr, "notifier: --output is table, json or csv\n");
    return false;
}

int client_post(const struct client *client, const char *path, const char *body, const char *done)
{
    struct http_reply reply;
    struct err err;

    int status = client_call(client, "POST", path, body, &reply, &err);
    if (!status)
        return client_failed(&err);
    int code = status < 300 ? 0 : client_refused(&reply);
    if (!code)
        printf("%s\n", done);
    http_reply_free(&reply);
    return code;
}
