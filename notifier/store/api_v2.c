#include "notifier/store/api_v2.h"

#include "base/text.h"
#include "base/zone.h"
#include "notifier/core/policy.h"
#include "notifier/core/record.h"
#include "notifier/store/flat.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_ROWS 2000 /* alerts read in one transaction */

struct silence_row { /* an active silence: which alerts it hushes is asked again here, to name all that do */
    char *id;
    struct matcher *matchers[SILENCE_MATCHERS_MAX];
    size_t matcher_count;
};

struct api {
    struct page *page;
    struct json_out *out;
    struct matcher *receiver; /* NULL: any */
    struct silence_row *silences;
    size_t silence_count;
};

static void put_time(struct api *api, const char *key, int64_t wall_ms)
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

    api->silences = realloc(api->silences, (api->silence_count + 1) * sizeof api->silences[0]);
    if (!api->silences)
        err_memory();
    row = &api->silences[api->silence_count++];
    *row = (struct silence_row){.id = strdup(db_text(stmt, 0))};
    if (!row->id)
        err_memory();
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
    put_time(api, "updatedAt", db_int(stmt, S_UPDATED));
    json_set_text(api->out, "comment", db_text(stmt, S_COMMENT));
    json_set_text(api->out, "createdBy", db_text(stmt, S_AUTHOR));
    put_time(api, "endsAt", db_int(stmt, S_ENDS));
    json_member(api->out, "matchers");
    json_put_raw(api->out, db_text(stmt, S_MATCHERS));
    put_time(api, "startsAt", db_int(stmt, S_STARTS));
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

/* Alerts. */

enum { P_ID, P_FINGERPRINT, P_LABELS, P_ANNOTATIONS, P_STARTS, P_EXPIRES, P_REFRESHED, P_GENERATOR, P_SILENCE, P_INHIBITED, P_SOURCE };
#define API_ALERT_COLUMNS                                                                                                \
    "a.id, a.fingerprint, a.labels, a.annotations, a.starts_ms, a.expires_ms, a.refreshed_ms,"                           \
    " json_extract(a.links, '$.generatorURL'), h.silence_number, h.inhibited_by,"                                        \
    " (SELECT s.fingerprint FROM alerts s WHERE s.id = h.inhibited_by)"

static bool receiver_fits(const struct api *api, const char *name)
{
    struct label label = {"receiver", name};
    struct labels labels = {&label, 1};
    return !api->receiver || matcher_matches(api->receiver, &labels);
}

/* The receivers of one alert's routes, each once, as a JSON list. False: none of them is wanted. *muted: the first route,
 * where all are muted; NULL where one is told. */
static bool alert_receivers(struct api *api, int64_t alert_id, struct buf *out, const struct history_receiver **muted)
{
    static const char sql[] = "SELECT DISTINCT g.node_id FROM told o JOIN groups g ON g.id = o.group_id WHERE o.alert_id = ?1";
    struct db_stmt *stmt = page_ask(api->page, sql, alert_id);
    struct json_out json = json_out(out);
    const char *seen[POLICY_MATCHES_MAX];
    size_t count = 0;
    bool wanted = false, told = false;

    *muted = NULL;
    json_open(&json, '[');
    while (page_next(api->page, stmt)) {
        const struct history_receiver *receiver = page_receiver(api->page, db_text(stmt, 0));
        const char *name = receiver ? receiver->name : NULL;
        told = told || !receiver || !receiver->muted_count;
        *muted = told ? NULL : *muted ? *muted : receiver;
        bool again = !name || count == POLICY_MATCHES_MAX;
        for (size_t i = 0; i < count && !again; i++)
            again = strcmp(seen[i], name) == 0;
        if (again)
            continue;
        seen[count++] = name;
        wanted = wanted || receiver_fits(api, name);
        json_open(&json, '{');
        json_set_text(&json, "name", name);
        json_shut(&json, '}');
    }
    json_shut(&json, ']');
    return wanted || !api->receiver;
}

static void put_silenced_by(struct api *api, struct db_stmt *stmt, const struct labels *labels)
{
    json_member(api->out, "silencedBy");
    json_open(api->out, '[');
    for (size_t i = 0; i < api->silence_count && db_int(stmt, P_SILENCE); i++) {
        bool hit = true;
        for (size_t m = 0; m < api->silences[i].matcher_count && hit; m++)
            hit = matcher_matches(api->silences[i].matchers[m], labels);
        if (hit)
            json_put_text(api->out, api->silences[i].id);
    }
    json_shut(api->out, ']');
}

static void put_status(struct api *api, struct db_stmt *stmt, const struct labels *labels, const struct history_receiver *muted)
{
    bool hushed = db_int(stmt, P_SILENCE) || db_int(stmt, P_INHIBITED) || muted;

    json_member(api->out, "status");
    json_open(api->out, '{');
    json_member(api->out, "inhibitedBy");
    json_open(api->out, '[');
    if (db_int(stmt, P_INHIBITED) && db_text(stmt, P_SOURCE))
        json_put_text(api->out, db_text(stmt, P_SOURCE));
    json_shut(api->out, ']');
    page_write_muted(api->out, muted);
    put_silenced_by(api, stmt, labels);
    json_set_text(api->out, "state", hushed ? "suppressed" : "active");
    json_shut(api->out, '}');
}

static bool is_wanted(const struct api *api, struct db_stmt *stmt)
{
    const struct history_query *query = api->page->query;
    bool silenced = db_int(stmt, P_SILENCE), inhibited = db_int(stmt, P_INHIBITED);

    if (!silenced && !inhibited && query->hide_active)
        return false;
    return !(silenced && query->hide_silenced) && !(inhibited && query->hide_inhibited) && page_fits(api->page, db_text(stmt, P_LABELS));
}

/* In the list of a group: that of its receiver. Elsewhere NULL, and it is muted where all its routes are. */
static void write_alert(struct api *api, struct db_stmt *stmt, const struct history_receiver *in_group)
{
    const struct history_receiver *muted;
    struct buf receivers = BUF_EMPTY(256 * 1024);
    struct labels labels = {0};
    int64_t expires_ms = db_int(stmt, P_EXPIRES);
    bool wanted = is_wanted(api, stmt) && alert_receivers(api, db_int(stmt, P_ID), &receivers, &muted);

    if (in_group)
        muted = in_group->muted_count ? in_group : NULL;
    if (wanted) {
        flat_read(db_text(stmt, P_LABELS), api->page->arena, &labels);
        json_open(api->out, '{');
        json_member(api->out, "annotations");
        json_put_raw(api->out, db_text(stmt, P_ANNOTATIONS));
        put_time(api, "endsAt", expires_ms ? expires_ms : api->page->query->now_ms + api->page->query->resolve_timeout_ms);
        json_set_text(api->out, "fingerprint", db_text(stmt, P_FINGERPRINT));
        json_member(api->out, "receivers");
        json_put_raw(api->out, buf_text(&receivers));
        put_time(api, "startsAt", db_int(stmt, P_STARTS));
        put_status(api, stmt, &labels, muted);
        put_time(api, "updatedAt", db_int(stmt, P_REFRESHED));
        if (db_text(stmt, P_GENERATOR))
            json_set_text(api->out, "generatorURL", db_text(stmt, P_GENERATOR));
        json_member(api->out, "labels");
        json_put_raw(api->out, db_text(stmt, P_LABELS));
        json_shut(api->out, '}');
    }
    buf_free(&receivers);
    arena_reset(api->page->arena);
}

static bool write_alerts_after(struct api *api, int64_t *id, bool *end)
{
    static const char sql[] = "SELECT " API_ALERT_COLUMNS " FROM alerts a INDEXED BY alerts_live LEFT JOIN hushes h ON h.alert_id = a.id"
                              " WHERE a.gone = 0 AND a.status = 0 AND a.test = 0 AND a.id > ?1 ORDER BY a.id LIMIT ?2";
    struct db_stmt *stmt = db_prepare(api->page->db, sql, api->page->err);
    size_t rows = 0;

    if (!stmt)
        return false;
    db_bind_int(stmt, 1, *id);
    db_bind_int(stmt, 2, CHUNK_ROWS);
    while (page_next(api->page, stmt)) {
        *id = db_int(stmt, P_ID);
        write_alert(api, stmt, NULL);
        rows++;
    }
    *end = rows < CHUNK_ROWS;
    return !api->page->failed;
}

static bool write_alerts(struct api *api)
{
    bool end = false;
    int64_t id = 0;

    json_open(api->out, '[');
    while (!end) {
        bool ok = write_alerts_after(api, &id, &end);
        db_rollback(api->page->db); /* short transactions: a long reader holds up checkpoints */
        if (!ok || !db_begin(api->page->db, api->page->err))
            return false;
    }
    json_shut(api->out, ']');
    return true;
}

/* Groups. */

enum { G_ID = P_SOURCE + 1, G_NODE, G_LABELS };

static void open_group(struct api *api, struct db_stmt *stmt, const char *receiver, struct buf *end)
{
    struct json_out json = json_out(end);

    json_open(api->out, '{');
    json_member(api->out, "alerts");
    json_open(api->out, '[');
    /* What stands behind the alerts is known before them: the statement moves on. */
    json_open(&json, '{');
    json_set_text(&json, "name", receiver);
    json_shut(&json, '}');
    buf_add_char(end, '\0');
    buf_add_text(end, db_text(stmt, G_LABELS));
}

static void shut_group(struct api *api, struct buf *end)
{
    json_shut(api->out, ']');
    json_member(api->out, "labels");
    json_put_raw(api->out, buf_text(end) + strlen(buf_text(end)) + 1);
    json_member(api->out, "receiver");
    json_put_raw(api->out, buf_text(end));
    json_shut(api->out, '}');
    buf_clear(end);
}

static bool write_groups(struct api *api)
{
    static const char sql[] = "SELECT " API_ALERT_COLUMNS ", g.id, g.node_id, g.labels"
                              " FROM (SELECT DISTINCT group_id, alert_id FROM told) t"
                              " JOIN groups g ON g.id = t.group_id AND g.gone = 0"
                              " JOIN alerts a ON a.id = t.alert_id AND a.gone = 0 AND a.status = 0 AND a.test = 0"
                              " LEFT JOIN hushes h ON h.alert_id = a.id ORDER BY g.id, a.fingerprint";
    struct db_stmt *stmt = db_prepare(api->page->db, sql, api->page->err);
    struct buf end = BUF_EMPTY(256 * 1024);
    int64_t group = 0;

    if (!stmt)
        return false;
    json_open(api->out, '[');
    while (page_next(api->page, stmt)) {
        const struct history_receiver *receiver = page_receiver(api->page, db_text(stmt, G_NODE));
        if (!receiver || !receiver_fits(api, receiver->name) || (receiver->muted_count && api->page->query->hide_muted) || !is_wanted(api, stmt))
            continue;
        if (db_int(stmt, G_ID) != group && group)
            shut_group(api, &end);
        if (db_int(stmt, G_ID) != group)
            open_group(api, stmt, receiver->name, &end);
        group = db_int(stmt, G_ID);
        write_alert(api, stmt, receiver);
    }
    if (group)
        shut_group(api, &end);
    json_shut(api->out, ']');
    buf_free(&end);
    return !api->page->failed;
}

static bool write_list(struct api *api)
{
    switch (api->page->query->list) {
    case LIST_API_ALERTS: return read_active_silences(api) && write_alerts(api);
    case LIST_API_GROUPS: return read_active_silences(api) && write_groups(api);
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
