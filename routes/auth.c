#include "routes/auth_private.h"

#include "base/clock.h"
#include "base/password.h"
#include "base/sign.h"
#include "base/text.h"
#include "routes/credentials.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 256

struct remembered { /* a password that was right: the hash of user and password, never the password */
    char digest[SIGN_HEX_SIZE];
    int64_t until_ms; /* steady */
};

struct auth {
    struct arena *arena; /* owns the options */
    struct auth_options options;
    struct work *work;
    char listener_host[HOST_MAX], public_host[HOST_MAX];
    bool listens_on_socket;
    struct remembered cache[AUTH_CACHE_MAX];
    size_t cache_next;
    uint32_t generation; /* grows with each reload: what was hashed before is not remembered after */
    size_t hashing;
    bool closed;         /* freed by the last hash still under way */
    uint64_t failures;
};

static const char *copy(struct auth *auth, const char *text)
{
    return text ? arena_text(auth->arena, text) : NULL;
}

static void copy_options(struct auth *auth, const struct auth_options *options)
{
    struct auth_source *sources = ARENA_NEW(auth->arena, struct auth_source, options->source_count + 1);
    struct auth_token *tokens = ARENA_NEW(auth->arena, struct auth_token, options->token_count + 1);
    struct auth_user *users = ARENA_NEW(auth->arena, struct auth_user, options->user_count + 1);

    auth->options = *options;
    for (size_t i = 0; i < options->source_count; i++) {
        const struct auth_source *from = &options->sources[i];
        sources[i] = (struct auth_source){copy(auth, from->name), from->none, copy(auth, from->hmac_secret),
                                          copy(auth, from->hmac_header), copy(auth, from->hmac_timestamp_header),
                                          from->max_skew_ms, copy(auth, from->bearer_token), copy(auth, from->username),
                                          copy(auth, from->password)};
    }
    for (size_t i = 0; i < options->token_count; i++)
        tokens[i] = (struct auth_token){copy(auth, options->tokens[i].name), copy(auth, options->tokens[i].token),
                                        options->tokens[i].access};
    for (size_t i = 0; i < options->user_count; i++)
        users[i] = (struct auth_user){copy(auth, options->users[i].name), copy(auth, options->users[i].password_hash),
                                      options->users[i].access};
    auth->options.sources = sources;
    auth->options.tokens = tokens;
    auth->options.users = users;
    auth->options.trusted_proxies = NULL; /* loopback already ends where something was forwarded */
    auth->options.trusted_proxy_count = 0;
    auth->options.public_url = copy(auth, options->public_url);
    credential_host(text_or(options->public_url, ""), auth->public_host, sizeof auth->public_host);
}

struct auth *auth_new(const struct auth_options *options, struct work *work)
{
    struct auth *auth = calloc(1, sizeof *auth);

    if (!auth)
        abort();
    auth->work = work;
    auth->arena = arena_new();
    copy_options(auth, options);
    return auth;
}

void auth_replace(struct auth *auth, const struct auth_options *options)
{
    struct arena *before = auth->arena;

    auth->arena = arena_new();
    copy_options(auth, options);
    arena_free(before);
    memset(auth->cache, 0, sizeof auth->cache);
    auth->generation++;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    auth->closed = true;
    if (auth->hashing)
        return;
    arena_free(auth->arena);
    free(auth);
}

void auth_set_listener(struct auth *auth, const char *address)
{
    auth->listens_on_socket = text_starts(address, "unix:");
    credential_host(auth->listens_on_socket ? "" : address, auth->listener_host, sizeof auth->listener_host);
}

bool auth_has_people(const struct auth *auth)
{
    return auth->options.token_count || auth->options.user_count;
}

uint64_t auth_failures(const struct auth *auth)
{
    return auth->failures;
}

static const struct auth_source *find_source(const struct auth *auth, const char *name)
{
    for (size_t i = 0; i < auth->options.source_count; i++)
        if (text_equal(auth->options.sources[i].name, name))
            return &auth->options.sources[i];
    return NULL;
}

bool auth_knows_source(const struct auth *auth, const char *name)
{
    return find_source(auth, name);
}

static bool source_has_credential(const struct auth_source *source)
{
    return text_or(source->hmac_secret, NULL) || text_or(source->bearer_token, NULL) || text_or(source->password, NULL);
}

/* --- browsers */

static bool is_our_host(const struct auth *auth, const char *text)
{
    char host[HOST_MAX];

    credential_host(text, host, sizeof host);
    return host[0] && (text_equal(host, "localhost") || text_equal(host, "127.0.0.1") || text_equal(host, "::1") ||
                       text_equal(host, auth->listener_host) || text_equal(host, auth->public_host));
}

static bool is_our_origin(const struct auth *auth, const char *origin)
{
    return (text_starts(origin, "http://") || text_starts(origin, "https://")) && is_our_host(auth, origin);
}

/* The page came from the very address it now speaks to. */
static bool is_same_origin(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");

    return host && authority && strcasecmp(authority + 3, host) == 0;
}

/* DNS rebinding and cross-site requests: a browser tells on both. A signature or a bearer cannot be had that way;
 * a password it may add by itself. */
bool auth_check_origin(const struct auth *auth, const struct call *call, struct err *err)
{
    const char *host = call_header(call, "Host"), *origin = call_header(call, "Origin");
    const char *authorization = call_header(call, "Authorization");
    const char *name = call->route && call->route->access == ACCESS_SOURCE ? call_param(call, "source") : NULL;
    const struct auth_source *source = name ? find_source(auth, name) : NULL;

    if (source && source_has_credential(source))
        return true;
    if (auth_has_people(auth)) {
        if (origin && authorization && strncasecmp(authorization, "Basic", 5) == 0 && !is_same_origin(origin, host) &&
            !is_our_origin(auth, origin))
            return err_set(err, ERR_INPUT, "a page from elsewhere may not use your password here");
        return true;
    }
    if (host && host[0] && !auth->listens_on_socket && !is_our_host(auth, host))
        return err_set(err, ERR_INPUT, "this Host is not ours: use the listener's address, or set server.public_url");
    if (origin && !is_our_origin(auth, origin))
        return err_set(err, ERR_INPUT, "this Origin is not ours: use the listener's address, or set server.public_url");
    return true;
}

/* --- refusing and granting */

static enum auth_state refuse(struct auth *auth, struct call *call, int status, const char *challenge, const char *why)
{
    auth->failures++;
    if (status == 401)
        call_set_header(call, "WWW-Authenticate", challenge);
    if (status == 503)
        call_set_header(call, "Retry-After", "1");
    call_fail(call, status, status == 401 ? "unauthorized" : status == 503 ? "busy" : "forbidden", "%s", why);
    return AUTH_ANSWERED;
}

static enum auth_state grant(struct call *call, enum access access, const char *who, const char *source)
{
    call->granted = access;
    call->who = arena_text(call->arena, who);
    call->source = arena_text(call->arena, source);
    call->authorized = true;
    return AUTH_ALLOWED;
}

static const char PEOPLE[] = "Basic realm=\"notifier\", charset=\"UTF-8\"";

/* A person is known; is it enough for this route? On a source's route an operator may post for any of them. */
static enum auth_state admit(struct auth *auth, struct call *call, enum access access, const char *who)
{
    enum access wanted = call->route->access == ACCESS_SOURCE ? ACCESS_OPERATOR : call->route->access;
    const char *source = call->route->access == ACCESS_SOURCE ? text_or(call_param(call, "source"), "api") : NULL;

    if (access < wanted)
        return refuse(auth, call, 403, NULL, wanted == ACCESS_ADMIN ? "this needs the role admin" : wanted == ACCESS_OPERATOR
                          ? "this needs the role operator" : "this needs the role viewer");
    return grant(call, access, who, source);
}

/* --- passwords, hashed on the background thread */

struct hash_job {
    struct auth *auth;
    struct call *call;
    uint32_t generation;
    enum access access;
    char *user, *password, *hash;
    char digest[SIGN_HEX_SIZE];
    bool known; /* such a user exists */
    bool fits;
};

static int64_t steady_ms(void)
{
    return clock_now(&clock_system).steady_ms;
}

static void digest_of(const char *user, const char *password, char out[SIGN_HEX_SIZE])
{
    struct buf text = BUF_EMPTY(2 * 4096 + 16);

    buf_add(&text, user, strlen(user) + 1); /* with its NUL, which a password cannot hold */
    buf_add_text(&text, password);
    sign_sha256_hex(buf_text(&text), text.length, out);
    buf_free(&text);
}

static bool is_remembered(const struct auth *auth, const char *digest)
{
    bool found = false;

    for (size_t i = 0; i < AUTH_CACHE_MAX; i++)
        found |= text_equal_secret(auth->cache[i].digest, digest) && steady_ms() < auth->cache[i].until_ms;
    return found;
}

static void remember(struct auth *auth, const char digest[SIGN_HEX_SIZE])
{
    struct remembered *entry = &auth->cache[auth->cache_next++ % AUTH_CACHE_MAX];

    memcpy(entry->digest, digest, sizeof entry->digest);
    entry->until_ms = steady_ms() + AUTH_CACHE_MS;
}

static void hash_run(void *context)
{
    struct hash_job *job = context;

    bool same = password_matches(job->password, job->hash);
    job->fits = same && job->known;
}

static enum auth_state admit_nobody(struct auth *auth, struct call *call, const char *why);

static void hash_done(void *context)
{
    struct hash_job *job = context;
    struct auth *auth = job->auth;
    struct call *call = job->call;

    auth->hashing--;
    call->owed = false;
    if (call->gone || call->abandoned) {
        if (call->gone)
            call_connection_gone(call);
    } else {
        bool current = job->generation == auth->generation && !auth->closed;
        enum auth_state state = !current    ? refuse(auth, call, 503, NULL, "the configuration changed; try again")
                                : job->fits ? admit(auth, call, job->access, job->user)
                                            : admit_nobody(auth, call, "wrong name or password");
        if (job->fits && current)
            remember(auth, job->digest);
        if (state == AUTH_ALLOWED)
            call->go_on(call);
    }
    free(job->user);
    free(job->password);
    free(job->hash);
    free(job);
    if (auth->closed)
        auth_free(auth);
}

static char *keep(const char *text)
{
    char *out = strdup(text);

    if (!out)
        abort();
    return out;
}

/* A name nobody has costs the same hash as a wrong password, so that neither tells which it was. */
static enum auth_state check_user(struct auth *auth, struct call *call, const struct credential *credential)
{
    const struct auth_user *user = NULL;
    char digest[SIGN_HEX_SIZE];

    for (size_t i = 0; i < auth->options.user_count; i++)
        if (text_equal_secret(auth->options.users[i].name, credential->user))
            user = &auth->options.users[i];
    digest_of(credential->user, credential->secret, digest);
    if (user && is_remembered(auth, digest))
        return admit(auth, call, user->access, user->name);
    if (!call->body_read)
        return AUTH_BODY;
    if (auth->hashing >= AUTH_HASHES_MAX)
        return refuse(auth, call, 503, NULL, "too many passwords are being checked; try again in a second");

    struct hash_job *job = calloc(1, sizeof *job);
    if (!job)
        abort();
    *job = (struct hash_job){.auth = auth, .call = call, .generation = auth->generation,
                             .access = user ? user->access : ACCESS_OPEN, .user = keep(credential->user),
                             .password = keep(credential->secret),
                             .known = user, .hash = keep(user ? user->password_hash : auth->options.users[0].password_hash)};
    memcpy(job->digest, digest, sizeof digest);
    auth->hashing++;
    call->owed = true;
    if (auth->work && work_add(auth->work, hash_run, hash_done, job))
        return AUTH_WAITING;
    if (!auth->work) /* a test: at once */
        hash_run(job);
    bool busy = auth->work;
    auth->hashing--;
    call->owed = false;
    bool fits = job->fits;
    free(job->user);
    free(job->password);
    free(job->hash);
    free(job);
    if (busy)
        return refuse(auth, call, 503, NULL, "too much is being looked up; try again in a second");
    if (fits)
        remember(auth, digest);
    return fits ? admit(auth, call, user->access, user->name) : admit_nobody(auth, call, "wrong name or password");
}

/* --- people */

static enum auth_state admit_nobody(struct auth *auth, struct call *call, const char *why)
{
    if (call->route->access == ACCESS_OPEN)
        return grant(call, ACCESS_OPEN, "", NULL);
    return refuse(auth, call, 401, PEOPLE, why);
}

static enum auth_state check_people(struct auth *auth, struct call *call, const struct credential *credential)
{
    const struct auth_token *found = NULL;

    if (!auth_has_people(auth)) {
        if (call->loopback)
            return admit(auth, call, ACCESS_ADMIN, "local");
        return admit_nobody(auth, call, "this came through a proxy or from afar: configure auth.tokens or auth.users");
    }
    for (size_t i = 0; i < auth->options.token_count; i++) {
        const struct auth_token *token = &auth->options.tokens[i];
        bool name = credential->kind != CREDENTIAL_BASIC || text_equal_secret(credential->user, token->name);
        bool secret = credential->secret && text_equal_secret(credential->secret, token->token);
        if (name & secret)
            found = token;
    }
    if (found)
        return admit(auth, call, found->access, found->name);
    if (credential->kind == CREDENTIAL_BASIC && auth->options.user_count)
        return check_user(auth, call, credential);
    return admit_nobody(auth, call, credential->kind == CREDENTIAL_NONE ? "a token, or a name and password, is needed"
                                                                         : "this token or password is not known");
}

/* --- sources */

static bool is_people_credential(const struct auth *auth, const struct credential *credential)
{
    return auth_has_people(auth) && (credential->kind == CREDENTIAL_BEARER || credential->kind == CREDENTIAL_BASIC);
}

static enum auth_state refuse_source(struct auth *auth, struct call *call, const struct auth_source *source, const char *why)
{
    const char *challenge = text_or(source->hmac_secret, NULL) ? "Signature realm=\"notifier\""
                            : text_or(source->bearer_token, NULL) ? "Bearer realm=\"notifier\"" : PEOPLE;

    return refuse(auth, call, 401, challenge, why);
}

static enum auth_state check_source(struct auth *auth, struct call *call, const struct auth_source *source,
                                    const struct credential *credential, int64_t now_wall_ms)
{
    const char *why = "this source needs its credentials";

    if (source->none || (!source_has_credential(source) && call->loopback))
        return grant(call, ACCESS_SOURCE, source->name, source->name);
    if (credential_fits_source(credential, source))
        return grant(call, ACCESS_SOURCE, source->name, source->name);
    if (text_or(source->hmac_secret, NULL) && credential_has_signature(call, source)) {
        if (!call->body_read)
            return AUTH_BODY;
        if (credential_signature_fits(call, source, now_wall_ms, &why))
            return grant(call, ACCESS_SOURCE, source->name, source->name);
    } else if (is_people_credential(auth, credential))
        return check_people(auth, call, credential);
    else if (text_or(source->hmac_secret, NULL))
        why = "the signature header is missing: set this source's HMAC secret (and header name) in the contact point";
    else if (credential->kind != CREDENTIAL_NONE)
        why = "these credentials are not this source's";
    else if (!source_has_credential(source))
        why = "this source has no credentials configured and the request is not from this machine";
    return refuse_source(auth, call, source, why);
}

/* Alerts without a source in the path belong to whoever's credential they carry, else to "api". */
static enum auth_state check_any_source(struct auth *auth, struct call *call, const struct credential *credential)
{
    const struct auth_source *found = NULL, *api = find_source(auth, "api");

    for (size_t i = 0; i < auth->options.source_count; i++)
        if (credential_fits_source(credential, &auth->options.sources[i]))
            found = &auth->options.sources[i];
    if (found)
        return grant(call, ACCESS_SOURCE, found->name, found->name);
    if (is_people_credential(auth, credential))
        return check_people(auth, call, credential);
    if (api ? api->none || (!source_has_credential(api) && call->loopback) : call->loopback)
        return grant(call, ACCESS_SOURCE, "api", "api");
    return refuse(auth, call, 401, PEOPLE, "a token, or a source's credentials, are needed");
}

enum auth_state auth_check(struct auth *auth, struct call *call, int64_t now_wall_ms)
{
    struct credential credential = credential_read(call);

    assert(call->route);
    call->loopback = auth->options.listens_on_loopback && !credential_is_forwarded(call);
    if (call->route->access != ACCESS_SOURCE)
        return check_people(auth, call, &credential);
    const char *name = call_param(call, "source");
    if (!name)
        return check_any_source(auth, call, &credential);
    const struct auth_source *source = find_source(auth, name);
    if (source)
        return check_source(auth, call, source, &credential, now_wall_ms);
    auth->failures++;
    call_fail(call, 404, "not found", "no source is called \"%.64s\": see `sources` in the configuration", name);
    return AUTH_ANSWERED;
}
