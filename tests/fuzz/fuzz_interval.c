/* One range of some field, and a moment: parsed or refused with words; asked, it answers. */
#include "notifier/core/interval.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct interval interval = {0};
    struct interval_set set = {"x", &interval, 1};
    struct err err = {0};

    if (size > 1) {
        char *text = arena_bytes(arena, data + 1, size - 1), *dash = strchr(text, '-');
        enum interval_field field = (enum interval_field)(data[0] % INTERVAL_FIELDS);
        bool ok;
        if (field == INTERVAL_TIMES) {
            if (dash)
                *dash++ = '\0';
            ok = interval_add_times(arena, &interval, text, dash ? dash : text, &err);
        } else
            ok = interval_add(arena, &interval, field, text, &err);
        FUZZ_CHECK(ok || err.text[0]);
        for (int64_t day = 0; day < 40; day++)
            (void)interval_set_holds(&set, 1772236800000 + day * 86400000 + day * 3700000);
    }
    arena_free(arena);
    return 0;
}
