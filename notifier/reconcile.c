#include "notifier/reconcile.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "notifier/ingest/ingest.h"
#include "notifier/reconcile_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READERS_MAX (2 * CONFIG_SOURCES_MAX) /* those of the configuration, and those that still wait for an answer */
#define URL_BYTES_MAX 4096

static const struct metric_family reads = {"notifier_reconcile_reads_total", "Reads of what a source holds for active.", METRIC_COUNTER,
                                           {"source", "outcome"}, NULL};
static const struct metric_family corrections = {"notifier_reconcile_corrections_total", "Alerts that reconciling found or closed.", METRIC_COUNTER,
                                                 {"source", "what"}, NULL};

enum api { API_UNKNOWN, API_GRAFANA, API_ALERTMANAGER };

struct reader { /* of one source */
    struct reconcile *reconcile;
    char name[CONFIG_SOURCE_NAME_BYTES];
    uint64_t identity;     /* of what is read: another one begins anew */
    enum api api, asked;   /* what it proved to be, and what the request under way took it for */
    int64_t due_ms;        /* steady */
    bool in_flight, stale; /* stale: what is under way was asked of another address */
    bool seen;             /* in the configuration that is being followed */
    unsigned failures;     /* in a row */
    bool told;             /* people know of them */
    bool read;             /* once, since this was begun anew */
    struct reconcile_judge *judge;
};

struct reconcile {
    struct http *http;
    struct metrics *metrics;
    struct notifier *notifier; /* of the last run */
    const struct config *config;
    struct reader *readers[READERS_MAX]; /* each where it was born: a request under way points to it */
    size_t count;
    bool recalled;
};

struct reconcile *reconcile_new(struct http *http, struct metrics *metrics)
{
    struct reconcile *reconcile = memory_zeroed(1, sizeof *reconcile);

    reconcile->http = http;
    reconcile->metrics = metrics;
    metrics_declare(metrics, &reads);
    metrics_declare(metrics, &corrections);
    return reconcile;
}

static void reader_free(struct reader *reader)
{
    reconcile_judge_free(reader->judge);
    free(reader);
}

void reconcile_free(struct reconcile *reconcile)
{
    for (size_t i = 0; reconcile && i < reconcile->count; i++)
        reader_free(reconcile->readers[i]);
    free(reconcile);
}

static struct reader *find(const struct reconcile *reconcile, const char *source)
{
    for (size_t i = 0; i < reconcile->count; i++)
        if (strcmp(reconcile->readers[i]->name, source) == 0)
            return reconcile->readers[i];
    return NULL;
}

static struct reader *find_or_add(struct reconcile *reconcile, const char *source)
{
    struct reader *reader = find(reconcile, source);

    if (reader || reconcile->count == READERS_MAX)
        return reader;
    reader = memory_zeroed(1, sizeof *reader);
    reader->reconcile = reconcile;
    snprintf(reader->name, sizeof reader->name, "%s", source);
    reader->judge = reconcile_judge_new();
    reconcile->readers[reconcile->count++] = reader;
    return reader;
}

static uint64_t identity_of(const struct config_source *source)
{
    const char *parts[] = {source->domain, source->reconcile_url, text_or(source->reconcile_receiver, "")};
    uint64_t hash = (uint64_t)source->reconcile_org;

    for (size_t i = 0; i < LENGTH(parts); i++)
        hash = text_hash(parts[i], strlen(parts[i]), hash);
    return hash;
}

static void tell(struct reader *reader, const char *words)
{
    bool over = !words;
    char summary[400];

    if (over)
        snprintf(summary, sizeof summary, "What %s holds for active can be read again", reader->name);
    else
        snprintf(summary, sizeof summary, "What %s holds for active could not be read %u times in a row: %.300s", reader->name, reader->failures, words);
    reader->told = !over;
    notifier_reconcile_failing(reader->reconcile->notifier, reader->name, summary, over);
}

static void failed(struct reader *reader, const char *words)
{
    reader->failures++;
    if (reader->failures == 1)
        log_say(LOG_WARN, "reconcile_failed", "%s: %s; it is tried again at its time", reader->name, words);
    metrics_add(reader->reconcile->metrics, reads.name, 1, (const char *const[]){reader->name, "failed"});
    if (reader->failures >= RECONCILE_FAILURES_TOLD && !reader->told)
        tell(reader, words);
}

static void succeeded(struct reader *reader)
{
    if (reader->failures)
        log_say(LOG_INFO, "reconcile_works", "%s can be read again", reader->name);
    metrics_add(reader->reconcile->metrics, reads.name, 1, (const char *const[]){reader->name, "read"});
    reader->failures = 0;
    if (reader->told)
        tell(reader, NULL);
}

static void judge(struct reader *reader, const struct config_source *source, const struct http_reply *reply)
{
    struct notifier_reconciled done = {0};
    struct reconcile_rules rules = {.grace_ms = source->reconcile_grace_ms, .org = reader->asked == API_GRAFANA ? source->reconcile_org : 0,
                                    .absent_reads = RECONCILE_ABSENT_READS, .absent_ms = RECONCILE_ABSENT_MS, .empty_ms = RECONCILE_EMPTY_MS};
    struct metrics *metrics = reader->reconcile->metrics;
    struct err err;

    if (!notifier_reconcile(reader->reconcile->notifier, source, buf_text(&reply->body), reply->body.length, reader->judge, &rules, &done, &err)) {
        failed(reader, err.text);
        return;
    }
    reader->api = reader->asked;
    succeeded(reader);
    if (done.found)
        metrics_add(metrics, corrections.name, (double)done.found, (const char *const[]){reader->name, "found"});
    if (done.closed)
        metrics_add(metrics, corrections.name, (double)done.closed, (const char *const[]){reader->name, "closed"});
    if (done.found || done.closed)
        log_say(LOG_WARN, "reconciled", "%s: %zu alerts fire there that never reached us, %zu do not any more", reader->name, done.found, done.closed);
    if (reader->read && (done.found || done.closed)) /* the first read is where we begin */
        notifier_reconcile_mismatch(reader->reconcile->notifier, reader->name, &done);
    reader->read = true;
}

static void ask(struct reader *reader, const struct config_source *source, enum api api);

static void answered(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct reader *reader = context;
    const struct config_source *source = config_source(notifier_config(reader->reconcile->notifier), reader->name);
    char words[320];

    (void)tag;
    reader->in_flight = false;
    if (reader->stale || !source || !source->reconcile_url || identity_of(source) != reader->identity) {
        reader->stale = false;
        return;
    }
    if (reply->end != HTTP_ANSWERED)
        failed(reader, reply->err.text);
    else if (reply->status == 404 && reader->api == API_UNKNOWN && reader->asked == API_GRAFANA)
        ask(reader, source, API_ALERTMANAGER);
    else if (reply->status != 200) {
        if (reply->status == 404)
            reader->api = API_UNKNOWN;
        snprintf(words, sizeof words, "the answer was %d%s", reply->status,
                 reply->status == 401 || reply->status == 403 ? ": bearer_token is missing, wrong, or may not read alerts"
                 : reply->status == 404                       ? ": no Alertmanager's API is below reconcile.url"
                 : reply->status / 100 == 3                   ? ": it sends us elsewhere; name that address in reconcile.url" : "");
        failed(reader, words);
    } else if (reply->body.length >= RECONCILE_REPLY_MAX)
        failed(reader, "the list is longer than 16 MiB");
    else
        judge(reader, source, reply);
}

static void ask(struct reader *reader, const struct config_source *source, enum api api)
{
    struct buf url = BUF_EMPTY(URL_BYTES_MAX), authorization = BUF_EMPTY(64 * 1024);
    size_t length = strlen(source->reconcile_url);
    char org[24];
    struct err err;

    while (length && source->reconcile_url[length - 1] == '/')
        length--;
    buf_add(&url, source->reconcile_url, length);
    buf_addf(&url, "%s/api/v2/alerts?active=true&silenced=true&inhibited=true", api == API_GRAFANA ? "/api/alertmanager/grafana" : "");
    snprintf(org, sizeof org, "%d", source->reconcile_org);
    struct http_request request = {.method = "GET", .url = buf_text(&url), .timeout_ms = RECONCILE_TIMEOUT_MS, .reply_max = RECONCILE_REPLY_MAX,
                                   .headers = {{"Accept", "application/json"}}, .header_count = 1};
    if (api == API_GRAFANA)
        request.headers[request.header_count++] = (struct http_header){"X-Grafana-Org-Id", org};
    if (source->reconcile_token) {
        buf_addf(&authorization, "Bearer %s", source->reconcile_token);
        request.headers[request.header_count++] = (struct http_header){"Authorization", buf_text(&authorization)};
    }
    reader->asked = api;
    if (url.full)
        failed(reader, "reconcile.url is too long");
    else if (http_start(reader->reconcile->http, &request, 0, answered, reader, &err))
        reader->in_flight = true;
    else
        failed(reader, err.text);
    if (authorization.data)
        explicit_bzero(authorization.data, authorization.length);
    buf_free(&authorization);
    buf_free(&url);
}

static void begin_anew(struct reader *reader, uint64_t identity)
{
    reconcile_judge_free(reader->judge);
    reader->judge = reconcile_judge_new();
    reader->identity = identity;
    reader->api = API_UNKNOWN;
    reader->stale = reader->in_flight;
    reader->failures = 0;
    reader->read = false;
    reader->due_ms = 0;
}

/* Readers of sources that are not reconciled any more: people are told that it is over; gone once nothing is under way. */
static void drop_unseen(struct reconcile *reconcile)
{
    for (size_t i = reconcile->count; i-- > 0;) {
        struct reader *reader = reconcile->readers[i];
        if (reader->seen)
            continue;
        if (reader->told)
            tell(reader, NULL);
        if (reader->in_flight)
            continue;
        reader_free(reader);
        reconcile->readers[i] = reconcile->readers[--reconcile->count];
    }
}

static void recall(void *context, const char *source)
{
    struct reader *reader = find_or_add(context, source);

    if (reader)
        reader->told = true;
}

static void follow(struct reconcile *reconcile, const struct config *config)
{
    if (!reconcile->recalled)
        notifier_reconcile_recall(reconcile->notifier, recall, reconcile);
    reconcile->recalled = true;
    for (size_t i = 0; i < reconcile->count; i++)
        reconcile->readers[i]->seen = false;
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        struct reader *reader = source->reconcile_url ? find_or_add(reconcile, source->name) : NULL;
        if (!reader)
            continue;
        reader->seen = true;
        if (reader->identity != identity_of(source))
            begin_anew(reader, identity_of(source));
    }
    reconcile->config = config;
}

void reconcile_run(struct reconcile *reconcile, struct notifier *notifier, struct instant now)
{
    const struct config *config = notifier_config(notifier);

    reconcile->notifier = notifier;
    if (reconcile->config != config)
        follow(reconcile, config);
    drop_unseen(reconcile);
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        struct reader *reader = source->reconcile_url ? find(reconcile, source->name) : NULL;
        if (!reader || reader->in_flight || now.steady_ms < reader->due_ms)
            continue;
        reader->due_ms = now.steady_ms + source->reconcile_every_ms;
        ask(reader, source, reader->api == API_UNKNOWN ? API_GRAFANA : reader->api);
    }
}
