/* What is to be seen of the collector: its state, and /metrics. */
#include "base/text.h"
#include "collector/collector_private.h"
#include "notifier/version.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static const double seconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 0};

static const char *const refusals[] = {"bad", "disk", "full", "limit", "source"};

static const struct metric_family families[] = {
    {"collector_rows_received_total", "Rows taken in, by source or door.", METRIC_COUNTER, {"source", NULL}, NULL},
    {"collector_rows_refused_total", "Rows not taken in: bad and limit (a push counts once), full (the spool), disk (the spool's, pushes alone), source (a source's own).", METRIC_COUNTER, {"reason", NULL}, NULL},
    {"collector_rows_sent_total", "Rows QuestDB took.", METRIC_COUNTER, {NULL}, NULL},
    {"collector_rows_resent_total", "Rows of requests that had to be repeated.", METRIC_COUNTER, {NULL}, NULL},
    {"collector_rows_quarantined_total", "Rows QuestDB will never take, kept in quarantine.lp.", METRIC_COUNTER, {NULL}, NULL},
    {"collector_rows_damaged_total", "Rows of the spool that could not be read back.", METRIC_COUNTER, {NULL}, NULL},
    {"collector_requests_total", "Requests to QuestDB.", METRIC_COUNTER, {NULL}, NULL},
    {"collector_retries_total", "Requests that failed, by class.", METRIC_COUNTER, {"class", NULL}, NULL},
    {"collector_request_seconds", "How long QuestDB took to answer.", METRIC_HISTOGRAM, {NULL}, seconds},
    {"collector_commit_seconds", "How long a write and sync of the spool took.", METRIC_HISTOGRAM, {NULL}, seconds},
    {"collector_commits_total", "Writes and syncs of the spool.", METRIC_COUNTER, {"outcome", NULL}, NULL},
    {"collector_questdb_up", "1: QuestDB took the last request, or nothing was to be sent.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_last_success_timestamp_seconds", "When QuestDB last took rows.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_lag_seconds", "From acceptance to QuestDB's answer, for the rows last taken.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_spool_rows", "Rows that wait.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_spool_bytes", "Size of the spool's segments.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_spool_max_bytes", "Their bound.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_spool_segments", "Files of the spool.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_spool_oldest_seconds", "Age of the oldest row that waits.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_spool_torn_bytes", "Bytes cut from the spool's end at the last start.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_storage_failed", "1: the spool's disk refused the last commit.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_quarantine_bytes", "Size of quarantine.lp.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_source_up", "1: the source's last fetch worked.", METRIC_GAUGE, {"source", "type", NULL}, NULL},
    {"collector_source_fetches_total", "Fetches.", METRIC_COUNTER, {"source", "outcome", NULL}, NULL},
    {"collector_session_ends_total", "Ends of WebSockets that are kept open, by close code; 1005: none in the close frame, 1006: no close frame.", METRIC_COUNTER, {"source", "code", NULL}, NULL},
    {"collector_reloads_total", "Readings of the configuration while running, by outcome: ok, failed.", METRIC_COUNTER, {"outcome", NULL}, NULL},
    {"collector_config_last_reload_successful", "1: the configuration that was read last is the one in use.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_config_last_reload_success_timestamp_seconds", "When the configuration in use was read.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_cardinality", "Tables, columns of all tables and values of all tags, seen since start.", METRIC_GAUGE, {"kind", NULL}, NULL},
    {"collector_limit_refusals_total", "Pushes and rows of sources refused because a limit is reached.", METRIC_COUNTER, {"limit", NULL}, NULL},
    {"collector_latest_left_out", "Rows whose latest values are not shown here: too many kinds, or labels that are too long.", METRIC_GAUGE, {NULL}, NULL},
    {"collector_build_info", "The version.", METRIC_GAUGE, {"version", NULL}, NULL},
    {"process_cpu_seconds_total", "CPU time used.", METRIC_COUNTER, {NULL}, NULL},
    {"process_resident_memory_bytes", "Memory in use.", METRIC_GAUGE, {NULL}, NULL},
    {"process_open_fds", "Open file descriptors.", METRIC_GAUGE, {NULL}, NULL},
    {"process_start_time_seconds", "When this process started.", METRIC_GAUGE, {NULL}, NULL},
};

void metrics_declare_own(struct metrics *metrics)
{
    for (size_t i = 0; i < LENGTH(families); i++)
        metrics_declare(metrics, &families[i]);
    for (size_t i = 0; i < LENGTH(refusals); i++) /* a counter that appears with its first step hides it from increase() */
        metrics_add(metrics, "collector_rows_refused_total", 0, &refusals[i]);
    watch_declare(metrics);
}

void metrics_count(struct collector *collector, const char *family, double value, const char *label)
{
    const char *labels[] = {label};
    if (value > 0)
        metrics_add(collector->metrics, family, value, labels);
}

void collector_state(const struct collector *collector, struct collector_state *state)
{
    *state = (struct collector_state){.spool = spool_state(collector->spool), .storage_failed = collector->storage_failed,
                                      .full = collector->full, .started_ms = collector->started_ms, .now_ms = clock_now(&collector->options.clock).wall_ms,
                                      .suspended = watch_suspended(collector->watch), .source_count = collector->schedule.count, .census = census_state(collector->census),
                                      .limit_ms = collector->limit_ms};
    sender_state(collector->sender, &state->sender);
    if (!collector->schema.applied && collector->schema.absent[0]) { /* the sender has not even been let to try */
        state->sender.trouble = RETRY_NETWORK;
        snprintf(state->sender.reason, sizeof state->sender.reason, "%s", collector->schema.absent);
    }
    snprintf(state->storage_words, sizeof state->storage_words, "%s", collector->storage_words);
}

struct collector_source_state collector_source(const struct collector *collector, size_t number)
{
    struct collector_source_state state = collector->fetching[number]->state;

    if (collector->fetching[number]->is_late) {
        state.up = false;
        state.words = "asked, and no answer for a minute or more: what it reads hangs, or what another source reads";
    }
    return state;
}

static void set(struct metrics *metrics, const char *family, double value)
{
    metrics_set(metrics, family, value, NULL);
}

int64_t collector_memory_bytes(void)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");

    if (statm && fscanf(statm, "%*u %lu", &pages) != 1)
        pages = 0;
    if (statm)
        fclose(statm);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

double collector_cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void set_process(struct metrics *metrics, int64_t started_ms)
{
    size_t fds = 0;

    set(metrics, "process_cpu_seconds_total", collector_cpu_seconds());
    set(metrics, "process_resident_memory_bytes", (double)collector_memory_bytes());
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        fds++;
    if (dir) {
        closedir(dir);
        set(metrics, "process_open_fds", (double)(fds > 3 ? fds - 3 : 0)); /* without . and .. and the folder itself */
    }
    set(metrics, "process_start_time_seconds", (double)started_ms / 1000);
}

static void set_spool(struct metrics *metrics, const struct collector_state *state, int64_t oldest_ms, int64_t wall_ms)
{
    static const char *const ok[] = {"ok"}, *const failed[] = {"failed"};

    set(metrics, "collector_rows_damaged_total", (double)state->spool.damaged_rows);
    set(metrics, "collector_spool_rows", (double)state->sender.waiting);
    set(metrics, "collector_spool_bytes", (double)state->spool.bytes);
    set(metrics, "collector_spool_max_bytes", (double)state->spool.max_bytes);
    set(metrics, "collector_spool_segments", (double)state->spool.segments);
    set(metrics, "collector_spool_torn_bytes", (double)state->spool.torn_bytes);
    set(metrics, "collector_storage_failed", state->storage_failed);
    metrics_set(metrics, "collector_commits_total", (double)state->spool.commits, ok);
    metrics_set(metrics, "collector_commits_total", (double)state->spool.commit_failures, failed);
    set(metrics, "collector_spool_oldest_seconds", oldest_ms ? (double)(wall_ms - oldest_ms) / 1000 : 0);
}

static void set_sender(struct metrics *metrics, const struct sender_state *state)
{
    static const char *const classes[RETRY_KINDS] = {[RETRY_NETWORK] = "network", [RETRY_BUSY] = "busy", [RETRY_SERVER] = "server",
                                                     [RETRY_STORAGE] = "storage", [RETRY_HELD] = "held"};

    set(metrics, "collector_rows_sent_total", (double)state->rows);
    set(metrics, "collector_rows_resent_total", (double)state->resent);
    set(metrics, "collector_rows_quarantined_total", (double)state->quarantined);
    set(metrics, "collector_requests_total", (double)state->requests);
    for (size_t i = RETRY_NONE + 1; i < RETRY_KINDS; i++) {
        const char *labels[] = {classes[i]};
        metrics_set(metrics, "collector_retries_total", (double)state->retries[i], labels);
    }
    set(metrics, "collector_questdb_up", state->trouble == RETRY_NONE || state->trouble == RETRY_STORAGE);
    if (state->taken_wall_ms) {
        set(metrics, "collector_last_success_timestamp_seconds", (double)state->taken_wall_ms / 1000);
        set(metrics, "collector_lag_seconds", (double)state->lag_ms / 1000);
    }
}

static void set_census(struct metrics *metrics, const struct census_state *state)
{
    static const char *const kinds[CENSUS_KINDS] = {[CENSUS_TABLES] = "tables", [CENSUS_COLUMNS] = "columns", [CENSUS_VALUES] = "values"};

    for (size_t i = 0; i < CENSUS_KINDS; i++) {
        const char *labels[] = {kinds[i]};
        metrics_set(metrics, "collector_cardinality", (double)state->counts[i], labels);
        metrics_set(metrics, "collector_limit_refusals_total", (double)state->refusals[i], labels);
    }
}

void collector_write_metrics(struct collector *collector, struct buf *out)
{
    static const char *const version[] = {NOTIFIER_VERSION};
    struct metrics *metrics = collector->metrics;
    int64_t wall_ms = clock_now(&collector->options.clock).wall_ms;
    struct collector_state state;

    collector_state(collector, &state);
    set_spool(metrics, &state, spool_oldest_ms(collector->spool), wall_ms);
    set_sender(metrics, &state.sender);
    set_census(metrics, &state.census);
    set(metrics, "collector_quarantine_bytes", (double)quarantine_bytes(collector->quarantine));
    metrics_drop(metrics, "collector_source_up"); /* a reload may have taken some out */
    for (size_t i = 0; i < collector->schedule.count; i++) {
        struct collector_source_state source = collector_source(collector, i);
        const char *labels[] = {source.name, source.type};
        if (source.fetches || collector->schedule.entries[i].off || collector->fetching[i]->is_late)
            metrics_set(metrics, "collector_source_up", source.up, labels);
    }
    set(metrics, "collector_latest_left_out", (double)latest_left_out(collector->latest));
    metrics_set(metrics, "collector_build_info", 1, version);
    set_process(metrics, state.started_ms);
    watch_set(collector->watch, metrics);
    metrics_write(metrics, out);
    latest_write(collector->latest, wall_ms, out);
}
