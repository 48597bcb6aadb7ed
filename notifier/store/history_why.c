/* One thing in full, and why it was, or was not, told: plain sentences from what is stored. */
#include "notifier/store/page.h"

#include "base/text.h"
#include "base/zone.h"
#include "notifier/core/record.h"

#include <stdio.h>
#include <string.h>

#define WHY_TRANSITIONS_MAX 50  /* newest of an alert */
#define WHY_DELIVERIES_MAX 100  /* newest of an incident */
#define WHY_ITEMS_MAX 1000
#define WHY_ATTEMPTS_MAX 1000   /* newest of a delivery, and */
#define WHY_MESSAGES_MAX 100    /* of what they said; */
#define LIFE_ATTEMPTS_MAX 50    /* fewer where it is one of many */
#define LIFE_MESSAGES_MAX 10
#define SENTENCE_MAX 8192       /* bytes */

static void add_time(struct buf *out, int64_t wall_ms)
{
    zone_add_rfc3339(out, wall_ms);
}

static void add_seconds(struct buf *out, int64_t ms)
{
    if (ms >= 0 && ms < 120000)
        buf_addf(out, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
    else
        zone_add_span(out, ms > 0 ? ms : 0);
}

static void add_tries(struct buf *out, int64_t tries)
{
    buf_addf(out, tries == 1 ? "1 failed try" : "%lld failed tries", (long long)tries);
}

static void put_sentence(struct page *page, struct buf *sentence)
{
    sheet_text(&page->sheet, "explanation", buf_text(sentence));
    buf_free(sentence);
}

/* How the delivery of `stmt` (DELIVERY_COLUMNS) stands, after what it is. */
static void explain_delivery(struct buf *out, struct db_stmt *stmt)
{
    const char *words = db_text(stmt, D_WORDS);
    int64_t tries = db_int(stmt, D_TRIES);

    buf_addf(out, "Sent to %s because: %s. ", db_text(stmt, D_CHANNEL), reason_text((enum reason)db_int(stmt, D_REASON)));
    switch ((enum settled)db_int(stmt, D_STATE)) {
    case SETTLED_DELIVERED:
        buf_add_text(out, "Delivered ");
        add_seconds(out, db_int(stmt, D_SETTLED) - db_int(stmt, D_ACCEPTED));
        buf_add_text(out, " after the alert was accepted");
        if (tries) {
            buf_add_text(out, ", after ");
            add_tries(out, tries);
        }
        break;
    case SETTLED_CARRIED:
        buf_addf(out, "Not sent by itself: its news travelled with delivery %lld", (long long)db_int(stmt, D_CARRIED_BY));
        break;
    case SETTLED_SUPPRESSED:
        buf_addf(out, "Not sent: %s", text_or(words, "no rule is recorded"));
        break;
    case SETTLED_DEAD:
        buf_addf(out, "Given up: %s", text_or(words, "no reason is recorded"));
        break;
    case SETTLED_OPEN:
        buf_add_text(out, "Still open, next try not before ");
        add_time(out, db_int(stmt, D_DUE));
        if (tries) {
            buf_add_text(out, ", after ");
            add_tries(out, tries);
        }
        if (words)
            buf_addf(out, "; last error: %s", words);
        break;
    }
    if (db_int(stmt, D_MAYBE_SENT))
        buf_add_text(out, "; one attempt may have arrived without our hearing of it, so a repeat is marked");
    buf_add_char(out, '.');
}

static void write_explained(struct page *page, struct db_stmt *stmt)
{
    struct buf sentence = BUF_EMPTY(SENTENCE_MAX);

    page_write_delivery(page, stmt);
    explain_delivery(&sentence, stmt);
    put_sentence(page, &sentence);
}

static void begin_list(struct page *page, const char *key)
{
    json_member(&page->sheet.json, key);
    json_open(&page->sheet.json, '[');
}

static void end_list(struct page *page)
{
    json_shut(&page->sheet.json, ']');
}

static void write_parts(struct page *page, int64_t message_id)
{
    static const char *const kinds[] = {"post", "edit", "recipient"};
    static const char *const states[] = {"waiting", "sending", "delivered", "failed"};
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, "SELECT part, kind, state, optional, tries, address, remote_id FROM parts"
                                          " WHERE message_id = ?1 ORDER BY part", message_id);

    begin_list(page, "parts");
    while (page_next(page, stmt)) {
        sheet_open(sheet);
        sheet_int(sheet, "index", db_int(stmt, 0));
        sheet_text(sheet, "kind", kinds[db_int(stmt, 1) % 3]);
        sheet_text(sheet, "state", states[db_int(stmt, 2) % 4]);
        sheet_bool(sheet, "optional", db_int(stmt, 3));
        sheet_int(sheet, "tries", db_int(stmt, 4));
        sheet_text(sheet, "address", db_text(stmt, 5));
        sheet_text(sheet, "remoteId", db_text(stmt, 6));
        sheet_shut(sheet);
    }
    end_list(page);
}

static void write_messages(struct page *page, int64_t delivery_id, int64_t max)
{
    static const char sql[] =
        "SELECT * FROM (SELECT id, at_ms, reason, channel, text FROM messages WHERE id IN (SELECT message_id FROM attempts"
        " WHERE delivery_id = ?1 UNION SELECT message_id FROM deliveries WHERE id = ?1) ORDER BY id DESC LIMIT ?2) ORDER BY id";
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, sql, delivery_id);

    if (stmt)
        db_bind_int(stmt, 2, max);
    begin_list(page, "messages");
    while (page_next(page, stmt)) {
        sheet_open(sheet);
        sheet_id(sheet, "id", db_int(stmt, 0));
        sheet_time(sheet, "at", db_int(stmt, 1));
        sheet_text(sheet, "reason", reason_text((enum reason)db_int(stmt, 2)));
        sheet_text(sheet, "channel", db_text(stmt, 3));
        json_set_text(&sheet->json, "text", db_text(stmt, 4)); /* never cut: the exact words */
        write_parts(page, db_int(stmt, 0));
        sheet_shut(sheet);
    }
    end_list(page);
}

static void write_attempts(struct page *page, int64_t delivery_id, int64_t max)
{
    static const char sql[] = "SELECT * FROM (SELECT id, message_id, part_first, part_count, started_ms, ended_ms, outcome, status,"
                              " latency_ms, words FROM attempts WHERE delivery_id = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id";
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, sql, delivery_id);

    if (stmt)
        db_bind_int(stmt, 2, max);
    begin_list(page, "attempts");
    while (page_next(page, stmt)) {
        sheet_open(sheet);
        sheet_id(sheet, "id", db_int(stmt, 0));
        sheet_id(sheet, "message", db_int(stmt, 1));
        sheet_int(sheet, "partFirst", db_int(stmt, 2));
        sheet_int(sheet, "partCount", db_int(stmt, 3));
        sheet_time(sheet, "startedAt", db_int(stmt, 4));
        sheet_time(sheet, "endedAt", db_int(stmt, 5));
        sheet_text(sheet, "outcome", outcome_text((enum outcome)db_int(stmt, 6)));
        sheet_int(sheet, "status", db_int(stmt, 7));
        sheet_int(sheet, "latencyMs", db_int(stmt, 8));
        sheet_text(sheet, "words", db_text(stmt, 9));
        sheet_shut(sheet);
    }
    end_list(page);
}

static void write_items(struct page *page, int64_t delivery_id)
{
    static const char sql[] =
        "SELECT x.alert_id, x.seq, x.slot, x.status, a.name, a.labels FROM delivery_items x"
        " LEFT JOIN alerts a ON a.id = x.alert_id WHERE x.delivery_id = ?1 ORDER BY x.alert_id, x.slot LIMIT ?2";
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, sql, delivery_id);

    if (stmt)
        db_bind_int(stmt, 2, WHY_ITEMS_MAX);
    begin_list(page, "items");
    while (page_next(page, stmt)) {
        sheet_open(sheet);
        sheet_id(sheet, "alert", db_int(stmt, 0));
        sheet_int(sheet, "seq", db_int(stmt, 1));
        sheet_int(sheet, "slot", db_int(stmt, 2));
        sheet_text(sheet, "status", db_int(stmt, 3) == ALERT_FIRING ? "firing" : "resolved");
        sheet_text(sheet, "name", db_text(stmt, 4));
        page_write_labels(page, "labels", db_text(stmt, 5));
        sheet_shut(sheet);
    }
    end_list(page);
}

bool page_write_whole_delivery(struct page *page, int64_t id, const char *kind, bool whole)
{
    struct db_stmt *stmt = page_ask(page, "SELECT " DELIVERY_COLUMNS " FROM deliveries d"
                                          " LEFT JOIN incidents i ON i.id = d.incident_id WHERE d.id = ?1", id);

    if (!page_next(page, stmt))
        return false;
    sheet_open(&page->sheet);
    if (kind)
        sheet_text(&page->sheet, "kind", kind);
    write_explained(page, stmt);
    db_reset(stmt);
    write_messages(page, id, whole ? WHY_MESSAGES_MAX : LIFE_MESSAGES_MAX);
    write_attempts(page, id, whole ? WHY_ATTEMPTS_MAX : LIFE_ATTEMPTS_MAX);
    if (whole)
        write_items(page, id);
    sheet_shut(&page->sheet);
    return true;
}

static bool read_id(const char *text, int64_t *id)
{
    return text[0] >= '0' && text[0] <= '9' && text_to_int(text, id, NULL) && *id > 0;
}

/* A line of the history is known by its alert and number, as 5.1. */
static bool read_line_id(const char *text, int64_t *alert_id)
{
    char head[24];
    size_t length = strcspn(text, ".");
    int64_t seq;

    if (text[length] != '.' || length >= sizeof head || !read_id(text + length + 1, &seq))
        return false;
    snprintf(head, sizeof head, "%.*s", (int)length, text);
    return read_id(head, alert_id);
}

bool page_one_delivery(struct page *page, const char *text)
{
    int64_t id;

    if (!read_id(text, &id))
        return err_set(page->err, ERR_INPUT, "\"%.40s\" is not the id of a delivery; `notifier deliveries list` shows them", text);
    return page_write_whole_delivery(page, id, NULL, true) || page->failed ||
           err_set(page->err, ERR_CONFLICT, "there is no delivery %lld", (long long)id);
}

/* When the group of an alert that still owes this channel a word will speak. */
static void explain_waiting(struct page *page, struct buf *out, int64_t alert_id, const struct page_outcome *outcome)
{
    static const char sql[] = "SELECT g.flush_due_ms, g.node_id FROM told t JOIN groups g ON g.id = t.group_id"
                              " WHERE t.alert_id = ?1 AND t.channel = ?2 AND t.slot = ?3";
    struct db_stmt *stmt = page_ask(page, sql, alert_id);

    if (!stmt)
        return;
    db_bind_text(stmt, 2, outcome->channel);
    db_bind_int(stmt, 3, outcome->slot);
    if (page_next(page, stmt)) {
        if (db_int(stmt, 0)) {
            buf_add_text(out, " when its group is due at ");
            add_time(out, db_int(stmt, 0));
        }
        buf_addf(out, " (route %s)", db_text(stmt, 1));
        db_reset(stmt);
    }
}

static void explain_open(struct page *page, struct buf *out, int64_t alert_id, const struct page_outcome *outcome)
{
    struct db_stmt *stmt;

    if (!outcome->delivery_id) {
        buf_addf(out, "%s is still to be told,", outcome->channel);
        explain_waiting(page, out, alert_id, outcome);
        buf_add_char(out, '.');
        return;
    }
    buf_addf(out, "%s is still to be told, by delivery %lld. ", outcome->channel, (long long)outcome->delivery_id);
    stmt = page_ask(page, "SELECT " DELIVERY_COLUMNS " FROM deliveries d LEFT JOIN incidents i ON i.id = d.incident_id"
                          " WHERE d.id = ?1 AND d.state = 0", outcome->delivery_id);
    if (page_next(page, stmt)) {
        explain_delivery(out, stmt);
        db_reset(stmt);
    }
}

static void explain_outcome(struct page *page, struct buf *out, int64_t alert_id, int64_t at_ms, const struct page_outcome *outcome)
{
    long long delivery = outcome->delivery_id;
    const char *rule = text_or(outcome->rule, "no reason is recorded");

    switch ((enum settled)outcome->settled) {
    case SETTLED_DELIVERED:
        buf_addf(out, "%s was told ", outcome->channel);
        add_seconds(out, outcome->at_ms - at_ms);
        buf_addf(out, " after acceptance, by delivery %lld.", delivery);
        break;
    case SETTLED_CARRIED:
        buf_addf(out, "%s was told by what carried delivery %lld.", outcome->channel, delivery);
        break;
    case SETTLED_SUPPRESSED:
        buf_addf(out, "%s was not told: %s.", outcome->channel, rule);
        break;
    case SETTLED_DEAD:
        buf_addf(out, "%s could not be told: %s", outcome->channel, rule);
        if (delivery)
            buf_addf(out, " (delivery %lld is dead)", delivery);
        buf_add_char(out, '.');
        break;
    case SETTLED_OPEN:
        explain_open(page, out, alert_id, outcome);
        break;
    }
}

static void write_transition(struct page *page, int64_t alert_id, struct db_stmt *stmt)
{
    struct page_outcome outcomes[PAGE_OUTCOMES_MAX];
    struct sheet *sheet = &page->sheet;
    struct buf sentence = BUF_EMPTY(SENTENCE_MAX);
    int64_t seq = db_int(stmt, 0), at_ms = db_int(stmt, 2);
    const char *rule = db_text(stmt, 7);

    sheet_open(sheet);
    sheet_int(sheet, "seq", seq);
    sheet_text(sheet, "status", db_int(stmt, 1) == ALERT_FIRING ? "firing" : "resolved");
    sheet_time(sheet, "at", at_ms);
    sheet_time(sheet, "startsAt", db_int(stmt, 3));
    sheet_time(sheet, "endsAt", db_int(stmt, 4));
    sheet_text(sheet, "source", db_text(stmt, 5));
    sheet_text(sheet, "stateReason", db_text(stmt, 6));
    sheet_text(sheet, "rule", rule);
    size_t count = page_outcomes(page, alert_id, seq, outcomes);
    begin_list(page, "channels");
    for (size_t i = 0; i < count; i++) {
        struct buf words = BUF_EMPTY(SENTENCE_MAX);
        explain_outcome(page, &words, alert_id, at_ms, &outcomes[i]);
        buf_addf(&sentence, "%s%s", i ? " " : "", buf_text(&words));
        sheet_open(sheet);
        sheet_text(sheet, "channel", outcomes[i].channel);
        sheet_int(sheet, "slot", outcomes[i].slot);
        sheet_text(sheet, "settled", settled_text((enum settled)outcomes[i].settled));
        sheet_id(sheet, "delivery", outcomes[i].delivery_id);
        sheet_text(sheet, "rule", outcomes[i].rule);
        sheet_time(sheet, "at", outcomes[i].at_ms);
        put_sentence(page, &words);
        sheet_shut(sheet);
    }
    end_list(page);
    if (rule)
        buf_addf(&sentence, "%sNo channel hears of it: %s.", count ? " " : "", rule);
    else if (!count)
        buf_add_text(&sentence, "No channel is named by its route.");
    put_sentence(page, &sentence);
    sheet_shut(sheet);
}

void page_write_transitions(struct page *page, int64_t alert_id, int64_t max)
{
    static const char sql[] = "SELECT seq, status, at_ms, starts_ms, ends_ms, source, state_reason, rule"
                              " FROM transitions WHERE alert_id = ?1 ORDER BY seq DESC LIMIT ?2";
    struct db_stmt *stmt = page_ask(page, sql, alert_id);

    if (stmt)
        db_bind_int(stmt, 2, max);
    begin_list(page, "transitions");
    while (page_next(page, stmt))
        write_transition(page, alert_id, stmt);
    end_list(page);
}

static bool why_alert(struct page *page, int64_t id)
{
    struct db_stmt *stmt = page_ask(page, "SELECT " ALERT_COLUMNS " FROM alerts a WHERE a.id = ?1", id);

    if (!page_next(page, stmt))
        return false;
    sheet_open(&page->sheet);
    sheet_text(&page->sheet, "kind", "alert");
    page_write_alert(page, stmt);
    db_reset(stmt);
    page_write_transitions(page, id, WHY_TRANSITIONS_MAX);
    sheet_shut(&page->sheet);
    return true;
}

static void write_actions(struct page *page, int64_t incident_id)
{
    static const char sql[] = "SELECT id, verb, actor_kind, actor, at_ms, expires_ms, channel, note FROM actions"
                              " WHERE incident_id = ?1 ORDER BY id";
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, sql, incident_id);

    begin_list(page, "actions");
    while (page_next(page, stmt)) {
        sheet_open(sheet);
        sheet_id(sheet, "id", db_int(stmt, 0));
        sheet_text(sheet, "verb", db_text(stmt, 1));
        sheet_text(sheet, "actorKind", db_text(stmt, 2));
        sheet_text(sheet, "actor", db_text(stmt, 3));
        sheet_time(sheet, "at", db_int(stmt, 4));
        sheet_time(sheet, "expiresAt", db_int(stmt, 5));
        sheet_text(sheet, "channel", db_text(stmt, 6));
        sheet_text(sheet, "note", db_text(stmt, 7));
        sheet_shut(sheet);
    }
    end_list(page);
}

static void explain_incident(struct page *page, struct db_stmt *stmt)
{
    struct buf sentence = BUF_EMPTY(SENTENCE_MAX);
    int64_t opened_ms = db_int(stmt, I_OPENED), closed_ms = db_int(stmt, I_CLOSED);

    buf_addf(&sentence, "%s opened at ", text_or(db_text(stmt, I_TITLE), "It"));
    add_time(&sentence, opened_ms);
    if (closed_ms) {
        buf_add_text(&sentence, " and was over after ");
        add_seconds(&sentence, closed_ms - opened_ms);
        buf_add_char(&sentence, '.');
    } else
        buf_add_text(&sentence, " and is not over: something fires, or is still owed to a channel.");
    put_sentence(page, &sentence);
}

static bool why_incident(struct page *page, int64_t id)
{
    static const char deliveries[] = "SELECT " DELIVERY_COLUMNS " FROM deliveries d INDEXED BY deliveries_by_incident"
                                     " LEFT JOIN incidents i ON i.id = d.incident_id WHERE d.incident_id = ?1"
                                     " ORDER BY d.id DESC LIMIT ?2";
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, "SELECT " INCIDENT_COLUMNS " FROM incidents i WHERE i.id = ?1", id);

    if (!page_next(page, stmt))
        return false;
    sheet_open(sheet);
    sheet_text(sheet, "kind", "incident");
    page_write_incident(page, stmt);
    explain_incident(page, stmt);
    db_reset(stmt);
    stmt = page_ask(page, deliveries, id);
    if (stmt)
        db_bind_int(stmt, 2, WHY_DELIVERIES_MAX);
    begin_list(page, "deliveries");
    while (page_next(page, stmt)) {
        sheet_open(sheet);
        write_explained(page, stmt);
        sheet_shut(sheet);
    }
    end_list(page);
    write_actions(page, id);
    sheet_shut(sheet);
    return true;
}

/* A name people use: a fingerprint (the newest alert of that), or a reference (the open incident, else the newest). */
int64_t page_find(struct page *page, const char *sql, const char *name)
{
    struct db_stmt *stmt = page_ask(page, sql, 1);
    int64_t id = 0;

    if (!stmt)
        return 0;
    db_bind_text(stmt, 2, name);
    if (page_next(page, stmt)) {
        id = db_int(stmt, 0);
        db_reset(stmt);
    }
    return id;
}

bool page_why(struct page *page, const char *name)
{
    int64_t id;

    if (read_id(name, &id) && (page_write_whole_delivery(page, id, "delivery", true) || why_alert(page, id) || why_incident(page, id)))
        return true;
    if (read_line_id(name, &id) && why_alert(page, id))
        return true;
    id = page_find(page, "SELECT id FROM alerts WHERE fingerprint = ?2 ORDER BY id DESC LIMIT ?1", name);
    if (id)
        return why_alert(page, id);
    id = page_find(page, "SELECT id FROM incidents WHERE reference = upper(?2) AND closed_ms = 0 LIMIT ?1", name);
    if (!id)
        id = page_find(page, "SELECT id FROM incidents WHERE reference = upper(?2) AND closed_ms <> 0 ORDER BY id DESC LIMIT ?1", name);
    if (id)
        return why_incident(page, id);
    return page->failed ? false
                        : err_set(page->err, ERR_CONFLICT,
                                  "nothing is known as \"%.80s\": give the id of an alert, incident or delivery, an alert's "
                                  "fingerprint, or an incident's reference", name);
}
