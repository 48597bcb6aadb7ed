#include "routes/session.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_PREFIX_MIN 16 /* hex digits that name a session among SESSIONS_MAX */

struct sessions {
    struct session items[SESSIONS_MAX]; /* in the order in which they were opened */
    size_t count;
    struct session_keeper keeper;
};

struct sessions *sessions_new(void)
{
    struct sessions *sessions = memory_zeroed(1, sizeof *sessions);

    return sessions;
}

void sessions_free(struct sessions *sessions)
{
    free(sessions);
}

void sessions_keep(struct sessions *sessions, const struct session_keeper *keeper)
{
    sessions->keeper = *keeper;
}

static void remove_at(struct sessions *sessions, size_t index)
{
    struct session gone = sessions->items[index];

    sessions->count--;
    memmove(&sessions->items[index], &sessions->items[index + 1], (sessions->count - index) * sizeof gone);
    if (sessions->keeper.ended)
        sessions->keeper.ended(sessions->keeper.context, &gone);
}

static void make_room(struct sessions *sessions, const char *who, int64_t now_ms)
{
    size_t own = 0, first = 0, oldest = SESSIONS_MAX;

    for (size_t i = 0; i < sessions->count;)
        if (sessions->items[i].expires_ms <= now_ms)
            remove_at(sessions, i);
        else
            i++;
    for (size_t i = 0; i < sessions->count; i++) {
        if (sessions->items[i].expires_ms < sessions->items[first].expires_ms)
            first = i;
        if (!text_equal(sessions->items[i].who, who))
            continue;
        own++;
        if (oldest == SESSIONS_MAX)
            oldest = i;
    }
    if (own >= SESSIONS_EACH_MAX)
        remove_at(sessions, oldest);
    else if (sessions->count == SESSIONS_MAX)
        remove_at(sessions, first);
}

void sessions_restore(struct sessions *sessions, const struct session *session)
{
    if (sessions->count < SESSIONS_MAX)
        sessions->items[sessions->count++] = *session;
}

static void mark(const char *token, const char *credential, char out[SIGN_HEX_SIZE])
{
    sign_hmac_hex(token, "credential:", credential, strlen(credential), out);
}

static void new_token(char token[SIGN_HEX_SIZE])
{
    unsigned char bytes[32];

    sign_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    explicit_bzero(bytes, sizeof bytes);
}

const struct session *sessions_open(struct sessions *sessions, const char *who, const char *credential, const char *address,
                                    int64_t now_ms, char token[SIGN_HEX_SIZE])
{
    if (!who[0] || strlen(who) >= SESSION_WHO_MAX)
        return NULL;
    make_room(sessions, who, now_ms);
    assert(sessions->count < SESSIONS_MAX);
    struct session *session = &sessions->items[sessions->count++];
    *session = (struct session){.created_ms = now_ms, .expires_ms = now_ms + SESSION_MS};
    new_token(token);
    sign_sha256_hex(token, strlen(token), session->digest);
    mark(token, credential, session->credential);
    snprintf(session->who, sizeof session->who, "%s", who);
    snprintf(session->address, sizeof session->address, "%s", address);
    if (sessions->keeper.opened)
        sessions->keeper.opened(sessions->keeper.context, session);
    return session;
}

/* What is looked for is a digest: how long the comparison takes says nothing about the cookie. */
const struct session *sessions_find(struct sessions *sessions, const char *token, int64_t now_ms)
{
    char digest[SIGN_HEX_SIZE];

    if (strlen(token) != SIGN_HEX_SIZE - 1)
        return NULL;
    sign_sha256_hex(token, strlen(token), digest);
    for (size_t i = 0; i < sessions->count; i++)
        if (memcmp(sessions->items[i].digest, digest, sizeof digest) == 0)
            return sessions->items[i].expires_ms > now_ms ? &sessions->items[i] : NULL;
    return NULL;
}

bool session_is_of(const struct session *session, const char *token, const char *credential)
{
    char marked[SIGN_HEX_SIZE];

    mark(token, credential, marked);
    return text_equal_secret(marked, session->credential);
}

bool sessions_end(struct sessions *sessions, const char *digest)
{
    size_t length = strlen(digest);

    for (size_t i = 0; i < sessions->count && length >= DIGEST_PREFIX_MIN && length < SIGN_HEX_SIZE; i++)
        if (memcmp(sessions->items[i].digest, digest, length) == 0) {
            remove_at(sessions, i);
            return true;
        }
    return false;
}

bool sessions_has(const struct sessions *sessions, const char *who, const char *address, int64_t now_ms)
{
    const struct session *session;

    for (size_t at = 0; (session = sessions_each(sessions, &at, now_ms));)
        if (text_equal(session->who, who) && text_equal(session->address, address))
            return true;
    return false;
}

size_t sessions_count(const struct sessions *sessions, int64_t now_ms)
{
    size_t count = 0;

    for (size_t at = 0; sessions_each(sessions, &at, now_ms);)
        count++;
    return count;
}

size_t sessions_end_all(struct sessions *sessions, const char *who)
{
    size_t before = sessions->count;

    for (size_t i = 0; i < sessions->count;)
        if (text_equal(sessions->items[i].who, who))
            remove_at(sessions, i);
        else
            i++;
    return before - sessions->count;
}

const struct session *sessions_each(const struct sessions *sessions, size_t *at, int64_t now_ms)
{
    while (*at < sessions->count) {
        const struct session *session = &sessions->items[(*at)++];
        if (session->expires_ms > now_ms)
            return session;
    }
    return NULL;
}
