/* Finds the words for a delivery: the group's state of this moment, as the channel's codec puts it. */
#include "base/log.h"
#include "base/text.h"
#include "notifier/notifier_private.h"
#include "notifier/own_words.h"

#include <stdlib.h>
#include <string.h>

#define HISTORY_TEXT_MAX (64 * 1024) /* bytes of a message kept for the history */

static void find_alert(struct notifier *notifier, uint64_t id, struct alert_input *input)
{
    struct arena *arena = notifier->batch->effects.arena;
    const struct alert_input *fresh = batch_detail(notifier->batch, id); /* not on disk yet */
    struct core_alert known;

    if (!fresh && notifier->writing)
        fresh = batch_detail(notifier->writing, id);
    if (fresh)
        *input = *fresh;
    else if (notifier_is_stalled(notifier) || !notifier->options.store.alert(notifier->options.store.context, id, arena, input))
        *input = (struct alert_input){0}; /* its labels are known all the same */
    if (!core_alert(notifier->core, id, &known))
        return;
    input->status = known.status;
    input->starts_ms = known.starts_ms;
    input->ends_ms = known.ends_ms;
    input->test = known.test;
    input->state_reason = known.state_reason ? arena_text(arena, known.state_reason) : NULL;
    if (!input->labels.count)
        input->labels = effects_kept(&notifier->batch->effects, known.labels);
    if (!input->fingerprint)
        input->fingerprint = arena_text(arena, text_or(known.fingerprint, ""));
}

static const char *severity_name(const struct policy *policy, unsigned rank)
{
    return rank < policy->severity_count ? policy->severities[rank] : "";
}

static void make_view(struct notifier *notifier, const struct effect_render *render, struct view *view)
{
    const struct policy *policy = notifier->config->policy;
    struct arena *arena = notifier->batch->effects.arena;
    struct view_alert *alerts = ARENA_NEW(arena, struct view_alert, render->alert_count + 1);

    for (size_t i = 0; i < render->alert_count; i++) {
        struct alert_input *input = ARENA_NEW(arena, struct alert_input, 1);
        find_alert(notifier, render->alerts[i].alert_id, input);
        unsigned rank = policy_severity(policy, &input->labels);
        const char *label = labels_get(&input->labels, policy->severity_label);
        alerts[i] = (struct view_alert){.id = render->alerts[i].alert_id, .input = input, .severity_rank = rank,
                                        .severity = label ? label : severity_name(policy, rank),
                                        .changed = render->alerts[i].changed,
                                        .was_told_firing = render->alerts[i].was_told_firing,
                                        .flaps = render->alerts[i].flaps, .flaps_calm = render->alerts[i].flaps_calm,
                                        .flaps_since_ms = render->alerts[i].flaps_since_ms, .flaps_last_ms = render->alerts[i].flaps_last_ms};
    }
    *view = (struct view){.reason = render->reason, .form = render->form, .channel = render->channel,
                          .receiver = render->receiver, .route = render->node_id, .reference = render->reference,
                          .severity = severity_name(policy, render->severity), .severity_rank = render->severity,
                          .group_labels = *render->group_labels, .now_ms = notifier->now.wall_ms,
                          .opened_ms = render->opened_ms, .late_ms = render->late_ms, .zone = notifier->config->zone,
                          .firing = render->firing, .resolved = render->resolved, .news_firing = render->news_firing,
                          .news_resolved = render->news_resolved, .fired_and_resolved = render->fired_and_resolved,
                          .alerts = alerts, .alert_count = render->alert_count, .public_url = notifier->config->public_url,
                          .groups = render->groups, .since_ms = render->since_ms, .until_ms = render->until_ms,
                          .away_count = render->away_count, .away_to = render->away_to,
                          .sent_by = render->sent_by, .failover = render->failover, .threaded = render->can_thread};
    _Static_assert(sizeof view->firing_by_severity == sizeof render->firing_by_severity, "as many severities here as there");
    memcpy(view->firing_by_severity, render->firing_by_severity, sizeof view->firing_by_severity);
}

static const char *history_text(const struct channel_config *channel, const struct view *view, struct arena *arena)
{
    struct page *pages = ARENA_NEW(arena, struct page, PAGES_MAX);
    struct page_limits limits = channel->codec->limits;
    struct buf text = BUF_EMPTY(HISTORY_TEXT_MAX);

    if (channel->max_alerts)
        limits.alerts_max = channel->max_alerts;
    size_t count = message_pages(view, &limits, arena, pages);
    if (view->own.body)
        buf_add_text(&text, view->own.body);
    if (view->own.title || view->own.text)
        buf_addf(&text, "%s%s%s", text_or(view->own.title, ""), view->own.title && view->own.text ? "\n" : "", text_or(view->own.text, ""));
    for (size_t i = 0; i < count && !text.length; i++) {
        buf_add_text(&text, i ? "\n\n" : "");
        page_add_plain(&text, &pages[i]);
    }
    const char *copy = arena_text(arena, buf_text(&text));
    buf_free(&text);
    return copy;
}

void words_find(struct notifier *notifier, const struct effect_render *render)
{
    const struct channel_config *channel = config_channel(notifier->config, render->channel);
    struct event event = {.kind = EVENT_RENDERED, .rendered = {.delivery_id = render->delivery_id}};
    struct arena *arena = notifier->batch->effects.arena;

    if (!notifier->said_loopback && message_link_is_loopback(notifier->config->public_url)) {
        notifier->said_loopback = true;
        log_say(LOG_INFO, "links_left_out", "messages go without a link to this page: %s leads to this machine only; set server.public_url",
                notifier->config->public_url);
    }
    if (channel) {
        struct err err = {0};
        struct view view;
        struct rendered_part *parts = ARENA_NEW(arena, struct rendered_part, CHANNEL_PARTS_MAX);
        make_view(notifier, render, &view);
        if (!own_words_find(notifier->config, channel, arena, &view, &err))
            log_say(LOG_ERROR, "template_failed", "channel %s, delivery %llu: %s; told in the built-in words", channel->name,
                    (unsigned long long)render->delivery_id, err.text);
        view.silent = channel_is_silent(channel, view.severity) ||
                      render->silent || view.reason == REASON_RECOVERY || ((view.reason == REASON_ALL_RESOLVED || view.reason == REASON_SOME_RESOLVED) && view.threaded);
        view.framed = ARENA_NEW(arena, struct page, 1); /* the channel's message and the history's are of one view */
        event.rendered.part_count = channel->codec->compose(channel, &view, arena, parts);
        event.rendered.parts = parts;
        event.rendered.text = history_text(channel, &view, arena);
    } else
        log_say(LOG_ERROR, "channel_unknown", "delivery %llu is for channel %s, which is not configured",
                (unsigned long long)render->delivery_id, render->channel);
    step_event(notifier, &event);
}
