#include "base/text.h"
#include "routes/session.h"
#include "tests/test.h"

#include <stdlib.h>

#define NOW 1773480413500LL

struct kept {
    size_t opened, ended;
    char last[SESSION_WHO_MAX];
};

static void opened(void *context, const struct session *session)
{
    struct kept *kept = context;

    kept->opened++;
    snprintf(kept->last, sizeof kept->last, "%s", session->who);
}

static void ended(void *context, const struct session *session)
{
    struct kept *kept = context;

    kept->ended++;
    snprintf(kept->last, sizeof kept->last, "%s", session->who);
}

static struct sessions *make(struct kept *kept)
{
    struct sessions *sessions = sessions_new();

    *kept = (struct kept){0};
    sessions_keep(sessions, &(struct session_keeper){kept, opened, ended});
    return sessions;
}

static void test_life(void)
{
    struct kept kept;
    struct sessions *sessions = make(&kept);
    char token[SIGN_HEX_SIZE], other[SIGN_HEX_SIZE];
    const struct session *session = sessions_open(sessions, "anna", "hash", "192.0.2.7", NOW, token);

    REQUIRE(session, "opened");
    CHECK(strlen(token) == 64 && !strstr(session->digest, token) && !strstr(session->credential, token), "%s", session->digest);
    CHECK(sessions_find(sessions, token, NOW) == session, "found by its cookie");
    CHECK(!sessions_find(sessions, session->digest, NOW), "not by what is stored");
    CHECK(!sessions_find(sessions, "", NOW) && !sessions_find(sessions, "x", NOW), "nor by nothing");
    CHECK(sessions_find(sessions, token, NOW + SESSION_MS - 1), "for 30 days");
    CHECK(!sessions_find(sessions, token, NOW + SESSION_MS), "and no longer");
    CHECK(session_is_of(session, token, "hash") && !session_is_of(session, token, "hash2"), "it hangs on the password");
    sessions_open(sessions, "anna", "hash", "192.0.2.7", NOW, other);
    CHECK(!session_is_of(sessions_find(sessions, other, NOW), token, "hash"), "and on the cookie");
    CHECK(!text_equal(token, other), "no two are alike");
    CHECK(!sessions_end(sessions, "") && !sessions_end(sessions, "0123456789abcde"), "a short prefix could be anybody's");
    char prefix[17];
    snprintf(prefix, sizeof prefix, "%.16s", sessions_find(sessions, token, NOW)->digest);
    CHECK(sessions_end(sessions, prefix) && !sessions_find(sessions, token, NOW), "ended");
    CHECK(sessions_find(sessions, other, NOW), "the other goes on");
    CHECK(!sessions_end(sessions, prefix), "once");
    CHECK(kept.opened == 2 && kept.ended == 1, "%zu, %zu", kept.opened, kept.ended);
    sessions_free(sessions);
}

static void test_bounds(void)
{
    struct kept kept;
    struct sessions *sessions = make(&kept);
    char first[SIGN_HEX_SIZE], token[SIGN_HEX_SIZE], name[SESSION_WHO_MAX + 2];

    sessions_open(sessions, "anna", "h", "unix", NOW, first);
    for (int i = 1; i < SESSIONS_EACH_MAX; i++)
        sessions_open(sessions, "anna", "h", "unix", NOW + i, token);
    CHECK(sessions_find(sessions, first, NOW), "as many as one may have");
    sessions_open(sessions, "anna", "h", "unix", NOW + 100, token);
    CHECK(!sessions_find(sessions, first, NOW) && sessions_find(sessions, token, NOW), "the oldest makes room");
    CHECK_INT(kept.ended, 1);
    for (int i = 0; i < SESSIONS_MAX; i++) {
        snprintf(name, sizeof name, "person %d", i);
        REQUIRE(sessions_open(sessions, name, "h", "unix", NOW + 1000 + i, token), "%s", name);
    }
    CHECK(sessions_find(sessions, token, NOW + 9999), "the newest is there");
    CHECK_INT(kept.opened - kept.ended, SESSIONS_MAX);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK(!sessions_open(sessions, name, "h", "unix", NOW, token) && !sessions_open(sessions, "", "h", "unix", NOW, token), "names");
    sessions_open(sessions, "late", "h", "unix", NOW + 2 * SESSION_MS, token);
    size_t at = 0, count = 0;
    while (sessions_each(sessions, &at, NOW + 2 * SESSION_MS))
        count++;
    CHECK_INT(count, 1);
    CHECK_INT(kept.opened - kept.ended, 1);
    sessions_free(sessions);
}

static void test_all_of_one(void)
{
    struct kept kept;
    struct sessions *sessions = make(&kept);
    char token[SIGN_HEX_SIZE], berta[SIGN_HEX_SIZE];

    for (int i = 0; i < 6; i++)
        sessions_open(sessions, i % 2 ? "anna" : "bert", "h", "unix", NOW, token);
    sessions_open(sessions, "berta", "h", "unix", NOW, berta);
    CHECK_INT(sessions_end_all(sessions, "bert"), 3);
    CHECK(sessions_find(sessions, token, NOW) && sessions_find(sessions, berta, NOW), "others stay");
    CHECK_INT(sessions_end_all(sessions, "bert"), 0);
    sessions_free(sessions);
}

int main(void)
{
    test_life();
    test_bounds();
    test_all_of_one();
    return test_end();
}
