/* The groups there are: what belongs together, when it is told next, and what is on its way. */
#include "notifier/store/page.h"

#include <string.h>

enum { G_ID, G_NODE, G_LABELS, G_CREATED, G_DUE, G_FLUSHED, G_INCIDENT, G_REFERENCE, G_SEVERITY, G_TITLE };

/* In CSV "mail:17 chat:18", in JSON [{"id":"17","channel":"mail"}]. */
static void write_deliveries(struct page *page, int64_t group_id)
{
    static const char sql[] = "SELECT d.id, d.channel FROM deliveries d INDEXED BY deliveries_open WHERE d.state = 0 AND d.group_id = ?1"
                              " ORDER BY d.channel LIMIT ?2";
    struct buf text = BUF_EMPTY(64 * 1024);
    struct json_out json = json_out(&text);
    struct db_stmt *stmt = page_ask(page, sql, group_id);

    if (stmt)
        db_bind_int(stmt, 2, PAGE_RELATED_MAX);
    if (!page->sheet.csv)
        json_open(&json, '[');
    while (stmt && page_next(page, stmt)) {
        if (page->sheet.csv) {
            buf_addf(&text, "%s%s:%lld", text.length ? " " : "", db_text(stmt, 1), (long long)db_int(stmt, 0));
            continue;
        }
        struct buf id = BUF_EMPTY(32);
        buf_addf(&id, "%lld", (long long)db_int(stmt, 0));
        json_open(&json, '{');
        json_set_text(&json, "id", buf_text(&id));
        json_set_text(&json, "channel", db_text(stmt, 1));
        json_shut(&json, '}');
        buf_free(&id);
    }
    if (!page->sheet.csv)
        json_shut(&json, ']');
    sheet_json(&page->sheet, "openDeliveries", buf_text(&text));
    buf_free(&text);
}

static enum page_row group_row(struct page *page, struct db_stmt *stmt)
{
    struct sheet *sheet = &page->sheet;

    if (!page_in_time(page, db_int(stmt, G_CREATED)) || !page_is(page->query->severity, db_text(stmt, G_SEVERITY)) ||
        !page_fits(page, db_text(stmt, G_LABELS)))
        return ROW_SKIPPED;
    sheet_open(sheet);
    sheet_id(sheet, "id", db_int(stmt, G_ID));
    sheet_text(sheet, "route", db_text(stmt, G_NODE));
    sheet_json(sheet, "labels", db_text(stmt, G_LABELS));
    sheet_time(sheet, "createdAt", db_int(stmt, G_CREATED));
    sheet_time(sheet, "toldNextAt", db_int(stmt, G_DUE));
    sheet_time(sheet, "toldLastAt", db_int(stmt, G_FLUSHED));
    sheet_id(sheet, "incident", db_int(stmt, G_INCIDENT));
    sheet_text(sheet, "reference", db_text(stmt, G_REFERENCE));
    sheet_text(sheet, "severity", db_text(stmt, G_SEVERITY));
    sheet_text(sheet, "title", db_text(stmt, G_TITLE));
    write_deliveries(page, db_int(stmt, G_ID));
    sheet_shut(sheet);
    return ROW_WRITTEN;
}

static const char *const *group_phases(const struct history_query *query)
{
    static const char *const newest_first[] = {
        "SELECT g.id, g.node_id, g.labels, g.created_ms, g.flush_due_ms, g.flushed_ms, i.id, i.reference, i.severity_name, i.title"
        " FROM groups g INDEXED BY groups_live LEFT JOIN incidents i ON i.id = g.incident_id AND i.closed_ms = 0"
        " WHERE g.gone = 0 AND g.id < ?1 ORDER BY g.id DESC LIMIT ?2", NULL};
    (void)query;
    return newest_first;
}

const struct page_list page_groups = {"id,route,labels,createdAt,toldNextAt,toldLastAt,incident,reference,severity,title,openDeliveries", 10, 1,
                                      group_phases, group_row};
