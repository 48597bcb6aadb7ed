/* One alert as a sender told it, in canonical form, whoever sent it. Pure data: owns nothing. */
#ifndef CORE_ALERT_H
#define CORE_ALERT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALERT_LABELS_MAX 256      /* labels (and annotations) of one alert; more is quarantined */
#define ALERT_FINGERPRINT_MAX 64  /* bytes */

/* The state_reason of what we end ourselves: the sender lists its active alerts, and this one is not among them. */
#define ALERT_NOT_AT_SOURCE "no longer active at the source"

enum alert_status { ALERT_FIRING, ALERT_RESOLVED };

struct label {
    const char *name, *value;
};

struct labels { /* sorted by name, names unique, values never empty */
    struct label *items;
    size_t count;
};

struct alert_input {
    const char *fingerprint; /* as sent; for Grafana's Test button made unique by its time */
    int64_t org;             /* Grafana's organisation; 0 where there is none */
    enum alert_status status;
    int64_t starts_ms;       /* Unix ms; 0: the sender did not say, the time of acceptance counts */
    int64_t ends_ms;         /* Unix ms; 0: none (Go's zero time) */
    int64_t expires_ms;      /* Unix ms at which it ends by itself unless refreshed; 0: never */
    struct labels labels, annotations;
    const char *generator_url, *silence_url, *dashboard_url, *panel_url, *image_url; /* NULL: none */
    const char *rule_uid;    /* NULL: none. DatasourceError and NoData are tied to their rule by it */
    const char *values;      /* JSON object {"A":93.4}; NULL: none */
    const char *value_string;
    const char *state_reason; /* "MissingSeries", "NoData", ...; NULL: none */
    bool test;               /* a test: told at once, marked, closes itself */
};

const char *labels_get(const struct labels *labels, const char *name); /* NULL if absent */
/* FNV-1a 64 over name 0xff value 0xff in name order: Prometheus's fingerprint. */
/* a="x", b="y": with quotes, backslashes and line breaks escaped, so that no two sets look alike. */
void labels_add(struct buf *buf, const struct labels *labels);
uint64_t labels_fingerprint(const struct labels *labels);
/* Sorts by name; of equal names the last wins; drops empty values. */
void labels_settle(struct labels *labels);
/* What makes a re-sent alert worth writing again: annotations and values, not the URLs that carry "now". */
uint64_t alert_input_hash(const struct alert_input *input);

#endif
