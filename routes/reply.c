#include "routes/reply.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RETRY_AFTER_S 5

void reply_busy(struct call *call, int retry_after_s, const char *words)
{
    char seconds[16];

    snprintf(seconds, sizeof seconds, "%d", retry_after_s > 0 ? retry_after_s : RETRY_AFTER_S);
    call_set_header(call, "Retry-After", seconds);
    call_fail(call, 503, "busy", "%s", text_or(words, "cannot take this now; try again"));
}

static const char *error_word(int status)
{
    switch (status) {
    case 400:
        return "bad request";
    case 404:
        return "not found";
    case 409:
        return "conflict";
    default:
        return status >= 500 ? "failed" : "refused";
    }
}

void reply_done(void *context, const struct notifier_answer *answer)
{
    struct call *call = context;
    char text[80];

    if (answer->status == 503) {
        reply_busy(call, answer->retry_after_s, answer->words);
        return;
    }
    if (answer->status < 200 || answer->status > 299) {
        call_fail(call, answer->status, error_word(answer->status), "%s", text_or(answer->words, "no reason given"));
        return;
    }
    int length = answer->id ? snprintf(text, sizeof text, "{\"status\":\"ok\",\"delivery\":\"%" PRIu64 "\"}\n", answer->id)
                            : snprintf(text, sizeof text, "{\"status\":\"ok\"}\n");
    call_answer(call, 200, "application/json", text, (size_t)length);
}

/* RFC 9110, 13.1.2: If-None-Match is a list of tags, weak ones too, or "*". */
static bool has_it_already(const struct call *call, const char *tag)
{
    const char *known = call_header(call, "If-None-Match");

    return known && (text_equal(known, "*") || strstr(known, tag));
}

void reply_tagged(struct call *call, const struct buf *json)
{
    char tag[32];

    snprintf(tag, sizeof tag, "\"%016llx\"", (unsigned long long)text_hash(buf_text(json), json->length, 0));
    call_set_header(call, "ETag", tag);
    if (has_it_already(call, tag))
        call_answer(call, 304, "application/json", NULL, 0);
    else
        call_answer_json(call, 200, json);
}
