/* Reads pages of lists, each in short transactions on a connection that only reads. */
#include "notifier/store/history.h"

#include "base/memory.h"
#include "base/text.h"
#include "notifier/store/api_v2.h"
#include "notifier/store/page.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define CHUNK_ROWS 5000          /* looked at in one transaction: a long reader holds up checkpoints */
#define KEY_DIGITS 11            /* base 64 digits of one 64-bit key */
#define CURSOR_LENGTH (2 + PAGE_KEYS_MAX * KEY_DIGITS)

struct history {
    char *path;
    struct db *db;               /* NULL: to be opened */
    struct arena *arena;
};

static const struct page_list *const lists[] = {
    [LIST_ALERTS] = &page_alerts,
    [LIST_INCIDENTS] = &page_incidents,
    [LIST_HISTORY] = &page_history,
    [LIST_DELIVERIES] = &page_deliveries,
    [LIST_DELIVERY] = NULL,
    [LIST_WHY] = NULL,
    [LIST_QUARANTINE] = &page_quarantine,
    [LIST_NOW] = NULL,
    [LIST_CHANNELS] = NULL,
    [LIST_LIFE] = NULL,
    [LIST_TIMELINE] = NULL,
    [LIST_SILENCES] = &page_silences,
    [LIST_API_ALERTS] = NULL,
    [LIST_API_GROUPS] = NULL,
    [LIST_API_SILENCES] = NULL,
    [LIST_API_SILENCE] = NULL,
    [LIST_AUDIT] = &page_audit,
    [LIST_GROUPS] = &page_groups,
    [LIST_QUARANTINED] = NULL,
    [LIST_QUARANTINED_BODY] = NULL,
};

/* The file may not be there yet: it is opened by the first query. */
struct history *history_open(const char *path)
{
    struct history *history = memory_zeroed(1, sizeof *history);

    history->path = memory_text(path);
    history->arena = arena_new();
    return history;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    db_close(history->db);
    arena_free(history->arena);
    free(history->path);
    free(history);
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void cursor_write(const struct page *page, char out[CURSOR_LENGTH + 1])
{
    size_t at = 0;

    out[at++] = digits[page->query->list];
    out[at++] = digits[page->phase];
    for (int i = 0; i < PAGE_KEYS_MAX; i++) {
        uint64_t key = (uint64_t)page->keys[i];
        for (int digit = 0; digit < KEY_DIGITS; digit++, key >>= 6)
            out[at++] = digits[key & 63];
    }
    out[at] = '\0';
}

static bool cursor_read(struct page *page, const char *text)
{
    int values[CURSOR_LENGTH];

    if (strlen(text) != CURSOR_LENGTH)
        return false;
    for (int i = 0; i < CURSOR_LENGTH; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit)
            return false;
        values[i] = (int)(digit - digits);
    }
    if (values[0] != (int)page->query->list)
        return false;
    page->phase = values[1];
    for (int i = 0; i < PAGE_KEYS_MAX; i++) {
        uint64_t key = 0;
        for (int digit = KEY_DIGITS; digit-- > 0;)
            key = key << 6 | (uint64_t)values[2 + i * KEY_DIGITS + digit];
        page->keys[i] = (int64_t)key;
    }
    return true;
}

static void start_at(struct page *page)
{
    for (int i = 0; i < PAGE_KEYS_MAX; i++)
        page->keys[i] = INT64_MAX;
}

/* Goes through at most CHUNK_ROWS rows of one statement. *end: there are no more in it. *full: the page is. */
static bool read_chunk(struct page *page, const struct page_list *list, const char *sql, bool *end, bool *full)
{
    struct db_stmt *stmt = db_prepare(page->db, sql, page->err);
    size_t rows = 0;

    if (!stmt)
        return false;
    for (int i = 0; i < list->keys; i++)
        db_bind_int(stmt, i + 1, page->keys[i]);
    db_bind_int(stmt, list->keys + 1, CHUNK_ROWS);
    while (page_next(page, stmt)) {
        if (page->written == page->limit || page->scanned == page->scan_max || page->effort > page->effort_max) {
            *full = true;
            db_reset(stmt);
            return true;
        }
        rows++;
        page->scanned++;
        page->effort += (size_t)list->effort;
        for (int i = 0; i < list->keys; i++)
            page->keys[i] = db_int(stmt, i);
        page->sheet.begun = false;
        enum page_row row = list->row(page, stmt);
        arena_reset(page->arena);
        page->written += row == ROW_WRITTEN;
        if (row == ROW_LAST) {
            db_reset(stmt);
            rows = 0;
            break;
        }
    }
    *end = rows < CHUNK_ROWS;
    return !page->failed;
}

bool page_read_list(struct page *page, const struct page_list *list, bool *full)
{
    const char *const *phases = list->phases(page->query);
    int count = 0;

    *full = false;
    while (phases[count])
        count++;
    if (page->phase >= count)
        return err_set(page->err, ERR_INPUT, "this cursor belongs to another list; begin without one");
    while (phases[page->phase]) {
        bool end = false;
        bool ok = db_begin(page->db, page->err) && read_chunk(page, list, phases[page->phase], &end, full);
        db_rollback(page->db);
        if (!ok)
            return false;
        if (*full)
            return true;
        if (end) {
            page->phase++;
            start_at(page);
        }
    }
    return true;
}

static bool write_list(struct page *page, const struct page_list *list)
{
    struct json_out *json = &page->sheet.json;
    char cursor[CURSOR_LENGTH + 1];
    bool full;

    if (page->sheet.csv) {
        buf_addf(page->sheet.buf, "%s\r\n", list->header);
        return page_read_list(page, list, &full);
    }
    json_open(json, '{');
    json_member(json, "items");
    json_open(json, '[');
    if (!page_read_list(page, list, &full))
        return false;
    json_shut(json, ']');
    if (full)
        cursor_write(page, cursor);
    json_set_text(json, "next", full ? cursor : NULL);
    json_shut(json, '}');
    return true;
}

static bool begin_page(struct page *page, struct history *history, const struct history_query *query, struct buf *out,
                       struct err *err)
{
    *page = (struct page){.db = history->db, .query = query, .severity_label = text_or(query->severity_label, "severity"),
                          .arena = history->arena, .err = err};
    page->sheet = (struct sheet){.buf = out, .json = json_out(out), .csv = query->csv && lists[query->list], .runes = query->runes};
    page->scan_max = query->list == LIST_TIMELINE ? HISTORY_TIMELINE_SCAN_MAX : HISTORY_SCAN_MAX;
    bool first = !(query->cursor && query->cursor[0]) && !page->sheet.csv;
    page->effort_max = query->list == LIST_TIMELINE ? HISTORY_TIMELINE_EFFORT_MAX : first ? HISTORY_FIRST_EFFORT_MAX : SIZE_MAX;
    page->limit = query->limit ? query->limit : LIMIT_DEFAULT;
    if (page->limit > HISTORY_PAGE_MAX)
        page->limit = HISTORY_PAGE_MAX;
    page->mutes = page_mutes(page);
    start_at(page);
    if (query->until_ms && (query->list == LIST_HISTORY || query->list == LIST_TIMELINE)) {
        page->keys[0] = query->until_ms; /* what is newer need not be looked at */
        page->keys[1] = page->keys[2] = 0;
    }
    if (query->cursor && query->cursor[0] && !cursor_read(page, query->cursor))
        return err_set(err, ERR_INPUT, "this cursor is not valid here; begin without one");
    if (query->matcher_count > HISTORY_MATCHERS_MAX)
        return err_set(err, ERR_INPUT, "more than %d matchers", HISTORY_MATCHERS_MAX);
    for (size_t i = 0; i < query->matcher_count; i++)
        if (!(page->matchers[i] = matcher_parse(query->matchers[i], err)))
            return false;
    page_find_needles(page);
    return true;
}

/* One thing by its id, or one object about everything. */
static bool write_object(struct page *page)
{
    const char *id = page->query->id;

    switch (page->query->list) {
    case LIST_NOW:
        return page_now(page);
    case LIST_CHANNELS:
        return page_channels(page);
    case LIST_TIMELINE:
        db_rollback(page->db); /* it makes transactions of its own, short ones */
        return page_write_timeline(page);
    case LIST_API_ALERTS:
    case LIST_API_GROUPS:
    case LIST_API_SILENCES:
    case LIST_API_SILENCE:
        return api_v2_write(page);
    case LIST_DELIVERY:
    case LIST_WHY:
    case LIST_LIFE:
    case LIST_QUARANTINED:
    case LIST_QUARANTINED_BODY:
        if (!id || !id[0])
            return err_set(page->err, ERR_INPUT, "an id is missing: of an alert, an incident or a delivery");
        if (page->query->list == LIST_QUARANTINED || page->query->list == LIST_QUARANTINED_BODY)
            return page_quarantined(page, id, page->query->list == LIST_QUARANTINED_BODY);
        return page->query->list == LIST_DELIVERY ? page_one_delivery(page, id)
               : page->query->list == LIST_WHY    ? page_why(page, id)
                                                  : page_life(page, id);
    case LIST_ALERTS:
    case LIST_INCIDENTS:
    case LIST_HISTORY:
    case LIST_DELIVERIES:
    case LIST_QUARANTINE:
    case LIST_AUDIT:
    case LIST_GROUPS:
    case LIST_SILENCES:
        break;
    }
    assert(!"a list is no object");
    return false;
}

static bool write_one(struct page *page)
{
    bool ok = db_begin(page->db, page->err) && write_object(page) && !page->failed;

    db_rollback(page->db);
    return ok;
}

static bool check_status(const struct history_query *query, struct err *err)
{
    static const struct { enum history_list list; const char *words; } known[] = {
        {LIST_ALERTS, "firing"},       {LIST_ALERTS, "resolved"},      {LIST_ALERTS, "all"},
        {LIST_INCIDENTS, "open"},      {LIST_INCIDENTS, "acked"},      {LIST_INCIDENTS, "closed"},
        {LIST_HISTORY, "firing"},      {LIST_HISTORY, "resolved"},     {LIST_HISTORY, "open"},
        {LIST_HISTORY, "delivered"},   {LIST_HISTORY, "carried"},      {LIST_HISTORY, "suppressed"},
        {LIST_HISTORY, "dead"},        {LIST_DELIVERIES, "open"},      {LIST_DELIVERIES, "delivered"},
        {LIST_DELIVERIES, "carried"},  {LIST_DELIVERIES, "suppressed"}, {LIST_DELIVERIES, "dead"},
        {LIST_SILENCES, "active"},     {LIST_SILENCES, "pending"},     {LIST_SILENCES, "expired"},
    };
    struct buf words = BUF_EMPTY(ERR_TEXT_MAX);
    enum history_list list = query->list == LIST_TIMELINE ? LIST_HISTORY : query->list;
    bool ok = !query->status;

    for (size_t i = 0; i < LENGTH(known) && !ok; i++) {
        if (known[i].list != list)
            continue;
        ok = text_equal(known[i].words, query->status);
        buf_addf(&words, "%s%s", words.length ? ", " : "", known[i].words);
    }
    if (!ok)
        err_set(err, ERR_INPUT, words.length ? "status \"%.40s\" is not one of %s" : "a status \"%.40s\" has no meaning here%s",
                query->status, buf_text(&words));
    buf_free(&words);
    return ok;
}

bool history_run(struct history *history, const struct history_query *query, struct buf *out, struct err *err)
{
    struct page page = {0};
    struct err own = {0};
    bool ok = false;

    if (!err)
        err = &own;
    if (!check_status(query, err))
        return false;
    if (!history->db)
        history->db = db_open(history->path, DB_READ, NULL, err);
    if (!history->db)
        return false;
    if (begin_page(&page, history, query, out, err))
        ok = lists[query->list] ? write_list(&page, lists[query->list]) : write_one(&page);
    page_free(&page);
    arena_reset(history->arena);
    if (ok && out->full)
        ok = err_set(err, ERR_LIMIT, "the answer is longer than %zu bytes; ask for fewer rows", out->limit);
    if (!ok && (err->kind == ERR_STORAGE || err->kind == ERR_DAMAGED)) {
        db_close(history->db);
        history->db = NULL;
    }
    return ok;
}
