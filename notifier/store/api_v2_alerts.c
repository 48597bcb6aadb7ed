/* Alertmanager's lists of alerts, and of alerts by group. Both are as long as there are alerts, so they come in parts. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/policy.h"
#include "notifier/store/api_v2_private.h"
#include "notifier/store/flat.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_ROWS 2000          /* alerts read in one transaction, and written in one part */
#define PART_BYTES (4u << 20)    /* a part ends behind the alert that passes it */
#define PLACES_MAX (8u << 20)    /* of all alerts together; 16 bytes each while the groups are read */

struct place { /* an alert in a group */
    int64_t group_id, alert_id;
};

struct history_walk {
    struct json_out json;    /* which brackets are open */
    bool begun, ended;
    int64_t alert_id;        /* ALERTS: the last one looked at */
    struct place *places;    /* GROUPS: all of them, in order, up to `at` looked at */
    size_t place_count, at;
    int64_t group_id;        /* the one whose alerts are being written; 0: none */
};

struct history_walk *history_walk_new(void)
{
    struct history_walk *walk = memory_zeroed(1, sizeof *walk);

    return walk;
}

void history_walk_free(struct history_walk *walk)
{
    if (!walk)
        return;
    free(walk->places);
    free(walk);
}

bool history_walk_begun(const struct history_walk *walk)
{
    return walk->begun;
}

bool history_walk_ended(const struct history_walk *walk)
{
    return walk->ended;
}

enum { P_ID, P_FINGERPRINT, P_LABELS, P_ANNOTATIONS, P_STARTS, P_EXPIRES, P_REFRESHED, P_LINKS, P_SILENCE, P_INHIBITED, P_SOURCE };
#define API_ALERT_COLUMNS                                                                                                \
    "a.id, a.fingerprint, a.labels, a.annotations, a.starts_ms, a.expires_ms, a.refreshed_ms,"                           \
    " a.links, h.silence_number, h.inhibited_by,"                                        \
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
    struct labels labels = {0}, links = {0};
    int64_t expires_ms = db_int(stmt, P_EXPIRES);
    bool wanted = alert_receivers(api, db_int(stmt, P_ID), &receivers, &muted);

    if (in_group)
        muted = in_group->muted_count ? in_group : NULL;
    if (wanted) {
        flat_read(db_text(stmt, P_LABELS), api->page->arena, &labels);
        json_open(api->out, '{');
        json_member(api->out, "annotations");
        json_put_raw(api->out, db_text(stmt, P_ANNOTATIONS));
        api_put_time(api, "endsAt", expires_ms ? expires_ms : api->page->query->now_ms + api->page->query->resolve_timeout_ms);
        json_set_text(api->out, "fingerprint", db_text(stmt, P_FINGERPRINT));
        json_member(api->out, "receivers");
        json_put_raw(api->out, buf_text(&receivers));
        api_put_time(api, "startsAt", db_int(stmt, P_STARTS));
        put_status(api, stmt, &labels, muted);
        api_put_time(api, "updatedAt", db_int(stmt, P_REFRESHED));
        if (flat_read(db_text(stmt, P_LINKS), api->page->arena, &links) && labels_get(&links, "generatorURL"))
            json_set_text(api->out, "generatorURL", labels_get(&links, "generatorURL"));
        json_member(api->out, "labels");
        json_put_raw(api->out, db_text(stmt, P_LABELS));
        json_shut(api->out, '}');
    }
    buf_free(&receivers);
}

/* --- parts */

static bool alerts_part(struct api *api, struct history_walk *walk)
{
    static const char sql[] = "SELECT " API_ALERT_COLUMNS " FROM alerts a INDEXED BY alerts_live LEFT JOIN hushes h ON h.alert_id = a.id"
                              " WHERE a.gone = 0 AND a.status = 0 AND a.test = 0 AND a.id > ?1 ORDER BY a.id LIMIT ?2";
    struct db_stmt *stmt = page_ask(api->page, sql, walk->alert_id);
    size_t rows = 0, begin = walk->json.buf->length;
    bool more = true;

    if (stmt)
        db_bind_int(stmt, 2, CHUNK_ROWS);
    while (walk->json.buf->length - begin < PART_BYTES && (more = page_next(api->page, stmt))) {
        walk->alert_id = db_int(stmt, P_ID);
        if (is_wanted(api, stmt))
            write_alert(api, stmt, NULL);
        arena_reset(api->page->arena);
        rows++;
    }
    if (more && stmt)
        db_reset(stmt);
    walk->ended = !more && rows < CHUNK_ROWS;
    return !api->page->failed;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;

    if (left->group_id != right->group_id)
        return left->group_id < right->group_id ? -1 : 1;
    return left->alert_id < right->alert_id ? -1 : left->alert_id > right->alert_id;
}

/* An alert is told on several channels of one group: each place once. */
static bool groups_begin(struct api *api, struct history_walk *walk)
{
    struct db_stmt *stmt = page_ask(api->page, "SELECT group_id, alert_id FROM told WHERE alert_id > ?1", 0);
    size_t capacity = 0, kept = 0;

    while (page_next(api->page, stmt)) {
        if (walk->place_count == PLACES_MAX) {
            db_reset(stmt);
            return err_set(api->page->err, ERR_LIMIT, "more than %u places of alerts in groups", PLACES_MAX);
        }
        if (walk->place_count == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            walk->places = memory_resized(walk->places, capacity * sizeof walk->places[0]);
        }
        walk->places[walk->place_count++] = (struct place){db_int(stmt, 0), db_int(stmt, 1)};
    }
    if (walk->place_count)
        qsort(walk->places, walk->place_count, sizeof walk->places[0], compare_places);
    for (size_t i = 0; i < walk->place_count; i++)
        if (!i || compare_places(&walk->places[i], &walk->places[i - 1]) != 0)
            walk->places[kept++] = walk->places[i];
    walk->place_count = kept;
    return !api->page->failed;
}

static void shut_group(struct api *api, struct history_walk *walk)
{
    if (walk->group_id) {
        json_shut(api->out, ']');
        json_shut(api->out, '}');
    }
    walk->group_id = 0;
}

static void open_group(struct api *api, struct history_walk *walk, int64_t id, const char *receiver, const char *labels)
{
    if (walk->group_id == id)
        return;
    shut_group(api, walk);
    walk->group_id = id;
    json_open(api->out, '{');
    json_member(api->out, "labels");
    json_put_raw(api->out, labels);
    json_member(api->out, "receiver");
    json_open(api->out, '{');
    json_set_text(api->out, "name", receiver);
    json_shut(api->out, '}');
    json_member(api->out, "alerts");
    json_open(api->out, '[');
}

static const struct history_receiver *wanted_receiver(struct api *api, const char *node_id)
{
    const struct history_receiver *receiver = page_receiver(api->page, node_id);

    if (!receiver || !receiver_fits(api, receiver->name) || (receiver->muted_count && api->page->query->hide_muted))
        return NULL;
    return receiver;
}

static void write_place(struct api *api, struct history_walk *walk, const struct place *place, const struct history_receiver *receiver, const char *labels)
{
    static const char sql[] = "SELECT " API_ALERT_COLUMNS " FROM alerts a LEFT JOIN hushes h ON h.alert_id = a.id"
                              " WHERE a.id = ?1 AND a.gone = 0 AND a.status = 0 AND a.test = 0";
    struct db_stmt *stmt = page_ask(api->page, sql, place->alert_id);

    if (!page_next(api->page, stmt))
        return;
    if (is_wanted(api, stmt)) {
        open_group(api, walk, place->group_id, receiver->name, labels);
        write_alert(api, stmt, receiver);
    }
    arena_reset(api->page->arena);
    db_reset(stmt);
}

static bool groups_part(struct api *api, struct history_walk *walk)
{
    static const char sql[] = "SELECT node_id, labels FROM groups WHERE id = ?1 AND gone = 0";
    size_t end = walk->place_count - walk->at < CHUNK_ROWS ? walk->place_count : walk->at + CHUNK_ROWS, begin = walk->json.buf->length;

    while (walk->at < end && walk->json.buf->length - begin < PART_BYTES && !api->page->failed) {
        int64_t id = walk->places[walk->at].group_id;
        struct db_stmt *stmt = page_ask(api->page, sql, id);
        bool found = page_next(api->page, stmt);
        const struct history_receiver *receiver = found ? wanted_receiver(api, db_text(stmt, 0)) : NULL;
        for (; walk->at < end && walk->json.buf->length - begin < PART_BYTES && walk->places[walk->at].group_id == id; walk->at++)
            if (receiver)
                write_place(api, walk, &walk->places[walk->at], receiver, db_text(stmt, 1));
        if (found)
            db_reset(stmt);
    }
    walk->ended = walk->at == walk->place_count;
    if (walk->ended)
        shut_group(api, walk);
    return !api->page->failed;
}

/* Goes on where the walk was. Without one: from the first part to the last, each in a transaction of its own, as a long
 * reader holds up checkpoints. */
static bool walk_on(struct api *api, bool (*begin)(struct api *api, struct history_walk *walk), bool (*part)(struct api *api, struct history_walk *walk))
{
    struct history_walk own = {0}, *walk = api->page->query->walk ? api->page->query->walk : &own;
    bool ok = true;

    if (!walk->begun) {
        walk->json = json_out(api->page->sheet.buf);
        json_open(&walk->json, '[');
        ok = !begin || begin(api, walk);
    }
    walk->begun = true;
    walk->json.buf = api->page->sheet.buf;
    api->out = &walk->json;
    do {
        ok = ok && part(api, walk);
        db_rollback(api->page->db);
        ok = ok && db_begin(api->page->db, api->page->err);
    } while (ok && walk == &own && !walk->ended);
    if (walk->ended)
        json_shut(&walk->json, ']');
    free(own.places);
    return ok;
}

bool api_write_alerts(struct api *api)
{
    return walk_on(api, NULL, alerts_part);
}

bool api_write_groups(struct api *api)
{
    return walk_on(api, groups_begin, groups_part);
}
