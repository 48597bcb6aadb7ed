/* Lists as people and tools read them: filters, cursors, CSV, and why. */
#include "base/json.h"
#include "base/text.h"
#include "notifier/store/history.h"
#include "tests/unit/store/sample.h"

static struct history *history;
static struct buf out = BUF_EMPTY(64 << 20);

/* The answer, parsed; the caller closes it. NULL where the query failed. */
static struct cJSON *run(const struct history_query *query)
{
    struct err err = {0};

    buf_clear(&out);
    if (!history_run(history, query, &out, &err)) {
        CHECK(false, "list %d: %s", (int)query->list, err.text);
        return NULL;
    }
    struct cJSON *json = json_parse(buf_text(&out), out.length, &err);
    CHECK(json, "%s in %.300s", err.text, buf_text(&out));
    return json;
}

static const struct cJSON *item(const struct cJSON *json, size_t index)
{
    const struct cJSON *at = json_first(json_get(json, "items"));
    while (at && index--)
        at = json_next(at);
    return at;
}

static size_t items(const struct history_query *query)
{
    struct cJSON *json = run(query);
    size_t count = json_count(json_get(json, "items"));
    json_close(json);
    return count;
}

static const char *const names[] = {"Down", "Slow", "Full"};
static const char *const severities[] = {"critical", "warning", "info"};

/* 30 alerts: i % 3 names it and its severity; i % 5 == 4 is told and quiet, i % 5 == 3 dead, 2 being sent, else waiting. */
static void fill(struct store *store)
{
    struct effects effects;
    char reference[16], number[16];

    effects_init(&effects);
    for (uint64_t i = 0; i < 30; i++) {
        uint64_t base = i * 10;
        int64_t at_ms = SAMPLE_NOW + (int64_t)(i / 2) * 1000; /* two in each second */
        const char *channel = i % 2 ? "mail" : "chat";
        snprintf(reference, sizeof reference, "R%02d", (int)i);
        snprintf(number, sizeof number, "n%02d", (int)i);
        SAMPLE_LABELS(labels, {"alertname", names[i % 3]}, {"number", number}, {"severity", severities[i % 3]});
        SAMPLE_LABELS(annotations, {"summary", "=1+1,\"<b>\"\n"});
        struct alert_input input = {.labels = labels, .annotations = annotations, .panel_url = "http://panel", .values = "{\"A\":1.5}",
                                    .rule_uid = i < 2 ? "rule" : NULL};
        sample_accept(&effects, base, effects_text(&effects, reference), channel, &input, at_ms);
        if (i % 5 >= 2)
            sample_send(&effects, base, channel, at_ms + 100);
        if (i % 5 >= 3)
            sample_settle(&effects, base, channel, at_ms + 600, i % 5 == 4);
        if (i % 5 == 4) {
            effects_record(&effects, RECORD_ALERT)->alert = (struct record_alert){
                .id = base + ID_ALERT, .domain = "grafana", .source = "main", .org = 1, .fingerprint = effects_text(&effects, number),
                .status = ALERT_RESOLVED, .seq = 2, .starts_ms = at_ms, .ends_ms = at_ms + 900, .changed_ms = at_ms + 900,
                .labels = effects_labels(&effects, &labels)};
            effects_record(&effects, RECORD_TRANSITION)->transition = (struct record_transition){
                .alert_id = base + ID_ALERT, .seq = 2, .status = ALERT_RESOLVED, .at_ms = at_ms + 900, .source = "main",
                .rule = i == 4 ? "silence 7 by anna" : NULL};
            if (i != 4)
                effects_record(&effects, RECORD_SETTLEMENT)->settlement = (struct record_settlement){
                    .alert_id = base + ID_ALERT, .seq = 2, .channel = channel, .settled = SETTLED_SUPPRESSED,
                    .rule = "send_resolved: false", .at_ms = at_ms + 900};
            effects_record(&effects, RECORD_TOLD_GONE)->told =
                (struct record_told){.alert_id = base + ID_ALERT, .channel = channel};
            effects_record(&effects, RECORD_INCIDENT)->incident = (struct record_incident){
                .id = base + ID_INCIDENT, .group_id = base + ID_GROUP, .reference = effects_text(&effects, reference),
                .opened_ms = at_ms, .closed_ms = at_ms + 900, .severity_name = severities[i % 3], .title = names[i % 3]};
            effects_record(&effects, RECORD_GROUP_GONE)->group.id = base + ID_GROUP;
        }
    }
    effects_record(&effects, RECORD_QUARANTINE)->quarantine =
        (struct record_quarantine){900, "main", SAMPLE_NOW, "not JSON", "<html>\0\xff oops", 13};
    CHECK(sample_commit(store, &effects), "filled");
    effects_free(&effects);
}

static void test_filters(void)
{
    static const struct { const char *name; struct history_query query; size_t count; } rows[] = {
        {"active: fires, or resolved and owed", {.list = LIST_ALERTS}, 24},
        {"every known one", {.list = LIST_ALERTS, .status = "all"}, 30},
        {"resolved", {.list = LIST_ALERTS, .status = "resolved"}, 6},
        {"firing", {.list = LIST_ALERTS, .status = "firing"}, 24},
        {"of a severity", {.list = LIST_ALERTS, .status = "all", .severity = "warning"}, 10},
        {"of a source", {.list = LIST_ALERTS, .source = "other"}, 0},
        {"on a channel", {.list = LIST_ALERTS, .status = "all", .channel = "mail"}, 15},
        {"one matcher", {.list = LIST_ALERTS, .status = "all", .matchers = {"alertname=\"Down\""}, .matcher_count = 1}, 10},
        {"two matchers", {.list = LIST_ALERTS, .status = "all", .matchers = {"alertname=~\"Down|Slow\"", "number=~\"n0.\""}, .matcher_count = 2}, 7},
        {"a missing label is empty", {.list = LIST_ALERTS, .status = "all", .matchers = {"team=\"\""}, .matcher_count = 1}, 30},
        {"in a time", {.list = LIST_ALERTS, .status = "all", .since_ms = SAMPLE_NOW + 13500}, 2},
        {"incidents", {.list = LIST_INCIDENTS}, 30},
        {"open incidents", {.list = LIST_INCIDENTS, .status = "open"}, 24},
        {"closed, of a name", {.list = LIST_INCIDENTS, .status = "closed", .matchers = {"alertname=Down"}, .matcher_count = 1}, 2},
        {"history", {.list = LIST_HISTORY}, 36},
        {"history of ends", {.list = LIST_HISTORY, .status = "resolved"}, 6},
        {"history of the dead", {.list = LIST_HISTORY, .status = "dead"}, 6},
        {"history of the suppressed, by a rule too", {.list = LIST_HISTORY, .status = "suppressed"}, 6},
        {"history of what is open", {.list = LIST_HISTORY, .status = "open"}, 18},
        {"history on a channel", {.list = LIST_HISTORY, .channel = "mail"}, 18},
        {"history in a time", {.list = LIST_HISTORY, .since_ms = SAMPLE_NOW + 5000, .until_ms = SAMPLE_NOW + 6000}, 2},
        {"deliveries", {.list = LIST_DELIVERIES}, 18},
        {"open deliveries", {.list = LIST_DELIVERIES, .status = "open"}, 6},
        {"dead deliveries", {.list = LIST_DELIVERIES, .status = "dead"}, 6},
        {"delivered over mail", {.list = LIST_DELIVERIES, .status = "delivered", .channel = "mail"}, 3},
        {"deliveries by label", {.list = LIST_DELIVERIES, .matchers = {"alertname!=Down"}, .matcher_count = 1}, 12},
        {"quarantine", {.list = LIST_QUARANTINE}, 1},
        {"groups", {.list = LIST_GROUPS}, 24},
        {"groups by label", {.list = LIST_GROUPS, .matchers = {"alertname=Down"}, .matcher_count = 1}, 8},
        {"the book is empty", {.list = LIST_AUDIT}, 0},
        {"quarantine of another", {.list = LIST_QUARANTINE, .source = "other"}, 0},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        size_t count = items(&rows[i].query);
        CHECK(count == rows[i].count, "%s: %zu", rows[i].name, count);
    }
}

static void test_mistakes(void)
{
    static const struct { const char *name; struct history_query query; enum err_kind kind; const char *words; } rows[] = {
        {"a bad matcher", {.list = LIST_ALERTS, .matchers = {"a=~\"(\""}, .matcher_count = 1}, ERR_INPUT, NULL},
        {"a bad status", {.list = LIST_ALERTS, .status = "dead"}, ERR_INPUT, "firing, resolved, all"},
        {"a status where none has a meaning", {.list = LIST_QUARANTINE, .status = "open"}, ERR_INPUT, "no meaning"},
        {"a short cursor", {.list = LIST_ALERTS, .cursor = "abc"}, ERR_INPUT, "cursor"},
        {"a hostile cursor", {.list = LIST_ALERTS, .cursor = "A'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, ERR_INPUT, "cursor"},
        {"a cursor past the end", {.list = LIST_ALERTS, .cursor = "A9AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, ERR_INPUT, "cursor"},
        {"another list's cursor", {.list = LIST_ALERTS, .cursor = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, ERR_INPUT, "cursor"},
        {"no id", {.list = LIST_WHY}, ERR_INPUT, "id"},
        {"no delivery", {.list = LIST_DELIVERY, .id = "99999"}, ERR_CONFLICT, "no delivery"},
        {"no number", {.list = LIST_DELIVERY, .id = "7; DROP TABLE alerts"}, ERR_INPUT, "not the id"},
        {"nothing known", {.list = LIST_WHY, .id = "' OR 1=1 --"}, ERR_CONFLICT, "nothing is known"},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct err err = {0};
        buf_clear(&out);
        CHECK(!history_run(history, &rows[i].query, &out, &err), "%s", rows[i].name);
        CHECK(err.kind == rows[i].kind && (!rows[i].words || strstr(err.text, rows[i].words)), "%s: %s", rows[i].name, err.text);
    }
}

/* Every row comes once, in order, however small the pages. */
static void test_cursors(void)
{
    static const struct { enum history_list list; size_t count; } rows[] = {
        {LIST_ALERTS, 24}, {LIST_INCIDENTS, 30}, {LIST_HISTORY, 36}, {LIST_DELIVERIES, 18}, {LIST_GROUPS, 24}, {LIST_QUARANTINE, 1}};

    for (size_t i = 0; i < LENGTH(rows); i++)
        for (size_t limit = 1; limit < 40; limit += 6) {
            char seen[64][32], cursor[64] = "";
            size_t count = 0, pages = 0;
            for (; pages < 64; pages++) {
                struct history_query query = {.list = rows[i].list, .limit = limit, .cursor = cursor};
                struct cJSON *json = run(&query);
                const struct cJSON *at = json_first(json_get(json, "items"));
                for (; at && count < LENGTH(seen); at = json_next(at))
                    snprintf(seen[count++], sizeof seen[0], "%s", json_get_text(at, "id"));
                const char *next = json_get_text(json, "next");
                snprintf(cursor, sizeof cursor, "%s", next ? next : "");
                json_close(json);
                if (!cursor[0])
                    break;
            }
            CHECK(count == rows[i].count, "list %d by %zu: %zu", (int)rows[i].list, limit, count);
            CHECK(pages < rows[i].count / limit + 1, "no empty page at the end");
            for (size_t a = 0; a < count; a++)
                for (size_t b = a + 1; b < count; b++)
                    CHECK(strcmp(seen[a], seen[b]) != 0, "list %d by %zu: %s twice", (int)rows[i].list, limit, seen[a]);
        }
}

static void test_shapes(void)
{
    struct cJSON *json = run(&(struct history_query){.list = LIST_ALERTS, .status = "all"});
    const struct cJSON *last = item(json, 29);

    CHECK_TEXT(json_get_text(last, "id"), "1");
    CHECK_TEXT(json_get_text(last, "fingerprint"), "fp0");
    CHECK_TEXT(json_get_text(last, "status"), "firing");
    CHECK_TEXT(json_get_text(last, "severity"), "critical");
    CHECK_TEXT(json_get_text(last, "startsAt"), "2023-11-14T22:13:19.995Z");
    CHECK(json_is_null(json_get(last, "endsAt")), "no end");
    CHECK_TEXT(json_get_text(json_get(last, "labels"), "alertname"), "Down");
    CHECK_TEXT(json_get_text(json_get(last, "annotations"), "summary"), "=1+1,\"<b>\"\n");
    CHECK_TEXT(json_get_text(json_get(last, "links"), "panelURL"), "http://panel");
    CHECK(json_number(json_get(json_get(last, "values"), "A"), 0) == 1.5, "values");
    CHECK_TEXT(json_text(json_first(json_get(last, "incidents"))), "R00");
    CHECK_TEXT(json_get_text(last, "rule_uid"), "rule");
    CHECK_TEXT(json_text(json_first(json_get(last, "related"))), "11");
    json_close(json);

    json = run(&(struct history_query){.list = LIST_INCIDENTS, .limit = 25});
    CHECK_TEXT(json_get_text(item(json, 0), "state"), "open");
    CHECK_TEXT(json_get_text(item(json, 23), "state"), "open");
    CHECK_TEXT(json_get_text(item(json, 24), "state"), "closed");
    json_close(json);

    json = run(&(struct history_query){.list = LIST_DELIVERIES, .status = "delivered"});
    const struct cJSON *delivery = item(json, 5);
    CHECK_TEXT(json_get_text(delivery, "id"), "44");
    CHECK_TEXT(json_get_text(delivery, "incident"), "R04");
    CHECK_TEXT(json_get_text(delivery, "reason"), "first notification");
    CHECK_TEXT(json_get_text(delivery, "lastOutcome"), "taken");
    CHECK_INT(json_get_int(delivery, "lastStatus", 0), 200);
    CHECK_TEXT(json_text(json_first(json_get(delivery, "remoteIds"))), "42");
    CHECK(json_number(json_get(delivery, "seconds"), 0) == 0.6, "accept to receipt");
    json_close(json);

    json = run(&(struct history_query){.list = LIST_QUARANTINE});
    CHECK_TEXT(json_get_text(item(json, 0), "start"), "<html>\xef\xbf\xbd\xef\xbf\xbd oops");
    CHECK_INT(json_get_int(item(json, 0), "bytes", 0), 13);
    json_close(json);

    json = run(&(struct history_query){.list = LIST_DELIVERY, .id = "34"});
    CHECK_TEXT(json_get_text(json, "state"), "dead");
    CHECK_TEXT(json_get_text(json_first(json_get(json, "messages")), "text"), "Down <b>now</b>");
    CHECK_TEXT(json_get_text(json_first(json_get(json_first(json_get(json, "messages")), "parts")), "state"), "failed");
    CHECK_TEXT(json_get_text(json_first(json_get(json, "attempts")), "words"), "bot was kicked");
    CHECK_TEXT(json_get_text(json_first(json_get(json, "items")), "alert"), "31");
    json_close(json);
}

/* The sentence of an alert's newest transition. */
static void check_why(const char *id, const char *kind, const char *words)
{
    struct cJSON *json = run(&(struct history_query){.list = LIST_WHY, .id = id});
    const struct cJSON *first = json_first(json_get(json, "transitions"));
    const char *text = json_get_text(first ? first : json, "explanation");

    CHECK_TEXT(json_get_text(json, "kind"), kind);
    CHECK(text && strstr(text, words), "%s: %s", id, text ? text : "(none)");
    json_close(json);
}

static void test_why(void)
{
    check_why("1", "alert", "chat is still to be told, when its group is due at 2023-11-14T22:13:30.000Z (route {}).");
    check_why("1.1", "alert", "chat is still to be told, when its group is due"); /* the id that history gives a line */
    check_why("fp10", "alert", "mail is still to be told, when its group is due");
    check_why("21", "alert", "chat is still to be told, by delivery 24. Sent to chat because: first notification. Still open");
    check_why("31", "alert", "mail could not be told: bot was kicked (delivery 34 is dead).");
    check_why("41", "alert", "No channel hears of it: silence 7 by anna.");
    check_why("91", "alert", "mail was not told: send_resolved: false.");
    check_why("34", "delivery", "Given up: bot was kicked.");
    check_why("44", "delivery", "Delivered 0.6 s after the alert was accepted.");
    check_why("R03", "incident", "and is not over");
    check_why("r04", "incident", "and was over after 0.9 s.");
    struct cJSON *json = run(&(struct history_query){.list = LIST_WHY, .id = "R03"});
    CHECK_TEXT(json_get_text(json_first(json_get(json, "deliveries")), "id"), "34");
    json_close(json);
    json = run(&(struct history_query){.list = LIST_WHY, .id = "41"});
    const struct cJSON *fired = json_next(json_first(json_get(json, "transitions")));
    CHECK_TEXT(json_get_text(fired, "explanation"), "chat was told 0.6 s after acceptance, by delivery 44.");
    json_close(json);
}

/* Columns of a line; commas inside quotes do not count. */
static size_t columns(const char *line, const char **end)
{
    size_t count = 1;
    bool quoted = false;

    for (; *line && (quoted || *line != '\r'); line++) {
        quoted = quoted != (*line == '"');
        count += *line == ',' && !quoted;
    }
    *end = *line ? line + 2 : line;
    return count;
}

static void test_csv(void)
{
    static const enum history_list lists[] = {LIST_GROUPS, LIST_ALERTS, LIST_INCIDENTS, LIST_HISTORY, LIST_DELIVERIES, LIST_QUARANTINE};

    for (size_t i = 0; i < LENGTH(lists); i++) {
        struct err err = {0};
        const char *line;
        size_t lines = 0;
        buf_clear(&out);
        CHECK(history_run(history, &(struct history_query){.list = lists[i], .csv = true}, &out, &err), "%s", err.text);
        size_t header = columns(buf_text(&out), &line);
        CHECK(header > 3 && strncmp(buf_text(&out), "id,", 3) == 0, "a header: %.40s", buf_text(&out));
        for (; *line; lines++) {
            size_t cells = columns(line, &line);
            CHECK(cells == header, "list %d, line %zu: %zu cells for %zu columns", (int)lists[i], lines, cells, header);
        }
        CHECK(lines > 0, "list %d has lines", (int)lists[i]);
    }
}

int main(void)
{
    struct err err = {0};
    void (*tests[])(void) = {test_filters, test_mistakes, test_cursors, test_shapes, test_why, test_csv};

    sample_begin();
    history = history_open(sample_path);
    CHECK(!history_run(history, &(struct history_query){.list = LIST_ALERTS}, &out, &err), "no file yet");
    struct store store = sample_open(&err);
    CHECK(store.context, "%s", err.text);
    fill(&store);
    for (size_t i = 0; i < LENGTH(tests); i++)
        tests[i]();
    history_close(history);
    sample_close(&store);
    sample_end();
    buf_free(&out);
    return test_end();
}
