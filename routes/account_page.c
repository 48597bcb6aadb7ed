/* One's own account: who one is here, where one is signed in, and out again. Administrators see everybody's sessions. */
#include "base/text.h"
#include "base/zone.h"
#include "routes/accounts.h"
#include "routes/call.h"
#include "routes/page.h"
#include "routes/session.h"
#include "routes/tables.h"

#include <stdio.h>

#define ID_DIGITS 16 /* as in the API */

static void add_time(struct buf *out, int64_t wall_ms)
{
    struct buf time = BUF_EMPTY(64);

    zone_add_rfc3339(&time, wall_ms);
    page_add_time(out, buf_text(&time));
    buf_free(&time);
}

static void add_end(struct buf *out, const struct call *call, const struct session *session)
{
    char action[64];

    snprintf(action, sizeof action, "/account/sessions/%.*s/end", ID_DIGITS, session->digest);
    page_form_begin(out, call, action, "inline");
    buf_add_text(out, "<button class=\"danger\">End it</button>");
    page_form_end(out);
}

static void add_session(struct buf *out, const struct call *call, const struct session *session)
{
    bool current = text_equal(session->digest, call->session);

    buf_add_text(out, "<article>\n<h2 class=\"line\">");
    page_add_words(out, session->who);
    buf_add_text(out, current ? " <span class=\"pill plain\">this browser</span>" : "");
    page_add_fact(out, "<span class=\"push\">from ", session->address, "</span>");
    buf_add_text(out, "</h2>\n<p class=\"quiet small\">opened ");
    add_time(out, session->created_ms);
    buf_add_text(out, ", ends ");
    add_time(out, session->expires_ms);
    buf_add_text(out, "</p>\n<div class=\"buttons\">");
    add_end(out, call, session);
    buf_add_text(out, "</div>\n</article>\n");
}

static void add_sessions(struct buf *out, const struct call *call, struct sessions *sessions, int64_t now_ms)
{
    const struct session *shown[PAGE_ROWS_MAX], *session;
    size_t count = 0;

    for (size_t at = 0; (session = sessions_each(sessions, &at, now_ms));)
        if (accounts_sees(call, session))
            shown[count++ % PAGE_ROWS_MAX] = session;
    if (!count)
        buf_add_text(out, "<p class=\"empty\">There is none.</p>\n");
    for (size_t i = count; i-- > 0 && i + PAGE_ROWS_MAX >= count;) /* the newest first */
        add_session(out, call, shown[i % PAGE_ROWS_MAX]);
    if (count > PAGE_ROWS_MAX)
        buf_add_text(out, "<p class=\"quiet\">Older ones are left out here.</p>\n");
}

static void account(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct page_frame frame = {.title = "Account", .current = "/account"};
    struct buf main = BUF_EMPTY(PAGE_MAX);

    page_add_fact(&main, "<h1>", call_who(call), "</h1>\n");
    if (text_equal(call_argument(call, "done"), "ended"))
        buf_add_text(&main, "<p class=\"done\" role=\"status\">It is over.</p>\n");
    buf_addf(&main, "<p>Your role is <strong>%s</strong>; you come from ", accounts_role(call));
    text_add_html(&main, call_address(call));
    buf_addf(&main, ", by way of: %s.</p>\n", call_via(call));
    if (text_equal(call_via(call), "session")) {
        page_form_begin(&main, call, "/signout", "inline");
        buf_add_text(&main, "<button>Sign out</button><button name=\"everywhere\" value=\"true\">Sign out on all devices</button>");
        page_form_end(&main);
    }
    if (call_may(call, ACCESS_ADMIN))
        buf_add_text(&main, "<p><a class=\"button\" href=\"/audit\">What people changed</a></p>\n");
    buf_addf(&main, "<h2>%s</h2>\n", call_may(call, ACCESS_ADMIN) ? "Who is signed in" : "Where you are signed in");
    if (routes->auth)
        add_sessions(&main, call, auth_sessions(routes->auth), notifier_now_ms(routes->notifier));
    page_show(call, 200, &frame, &main);
    buf_free(&main);
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
