/* QuestDB's tables before the first row: a table that QuestDB would make by itself has no de-duplication, no retention. */
#include "base/log.h"
#include "base/text.h"
#include "collector/collector_private.h"
#include "collector/schema.h"

#include <stdio.h>
#include <string.h>

#define RETRY_MS 2000   /* while QuestDB does not answer */
#define AGAIN_MS 15000  /* while it says that a table is missing */
#define PING_MS 5000    /* whoever takes longer would hold up the work thread */

/* On the work thread. */
static void run(void *context)
{
    struct schema_job *job = context;

    job->err = (struct err){0};
    job->ok = schema_apply(&job->questdb, &job->words, &job->err);
}

static void tell(const struct schema_job *job)
{
    log_say(LOG_ERROR, "schema_incomplete", "%s", job->err.text);
    for (const char *line = buf_text(&job->words), *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        log_say(LOG_WARN, "schema", "%.*s", (int)(end - line), line);
        end += *end == '\n';
    }
}

static void done(void *context)
{
    struct schema_job *job = context;
    bool unanswered = !job->ok && job->err.kind == ERR_NETWORK;

    job->busy = false;
    arena_free(job->arena);
    job->arena = NULL;
    if (job->stale) {
        job->stale = false;
        buf_free(&job->words);
        return;
    }
    if (!unanswered && !job->ok)
        tell(job);
    else if (job->ok && !job->applied)
        log_say(LOG_INFO, "schema_applied", "QuestDB's tables are as this version needs them");
    snprintf(job->absent, sizeof job->absent, "%s", unanswered ? job->err.text : "");
    job->applied |= !unanswered; /* what stands in the way is for people; rows go on */
    buf_free(&job->words);
}

static void begin(struct schema_job *job)
{
    const struct questdb *questdb = &job->collector->options.config->questdb;

    if (job->collector->stopping)
        return;
    job->arena = arena_new();
    job->questdb = (struct questdb){.url = arena_text(job->arena, questdb->url), .username = arena_text(job->arena, questdb->username),
                                    .password = arena_text(job->arena, questdb->password), .ca_file = arena_text(job->arena, questdb->ca_file),
                                    .token = arena_text(job->arena, questdb->token)};
    buf_init(&job->words, 1u << 20);
    job->busy = work_add(job->collector->options.work, run, done, job);
    if (job->busy)
        return;
    arena_free(job->arena);
    job->arena = NULL;
}

static void pinged(void *context, uint64_t tag, const struct http_reply *reply)
{
    struct schema_job *job = context;
    bool there = reply->end == HTTP_ANSWERED && (reply->status == 204 || reply->status == 200);

    (void)tag;
    job->busy = false;
    if (job->stale) {
        job->stale = false;
        return;
    }
    if (!there && !job->absent[0] && !job->applied)
        log_say(LOG_WARN, "questdb_unavailable", "%s; rows are kept on disk and sent later", reply->end == HTTP_ANSWERED ? "it answers, but not as QuestDB" : reply->err.text);
    if (there)
        begin(job);
    else if (reply->end == HTTP_ANSWERED)
        snprintf(job->absent, sizeof job->absent, "/ping was answered with HTTP %d", reply->status);
    else
        snprintf(job->absent, sizeof job->absent, "%s", reply->err.text);
}

void collector_apply_schema(struct collector *collector, struct instant now)
{
    struct schema_job *job = &collector->schema;
    struct sender_state sender;
    struct err ignored;

    if (job->busy || now.steady_ms < job->due_ms)
        return;
    sender_state(collector->sender, &sender);
    if (job->applied && (sender.trouble != RETRY_HELD || !collector->options.config->apply_schema))
        return;
    job->due_ms = now.steady_ms + (job->applied ? AGAIN_MS : RETRY_MS);
    job->collector = collector;
    const struct questdb *questdb = &collector->options.config->questdb; /* QuestDB's /ping is open, a proxy's may not be */
    struct http_request request = {.method = "GET", .url = collector->ping_url, .timeout_ms = PING_MS, .username = questdb->username,
                                   .password = questdb->password, .bearer = questdb->token, .ca_file = questdb->ca_file};
    job->busy = http_start(collector->options.http, &request, 0, pinged, job, &ignored);
}

void collector_renew_schema(struct collector *collector, bool wanted)
{
    struct schema_job *job = &collector->schema;

    job->applied = !wanted;
    job->stale = job->busy;
    job->due_ms = 0;
    job->absent[0] = '\0';
}
