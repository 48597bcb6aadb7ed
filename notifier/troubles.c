/* Our own troubles, as alerts: what is wrong with us, and what is missing from those we listen to. */
#include "base/log.h"
#include "base/text.h"
#include "notifier/notifier_private.h"

#include <stdio.h>

#define REJECTED_TOLD_MS (3600 * 1000) /* at most one notice an hour while a source keeps being refused */
#define MISMATCH_TOLD_MS (3600 * 1000) /* after the last one found */
#define DAMAGE_TOLD_MS (24LL * 3600 * 1000)
#define SELF_DOMAIN "notifier"
#define SEVERITY_BYTES 256 /* a name of severity.order; far longer than any that is used */
#define TROUBLE_SOURCE_SILENT "NotifierSourceSilent"
#define TROUBLE_STORAGE_FAILED "NotifierStorageFailed"
#define TROUBLE_RECONCILE_FAILING "NotifierReconcileFailing"

void inbox_trouble(struct notifier *notifier, const struct event_trouble *trouble)
{
    struct arena *arena = inbox_arena(notifier);

    if (notifier->inboxes[notifier->filling].count >= NOTIFIER_INBOX_MAX)
        return;
    struct event_trouble *copy = &inbox_add(notifier, EVENT_TROUBLE)->event.trouble;
    *copy = *trouble;
    copy->alertname = arena_text(arena, trouble->alertname);
    copy->subject = arena_text(arena, trouble->subject);
    copy->subject_label = arena_text(arena, trouble->subject_label);
    copy->severity = arena_text(arena, trouble->severity);
    copy->summary = arena_text(arena, trouble->summary);
}

void notifier_source_rejected(struct notifier *notifier, const char *source, int status, const char *why)
{
    /* A stranger may name any source: only those that exist have an alert of their own. */
    const char *known = config_source(notifier->config, source) ? source : "unknown";
    char summary[256], code[16];

    snprintf(summary, sizeof summary, "Messages from %.60s are refused with %d: %.120s", known, status, why);
    snprintf(code, sizeof code, "%d", status);
    log_say(LOG_WARN, "source_rejected", "%s: %d %s", source, status, why);
    if (notifier->options.metrics)
        metrics_add(notifier->options.metrics, "notifier_source_rejected_total", 1, (const char *const[]){known, code});
    inbox_trouble(notifier, &(struct event_trouble){.alertname = "NotifierSourceRejected", .subject = known,
                                                    .subject_label = "source", .severity = "warning", .summary = summary,
                                                    .lasts_ms = REJECTED_TOLD_MS});
}

void notifier_database_damaged(struct notifier *notifier, const char *summary)
{
    inbox_trouble(notifier, &(struct event_trouble){.alertname = "NotifierDatabaseDamaged", .subject = "database",
                                                    .subject_label = "component", .severity = notifier->config->policy->severities[0],
                                                    .summary = summary, .lasts_ms = DAMAGE_TOLD_MS});
}

struct standing {
    const struct event_trouble *trouble;
    char severity[SEVERITY_BYTES];
    bool found;
};

static void find_standing(void *context, const struct core_alert *alert)
{
    struct standing *standing = context;
    const struct event_trouble *trouble = standing->trouble;

    if (alert->status != ALERT_FIRING || !text_equal(kept_get(alert->labels, "alertname"), trouble->alertname) ||
        !text_equal(kept_get(alert->labels, trouble->subject_label), trouble->subject))
        return;
    standing->found = true;
    snprintf(standing->severity, sizeof standing->severity, "%s", text_or(kept_get(alert->labels, "severity"), ""));
}

/* Its severity is part of what it is, and a reload may have changed that: what ends is the one that stands. */
static void trouble_ends(struct notifier *notifier, const struct event_trouble *trouble)
{
    struct standing standing = {.trouble = trouble};
    struct event_trouble end = *trouble;

    end.over = true;
    core_alerts(notifier->core, SELF_DOMAIN, find_standing, &standing);
    if (standing.found)
        end.severity = standing.severity;
    inbox_trouble(notifier, &end);
}

struct recalling {
    const char *alertname;
    void (*row)(void *context, const char *source);
    void *context;
};

static void recall_one(void *context, const struct core_alert *alert)
{
    const struct recalling *recalling = context;
    const char *source = kept_get(alert->labels, "source");

    if (alert->status == ALERT_FIRING && source && text_equal(kept_get(alert->labels, "alertname"), recalling->alertname))
        recalling->row(recalling->context, source);
}

static void recall_silence(void *heartbeats, const char *source)
{
    heartbeats_recall(heartbeats, source);
}

static void recall_storage(void *context, const struct core_alert *alert)
{
    struct notifier *notifier = context;

    notifier->failing_told = notifier->failing_told || (alert->status == ALERT_FIRING &&
                                                        text_equal(kept_get(alert->labels, "alertname"), TROUBLE_STORAGE_FAILED));
}

void troubles_recall(struct notifier *notifier)
{
    struct recalling recalling = {TROUBLE_SOURCE_SILENT, recall_silence, notifier->heartbeats};

    core_alerts(notifier->core, SELF_DOMAIN, recall_storage, notifier);
    core_alerts(notifier->core, SELF_DOMAIN, recall_one, &recalling);
    heartbeats_follow(notifier->heartbeats, notifier->config, notifier->now.steady_ms);
}

void notifier_reconcile_recall(struct notifier *notifier, void (*row)(void *context, const char *source), void *context)
{
    core_alerts(notifier->core, SELF_DOMAIN, recall_one, &(struct recalling){TROUBLE_RECONCILE_FAILING, row, context});
}

void notifier_reconcile_failing(struct notifier *notifier, const char *source, const char *summary, bool over)
{
    struct event_trouble trouble = {.alertname = TROUBLE_RECONCILE_FAILING, .subject = source, .subject_label = "source", .severity = "warning",
                                    .summary = summary};
    (over ? trouble_ends : inbox_trouble)(notifier, &trouble);
}

void notifier_reconcile_mismatch(struct notifier *notifier, const char *source, const struct notifier_reconciled *reconciled)
{
    char summary[256];

    snprintf(summary, sizeof summary,
             "Not all that %.60s says arrives here: its list shows %zu alert%s that fire%s without our having heard, and %zu over", source,
             reconciled->found, reconciled->found == 1 ? "" : "s", reconciled->found == 1 ? "s" : "", reconciled->closed);
    inbox_trouble(notifier, &(struct event_trouble){.alertname = "NotifierReconcileMismatch", .subject = source, .subject_label = "source",
                                                    .severity = "warning", .summary = summary, .lasts_ms = MISMATCH_TOLD_MS});
}

static void tell_silence(struct notifier *notifier, const struct heartbeats_news *news)
{
    struct buf summary = BUF_EMPTY(256);

    if (news->over)
        buf_addf(&summary, "%s is heard again", news->source);
    else {
        buf_addf(&summary, news->any ? "Nothing was heard of %s for " : "No heartbeat of %s came for ", news->source);
        text_add_duration(&summary, news->every_ms);
    }
    log_say(news->over ? LOG_INFO : LOG_WARN, news->over ? "source_heard" : "source_silent", "%s", buf_text(&summary));
    struct event_trouble trouble = {.alertname = TROUBLE_SOURCE_SILENT, .subject = news->source, .subject_label = "source",
                                    .severity = notifier->config->policy->severities[0], .summary = buf_text(&summary)};
    (news->over ? trouble_ends : inbox_trouble)(notifier, &trouble);
    buf_free(&summary);
}

/* It is told from memory, as everything is then. */
static void tell_storage(struct notifier *notifier)
{
    struct event_trouble trouble = {.alertname = TROUBLE_STORAGE_FAILED, .subject = "database", .subject_label = "component",
                                    .severity = notifier->config->policy->severities[0]};
    char summary[NOTIFIER_FAILING_WORDS_MAX + 200];

    if (!notifier->storage_failed && notifier->failing_told) {
        notifier->failing_told = false;
        trouble.summary = "Alerts are stored again";
        trouble_ends(notifier, &trouble);
    } else if (notifier->storage_failed && !notifier->failing_told &&
               notifier->now.steady_ms - notifier->failing_since_ms >= NOTIFIER_FAILING_TOLD_MS) {
        notifier->failing_told = true;
        snprintf(summary, sizeof summary, "Alerts cannot be stored: %s. They are told from memory until that is full; a restart would lose what is not stored",
                 notifier->failing_words);
        trouble.summary = summary;
        inbox_trouble(notifier, &trouble);
    }
}

void troubles_tick(struct notifier *notifier)
{
    struct heartbeats_news news;

    tell_storage(notifier);
    heartbeats_follow(notifier->heartbeats, notifier->config, notifier->now.steady_ms);
    while (notifier->inboxes[notifier->filling].count < NOTIFIER_INBOX_MAX &&
           heartbeats_next(notifier->heartbeats, notifier->now.steady_ms, &news))
        tell_silence(notifier, &news);
}
