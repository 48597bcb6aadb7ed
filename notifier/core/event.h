/* Everything that can happen to the core. All pointers are borrowed for the step. */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "notifier/core/alert.h"
#include "notifier/core/policy.h"
#include "notifier/core/record.h"

enum event_kind {
    EVENT_ALERTS,     /* one request's alerts, accepted whole */
    EVENT_QUARANTINE, /* a body nobody understood */
    EVENT_TROUBLE,    /* something of ours is wrong, or well again: becomes an alert of our own */
    EVENT_TEST,       /* notifier test --channel */
    EVENT_RENDERED,   /* words for a delivery the core asked for */
    EVENT_SENT,       /* a paced attempt has left, which is after its commit: its rate counts from now */
    EVENT_VERDICT,    /* what came of an attempt */
    EVENT_RETRY,      /* operator: what a dead delivery should have told goes again */
    EVENT_DROP,       /* operator: an open delivery ends dead "dropped" */
    EVENT_SILENCE,    /* a silence made or changed */
    EVENT_SILENCE_EXPIRE, /* ended by someone */
    EVENT_RELOAD      /* another policy */
};

struct event_alerts {
    uint64_t reply;          /* handle answered after the commit; 0: nobody waits */
    const char *source, *domain;
    const struct alert_input *alerts;
    size_t count;
    uint32_t truncated;      /* alerts the sender left out: unknown, not resolved */
};

struct event_quarantine {
    uint64_t reply;
    const char *source, *why;
    const void *body;
    size_t length;
};

struct event_trouble {
    const char *alertname;   /* "NotifierSourceRejected" */
    const char *subject;     /* label value: the source or channel it is about */
    const char *subject_label; /* "source" or "channel": a channel never hears of its own trouble */
    const char *severity;    /* label value */
    const char *summary;
    bool over;               /* well again */
    int64_t lasts_ms;        /* ends by itself after this long without another; 0: only by `over` */
};

struct event_test {
    uint64_t reply;          /* answered with the delivery's id */
    const char *channel, *severity, *sent_by;
    bool resolved;
};

struct rendered_part {
    enum part_kind kind;
    bool optional;
    const char *address;     /* NULL: the channel's own */
    const char *content;     /* what the codec sends from, now and at a repeat */
};

struct event_rendered {
    uint64_t delivery_id;
    const char *text;        /* for the history */
    const struct rendered_part *parts;
    size_t part_count;       /* 0: nothing could be worded (a bug or no memory): tried lower on the ladder */
};

struct event_sent {
    const char *channel;
    int64_t decided_ms;      /* of the effect */
};

struct part_verdict {
    enum outcome outcome;
    const char *remote_id;   /* with TAKEN; NULL: the provider gives none */
    const char *words;       /* NULL: none */
};

struct event_verdict {
    uint64_t attempt_id;
    const struct part_verdict *parts; /* one for each part that went, in their order */
    size_t part_count;
    int64_t wait_ms;         /* the provider's wish, with BUSY; -1: none */
    int32_t status;
    int64_t latency_ms;
    const char *moved_to;    /* with MOVED */
};

struct event_retry {
    uint64_t reply;
    uint64_t delivery_id;    /* RETRY: the dead one, told again by a new delivery; DROP: the open one */
    const char *channel;
    const uint64_t *alert_ids; /* RETRY: what the dead one should have told */
    size_t alert_count;
};

struct event_silence {
    uint64_t reply;          /* answered with the silence's id as text */
    const char *id;          /* NULL: a new one. EXPIRE uses reply and id only */
    const struct silence_matcher *matchers;
    size_t matcher_count;
    int64_t starts_ms, ends_ms;
    const char *author, *comment;
};

struct event {
    enum event_kind kind;
    union {
        struct event_alerts alerts;
        struct event_quarantine quarantine;
        struct event_trouble trouble;
        struct event_test test;
        struct event_rendered rendered;
        struct event_sent sent;
        struct event_verdict verdict;
        struct event_retry retry;   /* and EVENT_DROP */
        struct event_silence silence; /* and EVENT_SILENCE_EXPIRE */
        const struct policy *policy; /* EVENT_RELOAD; must outlive its use */
    };
};

#endif
