/* A core on a stage: a policy, virtual time, answers to all it asks for, and a log of what became of it.
 * A script is words: "+x" and "-x" tell that x fires and is over, "=x" that it still fires since then, "30s" lets
 * time pass, "chat:failed" says how a channel answers from now on, "fail!" answers what is held. */
#ifndef TESTS_CORE_SCENE_H
#define TESTS_CORE_SCENE_H

#include "base/text.h"
#include "notifier/core/core.h"
#include "tests/test.h"

#include <stdlib.h>

#define SCENE_STARTS_MS 1773480413500LL
#define SCENE_STEADY_MS 5000000LL /* steady and wall time start apart, so that mixing them up shows */
#define SCENE_SENDS_MAX 4096
#define SCENE_ALERTS_MAX 4096
#define SCENE_CHANNELS_MAX 4
#define SCENE_HOLD ((enum outcome) - 1) /* no answer yet */

struct scene_sent {
    uint64_t attempt_id, delivery_id, message_id, part_mask;
    uint16_t part_first, part_count;
    int64_t at_ms; /* since the scene began */
    const char *channel, *moved_to, *root_remote;
    enum form form;
    bool repeat, silent, answered;
    struct effect_render render; /* what was asked for it; its pointers are gone */
};

struct scene_answer {
    enum outcome outcome;
    int64_t wait_ms;
    int32_t status;
    const char *words, *moved_to;
};

struct scene {
    bool is_slow;       /* requests leave when the test says so, not at once */
    struct policy *policy;
    struct core *core;
    struct instant now;
    struct effects effects;
    struct arena *arena;
    struct buf log;
    struct scene_sent *sent;
    size_t sent_count;
    struct scene_answer answers[SCENE_CHANNELS_MAX];
    const struct rendered_part *parts; /* what every message consists of */
    size_t part_count;
    const char *names[SCENE_ALERTS_MAX]; /* alerts by id */
    int64_t starts_ms[256];              /* by the first letter of a name */
    struct effect_render render;         /* the last one asked for */
    struct effect_reply reply;           /* the last one given */
    uint64_t dead_id, settlements[SETTLED_DEAD + 1];
    int64_t took_ms;                 /* of what was delivered last, by its own row */
    uint32_t duplicates, stales, limits, tells;
    const char *moved_to, *failover;
    bool no_times;
    /* What ops hears of channels that are down goes its way unseen, unless a test asks for it. */
    bool hear_down;
    uint64_t asides[64], aside_delivery;
    size_t aside_count;
};

static inline bool scene_is_aside(const struct scene *scene, const struct labels *labels)
{
    return !scene->hear_down && test_same(labels_get(labels, "alertname"), "NotifierChannelDown");
}

static const struct rendered_part scene_post[] = {{.kind = PART_POST, .content = "words"}};
static const struct rendered_part scene_edit[] = {{.kind = PART_EDIT, .content = "words"}};

static inline struct scene *scene_new(struct policy *policy)
{
    struct scene *scene = calloc(1, sizeof *scene);
    scene->policy = policy;
    scene->core = core_new(policy, 42);
    scene->now = (struct instant){SCENE_STEADY_MS, SCENE_STARTS_MS};
    effects_init(&scene->effects);
    scene->arena = arena_new();
    buf_init(&scene->log, 1u << 20);
    scene->sent = calloc(SCENE_SENDS_MAX, sizeof scene->sent[0]);
    for (size_t i = 0; i < SCENE_CHANNELS_MAX; i++)
        scene->answers[i] = (struct scene_answer){.outcome = OUTCOME_TAKEN, .wait_ms = -1};
    scene->parts = scene_post;
    scene->part_count = LENGTH(scene_post);
    return scene;
}

static inline void scene_free(struct scene *scene)
{
    core_free(scene->core);
    policy_free(scene->policy);
    effects_free(&scene->effects);
    arena_free(scene->arena);
    buf_free(&scene->log);
    free(scene->sent);
    free(scene);
}

static inline int64_t scene_at(const struct scene *scene)
{
    return scene->now.steady_ms - SCENE_STEADY_MS;
}

static inline const char *scene_name(const struct scene *scene, uint64_t alert_id)
{
    return alert_id < SCENE_ALERTS_MAX && scene->names[alert_id] ? scene->names[alert_id] : "?";
}

static inline void scene_log_time(struct scene *scene)
{
    if (!scene->no_times)
        buf_addf(&scene->log, "%.10g ", (double)scene_at(scene) / 1000);
}

/* Times in ms. What is 0 is the default, but for group_wait. */
struct scene_setup {
    int64_t wait_ms, interval_ms, repeat_ms, within_ms, give_up_ms;
    bool gathers;                                   /* chat may send digests */
    bool edits;                                     /* and its first messages may be edited */
    bool no_resolved, repeat_info, mail_falls_back; /* the last: what chat will not take, mail tells */
    const char *group_by;                           /* NULL: alertname */
    struct rate rates[POLICY_RATES_MAX];            /* of chat */
    uint32_t in_flight_max, alerts_max;
    bool no_times;                                  /* of a story: its log has none, back-off has chance in it */
};

static inline struct policy *scene_policy(const struct scene_setup *setup)
{
    struct policy *policy = policy_new();
    const char *group_by = setup->group_by ? setup->group_by : "alertname";
    struct policy_channel *chat = policy_add_channel(policy, "chat");

    policy_add_channel(policy, "mail");
    policy_add_channel(policy, "ops");
    chat->send_resolved = !setup->no_resolved;
    chat->can_gather = setup->gathers;
    chat->can_edit = setup->edits;
    chat->in_flight_max = setup->in_flight_max ? setup->in_flight_max : chat->in_flight_max;
    for (; chat->rate_count < POLICY_RATES_MAX && setup->rates[chat->rate_count].count; chat->rate_count++)
        chat->rates[chat->rate_count] = setup->rates[chat->rate_count];
    struct policy_node *root = policy->root = policy_add_node(policy, NULL);
    policy_node_channels(policy, root, (uint16_t[]){0}, 1);
    policy_node_group_by(policy, root, &group_by, 1);
    if (setup->mail_falls_back)
        policy_node_fallback(policy, root, (uint16_t[]){1}, 1);
    root->group_wait_ms = setup->wait_ms;
    root->repeat_info = setup->repeat_info;
    root->group_interval_ms = setup->interval_ms ? setup->interval_ms : root->group_interval_ms;
    root->repeat_interval_ms = setup->repeat_ms ? setup->repeat_ms : root->repeat_interval_ms;
    root->deliver_within_ms = setup->within_ms ? setup->within_ms : root->deliver_within_ms;
    root->give_up_after_ms = setup->give_up_ms ? setup->give_up_ms : root->give_up_after_ms;
    policy->alerts_max = setup->alerts_max ? setup->alerts_max : policy->alerts_max;
    policy->self = policy_add_node(policy, NULL); /* our own troubles are told to ops */
    policy_node_channels(policy, policy->self, (uint16_t[]){2}, 1);
    policy_seal(policy);
    return policy;
}

/* "12 chat first notification +x -y; ": the news it brings, by name; of an edit without news, all it shows. */
static inline void scene_log_render(struct scene *scene, const struct effect_render *render)
{
    static const char *const forms[] = {[FORM_RICH] = "", [FORM_PLAIN] = " plain", [FORM_MINIMAL] = " minimal"};

    scene_log_time(scene);
    buf_addf(&scene->log, "%s %s%s%s", render->channel, reason_text(render->reason), forms[render->form],
             render->repeat ? " again?" : "");
    for (size_t i = 0; i < render->alert_count; i++) {
        struct core_alert alert;
        if ((render->alerts[i].changed || render->reason == REASON_AMEND) && core_alert(scene->core, render->alerts[i].alert_id, &alert))
            buf_addf(&scene->log, " %c%s", alert.status == ALERT_FIRING ? '+' : '-', scene_name(scene, render->alerts[i].alert_id));
    }
    buf_add_text(&scene->log, "; ");
}

static inline void scene_keep(struct scene *scene, const struct record *record)
{
    const struct record_alert *alert = &record->alert;
    const struct record_settlement *settlement = &record->settlement;

    if (record->kind == RECORD_ALERT && alert->id < SCENE_ALERTS_MAX && !scene->names[alert->id]) {
        const char *host = labels_get(&alert->labels, "host");
        scene->names[alert->id] = arena_text(scene->arena, host ? host : labels_get(&alert->labels, "alertname"));
    }
    if (record->kind == RECORD_TRANSITION && record->transition.rule &&
        (scene->hear_down || strcmp(scene_name(scene, record->transition.alert_id), "NotifierChannelDown") != 0)) {
        scene_log_time(scene);
        buf_addf(&scene->log, "%s: %s; ", scene_name(scene, record->transition.alert_id), record->transition.rule);
    }
    if (record->kind == RECORD_SETTLEMENT && !scene->hear_down && strcmp(scene_name(scene, settlement->alert_id), "NotifierChannelDown") == 0)
        return;
    if (record->kind == RECORD_SETTLEMENT) {
        scene->settlements[settlement->settled]++;
        if (settlement->settled == SETTLED_SUPPRESSED) {
            scene_log_time(scene);
            buf_addf(&scene->log, "%s %s: %s; ", settlement->channel, scene_name(scene, settlement->alert_id), settlement->rule);
        }
    }
    if (record->kind == RECORD_DELIVERY && record->delivery.state == SETTLED_DEAD) {
        scene->dead_id = record->delivery.id;
        scene_log_time(scene);
        buf_addf(&scene->log, "%s dead: %s; ", record->delivery.channel, record->delivery.words);
    }
    if (record->kind == RECORD_DELIVERY && record->delivery.state == SETTLED_DELIVERED)
        scene->took_ms = record->delivery.settled_ms - record->delivery.accepted_ms;
    if (record->kind == RECORD_TOLD)
        scene->tells++;
    if (record->kind == RECORD_TARGET)
        scene->moved_to = arena_text(scene->arena, record->target.moved_to);
}

static inline void scene_render(struct scene *scene, const struct effect_render *render)
{
    struct event event = {.kind = EVENT_RENDERED, .rendered = {.delivery_id = render->delivery_id, .text = "words",
                                                               .parts = scene->parts, .part_count = scene->part_count}};
    if (scene_is_aside(scene, render->group_labels)) {
        scene->aside_delivery = render->delivery_id;
        core_step(scene->core, &event, scene->now, &scene->effects);
        return;
    }
    if (render->reason == REASON_AMEND) {
        event.rendered.parts = scene_edit;
        event.rendered.part_count = LENGTH(scene_edit);
    }
    scene->render = *render;
    scene->failover = arena_text(scene->arena, render->failover);
    scene_log_render(scene, render);
    core_step(scene->core, &event, scene->now, &scene->effects);
}

static inline void scene_send(struct scene *scene, const struct effect_send *send)
{
    struct event left = {.kind = EVENT_SENT, .sent = {send->channel, send->decided_ms}};
    if (send->paced && !scene->is_slow)
        core_step(scene->core, &left, scene->now, &scene->effects);
    if (send->delivery_id == scene->aside_delivery) {
        scene->asides[scene->aside_count++] = send->attempt_id;
        return;
    }
    CHECK(scene->sent_count < SCENE_SENDS_MAX, "too many sends: %.600s", buf_text(&scene->log));
    if (scene->sent_count == SCENE_SENDS_MAX)
        abort();
    struct scene_sent *sent = &scene->sent[scene->sent_count++];
    *sent = (struct scene_sent){.attempt_id = send->attempt_id, .delivery_id = send->delivery_id, .message_id = send->message_id,
                                .part_mask = send->part_mask, .part_first = send->part_first, .part_count = send->part_count,
                                .at_ms = scene_at(scene), .form = send->form, .repeat = send->repeat, .silent = send->silent};
    sent->channel = arena_text(scene->arena, send->channel);
    sent->moved_to = arena_text(scene->arena, send->moved_to);
    sent->root_remote = arena_text(scene->arena, send->root_remote);
    if (scene->render.delivery_id == send->delivery_id)
        sent->render = scene->render;
    if (!send->parts) { /* the same message again, asked for no words */
        scene_log_time(scene);
        buf_addf(&scene->log, "%s same words%s; ", sent->channel, sent->repeat ? " again?" : "");
    }
}

static inline void scene_count(struct scene *scene, const struct effect_count *count)
{
    scene->duplicates += count->what == COUNT_DUPLICATE;
    scene->stales += count->what == COUNT_STALE;
    scene->limits += count->what == COUNT_RATE_LIMITED;
}

/* What is asked for words gets them in the same turn, so the list grows while it is read. */
static inline void scene_absorb(struct scene *scene)
{
    for (size_t i = 0; i < scene->effects.count; i++) {
        struct effect effect = scene->effects.items[i];
        switch (effect.kind) {
        case EFFECT_RECORD: scene_keep(scene, &effect.record); break;
        case EFFECT_RENDER: scene_render(scene, &effect.render); break;
        case EFFECT_SEND: scene_send(scene, &effect.send); break;
        case EFFECT_REPLY:
            scene->reply = effect.reply;
            scene->reply.words = arena_text(scene->arena, effect.reply.words);
            scene->reply.text = arena_text(scene->arena, effect.reply.text);
            break;
        case EFFECT_SIDE: break;
        case EFFECT_METRIC: scene_count(scene, &effect.count); break;
        }
    }
    effects_clear(&scene->effects);
    CHECK_INT(core_unaccounted(scene->core), 0);
}

static inline void scene_give(struct scene *scene, const struct event *event)
{
    core_step(scene->core, event, scene->now, &scene->effects);
    scene_absorb(scene);
}

/* One outcome for each part that went, or the same for all of them where count is 1. */
static inline void scene_verdict(struct scene *scene, struct scene_sent *sent, const struct scene_answer *answers, size_t count)
{
    struct part_verdict parts[64];
    size_t part_count = 0;

    for (unsigned i = 0; i < 64; i++)
        if (sent->part_mask >> i & 1) {
            const struct scene_answer *answer = &answers[part_count < count ? part_count : count - 1];
            bool taken = answer->outcome == OUTCOME_TAKEN;
            parts[part_count++] = (struct part_verdict){
                .outcome = answer->outcome, .words = answer->words,
                .remote_id = taken ? arena_printf(scene->arena, "r%llu", (unsigned long long)sent->attempt_id) : NULL};
        }
    sent->answered = true;
    struct event event = {.kind = EVENT_VERDICT,
                          .verdict = {.attempt_id = sent->attempt_id, .parts = parts, .part_count = part_count,
                                      .wait_ms = answers->wait_ms, .status = answers->status, .moved_to = answers->moved_to}};
    scene_give(scene, &event);
}

static inline struct scene_answer *scene_channel(struct scene *scene, const char *channel)
{
    return &scene->answers[channel[0] == 'm' ? 1 : channel[0] == 'o' ? 2 : 0]; /* by name: a reload moves them about */
}

/* Ticks until nothing more is due now, answering each send as its channel does. */
static inline void scene_settle(struct scene *scene)
{
    for (size_t turns = 0;; turns++) {
        bool answered = false;
        core_tick(scene->core, scene->now, &scene->effects);
        scene_absorb(scene);
        while (scene->aside_count) {
            struct part_verdict part = {.outcome = OUTCOME_TAKEN};
            struct event event = {.kind = EVENT_VERDICT, .verdict = {.attempt_id = scene->asides[--scene->aside_count], .parts = &part, .part_count = 1, .wait_ms = -1}};
            scene_give(scene, &event);
        }
        for (size_t i = 0; i < scene->sent_count; i++) {
            const struct scene_answer *answer = scene_channel(scene, scene->sent[i].channel);
            if (scene->sent[i].answered || answer->outcome == SCENE_HOLD)
                continue;
            scene_verdict(scene, &scene->sent[i], answer, 1);
            answered = true;
        }
        if (!answered && core_deadline(scene->core) > scene->now.steady_ms)
            return;
        CHECK(turns < 10000, "it does not come to rest");
        if (turns == 10000)
            abort();
    }
}

static inline void scene_event(struct scene *scene, const struct event *event)
{
    scene_give(scene, event);
    scene_settle(scene);
}

static inline void scene_wait(struct scene *scene, int64_t ms)
{
    int64_t until_ms = scene->now.steady_ms + ms;

    for (;;) {
        int64_t due_ms = core_deadline(scene->core), at_ms = due_ms < until_ms ? due_ms : until_ms;
        if (at_ms > scene->now.steady_ms) {
            scene->now.wall_ms += at_ms - scene->now.steady_ms;
            scene->now.steady_ms = at_ms;
        }
        scene_settle(scene);
        if (due_ms >= until_ms)
            return;
    }
}

/* status of x, with the time it says it started; labels alertname=Disk host=x severity=critical. A name that
 * begins with i has severity info, with w warning. */
static inline void scene_tell_as(struct scene *scene, const char *name, const char *severity, enum alert_status status, int64_t starts_ms)
{
    struct label labels[] = {{"alertname", "Disk"}, {"host", name}, {"severity", severity}};
    struct alert_input input = {.fingerprint = name, .status = status, .starts_ms = starts_ms, .labels = {labels, 3},
                                .ends_ms = status == ALERT_RESOLVED ? scene->now.wall_ms : 0};
    struct event event = {.kind = EVENT_ALERTS,
                          .alerts = {.reply = 7, .source = "prom", .domain = "prom", .alerts = &input, .count = 1}};
    scene_event(scene, &event);
}

static inline void scene_tell(struct scene *scene, const char *name, enum alert_status status, int64_t starts_ms)
{
    scene_tell_as(scene, name, name[0] == 'i' ? "info" : name[0] == 'w' ? "warning" : "critical", status, starts_ms);
}

static inline bool scene_word_time(struct scene *scene, const char *word)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char *end;
    long long number = strtoll(word, &end, 10);

    for (size_t i = 0; end > word && i < LENGTH(units); i++)
        if (strcmp(end, units[i].unit) == 0) {
            scene_wait(scene, number * units[i].ms);
            return true;
        }
    return false;
}

static const struct {
    const char *word;
    struct scene_answer answer;
} scene_answers[] = {
    {"taken", {.outcome = OUTCOME_TAKEN, .wait_ms = -1, .status = 200}},
    {"failed", {.outcome = OUTCOME_FAILED, .wait_ms = -1, .words = "no route"}},
    {"unclear", {.outcome = OUTCOME_UNCLEAR, .wait_ms = -1, .words = "timed out"}},
    {"busy", {.outcome = OUTCOME_BUSY, .wait_ms = 30000, .status = 429, .words = "slow down"}},
    {"pressed", {.outcome = OUTCOME_BUSY, .wait_ms = -1, .status = 429, .words = "slow down"}},
    {"content", {.outcome = OUTCOME_REFUSED_CONTENT, .wait_ms = -1, .status = 400, .words = "bad markup"}},
    {"refused", {.outcome = OUTCOME_REFUSED_CHANNEL, .wait_ms = -1, .status = 403, .words = "kicked"}},
    {"moved", {.outcome = OUTCOME_MOVED, .wait_ms = -1, .status = 400, .moved_to = "-100"}},
    {"hold", {.outcome = SCENE_HOLD, .wait_ms = -1}},
};

/* "chat:failed", or "failed!" for all that is held. */
static inline bool scene_word_answer(struct scene *scene, const char *word)
{
    size_t channel = strcspn(word, ":"), length = strlen(word);
    bool now = length && word[length - 1] == '!';
    const char *outcome = word[channel] ? word + channel + 1 : word;

    for (size_t i = 0; i < LENGTH(scene_answers); i++) {
        size_t size = strlen(scene_answers[i].word);
        if (strncmp(outcome, scene_answers[i].word, size) != 0 || (outcome[size] && !now))
            continue;
        if (!now)
            *scene_channel(scene, arena_bytes(scene->arena, word, channel)) = scene_answers[i].answer;
        size_t before = scene->sent_count;
        for (size_t s = 0; now && s < before; s++)
            if (!scene->sent[s].answered)
                scene_verdict(scene, &scene->sent[s], &scene_answers[i].answer, 1);
        scene_settle(scene);
        return true;
    }
    return false;
}

static inline void scene_word(struct scene *scene, const char *word)
{
    unsigned char letter = (unsigned char)(word[0] ? word[1] : 0);

    if (word[0] == '+') {
        scene->starts_ms[letter] = scene->now.wall_ms;
        scene_tell(scene, word + 1, ALERT_FIRING, scene->now.wall_ms);
    } else if (word[0] == '-')
        scene_tell(scene, word + 1, ALERT_RESOLVED, scene->starts_ms[letter]);
    else if (word[0] == '=')
        scene_tell(scene, word + 1, ALERT_FIRING, scene->starts_ms[letter]);
    else if (word[0] == '^') /* fires on, and is critical by now */
        scene_tell_as(scene, word + 1, "critical", ALERT_FIRING, scene->starts_ms[letter]);
    else if (!scene_word_time(scene, word) && !scene_word_answer(scene, word))
        CHECK(false, "\"%s\" is no word of a script", word);
}

static inline void scene_play(struct scene *scene, const char *script)
{
    for (const char *at = script; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        scene_word(scene, arena_bytes(scene->arena, at, length));
        at += length;
    }
}

/* A script, and all that comes of it. */
struct scene_story {
    const char *name;
    struct scene_setup setup;
    const char *script, *want;
};

/* to_the_end: nothing may be left to tell. */
static inline void scene_stories(const struct scene_story *stories, size_t count, bool to_the_end)
{
    for (size_t i = 0; i < count; i++) {
        struct scene *scene = scene_new(scene_policy(&stories[i].setup));
        scene->no_times = stories[i].setup.no_times;
        scene_play(scene, stories[i].script);
        CHECK(test_same(buf_text(&scene->log), stories[i].want), "%s:\n  got  %s\n  want %s", stories[i].name, buf_text(&scene->log),
              stories[i].want);
        uint32_t open = core_totals(scene->core).deliveries_open;
        CHECK(!to_the_end || open == 0, "%s: %u deliveries are open", stories[i].name, open);
        scene_free(scene);
    }
}

#endif
