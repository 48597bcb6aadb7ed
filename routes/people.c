/* People and tools: who they are by token, by password, by the session of an earlier password, or by a trusted proxy's
 * word. The last two are what a browser adds to any request, wanted or not: a change then needs the CSRF token besides. */
#include "routes/auth_inside.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_COOKIES_MAX 8 /* of one name in one request: another path's, an older one's */

const struct auth_user *people_user(const struct auth *auth, const char *name)
{
    const struct auth_user *found = NULL;

    for (size_t i = 0; i < auth->options.user_count; i++)
        if (text_equal_secret(auth->options.users[i].name, name))
            found = &auth->options.users[i];
    return found;
}

const struct auth_token *people_token(const struct auth *auth, const char *name)
{
    const struct auth_token *found = NULL;

    for (size_t i = 0; i < auth->options.token_count; i++)
        if (text_equal_secret(auth->options.tokens[i].name, name))
            found = &auth->options.tokens[i];
    return found;
}

/* A person is known; is it enough for this route? On a source's route an operator may post for any of them. */
static enum auth_state admit(struct auth *auth, struct call *call, enum access access, const char *who, const char *via)
{
    enum access wanted = call->route->access == ACCESS_SOURCE ? ACCESS_OPERATOR : call->route->access;
    const char *source = call->route->access == ACCESS_SOURCE ? text_or(call_param(call, "source"), "api") : NULL;

    if (access < wanted)
        return auth_refuse(auth, call, 403, wanted == ACCESS_ADMIN ? "this needs the role admin" : wanted == ACCESS_OPERATOR
                           ? "this needs the role operator" : "this needs the role viewer");
    return auth_grant(call, access, who, source, via);
}

static enum auth_state admit_nobody(struct auth *auth, struct call *call, const char *why)
{
    if (call->route->access == ACCESS_OPEN)
        return auth_grant(call, ACCESS_OPEN, "", NULL, NULL);
    return auth_refuse(auth, call, 401, why);
}

/* "busy" or "too many", with Retry-After. */
static enum auth_state refuse_for_now(struct auth *auth, struct call *call, int64_t wait_ms)
{
    char seconds[24];

    if (call->route->access == ACCESS_OPEN)
        return auth_grant(call, ACCESS_OPEN, "", NULL, NULL);
    snprintf(seconds, sizeof seconds, "%lld", (long long)((wait_ms + 999) / 1000));
    call_set_header(call, "Retry-After", seconds);
    /* A sender of alerts tries again after 503, and gives up after 429. */
    auth->failures++;
    call_fail(call, call->route->access == ACCESS_SOURCE ? 503 : 429, "too many tries",
              "too many wrong passwords came from this address or for this name; try again in %s s", seconds);
    return AUTH_ANSWERED;
}

/* --- passwords in the Authorization header */

struct waiting { /* for a hash */
    struct auth *auth;
    struct call *call;
    uint32_t reloads;
    char *who;
    bool at_once;         /* the hash was made before people_check returned */
    enum auth_state state;
};

static void hashed(void *context, bool fits)
{
    struct waiting *waiting = context;
    struct auth *auth = waiting->auth;
    struct call *call = waiting->call;
    const struct auth_user *user = people_user(auth, waiting->who);

    call->owed = false;
    if (call->gone)
        call_connection_gone(call);
    else if (!call->abandoned) {
        if (fits && (!user || auth->closed || waiting->reloads != auth->reloads))
            waiting->state = auth_refuse(auth, call, 503, "the configuration changed; try again");
        else
            waiting->state = fits ? admit(auth, call, user->access, user->name, "password")
                                  : admit_nobody(auth, call, "wrong name or password");
        if (waiting->state == AUTH_ALLOWED && !waiting->at_once)
            call->go_on(call);
    }
    if (!waiting->at_once) {
        free(waiting->who);
        free(waiting);
    }
    if (auth->closed)
        auth_free(auth);
}

static enum auth_state start_hash(struct auth *auth, struct call *call, const struct password_try *attempt)
{
    struct waiting *waiting = memory_zeroed(1, sizeof *waiting);

    waiting->who = memory_text(attempt->name);
    waiting->auth = auth;
    waiting->call = call;
    waiting->reloads = auth->reloads;
    waiting->at_once = !auth->hashes_elsewhere;
    call->owed = true;
    enum password_start started = passwords_check(auth->passwords, attempt, hashed, waiting);
    if (started == PASSWORD_STARTED && auth->hashes_elsewhere)
        return AUTH_WAITING;
    enum auth_state state = waiting->state;
    free(waiting->who);
    free(waiting);
    if (started == PASSWORD_STARTED)
        return state;
    call->owed = false;
    return auth_refuse(auth, call, 503, "too many passwords are being checked; try again in a second");
}

/* A name nobody has costs the same hash as a wrong password, so that neither tells which it was. */
static enum auth_state check_user(struct auth *auth, struct call *call, const struct credential *credential)
{
    const struct auth_user *user = people_user(auth, credential->user);
    char key[ADDRESS_TEXT_MAX];
    int64_t wait_ms = 0;

    peer_key(&call->client, key);
    struct password_try attempt = {.name = credential->user, .password = credential->secret, .known = user, .address = key,
                                   .been_there = sessions_has(auth->sessions, credential->user, call_address(call), clock_now(&clock_system).wall_ms),
                                   .hash = (user ? user : auth->options.users)->password_hash};
    switch (passwords_look(auth->passwords, &attempt, &wait_ms)) {
    case PASSWORD_REMEMBERED:
        assert(user);
        return admit(auth, call, user->access, user->name, "password");
    case PASSWORD_LIMITED: return refuse_for_now(auth, call, wait_ms);
    case PASSWORD_UNKNOWN: break;
    }
    return call->body_read ? start_hash(auth, call, &attempt) : AUTH_BODY;
}

/* --- what a browser adds by itself */

/* False: refused, or to be asked again with the body (*state). */
static bool check_csrf(struct auth *auth, struct call *call, enum auth_state *state)
{
    const char *shown = call_header(call, "X-CSRF-Token");

    if (!call_changes(call) || call->route->access == ACCESS_OPEN)
        return true;
    if (!shown && !call->body_read) {
        *state = AUTH_BODY;
        return false;
    }
    if (!shown)
        shown = call_form(call, "csrf_token");
    if (shown && text_equal_secret(shown, call->csrf) && !auth_is_from_elsewhere(auth, call))
        return true;
    *state = auth_refuse(auth, call, 403, shown ? "this form is out of date or came from elsewhere; load the page again and repeat"
                                                : "a change with a cookie needs the field csrf_token or the header X-CSRF-Token");
    return false;
}

static enum auth_state admit_browser(struct auth *auth, struct call *call, enum access access, const char *who, const char *via)
{
    enum auth_state state = AUTH_ALLOWED;

    return check_csrf(auth, call, &state) ? admit(auth, call, access, who, via) : state;
}

/* The n-th cookie of that name. RFC 6265, 4.2.1: pairs with "; " between them. */
static const char *cookie(struct call *call, const char *name, size_t n)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < call->header_count; i++) {
        if (strcasecmp(call->headers[i].name, "Cookie") != 0)
            continue;
        for (const char *at = call->headers[i].value; *at;) {
            at += strspn(at, "; ");
            size_t pair = strcspn(at, ";");
            if (pair > length && memcmp(at, name, length) == 0 && at[length] == '=' && n-- == 0)
                return arena_bytes(call->arena, at + length + 1, pair - length - 1);
            at += pair;
        }
    }
    return NULL;
}

struct person { const char *name; enum access access; };

/* Whose session it is today: the person may be gone, and the password another. */
static bool owner(const struct auth *auth, const struct session *session, const char *value, struct person *out)
{
    const struct auth_user *user = people_user(auth, session->who);
    const struct auth_token *token = people_token(auth, session->who);

    if (user && session_is_of(session, value, user->password_hash))
        *out = (struct person){user->name, user->access};
    else if (token && session_is_of(session, value, token->token))
        *out = (struct person){token->name, token->access};
    else
        return false;
    return true;
}

static bool find_session(struct auth *auth, struct call *call, struct person *out)
{
    const char *value;

    for (size_t n = 0; n < SESSION_COOKIES_MAX; n++) {
        if (!(value = cookie(call, call->secure ? SESSION_COOKIE_SECURE : SESSION_COOKIE, n)))
            return false;
        const struct session *session = sessions_find(auth->sessions, value, clock_now(&clock_system).wall_ms);
        if (!session)
            continue;
        if (!owner(auth, session, value, out)) {
            sessions_end(auth->sessions, session->digest);
            continue;
        }
        memcpy(call->session, session->digest, sizeof call->session);
        sign_hmac_hex(value, "csrf:", call->session, strlen(call->session), call->csrf);
        return true;
    }
    return false;
}

static bool find_identity(struct auth *auth, struct call *call, struct person *out)
{
    const char *name = peer_identity(call, auth->options.identity_header);
    const struct auth_user *user = name ? people_user(auth, name) : NULL;

    if (!name || (!user && auth->options.identity_access == ACCESS_OPEN))
        return false;
    *out = (struct person){name, user ? user->access : auth->options.identity_access};
    sign_hmac_hex(auth->secret, "csrf:", name, strlen(name), call->csrf);
    return true;
}

/* --- all of them */

enum auth_state people_check(struct auth *auth, struct call *call, const struct credential *credential)
{
    const struct auth_token *found = NULL;
    struct person person;

    if (credential->kind == CREDENTIAL_NONE && find_identity(auth, call, &person))
        return admit_browser(auth, call, person.access, person.name, "proxy");
    if (!auth_has_people(auth)) {
        if (call->loopback)
            return admit(auth, call, ACCESS_ADMIN, "local", "local");
        return admit_nobody(auth, call, "this came through a proxy or from afar: configure auth.tokens or auth.users");
    }
    if (credential->kind == CREDENTIAL_NONE && find_session(auth, call, &person))
        return admit_browser(auth, call, person.access, person.name, "session");
    for (size_t i = 0; i < auth->options.token_count; i++) {
        const struct auth_token *token = &auth->options.tokens[i];
        bool name = credential->kind != CREDENTIAL_BASIC || text_equal_secret(credential->user, token->name);
        bool secret = credential->secret && text_equal_secret(credential->secret, token->token);
        if (name & secret)
            found = token;
    }
    if (found)
        return admit(auth, call, found->access, found->name, "token");
    if (credential->kind == CREDENTIAL_BASIC && find_identity(auth, call, &person)) /* what it signed in with there, passed on */
        return admit_browser(auth, call, person.access, person.name, "proxy");
    if (credential->kind == CREDENTIAL_BASIC && auth->options.user_count)
        return check_user(auth, call, credential);
    return admit_nobody(auth, call, credential->kind == CREDENTIAL_NONE ? "a token, or a name and password, is needed"
                                                                         : "this token or password is not known");
}
