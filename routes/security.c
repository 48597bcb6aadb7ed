#include "routes/security.h"

#include "base/text.h"

static const char *const always[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"}, /* with no-referrer a browser hides from us that a form is our own */
    {"X-Frame-Options", "DENY"},
    {"Cache-Control", "no-store"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
                                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
};

static const char *const cors[][2] = { /* as Alertmanager has them */
    {"Access-Control-Allow-Origin", "*"},
    {"Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"},
    {"Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"},
    {"Access-Control-Expose-Headers", "Date"},
};

static bool has_answer_header(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->answer_header_count; i++)
        if (text_equal(call->answer_headers[i].name, name))
            return true;
    return false;
}

void security_headers(const struct call *call, bool people, void (*add)(void *context, const char *name, const char *value), void *context)
{
    for (size_t i = 0; i < LENGTH(always); i++)
        if (!has_answer_header(call, always[i][0]))
            add(context, always[i][0], always[i][1]);
    if (call->secure)
        add(context, "Strict-Transport-Security", "max-age=31536000");
    if (people && text_starts(call->target, "/api/v2/"))
        for (size_t i = 0; i < LENGTH(cors); i++)
            add(context, cors[i][0], cors[i][1]);
}
