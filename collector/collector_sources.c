/* Fetching: a source plans, we carry out, it parses. */
#include "base/log.h"
#include "base/memory.h"
#include "base/websocket.h"
#include "collector/collector_private.h"
#include "collector/line.h"
#include "collector/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count_outcome(struct collector *collector, const char *source, bool ok)
{
    const char *labels[] = {source, ok ? "ok" : "failed"};
    metrics_add(collector->metrics, "collector_source_fetches_total", 1, labels);
}

/* Rows of a source: kept with the next commit. */
static void hold(struct collector *collector, const struct points *points, const struct fetching *fetching, struct instant now)
{
    const char *source = fetching->source->name;
    size_t kept = 0, refused = points->refused, limited = 0;
    struct err err;

    for (size_t i = 0; i < points->count; i++) {
        size_t before = collector->held.length;
        if (points->items[i]->shown_only) {
            latest_put(collector->latest, points->items[i], fetching->owner, now.wall_ms);
            continue;
        }
        bool ok = table_takes(points->items[i], &err) && line_add_point(&collector->held, points->items[i], now.wall_ms * 1000000, &err);
        census_begin(collector->census);
        if (ok && !census_point(collector->census, points->items[i], &err)) {
            collector_limit_reached(collector, source, &err);
            census_undo(collector->census);
            buf_cut(&collector->held, before);
            limited++;
            continue;
        }
        if (ok && collector->held.length <= COLLECTOR_HELD_MAX) {
            census_keep(collector->census);
            kept++;
            latest_put(collector->latest, points->items[i], fetching->owner, now.wall_ms);
            continue;
        }
        census_undo(collector->census);
        buf_cut(&collector->held, before);
        if (!refused++)
            log_say(LOG_WARN, "row_refused", "%s: %s", source, ok ? "the disk fails, and no more is kept in memory" : err.text);
    }
    latest_forget(collector->latest, fetching->owner, now.wall_ms);
    collector->held_rows += kept;
    const char *labels[] = {source};
    metrics_add(collector->metrics, "collector_rows_received_total", (double)kept, labels);
    collector->received += kept;
    metrics_count(collector, "collector_rows_refused_total", (double)refused, "source");
    metrics_count(collector, "collector_rows_refused_total", (double)limited, "limit");
}

/* A change is told, and a failure that lasts is told once. */
static void note(struct fetching *fetching, bool ok, const char *words, struct instant now)
{
    struct collector_source_state *state = &fetching->state;

    if (!ok && (state->up || !state->fetches || strcmp(words, fetching->words) != 0))
        log_say(LOG_WARN, "source_failed", "%s: %s", state->name, words);
    else if (ok && !state->up && state->fetches)
        log_say(LOG_INFO, "source_works", "%s", state->name);
    snprintf(fetching->words, sizeof fetching->words, "%s", ok ? "" : words);
    fetching->is_late = false;
    state->up = ok;
    state->fetches++;
    state->failures += !ok;
    state->fetched_ms = now.wall_ms;
    count_outcome(fetching->collector, state->name, ok);
}

static void finish(struct fetching *fetching, const struct answer *answer)
{
    struct collector *collector = fetching->collector;
    struct instant now = clock_now(&collector->options.clock);
    struct err err = {0};

    points_clear(collector->points);
    bool ok = fetching->source->kind->parse(fetching->source, answer, fetching->wall_ms, collector->points, &err);
    fetching->state.rows += collector->points->count;
    hold(collector, collector->points, fetching, now);
    note(fetching, ok, err.text, now);
    schedule_finish(&collector->schedule, fetching->number, ok, now.steady_ms);
    points_clear(collector->points);
}

static void hear_http(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct answer answer = {.data = buf_text(&reply->body), .length = reply->body.length, .reply = reply,
                            .failed = reply->end == HTTP_ANSWERED ? NULL : &reply->err};
    struct fetching *fetching = context;

    (void)tag;
    if (fetching->gone)
        sources_bury(fetching);
    else
        finish(fetching, &answer);
}

static void job_run(void *context)
{
    struct fetching *fetching = context;

    fetching->err = (struct err){0};
    fetching->ok = fetching->fetch.job(fetching->source, &fetching->answer, &fetching->err);
}

static void job_done(void *context)
{
    struct fetching *fetching = context;
    struct answer answer = {.data = buf_text(&fetching->answer), .length = fetching->answer.length,
                            .failed = fetching->ok ? NULL : &fetching->err};

    if (!fetching->collector->stopping && !fetching->gone)
        finish(fetching, &answer);
    buf_free(&fetching->answer);
    if (fetching->gone)
        sources_bury(fetching);
}

/* --- sessions */

static void count_end(void *context, int code)
{
    const struct fetching *fetching = context;
    char number[16] = "other"; /* the exchange chooses the code: only known ones become a label */

    if (code == 1006 || websocket_end_words(code)[0])
        snprintf(number, sizeof number, "%d", code);
    const char *labels[] = {fetching->source->name, number};
    metrics_add(fetching->collector->metrics, "collector_session_ends_total", 1, labels);
}

static bool look(struct fetching *fetching)
{
    struct collector *collector = fetching->collector;
    struct session_report report;

    if (!fetching->session) {
        fetching->session = session_new(collector->options.http, &collector->options.clock, fetching->fetch.session, count_end, fetching);
        session_turn(fetching->session);
    }
    session_look(fetching->session, &report);
    if (report.is_known)
        finish(fetching, &(struct answer){.data = "", .session = &report});
    else /* it makes itself due */
        schedule_finish(&collector->schedule, fetching->number, true, clock_now(&collector->options.clock).steady_ms);
    return true;
}

void sessions_turn(struct collector *collector, struct instant now)
{
    for (size_t i = 0; i < collector->schedule.count; i++)
        if (collector->fetching[i]->session && session_turn(collector->fetching[i]->session))
            schedule_hasten(&collector->schedule, i, now.steady_ms);
}

int64_t sessions_wait_ms(const struct collector *collector)
{
    int64_t wait = -1;

    for (size_t i = 0; i < collector->schedule.count; i++) {
        int64_t one = collector->fetching[i]->session ? session_wait_ms(collector->fetching[i]->session) : -1;
        if (one >= 0 && (wait < 0 || one < wait))
            wait = one;
    }
    return wait;
}

static void bury_returned(void *context)
{
    sources_bury(context);
}

bool fetching_stop(struct fetching *fetching)
{
    return !fetching->session || session_stop(fetching->session, bury_returned, fetching);
}

static void leave_returned(void *context)
{
    (void)context; /* freed with the collector */
}

void sessions_stop(struct collector *collector)
{
    for (size_t i = 0; i < collector->schedule.count; i++)
        if (collector->fetching[i]->session)
            session_stop(collector->fetching[i]->session, leave_returned, NULL);
}

/* --- carrying out */

static bool start(struct fetching *fetching, struct err *err)
{
    struct collector *collector = fetching->collector;
    struct http_request *request = &fetching->fetch.http;

    if (fetching->fetch.session)
        return look(fetching);
    if (!fetching->fetch.job) {
        if (!request->reply_max)
            request->reply_max = SOURCE_ANSWER_MAX;
        return http_start(collector->options.http, request, fetching->number, hear_http, fetching, err);
    }
    buf_init(&fetching->answer, SOURCE_ANSWER_MAX);
    return work_add(collector->options.work, job_run, job_done, fetching) || err_set(err, ERR_LIMIT, "too many jobs wait");
}

/* A job cannot be called back: a file system that hangs stops the one thread for all that read one. */
static void tell_late(struct collector *collector, struct instant now)
{
    for (size_t i = 0; i < collector->schedule.count; i++) {
        struct fetching *fetching = collector->fetching[i];
        if (fetching->is_late || !schedule_is_late(&collector->schedule, i, now.steady_ms))
            continue;
        fetching->is_late = true;
        log_say(LOG_WARN, "source_hangs", "%s: %s", fetching->state.name, collector_source(collector, i).words);
    }
}

void sources_start(struct collector *collector, struct instant now)
{
    int number;

    tell_late(collector, now);
    while ((number = schedule_start(&collector->schedule, now.steady_ms)) >= 0) {
        struct fetching *fetching = collector->fetching[number];
        struct err err = {0};
        fetching->fetch = (struct fetch){0};
        fetching->wall_ms = now.wall_ms;
        if (!fetching->source->kind->plan(fetching->source, now.wall_ms, &fetching->fetch)) {
            schedule_switch_off(&collector->schedule, (size_t)number);
            fetching->state.up = true;
        } else if (!start(fetching, &err)) {
            note(fetching, false, err.text, now);
            schedule_finish(&collector->schedule, (size_t)number, false, now.steady_ms);
        }
    }
}

/* --- coming and going */

struct fetching *fetching_new(struct collector *collector, struct config *config, size_t number)
{
    struct fetching *fetching = memory_zeroed(1, sizeof *fetching);

    fetching->collector = collector;
    fetching->owner = ++collector->owners;
    fetching->print = config->prints[number];
    fetching->source = config->sources[number];
    config->sources[number] = NULL;
    fetching->state.name = fetching->source->name;
    fetching->state.type = fetching->source->kind->type;
    fetching->state.words = fetching->words;
    return fetching;
}

void fetching_free(struct fetching *fetching)
{
    session_free(fetching->session);
    fetching->source->kind->close(fetching->source);
    buf_free(&fetching->answer);
    free(fetching);
}

void sources_bury(struct fetching *fetching)
{
    struct collector *collector = fetching->collector;
    struct fetching **at = &collector->gone;

    while (*at != fetching)
        at = &(*at)->next_gone;
    *at = fetching->next_gone;
    collector->gone_count--;
    fetching_free(fetching);
}

void sources_open(struct collector *collector, struct config *config)
{
    int64_t now_ms = clock_now(&collector->options.clock).steady_ms;

    for (size_t i = 0; i < config->source_count; i++) {
        collector->fetching[i] = fetching_new(collector, config, i);
        collector->fetching[i]->number = schedule_add(&collector->schedule, collector->fetching[i]->source->every_ms, now_ms);
    }
}

void sources_close(struct collector *collector)
{
    for (size_t i = 0; i < collector->schedule.count; i++)
        fetching_free(collector->fetching[i]);
    while (collector->gone)
        sources_bury(collector->gone);
}
