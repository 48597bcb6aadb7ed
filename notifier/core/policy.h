/* Where alerts go: the routing tree resolved at load, each node carrying its inherited settings.
 * Immutable after it is built; the core borrows one at a time and swaps at a reload. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "base/arena.h"
#include "base/err.h"
#include "notifier/core/alert.h"
#include "notifier/core/interval.h"
#include "notifier/core/matcher.h"

#include <stdint.h>

#define POLICY_FLAP_CHANGES_MAX 16
#define POLICY_CHANNELS_MAX 64    /* channels configured */
#define POLICY_NODES_MAX 4096
#define POLICY_RATES_MAX 4        /* limits on one channel */
#define POLICY_MATCHES_MAX 64     /* nodes one alert may reach through `continue` */
#define POLICY_SEVERITIES_MAX 16
#define POLICY_INTERVALS_MAX 256  /* named time intervals */
#define POLICY_INHIBITS_MAX 1000  /* inhibition rules */
#define POLICY_EQUAL_MAX 32       /* labels one rule wants equal */

enum on_update { UPDATE_REPLY, UPDATE_EDIT, UPDATE_NEW };

struct rate {
    uint32_t count; /* sends */
    int64_t per_ms;
};

/* What the core knows of a channel. The rest of its settings are the codec's. */
struct policy_channel {
    const char *name;
    bool send_resolved;
    enum on_update on_update;
    bool can_edit;        /* the provider lets a message be edited (then reply|edit add a part) */
    bool can_gather;       /* what waits too long may be told in one digest: people read it, not programs */
    bool parts_together;  /* all unfinished parts travel in one request (mail recipients) */
    uint32_t in_flight_max; /* requests at once */
    struct rate rates[POLICY_RATES_MAX];
    size_t rate_count;
    uint64_t credential;   /* channels with the same one share credential_rate; 0: none */
    struct rate credential_rate;
};

struct policy_times { /* indexes into policy->intervals */
    const uint16_t *items;
    size_t count;
};

/* While an alert that matches `source` fires, alerts that match `target` and have the same values of `equal` are not told. */
struct policy_inhibit {
    struct matcher **source, **target;
    size_t source_count, target_count;
    const char **equal;
    size_t equal_count;
};

struct policy_node {
    const char *id;        /* stable across reloads: matchers' path, as Alertmanager's route key */
    const char *receiver;  /* the name API v2 shows */
    struct matcher **matchers;
    size_t matcher_count;
    uint16_t *channels;    /* indexes into policy->channels */
    size_t channel_count;
    uint16_t *fallback;
    size_t fallback_count;
    const char **group_by; /* label names; with group_by_all unused */
    size_t group_by_count;
    bool group_by_all;     /* '...' */
    bool continues;
    bool repeat_info, resolve_when_silenced;
    int64_t group_wait_ms, group_interval_ms, repeat_interval_ms; /* repeat 0: never */
    int64_t deliver_within_ms, stale_after_ms, give_up_after_ms;
    struct policy_times mute, active, quiet; /* not inherited; nothing is told while muted, or outside of active */
    struct policy_node *parent, **children;
    size_t child_count;
    int line;              /* in the configuration file; 0 for built-in */
};

struct policy {
    struct policy_channel *channels;
    size_t channel_count;
    struct policy_node *root;
    struct policy_node *self;     /* who hears of our own troubles; channels: those named, or all */
    const char *severity_label;
    const char *severities[POLICY_SEVERITIES_MAX]; /* worst first */
    size_t severity_count;
    struct interval_set *intervals;
    size_t interval_count;
    struct policy_inhibit *inhibits;
    size_t inhibit_count;
    int64_t inhibit_wait_ms;      /* how long a target that is not critical waits for its source; 0: not at all */
    uint32_t flap_changes;        /* so many within flap_within_ms, and it is told once it was calm for flap_calm_ms; 0: off */
    int64_t flap_within_ms, flap_calm_ms;
    uint32_t alerts_max, pending_per_channel_max;
    struct arena *arena;          /* owns all of the above */
};

int policy_channel_index(const struct policy *policy, const char *name); /* -1 if there is none */
const struct policy_node *policy_node_by_id(const struct policy *policy, const char *id); /* NULL if there is none */
/* The nodes an alert reaches, in order; Alertmanager's walk: depth first, first match wins unless `continue`. */
size_t policy_match(const struct policy *policy, const struct labels *labels,
                    const struct policy_node *nodes[POLICY_MATCHES_MAX]);
/* 0 is the worst. Missing or unknown counts as the second. */
unsigned policy_severity(const struct policy *policy, const struct labels *labels);

/* Building: policy_new, then channels, then nodes (config does; tests too). Texts are copied into the arena. */
struct policy *policy_new(void);
struct policy_channel *policy_add_channel(struct policy *policy, const char *name); /* NULL past POLICY_CHANNELS_MAX */
/* A child inherits every setting of its parent (NULL: the defaults of CONTRACT); then the caller changes what differs. */
struct policy_node *policy_add_node(struct policy *policy, struct policy_node *parent);
bool policy_add_matcher(struct policy *policy, struct policy_node *node, const char *text, struct err *err);
void policy_node_channels(struct policy *policy, struct policy_node *node, const uint16_t *channels, size_t count);
void policy_node_fallback(struct policy *policy, struct policy_node *node, const uint16_t *channels, size_t count);
void policy_node_group_by(struct policy *policy, struct policy_node *node, const char *const *names, size_t count);
/* A named time, to be filled; NULL past POLICY_INTERVALS_MAX. */
struct interval_set *policy_add_interval(struct policy *policy, const char *name);
int policy_interval_index(const struct policy *policy, const char *name); /* -1 if there is none */
struct policy_times policy_times(struct policy *policy, const uint16_t *items, size_t count);
/* A rule, its sides and labels to be added; NULL past POLICY_INHIBITS_MAX. */
struct policy_inhibit *policy_add_inhibit(struct policy *policy);
bool policy_inhibit_matcher(struct policy *policy, struct policy_inhibit *rule, bool source, const char *text, struct err *err);
void policy_inhibit_equal(struct policy *policy, struct policy_inhibit *rule, const char *const *names, size_t count);
/* Names the nodes' ids, once all are added. */
void policy_seal(struct policy *policy);
void policy_free(struct policy *policy);

#endif
