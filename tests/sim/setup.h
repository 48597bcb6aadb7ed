/* A configuration drawn by chance, as YAML for the notifier and as a tree of our own, that routing is judged by a
 * second opinion. */
#ifndef SIM_SETUP_H
#define SIM_SETUP_H

#include "notifier/config.h"
#include "tests/sim/dice.h"

#define SIM_CHANNELS_MAX 8
#define SIM_NODES_MAX 12
#define SIM_PLACES_MAX 64

enum sim_wire { WIRE_TELEGRAM, WIRE_WEBHOOK, WIRE_MAIL, WIRE_CONSOLE };

struct sim_channel { /* what a channel's name stands for all life long */
    const char *name;
    enum sim_wire wire;
};
extern const struct sim_channel sim_channels[SIM_CHANNELS_MAX];
int sim_channel_index(const char *name); /* -1 if there is none */

struct sim_node {
    const char *label, *value; /* takes what has this; NULL: all */
    bool negated, continues;
    uint8_t channels[SIM_CHANNELS_MAX];
    size_t channel_count;
    int parent;                /* -1: the root */
    bool mutes;                /* from one minute of the day to before another, UTC */
    int muted_from, muted_to;
    bool drops_ends;           /* resolve_when_silenced: false */
};

struct sim_inhibit { /* severities, and the label whose values must agree; NULL: no rule */
    const char *source, *target, *equal;
};

struct setup {
    struct config *config;
    char *yaml;
    bool present[SIM_CHANNELS_MAX], send_resolved[SIM_CHANNELS_MAX];
    bool heard_by[SIM_CHANNELS_MAX]; /* our own troubles go there */
    struct rate rates[SIM_CHANNELS_MAX][POLICY_RATES_MAX];
    size_t rate_count[SIM_CHANNELS_MAX];
    struct sim_node nodes[SIM_NODES_MAX]; /* parents before children, siblings in order */
    size_t node_count;
    size_t alerts_max;               /* 0: the default */
    unsigned flap_changes;           /* within SIM_FLAP_WITHIN_MS; 0: off */
    int64_t forget_after_ms;         /* of source "other" */
    struct sim_inhibit inhibit;
    char intervals[2048];            /* time_intervals, as far as drawn */
};

#define SIM_FLAP_WITHIN_MS (5 * 60 * 1000)
#define SIM_FLAP_CALM_MS (90 * 1000)

/* How a life's configurations differ from the plainest; each life draws one. */
struct setup_style {
    bool rates, waits, splits, few_alerts, forgets, gives_up, fails_over, inhibits, mutes, silences;
    unsigned flaps; /* changes; 0: off */
};

/* Wraps the codecs so that requests are heard of as they are written. */
struct setup *setup_draw(struct dice *dice, const struct setup_style *style, const struct channel *(*wrap)(const struct channel *codec));
void setup_free(struct setup *setup);

/* Where an alert with these labels goes: channel indexes, one for each time the route names one. */
size_t setup_route(const struct setup *setup, const struct labels *labels, uint8_t out[SIM_PLACES_MAX]);

#endif
