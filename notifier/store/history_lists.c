/* The lists, a row each: which rows, in which order, what is written of one. */
#include "notifier/store/page.h"

#include "base/text.h"
#include "notifier/core/record.h"

static const char *status_text(int64_t status)
{
    return status == ALERT_FIRING ? "firing" : "resolved";
}

/* Texts of a statement's first column: an array in JSON, words in one cell in CSV. */
static void write_texts(struct page *page, const char *key, struct db_stmt *stmt)
{
    struct sheet *sheet = &page->sheet;
    struct buf words = BUF_EMPTY(64 * 1024);

    if (!sheet->csv) {
        json_member(&sheet->json, key);
        json_open(&sheet->json, '[');
    }
    while (page_next(page, stmt)) {
        const char *text = db_text(stmt, 0);
        if (sheet->csv)
            buf_addf(&words, "%s%s", words.length ? " " : "", text ? text : "");
        else
            json_put_text(&sheet->json, text);
    }
    if (sheet->csv)
        sheet_text(sheet, key, buf_text(&words));
    else
        json_shut(&sheet->json, ']');
    buf_free(&words);
}

/* The groups it is in now, and those whose messages told of it. */
static void write_incidents(struct page *page, int64_t alert_id)
{
    static const char sql[] =
        "SELECT i.reference, i.id FROM told t JOIN groups g ON g.id = t.group_id JOIN incidents i ON i.id = g.incident_id"
        " WHERE t.alert_id = ?1 UNION SELECT i.reference, i.id FROM settlements s JOIN deliveries d ON d.id = s.delivery_id"
        " JOIN incidents i ON i.id = d.incident_id WHERE s.alert_id = ?1 ORDER BY 2 DESC LIMIT ?2";
    struct db_stmt *stmt = page_ask(page, sql, alert_id);

    if (stmt)
        db_bind_int(stmt, 2, PAGE_RELATED_MAX);
    write_texts(page, "incidents", stmt);
}

/* Grafana's DatasourceError and NoData stand for a rule: by its uid, or by the label rulename. */
static void write_related(struct page *page, int64_t alert_id, const char *rule_uid, const char *name)
{
    static const char sql[] =
        "SELECT CAST(id AS TEXT), id FROM alerts INDEXED BY alerts_by_rule"
        " WHERE gone = 0 AND rule_uid IS NOT NULL AND rule_uid = ?2 AND status = 0 AND id <> ?1 UNION"
        " SELECT CAST(id AS TEXT), id FROM alerts INDEXED BY alerts_about_rule"
        " WHERE gone = 0 AND rule_name IS NOT NULL AND rule_name = ?3 AND status = 0 AND id <> ?1 ORDER BY 2 LIMIT ?4";
    struct db_stmt *stmt = page_ask(page, sql, alert_id);

    if (stmt) {
        db_bind_text(stmt, 2, rule_uid);
        db_bind_text(stmt, 3, name);
        db_bind_int(stmt, 4, PAGE_RELATED_MAX);
    }
    write_texts(page, "related", stmt);
}

void page_write_alert(struct page *page, struct db_stmt *stmt)
{
    struct sheet *sheet = &page->sheet;
    int64_t id = db_int(stmt, A_ID);

    sheet_id(sheet, "id", id);
    sheet_text(sheet, "fingerprint", db_text(stmt, A_FINGERPRINT));
    sheet_text(sheet, "domain", db_text(stmt, A_DOMAIN));
    sheet_text(sheet, "source", db_text(stmt, A_SOURCE));
    sheet_int(sheet, "org", db_int(stmt, A_ORG));
    sheet_text(sheet, "status", status_text(db_int(stmt, A_STATUS)));
    sheet_text(sheet, "severity", page_severity(page, db_text(stmt, A_LABELS)));
    sheet_text(sheet, "name", db_text(stmt, A_NAME));
    page_write_labels(page, "labels", db_text(stmt, A_LABELS));
    page_write_labels(page, "annotations", db_text(stmt, A_ANNOTATIONS));
    sheet_time(sheet, "startsAt", db_int(stmt, A_STARTS));
    sheet_time(sheet, "endsAt", db_int(stmt, A_ENDS));
    sheet_time(sheet, "changedAt", db_int(stmt, A_CHANGED));
    sheet_json(sheet, "links", db_text(stmt, A_LINKS));
    sheet_json(sheet, "values", db_text(stmt, A_READINGS));
    sheet_text(sheet, "valueString", db_text(stmt, A_VALUE_STRING));
    sheet_text(sheet, "stateReason", db_text(stmt, A_STATE_REASON));
    sheet_bool(sheet, "test", db_int(stmt, A_TEST));
    sheet_text(sheet, "rule_uid", db_text(stmt, A_RULE_UID));
    write_incidents(page, id);
    write_related(page, id, db_text(stmt, A_RULE_UID), db_text(stmt, A_NAME));
}

/* Why it is not told while it fires: "silenced", "inhibited", "muted", the first that holds; null where it is told. */
static const char *hush_of(struct page *page, struct db_stmt *stmt)
{
    static const char sql[] = "SELECT silence_number > 0 FROM hushes WHERE alert_id = ?1";
    struct db_stmt *hush = db_int(stmt, A_STATUS) == ALERT_FIRING ? page_ask(page, sql, db_int(stmt, A_ID)) : NULL;

    if (!hush)
        return NULL;
    if (!page_next(page, hush))
        return page_muted(page, db_int(stmt, A_ID)) ? "muted" : NULL;
    bool silenced = db_int(hush, 0);
    db_reset(hush);
    return silenced ? "silenced" : "inhibited";
}

static bool is_told_on(struct page *page, int64_t alert_id, const char *channel)
{
    struct db_stmt *stmt = page_ask(page, "SELECT 1 FROM told WHERE alert_id = ?1 AND channel = ?2 UNION ALL"
                                          " SELECT 1 FROM settlements WHERE alert_id = ?1 AND channel = ?2 LIMIT 1", alert_id);
    if (!stmt)
        return false;
    db_bind_text(stmt, 2, channel);
    bool found = page_next(page, stmt);
    db_reset(stmt);
    return found;
}

static bool is_alert_wanted(const struct page *page, struct db_stmt *stmt)
{
    const char *status = page->query->status;

    if (!status)
        return db_int(stmt, A_ACTIVE);
    return text_equal(status, "all") || text_equal(status, status_text(db_int(stmt, A_STATUS)));
}

static enum page_row alert_row(struct page *page, struct db_stmt *stmt)
{
    const struct history_query *query = page->query;

    if (!is_alert_wanted(page, stmt) || !page_is(query->source, db_text(stmt, A_SOURCE)) ||
        !page_in_time(page, db_int(stmt, A_CHANGED)) || !page_fits(page, db_text(stmt, A_LABELS)) ||
        !page_has_severity(page, db_text(stmt, A_LABELS)) ||
        (query->channel && !is_told_on(page, db_int(stmt, A_ID), query->channel)))
        return ROW_SKIPPED;
    sheet_open(&page->sheet);
    page_write_alert(page, stmt);
    sheet_text(&page->sheet, "hushed", hush_of(page, stmt));
    sheet_shut(&page->sheet);
    return ROW_WRITTEN;
}

static const char *const *alert_phases(const struct history_query *query)
{
    static const char *const live[] = {"SELECT " ALERT_COLUMNS " FROM alerts a INDEXED BY alerts_live"
                                       " WHERE a.gone = 0 AND a.id < ?1 ORDER BY a.id DESC LIMIT ?2", NULL};
    static const char *const all[] = {"SELECT " ALERT_COLUMNS " FROM alerts a WHERE a.id < ?1 ORDER BY a.id DESC LIMIT ?2",
                                      NULL};
    return !query->status || text_equal(query->status, "firing") ? live : all;
}

const struct page_list page_alerts = {
    "id,fingerprint,domain,source,org,status,severity,name,labels,annotations,startsAt,endsAt,changedAt,links,values,"
    "valueString,stateReason,test,rule_uid,incidents,related,hushed", 10, 1, alert_phases, alert_row};

const char *page_incident_state(struct db_stmt *stmt)
{
    return db_int(stmt, I_CLOSED) ? "closed" : db_int(stmt, I_ACKED) ? "acked" : "open";
}

void page_write_incident(struct page *page, struct db_stmt *stmt)
{
    struct sheet *sheet = &page->sheet;

    sheet_id(sheet, "id", db_int(stmt, I_ID));
    sheet_text(sheet, "reference", db_text(stmt, I_REFERENCE));
    sheet_text(sheet, "state", page_incident_state(stmt));
    sheet_text(sheet, "severity", db_text(stmt, I_SEVERITY));
    sheet_text(sheet, "title", db_text(stmt, I_TITLE));
    sheet_time(sheet, "openedAt", db_int(stmt, I_OPENED));
    sheet_time(sheet, "closedAt", db_int(stmt, I_CLOSED));
    sheet_id(sheet, "group", db_int(stmt, I_GROUP));
    page_write_labels(page, "labels", db_text(stmt, I_LABELS));
}

static enum page_row incident_row(struct page *page, struct db_stmt *stmt)
{
    const char *labels = db_text(stmt, I_LABELS);

    if (!page_is(page->query->status, page_incident_state(stmt)) || !page_in_time(page, db_int(stmt, I_OPENED)) ||
        !page_is(page->query->severity, db_text(stmt, I_SEVERITY)) || !page_fits(page, labels))
        return ROW_SKIPPED;
    sheet_open(&page->sheet);
    page_write_incident(page, stmt);
    sheet_shut(&page->sheet);
    return ROW_WRITTEN;
}

static const char *const *incident_phases(const struct history_query *query)
{
    static const char *const both[] = {
        "SELECT " INCIDENT_COLUMNS " FROM incidents i INDEXED BY incidents_open WHERE i.closed_ms = 0 AND i.id < ?1"
        " ORDER BY i.id DESC LIMIT ?2",
        "SELECT " INCIDENT_COLUMNS " FROM incidents i WHERE i.closed_ms <> 0 AND i.id < ?1 ORDER BY i.id DESC LIMIT ?2", NULL};
    (void)query;
    return both;
}

const struct page_list page_incidents = {"id,reference,state,severity,title,openedAt,closedAt,group,labels", 10, 1,
                                         incident_phases, incident_row};

static void write_last_attempt(struct page *page, int64_t delivery_id)
{
    static const char sql[] = "SELECT outcome, status, words, started_ms FROM attempts WHERE delivery_id = ?1"
                              " ORDER BY id DESC LIMIT 1";
    struct db_stmt *stmt = page_ask(page, sql, delivery_id);
    bool found = page_next(page, stmt);

    sheet_text(&page->sheet, "lastOutcome", found ? outcome_text((enum outcome)db_int(stmt, 0)) : NULL);
    sheet_int(&page->sheet, "lastStatus", found ? db_int(stmt, 1) : 0);
    sheet_text(&page->sheet, "lastError", found ? db_text(stmt, 2) : NULL);
    sheet_time(&page->sheet, "lastAttemptAt", found ? db_int(stmt, 3) : 0);
    if (stmt)
        db_reset(stmt);
}

/* Of a dead letter: has its channel been told of all its alerts later, by a retry or by newer news? */
static void write_told_since(struct page *page, int64_t state, int64_t delivery_id)
{
    static const char sql[] =
        "SELECT 1 FROM settlements s INDEXED BY settlements_dead WHERE s.settled = 4 AND s.delivery_id = ?1 AND NOT EXISTS ("
        "SELECT 1 FROM settlements n WHERE n.alert_id = s.alert_id AND n.channel = s.channel AND n.slot = s.slot AND n.seq >= s.seq"
        " AND n.settled IN (1, 2) AND n.at_ms >= s.at_ms) LIMIT 1";
    bool untold = false;

    if (state == SETTLED_DEAD) {
        struct db_stmt *stmt = page_ask(page, sql, delivery_id);
        untold = page_next(page, stmt);
        if (stmt)
            db_reset(stmt);
    }
    sheet_bool(&page->sheet, "toldSince", state == SETTLED_DEAD && !untold);
}

void page_write_delivery(struct page *page, struct db_stmt *stmt)
{
    static const char *const forms[] = {"rich", "plain", "minimal"};
    static const char remote[] = "SELECT remote_id FROM parts WHERE message_id = ?1 AND remote_id IS NOT NULL"
                                 " ORDER BY part LIMIT ?2";
    struct sheet *sheet = &page->sheet;
    int64_t state = db_int(stmt, D_STATE), took_ms = db_int(stmt, D_SETTLED) - db_int(stmt, D_ACCEPTED);

    sheet_id(sheet, "id", db_int(stmt, D_ID));
    sheet_text(sheet, "channel", db_text(stmt, D_CHANNEL));
    sheet_text(sheet, "incident", db_text(stmt, D_REFERENCE));
    sheet_text(sheet, "severity", db_text(stmt, D_SEVERITY));
    sheet_text(sheet, "title", db_text(stmt, D_TITLE));
    sheet_text(sheet, "reason", reason_text((enum reason)db_int(stmt, D_REASON)));
    sheet_text(sheet, "state", settled_text((enum settled)state));
    sheet_time(sheet, "openedAt", db_int(stmt, D_OPENED));
    sheet_time(sheet, "acceptedAt", db_int(stmt, D_ACCEPTED));
    sheet_time(sheet, "settledAt", db_int(stmt, D_SETTLED));
    sheet_time(sheet, "dueAt", state == SETTLED_OPEN ? db_int(stmt, D_DUE) : 0);
    sheet_int(sheet, "tries", db_int(stmt, D_TRIES));
    sheet_text(sheet, "words", db_text(stmt, D_WORDS));
    sheet_seconds(sheet, "seconds", state == SETTLED_DELIVERED ? took_ms : -1);
    sheet_text(sheet, "form", forms[db_int(stmt, D_FORM) % 3]);
    sheet_bool(sheet, "maybeSent", db_int(stmt, D_MAYBE_SENT));
    sheet_id(sheet, "carriedBy", db_int(stmt, D_CARRIED_BY));
    sheet_text(sheet, "test", db_text(stmt, D_ONLY_TEST));
    page_write_labels(page, "labels", db_text(stmt, D_LABELS));
    write_last_attempt(page, db_int(stmt, D_ID));
    struct db_stmt *parts = page_ask(page, remote, db_int(stmt, D_MESSAGE));
    if (parts)
        db_bind_int(parts, 2, PAGE_RELATED_MAX);
    write_texts(page, "remoteIds", parts);
    write_told_since(page, state, db_int(stmt, D_ID));
}

static bool is_delivery_wanted(struct page *page, struct db_stmt *stmt)
{
    const char *const texts[] = {db_text(stmt, D_TITLE), db_text(stmt, D_WORDS), db_text(stmt, D_REFERENCE)};

    return page_is(page->query->severity, db_text(stmt, D_SEVERITY)) && page_fits(page, db_text(stmt, D_LABELS)) &&
           page_has_text(page, texts, LENGTH(texts));
}

/* What stands in the row itself is asked first: the rest is found in other tables. */
static enum page_row delivery_row(struct page *page, struct db_stmt *brief)
{
    static const char sql[] = "SELECT " DELIVERY_COLUMNS " FROM deliveries d LEFT JOIN incidents i ON i.id = d.incident_id WHERE d.id = ?1";
    const struct history_query *query = page->query;

    if (!page_is(query->status, settled_text((enum settled)db_int(brief, 1))) || !page_is(query->channel, db_text(brief, 2)) ||
        !page_in_time(page, db_int(brief, 3)))
        return ROW_SKIPPED;
    struct db_stmt *stmt = page_ask(page, sql, db_int(brief, 0));
    bool wanted = page_next(page, stmt) && is_delivery_wanted(page, stmt);
    if (wanted) {
        sheet_open(&page->sheet);
        page_write_delivery(page, stmt);
        sheet_shut(&page->sheet);
    }
    if (stmt)
        db_reset(stmt);
    return wanted ? ROW_WRITTEN : ROW_SKIPPED;
}

#define DELIVERIES_BELOW(index, condition)                                                                             \
    "SELECT d.id, d.state, d.channel, d.opened_ms FROM deliveries d " index " WHERE " condition " d.id < ?1 ORDER BY d.id DESC LIMIT ?2"

static const char *const *delivery_phases(const struct history_query *query)
{
    static const char *const all[] = {DELIVERIES_BELOW("", ""), NULL};
    static const char *const open[] = {DELIVERIES_BELOW("INDEXED BY deliveries_open", "d.state = 0 AND"), NULL};
    static const char *const dead[] = {DELIVERIES_BELOW("INDEXED BY deliveries_dead", "d.state = 4 AND"), NULL};

    if (query->status && text_equal(query->status, "open"))
        return open;
    return query->status && text_equal(query->status, "dead") ? dead : all;
}

const struct page_list page_deliveries = {
    "id,channel,incident,severity,title,reason,state,openedAt,acceptedAt,settledAt,dueAt,tries,words,seconds,form,maybeSent,"
    "carriedBy,test,labels,lastOutcome,lastStatus,lastError,lastAttemptAt,remoteIds,toldSince", 2, 1, delivery_phases, delivery_row};
