/* Signing in with a browser, and out again. */
#include "base/text.h"
#include "routes/auth_private.h"
#include "routes/accounts.h"
#include "routes/context.h"
#include "routes/page.h"
#include "routes/tables.h"

#include <string.h>

#define TARGET_MAX 2000 /* bytes of the address to go on at */

static const char form_html[] =
    "<form method=\"post\" action=\"/signin\" class=\"filter column\">\n"
    "<input type=\"hidden\" name=\"next\" value=\"{{next}}\">\n"
    "<label>Name<input name=\"name\" value=\"{{name}}\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\""
    " required autofocus></label>\n"
    "<label>Password<input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\n"
    "<button class=\"main\">Sign in</button>\n</form>\n";

static void fill_escaped(struct buf *out, const char *html, const char *const names[2], const char *const texts[2])
{
    struct buf first = BUF_EMPTY(PAGE_MAX), second = BUF_EMPTY(PAGE_MAX);

    text_add_html(&first, texts[0]);
    text_add_html(&second, texts[1]);
    struct page_slot slots[] = {{names[0], buf_text(&first)}, {names[1], buf_text(&second)}};
    page_fill(out, html, slots, LENGTH(slots));
    buf_free(&first);
    buf_free(&second);
}

static void answer(struct call *call, int status, const char *message, const char *form)
{
    struct page_frame frame = {.title = "Sign in", .current = "/signin"};
    struct buf html = BUF_EMPTY(PAGE_MAX);

    buf_add_text(&html, "<h1>Sign in</h1>\n");
    if (message)
        page_add_message(&html, message);
    buf_add_text(&html, form);
    page_show(call, status, &frame, &html);
    buf_free(&html);
}

static void show_form(struct call *call, int status, const char *message, const char *name, const char *next)
{
    struct buf form = BUF_EMPTY(PAGE_MAX);

    fill_escaped(&form, form_html, (const char *const[]){"next", "name"}, (const char *const[]){text_or(next, "/"), text_or(name, "")});
    answer(call, status, message, buf_text(&form));
    buf_free(&form);
}

void signin_page_door(struct call *call, int status, const char *why)
{
    (void)why; /* speaks of tokens */
    show_form(call, status, NULL, NULL, call_target(call));
}

static bool can_sign_in(struct routes_context *routes, struct call *call)
{
    if (routes->auth && auth_has_people(routes->auth))
        return true;
    answer(call, 404, "Nobody has to sign in here: the configuration names no users.", "");
    return false;
}

static void show(void *context, struct call *call)
{
    if (!can_sign_in(context, call))
        return;
    if (text_equal(call_via(call), "session"))
        answer(call, 200, NULL, "<p>You are signed in. <a href=\"/account\">Your account</a></p>\n");
    else
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

static void entered(void *context, struct call *call, enum signin how)
{
    const char *name = call_form(call, "name"), *next = call_form(call, "next");

    switch (how) {
    case SIGNIN_RIGHT:
        accounts_begin(context, call); /* a full book keeps nobody out */
        call_describe(call, "signed in");
        call_see_page(call, is_ours(next) ? next : "/");
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
