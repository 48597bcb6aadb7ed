#include "notifier/heartbeats.h"

#include "base/memory.h"
#include "base/text.h"
#include "notifier/core/matcher.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCHED_MAX (2 * CONFIG_SOURCES_MAX) /* those of the configuration, and those it no longer names, until told */

struct watched {
    char name[CONFIG_SOURCE_NAME_BYTES];
    int64_t every_ms;      /* 0: nothing is expected of it any more */
    int64_t since_ms;      /* steady: heard, or first looked at */
    bool told;             /* people know that it is silent */
    bool heard;            /* since then */
    struct matcher **matchers;
    size_t matcher_count;
};

struct heartbeats {
    const struct config *config;
    struct watched watched[WATCHED_MAX];
    size_t count;
    char said[CONFIG_SOURCE_NAME_BYTES]; /* of the news given out last: its row may be gone */
};

struct heartbeats *heartbeats_new(void)
{
    struct heartbeats *heartbeats = memory_zeroed(1, sizeof *heartbeats);

    return heartbeats;
}

static void drop_matchers(struct watched *watched)
{
    for (size_t i = 0; i < watched->matcher_count; i++)
        matcher_close(watched->matchers[i]);
    free(watched->matchers);
    watched->matchers = NULL;
    watched->matcher_count = 0;
}

void heartbeats_free(struct heartbeats *heartbeats)
{
    if (!heartbeats)
        return;
    for (size_t i = 0; i < heartbeats->count; i++)
        drop_matchers(&heartbeats->watched[i]);
    free(heartbeats);
}

static struct watched *find(const struct heartbeats *heartbeats, const char *source)
{
    for (size_t i = 0; i < heartbeats->count; i++)
        if (strcmp(heartbeats->watched[i].name, source) == 0)
            return (struct watched *)(uintptr_t)&heartbeats->watched[i];
    return NULL;
}

static struct watched *find_or_add(struct heartbeats *heartbeats, const char *source)
{
    struct watched *watched = find(heartbeats, source);

    if (watched || heartbeats->count == WATCHED_MAX)
        return watched;
    watched = &heartbeats->watched[heartbeats->count++];
    *watched = (struct watched){0};
    snprintf(watched->name, sizeof watched->name, "%s", source);
    return watched;
}

static void compile(struct watched *watched, const struct config_source *source)
{
    struct err err;

    drop_matchers(watched);
    watched->matchers = memory_zeroed(source->heartbeat_matcher_count + 1, sizeof watched->matchers[0]);
    for (size_t i = 0; i < source->heartbeat_matcher_count; i++) {
        struct matcher *matcher = matcher_parse(source->heartbeat_matchers[i], &err);
        assert(matcher); /* the configuration was refused otherwise */
        watched->matchers[watched->matcher_count++] = matcher;
    }
}

static void forget(struct heartbeats *heartbeats, struct watched *watched)
{
    drop_matchers(watched);
    *watched = heartbeats->watched[--heartbeats->count];
}

void heartbeats_follow(struct heartbeats *heartbeats, const struct config *config, int64_t now_ms)
{
    if (heartbeats->config == config)
        return;
    heartbeats->config = config;
    for (size_t i = heartbeats->count; i-- > 0;) {
        struct watched *watched = &heartbeats->watched[i];
        const struct config_source *source = config_source(config, watched->name);
        if (source && source->heartbeat_every_ms)
            continue;
        watched->every_ms = 0;
        if (!watched->told)
            forget(heartbeats, watched);
    }
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        struct watched *watched = source->heartbeat_every_ms ? find_or_add(heartbeats, source->name) : NULL;
        if (!watched)
            continue;
        if (watched->every_ms != source->heartbeat_every_ms)
            watched->since_ms = now_ms;
        watched->every_ms = source->heartbeat_every_ms;
        compile(watched, source);
    }
}

void heartbeats_recall(struct heartbeats *heartbeats, const char *source)
{
    struct watched *watched = find_or_add(heartbeats, source);

    if (watched)
        watched->told = true;
}

static bool is_beat(const struct watched *watched, const struct alert_input *alert)
{
    for (size_t i = 0; i < watched->matcher_count; i++)
        if (!matcher_matches(watched->matchers[i], &alert->labels))
            return false;
    return watched->matcher_count > 0;
}

bool heartbeats_is_beat(const struct heartbeats *heartbeats, const char *source, const struct alert_input *alert)
{
    const struct watched *watched = find(heartbeats, source);

    return watched && is_beat(watched, alert);
}

size_t heartbeats_hear(struct heartbeats *heartbeats, const char *source, struct alert_input *alerts, size_t count, int64_t now_ms)
{
    struct watched *watched = find(heartbeats, source);
    size_t left = 0;

    if (!watched || !watched->every_ms)
        return count;
    bool alive = watched->matcher_count == 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_beat(watched, &alerts[i]))
            alerts[left++] = alerts[i];
        else if (alerts[i].status == ALERT_FIRING)
            alive = true;
    }
    if (alive) {
        watched->since_ms = now_ms;
        watched->heard = watched->told;
    }
    return left;
}

bool heartbeats_next(struct heartbeats *heartbeats, int64_t now_ms, struct heartbeats_news *out)
{
    for (size_t i = 0; i < heartbeats->count; i++) {
        struct watched *watched = &heartbeats->watched[i];
        bool ended = watched->told && (watched->heard || !watched->every_ms);
        bool began = !watched->told && watched->every_ms && now_ms - watched->since_ms >= watched->every_ms;

        if (!ended && !began)
            continue;
        snprintf(heartbeats->said, sizeof heartbeats->said, "%s", watched->name);
        *out = (struct heartbeats_news){heartbeats->said, ended, watched->matcher_count == 0, watched->every_ms};
        watched->told = began;
        watched->heard = false;
        if (!watched->every_ms)
            forget(heartbeats, watched);
        return true;
    }
    return false;
}

int64_t heartbeats_deadline(const struct heartbeats *heartbeats)
{
    int64_t deadline = INT64_MAX;

    for (size_t i = 0; i < heartbeats->count; i++) {
        const struct watched *watched = &heartbeats->watched[i];
        if (watched->every_ms && !watched->told && watched->since_ms + watched->every_ms < deadline)
            deadline = watched->since_ms + watched->every_ms;
    }
    return deadline;
}
