/* Signing in with a browser, and out again. */
#include "base/text.h"
#include "routes/auth_private.h"
#include "routes/accounts.h"
#include "routes/call.h"
#include "routes/context.h"
#include "routes/markup.h"
#include "routes/page.h"
#include "routes/tables.h"

#include <string.h>

#define TARGET_MAX 2000 /* bytes of the address to go on at */

static void answer(struct markup *markup, int status, const char *message)
{
    markup_set_text(markup, "message", message);
    markup_show(markup, status, &(struct page_frame){.title = "Sign in", .current = "/signin"}, "signin");
}

static void show_form(struct call *call, int status, const char *message, const char *name, const char *next)
{
    struct markup markup = markup_new(call, NULL);

    markup_set_bool(&markup, "form", true);
    markup_set_text(&markup, "name", name);
    markup_set_text(&markup, "next", text_or(next, "/"));
    answer(&markup, status, message);
}

/* The page whose form it was: a silence as it was written is there again. What it says is looked at before anybody goes there. */
static const char *came_from(const struct call *call)
{
    const char *page = text_or(call_header(call, "Referer"), ""), *host = strstr(page, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;

    return path ? path_without(call->arena, path, call->prefix) : NULL;
}

void signin_page_door(struct call *call, int status, const char *why)
{
    (void)why; /* speaks of tokens */
    if (call_changes(call))
        show_form(call, status, "You are not signed in any more, and nothing was changed. Sign in, and do it again.", NULL, came_from(call));
    else
        show_form(call, status, NULL, NULL, call_target(call));
}

static bool can_sign_in(struct routes_context *routes, struct call *call)
{
    if (routes->auth && auth_has_people(routes->auth))
        return true;
    struct markup markup = markup_new(call, NULL);
    answer(&markup, 404, "Nobody has to sign in here: the configuration names no users.");
    return false;
}

static void show(void *context, struct call *call)
{
    if (!can_sign_in(context, call))
        return;
    if (text_equal(call_via(call), "session")) {
        struct markup markup = markup_new(call, NULL);
        markup_set_bool(&markup, "signedIn", true);
        answer(&markup, 200, NULL);
    } else
        show_form(call, 200, NULL, NULL, call_argument(call, "next"));
}

/* Where somebody was going: a path of ours. "//host", "/\\host" and what a browser strips of blanks lead elsewhere. */
static bool is_ours(const char *target)
{
    if (!target || target[0] != '/' || target[1] == '/' || strlen(target) > TARGET_MAX)
        return false;
    for (const unsigned char *c = (const unsigned char *)target; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f || *c == '\\')
            return false;
    return true;
}

/* The session is on the disk, so that a restart right now forgets nobody; where the disk fails it lasts until we end. */
static void welcomed(void *context, const struct notifier_answer *answered)
{
    struct call *call = context;
    const char *next = call_form(call, "next");

    (void)answered;
    call_see_page(call, is_ours(next) ? next : "/");
}

static void entered(void *context, struct call *call, enum signin how)
{
    const char *name = call_form(call, "name"), *next = call_form(call, "next");

    switch (how) {
    case SIGNIN_RIGHT:
        accounts_begin(context, call); /* a full book keeps nobody out */
        call_describe(call, "signed in");
        accounts_when_stored(context, call, welcomed);
        break;
    case SIGNIN_WRONG: show_form(call, 403, "This name and password do not fit.", name, next); break;
    case SIGNIN_LIMITED: show_form(call, 429, "Too many wrong passwords; try again in a minute.", name, next); break;
    case SIGNIN_BUSY: show_form(call, 503, "Too much is going on; try again in a second.", name, next); break;
    case SIGNIN_ELSEWHERE: show_form(call, 403, "This form came from another site. Sign in here.", NULL, NULL); break;
    }
}

static void sign_in(void *context, struct call *call)
{
    struct routes_context *routes = context;
    const char *name = call_form(call, "name"), *password = call_form(call, "password");

    if (!can_sign_in(routes, call))
        return;
    if (!name || !password || !name[0])
        show_form(call, 400, "A name and a password are needed.", name, call_form(call, "next"));
    else
        auth_sign_in(routes->auth, call, name, password, entered, routes);
}

static void signed_out(void *context, const struct notifier_answer *answered)
{
    if (answered->status == 200)
        call_see_page(context, "/signin");
    else
        page_refuse(context, 503, "Not stored yet", ACCOUNTS_NOT_STORED);
}

static void sign_out(void *context, struct call *call)
{
    if (can_sign_in(context, call))
        accounts_sign_out(context, call, call_form(call, "everywhere") != NULL, signed_out);
}

const struct route routes_signin_page[] = {
    {"GET", "/signin", ACCESS_OPEN, show},
    {"POST", "/signin", ACCESS_OPEN, sign_in},
    {"POST", "/signout", ACCESS_VIEWER, sign_out},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
