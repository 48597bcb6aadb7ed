/* What fires at this moment, for the first page: one pass over the firing alerts, gathered under the worst open
 * incidents. Exact counts, few examples. */
#include "notifier/store/page.h"

#include "base/memory.h"
#include "base/text.h"
#include "notifier/store/flat.h"

#include <stdlib.h>
#include <string.h>

#define NOW_GROUPS_MAX 100     /* open incidents shown, worst first */
#define NOW_ALERTS_MAX 5       /* of each, newest first */
#define NOW_ALONE_MAX 20       /* alerts shown that no channel is to hear of */
#define NOW_SEVERITIES_MAX 32  /* counted; the rest counts as "" */
#define NOW_PLACES_MAX 64      /* groups of one alert */
#define NOW_CHUNK 5000         /* alerts in one transaction */
#define NOW_VALUE_RUNES 80     /* characters of each value */
#define NOW_QUARANTINE_MAX 1000 /* counted */
#define NOW_WORDS_RUNES 250    /* characters of a name or a summary */

struct now_group {
    int64_t id;                /* of the group; 0: alerts in none */
    int64_t firing, hushed;    /* hushed: silenced, inhibited or muted, of those */
    int64_t since_ms;          /* when the first of those began, as its source says */
    const char *severity;      /* of the incident: its alerts of that severity are shown first */
    int64_t alerts[NOW_ALONE_MAX], milder[NOW_ALONE_MAX];
    size_t shown, milder_count, shown_max;
};

struct now {
    struct now_group groups[NOW_GROUPS_MAX + 1]; /* the last: alerts in no group */
    size_t group_count;
    struct { const char *name; int64_t firing; } severities[NOW_SEVERITIES_MAX + 1];
    size_t severity_count;
    int64_t firing, hushed, elsewhere; /* elsewhere: in groups beyond NOW_GROUPS_MAX */
    int64_t last, places[NOW_PLACES_MAX]; /* the alert under way, and where it was counted already */
    size_t place_count;
    bool aloud;                /* it is told somewhere */
    int64_t *muted;            /* groups whose route is muted, ascending */
    size_t muted_count;
    struct arena *kept;
};

static const char open_incidents[] =
    "SELECT " INCIDENT_COLUMNS " FROM incidents i INDEXED BY incidents_open WHERE i.closed_ms = 0 AND i.id > ?1"
    " ORDER BY i.severity, i.id DESC LIMIT ?2";

static void count_severity(struct page *page, struct now *now, const char *labels)
{
    const char *name = text_or(page_severity(page, labels), "");
    size_t i = 0;

    while (i < now->severity_count && !text_equal(now->severities[i].name, name))
        i++;
    if (i == now->severity_count) {
        if (i == NOW_SEVERITIES_MAX)
            name = "";
        now->severities[i].name = arena_text(now->kept, name);
        now->severity_count += i < NOW_SEVERITIES_MAX;
    }
    now->severities[i].firing++;
}

static struct now_group *group_of(struct now *now, int64_t id)
{
    if (!id)
        return &now->groups[NOW_GROUPS_MAX];
    for (size_t i = 0; i < now->group_count; i++)
        if (now->groups[i].id == id)
            return &now->groups[i];
    return NULL;
}

/* A mute holds back all alerts of a route: its groups are known before the alerts are. */
static void read_muted_groups(struct page *page, struct now *now)
{
    static const char sql[] = "SELECT id, node_id FROM groups INDEXED BY groups_live WHERE gone = 0 AND id > ?1 ORDER BY id";
    struct db_stmt *stmt = page->mutes ? page_ask(page, sql, 0) : NULL;
    size_t capacity = 0;

    while (page_next(page, stmt)) {
        const struct history_receiver *receiver = page_receiver(page, db_text(stmt, 1));
        if (!receiver || !receiver->muted_count)
            continue;
        if (now->muted_count == capacity) {
            capacity = capacity ? capacity * 2 : 64;
            now->muted = memory_resized(now->muted, capacity * sizeof now->muted[0]);
        }
        now->muted[now->muted_count++] = db_int(stmt, 0);
    }
}

static int by_id(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

static bool is_muted(const struct now *now, int64_t group_id)
{
    return now->muted_count && bsearch(&group_id, now->muted, now->muted_count, sizeof group_id, by_id);
}

static void count_alert(struct page *page, struct now *now, struct db_stmt *stmt)
{
    int64_t id = db_int(stmt, 0), place = db_int(stmt, 1);
    bool hushed = db_int(stmt, 3) || is_muted(now, place);

    if (id != now->last) {
        now->last = id;
        now->place_count = 0;
        now->aloud = false;
        now->firing++;
        now->hushed++;
    }
    if (!hushed && !now->aloud) {
        now->aloud = true;
        now->hushed--;
        count_severity(page, now, db_text(stmt, 2));
    }
    for (size_t i = 0; i < now->place_count; i++)
        if (now->places[i] == place)
            return;
    if (now->place_count < NOW_PLACES_MAX)
        now->places[now->place_count++] = place;
    struct now_group *group = group_of(now, place);
    if (!group) {
        now->elsewhere++;
        return;
    }
    int64_t starts_ms = db_int(stmt, 4);
    if (!group->firing || starts_ms < group->since_ms)
        group->since_ms = starts_ms;
    group->firing++;
    group->hushed += hushed;
    if (group->shown == group->shown_max)
        return;
    if (text_equal(page_severity(page, db_text(stmt, 2)), group->severity))
        group->alerts[group->shown++] = id;
    else if (group->milder_count < group->shown_max)
        group->milder[group->milder_count++] = id;
}

/* Goes through all that fires, a transaction for each chunk. */
static bool count_alerts(struct page *page, struct now *now)
{
    static const char sql[] =
        "SELECT a.id, t.group_id, a.labels, h.alert_id IS NOT NULL, a.starts_ms FROM (SELECT id, labels, starts_ms FROM alerts INDEXED BY alerts_live"
        " WHERE gone = 0 AND id < ?1 AND status = 0 ORDER BY id DESC LIMIT ?2) a LEFT JOIN told t ON t.alert_id = a.id"
        " LEFT JOIN hushes h ON h.alert_id = a.id ORDER BY a.id DESC";
    int64_t below = INT64_MAX, before;

    do {
        before = now->firing;
        struct db_stmt *stmt = page_ask(page, sql, below);
        if (!stmt)
            return false;
        db_bind_int(stmt, 2, NOW_CHUNK);
        while (page_next(page, stmt)) {
            below = db_int(stmt, 0);
            count_alert(page, now, stmt);
            arena_reset(page->arena);
        }
        db_rollback(page->db);
        if (page->failed || !db_begin(page->db, page->err))
            return false;
    } while (now->firing - before == NOW_CHUNK && now->firing < HISTORY_SCAN_MAX);
    return true;
}

static void write_labels(struct page *page, const char *stored)
{
    page->sheet.runes = NOW_VALUE_RUNES; /* a glance: the alert's own page has the rest */
    page_write_labels(page, "labels", stored);
    page->sheet.runes = NOW_WORDS_RUNES;
}

static const char *summary_of(struct page *page, const char *annotations)
{
    struct labels all;

    return flat_read(annotations, page->arena, &all) ? labels_get(&all, "summary") : NULL;
}

static void write_alert(struct page *page, int64_t id)
{
    static const char sql[] =
        "SELECT a.id, a.name, a.labels, a.annotations, a.starts_ms, a.state_reason, a.test, (SELECT t.rule FROM transitions t"
        " WHERE t.alert_id = a.id AND t.seq = a.seq), (SELECT CASE WHEN h.silence_number > 0 THEN 'silenced' ELSE 'inhibited' END FROM hushes h"
        " WHERE h.alert_id = a.id) FROM alerts a WHERE a.id = ?1";
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, sql, id);

    if (!page_next(page, stmt))
        return;
    sheet_open(sheet);
    sheet_id(sheet, "id", id);
    sheet_text(sheet, "name", db_text(stmt, 1));
    sheet_text(sheet, "severity", page_severity(page, db_text(stmt, 2)));
    write_labels(page, db_text(stmt, 2));
    sheet_text(sheet, "summary", summary_of(page, db_text(stmt, 3)));
    sheet_time(sheet, "startsAt", db_int(stmt, 4));
    sheet_text(sheet, "stateReason", db_text(stmt, 5));
    sheet_bool(sheet, "test", db_int(stmt, 6));
    sheet_text(sheet, "rule", db_text(stmt, 7));
    const struct history_receiver *muted = page_muted(page, id);
    sheet_text(sheet, "hushed", text_or(db_text(stmt, 8), muted ? "muted" : NULL));
    page_write_muted(&sheet->json, muted);
    sheet_bool(sheet, "outside", muted && muted->outside);
    sheet_time(sheet, "mutedUntil", muted ? muted->muted_until_ms : 0);
    sheet_shut(sheet);
    db_reset(stmt);
}

static void write_shown(struct page *page, const struct now_group *group)
{
    struct sheet *sheet = &page->sheet;

    sheet_int(sheet, "firing", group->firing);
    sheet_int(sheet, "hushed", group->hushed);
    sheet_time(sheet, "since", group->since_ms);
    json_member(&sheet->json, "alerts");
    json_open(&sheet->json, '[');
    for (size_t i = 0; i < group->shown; i++)
        write_alert(page, group->alerts[i]);
    for (size_t i = 0; i < group->milder_count && group->shown + i < group->shown_max; i++)
        write_alert(page, group->milder[i]);
    json_shut(&sheet->json, ']');
}

/* The same incidents again, with what was counted; one that opened meanwhile waits for the next look. */
static void write_groups(struct page *page, struct now *now)
{
    struct sheet *sheet = &page->sheet;
    struct db_stmt *stmt = page_ask(page, open_incidents, 0);

    if (stmt)
        db_bind_int(stmt, 2, NOW_GROUPS_MAX);
    json_member(&sheet->json, "groups");
    json_open(&sheet->json, '[');
    while (page_next(page, stmt)) {
        const struct now_group *group = group_of(now, db_int(stmt, I_GROUP));
        if (!group || !group->id)
            continue;
        sheet_open(sheet);
        page_write_incident(page, stmt);
        write_shown(page, group);
        sheet_shut(sheet);
        arena_reset(page->arena);
    }
    json_shut(&sheet->json, ']');
}

/* Messages kept aside because nobody understood them: how many, at most NOW_QUARANTINE_MAX, and when the newest came. */
static void write_quarantine(struct page *page)
{
    static const char sql[] = "SELECT count(*), max(received_ms) FROM (SELECT received_ms FROM quarantine ORDER BY id DESC LIMIT ?1)";
    struct db_stmt *stmt = page_ask(page, sql, NOW_QUARANTINE_MAX);
    bool found = page_next(page, stmt);

    sheet_int(&page->sheet, "quarantined", found ? db_int(stmt, 0) : 0);
    sheet_time(&page->sheet, "quarantinedAt", found ? db_int(stmt, 1) : 0);
    if (stmt)
        db_reset(stmt);
}

static void write_now(struct page *page, struct now *now)
{
    struct sheet *sheet = &page->sheet;

    sheet_open(sheet);
    sheet_time(sheet, "at", page->query->now_ms);
    sheet_int(sheet, "firing", now->firing);
    sheet_int(sheet, "hushed", now->hushed);
    json_member(&sheet->json, "severities");
    json_open(&sheet->json, '[');
    for (size_t i = 0; i <= NOW_SEVERITIES_MAX; i++) {
        if (!now->severities[i].firing)
            continue;
        sheet_open(sheet);
        sheet_text(sheet, "severity", now->severities[i].name);
        sheet_int(sheet, "firing", now->severities[i].firing);
        sheet_shut(sheet);
    }
    json_shut(&sheet->json, ']');
    write_groups(page, now);
    sheet_int(sheet, "elsewhere", now->elsewhere);
    json_member(&sheet->json, "alone");
    sheet_open(sheet);
    write_shown(page, &now->groups[NOW_GROUPS_MAX]);
    sheet_shut(sheet);
    page_write_channels(page);
    write_quarantine(page);
    sheet_shut(sheet);
}

bool page_now(struct page *page)
{
    struct now now = {.kept = arena_new()};

    page->sheet.runes = NOW_WORDS_RUNES;
    now.groups[NOW_GROUPS_MAX].shown_max = NOW_ALONE_MAX;
    struct db_stmt *stmt = page_ask(page, open_incidents, 0);
    if (stmt)
        db_bind_int(stmt, 2, NOW_GROUPS_MAX);
    while (page_next(page, stmt))
        now.groups[now.group_count++] = (struct now_group){
            .id = db_int(stmt, I_GROUP), .severity = arena_text(now.kept, db_text(stmt, I_SEVERITY)), .shown_max = NOW_ALERTS_MAX};
    read_muted_groups(page, &now);
    bool ok = count_alerts(page, &now);
    if (ok)
        write_now(page, &now);
    free(now.muted);
    arena_free(now.kept);
    return ok && !page->failed;
}
