#include "routes/limiter.h"
#include "tests/test.h"

static struct limiter limiter;

static void test_bucket(void)
{
    limiter_init(&limiter, 3, 1000, 42);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(limiter_wait_ms(&limiter, "anna", 0), 0);
        limiter_take(&limiter, "anna", 0);
    }
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 0), 1000);
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 400), 600);
    CHECK_INT(limiter_wait_ms(&limiter, "berta", 0), 0);
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 1000), 0);
    limiter_take(&limiter, "anna", 1000);
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 1000), 1000);
    limiter_give_back(&limiter, "anna", 1000);
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 1000), 0);
    for (int i = 0; i < 3; i++)
        limiter_take(&limiter, "anna", 60000);
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 60000), 1000);
}

static void test_giving_back_what_was_not_taken(void)
{
    limiter_init(&limiter, 2, 1000, 42);
    for (int i = 0; i < 5; i++)
        limiter_give_back(&limiter, "anna", 0);
    limiter_take(&limiter, "anna", 0);
    limiter_take(&limiter, "anna", 0);
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 0), 1000);
}

/* A stranger with many names pushes out buckets that are nearly full again, not the one that was tried most. */
static void test_full_table(void)
{
    char name[32];

    limiter_init(&limiter, 3, 1000, 42);
    for (int i = 0; i < 4; i++)
        limiter_take(&limiter, "anna", 0);
    for (int i = 0; i < 3 * LIMITER_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "stranger %d", i);
        limiter_take(&limiter, name, 0);
    }
    CHECK_INT(limiter_wait_ms(&limiter, "anna", 0), 2000);
}

int main(void)
{
    test_bucket();
    test_giving_back_what_was_not_taken();
    test_full_table();
    return test_end();
}
