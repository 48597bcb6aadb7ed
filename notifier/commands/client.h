/* Talking to a running daemon: --url or $NOTIFIER_URL, $NOTIFIER_TOKEN. */
#ifndef COMMANDS_CLIENT_H
#define COMMANDS_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/http.h"

#define CLIENT_TIMEOUT_MS 30000
#define CLIENT_WAITING_EVERY_MS 100
#define CLIENT_REPLY_MAX (64u << 20) /* bytes of one answer */
#define CLIENT_ROW_MAX (2 * CLIENT_REPLY_MAX) /* of one row of it, printed again: in CSV a quotation mark is two */

struct client {
    const char *url;    /* flag; NULL: $NOTIFIER_URL, else http://127.0.0.1:8686 */
    int64_t timeout_ms; /* 0: CLIENT_TIMEOUT_MS */
    const char *output; /* table, json, csv; NULL: table on a terminal, else json */
    void (*waiting)(void *context); /* called now and then until the answer is there; NULL: nobody wants that */
    void *waiting_context;
};

/* Takes the common flags out of what getopt found: true if it was one of them. */
bool client_flag(struct client *client, const char *name, const char *value);
/* status of the answer, or 0 where there was none (err says why, and how to start a daemon). The caller frees reply. */
int client_call(const struct client *client, const char *method, const char *path, const char *body, struct http_reply *reply,
                struct err *err);
/* The daemon's own words about a refusal, as one sentence on stderr; returns the exit code. */
int client_refused(const struct http_reply *reply);
int client_failed(const struct err *err);
/* Prints `done`, or why it was not; returns the exit code. */
int client_post(const struct client *client, const char *path, const char *body, const char *done);
bool client_wants(const struct client *client, const char *output);
bool client_output_is_known(const struct client *client); /* false after a word about it */

#endif
