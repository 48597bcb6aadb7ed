#include "routes/passwords.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/password.h"
#include "base/sign.h"
#include "base/text.h"
#include "routes/limiter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_MAX 512 /* bytes of an address and a name; longer ones share a bucket */

struct remembered { /* a password that was right: the hash of name and password, never the password */
    char digest[SIGN_HEX_SIZE];
    int64_t until_ms; /* steady */
};

struct passwords {
    struct work *work;
    struct remembered cache[PASSWORDS_CACHE_MAX];
    size_t cache_next;
    uint32_t generation; /* grows with each reload: what was hashed before is not remembered after */
    size_t pending;
    struct limiter by_address, by_name, by_pair;
};

struct job {
    struct passwords *passwords;
    void (*done)(void *context, bool fits);
    void *context;
    uint32_t generation;
    char *name, *password, *hash, *address;
    bool known, fits;
};

static int64_t steady_ms(void)
{
    return clock_now(&clock_system).steady_ms;
}

struct passwords *passwords_new(struct work *work)
{
    struct passwords *passwords = memory_zeroed(1, sizeof *passwords);
    uint64_t seeds[3];

    passwords->work = work;
    sign_random(seeds, sizeof seeds);
    limiter_init(&passwords->by_address, PASSWORDS_TRIES_MAX, PASSWORDS_TRY_EVERY_MS, seeds[0]);
    limiter_init(&passwords->by_name, PASSWORDS_TRIES_MAX, PASSWORDS_TRY_EVERY_MS, seeds[1]);
    limiter_init(&passwords->by_pair, PASSWORDS_TRIES_MAX, PASSWORDS_TRY_EVERY_MS, seeds[2]);
    return passwords;
}

void passwords_free(struct passwords *passwords)
{
    assert(!passwords->pending);
    free(passwords);
}

size_t passwords_pending(const struct passwords *passwords)
{
    return passwords->pending;
}

void passwords_forget(struct passwords *passwords)
{
    memset(passwords->cache, 0, sizeof passwords->cache);
    passwords->generation++;
}

static bool is_too_long(const struct password_try *attempt)
{
    return strlen(attempt->name) > PASSWORDS_LENGTH_MAX || strlen(attempt->password) > PASSWORDS_LENGTH_MAX;
}

static void digest_of(const char *name, const char *password, const char *address, char out[SIGN_HEX_SIZE])
{
    struct buf text = BUF_EMPTY(2 * PASSWORDS_LENGTH_MAX + 256);

    buf_add(&text, name, strlen(name) + 1); /* with its NUL, which a password cannot hold */
    buf_add(&text, address, strlen(address) + 1);
    buf_add_text(&text, password);
    assert(!text.full);
    sign_sha256_hex(buf_text(&text), text.length, out);
    explicit_bzero(text.data, text.length);
    buf_free(&text);
}

static bool is_remembered(struct passwords *passwords, const struct password_try *attempt, int64_t now_ms)
{
    char digest[SIGN_HEX_SIZE];
    bool found = false;

    if (is_too_long(attempt))
        return false;
    digest_of(attempt->name, attempt->password, attempt->address, digest);
    for (size_t i = 0; i < PASSWORDS_CACHE_MAX; i++)
        if (text_equal_secret(passwords->cache[i].digest, digest) && now_ms < passwords->cache[i].until_ms) {
            passwords->cache[i].until_ms = now_ms + PASSWORDS_CACHE_MS;
            found = true;
        }
    return found;
}

static void remember(struct passwords *passwords, const struct job *job)
{
    struct remembered *entry = &passwords->cache[passwords->cache_next++ % PASSWORDS_CACHE_MAX];

    digest_of(job->name, job->password, job->address, entry->digest);
    entry->until_ms = steady_ms() + PASSWORDS_CACHE_MS;
}

/* The three names a guess is counted under. A name that fits no table is cut: it is nobody's. */
struct counted {
    const char *address, *name;
    char pair[PAIR_MAX];
};

static struct counted counted(const char *name, const char *address)
{
    struct counted out = {.address = address, .name = name};

    snprintf(out.pair, sizeof out.pair, "%s %s", address, name);
    return out;
}

static void give_back(struct passwords *passwords, const struct counted *by)
{
    int64_t now_ms = steady_ms();

    limiter_give_back(&passwords->by_address, by->address, now_ms);
    limiter_give_back(&passwords->by_name, by->name, now_ms);
    limiter_give_back(&passwords->by_pair, by->pair, now_ms);
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum password_look passwords_look(struct passwords *passwords, const struct password_try *attempt, int64_t *wait_ms)
{
    struct counted by = counted(attempt->name, attempt->address);
    int64_t now_ms = steady_ms();

    *wait_ms = limiter_wait_ms(&passwords->by_pair, by.pair, now_ms);
    if (*wait_ms)
        return PASSWORD_LIMITED;
    if (attempt->known && is_remembered(passwords, attempt, now_ms))
        return PASSWORD_REMEMBERED;
    *wait_ms = limiter_wait_ms(&passwords->by_address, by.address, now_ms);
    if (!attempt->been_there)
        *wait_ms = longer(*wait_ms, limiter_wait_ms(&passwords->by_name, by.name, now_ms));
    if (!*wait_ms)
        return PASSWORD_UNKNOWN;
    limiter_take(&passwords->by_pair, by.pair, now_ms); /* or what is remembered could be guessed at */
    return PASSWORD_LIMITED;
}

static void job_free(struct job *job)
{
    explicit_bzero(job->password, strlen(job->password));
    free(job->name);
    free(job->password);
    free(job->hash);
    free(job->address);
    free(job);
}

static void job_run(void *context)
{
    struct job *job = context;

    bool same = password_matches(job->password, job->hash);
    job->fits = same && job->known;
}

static void job_done(void *context)
{
    struct job *job = context;
    struct passwords *passwords = job->passwords;
    void (*done)(void *context, bool fits) = job->done;
    void *asker = job->context;
    bool fits = job->fits;

    passwords->pending--;
    if (fits) {
        struct counted by = counted(job->name, job->address);
        give_back(passwords, &by);
        if (job->generation == passwords->generation)
            remember(passwords, job);
    }
    job_free(job);
    done(asker, fits); /* may be the end of us */
}

enum password_start passwords_check(struct passwords *passwords, const struct password_try *attempt,
                                    void (*done)(void *context, bool fits), void *context)
{
    if (passwords->pending >= PASSWORDS_HASHES_MAX)
        return PASSWORD_BUSY;
    struct job *job = memory_zeroed(1, sizeof *job);
    bool odd = is_too_long(attempt);
    *job = (struct job){.passwords = passwords, .done = done, .context = context, .generation = passwords->generation,
                        .name = memory_text(odd ? "" : attempt->name), .password = memory_text(odd ? "" : attempt->password),
                        .hash = memory_text(attempt->hash), .address = memory_text(attempt->address), .known = attempt->known && !odd};
    struct counted by = counted(job->name, job->address);
    passwords->pending++;
    limiter_take(&passwords->by_address, by.address, steady_ms());
    limiter_take(&passwords->by_name, by.name, steady_ms());
    limiter_take(&passwords->by_pair, by.pair, steady_ms());
    if (!passwords->work) {
        job_run(job);
        job_done(job);
        return PASSWORD_STARTED;
    }
    if (work_add(passwords->work, job_run, job_done, job))
        return PASSWORD_STARTED;
    passwords->pending--;
    give_back(passwords, &by);
    job_free(job);
    return PASSWORD_BUSY;
}
