#include "notifier/store/api_v2.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/zone.h"
#include "notifier/store/api_v2_private.h"

#include <stdlib.h>
#include <string.h>

void api_put_time(struct api *api, const char *key, int64_t wall_ms)
{
    struct buf text = BUF_EMPTY(64);

    zone_add_rfc3339(&text, wall_ms);
    json_set_text(api->out, key, buf_text(&text));
    buf_free(&text);
}

/* Silences. */

static struct cJSON *parse(const char *text)
{
    struct err ignored;
    return json_parse(text, strlen(text), &ignored);
}

static bool add_active_silence(struct api *api, struct db_stmt *stmt)
{
    struct cJSON *json = parse(db_text(stmt, 1));
    struct silence_row *row;

    api->silences = memory_resized(api->silences, (api->silence_count + 1) * sizeof api->silences[0]);
    row = &api->silences[api->silence_count++];
    *row = (struct silence_row){.id = memory_text(db_text(stmt, 0))};
    for (const struct cJSON *one = json_first(json); one && row->matcher_count < SILENCE_MATCHERS_MAX; one = json_next(one)) {
        bool equal = json_get_bool(one, "isEqual", true), regex = json_get_bool(one, "isRegex", false);
        row->matchers[row->matcher_count] = matcher_new(json_get_text(one, "name"),
                                                        regex ? (equal ? MATCH_REGEX : MATCH_NOT_REGEX) : (equal ? MATCH_EQUAL : MATCH_NOT_EQUAL),
                                                        json_get_text(one, "value"), api->page->err);
        if (!row->matchers[row->matcher_count])
            break;
        row->matcher_count++;
    }
    json_close(json);
    return true;
}

static bool read_active_silences(struct api *api)
{
    static const char sql[] = "SELECT id, matchers FROM silences INDEXED BY silences_live WHERE gone = 0 AND state = 1 ORDER BY number";
    struct db_stmt *stmt = db_prepare(api->page->db, sql, api->page->err);
    bool row;

    if (!stmt)
        return false;
    while (db_step(stmt, &row, api->page->err)) {
        if (!row) {
            db_reset(stmt);
            return true;
        }
        add_active_silence(api, stmt);
    }
    return false;
}

/* As Alertmanager does: a silence's matchers are looked at as if they were labels. */
static bool silence_fits(struct api *api, const struct cJSON *matchers)
{
    struct label items[SILENCE_MATCHERS_MAX];
    struct labels labels = {.items = items};

    for (const struct cJSON *one = json_first(matchers); one && labels.count < SILENCE_MATCHERS_MAX; one = json_next(one))
        items[labels.count++] = (struct label){json_get_text(one, "name"), json_get_text(one, "value")};
    labels_settle(&labels);
    for (size_t i = 0; i < api->page->query->matcher_count; i++)
        if (!matcher_matches(api->page->matchers[i], &labels))
            return false;
    return true;
}

enum { S_ID, S_STATE, S_STARTS, S_ENDS, S_UPDATED, S_AUTHOR, S_COMMENT, S_MATCHERS };
#define SILENCE_COLUMNS "id, state, starts_ms, ends_ms, updated_ms, author, comment, matchers"

static void write_silence(struct api *api, struct db_stmt *stmt)
{
    json_open(api->out, '{');
    json_set_text(api->out, "id", db_text(stmt, S_ID));
    json_member(api->out, "status");
    json_open(api->out, '{');
    json_set_text(api->out, "state", silence_state_text((enum silence_state)db_int(stmt, S_STATE)));
    json_shut(api->out, '}');
    api_put_time(api, "updatedAt", db_int(stmt, S_UPDATED));
    json_set_text(api->out, "comment", db_text(stmt, S_COMMENT));
    json_set_text(api->out, "createdBy", db_text(stmt, S_AUTHOR));
    api_put_time(api, "endsAt", db_int(stmt, S_ENDS));
    json_member(api->out, "matchers");
    json_put_raw(api->out, db_text(stmt, S_MATCHERS));
    api_put_time(api, "startsAt", db_int(stmt, S_STARTS));
    json_shut(api->out, '}');
}

static bool write_silences(struct api *api)
{
    static const char sql[] = "SELECT " SILENCE_COLUMNS " FROM silences INDEXED BY silences_live WHERE gone = 0"
                              " ORDER BY CASE state WHEN 1 THEN 0 WHEN 0 THEN 1 ELSE 2 END,"
                              " CASE state WHEN 1 THEN ends_ms WHEN 0 THEN starts_ms ELSE -ends_ms END, number";
    struct db_stmt *stmt = db_prepare(api->page->db, sql, api->page->err);
    bool row;

    if (!stmt)
        return false;
    json_open(api->out, '[');
    while (db_step(stmt, &row, api->page->err)) {
        if (!row) {
            db_reset(stmt);
            json_shut(api->out, ']');
            return true;
        }
        struct cJSON *matchers = parse(db_text(stmt, S_MATCHERS));
        if (silence_fits(api, matchers))
            write_silence(api, stmt);
        json_close(matchers);
    }
    return false;
}

static bool write_one_silence(struct api *api)
{
    struct db_stmt *stmt = db_prepare(api->page->db, "SELECT " SILENCE_COLUMNS " FROM silences WHERE id = ?1", api->page->err);
    bool row;

    if (!stmt)
        return false;
    db_bind_text(stmt, 1, api->page->query->id);
    if (!db_step(stmt, &row, api->page->err))
        return false;
    if (!row)
        return err_set(api->page->err, ERR_CONFLICT, "there is no silence %.40s", api->page->query->id);
    write_silence(api, stmt);
    db_reset(stmt);
    return true;
}

static bool write_list(struct api *api)
{
    switch (api->page->query->list) {
    case LIST_API_ALERTS: return read_active_silences(api) && api_write_alerts(api);
    case LIST_API_GROUPS: return read_active_silences(api) && api_write_groups(api);
    case LIST_API_SILENCES: return write_silences(api);
    default: return write_one_silence(api);
    }
}

bool api_v2_write(struct page *page)
{
    struct api api = {.page = page, .out = &page->sheet.json};
    const char *receiver = page->query->receiver_regex;
    bool ok = true;

    if (receiver && !(api.receiver = matcher_new("receiver", MATCH_REGEX, receiver, page->err)))
        return false;
    ok = write_list(&api);
    matcher_close(api.receiver);
    for (size_t i = 0; i < api.silence_count; i++) {
        for (size_t m = 0; m < api.silences[i].matcher_count; m++)
            matcher_close(api.silences[i].matchers[m]);
        free(api.silences[i].id);
    }
    free(api.silences);
    return ok;
}
