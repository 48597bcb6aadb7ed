/* The book of changes. */
#include "notifier/store/page.h"

enum { U_ID, U_AT, U_STATUS, U_WHO, U_VIA, U_ADDRESS, U_METHOD, U_TARGET, U_DETAIL };

static enum page_row audit_row(struct page *page, struct db_stmt *stmt)
{
    struct sheet *sheet = &page->sheet;

    if (!page_is(page->query->who, db_text(stmt, U_WHO)) || !page_in_time(page, db_int(stmt, U_AT)))
        return ROW_SKIPPED;
    sheet_open(sheet);
    sheet_id(sheet, "id", db_int(stmt, U_ID));
    sheet_time(sheet, "at", db_int(stmt, U_AT));
    sheet_text(sheet, "who", db_text(stmt, U_WHO));
    sheet_text(sheet, "via", db_text(stmt, U_VIA));
    sheet_text(sheet, "address", db_text(stmt, U_ADDRESS));
    sheet_text(sheet, "method", db_text(stmt, U_METHOD));
    sheet_text(sheet, "target", db_text(stmt, U_TARGET));
    sheet_int(sheet, "status", db_int(stmt, U_STATUS));
    sheet_text(sheet, "detail", db_text(stmt, U_DETAIL));
    sheet_shut(sheet);
    return ROW_WRITTEN;
}

static const char *const *audit_phases(const struct history_query *query)
{
    static const char *const newest_first[] = {"SELECT id, at_ms, status, who, via, address, method, target, detail FROM audit"
                                               " WHERE id < ?1 ORDER BY id DESC LIMIT ?2", NULL};
    (void)query;
    return newest_first;
}

const struct page_list page_audit = {"id,at,who,via,address,method,target,status,detail", 3, 1, audit_phases, audit_row};
