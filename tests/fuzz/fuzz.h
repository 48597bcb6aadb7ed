/* A fuzz target is one function over bytes. It must not crash, hang or leak, whatever the bytes; where a module
 * promises something about its result (valid UTF-8, a bound, a reason), the target checks it with FUZZ_CHECK. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                     \
        }                                                                                \
    } while (0)

/* The environment of a configuration under test: one secret, one empty, the rest unset. */
static inline const char *fuzz_environment(const char *name)
{
    if (strcmp(name, "TELEGRAM_BOT_TOKEN") == 0)
        return "1:abc";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

#endif
