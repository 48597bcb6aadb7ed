/* What keeps an alert from being told: a silence, an inhibition, a muted time; and what is owed when that ends. Whoever was
 * told of a firing is told of its end all the same, unless the route says resolve_when_silenced: false. */
#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HUSH_WORDS_MAX 512 /* bytes of a rule's words in the history */
#define MINUTE_MS 60000

static const char *times_name(const struct core *core, const struct policy_times *times, bool holds)
{
    for (size_t i = 0; i < times->count; i++)
        if (core->times_hold[times->items[i]] == holds)
            return core->policy->intervals[times->items[i]].name;
    return NULL;
}

static bool is_muted(const struct core *core, const struct policy_node *node)
{
    return times_name(core, &node->mute, true) || (node->active.count && !times_name(core, &node->active, true));
}

bool hush_is_quiet(const struct core *core, const struct group *group)
{
    return times_name(core, &group_settings(core, group)->quiet, true) != NULL;
}

static int64_t left_ms(const struct core *core, int64_t since_ms, int64_t wait_ms)
{
    int64_t age_ms = core->now.wall_ms - since_ms;
    return age_ms < 0 || age_ms >= wait_ms ? 0 : wait_ms - age_ms;
}

/* How long a target still waits for its source to fire, or, that being over, for its own end; 0: not at all. */
static int64_t wait_left_ms(const struct core *core, const struct told *told)
{
    const struct alert *alert = told->alert;

    if (told->hushed == HUSH_ELSEWHERE)
        return 0; /* another channel has been given it */
    if (told->hushed == HUSH_WAITS)
        return left_ms(core, told->owed_ms, group_settings(core, told->lane->group)->group_interval_ms);
    if (!alert->inhibitable || alert->severity == 0)
        return 0;
    return left_ms(core, alert->changed_ms, core->policy->inhibit_wait_ms);
}

enum hush hush_judge(struct core *core, const struct told *told)
{
    const struct alert *alert = told->alert;
    const struct policy_node *node = group_settings(core, told->lane->group);

    if (alert->test)
        return HUSH_NONE;
    if (alert->status == ALERT_FIRING && alert->shade)
        return alert->shade->silence ? HUSH_SILENCED : HUSH_INHIBITED;
    if (alert->status == ALERT_RESOLVED && !node->resolve_when_silenced) {
        if (silence_for(core, alert))
            return HUSH_SILENCED;
        if (inhibit_source(core, alert))
            return HUSH_INHIBITED;
    }
    if (is_muted(core, node))
        return HUSH_MUTED;
    if (flap_damps(told))
        return HUSH_FLAPS;
    return alert->status == ALERT_FIRING && wait_left_ms(core, told) ? HUSH_WAITS : HUSH_NONE;
}

static void silence_words(const struct silence *silence, struct buf *words)
{
    buf_addf(words, "silenced by %s", silence->id);
    if (silence->author[0])
        buf_addf(words, " of %.60s", silence->author);
    if (silence->comment[0])
        buf_addf(words, ": %.200s", silence->comment);
}

static void hush_words(struct core *core, const struct told *told, enum hush kind, struct buf *words)
{
    const struct policy_node *node = group_settings(core, told->lane->group);
    const struct alert *alert = told->alert, *source;
    uint64_t by;

    switch (kind) {
    case HUSH_SILENCED:
        silence_words(alert->status == ALERT_FIRING ? alert->shade->silence : silence_for(core, alert), words);
        break;
    case HUSH_INHIBITED:
        by = alert->status == ALERT_FIRING ? alert->shade->inhibited_by : inhibit_source(core, alert);
        source = alert_by_id(core, by);
        buf_addf(words, "inhibited by alert %llu %.100s", (unsigned long long)by,
                 source ? text_or(kept_get(source->labels, "alertname"), "") : "");
        break;
    case HUSH_MUTED:
        if (times_name(core, &node->mute, true))
            buf_addf(words, "muted by time interval %.100s", times_name(core, &node->mute, true));
        else
            buf_addf(words, "outside of time interval %.100s", times_name(core, &node->active, false));
        break;
    case HUSH_FLAPS: flap_words(alert, words); break;
    case HUSH_NONE:
    case HUSH_WAITS:
    case HUSH_ELSEWHERE:
    case HUSH_RAISED: break;
    }
}

static void hush(struct core *core, struct told *told, enum hush kind)
{
    struct buf words = BUF_EMPTY(HUSH_WORDS_MAX);
    bool firing = told->alert->status == ALERT_FIRING;
    bool may_know = told->status == TOLD_FIRING || told->told_ms;
    bool waits_for_end = kind == HUSH_MUTED && may_know && group_settings(core, told->lane->group)->resolve_when_silenced;

    if (firing || waits_for_end || kind == HUSH_FLAPS)
        told->hushed = (uint8_t)kind;
    else if (flap_damps(told))
        told->hushed = HUSH_FLAPS; /* what ended it is told when it is calm */
    else if (may_know)
        told->status = TOLD_RESOLVED;
    if (kind == HUSH_FLAPS)
        amend_want(core, told->lane);
    hush_words(core, told, kind, &words);
    told_settle(core, told, told->owed_seq, SETTLED_SUPPRESSED, 0, buf_text(&words));
    buf_free(&words);
}

void lane_hush(struct core *core, struct lane *lane)
{
    for (struct told *told = lane->pending, *next; told; told = next) {
        next = told->next;
        if (told->frozen_in)
            continue;
        bool known = told->alert->status == ALERT_FIRING && told->status == TOLD_FIRING;
        enum hush kind = hush_judge(core, told);
        if (kind != HUSH_NONE && kind != HUSH_FLAPS && known) /* no news to be hushed, and not to be shown either */
            told_settle(core, told, told->owed_seq, SETTLED_SUPPRESSED, 0, RULE_SAME);
        else if (kind == HUSH_WAITS)
            group_due(core, lane->group, wait_left_ms(core, told));
        else if (kind != HUSH_NONE)
            hush(core, told, kind);
    }
}

/* Nothing hushes it any more: what the channel does not know is owed to it again. */
static void review(struct core *core, struct told *told)
{
    enum hush kind = (enum hush)told->hushed;
    struct group *group = told->lane->group;
    bool firing = told->alert->status == ALERT_FIRING;

    if (told->status == TOLD_FIRING && firing)
        told->lane->repeat_from_ms = told->lane->notified.steady_ms; /* a repeat that fell into it is due now */
    if (!kind || kind == HUSH_WAITS || kind == HUSH_ELSEWHERE || kind == HUSH_FLAPS || kind == HUSH_RAISED)
        return;
    enum hush still = hush_judge(core, told);
    if (still != HUSH_NONE && still != HUSH_WAITS)
        return;
    told->hushed = HUSH_NONE;
    if (firing ? told->status == TOLD_FIRING : told->status != TOLD_FIRING && !told->told_ms) {
        told_write(core, told);
        return;
    }
    told_owe_again(core, told);
    if (kind == HUSH_INHIBITED) { /* the target is likely to end with its source: give it the time of a group */
        told->hushed = HUSH_WAITS;
        told_write(core, told);
        group_due(core, group, group_settings(core, group)->group_interval_ms);
    } else
        group_touch(core, group);
}

void hush_review(struct core *core, struct alert *alert)
{
    for (struct told *told = alert->tolds; told; told = told->next_of_alert)
        review(core, told);
    for (struct told *told = alert->tolds; told; told = told->next_of_alert)
        if (told->is_pending || told->status == TOLD_FIRING)
            group_refresh(core, told->lane->group); /* never closes it: something is owed, or fires, in it */
}

static void shade_write(struct core *core, const struct alert *alert)
{
    struct record_hush *row = &effects_record(core->effects, RECORD_HUSH)->hush;
    *row = (struct record_hush){.alert_id = alert->id};
    if (alert->shade) {
        row->silence_number = alert->shade->silence ? alert->shade->silence->number : 0;
        row->inhibited_by = alert->shade->inhibited_by;
    }
}

static bool shade_set(struct alert *alert, struct silence *silence, uint64_t inhibited_by)
{
    struct shade old = alert->shade ? *alert->shade : (struct shade){0};

    if (old.silence == silence && old.inhibited_by == inhibited_by)
        return false;
    if (!silence && !inhibited_by) {
        free(alert->shade);
        alert->shade = NULL;
        return true;
    }
    if (!alert->shade)
        alert->shade = memory_zeroed(1, sizeof *alert->shade);
    *alert->shade = (struct shade){silence, inhibited_by};
    return true;
}

static void shade(struct core *core, struct alert *alert, struct silence *silence, uint64_t inhibited_by)
{
    if (!shade_set(alert, silence, inhibited_by) || core->rebuilding)
        return;
    shade_write(core, alert);
    if (!alert->shade && alert->status == ALERT_FIRING)
        hush_review(core, alert);
}

void alert_silence(struct core *core, struct alert *alert, struct silence *silence)
{
    shade(core, alert, silence, alert->shade ? alert->shade->inhibited_by : 0);
}

void alert_inhibit(struct core *core, struct alert *alert, uint64_t source_id)
{
    shade(core, alert, alert->shade ? alert->shade->silence : NULL, source_id);
}

/* Its status or labels are other ones now. Only what fires is silenced or inhibited. */
void hush_enter(struct core *core, struct alert *alert)
{
    if (alert->test || alert->status != ALERT_FIRING)
        return;
    alert_silence(core, alert, silence_for(core, alert));
    inhibit_join(core, alert);
}

void hush_leave(struct core *core, struct alert *alert)
{
    if (alert->test || alert->status != ALERT_FIRING)
        return;
    inhibit_leave(core, alert);
    if (shade_set(alert, NULL, 0))
        shade_write(core, alert);
}

void hush_load(struct core *core, const struct record_hush *row)
{
    struct alert *alert = alert_by_id(core, row->alert_id);

    if (alert)
        shade_set(alert, silence_by_number(core, row->silence_number), row->inhibited_by);
}

static bool read_times(struct core *core)
{
    bool changed = false;

    for (size_t i = 0; i < core->policy->interval_count; i++) {
        bool holds = interval_set_holds(&core->policy->intervals[i], core->now.wall_ms);
        changed = changed || holds != core->times_hold[i];
        core->times_hold[i] = holds;
    }
    core->minute_due = moment_in(core, MINUTE_MS - core->now.wall_ms % MINUTE_MS);
    return changed;
}

static void review_all(struct core *core)
{
    void *item;

    for (size_t at = 0; map_each(&core->alert_ids, &at, &item);)
        hush_review(core, item);
}

/* Another policy, or a start: everything is judged anew, and what came out otherwise is written. */
void hush_rebuild(struct core *core)
{
    struct shade *before = ARENA_NEW(core->effects->arena, struct shade, core->alert_ids.count + 1);
    size_t at = 0, count = 0;

    core->rebuilding = true;
    inhibit_clear(core);
    read_times(core);
    for (void *item; map_each(&core->alert_ids, &at, &item);) {
        struct alert *alert = item;
        before[count++] = alert->shade ? *alert->shade : (struct shade){0};
        shade_set(alert, NULL, 0);
    }
    at = 0;
    for (void *item; map_each(&core->alert_ids, &at, &item);)
        hush_enter(core, item);
    core->rebuilding = false;
    at = count = 0;
    for (void *item; map_each(&core->alert_ids, &at, &item); count++) {
        const struct alert *alert = item;
        struct shade now = alert->shade ? *alert->shade : (struct shade){0};
        if (now.silence != before[count].silence || now.inhibited_by != before[count].inhibited_by)
            shade_write(core, alert);
    }
    review_all(core);
    flaps_rebuild(core);
}

void hush_tick(struct core *core)
{
    silences_tick(core);
    flaps_tick(core);
    if (core->now.steady_ms < core->minute_due.steady_ms)
        return;
    if (read_times(core))
        review_all(core);
}

int64_t hush_deadline(const struct core *core)
{
    const struct heap_item *top = heap_top(&core->silence_changes);
    int64_t deadline = core->policy->interval_count ? core->minute_due.steady_ms : INT64_MAX;

    const struct heap_item *calm = heap_top(&core->flaps);
    deadline = calm && calm->rank < deadline ? calm->rank : deadline;
    /* The wall clock may jump: nobody waits for a silence's change longer than a minute without looking. */
    if (top) {
        int64_t wait_ms = top->rank - core->now.wall_ms;
        wait_ms = wait_ms < 0 ? 0 : wait_ms < MINUTE_MS ? wait_ms : MINUTE_MS;
        deadline = core->now.steady_ms + wait_ms < deadline ? core->now.steady_ms + wait_ms : deadline;
    }
    return deadline;
}
