/* What is committed comes back from load field for field, in the order of enum record_kind. */
#include "base/text.h"
#include "notifier/store/flat.h"
#include "tests/unit/store/sample.h"

#include <inttypes.h>

static void dump_labels(struct buf *out, const struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        buf_addf(out, " [%s=%s]", labels->items[i].name, labels->items[i].value);
}

static const char *shown(const char *text)
{
    return text ? text : "(null)";
}

/* Every field of every kind that load yields. */
static bool dump_state(struct buf *out, const struct record *record)
{
    const struct record_alert *a = &record->alert;
    const struct record_group *g = &record->group;
    const struct record_incident *i = &record->incident;
    const struct record_told *t = &record->told;

    switch (record->kind) {
    case RECORD_SEQUENCE:
        buf_addf(out, " %" PRIu64, record->sequence.next_id);
        break;
    case RECORD_ALERT:
        buf_addf(out, " %" PRIu64 " %s %s %" PRId64 " %s %d %u %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %d %" PRIx64 " %s",
                 a->id, a->domain, a->source, a->org, a->fingerprint, a->status, a->seq, a->starts_ms, a->ends_ms, a->expires_ms,
                 a->changed_ms, a->refreshed_ms, a->test, a->content_hash, shown(a->state_reason));
        dump_labels(out, &a->labels);
        break;
    case RECORD_GROUP:
        buf_addf(out, " %" PRIu64 " %s %s %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64, g->id, g->key, g->node_id, g->incident_id,
                 g->created_ms, g->flush_due_ms, g->flushed_ms);
        dump_labels(out, &g->labels);
        break;
    case RECORD_INCIDENT:
        buf_addf(out, " %" PRIu64 " %" PRIu64 " %s %" PRId64 " %" PRId64 " %u %s %s", i->id, i->group_id, i->reference, i->opened_ms,
                 i->closed_ms, i->severity, shown(i->severity_name), shown(i->title));
        break;
    case RECORD_TOLD:
        buf_addf(out, " %" PRIu64 " %" PRIu64 " %s %u %u %" PRId64 " %u %d %" PRId64 " %d", t->alert_id, t->group_id, t->channel, t->slot,
                 t->owed_seq, t->owed_ms, t->settled_seq, t->status, t->told_ms, t->hushed);
        break;
    case RECORD_LANE:
        buf_addf(out, " %" PRIu64 " %s %" PRId64 " %s", record->lane.group_id, record->lane.channel, record->lane.notified_ms,
                 shown(record->lane.root_remote));
        break;
    default: return false;
    }
    return true;
}

static bool dump_delivery(struct buf *out, const struct record *record)
{
    const struct record_delivery *d = &record->delivery;
    const struct record_message *m = &record->message;
    const struct record_part *p = &record->part;
    const struct record_attempt *n = &record->attempt;
    const struct record_target *h = &record->target;

    switch (record->kind) {
    case RECORD_DELIVERY:
        buf_addf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %d %d %d %" PRId64 " %" PRId64 " %" PRId64 " %u %d %" PRIu64 " %" PRId64
                 " %" PRIu64 " %s %u %s", d->id, d->group_id, d->incident_id, d->channel, d->reason, d->state, d->form, d->opened_ms,
                 d->accepted_ms, d->due_ms, d->tries, d->maybe_sent, d->message_id, d->settled_ms, d->carried_by, shown(d->words),
                 d->severity, shown(d->only_test));
        break;
    case RECORD_ITEM:
        buf_addf(out, " %" PRIu64 " %" PRIu64 " %u %u %d", record->item.delivery_id, record->item.alert_id, record->item.seq,
                 record->item.slot, record->item.status);
        break;
    case RECORD_MESSAGE:
        buf_addf(out, " %" PRIu64 " %" PRIu64 " %s %d %" PRId64 " %s", m->id, m->delivery_id, m->channel, m->reason, m->at_ms,
                 shown(m->text));
        break;
    case RECORD_PART:
        buf_addf(out, " %" PRIu64 " %u %d %d %d %u %s %s %s", p->message_id, p->index, p->kind, p->state, p->optional, p->tries,
                 shown(p->address), shown(p->content), shown(p->remote_id));
        break;
    case RECORD_ATTEMPT:
        buf_addf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u %s %" PRId64 " %" PRId64 " %d %d %" PRId64 " %s", n->id, n->delivery_id,
                 n->message_id, n->part_first, n->part_count, n->channel, n->started_ms, n->ended_ms, n->outcome, n->status,
                 n->latency_ms, shown(n->words));
        break;
    case RECORD_TARGET:
        buf_addf(out, " %s %" PRId64 " %u %" PRId64 " %" PRId64 " %s %s %u/%u %" PRId64 "-%" PRId64 " %s", h->channel, h->not_before_ms, h->failures, h->last_ok_ms,
                 h->last_error_ms, shown(h->last_error), shown(h->moved_to), h->away_count, h->away_summed, h->away_since_ms,
                 h->away_until_ms, shown(h->away_to));
        break;
    default: return false;
    }
    return true;
}

static void dump(struct buf *out, const struct record *record)
{
    buf_addf(out, "%d:", (int)record->kind);
    if (!dump_state(out, record) && !dump_delivery(out, record))
        buf_add_text(out, " must not be loaded");
    buf_add_char(out, '\n');
}

struct seen {
    struct buf text;
    enum record_kind last;
    bool in_order;
};

static void see(void *context, const struct record *record)
{
    struct seen *seen = context;
    seen->in_order = seen->in_order && record->kind >= seen->last;
    seen->last = record->kind;
    dump(&seen->text, record);
}

static char *loaded(struct store *store, int64_t now_ms)
{
    struct seen seen = {.text = BUF_EMPTY(1 << 20), .in_order = true};
    struct err err = {0};

    CHECK(store->load(store->context, now_ms, see, &seen, &err), "%s", err.text);
    CHECK(seen.in_order, "the order of enum record_kind");
    size_t length;
    buf_add_char(&seen.text, '\n');
    char *text = buf_take(&seen.text, &length);
    return text;
}

/* One record of each kind that load yields, no field zero, some texts odd. */
static void fill(struct effects *effects)
{
    SAMPLE_LABELS(labels, {"alertname", "Down \xe2\x9c\x93"}, {"odd", "\"\\/\n\t<&>'%s {}[],:"}, {"z", "\xf0\x9f\x94\xa5"});
    struct alert_input input = {.fingerprint = "f", .labels = labels};

    effects_record(effects, RECORD_SEQUENCE)->sequence.next_id = INT64_MAX;
    effects_record(effects, RECORD_ALERT)->alert = (struct record_alert){
        .id = 7, .domain = "d", .source = "s", .org = -3, .fingerprint = "f", .status = ALERT_RESOLVED, .seq = UINT32_MAX,
        .starts_ms = -62135596800000, .ends_ms = 2, .expires_ms = 3, .changed_ms = SAMPLE_NOW, .refreshed_ms = 5, .test = true,
        .content_hash = UINT64_MAX, .state_reason = "NoData", .labels = effects_labels(effects, &labels),
        .detail = effects_input(effects, &input)};
    effects_record(effects, RECORD_GROUP)->group = (struct record_group){
        .id = 8, .key = "k:{a=\"b\"}", .node_id = "k", .labels = effects_labels(effects, &labels), .incident_id = 9,
        .created_ms = 11, .flush_due_ms = 12, .flushed_ms = 13};
    effects_record(effects, RECORD_INCIDENT)->incident = (struct record_incident){
        .id = 9, .group_id = 8, .reference = "K7Q2", .opened_ms = 14, .severity = 255, .severity_name = "info", .title = "t"};
    effects_record(effects, RECORD_TOLD)->told = (struct record_told){
        .alert_id = 7, .group_id = 8, .channel = "mail", .slot = 65535, .owed_seq = UINT32_MAX, .owed_ms = 15,
        .settled_seq = 4000000000u, .status = TOLD_RESOLVED, .told_ms = 16, .hushed = HUSH_RAISED};
    effects_record(effects, RECORD_LANE)->lane = (struct record_lane){
        .group_id = 8, .channel = "mail", .notified_ms = 17, .root_remote = "r"};
    effects_record(effects, RECORD_DELIVERY)->delivery = (struct record_delivery){
        .id = 10, .group_id = 8, .incident_id = 9, .channel = "mail", .reason = REASON_ESCALATION, .form = FORM_MINIMAL,
        .opened_ms = 18, .accepted_ms = 19, .due_ms = 20, .tries = UINT32_MAX, .maybe_sent = true, .message_id = 21,
        .words = "w", .severity = 3, .only_test = "anna"};
    effects_record(effects, RECORD_ITEM)->item = (struct record_item){10, 7, UINT32_MAX, 65535, ALERT_RESOLVED};
    effects_record(effects, RECORD_MESSAGE)->message = (struct record_message){21, 10, "mail", REASON_REPEAT, 22, "text"};
    effects_record(effects, RECORD_PART)->part = (struct record_part){
        21, 2, PART_RECIPIENT, PART_FAILED, true, 23, "a@example.org", "content", "remote"};
    effects_record(effects, RECORD_ATTEMPT)->attempt = (struct record_attempt){
        24, 10, 21, 1, 2, "mail", 25, 26, OUTCOME_UNCLEAR, -27, 28, "words"};
    effects_record(effects, RECORD_TARGET)->target = (struct record_target){.channel = "mail", .not_before_ms = 29, .failures = 30, .last_ok_ms = 31, .last_error_ms = 32,
                                                                             .last_error = "error", .moved_to = "-100",
                                                                             .away_count = 33, .away_summed = 34, .away_since_ms = 35, .away_until_ms = 36,
                                                                             .away_to = "mail"};
}

static void test_round_trip(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;

    REQUIRE(store.context, "%s", err.text);
    effects_init(&effects);
    fill(&effects);
    struct buf want = BUF_EMPTY(1 << 20);
    for (size_t i = 0; i < effects.count; i++) {
        struct record record = effects.items[i].record;
        if (record.kind == RECORD_MESSAGE)
            record.message.text = NULL; /* load leaves texts on the disk */
        if (record.kind == RECORD_PART)
            record.part.content = NULL;
        dump(&want, &record);
    }
    buf_add_char(&want, '\n');
    CHECK(store.commit(store.context, &effects, &err), "%s", err.text);
    char *got = loaded(&store, SAMPLE_NOW);
    CHECK_TEXT(got, buf_text(&want));
    free(got);
    CHECK(store.commit(store.context, &effects, &err), "again: %s", err.text);
    sample_close(&store);
    store = sample_open(&err);
    REQUIRE(store.context, "%s", err.text);
    got = loaded(&store, SAMPLE_NOW);
    CHECK(test_same(got, buf_text(&want)), "after a second commit and a restart: %s", got);
    free(got);
    buf_free(&want);
    effects_free(&effects);
    sample_close(&store);
}

static void count_kind(void *context, const struct record *record)
{
    size_t *counts = context;
    counts[record->kind]++;
}

/* What is over does not come back; attempts do for as long as they count against a rate. */
static void test_what_is_needed(void)
{
    struct err err = {0};
    struct store store = sample_open(&err);
    struct effects effects;
    SAMPLE_LABELS(labels, {"alertname", "Down"});
    struct alert_input input = {.fingerprint = "x", .labels = labels};

    effects_init(&effects);
    sample_accept(&effects, 100, "AAAA", "chat", &input, SAMPLE_NOW);
    sample_send(&effects, 100, "chat", SAMPLE_NOW + 100);
    CHECK(sample_commit(&store, &effects), "sent");
    size_t open[RECORD_COUNT] = {0};
    CHECK(store.load(store.context, SAMPLE_NOW + 2 * STORE_RING_MS, count_kind, open, &err), "%s", err.text);
    CHECK(open[RECORD_DELIVERY] == 1 && open[RECORD_ITEM] == 1 && open[RECORD_MESSAGE] == 1 && open[RECORD_PART] == 1,
          "an open delivery comes with its message");
    CHECK(open[RECORD_ATTEMPT] == 1, "and its attempts, however old");

    sample_settle(&effects, 100, "chat", SAMPLE_NOW + 200, true);
    CHECK(sample_commit(&store, &effects), "settled");
    size_t settled[RECORD_COUNT] = {0};
    store.load(store.context, SAMPLE_NOW + 300, count_kind, settled, &err);
    CHECK(!settled[RECORD_DELIVERY] && !settled[RECORD_ITEM] && !settled[RECORD_MESSAGE] && !settled[RECORD_PART], "it is over");
    CHECK_INT(settled[RECORD_ATTEMPT], 1);
    CHECK(settled[RECORD_ALERT] == 1 && settled[RECORD_TOLD] == 1 && settled[RECORD_GROUP] == 1 && settled[RECORD_LANE] == 1,
          "the alert fires still");
    size_t later[RECORD_COUNT] = {0};
    store.load(store.context, SAMPLE_NOW + 2 * STORE_RING_MS, count_kind, later, &err);
    CHECK_INT(later[RECORD_ATTEMPT], 0);

    effects_record(&effects, RECORD_TOLD_GONE)->told = (struct record_told){.alert_id = 101, .channel = "chat"};
    effects_record(&effects, RECORD_GROUP_GONE)->group.id = 102;
    effects_record(&effects, RECORD_ALERT_GONE)->alert.id = 101;
    CHECK(sample_commit(&store, &effects), "gone");
    size_t gone[RECORD_COUNT] = {0};
    store.load(store.context, SAMPLE_NOW, count_kind, gone, &err);
    CHECK(!gone[RECORD_ALERT] && !gone[RECORD_TOLD] && !gone[RECORD_GROUP] && !gone[RECORD_INCIDENT] && !gone[RECORD_LANE],
          "what is gone stays gone");
    effects_free(&effects);
    sample_close(&store);
}

static void test_labels(void)
{
    static const struct { const char *name, *text; bool ok; size_t count; const char *first; } rows[] = {
        {"none", "{}", true, 0, NULL},
        {"null", NULL, true, 0, NULL},
        {"one", "{\"a\":\"b\"}", true, 1, "b"},
        {"escapes", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"b\":\"c\"}", true, 2, "\"\\/\b\f\n\r\t"},
        {"hex", "{\"a\":\"\\u003c\\u00e9\\u20ac\"}", true, 1, "<\xc3\xa9\xe2\x82\xac"},
        {"a lone surrogate", "{\"a\":\"\\ud83d\"}", false, 0, NULL},
        {"a zero", "{\"a\":\"\\u0000\"}", false, 0, NULL},
        {"cut", "{\"a\":\"b", false, 0, NULL},
        {"cut in an escape", "{\"a\":\"\\u00", false, 0, NULL},
        {"a number", "{\"a\":1}", false, 0, NULL},
        {"more behind", "{\"a\":\"b\"}x", false, 0, NULL},
        {"empty", "", false, 0, NULL},
        {"nested", "{\"a\":{}}", false, 0, NULL},
        {"comma at the end", "{\"a\":\"b\",}", false, 0, NULL},
    };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct labels labels;
        bool ok = flat_read(rows[i].text, arena, &labels);
        CHECK(ok == rows[i].ok, "%s", rows[i].name);
        if (!ok || !rows[i].ok)
            continue;
        CHECK(labels.count == rows[i].count, "%s: %zu", rows[i].name, labels.count);
        if (rows[i].first && labels.count)
            CHECK_TEXT(labels.items[0].value, rows[i].first);
    }
    arena_free(arena);
}

int main(void)
{
    void (*tests[])(void) = {test_round_trip, test_what_is_needed, test_labels};

    for (size_t i = 0; i < LENGTH(tests); i++) {
        sample_begin();
        tests[i]();
        sample_end();
    }
    return test_end();
}
