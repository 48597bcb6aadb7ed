/* notifier test --channel: a real message, through the daemon where one runs, else alone. */
#include "base/log.h"
#include "base/text.h"
#include "notifier/alone.h"
#include "notifier/commands/client.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/local.h"
#include "notifier/commands/queue.h"
#include "notifier/commands/receipt.h"
#include "notifier/commands/table.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECEIPT_WAIT_MS 60000
#define RECEIPT_EVERY_MS 200
#define QUEUE_AFTER_MS 2000 /* not tried by then: the channel waits for something else */

static void print_clean(FILE *out, const char *text)
{
    struct buf clean = BUF_EMPTY(256 * 1024);
    text_add_terminal(&clean, text, true);
    fputs(buf_text(&clean), out);
    buf_free(&clean);
}

static int alone(const char *config_path, const char *channel, const char *severity, bool resolved)
{
    struct buf receipt = BUF_EMPTY(256 * 1024);
    struct config *config = local_config(config_find(config_path), false);
    struct err err = {0};

    if (!config)
        return 2;
    log_start(LOG_LOGFMT, LOG_ERROR); /* the receipt tells it; the log would only repeat it */
    int code = notifier_test_alone(config, channel, severity, resolved, &receipt, &err);
    log_stop();
    print_clean(code ? stderr : stdout, buf_text(&receipt));
    if (err.text[0]) {
        fprintf(stderr, "notifier: %s\n", err.text);
        code = err.kind == ERR_INPUT ? 2 : 1;
    }
    config_free(config);
    buf_free(&receipt);
    return code;
}

/* The receipt, and where it is none the provider's own words in one sentence. */
static int print_receipt(const struct client *client, const struct cJSON *json, const char *raw)
{
    struct buf text = BUF_EMPTY(256 * 1024), words = BUF_EMPTY(64 * 1024);
    const char *state = text_or(json_get_text(json, "state"), "unknown");
    bool delivered = strcmp(state, "delivered") == 0;

    if (client->output && strcmp(client->output, "json") == 0)
        printf("%s\n", raw);
    else {
        receipt_write(json, &text);
        fputs(buf_text(&text), stdout);
    }
    if (!delivered) {
        table_value(json, "lastError|words", &words);
        fprintf(stderr, "notifier: not delivered over %s (%s): %s\n", text_or(json_get_text(json, "channel"), "?"), state,
                text_or(buf_text(&words), "no words came back"));
    }
    buf_free(&text);
    buf_free(&words);
    return delivered ? 0 : 1;
}

/* Why it is not there yet: its own last error, else what keeps the channel from trying it. */
static void find_trouble(const struct client *client, const struct cJSON *json, int waited, struct buf *words)
{
    buf_clear(words);
    table_value(json, "lastError", words);
    if (!words->length && waited >= QUEUE_AFTER_MS)
        queue_trouble(client, text_or(json_get_text(json, "channel"), ""), words);
}

/* Asks until the delivery is final; once there is trouble it says so and why, once. */
static int await_receipt(const struct client *client, const char *id)
{
    struct buf path = BUF_EMPTY(256);
    struct buf explanation = BUF_EMPTY(64 * 1024), trouble = BUF_EMPTY(64 * 1024);
    bool said = false;
    int code = -1;

    buf_addf(&path, "/api/v1/deliveries/%s", id);
    for (int waited = 0; code < 0 && waited < RECEIPT_WAIT_MS; waited += RECEIPT_EVERY_MS) {
        struct http_reply reply;
        struct err err;
        int status = client_call(client, "GET", buf_text(&path), NULL, &reply, &err);
        if (status != 200) {
            code = status ? client_refused(&reply) : client_failed(&err);
            if (status)
                http_reply_free(&reply);
            break;
        }
        struct cJSON *json = json_parse(buf_text(&reply.body), reply.body.length, NULL);
        const char *state = text_or(json_get_text(json, "state"), "open");
        buf_clear(&explanation);
        table_value(json, "explanation", &explanation);
        if (strcmp(state, "open") != 0)
            code = print_receipt(client, json, buf_text(&reply.body));
        else if (!said) {
            find_trouble(client, json, waited, &trouble);
            said = trouble.length > 0;
            if (said)
                fprintf(stderr, "notifier: not yet: %s; trying again\n", buf_text(&trouble));
        }
        json_close(json);
        http_reply_free(&reply);
        if (code < 0)
            poll(NULL, 0, RECEIPT_EVERY_MS);
    }
    if (code < 0)
        fprintf(stderr, "notifier: not delivered within %d s; it goes on trying. %s\n", RECEIPT_WAIT_MS / 1000, buf_text(&explanation));
    buf_free(&explanation);
    buf_free(&trouble);
    buf_free(&path);
    return code < 0 ? 1 : code;
}

static int through_daemon(const struct client *client, const char *channel, struct http_reply *reply, int status)
{
    if (status == 404) {
        fprintf(stderr, "notifier: the daemon knows no channel \"%s\"; /api/v1/channels lists them\n", channel);
        return 1;
    }
    if (status >= 300)
        return client_refused(reply);
    struct cJSON *json = json_parse(buf_text(&reply->body), reply->body.length, NULL);
    struct buf id = BUF_EMPTY(64);
    table_value(json, "id|delivery", &id);
    int code = await_receipt(client, buf_text(&id));
    buf_free(&id);
    json_close(json);
    return code;
}

int command_test(int argc, char **argv)
{
    static const struct option flags[] = {{"channel", required_argument, NULL, 'n'}, {"severity", required_argument, NULL, 's'},
                                          {"resolved", no_argument, NULL, 'r'}, {"config", required_argument, NULL, 'f'},
                                          {"url", required_argument, NULL, 'c'}, {"output", required_argument, NULL, 'c'}, {0}};
    const char *channel = NULL, *severity = NULL, *config = NULL;
    struct client client = {0};
    struct buf path = BUF_EMPTY(4096);
    struct http_reply reply;
    bool resolved = false;
    struct err err;
    int flag, index;

    optind = 1;
    while ((flag = command_flag(argc, argv, flags, &index)) != -1)
        switch (flag) {
        case 'n': channel = optarg; break;
        case 's': severity = optarg; break;
        case 'r': resolved = true; break;
        case 'f': config = optarg; break;
        case 'c': client_flag(&client, flags[index].name, optarg); break;
        default: return 2;
        }
    if (!client_output_is_known(&client))
        return 2;
    if (!channel || optind < argc) {
        fprintf(stderr, "notifier: test needs --channel NAME\n");
        return 2;
    }
    buf_add_text(&path, "/api/v1/channels/");
    text_add_url(&path, channel);
    buf_addf(&path, "/test?resolved=%s", resolved ? "true" : "false");
    if (severity) {
        buf_add_text(&path, "&severity=");
        text_add_url(&path, severity);
    }
    /* Alone where a file was named, or where surely no daemon was asked: it would be told twice. */
    int status = config ? 0 : client_call(&client, "POST", buf_text(&path), "", &reply, &err);
    buf_free(&path);
    if (config || (!status && reply.end == HTTP_NOT_SENT && !client.url && !getenv("NOTIFIER_URL")))
        return alone(config, channel, severity, resolved);
    if (!status)
        return client_failed(&err);
    int code = through_daemon(&client, channel, &reply, status);
    http_reply_free(&reply);
    return code;
}
