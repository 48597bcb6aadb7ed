/* Signing in: a name with its password, or with its token, opens a session; and signing out. */
#include "routes/auth_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entering { /* someone whose password is being hashed */
    struct auth *auth;
    struct call *call;
    void (*done)(void *context, struct call *call, enum signin how);
    void *context;
    uint32_t reloads;
    char *name, *hash;
};

static void set_cookie(struct call *call, const char *value, int64_t age_s)
{
    call_set_header(call, "Set-Cookie",
                    arena_printf(call->arena, "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
                                 call->secure ? SESSION_COOKIE_SECURE : SESSION_COOKIE, value, (long long)age_s,
                                 call->secure ? "; Secure" : ""));
}

static void say(enum log_level level, const char *event, struct call *call, const char *name)
{
    struct log_line line = log_begin(level, event);

    log_text(&line, "who", name);
    log_text(&line, "from", call_address(call));
    log_end(&line);
}

/* credential: what the session's life hangs on. */
static enum signin enter(struct auth *auth, struct call *call, const char *name, const char *credential)
{
    char token[SIGN_HEX_SIZE];
    const struct session *session;

    if (call->gone || call->abandoned)
        return SIGNIN_BUSY; /* nobody is there to take the cookie */
    session = sessions_open(auth->sessions, name, credential, call_address(call), clock_now(&clock_system).wall_ms, token);
    if (!session)
        return SIGNIN_WRONG;
    if (call->session[0])
        sessions_end(auth->sessions, call->session); /* whoever this browser was before */
    set_cookie(call, token, SESSION_MS / 1000);
    explicit_bzero(token, sizeof token);
    call->who = arena_text(call->arena, name);
    call->via = "password";
    say(LOG_INFO, "signed_in", call, name);
    return SIGNIN_RIGHT;
}

/* What is nobody's name may be a password that slipped into the wrong field. */
static void refuse(struct auth *auth, struct call *call, const char *name)
{
    auth->failures++;
    say(LOG_WARN, "signin_refused", call, people_user(auth, name) || people_token(auth, name) ? name : "(nobody)");
}

static void hashed(void *context, bool fits)
{
    struct entering *entering = context;
    struct auth *auth = entering->auth;
    struct call *call = entering->call;
    bool current = entering->reloads == auth->reloads && !auth->closed;
    enum signin how = fits ? SIGNIN_BUSY : SIGNIN_WRONG;

    if (fits && current)
        how = enter(auth, call, entering->name, entering->hash);
    else if (fits)
        call_set_header(call, "Retry-After", "1");
    else
        refuse(auth, call, entering->name);
    entering->done(entering->context, call, how);
    free(entering->name);
    free(entering->hash);
    free(entering);
    if (auth->closed)
        auth_free(auth);
}

static bool start_hash(struct auth *auth, struct call *call, const struct password_try *attempt,
                       void (*done)(void *context, struct call *call, enum signin how), void *context)
{
    struct entering *entering = memory_zeroed(1, sizeof *entering);

    *entering = (struct entering){.auth = auth, .call = call, .done = done, .context = context, .reloads = auth->reloads, .name = memory_text(attempt->name),
                                  .hash = memory_text(attempt->hash)};
    if (passwords_check(auth->passwords, attempt, hashed, entering) == PASSWORD_STARTED)
        return true;
    free(entering->name);
    free(entering->hash);
    free(entering);
    return false;
}

/* A hash nobody's password has, so that a name there is not costs as much time where nobody has a password at all. */
static const char *any_hash(const struct auth *auth)
{
    return auth->options.user_count ? auth->options.users[0].password_hash : "*";
}

void auth_sign_in(struct auth *auth, struct call *call, const char *name, const char *password,
                  void (*done)(void *context, struct call *call, enum signin how), void *context)
{
    const struct auth_user *user = people_user(auth, name);
    const struct auth_token *token = people_token(auth, name);
    char key[ADDRESS_TEXT_MAX];
    int64_t wait_ms = 0;

    if (auth_is_from_elsewhere(auth, call)) {
        done(context, call, SIGNIN_ELSEWHERE);
        return;
    }
    peer_key(&call->client, key);
    struct password_try attempt = {.name = name, .password = password, .known = user, .address = key,
                                   .been_there = sessions_has(auth->sessions, name, call_address(call), clock_now(&clock_system).wall_ms),
                                   .hash = user ? user->password_hash : any_hash(auth)};
    enum password_look look = passwords_look(auth->passwords, &attempt, &wait_ms);
    if (look == PASSWORD_LIMITED) {
        call_set_header(call, "Retry-After", arena_printf(call->arena, "%lld", (long long)((wait_ms + 999) / 1000)));
        auth->failures++; /* no line of the log each: they come as fast as anybody likes */
        done(context, call, SIGNIN_LIMITED);
    } else if (token && text_equal_secret(token->token, password)) {
        done(context, call, enter(auth, call, token->name, token->token));
    } else if (look == PASSWORD_REMEMBERED) {
        assert(user);
        done(context, call, enter(auth, call, user->name, user->password_hash));
    } else if (!start_hash(auth, call, &attempt, done, context)) {
        call_set_header(call, "Retry-After", "1");
        done(context, call, SIGNIN_BUSY);
    }
}

void auth_sign_out(struct auth *auth, struct call *call, bool everywhere)
{
    if (everywhere)
        sessions_end_all(auth->sessions, call_who(call));
    else
        sessions_end(auth->sessions, call->session);
    set_cookie(call, "", 0);
    say(LOG_INFO, "signed_out", call, call_who(call));
}
