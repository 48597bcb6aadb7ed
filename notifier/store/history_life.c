/* One alert's life in full: what it was, each change, each message that told of it and what the provider said. */
#include "notifier/store/page.h"

#include "base/text.h"
#include "notifier/core/record.h"

#define LIFE_TRANSITIONS_MAX 200 /* newest */
#define LIFE_DELIVERIES_MAX 50   /* newest */

static const char deliveries_of[] =
    "SELECT delivery_id FROM settlements WHERE alert_id = ?1 AND delivery_id > 0 UNION SELECT d.id FROM told t"
    " JOIN deliveries d INDEXED BY deliveries_open ON d.state = 0 AND d.group_id = t.group_id AND d.channel = t.channel"
    " WHERE t.alert_id = ?1 ORDER BY 1 DESC LIMIT ?2";

static int64_t count_transitions(struct page *page, int64_t alert_id)
{
    struct db_stmt *stmt = page_ask(page, "SELECT count(*) FROM transitions WHERE alert_id = ?1", alert_id);
    int64_t count = 0;

    if (page_next(page, stmt)) {
        count = db_int(stmt, 0);
        db_reset(stmt);
    }
    return count;
}

static void write_deliveries(struct page *page, int64_t alert_id)
{
    struct json_out *json = &page->sheet.json;
    int64_t ids[LIFE_DELIVERIES_MAX + 1];
    size_t count = 0;

    struct db_stmt *stmt = page_ask(page, deliveries_of, alert_id);
    if (stmt)
        db_bind_int(stmt, 2, LIFE_DELIVERIES_MAX + 1);
    while (page_next(page, stmt))
        ids[count++] = db_int(stmt, 0);
    sheet_bool(&page->sheet, "moreDeliveries", count > LIFE_DELIVERIES_MAX);
    json_member(json, "deliveries");
    json_open(json, '[');
    for (size_t i = 0; i < count && i < LIFE_DELIVERIES_MAX; i++)
        page_write_whole_delivery(page, ids[i], NULL, false); /* one that retention took is left out */
    json_shut(json, ']');
}

/* Members "flaps" and "flapsSince" of it: it comes and goes, and is told once it is calm. */
static void write_flaps(struct page *page, struct db_stmt *flaps)
{
    sheet_int(&page->sheet, "flaps", flaps ? db_int(flaps, 0) : 0);
    sheet_time(&page->sheet, "flapsSince", flaps ? db_int(flaps, 1) : 0);
    if (flaps)
        db_reset(flaps);
}

/* Member "hushed": null, or why it is not told while it fires. */
static void write_hush(struct page *page, int64_t alert_id, bool firing)
{
    static const char sql[] =
        "SELECT h.inhibited_by, s.id, s.comment, s.author, s.ends_ms, a.name FROM hushes h LEFT JOIN silences s ON s.number = h.silence_number"
        " LEFT JOIN alerts a ON a.id = h.inhibited_by WHERE h.alert_id = ?1";
    const struct history_receiver *muted = firing ? page_muted(page, alert_id) : NULL;
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, sql, alert_id);
    bool row = page_next(page, stmt);
    struct db_stmt *flaps = page_ask(page, "SELECT changes, since_ms FROM flaps WHERE alert_id = ?1 AND damped_ms > 0", alert_id);
    flaps = page_next(page, flaps) ? flaps : NULL;

    json_member(&sheet->json, "hushed");
    if (!row && !muted && !flaps) {
        json_put_null(&sheet->json);
        return;
    }
    sheet_open(sheet);
    sheet_text(sheet, "silence", row ? db_text(stmt, 1) : NULL);
    sheet_text(sheet, "comment", row ? db_text(stmt, 2) : NULL);
    sheet_text(sheet, "createdBy", row ? db_text(stmt, 3) : NULL);
    sheet_time(sheet, "endsAt", row ? db_int(stmt, 4) : 0);
    sheet_id(sheet, "inhibitedBy", row ? db_int(stmt, 0) : 0);
    sheet_text(sheet, "inhibitedByName", row ? db_text(stmt, 5) : NULL);
    page_write_muted(&sheet->json, muted);
    sheet_bool(sheet, "outside", muted && muted->outside);
    sheet_time(sheet, "mutedUntil", muted ? muted->muted_until_ms : 0);
    write_flaps(page, flaps);
    sheet_shut(sheet);
    if (row)
        db_reset(stmt);
}

bool page_life(struct page *page, const char *name)
{
    struct db_stmt *stmt;
    int64_t id = 0;

    if (!(name[0] >= '0' && name[0] <= '9' && text_to_int(name, &id, NULL) && id > 0 &&
          page_next(page, stmt = page_ask(page, "SELECT " ALERT_COLUMNS " FROM alerts a WHERE a.id = ?1", id)))) {
        id = page_find(page, "SELECT id FROM alerts WHERE fingerprint = ?2 ORDER BY id DESC LIMIT ?1", name);
        stmt = id ? page_ask(page, "SELECT " ALERT_COLUMNS " FROM alerts a WHERE a.id = ?1", id) : NULL;
        if (!page_next(page, stmt))
            return !page->failed && err_set(page->err, ERR_CONFLICT, "there is no alert \"%.80s\", or it is no longer kept", name);
    }
    sheet_open(&page->sheet);
    page_write_alert(page, stmt);
    bool firing = db_int(stmt, A_STATUS) == ALERT_FIRING;
    db_reset(stmt);
    write_hush(page, id, firing);
    sheet_int(&page->sheet, "transitionCount", count_transitions(page, id));
    page_write_transitions(page, id, LIFE_TRANSITIONS_MAX);
    write_deliveries(page, id);
    sheet_shut(&page->sheet);
    return true;
}
