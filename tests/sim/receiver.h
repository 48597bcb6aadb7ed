/* The other side of every channel: what it saw, in order, and what it answered. */
#ifndef SIM_RECEIVER_H
#define SIM_RECEIVER_H

#include "notifier/channels/channel.h"
#include "tests/sim/setup.h"

struct life;

#define TOLD_MAX 64
#define SEEN_PARTS_MAX 8
#define FINGERPRINT_SIZE 40

enum mood {
    MOOD_WELL, MOOD_SLOW, MOOD_BUSY_WISH, MOOD_BUSY, MOOD_FAILING, MOOD_UNREACHABLE, MOOD_REFUSES_RICH, MOOD_REFUSES_CONTENT,
    MOOD_REFUSES_CHANNEL, MOOD_SILENT, MOOD_LATE, MOOD_MOVED, MOOD_PARTIAL, MOOD_MIXED, MOOD_COUNT
};

struct told_alert { /* one alert as a message shows it */
    char fingerprint[FINGERPRINT_SIZE];
    unsigned n;      /* the sender's count of its states */
    unsigned rank;   /* of its severity; 0: the worst */
    bool firing, changed, was_told_firing;
};

enum part_end { END_FLYING, END_CLEAR, END_UNCLEAR }; /* does the daemon know what came of it? */

struct seen_part {
    uint16_t index;
    enum part_kind kind;
    bool optional, took;
    enum part_end end;
    char address[40];
};

struct seen { /* one request */
    uint64_t attempt_id, delivery_id, message_id;
    size_t channel;
    int64_t at_ms, latency_ms; /* true time */
    unsigned epoch;
    bool repeat, forgotten;    /* forgotten: the crash took the only record of it */
    enum form form;
    struct told_alert told[TOLD_MAX];
    size_t told_count;
    struct seen_part parts[SEEN_PARTS_MAX];
    size_t part_count;
    /* the answer */
    enum reply_end reply_end;
    int status;
    int64_t wish_ms;           /* -1: none */
    char headers[64], body[256];
    struct recipient_reply recipients[SEEN_PARTS_MAX];
    size_t recipient_count;
};

struct receiver {
    enum mood moods[SIM_CHANNELS_MAX];
    struct seen **seen;
    size_t count, capacity;
    struct seen *writing;      /* being written by a codec, not carried yet */
    int64_t next_remote;
};

/* A codec with a stenographer: contents carry what they tell, writes are noted. */
const struct channel *receiver_wrap(const struct channel *codec);
/* The transport's seam: context is the life. */
void receiver_carry(void *context, const struct channel_config *config, const struct request *request, uint64_t tag);
void receiver_reply(struct life *life, size_t index); /* its answer arrives */
void receiver_crash(struct life *life);               /* what was in flight has no known outcome now */
void receiver_free(struct receiver *receiver);

#endif
