/* ingest_active: firing alerts with a fingerprint each, or an error that says where. */
#include "tests/fuzz/ingested.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct active_options options = {.receiver = "notifier", .org = 1};
    struct active_list list;
    struct err err = {0};

    if (ingest_active(data, size, &options, arena, &list, &err)) {
        for (size_t i = 0; i < list.count; i++) {
            struct ingested one = {.alerts = &list.alerts[i].alert, .count = 1};
            check_ingested(&one);
            FUZZ_CHECK(one.alerts->status == ALERT_FIRING);
        }
    } else
        FUZZ_CHECK(err.text[0]);
    arena_free(arena);
    return 0;
}
