/* Those who post: alerts with a truth of their own, told in bodies that may come late, twice, cut or not at all. */
#ifndef SIM_SENDERS_H
#define SIM_SENDERS_H

#include "notifier/core/alert.h"
#include "notifier/notifier.h"
#include "tests/sim/dice.h"

struct life;

#define SIM_ALERTS_MAX 32

struct sim_alert {
    char fingerprint[20];
    const char *source, *name, *team, *severity, *instance;
    char place[700];         /* where lines are to be long; else empty */
    bool firing;
    unsigned n;              /* states it has had; odd fires */
    int64_t starts_ms, ends_ms;
    unsigned accepted_n;     /* the newest that was answered 200 */
    bool late;               /* some of its words came after newer ones, or never */
};

struct word { /* what a body says of one alert */
    size_t alert;
    unsigned n;
    bool firing;
    int64_t starts_ms;
};

struct post {
    char *body;
    size_t length;
    struct word words[SIM_ALERTS_MAX];
    size_t word_count;
    const char *source;
    unsigned tries, epoch;
    bool is_event, cut, waiting, answered, stubborn; /* stubborn: sent until it is taken */
    int64_t sent_ms;
};

struct senders {
    struct sim_alert alerts[SIM_ALERTS_MAX];
    size_t alert_count;
    struct post **posts;
    size_t post_count, post_capacity;
    unsigned waiting;        /* stubborn posts not taken yet */
};

void senders_draw(struct life *life);
void senders_free(struct senders *senders);
void senders_change(struct life *life);             /* some truth changes, and is posted */
void senders_post(struct life *life, size_t index); /* a body arrives at the daemon */
void senders_tell_all(struct life *life, bool resolve); /* the truth of all, stubbornly; first resolved where asked */
void senders_crash(struct life *life);              /* whoever waited for an answer gets none */
int senders_index(const struct life *life, const char *fingerprint); /* -1: not one of theirs */
unsigned senders_marker(const struct labels *annotations); /* n; 0: none */

#endif
