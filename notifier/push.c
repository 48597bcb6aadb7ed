#include "notifier/push.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MAX 32     /* of a histogram that is pushed */
#define HISTOGRAMS_MAX (POLICY_CHANNELS_MAX + 1)
#define NAME_BYTES 256     /* of a channel, host or env */

/* What a histogram held when it was pushed last. */
struct before {
    char channel[NAME_BYTES]; /* "": the commits */
    uint64_t counts[BUCKETS_MAX];
};

struct push {
    struct http *http;
    struct metrics *metrics;
    char host[NAME_BYTES], env[NAME_BYTES];
    int64_t started_ms, due_ms; /* steady; due 0: at once */
    bool in_flight, failing;
    struct before before[HISTOGRAMS_MAX];
    size_t before_count;
};

static const struct metric_family pushes = {"notifier_metrics_push_total", "Pushes of our own metrics.", METRIC_COUNTER, {"outcome"}, NULL};

struct push *push_new(struct http *http, struct metrics *metrics, const char *host, const char *env)
{
    struct push *push = memory_zeroed(1, sizeof *push);

    push->http = http;
    push->metrics = metrics;
    snprintf(push->host, sizeof push->host, "%s", host);
    snprintf(push->env, sizeof push->env, "%s", env);
    push->started_ms = -1;
    metrics_declare(metrics, &pushes);
    return push;
}

void push_free(struct push *push)
{
    free(push);
}

static void add_tag(struct buf *out, const char *name, const char *value)
{
    struct buf clean = BUF_EMPTY(NAME_BYTES * 4);

    if (!value || !value[0])
        return; /* an empty tag is none */
    text_add_clean(&clean, value, strlen(value));
    buf_addf(out, ",%s=", name);
    for (const char *at = buf_text(&clean); *at; at++) {
        if (strchr(" ,=\\", *at))
            buf_add_char(out, '\\');
        buf_add_char(out, *at == '\n' || *at == '\t' ? '_' : *at);
    }
    buf_free(&clean);
}

struct row {
    struct buf *out;
    bool any;
};

/* value NULL: a row of the whole. */
static struct row row_begin(struct push *push, struct buf *out, const char *tag, const char *value)
{
    buf_add_text(out, "notifier_metrics");
    add_tag(out, tag, value);
    add_tag(out, "host", push->host);
    add_tag(out, "env", push->env);
    return (struct row){out, false};
}

static void add_name(struct row *row, const char *name)
{
    buf_addf(row->out, "%c%s=", row->any ? ',' : ' ', name);
    row->any = true;
}

static void add_count(struct row *row, const char *name, double value)
{
    add_name(row, name);
    buf_addf(row->out, "%.0fi", value);
}

static void add_number(struct row *row, const char *name, double value)
{
    add_name(row, name);
    buf_addf(row->out, "%.9g", value);
}

static void add_flag(struct row *row, const char *name, bool value)
{
    add_name(row, name);
    buf_add_text(row->out, value ? "t" : "f");
}

static void row_end(struct row *row, struct instant now)
{
    buf_addf(row->out, " %lld000000\n", (long long)now.wall_ms);
}

static struct before *before_of(struct push *push, const char *channel)
{
    size_t i = 0;

    while (i < push->before_count && strcmp(push->before[i].channel, channel) != 0)
        i++;
    if (i == HISTOGRAMS_MAX) /* channels came and went by reloads: begun anew */
        i = push->before_count = 0;
    if (i == push->before_count) {
        push->before[push->before_count++] = (struct before){0};
        snprintf(push->before[i].channel, sizeof push->before[i].channel, "%s", channel);
    }
    return &push->before[i];
}

/* As Prometheus's histogram_quantile: even within a bucket; what is beyond the last bound counts as that bound. */
static double quantile(const struct metric_histogram *now, const uint64_t *counts, uint64_t total, double which)
{
    double rank = which * (double)total, below = 0, from = 0;

    for (size_t i = 0; i < now->bound_count; i++) {
        if (below + (double)counts[i] >= rank)
            return from + (now->bounds[i] - from) * (counts[i] ? (rank - below) / (double)counts[i] : 1);
        below += (double)counts[i];
        from = now->bounds[i];
    }
    return from;
}

/* Quantiles of what came since the push before; none where nothing did. */
static void add_quantiles(struct push *push, struct row *row, const char *channel, const struct metric_histogram *now, const char *name,
                          const int *percents)
{
    struct before *before = before_of(push, channel);
    uint64_t counts[BUCKETS_MAX], total = 0;
    char field[64];

    for (size_t i = 0; i <= now->bound_count && i < BUCKETS_MAX; i++) {
        counts[i] = now->counts[i] - before->counts[i];
        before->counts[i] = now->counts[i];
        total += counts[i];
    }
    for (; total && *percents; percents++) {
        snprintf(field, sizeof field, "%s_p%d", name, *percents);
        add_number(row, field, quantile(now, counts, total, *percents / 100.0));
    }
}

static double within(const struct metric_histogram *histogram, double bound)
{
    double count = 0;

    for (size_t i = 0; i < histogram->bound_count && histogram->bounds[i] <= bound; i++)
        count += (double)histogram->counts[i];
    return count;
}

static void write_channel(struct push *push, const struct core_channel_state *channel, struct instant now, struct buf *out)
{
    static const char *const outcomes[] = {"delivered", "retried", "failed_over", "carried", "suppressed", "dead"};
    static const int percents[] = {50, 95, 99, 0};
    struct row row = row_begin(push, out, "channel", channel->name);
    const char *labels[2] = {channel->name};
    struct metric_histogram times;
    char field[64];
    int64_t age_ms = channel->oldest_accepted_ms ? now.wall_ms - channel->oldest_accepted_ms : 0;

    add_flag(&row, "channel_up", !channel->failures && !channel->refused);
    add_count(&row, "pending", channel->pending);
    add_number(&row, "oldest_pending_seconds", age_ms > 0 ? (double)age_ms / 1000 : 0);
    for (size_t i = 0; i < LENGTH(outcomes); i++) {
        labels[1] = outcomes[i];
        snprintf(field, sizeof field, "%s_total", outcomes[i]);
        add_count(&row, field, metrics_get(push->metrics, "notifier_deliveries_total", labels, 0));
    }
    add_count(&row, "rate_limited_total", metrics_get(push->metrics, "notifier_rate_limited_total", labels, 0));
    if (metrics_histogram(push->metrics, "notifier_delivery_seconds", labels, &times)) {
        add_count(&row, "in_time_total", within(&times, 60));
        add_number(&row, "delivery_seconds_sum", times.sum);
        add_quantiles(push, &row, channel->name, &times, "delivery_seconds", percents);
    }
    row_end(&row, now);
}

static void write_source(struct push *push, const char *source, struct instant now, struct buf *out)
{
    const char *labels[2] = {source, "firing"};
    double received = metrics_get(push->metrics, "notifier_alerts_received_total", labels, 0);
    double seen = metrics_get(push->metrics, "notifier_source_last_seen_seconds", labels, -1);

    labels[1] = "resolved";
    received += metrics_get(push->metrics, "notifier_alerts_received_total", labels, 0);
    struct row row = row_begin(push, out, "source", source);
    add_count(&row, "received_total", received);
    add_count(&row, "duplicates_total", metrics_get(push->metrics, "notifier_duplicates_total", labels, 0));
    if (seen >= 0)
        add_number(&row, "last_seen_seconds", seen);
    row_end(&row, now);
}

static void write_whole(struct push *push, const struct notifier_health *health, struct instant now, struct buf *out)
{
    static const int percents[] = {99, 0};
    struct row row = row_begin(push, out, "", NULL);
    struct metric_histogram commits;

    add_count(&row, "alerts_active", health->totals.firing);
    add_count(&row, "unaccounted_alerts", (double)health->unaccounted);
    add_flag(&row, "storage_failed", health->storage_failed);
    add_number(&row, "uptime_seconds", (double)(now.steady_ms - push->started_ms) / 1000);
    if (metrics_histogram(push->metrics, "notifier_commit_seconds", NULL, &commits))
        add_quantiles(push, &row, "", &commits, "commit_seconds", percents);
    row_end(&row, now);
}

void push_write(struct push *push, struct notifier *notifier, struct instant now, struct buf *out)
{
    const struct config *config = notifier_config(notifier);
    struct notifier_health health = notifier_health(notifier);
    struct buf page = BUF_EMPTY(16u << 20);

    if (push->started_ms < 0)
        push->started_ms = now.steady_ms;
    notifier_write_metrics(notifier, &page); /* brings the gauges up to this moment */
    buf_free(&page);
    for (size_t i = 0; i < health.channel_count; i++)
        write_channel(push, &health.channels[i], now, out);
    bool has_api = false;
    for (size_t i = 0; i < config->source_count; i++) {
        has_api = has_api || text_equal(config->sources[i].name, "api");
        write_source(push, config->sources[i].name, now, out);
    }
    if (!has_api)
        write_source(push, "api", now, out);
    write_whole(push, &health, now, out);
}

static void ended(struct push *push, const char *trouble)
{
    metrics_add(push->metrics, "notifier_metrics_push_total", 1, (const char *const[]){trouble ? "failed" : "sent"});
    if (trouble && !push->failing)
        log_say(LOG_WARN, "metrics_push_failed", "%s; it is tried again at its time, and said when it works", trouble);
    if (!trouble && push->failing)
        log_say(LOG_INFO, "metrics_push_works", "our own metrics are taken again");
    push->failing = trouble != NULL;
}

static void answered(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct push *push = context;
    char words[320];

    (void)tag;
    push->in_flight = false;
    if (reply->end == HTTP_ANSWERED && reply->status >= 200 && reply->status < 300) {
        ended(push, NULL);
        return;
    }
    if (reply->end == HTTP_ANSWERED)
        snprintf(words, sizeof words, "the answer was %d %.200s", reply->status, buf_text(&reply->body));
    else
        snprintf(words, sizeof words, "%.300s", reply->err.text);
    ended(push, words);
}

static void send_now(struct push *push, struct notifier *notifier, struct instant now)
{
    const struct config *config = notifier_config(notifier);
    struct buf body = BUF_EMPTY(PUSH_BYTES_MAX), authorization = BUF_EMPTY(64 * 1024);
    struct err err;

    push_write(push, notifier, now, &body);
    struct http_request request = {.method = "POST", .url = config->push_url, .body = buf_text(&body), .body_length = body.length,
                                   .timeout_ms = PUSH_TIMEOUT_MS, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .header_count = 1};
    if (config->push_token) {
        buf_addf(&authorization, "Bearer %s", config->push_token);
        request.headers[request.header_count++] = (struct http_header){"Authorization", buf_text(&authorization)};
    }
    if (body.full)
        ended(push, "there is more to tell than one push may hold");
    else if (http_start(push->http, &request, 0, answered, push, &err))
        push->in_flight = true;
    else
        ended(push, err.text);
    if (authorization.data)
        explicit_bzero(authorization.data, authorization.length);
    buf_free(&authorization);
    buf_free(&body);
}

void push_run(struct push *push, struct notifier *notifier, struct instant now)
{
    const struct config *config = notifier_config(notifier);

    if (push->started_ms < 0)
        push->started_ms = now.steady_ms;
    if (!config->push_url || push->in_flight || now.steady_ms < push->due_ms)
        return;
    push->due_ms = now.steady_ms + config->push_every_ms;
    send_now(push, notifier, now);
}
