/* One's own account: who one is here, where one is signed in, and out again. Administrators see everybody's sessions. */
#include "base/text.h"
#include "base/zone.h"
#include "routes/accounts.h"
#include "routes/call.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/session.h"
#include "routes/tables.h"

#define ID_DIGITS 16 /* as in the API */

static const char *moment(struct arena *arena, int64_t wall_ms)
{
    struct buf time = BUF_EMPTY(64);

    zone_add_rfc3339(&time, wall_ms);
    const char *text = arena_text(arena, buf_text(&time));
    buf_free(&time);
    return text;
}

static struct value session_value(struct markup *markup, const struct session *session)
{
    struct arena *arena = markup->arena;
    const struct value_entry fields[] = {
        {"id", NULL, value_text(arena_bytes(arena, session->digest, ID_DIGITS))},
        {"who", NULL, value_text(arena_text(arena, session->who))},
        {"address", NULL, value_text(arena_text(arena, session->address))},
        {"created", NULL, value_text(moment(arena, session->created_ms))},
        {"expires", NULL, value_text(moment(arena, session->expires_ms))},
        {"current", NULL, value_bool(text_equal(session->digest, markup->call->session))},
    };

    return markup_map(markup, fields, LENGTH(fields));
}

/* The newest first. */
static void set_sessions(struct markup *markup, struct sessions *sessions, int64_t now_ms)
{
    const struct session *shown[PAGE_ROWS_MAX], *session;
    struct value *values = ARENA_NEW(markup->arena, struct value, PAGE_ROWS_MAX);
    size_t count = 0, given = 0;

    for (size_t at = 0; (session = sessions_each(sessions, &at, now_ms));)
        if (accounts_sees(markup->call, session))
            shown[count++ % PAGE_ROWS_MAX] = session;
    for (size_t i = count; i-- > 0 && given < PAGE_ROWS_MAX;)
        values[given++] = session_value(markup, shown[i % PAGE_ROWS_MAX]);
    markup_set(markup, "sessions", value_list(values, given));
    markup_set_bool(markup, "more", count > PAGE_ROWS_MAX);
}

static void account(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct markup markup = markup_new(call, NULL);

    markup_set_text(&markup, "who", call_who(call));
    markup_set_text(&markup, "role", accounts_role(call));
    markup_set_text(&markup, "address", call_address(call));
    markup_set_text(&markup, "via", call_via(call));
    markup_set_bool(&markup, "ended", text_equal(call_argument(call, "done"), "ended"));
    markup_set_bool(&markup, "book", routes->auth != NULL);
    if (routes->auth)
        set_sessions(&markup, auth_sessions(routes->auth), notifier_now_ms(routes->notifier));
    markup_show(&markup, 200, &(struct page_frame){.title = "Account", .current = "/account"}, "account");
}

static void ended(void *context, const struct notifier_answer *answer)
{
    if (answer->status == 200)
        call_see_page(context, "/account?done=ended");
    else
        page_refuse(context, 503, "Not stored yet", ACCOUNTS_NOT_STORED);
}

static void end(void *context, struct call *call)
{
    if (!accounts_end_session(context, call, call_param(call, "id"), ended))
        page_refuse(call, 404, "Not done", "There is no such session; it may be over already.");
}

const struct route routes_account_page[] = {
    {"GET", "/account", ACCESS_VIEWER, account},
    {"POST", "/account/sessions/{id}/end", ACCESS_VIEWER, end},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
