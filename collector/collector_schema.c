/* QuestDB's tables before the first row: a table that QuestDB would make by itself has no de-duplication, no retention. */
#include "base/log.h"
#include "base/text.h"
#include "collector/collector_private.h"
#include "collector/schema.h"

#include <string.h>

#define RETRY_MS 2000      /* while QuestDB does not answer */
#define AGAIN_MS 15000     /* while it says that a table is missing */

/* On the work thread. */
static void run(void *context)
{
    struct schema_job *job = context;

    job->err = (struct err){0};
    job->ok = schema_apply(&job->collector->options.config->questdb, &job->words, &job->err);
}

static void done(void *context)
{
    struct schema_job *job = context;
    bool silent = !job->ok && job->err.kind == ERR_NETWORK;

    job->busy = false;
    if (!silent && !job->ok) {
        log_say(LOG_ERROR, "schema_incomplete", "%s", job->err.text);
        for (char *line = job->words.data, *end; line && *line; line = end) {
            end = line + strcspn(line, "\n");
            log_say(LOG_WARN, "schema", "%.*s", (int)(end - line), line);
            end += *end == '\n';
        }
    } else if (!silent && !job->applied)
        log_say(LOG_INFO, "schema_applied", "QuestDB's tables are as this version needs them");
    job->applied |= !silent; /* what stands in the way is for people; rows go on */
    buf_free(&job->words);
}

void collector_apply_schema(struct collector *collector, struct instant now)
{
    struct schema_job *job = &collector->schema;
    struct sender_state sender;

    if (job->busy || now.steady_ms < job->due_ms)
        return;
    sender_state(collector->sender, &sender);
    if (job->applied && sender.trouble != RETRY_HELD)
        return;
    job->due_ms = now.steady_ms + (job->applied ? AGAIN_MS : RETRY_MS);
    job->collector = collector;
    buf_init(&job->words, 1u << 20);
    job->busy = work_add(collector->options.work, run, done, job);
}
