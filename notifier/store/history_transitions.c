/* Every change of every alert, newest first, with what became of it: as rows, and counted for a timeline. */
#include "notifier/store/page.h"

#include "base/text.h"
#include "notifier/core/record.h"
#include "notifier/store/flat.h"

#include <stdio.h>

static const char *status_text(int64_t status)
{
    return status == ALERT_FIRING ? "firing" : "resolved";
}

enum { T_AT, T_ALERT, T_SEQ, T_STATUS, T_STARTS, T_ENDS, T_SOURCE, T_STATE_REASON, T_RULE, T_LABELS, T_FINGERPRINT, T_NAME, T_ANNOTATIONS };

static void write_outcomes(struct sheet *sheet, const struct page_outcome *outcomes, size_t count)
{
    struct buf words = BUF_EMPTY(64 * 1024);

    if (!sheet->csv) {
        json_member(&sheet->json, "channels");
        json_open(&sheet->json, '[');
    }
    for (size_t i = 0; i < count; i++) {
        const char *settled = settled_text((enum settled)outcomes[i].settled);
        if (sheet->csv) {
            buf_addf(&words, "%s%s %s", i ? "; " : "", outcomes[i].channel, settled);
            continue;
        }
        json_open(&sheet->json, '{');
        sheet_text(sheet, "channel", outcomes[i].channel);
        sheet_int(sheet, "slot", outcomes[i].slot);
        sheet_text(sheet, "settled", settled);
        sheet_id(sheet, "delivery", outcomes[i].delivery_id);
        sheet_text(sheet, "rule", outcomes[i].rule);
        sheet_time(sheet, "at", outcomes[i].at_ms);
        json_shut(&sheet->json, '}');
    }
    if (sheet->csv)
        sheet_text(sheet, "channels", buf_text(&words));
    else
        json_shut(&sheet->json, ']');
    buf_free(&words);
}

/* The status asked for is the transition's, or how it ended on some channel; a rule for all of them is a suppression. */
static bool is_transition_wanted(const struct page *page, struct db_stmt *stmt, const struct page_outcome *outcomes, size_t count)
{
    const struct history_query *query = page->query;
    bool by_status = !query->status || text_equal(query->status, status_text(db_int(stmt, T_STATUS)));
    bool suppressed = query->status && text_equal(query->status, "suppressed") && db_text(stmt, T_RULE);

    if ((by_status || suppressed) && !query->channel)
        return true;
    for (size_t i = 0; i < count; i++)
        if (page_is(query->channel, outcomes[i].channel) &&
            (by_status || text_equal(query->status, settled_text((enum settled)outcomes[i].settled))))
            return true;
    return false;
}

/* Looks for text in the words as they are, not as they are stored. */
static bool has_text(struct page *page, struct db_stmt *stmt)
{
    struct labels of[2];

    if (!page->query->text)
        return true;
    const char *const own[] = {db_text(stmt, T_STATE_REASON), db_text(stmt, T_RULE), db_text(stmt, T_FINGERPRINT)};
    if (page_has_text(page, own, LENGTH(own)))
        return true;
    for (size_t i = 0; i < LENGTH(of); i++) {
        if (!flat_read(db_text(stmt, i ? T_ANNOTATIONS : T_LABELS), page->arena, &of[i]))
            continue;
        for (size_t at = 0; at < of[i].count; at++)
            if (page_has_text(page, &of[i].items[at].value, 1))
                return true;
    }
    return false;
}

/* SKIPPED or WRITTEN: whether it is one of those asked for; LAST: no older one is. */
static enum page_row choose_transition(struct page *page, struct db_stmt *stmt, bool with_outcomes,
                                       struct page_outcome outcomes[PAGE_OUTCOMES_MAX], size_t *count)
{
    const struct history_query *query = page->query;

    *count = 0;
    if (query->since_ms && db_int(stmt, T_AT) < query->since_ms)
        return ROW_LAST;
    if (!page_in_time(page, db_int(stmt, T_AT)) || !page_is(query->source, db_text(stmt, T_SOURCE)) ||
        !page_fits(page, db_text(stmt, T_LABELS)) || !page_has_severity(page, db_text(stmt, T_LABELS)) || !has_text(page, stmt))
        return ROW_SKIPPED;
    if (with_outcomes || query->channel || (query->status && !text_equal(query->status, status_text(db_int(stmt, T_STATUS)))))
        *count = page_outcomes(page, db_int(stmt, T_ALERT), db_int(stmt, T_SEQ), outcomes);
    return is_transition_wanted(page, stmt, outcomes, *count) ? ROW_WRITTEN : ROW_SKIPPED;
}

/* The one whose messages told of it; for what is not told yet, or to nobody, the one its group has now. */
static void write_incident(struct page *page, int64_t alert_id, const struct page_outcome *outcomes, size_t count)
{
    static const char of_delivery[] = "SELECT i.reference FROM deliveries d JOIN incidents i ON i.id = d.incident_id WHERE d.id = ?1";
    static const char of_alert[] = "SELECT i.reference FROM told t JOIN groups g ON g.id = t.group_id JOIN incidents i"
                                   " ON i.id = g.incident_id WHERE t.alert_id = ?1 LIMIT 1";
    const char *reference = NULL;

    for (size_t i = 0; i <= count && !reference; i++) {
        int64_t delivery_id = i < count ? outcomes[i].delivery_id : 0;
        if (i < count && !delivery_id)
            continue;
        struct db_stmt *stmt = page_ask(page, delivery_id ? of_delivery : of_alert, delivery_id ? delivery_id : alert_id);
        if (page_next(page, stmt)) {
            reference = arena_text(page->arena, db_text(stmt, 0));
            db_reset(stmt);
        }
    }
    sheet_text(&page->sheet, "incident", reference);
}

static enum page_row transition_row(struct page *page, struct db_stmt *stmt)
{
    struct page_outcome outcomes[PAGE_OUTCOMES_MAX];
    struct sheet *sheet = &page->sheet;
    size_t count;
    char id[48];

    enum page_row chosen = choose_transition(page, stmt, true, outcomes, &count);
    if (chosen != ROW_WRITTEN)
        return chosen;
    snprintf(id, sizeof id, "%lld.%lld", (long long)db_int(stmt, T_ALERT), (long long)db_int(stmt, T_SEQ));
    sheet_open(sheet);
    sheet_text(sheet, "id", id);
    sheet_id(sheet, "alert", db_int(stmt, T_ALERT));
    sheet_int(sheet, "seq", db_int(stmt, T_SEQ));
    sheet_text(sheet, "status", status_text(db_int(stmt, T_STATUS)));
    sheet_time(sheet, "at", db_int(stmt, T_AT));
    sheet_time(sheet, "startsAt", db_int(stmt, T_STARTS));
    sheet_time(sheet, "endsAt", db_int(stmt, T_ENDS));
    sheet_text(sheet, "source", db_text(stmt, T_SOURCE));
    sheet_text(sheet, "stateReason", db_text(stmt, T_STATE_REASON));
    sheet_text(sheet, "rule", db_text(stmt, T_RULE));
    sheet_text(sheet, "fingerprint", db_text(stmt, T_FINGERPRINT));
    sheet_text(sheet, "name", db_text(stmt, T_NAME));
    sheet_text(sheet, "severity", page_severity(page, db_text(stmt, T_LABELS)));
    page_write_labels(page, "labels", db_text(stmt, T_LABELS));
    write_outcomes(sheet, outcomes, count);
    write_incident(page, db_int(stmt, T_ALERT), outcomes, count);
    sheet_shut(sheet);
    return ROW_WRITTEN;
}

static enum page_row timeline_row(struct page *page, struct db_stmt *stmt)
{
    struct page_timeline *timeline = &page->timeline;
    struct page_outcome outcomes[PAGE_OUTCOMES_MAX];
    size_t count;

    enum page_row chosen = choose_transition(page, stmt, false, outcomes, &count);
    if (chosen != ROW_WRITTEN)
        return chosen;
    int64_t bar = (db_int(stmt, T_AT) - timeline->since_ms) * HISTORY_TIMELINE_BARS / (timeline->until_ms - timeline->since_ms);
    if (bar >= 0 && bar < HISTORY_TIMELINE_BARS)
        (db_int(stmt, T_STATUS) == ALERT_FIRING ? timeline->firing : timeline->resolved)[bar]++;
    return ROW_SKIPPED;
}

#define TRANSITIONS_BELOW(annotations)                                                                                 \
    "SELECT t.at_ms, t.alert_id, t.seq, t.status, t.starts_ms, t.ends_ms, t.source, t.state_reason, t.rule, a.labels," \
    " a.fingerprint, a.name" annotations " FROM transitions t INDEXED BY transitions_by_time"                          \
    " LEFT JOIN alerts a ON a.id = t.alert_id WHERE (t.at_ms, t.alert_id, t.seq) < (?1, ?2, ?3)"                        \
    " ORDER BY t.at_ms DESC, t.alert_id DESC, t.seq DESC LIMIT ?4"

static const char *const *transition_phases(const struct history_query *query)
{
    static const char *const newest_first[] = {TRANSITIONS_BELOW(""), NULL};
    static const char *const with_annotations[] = {TRANSITIONS_BELOW(", a.annotations"), NULL};

    return query->text ? with_annotations : newest_first;
}

const struct page_list page_history = {
    "id,alert,seq,status,at,startsAt,endsAt,source,stateReason,rule,fingerprint,name,severity,labels,channels,incident", 3,
    transition_phases, transition_row};
const struct page_list page_timeline = {"", 3, transition_phases, timeline_row};
