#include "tests/sim/judge.h"

#include "base/text.h"
#include "tests/sim/hushes.h"
#include "tests/sim/disk.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <stdlib.h>
#include <string.h>

#define DUMP_MAX (16u << 20)
#define STRAGGLER_MS (9 * 60 * 1000) /* well within the ten minutes in which a late copy must be known as one */
#define JUMP_MATTERS_MS (2 * 60 * 1000)

void judge_free(struct judge *judge)
{
    free(judge->debts);
    free(judge->arrivals);
    for (size_t i = 0; i < SIM_CHANNELS_MAX; i++)
        free(judge->sends[i].times);
    *judge = (struct judge){0};
}

/* What a list brings that the ledger does not have yet. Borrows from both. */
struct news {
    const struct record **finals;
    struct record_delivery *were; /* final before: must be the same after */
    size_t final_count, were_count;
};

static struct news collect(struct life *life, const struct effects *effects, struct arena *arena)
{
    struct news news = {.finals = ARENA_NEW(arena, const struct record *, effects->count + 1),
                        .were = ARENA_NEW(arena, struct record_delivery, effects->count + 1)};

    for (size_t i = 0; i < effects->count; i++) {
        const struct record *record = &effects->items[i].record;
        if (effects->items[i].kind != EFFECT_RECORD || record->kind != RECORD_DELIVERY)
            continue;
        const struct record *was = store_mem_find(life->ledger, RECORD_DELIVERY, record->delivery.id, NULL, 0);
        if (was && was->delivery.state != SETTLED_OPEN)
            news.were[news.were_count++] = was->delivery;
        else if (record->delivery.state != SETTLED_OPEN)
            news.finals[news.final_count++] = record;
    }
    return news;
}

static void add_debt(struct judge *judge, uint64_t alert_id, uint32_t seq, uint8_t channel, uint16_t slot)
{
    if (judge->debt_count == judge->debt_capacity) {
        judge->debt_capacity = judge->debt_capacity ? judge->debt_capacity * 2 : 256;
        judge->debts = realloc(judge->debts, judge->debt_capacity * sizeof *judge->debts);
        if (!judge->debts)
            abort();
    }
    judge->debts[judge->debt_count++] = (struct debt){alert_id, seq, channel, slot};
}

static size_t route_of(const struct life *life, const struct record_alert *alert, uint8_t places[SIM_PLACES_MAX])
{
    if (strcmp(alert->domain, "notifier") != 0)
        return setup_route(life->setup, &alert->labels, places);
    const char *about = labels_get(&alert->labels, "channel");
    size_t count = 0;
    for (uint8_t c = 0; c < SIM_CHANNELS_MAX; c++)
        if (life->setup->heard_by[c] && !text_equal(about, sim_channels[c].name))
            places[count++] = c;
    return count;
}

static void judge_transition(struct life *life, const struct record_transition *row)
{
    const struct record *record = store_mem_find(life->shadow, RECORD_ALERT, row->alert_id, NULL, 0);
    struct judge *judge = &life->judge;
    uint8_t places[SIM_PLACES_MAX];
    uint16_t uses[SIM_CHANNELS_MAX] = {0};

    if (!record) {
        life_fail(life, "a transition of alert %llu, which is not stored", (unsigned long long)row->alert_id);
        return;
    }
    int index = senders_index(life, record->alert.fingerprint);
    if (row->status == ALERT_RESOLVED) {
        if (index >= 0 && !row->state_reason) {
            int64_t lag_ms = life_wall_ms(life) - row->at_ms; /* decided while the disk was busy, perhaps before a jump of the clock */
            judge->ended_ms[index] = lag_ms >= 0 && lag_ms < 60000 ? life->steady_ms + 1 - lag_ms : 1;
            judge->ended_starts_ms[index] = row->starts_ms;
        } else if (index >= 0) {
            judge->ended_ms[index] = 0;
            int64_t lasts_ms = record->alert.expires_ms - record->alert.refreshed_ms;
            if (!life->setup->alerts_max && record->alert.expires_ms && life->steady_ms - life->began_ms + 1000 < lasts_ms)
                life_fail(life, "P4: %s ends for want of news %lld ms after a start, and %lld ms are its sender's", record->alert.fingerprint,
                          (long long)(life->steady_ms - life->began_ms), (long long)lasts_ms);
            mark_reached(life->setup->alerts_max ? MARK_alerts_full : MARK_alert_forgotten);
            judge->crowd_ended = life->setup->alerts_max && !life->setup->forget_after_ms && text_equal(row->state_reason, "no news since");
        }
        return;
    }
    if (index >= 0 && !life->setup->alerts_max && judge->ended_ms[index] && judge->ended_starts_ms[index] == row->starts_ms &&
        life->steady_ms - judge->ended_ms[index] < STRAGGLER_MS && life->jumped_ms < judge->ended_ms[index])
        life_fail(life, "P4: a late copy of a firing that had ended opened %s again", record->alert.fingerprint);
    if (row->rule || record->alert.test)
        return;
    if (index < 0 && row->seq > 1 && strcmp(record->alert.domain, "notifier") != 0) {
        const struct record *before = store_mem_find(life->shadow, RECORD_TRANSITION, row->alert_id, NULL, row->seq - 1);
        if (before && before->transition.status == ALERT_FIRING)
            MARK(severity_raised);
    }
    size_t count = route_of(life, &record->alert, places);
    for (size_t i = 0; i < count; i++)
        add_debt(judge, row->alert_id, row->seq, places[i], uses[places[i]]++);
}

static bool part_arrived(const struct life *life, uint64_t message_id, uint16_t index)
{
    for (size_t i = life->receiver.count; i-- > 0;) {
        const struct seen *seen = life->receiver.seen[i];
        for (size_t p = 0; seen->message_id == message_id && p < seen->part_count; p++)
            if (seen->parts[p].index == index && seen->parts[p].took)
                return true;
    }
    return false;
}

static const struct record_alert *trouble_about(const struct life *life, const char *alertname, const char *channel)
{
    const struct store_mem *rows = life->ledger;

    for (size_t i = 0; i < store_mem_count(rows, RECORD_ALERT); i++) {
        const struct record_alert *alert = &store_mem_at(rows, RECORD_ALERT, i)->alert;
        if (!store_mem_gone(rows, RECORD_ALERT, i) && text_equal(labels_get(&alert->labels, "alertname"), alertname) &&
            text_equal(labels_get(&alert->labels, "channel"), channel))
            return alert;
    }
    return NULL;
}

/* P2: a mailbox that is refused while others got theirs. The notice may have ended since: with a mail to everybody, or by itself. */
static void judge_partly(struct life *life, const struct record_delivery *row)
{
    const struct record *group = store_mem_find(life->ledger, RECORD_GROUP, row->group_id, NULL, 0);

    if (group && strcmp(group->group.node_id, "self") == 0)
        return;
    MARK(partly_refused);
    if (!trouble_about(life, "NotifierDeliveryPartlyRefused", row->channel))
        life_fail(life, "P2: delivery %llu on %s did not reach everybody, and nobody is told", (unsigned long long)row->id, row->channel);
}

static void judge_delivered(struct life *life, const struct record_delivery *row)
{
    const struct store_mem *rows = life->ledger;
    bool any = false, all = true, mail = false, refused = false;

    for (size_t i = store_mem_from(rows, RECORD_PART, row->message_id); i < store_mem_count(rows, RECORD_PART); i++) {
        const struct record_part *part = &store_mem_at(rows, RECORD_PART, i)->part;
        if (part->message_id != row->message_id)
            break;
        if (part->optional)
            continue;
        bool arrived = part_arrived(life, row->message_id, part->index);
        any = any || arrived;
        all = all && arrived;
        refused = refused || part->state == PART_FAILED;
        mail = part->kind == PART_RECIPIENT;
    }
    if (mail && any && refused)
        judge_partly(life, row);
    if (mail ? !any : !all)
        life_fail(life, "P2: delivery %llu counts as delivered on %s, where not all of it has arrived", (unsigned long long)row->id, row->channel);
}

/* P2: a dead letter is told about. */
static void judge_dead(struct life *life, const struct record_delivery *row)
{
    const struct store_mem *rows = life->ledger;
    const struct record *group = store_mem_find(rows, RECORD_GROUP, row->group_id, NULL, 0);

    MARK(dead);
    if (strstr(text_or(row->words, ""), "gave up"))
        MARK(dead_gave_up);
    if (text_equal(row->words, "channel removed"))
        MARK(dead_removed);
    if (!row->words)
        life_fail(life, "P10: delivery %llu is dead without a reason", (unsigned long long)row->id);
    if (group && strcmp(group->group.node_id, "self") == 0)
        return;
    const struct record_alert *told = trouble_about(life, "NotifierDeliveryDead", row->channel);
    if (told && told->status == ALERT_FIRING)
        return;
    life_fail(life, "P2: delivery %llu on %s is dead, and nobody is told", (unsigned long long)row->id, row->channel);
}

/* P5: what a channel has taken is told, and neither handed on nor given up, whatever becomes of the edit beside it. */
static void judge_taken(struct life *life, const struct record_delivery *row)
{
    const struct store_mem *rows = life->ledger;
    bool taken = false;

    for (size_t i = store_mem_from(rows, RECORD_PART, row->message_id); row->message_id && i < store_mem_count(rows, RECORD_PART); i++) {
        const struct record_part *part = &store_mem_at(rows, RECORD_PART, i)->part;
        if (part->message_id != row->message_id)
            break;
        if (part->optional)
            continue;
        if (part->state != PART_DELIVERED)
            return;
        taken = true;
    }
    if (taken)
        life_fail(life, "P5: delivery %llu was taken on %s, and is %s all the same", (unsigned long long)row->id, row->channel,
                  row->state == SETTLED_DEAD ? "dead" : "told elsewhere");
}

static void judge_final(struct life *life, const struct record_delivery *row)
{
    if (row->state == SETTLED_DELIVERED && row->reason == REASON_DIGEST)
        mark_reached(row->maybe_sent ? MARK_digest_unclear : MARK_digest);
    if (row->state == SETTLED_DELIVERED && row->reason == REASON_RECOVERY)
        mark_reached(row->tries ? MARK_summary_probes : MARK_summary);
    if (row->state == SETTLED_DEAD || row->state == SETTLED_CARRIED)
        judge_taken(life, row);
    switch (row->state) {
    case SETTLED_DELIVERED: judge_delivered(life, row); break;
    case SETTLED_DEAD: judge_dead(life, row); break;
    case SETTLED_CARRIED:
        MARK(carried);
        if (row->reason == REASON_DIGEST)
            life_fail(life, "P2: digest %llu is carried by a message about one group", (unsigned long long)row->id);
        if (!store_mem_find(life->ledger, RECORD_DELIVERY, row->carried_by, NULL, 0))
            life_fail(life, "delivery %llu is carried by %llu, which is not stored", (unsigned long long)row->id,
                      (unsigned long long)row->carried_by);
        break;
    case SETTLED_SUPPRESSED: MARK(suppressed_nothing_left); break;
    case SETTLED_OPEN: break;
    }
}

/* At most one open delivery for a group and channel. */
static void judge_open(struct life *life)
{
    const struct store_mem *rows = life->ledger;
    const struct record_delivery *open[512];
    size_t count = 0;

    for (size_t i = 0; i < store_mem_count(rows, RECORD_DELIVERY); i++) {
        const struct record_delivery *row = &store_mem_at(rows, RECORD_DELIVERY, i)->delivery;
        if (row->state != SETTLED_OPEN || count == LENGTH(open))
            continue;
        for (size_t j = 0; j < count; j++)
            if (open[j]->group_id == row->group_id && strcmp(open[j]->channel, row->channel) == 0)
                life_fail(life, "I3: deliveries %llu and %llu are both open for one group and channel", (unsigned long long)open[j]->id,
                          (unsigned long long)row->id);
        open[count++] = row;
    }
}

void judge_decided(struct life *life, const struct record *record)
{
    if (record->kind == RECORD_TRANSITION)
        judge_transition(life, &record->transition);
    else if (record->kind == RECORD_SETTLEMENT)
        settled_judge(life, &record->settlement);
    else if (record->kind == RECORD_DELIVERY && record->delivery.state == SETTLED_OPEN)
        late_open(life, &record->delivery);
    else if (record->kind == RECORD_FLAP && record->flap.calm_ms) {
        MARK(flaps_calm);
        arrivals_calm(&life->judge, record->flap.alert_id);
    }
}

void judge_commit(struct life *life, const struct effects *effects)
{
    struct arena *arena = arena_new();
    struct news news = collect(life, effects, arena);

    store_mem_apply(life->ledger, effects);
    for (size_t i = 0; i < effects->count; i++) {
        const struct record *record = &effects->items[i].record;
        if (effects->items[i].kind != EFFECT_RECORD || record->kind != RECORD_ALERT || !record->alert.detail)
            continue;
        int index = senders_index(life, record->alert.fingerprint);
        unsigned n = senders_marker(&record->alert.detail->annotations);
        if (index >= 0 && n > life->judge.known_n[index])
            life->judge.known_n[index] = n;
    }
    for (size_t i = 0; i < news.were_count; i++) {
        const struct record *now = store_mem_find(life->ledger, RECORD_DELIVERY, news.were[i].id, NULL, 0);
        if (now->delivery.state != news.were[i].state || now->delivery.settled_ms != news.were[i].settled_ms)
            life_fail(life, "delivery %llu was %s and is %s", (unsigned long long)news.were[i].id, settled_text(news.were[i].state),
                      settled_text(now->delivery.state));
    }
    for (size_t i = 0; i < news.final_count; i++)
        judge_final(life, &news.finals[i]->delivery);
    judge_open(life);
    arena_free(arena);
}

static const struct record_alert *held(const struct store_mem *rows, const char *fingerprint)
{
    for (size_t i = store_mem_count(rows, RECORD_ALERT); i-- > 0;) {
        const struct record_alert *alert = &store_mem_at(rows, RECORD_ALERT, i)->alert;
        if (strcmp(alert->fingerprint, fingerprint) == 0)
            return alert;
    }
    return NULL;
}

static bool arrived_somewhere(struct life *life, const char *fingerprint)
{
    for (size_t c = 0; c < SIM_CHANNELS_MAX; c++)
        for (unsigned slot = 0; slot < 4; slot++)
            if (arrival_find(&life->judge, arrival_key(fingerprint, c, slot, "")))
                return true;
    return false;
}

/* The same state in newer words; or what came late, after a newer state whose sender still waits for an answer. */
static bool is_nothing_new(const struct life *life, const struct word *word, const char *fingerprint)
{
    const struct record_alert *stored = held(life->ledger, fingerprint), *known = held(life->shadow, fingerprint);

    return (stored && word->firing == (stored->status == ALERT_FIRING)) ||
           (known && known->detail && senders_marker(&known->detail->annotations) > word->n);
}

/* P1: 200 means stored; while the disk fails, that a channel has confirmed it. */
void judge_answer(struct life *life, const struct post *post, int status)
{
    if (life->commit_failing && status != 200)
        MARK(held_refused);
    if (status != 200 || post->is_event || post->cut)
        return;
    for (size_t i = 0; i < post->word_count; i++) {
        const struct word *word = &post->words[i];
        const struct sim_alert *alert = &life->senders.alerts[word->alert];
        unsigned known = life->judge.known_n[word->alert];
        if (known > word->n)
            MARK(straggler);
        if (known < word->n && life->commit_failing && (!word->firing || arrived_somewhere(life, alert->fingerprint))) {
            MARK(held_confirmed); /* or an end of what nobody was told of */
            continue;
        }
        if (known < word->n && life->commit_failing && is_nothing_new(life, word, alert->fingerprint))
            continue;
        if (known < word->n)
            life_fail(life, "P1: state %u of %s was answered 200, the disk has %u", word->n, alert->fingerprint, known);
        const struct record_alert *row = held(life->ledger, alert->fingerprint);
        if (post->stubborn && !life->commit_failing && !life->setup->alerts_max && row && (row->status == ALERT_FIRING) != word->firing)
            life_fail(life, "P2: the truth of %s was told and taken, but it is held as %s", alert->fingerprint,
                      row->status == ALERT_FIRING ? "firing" : "over");
    }
}

static void give_row(void *context, const struct record *record)
{
    struct life *life = life_current();
    core_load(context, record, (struct instant){life->steady_ms - life->origin_ms, life_wall_ms(life)});
}

static void show_difference(struct life *life, const char *living, const char *loaded)
{
    size_t at = 0, line = 0;

    while (living[at] && living[at] == loaded[at]) {
        at++;
        line = living[at - 1] == '\n' ? at : line;
    }
    life_fail(life, "the mirror shows another core\n  living: %.*s\n  loaded: %.*s", (int)strcspn(living + line, "\n"), living + line,
              (int)strcspn(loaded + line, "\n"), loaded + line);
}

/* What the store holds, loaded into a fresh core, is the living core. */
static void judge_mirror(struct life *life)
{
    struct notifier *notifier = life->notifier;
    struct buf living = BUF_EMPTY(DUMP_MAX), loaded = BUF_EMPTY(DUMP_MAX);
    struct err err = {0};
    struct core *fresh = core_new(notifier_config(notifier)->policy, life->seed);

    if (!life->disk.load(life->disk.context, life_wall_ms(life), give_row, fresh, &err))
        life_fail(life, "the store cannot be loaded: %s", err.text);
    core_dump(notifier_core(notifier), &living);
    core_dump(fresh, &loaded);
    if (strcmp(buf_text(&living), buf_text(&loaded)) != 0)
        show_difference(life, buf_text(&living), buf_text(&loaded));
    core_free(fresh);
    buf_free(&living);
    buf_free(&loaded);
    MARK(mirror);
}

/* P7: no more fire than may; P10: what ended for that is not over, perhaps, and people know. */
static void judge_crowd(struct life *life)
{
    const struct store_mem *rows = life->shadow;
    size_t firing = 0;

    for (size_t i = 0; life->setup->alerts_max && i < store_mem_count(rows, RECORD_ALERT); i++) {
        const struct record_alert *alert = &store_mem_at(rows, RECORD_ALERT, i)->alert;
        if (store_mem_gone(rows, RECORD_ALERT, i) || alert->status != ALERT_FIRING)
            continue;
        firing += !alert->test && strcmp(alert->domain, "notifier") != 0;
        if (text_equal(labels_get(&alert->labels, "alertname"), "NotifierTooManyAlerts"))
            life->judge.crowd_ended = false;
    }
    if (firing > life->setup->alerts_max)
        life_fail(life, "P7: %zu alerts fire, and %zu may", firing, (size_t)life->setup->alerts_max);
    if (life->judge.crowd_ended)
        life_fail(life, "P10: alerts ended because there are too many, and nobody is told");
}

void judge_turn(struct life *life)
{
    uint64_t lost = core_unaccounted(notifier_core(life->notifier));

    late_judge(life);
    judge_crowd(life);
    if (lost)
        life_fail(life, "P2: %llu transitions are owed and nothing waits that would tell them", (unsigned long long)lost);
    disk_judge(life);
    if (life->mirror_due && !life->notifier->writing && !life->notifier->batch->effects.count) {
        judge_mirror(life);
        life->mirror_due = false;
    }
}

/* What was decided but never stored has not happened. */
static void forget_undone(struct life *life)
{
    struct judge *judge = &life->judge;
    size_t kept = 0;

    for (size_t i = 0; i < judge->debt_count; i++)
        if (store_mem_find(life->ledger, RECORD_TRANSITION, judge->debts[i].alert_id, NULL, judge->debts[i].seq))
            judge->debts[kept++] = judge->debts[i];
    judge->debt_count = kept;
    memset(judge->ended_ms, 0, sizeof judge->ended_ms);
}

void judge_crash(struct life *life, bool lossy)
{
    life->judge.crowd_ended = false;
    struct judge *judge = &life->judge;
    bool jumped = life->jumped_ms && life->steady_ms - life->jumped_ms < JUMP_MATTERS_MS;

    judge->in_flight_count = 0;
    memset(judge->pressed, 0, sizeof judge->pressed);
    forget_undone(life);
    arrivals_crash(life);
    if (lossy)
        arrivals_excuse(judge, life->failing_since_ms);
    for (size_t c = 0; c < SIM_CHANNELS_MAX; c++) {
        if (lossy || jumped)
            judge->sends[c].count = 0;
        if (lossy || life->jumped_ms >= judge->wished_ms[c] || judge->wished_at_commit[c] >= life->commits)
            judge->wish_until_ms[c] = 0;
    }
}

void judge_reloaded(struct life *life, const struct setup *before)
{
    const struct setup *after = life->setup;

    pacing_reloaded(life);
    for (size_t c = 0; c < SIM_CHANNELS_MAX; c++) {
        if (!before->present[c] || !after->present[c] || before->rate_count[c] != after->rate_count[c] ||
            memcmp(before->rates[c], after->rates[c], sizeof before->rates[c]) != 0) {
            life->judge.sends[c].count = 0;
            life->judge.sends[c].since_id = life->judge.reloaded_at_id;
        }
        if (before->present[c] && !after->present[c])
            arrivals_leave(&life->judge, c);
    }
}

void judge_retried(struct life *life, uint64_t delivery_id)
{
    struct judge *judge = &life->judge;
    const struct record *row = store_mem_find(life->ledger, RECORD_DELIVERY, delivery_id, NULL, 0);
    int channel = sim_channel_index(row->delivery.channel);

    judge->retried = true;
    judge->wish_until_ms[channel] = 0;
    for (size_t i = 0; i < judge->arrival_count; i++)
        if (judge->arrivals[i].seen && judge->arrivals[i].seen->channel == (size_t)channel)
            judge->arrivals[i].again = true;
}
