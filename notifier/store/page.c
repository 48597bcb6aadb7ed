#include "notifier/store/page.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"
#include "notifier/core/record.h"
#include "notifier/store/flat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOME_SCAN_MAX 256 /* settlements looked at for one transition */

int history_receiver_order(const void *a, const void *b)
{
    const struct history_receiver *left = a, *right = b;
    return strcmp(left->node_id, right->node_id);
}

struct db_stmt *page_ask(struct page *page, const char *sql, int64_t key)
{
    struct db_stmt *stmt = page->failed ? NULL : db_prepare(page->db, sql, page->err);

    page->effort += HISTORY_LOOK;
    if (!stmt)
        page->failed = true;
    else
        db_bind_int(stmt, 1, key);
    return stmt;
}

bool page_next(struct page *page, struct db_stmt *stmt)
{
    bool row = false;

    page->effort++;
    if (!stmt || page->failed)
        return false;
    if (!db_step(stmt, &row, page->err))
        page->failed = true;
    else if (!row)
        db_reset(stmt);
    return row;
}

/* Most labels that a matcher does not want are found out without being taken apart. */
void page_find_needles(struct page *page)
{
    for (size_t i = 0; i < page->query->matcher_count; i++) {
        struct label label = {matcher_name(page->matchers[i]), matcher_value(page->matchers[i])};
        struct buf text = BUF_EMPTY(1u << 20);
        if (matcher_kind(page->matchers[i]) != MATCH_EQUAL || !label.value[0])
            continue;
        flat_add(&text, &(struct labels){&label, 1});
        if (!text.full && text.length > 2)
            page->needles[i] = memory_text_part(buf_text(&text) + 1, text.length - 2);
        buf_free(&text);
    }
}

void page_free(struct page *page)
{
    for (size_t i = 0; i < LENGTH(page->matchers); i++) {
        matcher_close(page->matchers[i]);
        free(page->needles[i]);
    }
    verdicts_free(page->verdicts);
}

bool page_fits(struct page *page, const char *text)
{
    struct labels labels;

    if (!page->query->matcher_count)
        return true;
    for (size_t i = 0; i < page->query->matcher_count; i++)
        if (page->needles[i] && text && !strstr(text, page->needles[i]))
            return false;
    if (!flat_read(text, page->arena, &labels))
        return false;
    for (size_t i = 0; i < page->query->matcher_count; i++)
        if (!matcher_matches(page->matchers[i], &labels))
            return false;
    return true;
}

bool page_has_severity(struct page *page, const char *labels)
{
    return !page->query->severity || text_equal(page_severity(page, labels), page->query->severity);
}

bool page_in_time(const struct page *page, int64_t at_ms)
{
    return (!page->query->since_ms || at_ms >= page->query->since_ms) &&
           (!page->query->until_ms || at_ms < page->query->until_ms);
}

bool page_is(const char *wanted, const char *text)
{
    return !wanted || text_equal(wanted, text);
}

const char *page_severity(struct page *page, const char *text)
{
    struct labels labels;

    return flat_read(text, page->arena, &labels) ? labels_get(&labels, page->severity_label) : NULL;
}

bool page_has_text(struct page *page, const char *const *texts, size_t count)
{
    bool found = !page->query->text;

    for (size_t i = 0; i < count && !found; i++)
        found = texts[i] && strcasestr(texts[i], page->query->text);
    return found;
}

void sheet_open(struct sheet *sheet)
{
    if (!sheet->csv)
        json_open(&sheet->json, '{');
    sheet->begun = false;
}

void sheet_shut(struct sheet *sheet)
{
    if (sheet->csv)
        buf_add_text(sheet->buf, "\r\n");
    else
        json_shut(&sheet->json, '}');
}

static void cell(struct sheet *sheet, const char *text)
{
    if (sheet->begun)
        buf_add_char(sheet->buf, ',');
    sheet->begun = true;
    if (text)
        text_add_csv(sheet->buf, text);
}

static void set_cut(struct sheet *sheet, const char *key, const char *text, size_t length)
{
    struct buf start = BUF_EMPTY(length + 8);

    buf_add(&start, text, length);
    buf_add_text(&start, "\u2026");
    json_set_text(&sheet->json, key, buf_text(&start));
    buf_free(&start);
}

void sheet_text(struct sheet *sheet, const char *key, const char *text)
{
    size_t length = text && sheet->runes ? text_prefix(text, sheet->runes) : 0;

    if (sheet->csv)
        cell(sheet, text);
    else if (length && text[length])
        set_cut(sheet, key, text, length);
    else
        json_set_text(&sheet->json, key, text);
}

void page_write_labels(struct page *page, const char *key, const char *stored)
{
    struct sheet *sheet = &page->sheet;
    struct labels labels;

    if (!sheet->runes || sheet->csv || !stored || !flat_read(stored, page->arena, &labels)) {
        sheet_json(sheet, key, stored);
        return;
    }
    json_member(&sheet->json, key);
    json_open(&sheet->json, '{');
    for (size_t i = 0; i < labels.count && i < HISTORY_LABELS_MAX; i++) {
        size_t length = text_prefix(labels.items[i].name, sheet->runes);
        sheet_text(sheet, arena_bytes(page->arena, labels.items[i].name, length), labels.items[i].value);
    }
    json_shut(&sheet->json, '}');
}

void sheet_id(struct sheet *sheet, const char *key, int64_t id)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)id);
    sheet_text(sheet, key, id ? text : NULL);
}

void sheet_int(struct sheet *sheet, const char *key, int64_t value)
{
    char text[24];

    if (!sheet->csv) {
        json_set_int(&sheet->json, key, value);
        return;
    }
    /* A number needs no guard against formulas, and would be a text with one. */
    snprintf(text, sizeof text, "%lld", (long long)value);
    cell(sheet, NULL);
    buf_add_text(sheet->buf, text);
}

void sheet_bool(struct sheet *sheet, const char *key, bool value)
{
    if (sheet->csv)
        cell(sheet, value ? "true" : "false");
    else
        json_set_bool(&sheet->json, key, value);
}

void sheet_time(struct sheet *sheet, const char *key, int64_t wall_ms)
{
    struct buf text = BUF_EMPTY(64);

    if (wall_ms)
        zone_add_rfc3339(&text, wall_ms);
    sheet_text(sheet, key, wall_ms ? buf_text(&text) : NULL);
    buf_free(&text);
}

void sheet_seconds(struct sheet *sheet, const char *key, int64_t ms)
{
    char text[32] = "";

    if (ms >= 0)
        snprintf(text, sizeof text, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
    sheet_json(sheet, key, ms >= 0 ? text : NULL);
}

void sheet_json(struct sheet *sheet, const char *key, const char *json)
{
    if (sheet->csv) {
        cell(sheet, json);
        return;
    }
    json_member(&sheet->json, key);
    if (json)
        json_put_raw(&sheet->json, json);
    else
        json_put_null(&sheet->json);
}

/* By a settlement of an earlier transition than seq. */
static bool is_listed(const struct page_outcome *outcomes, const int64_t *seqs, size_t count, const char *channel,
                      int64_t slot, int64_t seq)
{
    for (size_t i = 0; i < count; i++)
        if (outcomes[i].slot == slot && text_equal(outcomes[i].channel, channel) && seqs[i] != seq)
            return true;
    return false;
}

/* What settled a transition is the first settlement at or behind it; a retried dead letter has a second one there. */
static size_t settled_outcomes(struct page *page, int64_t alert_id, int64_t seq, struct page_outcome out[PAGE_OUTCOMES_MAX])
{
    static const char sql[] = "SELECT channel, slot, settled, delivery_id, at_ms, rule, seq FROM settlements"
                              " WHERE alert_id = ?1 AND seq >= ?2 ORDER BY seq, channel, slot, at_ms LIMIT ?3";
    int64_t seqs[PAGE_OUTCOMES_MAX];
    size_t count = 0;

    struct db_stmt *stmt = page_ask(page, sql, alert_id);
    if (!stmt)
        return 0;
    db_bind_int(stmt, 2, seq);
    db_bind_int(stmt, 3, OUTCOME_SCAN_MAX);
    while (page_next(page, stmt)) {
        const char *channel = db_text(stmt, 0);
        int64_t slot = db_int(stmt, 1), settled_seq = db_int(stmt, 6);
        if (count == PAGE_OUTCOMES_MAX || is_listed(out, seqs, count, channel, slot, settled_seq))
            continue;
        seqs[count] = settled_seq;
        out[count++] = (struct page_outcome){.channel = arena_text(page->arena, channel), .slot = slot,
                                             .settled = db_int(stmt, 2), .delivery_id = db_int(stmt, 3),
                                             .at_ms = db_int(stmt, 4), .rule = arena_text(page->arena, db_text(stmt, 5))};
    }
    return count;
}

size_t page_outcomes(struct page *page, int64_t alert_id, int64_t seq, struct page_outcome out[PAGE_OUTCOMES_MAX])
{
    static const char sql[] =
        "SELECT t.channel, t.slot, t.owed_ms, (SELECT d.id FROM deliveries d INDEXED BY deliveries_open"
        " WHERE d.state = 0 AND d.group_id = t.group_id AND d.channel = t.channel)"
        " FROM told t WHERE t.alert_id = ?1 AND t.settled_seq < ?2 AND t.owed_seq >= ?2 AND t.owed_seq > t.settled_seq"
        " ORDER BY t.channel, t.slot";
    size_t count = settled_outcomes(page, alert_id, seq, out);

    struct db_stmt *stmt = page_ask(page, sql, alert_id);
    if (!stmt)
        return count;
    db_bind_int(stmt, 2, seq);
    while (page_next(page, stmt))
        if (count < PAGE_OUTCOMES_MAX)
            out[count++] = (struct page_outcome){.channel = arena_text(page->arena, db_text(stmt, 0)), .slot = db_int(stmt, 1),
                                                 .settled = SETTLED_OPEN, .at_ms = db_int(stmt, 2), .delivery_id = db_int(stmt, 3)};
    return count;
}

const struct history_receiver *page_receiver(const struct page *page, const char *node_id)
{
    const struct history_receiver key = {.node_id = node_id};

    return page->query->receiver_count
               ? bsearch(&key, page->query->receivers, page->query->receiver_count, sizeof key, history_receiver_order)
               : NULL;
}

bool page_mutes(const struct page *page)
{
    for (size_t i = 0; i < page->query->receiver_count; i++)
        if (page->query->receivers[i].muted_count)
            return true;
    return false;
}

const struct history_receiver *page_muted(struct page *page, int64_t alert_id)
{
    static const char sql[] = "SELECT DISTINCT g.node_id FROM told t JOIN groups g ON g.id = t.group_id WHERE t.alert_id = ?1";
    const struct history_receiver *muted = NULL;

    if (!page->mutes)
        return NULL;
    struct db_stmt *stmt = page_ask(page, sql, alert_id);
    while (page_next(page, stmt)) {
        const struct history_receiver *receiver = page_receiver(page, db_text(stmt, 0));
        if (!receiver || !receiver->muted_count) {
            db_reset(stmt);
            return NULL;
        }
        muted = muted ? muted : receiver;
    }
    return muted;
}

void page_write_muted(struct json_out *json, const struct history_receiver *muted)
{
    json_member(json, "mutedBy");
    json_open(json, '[');
    for (size_t i = 0; muted && i < muted->muted_count; i++)
        json_put_text(json, muted->muted_by[i]);
    json_shut(json, ']');
}
