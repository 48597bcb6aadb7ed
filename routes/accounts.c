#include "routes/accounts.h"

#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "routes/auth_private.h"
#include "routes/call.h"
#include "routes/query.h"
#include "routes/session.h"
#include "routes/tables.h"

#include <stdio.h>
#include <string.h>

#define TARGET_MAX 500   /* characters kept of path and query */
#define ID_DIGITS 16     /* of a session's digest: what its id is */

/* --- sessions in the store */

static void opened(void *context, const struct session *session)
{
    struct routes_context *routes = context;
    struct side side = {.kind = SIDE_SESSION, .session = {session->digest, session->who, session->credential, session->address,
                                                          session->created_ms, session->expires_ms}};

    notifier_side(routes->notifier, &side, NULL, NULL); /* no room: it lasts until we end */
}

static void ended(void *context, const struct session *session)
{
    struct routes_context *routes = context;
    struct side side = {.kind = SIDE_SESSION_END, .session = {.digest = session->digest}};

    notifier_side(routes->notifier, &side, NULL, NULL);
}

static void restore(void *context, const struct side_session *stored)
{
    struct session session = {.created_ms = stored->created_ms, .expires_ms = stored->expires_ms};

    snprintf(session.digest, sizeof session.digest, "%s", stored->digest);
    snprintf(session.who, sizeof session.who, "%s", stored->who);
    snprintf(session.credential, sizeof session.credential, "%s", stored->credential);
    snprintf(session.address, sizeof session.address, "%s", stored->address);
    sessions_restore(context, &session);
}

bool accounts_start(struct routes_context *routes, struct err *err)
{
    struct session_keeper keeper = {routes, opened, ended};

    auth_set_door(routes->auth, signin_page_door);
    sessions_keep(auth_sessions(routes->auth), &keeper);
    return notifier_sessions(routes->notifier, restore, auth_sessions(routes->auth), err);
}

/* --- the book */

bool accounts_begin(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct side side = {.kind = SIDE_AUDIT,
                        .audit = {.id = notifier_audit_id(routes->notifier), .at_ms = notifier_now_ms(routes->notifier), .who = call_who(call),
                                  .via = call_via(call), .address = call_address(call), .method = call_method(call),
                                  .target = arena_bytes(call->arena, call->target, text_prefix(call->target, TARGET_MAX))}};

    if (!notifier_side(routes->notifier, &side, NULL, NULL))
        return false;
    call->audit_id = side.audit.id;
    return true;
}

void accounts_end(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct side side = {.kind = SIDE_AUDIT_END,
                        .audit = {.id = call->audit_id, .status = call->status, .detail = call->deed ? call->deed : text_or(call->why, NULL)}};

    notifier_side(routes->notifier, &side, NULL, NULL);
}

/* --- who am I, and who is signed in */

static void answer(struct call *call, struct buf *text)
{
    buf_add_char(text, '\n');
    call_answer_json(call, 200, text);
    buf_free(text);
}

const char *accounts_role(const struct call *call)
{
    return call_may(call, ACCESS_ADMIN) ? "admin" : call_may(call, ACCESS_OPERATOR) ? "operator" : "viewer";
}

static void show_me(void *context, struct call *call)
{
    struct buf text = BUF_EMPTY(64 * 1024);
    struct json_out out = json_out(&text);

    (void)context;
    json_open(&out, '{');
    json_set_text(&out, "name", call_who(call));
    json_set_text(&out, "role", accounts_role(call));
    json_set_text(&out, "via", call_via(call));
    json_set_text(&out, "address", call_address(call));
    json_set_text(&out, "csrfToken", call_csrf_token(call)[0] ? call_csrf_token(call) : NULL);
    json_shut(&out, '}');
    answer(call, &text);
}

static void set_time(struct json_out *out, const char *key, int64_t wall_ms)
{
    struct buf time = BUF_EMPTY(64);

    zone_add_rfc3339(&time, wall_ms);
    json_set_text(out, key, buf_text(&time));
    buf_free(&time);
}

bool accounts_sees(const struct call *call, const struct session *session)
{
    return call_may(call, ACCESS_ADMIN) || text_equal(session->who, call_who(call));
}

static void list_sessions(void *context, struct call *call)
{
    struct routes_context *routes = context;
    struct buf text = BUF_EMPTY(2u << 20);
    struct json_out out = json_out(&text);
    const struct session *session;
    struct err err = {0};

    if (!query_check(call, &err)) {
        call_fail(call, 400, "bad request", "%s", err.text);
        return;
    }
    json_open(&out, '{');
    json_member(&out, "items");
    json_open(&out, '[');
    for (size_t at = 0; routes->auth && (session = sessions_each(auth_sessions(routes->auth), &at, notifier_now_ms(routes->notifier)));) {
        if (!accounts_sees(call, session))
            continue;
        json_open(&out, '{');
        json_set_text(&out, "id", arena_printf(call->arena, "%.*s", ID_DIGITS, session->digest));
        json_set_text(&out, "name", session->who);
        json_set_text(&out, "address", session->address);
        set_time(&out, "openedAt", session->created_ms);
        set_time(&out, "endsAt", session->expires_ms);
        json_set_bool(&out, "current", text_equal(session->digest, call->session));
        json_shut(&out, '}');
    }
    json_shut(&out, ']');
    json_member(&out, "next");
    json_put_null(&out);
    json_shut(&out, '}');
    answer(call, &text);
}

/* What is to be stored is in the turn's rows already; one more, that does nothing, comes back with their commit. */
static void when_stored(struct routes_context *routes, struct call *call, const char *digest, notifier_done done)
{
    struct side side = {.kind = SIDE_SESSION_END, .session = {.digest = digest}};

    if (!notifier_side(routes->notifier, &side, done, call))
        done(call, &(struct notifier_answer){.status = 503, .words = ACCOUNTS_NOT_STORED});
}

void accounts_when_stored(struct routes_context *routes, struct call *call, notifier_done done)
{
    when_stored(routes, call, "", done);
}

bool accounts_end_session(struct routes_context *routes, struct call *call, const char *id, notifier_done done)
{
    const struct session *session;

    for (size_t at = 0; routes->auth && (session = sessions_each(auth_sessions(routes->auth), &at, notifier_now_ms(routes->notifier)));) {
        if (strlen(id) != ID_DIGITS || strncmp(session->digest, id, ID_DIGITS) != 0 || !accounts_sees(call, session))
            continue;
        const char *digest = arena_text(call->arena, session->digest);
        call_describe(call, "session %s of %s", id, session->who);
        sessions_end(auth_sessions(routes->auth), digest);
        when_stored(routes, call, digest, done);
        return true;
    }
    return false;
}

void accounts_sign_out(struct routes_context *routes, struct call *call, bool everywhere, notifier_done done)
{
    auth_sign_out(routes->auth, call, everywhere);
    when_stored(routes, call, call->session, done);
}

static void session_ended(void *context, const struct notifier_answer *answered)
{
    struct call *call = context;

    if (answered->status == 200)
        call_answer(call, 200, "application/json", "{\"status\":\"ok\"}\n", 16);
    else
        call_fail(call, 503, "not stored", "%s", ACCOUNTS_NOT_STORED);
}

static void end_session(void *context, struct call *call)
{
    const char *id = call_param(call, "id");

    if (!accounts_end_session(context, call, id, session_ended))
        call_fail(call, 404, "not found", "no session \"%.40s\"", id);
}

const struct route routes_accounts[] = {
    {"GET", "/api/v1/me", ACCESS_VIEWER, show_me},
    {"GET", "/api/v1/sessions", ACCESS_VIEWER, list_sessions},
    {"POST", "/api/v1/sessions/{id}/end", ACCESS_VIEWER, end_session},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
