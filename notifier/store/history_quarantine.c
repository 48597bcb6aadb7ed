/* Bodies that nobody understood: the list, one of them with its text, and its bytes as they came. */
#include "notifier/store/page.h"

#include "base/text.h"

enum { Q_ID, Q_RECEIVED, Q_SOURCE, Q_WHY, Q_BYTES, Q_BODY };

static void write_facts(struct sheet *sheet, struct db_stmt *stmt)
{
    sheet_id(sheet, "id", db_int(stmt, Q_ID));
    sheet_text(sheet, "source", db_text(stmt, Q_SOURCE));
    sheet_time(sheet, "receivedAt", db_int(stmt, Q_RECEIVED));
    sheet_text(sheet, "why", db_text(stmt, Q_WHY));
    sheet_int(sheet, "bytes", db_int(stmt, Q_BYTES));
}

static void write_body(struct sheet *sheet, const char *key, struct db_stmt *stmt)
{
    size_t length;
    const char *body = db_blob(stmt, Q_BODY, &length);
    struct buf clean = BUF_EMPTY(3 * length + 16); /* a byte that is none becomes three */

    if (body)
        text_add_clean(&clean, body, length);
    sheet_text(sheet, key, buf_text(&clean));
    buf_free(&clean);
}

static enum page_row quarantine_row(struct page *page, struct db_stmt *stmt)
{
    struct sheet *sheet = &page->sheet;

    if (!page_is(page->query->source, db_text(stmt, Q_SOURCE)) || !page_in_time(page, db_int(stmt, Q_RECEIVED)))
        return ROW_SKIPPED;
    sheet_open(sheet);
    write_facts(sheet, stmt);
    write_body(sheet, "start", stmt);
    sheet_shut(sheet);
    return ROW_WRITTEN;
}

static const char *const *quarantine_phases(const struct history_query *query)
{
    static const char *const newest_first[] = {
        "SELECT id, received_ms, source, why, length(body), substr(body, 1, 200) FROM quarantine WHERE id < ?1"
        " ORDER BY id DESC LIMIT ?2", NULL};
    (void)query;
    return newest_first;
}

const struct page_list page_quarantine = {"id,source,receivedAt,why,bytes,start", 5, 1, quarantine_phases, quarantine_row};

bool page_quarantined(struct page *page, const char *id, bool as_it_came)
{
    static const char start[] = "SELECT id, received_ms, source, why, length(body), substr(body, 1, 65536) FROM quarantine WHERE id = ?1";
    static const char whole[] = "SELECT id, received_ms, source, why, length(body), body FROM quarantine WHERE id = ?1";
    struct err ignored;
    int64_t number = 0;
    size_t length;

    struct db_stmt *stmt = text_to_int(id, &number, &ignored) ? page_ask(page, as_it_came ? whole : start, number) : NULL;
    if (!page_next(page, stmt))
        return page->failed ? false : err_set(page->err, ERR_CONFLICT, "no message \"%.40s\" is kept in quarantine", id);
    if (as_it_came) {
        const char *body = db_blob(stmt, Q_BODY, &length);
        buf_add(page->sheet.buf, body ? body : "", body ? length : 0);
    } else {
        sheet_open(&page->sheet);
        write_facts(&page->sheet, stmt);
        write_body(&page->sheet, "text", stmt);
        sheet_shut(&page->sheet);
    }
    db_reset(stmt);
    return true;
}
