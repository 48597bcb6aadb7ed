/* Everything that may be done about an event: rows to keep, words to find, replies and sends to speak.
 * Texts live in the list's own arena, so the list survives a failed commit and is tried again whole. */
#ifndef CORE_EFFECT_H
#define CORE_EFFECT_H

#include "base/arena.h"
#include "notifier/core/kept.h"
#include "notifier/core/policy.h"
#include "notifier/core/record.h"
#include "notifier/core/side.h"

#define VIEW_ALERTS_MAX 500 /* alerts a message's templates may see; the rest are counted */

enum effect_kind { EFFECT_RECORD, EFFECT_RENDER, EFFECT_REPLY, EFFECT_SEND, EFFECT_METRIC, EFFECT_SIDE };

struct render_alert {
    uint64_t alert_id;
    bool changed;             /* news to this channel */
    bool was_told_firing;
    bool flaps_calm;          /* it has flapped, and is calm now */
    uint32_t flaps;           /* changes; 0: it does not flap */
    int64_t flaps_since_ms, flaps_last_ms;
};

/* "Find words for this delivery": answered with EVENT_RENDERED in the same turn, before the commit. */
struct effect_render {
    uint64_t delivery_id, group_id, incident_id;
    const char *channel, *node_id, *receiver, *reference;
    enum reason reason;
    enum form form;
    bool silent;
    bool repeat;              /* some earlier attempt may have arrived: mark it */
    bool can_thread;          /* root_remote is usable: reply to it, edit it */
    const char *root_remote;
    int64_t opened_ms;        /* the incident's */
    int64_t late_ms;          /* 0, or how late beyond stale_after */
    int64_t due_ms;
    unsigned severity;        /* worst of what fires */
    uint32_t firing, resolved, news_firing, news_resolved; /* counts over the whole group; of a digest, over all it tells */
    uint32_t firing_by_severity[POLICY_SEVERITIES_MAX];
    uint32_t groups;          /* it speaks for */
    int64_t since_ms, until_ms; /* digest: since when it waited; recovery: the time in which a fallback told it */
    uint32_t away_count;      /* recovery: messages a fallback told */
    const char *away_to;      /* recovery: which one */
    uint32_t fired_and_resolved; /* of them: told for the first time when already over */
    const struct labels *group_labels;
    const struct render_alert *alerts; /* news first, worst first, firing before resolved; at most VIEW_ALERTS_MAX */
    size_t alert_count;
    const char *sent_by;      /* tests */
    const char *failover;     /* "telegram: 403 bot was kicked": why this channel tells it; NULL */
};

struct effect_reply {
    uint64_t reply;
    size_t from;              /* index in the list: what was decided for it stands from there to here */
    bool ok;
    uint64_t id;              /* what was made, where the asker wants it */
    const char *words;        /* why not */
    const char *text;         /* what was made, by name: a silence's id; NULL */
    bool refused;             /* not ok for what was asked; otherwise because there is no such thing */
};

struct effect_send {
    uint64_t attempt_id, delivery_id, message_id, incident_id;
    const char *channel;
    uint16_t part_first, part_count;
    uint64_t part_mask;       /* bit i: part_first + i goes; its verdicts come in this order */
    bool repeat;              /* mark it, and use the same Message-ID and Idempotency-Key */
    bool paced;               /* a rate holds for it: answered with EVENT_SENT once it has left */
    int64_t decided_ms;       /* steady */
    enum form form;
    bool silent;
    const char *root_remote;  /* NULL: none */
    const char *moved_to;     /* NULL: the configured address */
    const struct rendered_part *parts; /* NULL: read them from the store */
};

/* For the metrics: what the core alone can count. */
enum count_kind { COUNT_DUPLICATE, COUNT_RECEIVED, COUNT_DELIVERY, COUNT_RATE_LIMITED, COUNT_STALE };

struct effect_count {
    enum count_kind what;
    const char *source;       /* RECEIVED, DUPLICATE, STALE */
    const char *status;       /* RECEIVED */
    const char *channel;      /* DELIVERY, RATE_LIMITED */
    const char *outcome;      /* DELIVERY: delivered retried failed_over carried suppressed dead */
    double seconds;           /* DELIVERY delivered: durable accept to receipt */
    uint64_t delivery_id, incident_id;
    uint64_t alert_id;        /* DUPLICATE: of which alert */
    const char *words;
};

struct effect {
    enum effect_kind kind;
    union {
        struct record record;
        struct effect_render render;
        struct effect_reply reply;
        struct effect_send send;
        struct effect_count count;
        struct side side;
    };
};

struct effects {
    struct arena *arena;
    struct effect *items;
    size_t count, capacity;
};

void effects_init(struct effects *effects);
void effects_clear(struct effects *effects);
void effects_free(struct effects *effects);
/* What is in later is moved behind what is in effects. */
void effects_join(struct effects *effects, struct effects *later);
/* Adds a zeroed effect of a kind and returns it for filling. The pointer holds until the next add. */
struct effect *effects_add(struct effects *effects, enum effect_kind kind);
void effects_side(struct effects *effects, const struct side *side); /* copied */
struct record *effects_record(struct effects *effects, enum record_kind kind);
const char *effects_text(struct effects *effects, const char *text); /* a copy in the arena; NULL stays NULL */
struct labels effects_labels(struct effects *effects, const struct labels *labels);
struct labels effects_kept(struct effects *effects, const struct kept *kept);
const struct alert_input *effects_input(struct effects *effects, const struct alert_input *input);

#endif
