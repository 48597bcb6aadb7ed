#include "routes/channel_view.h"

#include "base/text.h"

#include <math.h>

const struct core_channel_state *channel_view_state(const struct notifier_health *health, const char *name)
{
    for (size_t i = 0; i < health->channel_count; i++)
        if (text_equal(health->channels[i].name, name))
            return &health->channels[i];
    return NULL;
}

static const struct cJSON *stored_of(const struct cJSON *list, const char *name)
{
    for (const struct cJSON *at = json_first(json_get(list, "channels")); at; at = json_next(at))
        if (text_equal(json_get_text(at, "channel"), name))
            return at;
    return NULL;
}

static const char *class_of(const struct core_channel_state *state, const struct cJSON *stored)
{
    if (state && state->refused)
        return "bad";
    if ((state && state->failures) || page_text(stored, "notBefore")[0] || json_get_int(json_get(stored, "speed"), "waitingTooLong", 0))
        return "fair";
    return "good";
}

static struct value rates_of(struct markup *markup, const char *name)
{
    const struct policy *policy = markup->config->policy;
    int index = policy_channel_index(policy, name);
    size_t count = index < 0 ? 0 : policy->channels[index].rate_count;
    struct value *rates = ARENA_NEW(markup->arena, struct value, count);

    for (size_t i = 0; i < count; i++) {
        struct buf span = BUF_EMPTY(64);
        text_add_duration(&span, policy->channels[index].rates[i].per_ms);
        rates[i] = markup_map(markup, (const struct value_entry[]){{"count", NULL, value_int(policy->channels[index].rates[i].count)},
                                                                   {"in", NULL, value_text(arena_text(markup->arena, buf_text(&span)))}}, 2);
        buf_free(&span);
    }
    return value_list(rates, count);
}

static struct value channel_value(struct markup *markup, const struct channel_config *channel, const struct core_channel_state *state,
                                  const struct cJSON *stored)
{
    const struct value_entry fields[] = {
        {"name", NULL, value_text(channel->name)},
        {"type", NULL, value_text(channel->type)},
        {"class", NULL, value_text(class_of(state, stored))},
        {"refused", NULL, value_bool(state && state->refused)},
        {"failures", NULL, value_int(state ? (int64_t)state->failures : 0)},
        {"pending", NULL, value_int(state ? (int64_t)state->pending : 0)},
        {"inFlight", NULL, value_int(state ? (int64_t)state->in_flight : 0)},
        {"rates", NULL, rates_of(markup, channel->name)},
        {"stored", NULL, stored ? value_from_json(stored, markup->arena) : value_nothing()},
        {"speed", NULL, channel_view_speed(markup, json_get(stored, "speed"))},
    };

    return markup_map(markup, fields, LENGTH(fields));
}

struct value channel_view_list(struct markup *markup, const struct notifier_health *health, const struct cJSON *list)
{
    const struct config *config = markup->config;
    struct value *values = ARENA_NEW(markup->arena, struct value, config->channel_count);

    for (size_t i = 0; i < config->channel_count; i++)
        values[i] = channel_value(markup, &config->channels[i], channel_view_state(health, config->channels[i].name), stored_of(list, config->channels[i].name));
    return value_list(values, config->channel_count);
}

/* Never rounded up to 100. */
static const char *share_words(struct arena *arena, double share)
{
    return share < 0 ? "" : share >= 1 ? "100" : arena_printf(arena, "%.1f", floor(share * 1000) / 10);
}

struct value channel_view_speed(struct markup *markup, const struct cJSON *speed)
{
    double share = json_number(json_get(speed, "share"), -1), p99 = json_number(json_get(speed, "p99"), -1);
    int64_t delivered = json_get_int(speed, "delivered", 0), dead = json_get_int(speed, "dead", 0), waiting = json_get_int(speed, "waitingTooLong", 0);
    const struct value_entry fields[] = {
        {"class", NULL, value_text(share < 0 ? "" : share >= 1 ? "good" : share >= 0.99 ? "fair" : "bad")},
        {"share", NULL, value_text(share_words(markup->arena, share))},
        {"p99", NULL, p99 < 0 ? value_nil() : value_float(p99)},
        {"delivered", NULL, value_int(delivered)},
        {"dead", NULL, value_int(dead)},
        {"waiting", NULL, value_int(waiting)},
        {"all", NULL, value_int(delivered + dead + waiting)},
    };

    return markup_map(markup, fields, LENGTH(fields));
}
