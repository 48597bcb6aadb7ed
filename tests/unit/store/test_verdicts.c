/* What was found of an alert is found again, or forgotten, and never another's. */
#include "notifier/store/verdicts.h"
#include "tests/test.h"

#include <stddef.h>

int main(void)
{
    struct verdicts *verdicts = verdicts_new();
    size_t kept = 0, wrong = 0;
    unsigned verdict;

    CHECK(!verdicts_find(verdicts, 1, &verdict), "nothing is known at first");
    for (int64_t id = 1; id <= 3 * VERDICTS_SLOTS; id++)
        verdicts_add(verdicts, id * 7, (unsigned)id % 4);
    for (int64_t id = 1; id <= 3 * VERDICTS_SLOTS; id++)
        if (verdicts_find(verdicts, id * 7, &verdict)) {
            kept++;
            wrong += verdict != (unsigned)id % 4;
        }
    CHECK(!wrong, "%zu", wrong);
    CHECK(kept > VERDICTS_SLOTS / 2 && kept <= VERDICTS_SLOTS, "%zu kept of three times as many as there is room for", kept);
    verdicts_add(verdicts, 5, 1);
    verdicts_add(verdicts, 5, 2);
    CHECK(verdicts_find(verdicts, 5, &verdict) && verdict == 2, "the newest holds");
    verdicts_free(verdicts);
    verdicts_free(NULL);
    return test_end();
}
