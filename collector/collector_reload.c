/* Another configuration while running: what says the same goes on undisturbed. */
#include "base/text.h"
#include "collector/collector_private.h"

#include <stdlib.h>
#include <string.h>

#define GONE_MAX (4 * SOURCES_MAX) /* sources that were taken out and have not answered yet */
#define NAMES_BYTES (SOURCES_MAX * (POINT_NAME_MAX + 2))

static void tell(struct buf *words, const char *what, const struct buf *names)
{
    if (names->length)
        buf_addf(words, "; %s: %s", what, buf_text(names));
}

static void add_name(struct buf *names, const char *name)
{
    buf_addf(names, "%s%s", names->length ? ", " : "", name);
}

/* --- sources */

static int find_next(const struct config *next, const char *name)
{
    for (size_t i = 0; i < next->source_count; i++)
        if (strcmp(next->sources[i]->name, name) == 0)
            return (int)i;
    return -1;
}

static struct fetching *find_running(const struct collector *collector, const char *name)
{
    for (size_t i = 0; i < collector->schedule.count; i++)
        if (strcmp(collector->fetching[i]->source->name, name) == 0)
            return collector->fetching[i];
    return NULL;
}

static void name_differences(const struct collector *collector, const struct config *next, struct buf *words)
{
    struct buf added = BUF_EMPTY(NAMES_BYTES), changed = BUF_EMPTY(NAMES_BYTES), removed = BUF_EMPTY(NAMES_BYTES);

    for (size_t i = 0; i < next->source_count; i++) {
        const struct fetching *running = find_running(collector, next->sources[i]->name);
        if (!running)
            add_name(&added, next->sources[i]->name);
        else if (running->print != next->prints[i])
            add_name(&changed, next->sources[i]->name);
    }
    for (size_t i = 0; i < collector->schedule.count; i++)
        if (find_next(next, collector->fetching[i]->source->name) < 0)
            add_name(&removed, collector->fetching[i]->source->name);
    tell(words, "sources added", &added);
    tell(words, "changed", &changed);
    tell(words, "removed", &removed);
    buf_free(&added);
    buf_free(&changed);
    buf_free(&removed);
}

/* What is under way cannot be called back: its source is freed when it returns. */
static void take_out(struct fetching *fetching, bool busy)
{
    struct collector *collector = fetching->collector;

    latest_forget(collector->latest, fetching->owner, INT64_MAX);
    if (!busy && fetching_stop(fetching)) {
        fetching_free(fetching);
        return;
    }
    fetching->gone = true;
    fetching->next_gone = collector->gone;
    collector->gone = fetching;
    collector->gone_count++;
}

/* Those that say the same go on, with their beat and what they know; the others go, and come anew. */
static void replace_sources(struct collector *collector, struct config *next)
{
    struct fetching *kept[SOURCES_MAX] = {NULL};
    struct schedule before = collector->schedule;
    int64_t now_ms = clock_now(&collector->options.clock).steady_ms;

    for (size_t i = 0; i < before.count; i++) {
        struct fetching *running = collector->fetching[i];
        int same = find_next(next, running->source->name);
        if (same >= 0 && next->prints[same] == running->print)
            kept[same] = running;
        else
            take_out(running, before.entries[i].busy);
    }
    collector->schedule = (struct schedule){0};
    for (size_t i = 0; i < next->source_count; i++) {
        if (kept[i])
            schedule_keep(&collector->schedule, &before.entries[kept[i]->number]);
        else {
            kept[i] = fetching_new(collector, next, i);
            schedule_add(&collector->schedule, kept[i]->source->every_ms, now_ms);
        }
        kept[i]->number = i;
        collector->fetching[i] = kept[i];
    }
}

/* --- the rest */

static bool is_same_questdb(const struct questdb *a, const struct questdb *b)
{
    return text_equal(a->url, b->url) && text_equal(text_or(a->token, ""), text_or(b->token, "")) && text_equal(text_or(a->username, ""), text_or(b->username, "")) &&
           text_equal(text_or(a->password, ""), text_or(b->password, "")) && text_equal(text_or(a->ca_file, ""), text_or(b->ca_file, ""));
}

static void replace_questdb(struct collector *collector, const struct config *next, bool other)
{
    free(collector->write_url);
    free(collector->ping_url);
    collector->write_url = collector_join_url(next->questdb.url, "/write");
    collector->ping_url = collector_join_url(next->questdb.url, "/ping");
    watch_renew(collector->watch, &next->questdb);
    if (other)
        collector_renew_schema(collector, next->apply_schema);
}

bool collector_reload(struct collector *collector, struct config *next, struct buf *words, struct err *err)
{
    const struct config *now = collector->options.config;

    if (collector->gone_count + collector->schedule.count > GONE_MAX)
        return err_set(err, ERR_LIMIT, "%zu sources that were taken out have not answered yet; try again in a minute", collector->gone_count);
    bool other = !is_same_questdb(&now->questdb, &next->questdb) || next->apply_schema != now->apply_schema;
    if (!text_equal(now->questdb.url, next->questdb.url))
        buf_add_text(words, "; what waits goes to the other questdb.url");
    name_differences(collector, next, words);
    replace_sources(collector, next);
    replace_questdb(collector, next, other);
    sender_renew(collector->sender, (size_t)next->batch_rows, next->batch_interval_ms);
    spool_set_bound(collector->spool, (uint64_t)next->spool_bytes);
    census_set_limits(collector->census, &next->limits);
    collector->options.config = next;
    collector_count_reload(collector, true);
    return true;
}

static void keep_text(struct config *next, const char **value, const char *now, const char *name, struct buf *words)
{
    if (text_equal(*value, now))
        return;
    *value = arena_text(next->arena, now);
    buf_addf(words, "; %s needs a restart and stays %s", name, now);
}

void collector_keep_fixed(struct config *next, const struct config *now, struct buf *words)
{
    keep_text(next, &next->listen, now->listen, "listen", words);
    keep_text(next, &next->spool_path, now->spool_path, "spool.path", words);
}

void collector_count_reload(struct collector *collector, bool ok)
{
    metrics_count(collector, "collector_reloads_total", 1, ok ? "ok" : "failed");
    metrics_set(collector->metrics, "collector_config_last_reload_successful", ok, NULL);
    if (ok)
        metrics_set(collector->metrics, "collector_config_last_reload_success_timestamp_seconds",
                    (double)(clock_now(&collector->options.clock).wall_ms / 1000), NULL);
}

bool collector_ask_reload(struct collector *collector, struct err *err)
{
    if (!collector->options.reload)
        return err_set(err, ERR_INPUT, "there is no configuration to reload");
    return collector->options.reload(collector->options.reload_context, err);
}
