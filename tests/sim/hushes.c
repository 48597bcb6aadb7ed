#include "tests/sim/hushes.h"

#include "base/text.h"
#include "tests/sim/life.h"
#include "tests/sim/marks.h"

#include <stdio.h>
#include <string.h>

#define DAY_MIN (24 * 60)
#define FAR_MS (30 * 60 * 1000)

static bool one_matches(const struct silence_matcher *matcher, const struct labels *labels)
{
    const char *value = text_or(labels_get(labels, matcher->name), "");

    /* Drawn as plain words or "x|y": no more of a regular expression is needed to know better. */
    const char *bar = matcher->is_regex ? strchr(matcher->value, '|') : NULL;
    bool hit = bar ? strcmp(value, bar + 1) == 0 || (strlen(value) == (size_t)(bar - matcher->value) &&
                                                      strncmp(value, matcher->value, strlen(value)) == 0)
                   : strcmp(value, matcher->value) == 0;
    return hit == matcher->is_equal;
}

bool hushes_silenced(const struct life *life, const struct labels *labels)
{
    const struct store_mem *rows = life->shadow;

    for (size_t i = 0; i < store_mem_count(rows, RECORD_SILENCE); i++) {
        const struct record_silence *silence = &store_mem_at(rows, RECORD_SILENCE, i)->silence;
        bool hit = silence->state == SILENCE_ACTIVE && !store_mem_gone(rows, RECORD_SILENCE, i);
        for (size_t m = 0; m < silence->matcher_count && hit; m++)
            hit = one_matches(&silence->matchers[m], labels);
        if (hit)
            return true;
    }
    return false;
}

static bool has(const struct labels *labels, const char *name, const char *value)
{
    return strcmp(text_or(labels_get(labels, name), ""), value) == 0;
}

bool hushes_inhibited(const struct life *life, const struct record_alert *alert)
{
    const struct sim_inhibit *rule = &life->setup->inhibit;
    const struct store_mem *rows = life->shadow;

    if (!rule->equal || !has(&alert->labels, "severity", rule->target) || strcmp(alert->domain, "notifier") == 0 || alert->test)
        return false;
    const char *value = text_or(labels_get(&alert->labels, rule->equal), "");
    for (size_t i = 0; i < store_mem_count(rows, RECORD_ALERT); i++) {
        const struct record_alert *source = &store_mem_at(rows, RECORD_ALERT, i)->alert;
        if (!store_mem_gone(rows, RECORD_ALERT, i) && source->status == ALERT_FIRING && !source->test && source->id != alert->id &&
            strcmp(source->domain, "notifier") != 0 && has(&source->labels, "severity", rule->source) && has(&source->labels, rule->equal, value))
            return true;
    }
    return false;
}

/* The nodes were drawn in the order in which the policy has them. */
static const struct sim_node *node_of(const struct setup *setup, const struct policy_node *at, const char *id, size_t *index)
{
    const struct sim_node *here = &setup->nodes[(*index)++];

    if (strcmp(at->id, id) == 0)
        return here;
    for (size_t i = 0; i < at->child_count; i++) {
        const struct sim_node *found = node_of(setup, at->children[i], id, index);
        if (found)
            return found;
    }
    return NULL;
}

static const struct sim_node *find(const struct life *life, const char *node_id)
{
    size_t index = 0;
    return node_of(life->setup, life->setup->config->policy->root, node_id, &index);
}

static bool interval_holds(const struct life *life, const struct sim_node *node)
{
    int minute = (int)(life_wall_ms(life) / 60000 % DAY_MIN);
    return node->mutes && minute >= node->muted_from && minute < node->muted_to;
}

bool hushes_muted(const struct life *life, const char *node_id)
{
    const struct sim_node *node = find(life, node_id);
    return node && interval_holds(life, node);
}

/* So many changes, the first firing aside, were as near as that, and since then none was far from the next. */
bool hushes_flaps(const struct life *life, const struct record_alert *alert)
{
    const struct store_mem *rows = life->shadow;
    unsigned most = life->setup->flap_changes, count = 0;
    enum { BACK = 8 };
    int64_t times[BACK] = {0}, last_ms = 0;
    enum alert_status status = ALERT_RESOLVED;
    bool flaps = false;

    if (!most)
        return false;
    for (size_t i = store_mem_from(rows, RECORD_TRANSITION, alert->id); i < store_mem_count(rows, RECORD_TRANSITION); i++) {
        const struct record_transition *row = &store_mem_at(rows, RECORD_TRANSITION, i)->transition;
        if (row->alert_id != alert->id)
            break;
        if (row->status == status)
            continue;
        status = row->status;
        if (last_ms && row->at_ms - last_ms >= SIM_FLAP_CALM_MS)
            flaps = false;
        times[count++ % BACK] = last_ms = row->at_ms;
        if (count > most && row->at_ms - times[(count - most) % BACK] <= SIM_FLAP_WITHIN_MS)
            flaps = true;
    }
    return flaps && life_wall_ms(life) - last_ms <= SIM_FLAP_CALM_MS;
}

bool hushes_firing(const struct life *life, const struct record_alert *alert, const char *node_id)
{
    return hushes_silenced(life, &alert->labels) || hushes_inhibited(life, alert) || hushes_muted(life, node_id);
}

bool hushes_keeps_ends(const struct life *life, const char *node_id)
{
    const struct sim_node *node = find(life, node_id);
    return !(node ? node : &life->setup->nodes[0])->drops_ends || strcmp(node_id, "self") == 0;
}

const char *hushes_pending(const struct life *life)
{
    for (size_t i = 0; i < store_mem_count(life->ledger, RECORD_SILENCE); i++)
        if (store_mem_at(life->ledger, RECORD_SILENCE, i)->silence.state != SILENCE_EXPIRED)
            return "a silence has not ended";
    for (size_t i = 0; i < store_mem_count(life->ledger, RECORD_FLAP); i++)
        if (!store_mem_gone(life->ledger, RECORD_FLAP, i) && store_mem_at(life->ledger, RECORD_FLAP, i)->flap.damped_ms)
            return "an alert comes and goes";
    for (size_t i = 0; i < life->setup->node_count; i++)
        if (interval_holds(life, &life->setup->nodes[i]))
            return "a route is muted";
    return NULL;
}

static void nobody(void *context, const struct notifier_answer *answer)
{
    (void)context;
    (void)answer;
}

static const struct record_silence *some_silence(struct life *life)
{
    size_t count = store_mem_count(life->ledger, RECORD_SILENCE);
    return count ? &store_mem_at(life->ledger, RECORD_SILENCE, dice_pick(&life->dice, count))->silence : NULL;
}

static void add_matcher(struct dice *dice, struct buf *body)
{
    static const char *const matchers[] = {
        "{\"name\":\"team\",\"value\":\"infra\",\"isRegex\":false,\"isEqual\":true}", "{\"name\":\"alertname\",\"value\":\"A|B\",\"isRegex\":true,\"isEqual\":true}",
        "{\"name\":\"instance\",\"value\":\"two\",\"isRegex\":false,\"isEqual\":true}", "{\"name\":\"severity\",\"value\":\"critical\",\"isRegex\":false}",
        "{\"name\":\"instance\",\"value\":\"one\",\"isRegex\":false,\"isEqual\":false}", "{\"name\":\"alertname\",\"value\":\"C\",\"isRegex\":true}",
    };
    buf_add_text(body, matchers[dice_pick(dice, LENGTH(matchers))]);
}

static void post(struct life *life, const char *id, int64_t starts_ms, int64_t ends_ms)
{
    struct buf body = BUF_EMPTY(4096);

    buf_add_text(&body, "{\"matchers\":[");
    /* Two of "not one" would match everything that has no instance; the last one here always wants something. */
    add_matcher(&life->dice, &body);
    if (dice_chance(&life->dice, 40)) {
        buf_add_char(&body, ',');
        add_matcher(&life->dice, &body);
    }
    buf_addf(&body, "],\"createdBy\":\"anna\",\"comment\":\"work\"");
    if (id)
        buf_addf(&body, ",\"id\":\"%s\"", id);
    buf_add_text(&body, ",\"startsAt\":\"");
    zone_add_rfc3339(&body, starts_ms);
    buf_add_text(&body, "\",\"endsAt\":\"");
    zone_add_rfc3339(&body, ends_ms);
    buf_add_text(&body, "\"}");
    notifier_silence(life->notifier, buf_text(&body), body.length, nobody, NULL);
    buf_free(&body);
}

void hushes_end_far(struct life *life)
{
    for (size_t i = 0; life->notifier && i < store_mem_count(life->ledger, RECORD_SILENCE); i++) {
        const struct record_silence *silence = &store_mem_at(life->ledger, RECORD_SILENCE, i)->silence;
        if (silence->state != SILENCE_EXPIRED && silence->ends_ms > life_wall_ms(life) + FAR_MS)
            notifier_silence_expire(life->notifier, silence->id, nobody, NULL);
    }
}

void hushes_operate(struct life *life)
{
    const struct record_silence *old = some_silence(life);
    struct dice *dice = &life->dice;
    int64_t now_ms = life_wall_ms(life), starts_ms = now_ms + (dice_chance(dice, 70) ? 0 : dice_between(dice, 1, 300000));
    int64_t lasts_ms = dice_between(dice, 1000, dice_chance(dice, 50) ? 60000 : 1200000);

    if (!life->notifier)
        return;
    switch (old ? dice_pick(dice, 4) : 0) {
    case 0:
    case 1:
        MARK(silence_made);
        post(life, NULL, starts_ms, starts_ms + lasts_ms);
        break;
    case 2:
        MARK(silence_changed);
        post(life, old->id, old->starts_ms, now_ms + lasts_ms);
        break;
    case 3:
        MARK(silence_ended);
        notifier_silence_expire(life->notifier, old->id, nobody, NULL);
        break;
    }
}
