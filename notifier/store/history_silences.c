/* Silences for people: those in force and to come, then those that are over, each newest first. */
#include "notifier/store/page.h"

#include "base/text.h"
#include "notifier/core/record.h"

enum { S_NUMBER, S_ID, S_STATE, S_STARTS, S_ENDS, S_UPDATED, S_AUTHOR, S_COMMENT, S_MATCHERS };

static enum page_row silence_row(struct page *page, struct db_stmt *stmt)
{
    const struct history_query *query = page->query;
    const char *state = silence_state_text((enum silence_state)db_int(stmt, S_STATE));
    const char *const texts[] = {db_text(stmt, S_ID), db_text(stmt, S_AUTHOR), db_text(stmt, S_COMMENT), db_text(stmt, S_MATCHERS)};
    struct sheet *sheet = &page->sheet;

    if (!page_is(query->status, state) || !page_in_time(page, db_int(stmt, S_UPDATED)) || !page_has_text(page, texts, LENGTH(texts)))
        return ROW_SKIPPED;
    sheet_open(sheet);
    sheet_text(sheet, "id", db_text(stmt, S_ID));
    sheet_text(sheet, "state", state);
    sheet_time(sheet, "startsAt", db_int(stmt, S_STARTS));
    sheet_time(sheet, "endsAt", db_int(stmt, S_ENDS));
    sheet_time(sheet, "updatedAt", db_int(stmt, S_UPDATED));
    sheet_text(sheet, "createdBy", db_text(stmt, S_AUTHOR));
    sheet_text(sheet, "comment", db_text(stmt, S_COMMENT));
    sheet_json(sheet, "matchers", db_text(stmt, S_MATCHERS));
    sheet_shut(sheet);
    return ROW_WRITTEN;
}

#define SILENCES_BELOW(condition)                                                                                      \
    "SELECT number, id, state, starts_ms, ends_ms, updated_ms, author, comment, matchers FROM silences WHERE " condition \
    " AND number < ?1 ORDER BY number DESC LIMIT ?2"

static const char *const *silence_phases(const struct history_query *query)
{
    static const char *const both[] = {SILENCES_BELOW("state <> 2"), SILENCES_BELOW("state = 2"), NULL};

    (void)query;
    return both;
}

const struct page_list page_silences = {"id,state,startsAt,endsAt,updatedAt,createdBy,comment,matchers", 5, 1, silence_phases, silence_row};
