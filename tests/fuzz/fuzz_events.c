/* ingest_events: alerts, or an error that says where. */
#include "tests/fuzz/ingested.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct ingested in = {0};
    struct err err = {0};
    if (ingest_events(data, size, 1795240000000, arena, &in, &err)) {
        check_ingested(&in);
        FUZZ_CHECK(in.count > 0 || !in.quarantine);
    } else {
        FUZZ_CHECK(err.text[0]);
    }
    arena_free(arena);
    return 0;
}
