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

/* A page goes along the index of times alone. An alert's labels are looked at once, a change itself only where they fit, and
 * the rest only of what is written. */
enum { W_AT, W_ALERT, W_SEQ, W_STATUS }; /* the last for a timeline only */
enum { C_STATUS, C_SOURCE, C_STATE_REASON, C_RULE };
enum { T_AT, T_ALERT, T_SEQ, T_STATUS, T_STARTS, T_ENDS, T_SOURCE, T_STATE_REASON, T_RULE, T_LABELS, T_FINGERPRINT, T_NAME };

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

enum { FITS = 1, HAS_TEXT = 2 }; /* a verdict */

static bool labels_have_text(struct page *page, const char *stored)
{
    struct labels labels;

    if (!flat_read(stored, page->arena, &labels))
        return false;
    for (size_t i = 0; i < labels.count; i++)
        if (page_has_text(page, &labels.items[i].value, 1))
            return true;
    return false;
}

/* Looks for text in the words as they are, not as they are stored. */
static unsigned judge(struct page *page, int64_t alert_id)
{
    static const char sql[] = "SELECT labels, fingerprint, annotations FROM alerts WHERE id = ?1";
    static const char without_words[] = "SELECT labels FROM alerts WHERE id = ?1";
    struct db_stmt *stmt = page_ask(page, page->query->text ? sql : without_words, alert_id);
    bool found = page_next(page, stmt);
    const char *labels = found ? db_text(stmt, 0) : NULL;
    unsigned verdict = page_fits(page, labels) && page_has_severity(page, labels) ? FITS : 0;

    if (page->query->text && verdict && found) {
        const char *const fingerprint[] = {db_text(stmt, 1)};
        if (page_has_text(page, fingerprint, 1) || labels_have_text(page, labels) || labels_have_text(page, db_text(stmt, 2)))
            verdict |= HAS_TEXT;
    }
    if (stmt)
        db_reset(stmt);
    return verdict;
}

static unsigned verdict_of(struct page *page, int64_t alert_id)
{
    const struct history_query *query = page->query;
    unsigned verdict;

    if (!query->matcher_count && !query->severity && !query->text)
        return FITS;
    if (!page->verdicts)
        page->verdicts = verdicts_new();
    if (!verdicts_find(page->verdicts, alert_id, &verdict)) {
        verdict = judge(page, alert_id);
        verdicts_add(page->verdicts, alert_id, verdict);
    }
    return verdict;
}

/* The status asked for is the transition's, or how it ended on some channel; a rule for all of them is a suppression. */
static bool has_status(const struct page *page, struct db_stmt *change, const struct page_outcome *outcomes, size_t count)
{
    const struct history_query *query = page->query;
    bool by_status = !query->status || text_equal(query->status, status_text(db_int(change, C_STATUS)));
    bool suppressed = query->status && text_equal(query->status, "suppressed") && db_text(change, C_RULE);

    if ((by_status || suppressed) && !query->channel)
        return true;
    for (size_t i = 0; i < count; i++)
        if (page_is(query->channel, outcomes[i].channel) &&
            (by_status || text_equal(query->status, settled_text((enum settled)outcomes[i].settled))))
            return true;
    return false;
}

static bool is_change_wanted(struct page *page, int64_t alert_id, int64_t seq, unsigned verdict)
{
    static const char sql[] = "SELECT status, source, state_reason, rule FROM transitions WHERE alert_id = ?1 AND seq = ?2";
    const struct history_query *query = page->query;
    struct page_outcome outcomes[PAGE_OUTCOMES_MAX];
    size_t count = 0;
    bool wanted = false;

    if (!query->status && !query->channel && !query->source && (!query->text || verdict & HAS_TEXT))
        return true;
    struct db_stmt *change = page_ask(page, sql, alert_id);
    if (!change)
        return false;
    db_bind_int(change, 2, seq);
    if (page_next(page, change)) {
        const char *const own[] = {db_text(change, C_STATE_REASON), db_text(change, C_RULE)};
        wanted = page_is(query->source, db_text(change, C_SOURCE)) && (verdict & HAS_TEXT || page_has_text(page, own, LENGTH(own)));
        if (wanted && (query->channel || (query->status && !text_equal(query->status, status_text(db_int(change, C_STATUS))))))
            count = page_outcomes(page, alert_id, seq, outcomes);
        wanted = wanted && has_status(page, change, outcomes, count);
    }
    db_reset(change);
    return wanted;
}

/* SKIPPED or WRITTEN: whether it is one of those asked for; LAST: no older one is. */
static enum page_row choose_transition(struct page *page, struct db_stmt *stmt)
{
    if (page->query->since_ms && db_int(stmt, W_AT) < page->query->since_ms)
        return ROW_LAST;
    if (!page_in_time(page, db_int(stmt, W_AT)))
        return ROW_SKIPPED;
    unsigned verdict = verdict_of(page, db_int(stmt, W_ALERT));
    return verdict & FITS && is_change_wanted(page, db_int(stmt, W_ALERT), db_int(stmt, W_SEQ), verdict) ? ROW_WRITTEN : ROW_SKIPPED;
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

static void write_transition(struct page *page, struct db_stmt *stmt)
{
    struct page_outcome outcomes[PAGE_OUTCOMES_MAX];
    struct sheet *sheet = &page->sheet;
    size_t count = page_outcomes(page, db_int(stmt, T_ALERT), db_int(stmt, T_SEQ), outcomes);
    char id[48];

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
}

static enum page_row transition_row(struct page *page, struct db_stmt *stmt)
{
    static const char sql[] =
        "SELECT t.at_ms, t.alert_id, t.seq, t.status, t.starts_ms, t.ends_ms, t.source, t.state_reason, t.rule, a.labels,"
        " a.fingerprint, a.name FROM transitions t LEFT JOIN alerts a ON a.id = t.alert_id WHERE t.alert_id = ?1 AND t.seq = ?2";

    enum page_row chosen = choose_transition(page, stmt);
    if (chosen != ROW_WRITTEN)
        return chosen;
    struct db_stmt *whole = page_ask(page, sql, db_int(stmt, W_ALERT));
    if (!whole)
        return ROW_SKIPPED;
    db_bind_int(whole, 2, db_int(stmt, W_SEQ));
    bool found = page_next(page, whole);
    if (found)
        write_transition(page, whole);
    db_reset(whole);
    return found ? ROW_WRITTEN : ROW_SKIPPED;
}

static enum page_row timeline_row(struct page *page, struct db_stmt *stmt)
{
    struct page_timeline *timeline = &page->timeline;

    enum page_row chosen = choose_transition(page, stmt);
    if (chosen != ROW_WRITTEN)
        return chosen;
    int64_t bar = (db_int(stmt, W_AT) - timeline->since_ms) * HISTORY_TIMELINE_BARS / (timeline->until_ms - timeline->since_ms);
    if (bar >= 0 && bar < HISTORY_TIMELINE_BARS)
        (db_int(stmt, W_STATUS) == ALERT_FIRING ? timeline->firing : timeline->resolved)[bar]++;
    return ROW_SKIPPED;
}

#define TRANSITIONS_BELOW(more)                                                                                        \
    "SELECT at_ms, alert_id, seq" more " FROM transitions INDEXED BY transitions_by_time"                               \
    " WHERE (at_ms, alert_id, seq) < (?1, ?2, ?3) ORDER BY at_ms DESC, alert_id DESC, seq DESC LIMIT ?4"

static const char *const *transition_phases(const struct history_query *query)
{
    static const char *const in_the_index[] = {TRANSITIONS_BELOW(""), NULL};
    static const char *const counted[] = {TRANSITIONS_BELOW(", status"), NULL};

    return query->list == LIST_TIMELINE ? counted : in_the_index;
}

const struct page_list page_history = {
    "id,alert,seq,status,at,startsAt,endsAt,source,stateReason,rule,fingerprint,name,severity,labels,channels,incident", 1, 3,
    transition_phases, transition_row};
const struct page_list page_timeline = {"", 2, 3, transition_phases, timeline_row};
