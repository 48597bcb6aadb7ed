/* How much happened when: the transitions a history would list, counted in equal parts of its time. */
#include "notifier/store/page.h"

static void write_bars(struct page *page, const char *key, const int64_t *bars)
{
    struct json_out *json = &page->sheet.json;

    json_member(json, key);
    json_open(json, '[');
    for (size_t i = 0; i < HISTORY_TIMELINE_BARS; i++)
        json_put_int(json, bars[i]);
    json_shut(json, ']');
}

bool page_write_timeline(struct page *page)
{
    struct page_timeline *timeline = &page->timeline;
    struct sheet *sheet = &page->sheet;
    bool cut;

    timeline->since_ms = page->query->since_ms;
    timeline->until_ms = page->query->until_ms;
    if (timeline->since_ms <= 0 || timeline->until_ms <= timeline->since_ms)
        return err_set(page->err, ERR_INPUT, "a timeline needs a time that begins before it ends");
    if (!page_read_list(page, &page_timeline, &cut))
        return false;
    sheet_open(sheet);
    sheet_time(sheet, "since", timeline->since_ms);
    sheet_time(sheet, "until", timeline->until_ms);
    sheet_time(sheet, "completeFrom", cut ? page->keys[0] : timeline->since_ms); /* older ones were not looked at */
    sheet_bool(sheet, "complete", !cut);
    write_bars(page, "firing", timeline->firing);
    write_bars(page, "resolved", timeline->resolved);
    sheet_shut(sheet);
    return true;
}
