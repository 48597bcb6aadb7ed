/* What a browser adds by itself: a cookie opens pages, a change needs the token besides; a proxy's word likewise. */
#include "base/text.h"
#include "routes/auth_private.h"
#include "routes/session.h"
#include "tests/test.h"

#include <stdlib.h>
#include <time.h>

#define NOW_MS 1773480413500
#define FORM "application/x-www-form-urlencoded"

static const struct auth_token tokens[] = {{"ops", "ops-token", ACCESS_OPERATOR}, {"wall", "wall-token", ACCESS_VIEWER}};
static const struct auth_user users[] = {{"anna", "*not a hash*", ACCESS_OPERATOR}};
static const char *const proxies[] = {"10.0.0.1"};
static char cookie[SIGN_HEX_SIZE], csrf[SIGN_HEX_SIZE], proxy_csrf[SIGN_HEX_SIZE];

static struct auth_options options(void)
{
    return (struct auth_options){.tokens = tokens, .token_count = LENGTH(tokens), .users = users, .user_count = LENGTH(users),
                                 .trusted_proxies = proxies, .trusted_proxy_count = LENGTH(proxies), .identity_header = "X-User",
                                 .identity_access = ACCESS_VIEWER, .public_url = "https://alerts.example.org"};
}

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000;
}

struct row {
    const char *name, *method, *path;
    enum access access;
    const char *peer;
    const char *cookie_name, *cookie_value; /* value NULL: the right one */
    const char *headers[3][2];              /* a value "csrf" or "proxy" stands for those tokens */
    const char *body;                       /* likewise after '=' */
    int status;
    const char *who;
};

#define COOKIE "192.0.2.7", SESSION_COOKIE
static const struct row rows[] = {
    {"a page", "GET", "/history", ACCESS_VIEWER, COOKIE, NULL, {{0}}, NULL, 200, "anna"},
    {"nobody's cookie", "GET", "/history", ACCESS_VIEWER, COOKIE, "0000", {{0}}, NULL, 401, NULL},
    {"the cookie of TLS without it", "GET", "/history", ACCESS_VIEWER, "192.0.2.7", SESSION_COOKIE_SECURE, NULL, {{0}}, NULL, 401, NULL},
    {"more than the role", "GET", "/api/v1/audit", ACCESS_ADMIN, COOKIE, NULL, {{0}}, NULL, 403, NULL},
    {"a bearer beside it counts alone", "GET", "/history", ACCESS_VIEWER, COOKIE, NULL, {{"Authorization", "Bearer wall-token"}}, NULL, 200, "wall"},
    {"a wrong bearer beside it too", "GET", "/history", ACCESS_VIEWER, COOKIE, NULL, {{"Authorization", "Bearer x"}}, NULL, 401, NULL},
    {"a change with nothing", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{0}}, NULL, 403, NULL},
    {"a change with the header", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", "csrf"}}, NULL, 200, "anna"},
    {"in any case", "DELETE", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"x-csrf-token", "csrf"}}, NULL, 200, "anna"},
    {"a wrong header", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", "proxy"}}, NULL, 403, NULL},
    {"an empty header", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", ""}}, NULL, 403, NULL},
    {"the field", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"Content-Type", FORM}}, "a=b&csrf_token=csrf", 200, "anna"},
    {"the field, with a charset", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"Content-Type", FORM "; charset=utf-8"}}, "csrf_token=csrf", 200, "anna"},
    {"no such field", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"Content-Type", FORM}}, "a=b", 403, NULL},
    {"a field elsewhere than in a form", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"Content-Type", "text/plain"}}, "csrf_token=csrf", 403, NULL},
    {"from another site", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", "csrf"}, {"Origin", "https://evil.example"}}, NULL, 403, NULL},
    {"from a page without an origin", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", "csrf"}, {"Origin", "null"}}, NULL, 403, NULL},
    {"from our own", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", "csrf"}, {"Origin", "https://alerts.example.org"}}, NULL, 200, "anna"},
    {"from a sibling", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", "csrf"}, {"Sec-Fetch-Site", "same-site"}}, NULL, 403, NULL},
    {"from the same", "POST", "/x", ACCESS_OPERATOR, COOKIE, NULL, {{"X-CSRF-Token", "csrf"}, {"Sec-Fetch-Site", "same-origin"}}, NULL, 200, "anna"},
    {"the token before the role", "POST", "/x", ACCESS_ADMIN, COOKIE, NULL, {{"X-CSRF-Token", "csrf"}}, NULL, 403, NULL},
    {"a bearer needs none", "POST", "/x", ACCESS_OPERATOR, "192.0.2.7", NULL, NULL, {{"Authorization", "Bearer ops-token"}}, NULL, 200, "ops"},

    {"a proxy's word", "GET", "/history", ACCESS_VIEWER, "10.0.0.1", NULL, NULL, {{"X-User", "guest"}}, NULL, 200, "guest"},
    {"of a user", "POST", "/x", ACCESS_OPERATOR, "10.0.0.1", NULL, NULL, {{"X-User", "anna"}, {"X-CSRF-Token", "proxy"}}, NULL, 200, "anna"},
    {"with a session's token", "POST", "/x", ACCESS_OPERATOR, "10.0.0.1", NULL, NULL, {{"X-User", "anna"}, {"X-CSRF-Token", "csrf"}}, NULL, 403, NULL},
    {"a guest's reach", "POST", "/x", ACCESS_OPERATOR, "10.0.0.1", NULL, NULL, {{"X-User", "guest"}, {"X-CSRF-Token", "proxy"}}, NULL, 403, NULL},
    {"a stranger's word", "GET", "/history", ACCESS_VIEWER, "192.0.2.7", NULL, NULL, {{"X-User", "anna"}}, NULL, 401, NULL},
};

static const char *filled(const char *value)
{
    return text_equal(value, "csrf") ? csrf : text_equal(value, "proxy") ? proxy_csrf : value;
}

static struct call *call_for(const struct row *row, struct route *route)
{
    struct call *call = call_new(row->path);

    *route = (struct route){row->method, row->path, row->access, NULL};
    call->route = route;
    call->method = row->method;
    address_parse(row->peer, &call->peer);
    if (row->cookie_name)
        call_add_header(call, "Cookie", arena_printf(call->arena, "theme=dark; %s=%s; x=%s", row->cookie_name,
                                                     row->cookie_value ? row->cookie_value : cookie, SESSION_COOKIE));
    for (size_t i = 0; i < LENGTH(row->headers) && row->headers[i][0]; i++)
        call_add_header(call, row->headers[i][0], filled(row->headers[i][1]));
    buf_init(&call->body, 1000);
    return call;
}

static void add_body(struct call *call, const char *body)
{
    const char *equals = body ? strrchr(body, '=') : NULL;

    if (equals) {
        buf_add(&call->body, body, (size_t)(equals + 1 - body));
        buf_add_text(&call->body, filled(equals + 1));
    }
    call->body_read = true;
}

static void test_rows(struct auth *auth)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct route route;
        struct call *call = call_for(&rows[i], &route);
        enum auth_state state = auth_check(auth, call, NOW_MS);
        if (state == AUTH_BODY) {
            CHECK(!call->answered, "%s: not yet", rows[i].name);
            add_body(call, rows[i].body);
            state = auth_check(auth, call, NOW_MS);
        }
        CHECK((state == AUTH_ALLOWED) == (rows[i].status == 200) && (state == AUTH_ALLOWED || call->status == rows[i].status), "%s: %d, %d %s",
              rows[i].name, (int)state, call->status, call->why);
        if (rows[i].who)
            CHECK(test_same(call_who(call), rows[i].who), "%s: %s", rows[i].name, call_who(call));
        call_connection_gone(call);
    }
}

/* The tokens as a page would get them. */
static void learn(struct auth *auth, const struct row *row, char out[SIGN_HEX_SIZE])
{
    struct route route;
    struct call *call = call_for(row, &route);

    CHECK(auth_check(auth, call, NOW_MS) == AUTH_ALLOWED, "%s", row->name);
    CHECK(strlen(call_csrf_token(call)) == SIGN_HEX_SIZE - 1 && !strstr(cookie, call_csrf_token(call)), "a token of its own");
    snprintf(out, SIGN_HEX_SIZE, "%s", call_csrf_token(call));
    call_connection_gone(call);
}

static void test_changed_password(struct auth *auth)
{
    static const struct auth_user changed[] = {{"anna", "*another*", ACCESS_OPERATOR}};
    struct auth_options other = options();
    struct route route;

    other.users = changed;
    auth_replace(auth, &other);
    struct call *call = call_for(&rows[0], &route);
    CHECK(auth_check(auth, call, NOW_MS) == AUTH_ANSWERED && call->status == 401, "the session hung on the old password");
    call_connection_gone(call);
    other = options();
    auth_replace(auth, &other);
    call = call_for(&rows[0], &route);
    CHECK(auth_check(auth, call, NOW_MS) == AUTH_ANSWERED, "and is gone for good");
    call_connection_gone(call);
}

int main(void)
{
    struct auth_options first = options();
    struct auth *auth = auth_new(&first, NULL);
    struct row guest = {"a guest", "GET", "/history", ACCESS_VIEWER, "10.0.0.1", NULL, NULL, {{"X-User", "anna"}}, NULL, 200, NULL};

    sessions_open(auth_sessions(auth), "anna", users[0].password_hash, "192.0.2.7", wall_ms(), cookie);
    learn(auth, &rows[0], csrf);
    learn(auth, &guest, proxy_csrf);
    test_rows(auth);
    test_changed_password(auth);
    auth_free(auth);
    return test_end();
}
