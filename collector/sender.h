/* Empties the spool into QuestDB: decides what to send when, and what an answer means. It holds no wire: whoever turns
 * the collector sends what sender_next hands out, one request at a time, and brings back the answer.
 *
 * A request is taken whole or refused whole. Taken: the rows are acknowledged. 400 with a line: that row goes to
 * quarantine, the rest again. 5xx and silence: again later, and rows twice do no harm (DEDUP UPSERT KEYS). A row that
 * is answered 500 for ever while others are taken is found by halving and goes to quarantine too. 401, 403, 404 and
 * their like say that the configuration is wrong: everything is held, and an alarm raised. */
#ifndef COLLECTOR_SENDER_H
#define COLLECTOR_SENDER_H

#include "base/http.h"
#include "base/zone.h"
#include "collector/spool.h"

#define SENDER_ROWS_MAX 10000          /* rows of one request */
#define SENDER_DRAIN_TIMES 10          /* a backlog goes out in requests so many times larger, */
#define SENDER_BEHIND_TIMES 20         /* and is one from so many requests on: then fresh rows overtake it, request about */
#define SENDER_BACKOFF_MIN_MS 250
#define SENDER_BACKOFF_MAX_MS 10000
#define SENDER_HOLD_MS 15000           /* between two tries while the configuration is wrong */
#define SENDER_SAME_500_MAX 3          /* equal 500s until a poisonous row is suspected */
#define SENDER_SINGLES_MAX 16          /* rows tried alone until the server, not a row, is thought to be ill */
#define SENDER_PROOFS 2                /* how often a row must fail again after another was taken, to be thought poisonous */
#define SENDER_REASON_MAX 512          /* bytes, with the closing NUL */

struct sender;

struct sender_options {
    size_t rows;          /* of one request */
    int64_t interval_ms;  /* how long fewer rows wait for company */
    /* Keeps a row that is never taken, on disk when it returns. False: tried again later. */
    bool (*quarantine)(void *context, const char *row, size_t length, const char *reason, const char *error_id, struct err *err);
    void *context;
    const char *const *own_tables; /* closed by NULL: that one of these is missing is the server's fault, not the row's */
};

struct sender *sender_new(struct spool *spool, const struct sender_options *options);
void sender_free(struct sender *sender);
/* A reload: sizes from the next read on, and no wait for what may have been put right. */
void sender_renew(struct sender *sender, size_t rows, int64_t interval_ms);

struct sender_request {
    bool ping;         /* GET /ping; else POST /write */
    const char *body;  /* borrowed until the answer */
    size_t length, rows;
};
/* True: send this and call sender_hear before asking again. */
bool sender_next(struct sender *sender, struct instant now, struct sender_request *request);
void sender_hear(struct sender *sender, struct instant now, const struct http_reply *reply);
int64_t sender_wait_ms(const struct sender *sender, int64_t steady_ms); /* until sender_next may say more; -1: until there are rows */
void sender_flush(struct sender *sender); /* from now on no row waits for company, nor out a backoff: the end is near */

enum sender_retry { RETRY_NONE, RETRY_NETWORK, RETRY_BUSY, RETRY_SERVER, RETRY_STORAGE, RETRY_HELD, RETRY_KINDS };

struct sender_state {
    uint64_t rows, requests, quarantined, resent; /* since start; resent: rows of requests that had to be repeated */
    uint64_t retries[RETRY_KINDS];
    enum sender_retry trouble;        /* why it waits now; NONE: all is well */
    char reason[SENDER_REASON_MAX];   /* of the trouble, or of the last quarantine */
    int64_t taken_wall_ms;            /* when QuestDB last took rows; 0: not yet */
    int64_t lag_ms;                   /* of the request last taken: from acceptance to QuestDB's answer */
    uint64_t waiting;                 /* rows */
    bool searching;                   /* for a poisonous row */
};
void sender_state(const struct sender *sender, struct sender_state *state);

#endif
