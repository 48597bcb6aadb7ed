#include "routes/auth_private.h"

#include "base/address.h"
#include "base/memory.h"
#include "base/sign.h"
#include "base/text.h"
#include "routes/auth_inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
    peer_trust_read(&auth->trust, options->trusted_proxies, options->trusted_proxy_count);
    auth->options.trusted_proxies = NULL; /* read, not kept */
    auth->options.trusted_proxy_count = 0;
    auth->options.identity_header = copy(auth, options->identity_header);
    auth->options.public_url = copy(auth, options->public_url);
    credential_host(text_or(options->public_url, ""), auth->public_host, sizeof auth->public_host);
    auth->prefix = path_prefix(auth->arena, options->public_url);
}

struct auth *auth_new(const struct auth_options *options, struct work *work)
{
    struct auth *auth = memory_zeroed(1, sizeof *auth);
    unsigned char secret[32];

    auth->arena = arena_new();
    auth->hashes_elsewhere = work;
    auth->passwords = passwords_new(work);
    auth->sessions = sessions_new();
    sign_random(secret, sizeof secret);
    sign_sha256_hex(secret, sizeof secret, auth->secret);
    copy_options(auth, options);
    return auth;
}

void auth_replace(struct auth *auth, const struct auth_options *options)
{
    struct arena *before = auth->arena;

    auth->arena = arena_new();
    copy_options(auth, options);
    arena_free(before);
    passwords_forget(auth->passwords);
    auth->reloads++;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    auth->closed = true;
    if (passwords_pending(auth->passwords))
        return;
    passwords_free(auth->passwords);
    sessions_free(auth->sessions);
    arena_free(auth->arena);
    free(auth);
}

struct sessions *auth_sessions(struct auth *auth)
{
    return auth->sessions;
}

void auth_set_door(struct auth *auth, void (*door)(struct call *call, int status, const char *why))
{
    auth->door = door;
}

void auth_set_listener(struct auth *auth, const char *address)
{
    const char *host = strstr(address, "://");
    struct address at;

    auth->listens_on_socket = text_starts(address, "unix:");
    auth->lets_others_in = host && address_parse(host + 3, &at) && !address_is_loopback(&at);
    credential_host(auth->listens_on_socket ? "" : address, auth->listener_host, sizeof auth->listener_host);
}

bool auth_has_people(const struct auth *auth)
{
    return auth->options.token_count || auth->options.user_count;
}

void auth_place(const struct auth *auth, struct call *call)
{
    if (!auth)
        return;
    call->prefix = arena_text(call->arena, auth->prefix);
    call->target = path_without(call->arena, call->target, call->prefix);
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
    char host[AUTH_HOST_MAX];

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

bool auth_is_from_elsewhere(const struct auth *auth, const struct call *call)
{
    const char *site = call_header(call, "Sec-Fetch-Site"), *origin = call_header(call, "Origin");

    if (site && (text_equal(site, "cross-site") || text_equal(site, "same-site")))
        return true;
    return origin && !is_same_origin(origin, call_header(call, "Host")) && !is_our_origin(auth, origin);
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
        /* A source without credentials is believed for where it calls from: a page in a browser there is no source. */
        if (origin && !authorization && call->route && call->route->access == ACCESS_SOURCE && !is_our_origin(auth, origin))
            return err_set(err, ERR_INPUT, "a page from elsewhere may not post alerts without credentials");
        return true;
    }
    if (host && host[0] && !auth->listens_on_socket && !is_our_host(auth, host))
        return err_set(err, ERR_INPUT, "this Host is not ours: use the listener's address, or set server.public_url");
    if (origin && !is_our_origin(auth, origin))
        return err_set(err, ERR_INPUT, "this Origin is not ours: use the listener's address, or set server.public_url");
    return true;
}

/* --- refusing and granting */

static const char PEOPLE[] = "Basic realm=\"notifier\", charset=\"UTF-8\"";

/* A script of a page asks. Of a challenge its browser makes a window of its own, over whatever somebody reads there, and the script waits. */
static bool is_from_script(const struct call *call)
{
    const char *mode = call_header(call, "Sec-Fetch-Mode"), *accept = call_header(call, "Accept");

    return (mode && !text_equal(mode, "navigate")) || (accept && strstr(accept, "text/event-stream"));
}

static enum auth_state refuse_with(struct auth *auth, struct call *call, int status, const char *challenge, const char *why)
{
    const char *error = status == 401 ? "unauthorized" : status == 403 ? "forbidden" : status == 429 ? "too many tries" : "busy";

    auth->failures++;
    if (status == 401 && challenge == PEOPLE && auth->door && auth_has_people(auth) && call_is_browsers(call)) {
        auth->door(call, status, why); /* no challenge: a browser would ask in a window of its own */
        return AUTH_ANSWERED;
    }
    if (status == 401 && !is_from_script(call))
        call_set_header(call, "WWW-Authenticate", challenge);
    call_fail(call, status, error, "%s", why);
    return AUTH_ANSWERED;
}

enum auth_state auth_refuse(struct auth *auth, struct call *call, int status, const char *why)
{
    if (status == 503)
        call_set_header(call, "Retry-After", "1");
    return refuse_with(auth, call, status, PEOPLE, why);
}

enum auth_state auth_grant(struct call *call, enum access access, const char *who, const char *source, const char *via)
{
    call->granted = access;
    call->who = arena_text(call->arena, who);
    call->source = arena_text(call->arena, source);
    call->via = via;
    call->authorized = true;
    return AUTH_ALLOWED;
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

    return refuse_with(auth, call, 401, challenge, why);
}

static enum auth_state check_source(struct auth *auth, struct call *call, const struct auth_source *source,
                                    const struct credential *credential, int64_t now_wall_ms)
{
    const char *why = "this source needs its credentials";

    if (source->none || (!source_has_credential(source) && call->loopback))
        return auth_grant(call, ACCESS_SOURCE, source->name, source->name, NULL);
    if (credential_fits_source(credential, source))
        return auth_grant(call, ACCESS_SOURCE, source->name, source->name, NULL);
    if (text_or(source->hmac_secret, NULL) && credential_has_signature(call, source)) {
        if (!call->body_read)
            return AUTH_BODY;
        if (credential_signature_fits(call, source, now_wall_ms, &why))
            return auth_grant(call, ACCESS_SOURCE, source->name, source->name, NULL);
    } else if (is_people_credential(auth, credential))
        return people_check(auth, call, credential);
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
        return auth_grant(call, ACCESS_SOURCE, found->name, found->name, NULL);
    if (is_people_credential(auth, credential))
        return people_check(auth, call, credential);
    if (api ? api->none || (!source_has_credential(api) && call->loopback) : call->loopback)
        return auth_grant(call, ACCESS_SOURCE, "api", "api", NULL);
    return auth_refuse(auth, call, 401, "a token, or a source's credentials, are needed");
}

enum auth_state auth_check(struct auth *auth, struct call *call, int64_t now_wall_ms)
{
    struct credential credential = credential_read(call);

    assert(call->route);
    peer_resolve(&auth->trust, call);
    call->loopback = auth->options.listens_on_loopback && !auth->lets_others_in && !credential_is_forwarded(call);
    if (call->route->access != ACCESS_SOURCE)
        return people_check(auth, call, &credential);
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
