/* The whole test framework. A test file is a main() that runs functions and returns test_end().
 * CHECK goes on after a failure; REQUIRE leaves the function. Each failure names file and line. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int test_passed, test_failed;

#define CHECK(condition, ...)                                                   \
    do {                                                                        \
        if (condition)                                                          \
            test_passed++;                                                      \
        else {                                                                  \
            test_failed++;                                                      \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);     \
            fprintf(stderr, __VA_ARGS__);                                       \
            fputc('\n', stderr);                                                \
        }                                                                       \
    } while (0)

#define REQUIRE(condition, ...)                                                 \
    do {                                                                        \
        int test_failed_before = test_failed;                                   \
        CHECK(condition, __VA_ARGS__);                                          \
        if (test_failed > test_failed_before)                                   \
            return;                                                             \
    } while (0)

static inline bool test_same(const char *got, const char *want)
{
    return (!got && !want) || (got && want && strcmp(got, want) == 0);
}

#define CHECK_TEXT(got, want) CHECK(test_same((got), (want)), "got \"%s\", want \"%s\"", (got) ? (got) : "(null)", (want) ? (want) : "(null)")
#define CHECK_INT(got, want) CHECK((long long)(got) == (long long)(want), "got %lld, want %lld", (long long)(got), (long long)(want))

static inline int test_end(void)
{
    printf("%d passed, %d failed\n", test_passed, test_failed);
    return test_failed || !test_passed;
}

#endif
