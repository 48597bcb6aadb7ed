/* Bytes become canonical alerts: Grafana's webhook (any shape it emits), Alertmanager's v4 webhook and our
 * own event body, told apart by themselves. Never refuses content: what cannot be understood is handed back
 * as "quarantine" with the reason, whole or beside the alerts that could be read. Pure. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "base/arena.h"
#include "notifier/core/event.h"

#define INGEST_ALERTS_MAX 20000  /* alerts of one body; a longer list is quarantined whole */

enum ingest_shape { SHAPE_GRAFANA, SHAPE_ALERTMANAGER, SHAPE_EVENT, SHAPE_UNKNOWN };

struct ingested {
    enum ingest_shape shape;
    struct alert_input *alerts;
    size_t count;
    uint32_t truncated;          /* truncatedAlerts */
    const char *quarantine;      /* why the body (or a part of it) goes to quarantine; NULL: all was understood */
    const char *receiver;        /* unescaped; NULL */
};

/* Everything lives in arena. An empty alert list of a well-formed body is understood and does nothing. */
void ingest_webhook(const void *body, size_t length, int64_t now_wall_ms, struct arena *arena, struct ingested *out);
/* POST /api/v1/events: {"title","severity","labels":{},"annotations":{},"description","status":"firing|resolved","key","url"}
 * or an array of them. Here a mistake is an error to the caller (a person's script): err says where. */
bool ingest_events(const void *body, size_t length, int64_t now_wall_ms, struct arena *arena, struct ingested *out,
                   struct err *err);

struct api_v2_options {
    int64_t resolve_timeout_ms;  /* alerts that name no end are over after so long without another word */
    bool from_grafana;           /* by its User-Agent: there the zero time is no end at all */
};
/* POST /api/v2/alerts: a list of {labels, annotations, startsAt, endsAt, generatorURL}. False: the body is no such list.
 * Alerts that are wrong are left out, and out->quarantine names each: the caller answers 400 after storing the rest. */
bool ingest_api_v2(const void *body, size_t length, int64_t now_wall_ms, const struct api_v2_options *options, struct arena *arena,
                   struct ingested *out, struct err *err);

struct active_alert {
    struct alert_input alert;    /* firing; without labels where only its fingerprint could be read, and then not ours */
    bool is_ours;                /* the receiver asked for is among its own */
    bool is_suppressed;          /* silenced or inhibited there */
};
struct active_list { struct active_alert *alerts; size_t count; };
struct active_options {
    const char *receiver;        /* NULL: any */
    int64_t org;                 /* of alerts that name none */
};
/* What GET /api/v2/alerts answers, an Alertmanager's or Grafana's. False: it cannot be told what is in it. */
bool ingest_active(const void *body, size_t length, const struct active_options *options, struct arena *arena, struct active_list *out,
                   struct err *err);

#endif
