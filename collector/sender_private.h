/* The inside of the sender: lanes, batches, and the search for a poisonous row. */
#ifndef COLLECTOR_SENDER_PRIVATE_H
#define COLLECTOR_SENDER_PRIVATE_H

#include "collector/sender.h"

enum row_state {
    ROW_OPEN,
    ROW_DONE,    /* taken */
    ROW_GONE,    /* in quarantine */
    ROW_SUSPECT  /* failed alone, and nothing shows yet that the server is well */
};

struct row {
    uint32_t at, length; /* in the batch's text */
    enum row_state state;
};

#define BATCH_GONE_MANY 8    /* bad rows in one batch: further ones are looked for among */
#define BATCH_ROWS_CAREFUL 100 /* so many at once, or each would cost sending all the rest again */

struct batch { /* rows that were read together */
    struct buf text;
    struct row rows[SENDER_ROWS_MAX];
    size_t count;
    size_t gone;      /* of these rows */
    uint64_t first;   /* number of rows[0] */
    int64_t accepted_ms;
};

struct lane { /* a run through the spool; the second one carries fresh rows past a backlog */
    bool open;
    uint64_t start;
    struct spool_cursor cursor;
    int64_t waiting_since_ms; /* steady: since when rows wait for company; -1: none */
    struct batch batch; /* count 0: none */
};

enum ask { ASK_NOTHING, ASK_BATCH, ASK_PING, ASK_PROBE };

struct search { /* for the row that spoils a batch */
    bool on;
    bool pinged;         /* the server answers at all */
    size_t window;       /* open rows sent at once */
    bool convinced;      /* the one suspect has failed, then something else was taken */
    unsigned proofs;     /* how often it has failed again after that */
    size_t singles;      /* rows that failed alone, without proof */
    struct row *suspect; /* in the lane's batch; NULL: none */
};

struct sender {
    struct spool *spool;
    struct sender_options options;
    struct lane *lanes[2]; /* [0] holds the oldest rows */
    size_t turn;          /* the lane whose batch is under way */
    enum ask asked;
    struct buf body;      /* of a request that is not a whole batch */
    size_t asked_rows;
    size_t flight[SENDER_ROWS_MAX]; /* indices of the rows in it */
    struct search search;
    char same_text[128];  /* begin of the last 500 */
    unsigned same_count;
    unsigned failures;    /* in a row */
    int64_t not_before_ms; /* steady */
    bool flush, last_was_fresh;
    struct buf good;      /* the row that was taken last: what shows that the server is well */
    struct sender_state state;
};

bool batch_is_settled(const struct batch *batch);
void sender_settle(struct sender *sender, struct lane *lane); /* acknowledges what is settled */
void sender_overtake(struct sender *sender); /* rows that come from now on do not wait behind those before them */
void sender_forget_batch(struct sender *sender, struct lane *lane); /* its rows will be read again */

#endif
