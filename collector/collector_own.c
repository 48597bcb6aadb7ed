/* The collector's own figures, into QuestDB like everything else: Grafana's rules watch it there. Prometheus reads /metrics. */
#include "collector/collector_private.h"
#include "collector/line.h"
#include "collector/tables.h"

#include <stdio.h>
#include <string.h>

#define OWN_TABLE "collector_metrics"
#define OWN_WORKS_EVERY_MS 300000 /* a source that works is named so often */

static struct point *add_row(struct collector *collector, const char *source, int64_t wall_ms)
{
    const struct source_context *context = &collector->options.config->context;
    struct point *point = points_add(collector->points, OWN_TABLE, wall_ms * 1000000);

    point_tag(collector->points, point, "source", source);
    point_tag(collector->points, point, "host", context->host);
    point_tag(collector->points, point, "env", context->env);
    return point;
}

static size_t count_names(const char *joined)
{
    size_t count = joined[0] != '\0';

    for (; *joined; joined++)
        count += *joined == ',';
    return count;
}

/* A source that begins to work is named at once, then now and then; one that fails each time. */
static size_t add_sources(struct collector *collector, struct instant now)
{
    size_t failing = 0;

    for (size_t i = 0; i < collector->schedule.count; i++) {
        struct fetching *fetching = collector->fetching[i];
        struct collector_source_state state = collector_source(collector, i);
        if (!state.fetches && !fetching->is_late)
            continue;
        failing += !state.up;
        if (state.up && fetching->own_told_ms && now.steady_ms - fetching->own_told_ms < OWN_WORKS_EVERY_MS)
            continue;
        fetching->own_told_ms = state.up ? now.steady_ms : 0;
        struct point *point = add_row(collector, state.name, now.wall_ms);
        point_bool(collector->points, point, "failing", !state.up);
        if (!state.up && state.words[0])
            point_text(collector->points, point, "error", state.words);
    }
    return failing;
}

static void add_counters(struct collector *collector, struct point *point, const struct collector_state *state)
{
    static const char *const lost[] = {"disk", "full", "limit", "source"}, *const bad[] = {"bad"};
    double dropped = 0;

    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
        dropped += metrics_get(collector->metrics, "collector_rows_refused_total", &lost[i], 0);
    point_long(collector->points, point, "received_total", (int64_t)collector->received);
    point_long(collector->points, point, "sent_total", (int64_t)state->sender.rows);
    point_long(collector->points, point, "dropped_total", (int64_t)dropped);
    point_long(collector->points, point, "bad_total", (int64_t)metrics_get(collector->metrics, "collector_rows_refused_total", bad, 0));
    point_long(collector->points, point, "quarantined_total", (int64_t)state->sender.quarantined);
    point_long(collector->points, point, "damaged_total", (int64_t)state->spool.damaged_rows);
}

static void add_whole(struct collector *collector, size_t failing, int64_t wall_ms)
{
    struct points *points = collector->points;
    struct point *point = add_row(collector, NULL, wall_ms);
    int64_t oldest_ms = spool_oldest_ms(collector->spool);
    struct collector_state state;

    collector_state(collector, &state);
    point_long(points, point, "spool_rows", (int64_t)state.sender.waiting);
    point_long(points, point, "spool_bytes", (int64_t)state.spool.bytes);
    point_long(points, point, "spool_max_bytes", (int64_t)state.spool.max_bytes);
    point_double(points, point, "oldest_seconds", oldest_ms && oldest_ms < wall_ms ? (double)(wall_ms - oldest_ms) / 1000 : 0);
    if (state.sender.taken_wall_ms)
        point_double(points, point, "lag_seconds", (double)state.sender.lag_ms / 1000);
    add_counters(collector, point, &state);
    point_long(points, point, "tables_suspended", (int64_t)count_names(state.suspended));
    point_long(points, point, "sources_failing", (int64_t)failing);
    point_bool(points, point, "storage_failed", state.storage_failed);
    point_long(points, point, "memory_bytes", collector_memory_bytes());
    point_double(points, point, "cpu_seconds_total", collector_cpu_seconds());
    point_double(points, point, "uptime_seconds", (double)(wall_ms - collector->started_ms) / 1000);
}

void own_turn(struct collector *collector, struct instant now)
{
    int64_t every_ms = collector->options.config->own_every_ms;
    struct err err;

    if (!every_ms || now.steady_ms < collector->own_due_ms)
        return;
    bool first = !collector->own_due_ms;
    collector->own_due_ms = now.steady_ms + every_ms;
    if (first) /* nothing is known yet */
        return;
    points_clear(collector->points);
    add_whole(collector, add_sources(collector, now), now.wall_ms);
    for (size_t i = 0; i < collector->points->count; i++) {
        size_t before = collector->held.length;
        if (line_add_point(&collector->held, collector->points->items[i], now.wall_ms * 1000000, &err) && collector->held.length <= COLLECTOR_HELD_MAX) {
            collector->held_rows++;
            collector->received++;
        } else
            buf_cut(&collector->held, before); /* the disk fails, and that is known */
    }
    points_clear(collector->points);
}

int64_t own_wait_ms(const struct collector *collector, int64_t steady_ms)
{
    if (!collector->options.config->own_every_ms)
        return -1;
    return collector->own_due_ms > steady_ms ? collector->own_due_ms - steady_ms : 0;
}
